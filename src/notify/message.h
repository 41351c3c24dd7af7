/* What is to be said, as facts: one struct for every channel, and its form as JSON, in which it
 * waits in the store. How it reads is the affair of notify/text.h and of each channel. */
#ifndef RESUS_NOTIFY_MESSAGE_H
#define RESUS_NOTIFY_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/service_id.h"
#include "base/time.h"

enum message_kind {
    MESSAGE_TRIGGER,   /* an alert begins */
    MESSAGE_UPDATE,    /* it has changed, or a person has news of it */
    MESSAGE_REMINDER,  /* it goes on, and something is due */
    MESSAGE_RESOLVE,   /* it is over */
    MESSAGE_ANNOUNCE,  /* maintenance, or a person's notice */
    MESSAGE_TEST,      /* does the channel work? */
    MESSAGE_EMERGENCY, /* a person calls everybody */
    MESSAGE_DIGEST,    /* several alerts in one */
    MESSAGE_KIND_COUNT
};
const char *message_kind_word(enum message_kind kind); /* "trigger" */

#define MESSAGE_KEY_MAX 256 /* PagerDuty takes 255 bytes */
#define MESSAGE_LINE_MAX 512
#define MESSAGE_TEXT_MAX 2048
#define MESSAGE_LINK_MAX 1024
#define MESSAGE_CALENDAR_MAX 4096
#define MESSAGE_EVIDENCE_MAX 8
#define MESSAGE_LOG_LINES_MAX 20
#define MESSAGE_UNKNOWN INT64_C(-1)

struct message_lines {
    char lines[MESSAGE_LOG_LINES_MAX][MESSAGE_LINE_MAX];
    size_t count;
};

/* Every text may be "": then it is not said. */
struct message {
    enum message_kind kind;
    int severity;              /* 1 (P1) to 4 (P4); 0 = none */
    char key[MESSAGE_KEY_MAX]; /* of the alert, the same in all its messages:
                                  resus/INSTANCE/SERVICE/CLASS/EPISODE */
    char instance[64];
    char service[SERVICE_ID_SIZE];
    char service_name[128];
    char host[256];                       /* for people */
    char cause[64];                       /* its code, as in docs/causes.md */
    char title[256];                      /* a few words; "" = the summary stands for it */
    char summary[MESSAGE_LINE_MAX];       /* the cause in one sentence */
    char action[MESSAGE_TEXT_MAX];        /* what Resus did, or why it did nothing */
    char stake[MESSAGE_LINE_MAX];         /* what may be lost besides the two numbers */
    int64_t unsaved_changes, connections; /* MESSAGE_UNKNOWN = not known */
    char command[MESSAGE_LINE_MAX];       /* one to run */
    char link[MESSAGE_LINK_MAX];          /* to the incident, or the alert, in the console */
    char acknowledge[MESSAGE_LINK_MAX]; /* whoever opens it can stop the calls; "" = nobody calls */
    char cause_link[MESSAGE_LINK_MAX];  /* to the cause's page */
    char war_room[MESSAGE_LINK_MAX];    /* to the call or channel in which people meet */
    char text[MESSAGE_TEXT_MAX];        /* a person's words, several lines */
    char author[128];                   /* of the text */
    char calendar[MESSAGE_CALENDAR_MAX]; /* an iCalendar file about it: mails have it attached */
    wall_ms began, ended;                /* WALL_NONE = not known, not yet */
    struct message_lines evidence;       /* at most MESSAGE_EVIDENCE_MAX */
    struct message_lines log;            /* of Redis, for admins alone */
    bool repeat;                         /* an attempt before may have arrived */
};

/* All "", numbers unknown. */
void message_init(struct message *m, enum message_kind kind);

/* NULL on lack of memory. Members that say nothing are left out. */
json_t *message_write(const struct message *m) ATTR_MUST_USE;
/* Texts that are too long are cut and lists end at their limits: a message is never lost for its
 * length. -EINVAL names a member that is wrong. Members of a later version are passed over. */
int message_read(const json_t *object, struct message *ret, struct error *err) ATTR_MUST_USE;

/* The built-in message for one that cannot be rendered: the same alert in clean single lines,
 * without lists and without a person's words. */
void message_reduce(const struct message *m, struct message *ret);

#endif
