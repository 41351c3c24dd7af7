/* Incidents with their timelines and calls, in memory and as records. A case is one incident of a
 * service or a host; it is in memory until it is closed. Inside alerts/ only. */
#ifndef RESUS_ALERTS_CASES_H
#define RESUS_ALERTS_CASES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/plan.h"
#include "base/attr.h"
#include "base/error.h"
#include "core/escalation.h"
#include "core/incident.h"
#include "store/store.h"

#define CASES_MAX 2000             /* in memory */
#define CASE_ENTRIES_MAX 300       /* of a timeline; then the oldest but the first are left out */
#define CASE_RECORD_MAX 60000      /* bytes of a record */
#define CASE_CALLS_MAX 24          /* calls that a pager keeps open */
#define CASE_RECENT_MAX 2000       /* openings that are remembered */
#define CASE_RECENT_MS 604800000LL /* 7 days */
#define CASE_RECURS 3              /* so many within that time */

struct case_entry {
    struct case_entry *next;
    int64_t number;
    char subject[SERVICE_ID_SIZE]; /* of a service or a host */
    int service;                   /* index, -1 = a host */
    enum cause cause;              /* of its worst alert when it opened */
    struct incident incident;
    struct escalation escalation;
    json_t *timeline;   /* entries, oldest first */
    int64_t left_out;   /* so many older entries are no longer in it */
    int64_t entry_last; /* number of the last entry */
    json_t *texts;      /* title, impact, summary, root_cause, resolution, preventive_measures,
                           war_room, window (its number) */
    json_t *calls;      /* [{key, channels}]: what pagers were sent, and keep open */
    int64_t call_last;
    char acknowledged_by[INCIDENT_PERSON_SIZE];
    wall_ms responded; /* when the first person answered; 0 = no one has */
    mono_ms wake;
};

/* That an incident opened, for the count of those that recur. */
struct case_opening {
    char subject[SERVICE_ID_SIZE];
    enum cause cause;
    wall_ms at;
};

struct cases {
    struct case_entry *first; /* newest first */
    size_t count;
    struct case_opening recent[CASE_RECENT_MAX]; /* a ring */
    size_t recent_next;
};

void cases_close(struct cases *c);
void case_free(struct case_entry *e);
/* A new one, not yet numbered; NULL without memory or room. */
struct case_entry *case_add(struct cases *c, const char *subject, int service);
struct case_entry *case_of(const struct cases *c, const char *subject); /* the newest */
struct case_entry *case_by_number(const struct cases *c, int64_t number);
/* Takes it out of memory: it is closed, and in the store. */
void case_drop(struct cases *c, struct case_entry *e);
void case_note_opening(struct cases *c, const struct case_entry *e);
bool case_recurs(const struct cases *c, const struct case_entry *e, wall_ms now);

/* An entry of the timeline: {seq, at, kind, actor, text}. `actor` NULL = Resus. */
void case_note(struct case_entry *e, struct now now, const char *kind, const char *actor,
               const char *text);

/* case_record.c */
json_t *case_record(struct case_entry *e, const struct plan *plan, struct now now) ATTR_MUST_USE;
/* -EINVAL: it is not one. `ret` is filled but for `next`, `number` and `service`. */
int case_read(const json_t *body, const struct plan *plan, struct now now, struct case_entry *ret,
              struct error *err) ATTR_MUST_USE;

#endif
