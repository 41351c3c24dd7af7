/* Shared by the files of incidents alone. */
#ifndef RESUS_ALERTS_INCIDENT_INSIDE_H
#define RESUS_ALERTS_INCIDENT_INSIDE_H

#include "alerts/inside.h"

/* One step of an incident: by whom, and with which words. */
struct moment {
    struct alerts *a;
    struct case_entry *c;
    struct now now;
    const char *person; /* NULL = nobody */
    const char *text;   /* of an update */
    int level;          /* of ESCALATION_ASK */
    bool changed;
};

/* calls.c: messages about an incident, and who is called. */
const struct book_entry *moment_worst_alert(const struct moment *m);
bool moment_held(const struct moment *m);
const char *moment_title(const struct moment *m);
/* By the routes of its service, without channels that a message without an alert would puzzle. */
channel_set moment_readers(const struct moment *m);
void moment_say(const struct moment *m, enum lane_kind lane, enum message_kind kind,
                channel_set channels, const char *text);
/* What calls have opened on pagers is over: somebody is at it, or it is. */
void moment_end_calls(const struct moment *m, const char *why);
void moment_escalate(struct moment *m, enum escalation_event event);

#endif
