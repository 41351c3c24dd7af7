/* Shared by the files of the book of maintenance windows, and by nobody else. */
#ifndef RESUS_ALERTS_MAINTENANCE_INSIDE_H
#define RESUS_ALERTS_MAINTENANCE_INSIDE_H

#include "alerts/maintenance.h"
#include "core/smoke.h"

struct occurrence {
    int64_t number;
    struct window_record record;
    wall_ms changed;        /* when its record was written last */
    json_t *before, *after; /* by service: how it was at the start, and after; NULL = not known */
    char *summary;          /* NULL = none yet */
};

/* A service that is verified. */
struct verification {
    struct verification *next;
    int64_t number; /* of the window */
    int service;
    uint64_t id; /* of the question under way; 0 = it waits for its turn */
    struct smoke smoke;
    bool smoking;
};

struct maintenance {
    struct maintenance_ports ports;
    struct occurrence **items; /* by number */
    size_t count, room;
    struct verification *verifications;
    uint64_t last_id;
    uv_timer_t *timer; /* frees itself */
    mono_ms plan_at;
    bool started, full_told;
};

/* maintenance.c */
struct now maintenance_now(const struct maintenance *m);
struct occurrence *maintenance_find(const struct maintenance *m, int64_t number);
void maintenance_effects(struct maintenance *m, struct occurrence *o,
                         const struct window_effects *effects, uint64_t id);
/* Sets the timer for what is due next. */
void maintenance_schedule(struct maintenance *m);
/* Gives `o` an event and carries out what follows. -EBUSY or -EINVAL when it is refused. */
int maintenance_step(struct maintenance *m, struct occurrence *o, const struct window_input *input,
                     uint64_t id, struct error *err) ATTR_MUST_USE;

/* maintenance_rows.c */
int maintenance_load(struct maintenance *m, struct error *err) ATTR_MUST_USE;
/* Adds an empty one. NULL: no memory, or too many (`err`). */
struct occurrence *maintenance_add(struct maintenance *m, struct error *err);
void maintenance_drop(struct maintenance *m, struct occurrence *o); /* the newest one, unsaved */
void occurrence_free(struct occurrence *o);
/* The record's body, a new reference. */
json_t *occurrence_body(const struct occurrence *o);
void maintenance_save(struct maintenance *m, struct occurrence *o, bool full, uint64_t id);
/* Forgets what is over and no longer needed. */
void maintenance_thin(struct maintenance *m);

/* maintenance_json.c: an iCalendar file of this one. -ENOBUFS, -ENOMEM. */
int maintenance_calendar_of(const struct maintenance *m, const struct occurrence *o,
                            struct buf *out) ATTR_MUST_USE;

/* maintenance_plan.c */
void maintenance_plan_all(struct maintenance *m);

/* maintenance_verify.c */
bool occurrence_covers(const struct occurrence *o, const char *service);
void maintenance_look_before(struct maintenance *m, struct occurrence *o);
void maintenance_verify(struct maintenance *m, struct occurrence *o);
void maintenance_verify_turn(struct maintenance *m); /* asks about those that wait */
void maintenance_verify_stop(struct maintenance *m, int64_t number); /* 0 = of all windows */

/* maintenance_ticks.c: what Resus knows by itself. */
enum maintenance_moment { MAINTENANCE_AT_NOTICE, MAINTENANCE_AT_START, MAINTENANCE_AT_END };
void maintenance_ticks(struct maintenance *m, struct occurrence *o, enum maintenance_moment moment);
/* Its own, or the usual one from now on; NULL without memory. */
struct checklist *occurrence_checklist(struct occurrence *o);

/* maintenance_tell.c */
void maintenance_tell(struct maintenance *m, const struct occurrence *o,
                      enum maintenance_news_kind kind, const struct window_effect *effect);
/* An audit line about what Resus does by itself. */
void maintenance_audit(struct maintenance *m, const struct occurrence *o, const char *operation,
                       bool success, const char *text);
/* What changed between `before` and `after`. */
void maintenance_summarise(struct occurrence *o);

#endif
