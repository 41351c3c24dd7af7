/* The state of a service that outlives the daemon. Everybody may read `s->saved`; each fact in it
 * is written by one function of this file. */
#ifndef RESUS_ENGINE_STATE_H
#define RESUS_ENGINE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "engine/part.h"
#include "store/service_state.h"

struct pending;
struct service;

/* What the service shall be: running, or stopped by a person through Resus. */
struct desired {
    bool stopped_on_purpose;
    enum stop_seen stop_seen;
    wall_ms stopped_at;
    char stopped_by[256], stopped_reason[512];
};

/* Takes over what the store has; `address` is where Redis is expected now. */
void state_take_over(struct service *s, const struct service_state *saved, const char *address,
                     struct now now);
/* Sends the state to the store, together with what recovery and the watch have to remember. `id` of
 * the request that waits for it, 0 = nothing does. */
void state_store(struct service *s, uint64_t id, enum store_class class);
/* The number of the next event. One that is ahead of it is on the disk before it is used. */
uint64_t state_next_event(struct service *s);

/* ── desired state; the caller saves ── */
void state_desire_stop(struct service *s, const char *by, const char *reason, wall_ms at);
void state_desire_run(struct service *s);
void state_keep_desired(const struct service *s, struct desired *ret);
void state_restore_desired(struct service *s, const struct desired *before);
/* ... when no caller waits for the disk: it is known whether the disk has it (desired_unsaved). */
void state_store_desired(struct service *s, struct now now);
void state_desired_is_saved(struct service *s);
bool state_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                    struct now now);
/* The unit was seen stopped, as desired. Saves. */
void state_note_stop_seen(struct service *s, enum stop_seen seen);

/* ── other facts ── */
void state_pause(struct service *s, wall_ms until, const char *by, const char *reason);
void state_end_pause(struct service *s);
void state_mark_recovery_set(struct service *s); /* a person has set recovery at run time */
void state_note_start(struct service *s, double seconds); /* how long a start took: an average */
/* A start would bring Redis back empty and wipe its replicas. Saves. */
void state_note_empty_primary(struct service *s, bool empty);
/* Another stop has ended a start of ours; false = it has run since. Saves what is new. */
void state_note_start_cancelled(struct service *s, bool cancelled);
/* The role that is accepted, and the process that has it. Saves. */
void state_accept_role(struct service *s, const char *role, const char *source);
/* ... that process, as it is now; on the disk with the next state that is saved. */
void state_note_role_process(struct service *s);

#endif
