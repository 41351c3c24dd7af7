#include "engine/state.h"

#include <assert.h>

#include "base/str.h"
#include "engine/service.h"

enum { DESIRED }; /* what its requests are for */

#define EVENTS_RESERVED 1000
#define NEWEST_START_WEIGHT 0.3 /* of the average */

void state_take_over(struct service *s, const struct service_state *saved, const char *address,
                     struct now now)
{
    s->saved = *saved;
    (void)str_copy(s->saved.id, sizeof s->saved.id, s->settings->id);
    (void)str_copy(s->saved.address, sizeof s->saved.address, address);
    /* The store skips as many at each start. When its disk took none: a daemon that was killed
     * began at a time before this one, and no service has an event a millisecond. */
    uint64_t apart = (uint64_t)now.wall.ms + STORE_EVENTS_SKIPPED;
    s->event_seq = saved->event_seq > apart ? saved->event_seq : apart;
    s->saved.event_seq = s->event_seq;
}

void state_store(struct service *s, uint64_t id, enum store_class class)
{
    const struct recovery *r = &s->recovery;
    s->saved.attempts = r->attempts;
    s->saved.exhausted = r->phase == PHASE_EXHAUSTED;
    s->saved.breaker_open = r->breaker.open;
    s->saved.breaker_opened_at = r->breaker.opened_at;
    static_assert((int)STORE_RECOVERY_TIMES_MAX == (int)BREAKER_TIMES_MAX,
                  "the breaker's times are stored whole");
    for (int i = 0; i < BREAKER_TIMES_MAX; i++)
        s->saved.recoveries_at[i] = r->breaker.times[i];
    s->saved.ever_answered = s->observations.ever_answered;
    s->saved.recovery = s->recovery_policy;
    s->saved.failure_threshold = s->watch_policy.failure_threshold;
    s->engine->ports.save(s->engine->ports.context, s->index, id, class, &s->saved);
}

uint64_t state_next_event(struct service *s)
{
    uint64_t seq = ++s->event_seq;
    /* The number that a start continues from is on the disk before the numbers are used up. */
    if (seq + EVENTS_RESERVED / 2 > s->saved.event_seq) {
        s->saved.event_seq = seq + EVENTS_RESERVED;
        state_store(s, 0, STORE_NORMAL);
    }
    return seq;
}

/* ── desired state ── */

void state_desire_stop(struct service *s, const char *by, const char *reason, wall_ms at)
{
    struct service_state *state = &s->saved;
    state->stopped_on_purpose = true;
    state->stop_seen = STOP_UNSEEN;
    state->stopped_at = at;
    (void)str_copy(state->stopped_by, sizeof state->stopped_by, by);
    (void)str_copy(state->stopped_reason, sizeof state->stopped_reason, reason);
}

void state_desire_run(struct service *s)
{
    struct service_state *state = &s->saved;
    state->stopped_on_purpose = false;
    state->stop_seen = STOP_UNSEEN;
    state->stopped_at = WALL_NONE;
    state->stopped_by[0] = '\0';
    state->stopped_reason[0] = '\0';
}

void state_keep_desired(const struct service *s, struct desired *ret)
{
    const struct service_state *state = &s->saved;
    ret->stopped_on_purpose = state->stopped_on_purpose;
    ret->stop_seen = state->stop_seen;
    ret->stopped_at = state->stopped_at;
    (void)str_copy(ret->stopped_by, sizeof ret->stopped_by, state->stopped_by);
    (void)str_copy(ret->stopped_reason, sizeof ret->stopped_reason, state->stopped_reason);
}

void state_restore_desired(struct service *s, const struct desired *before)
{
    struct service_state *state = &s->saved;
    state->stopped_on_purpose = before->stopped_on_purpose;
    state->stop_seen = before->stop_seen;
    state->stopped_at = before->stopped_at;
    (void)str_copy(state->stopped_by, sizeof state->stopped_by, before->stopped_by);
    (void)str_copy(state->stopped_reason, sizeof state->stopped_reason, before->stopped_reason);
}

void state_store_desired(struct service *s, struct now now)
{
    s->desired_unsaved = true;
    state_store(s, request_begin(s, PART_STATE, DESIRED, now.mono), STORE_FULL);
}

void state_desired_is_saved(struct service *s)
{
    s->desired_unsaved = false;
}

/* The newest of several decides. */
bool state_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                    struct now now)
{
    (void)p, (void)now;
    if (a->stored == STORE_DURABLE && !request_pending(s, PART_STATE, DESIRED))
        state_desired_is_saved(s);
    return false;
}

void state_note_stop_seen(struct service *s, enum stop_seen seen)
{
    s->saved.stop_seen = seen;
    state_store(s, 0, STORE_NORMAL);
}

/* ── other facts ── */

void state_pause(struct service *s, wall_ms until, const char *by, const char *reason)
{
    s->saved.paused_until = until;
    (void)str_copy(s->saved.paused_by, sizeof s->saved.paused_by, by);
    (void)str_copy(s->saved.pause_reason, sizeof s->saved.pause_reason, reason);
}

void state_end_pause(struct service *s)
{
    s->saved.paused_until = WALL_NONE;
}

void state_mark_recovery_set(struct service *s)
{
    s->saved.recovery_set = true;
}

void state_note_start(struct service *s, double seconds)
{
    double before = s->saved.start_seconds;
    s->saved.start_seconds =
        before <= 0 ? seconds : before * (1 - NEWEST_START_WEIGHT) + seconds * NEWEST_START_WEIGHT;
}

void state_note_empty_primary(struct service *s, bool empty)
{
    s->saved.empty_primary = empty;
    state_store(s, 0, STORE_NORMAL);
}

void state_note_start_cancelled(struct service *s, bool cancelled)
{
    s->observations.start_cancelled = cancelled;
    if (cancelled == s->saved.start_cancelled)
        return;
    s->saved.start_cancelled = cancelled;
    state_store(s, 0, STORE_NORMAL);
}

void state_note_role_process(struct service *s)
{
    const struct info_facts *i = &s->observations.info;
    s->saved.role_keys = i->keys;
    (void)str_copy(s->saved.role_run_id, sizeof s->saved.role_run_id, i->run_id);
}

void state_accept_role(struct service *s, const char *role, const char *source)
{
    (void)str_copy(s->saved.role, sizeof s->saved.role, role);
    (void)str_copy(s->saved.role_source, sizeof s->saved.role_source, source);
    state_note_role_process(s);
    state_store(s, 0, STORE_NORMAL);
}
