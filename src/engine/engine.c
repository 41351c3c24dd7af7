#include "engine/engine.h"
#include "engine/alert_facts.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/evidence.h"
#include "engine/exit_log.h"
#include "engine/judge.h"
#include "engine/observe.h"
#include "engine/operation_result.h"
#include "engine/part.h"
#include "engine/pause.h"
#include "engine/queries.h"
#include "engine/restore.h"
#include "engine/saving_log.h"
#include "engine/service.h"
#include "engine/state.h"

#define SELF_INTERVAL_MS 500

/* In the order in which they are called. What a later one does may rest on what an earlier one has
 * done: recovery acts before an operation is looked at, and both before the time is booked. */
static const struct part parts[] = {
    [PART_NONE] = {.name = "none"},
    [PART_STATE] = {.name = "state", .answered = state_answered},
    [PART_PAUSE] = {.name = "pause", .turn = pause_turn, .next = pause_next},
    [PART_WATCH] = {.name = "watch",
                    .init = watch_init,
                    .turn = watch_turn,
                    .next = watch_next,
                    .answered = observe_answered,
                    .after_answer = observe_after_answer},
    [PART_EVIDENCE] = {.name = "evidence",
                       .answered = evidence_answered,
                       .after_answer = observe_after_answer},
    [PART_ROLE_WATCH] = {.name = "role watch",
                         .answered = role_watch_answered,
                         .after_answer = observe_after_answer},
    [PART_PAUSED_WRITES] = {.name = "paused writes",
                            .answered = paused_writes_answered,
                            .after_answer = observe_after_answer},
    [PART_EXIT_LOG] = {.name = "exit log",
                       .answered = exit_log_answered,
                       .after_answer = observe_after_answer},
    [PART_LONG_COMMAND] = {.name = "long command",
                           .answered = long_command_answered,
                           .judged = long_command_judged},
    [PART_REFRESH] = {.name = "refresh", .forsake = refresh_forsake},
    [PART_RECOVER] = {.name = "recover",
                      .init = recover_init,
                      .turn = recover_turn,
                      .next = recover_next,
                      .answered = recover_answered,
                      .judged = recover_judged,
                      .free = recover_free},
    [PART_OPERATE] = {.name = "operate",
                      .init = operation_init,
                      .turn = operation_turn,
                      .next = operation_next,
                      .answered = operation_answered,
                      .judged = operation_judged,
                      .forsake = operation_forsake},
    [PART_SAMPLE] = {.name = "sample",
                     .init = sample_init,
                     .turn = sample_turn,
                     .next = sample_next,
                     .judged = sample_account},
    [PART_REPORTED] = {.name = "reported",
                       .init = reported_init,
                       .turn = reported_turn,
                       .next = reported_next,
                       .answered = reported_answered,
                       .judged = reported_judged},
    [PART_OTHER_RESTART] = {.name = "other restart",
                            .init = other_restart_init,
                            .turn = other_restart_turn,
                            .next = other_restart_next,
                            .answered = other_restart_answered,
                            .after_answer = observe_after_answer,
                            .judged = other_restart_judged},
    [PART_SAVING_LOG] = {.name = "saving log",
                         .answered = saving_log_answered,
                         .after_answer = observe_after_answer,
                         .judged = saving_log_judged},
    [PART_FOLLOW_UP] = {.name = "follow-up",
                        .init = follow_up_init,
                        .turn = follow_up_turn,
                        .next = follow_up_next,
                        .answered = follow_up_answered,
                        .free = follow_up_free},
    [PART_SAVING] = {.name = "saving",
                     .init = saving_init,
                     .turn = saving_turn,
                     .next = saving_next},
    [PART_ORDERS] = {.name = "orders",
                     .turn = orders_turn,
                     .next = orders_next,
                     .answered = orders_answered,
                     .forsake = orders_forsake},
    [PART_GUARD] = {.name = "guard",
                    .init = guard_init,
                    .turn = guard_turn,
                    .next = guard_next,
                    .answered = guard_answered,
                    .after_answer = guard_after_answer},
    [PART_PUBLISH] = {.name = "publish",
                      .start = publish_start,
                      .turn = publish_turn,
                      .next = publish_next,
                      .judged = publish_judged},
    [PART_ALERTS] = {.name = "alerts", .judged = alert_facts_judged},
};
static_assert(ARRAY_LENGTH(parts) == PART_COUNT, "a row for every part");

const char *part_name(enum part_id part)
{
    return parts[part].name;
}

/* ── begin and end ── */

static int init_service(struct engine *e, int index, const struct service_settings *settings,
                        const struct service_state *saved, struct now now)
{
    struct service *s = &e->services[index];
    int r = 0;
    s->engine = e;
    s->index = index;
    s->settings = settings;
    s->watch_policy = settings->watch;
    s->recovery_policy = settings->recovery;
    s->wake_due = MONO_NEVER;
    health_reset(&s->health);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (parts[i].init != NULL && parts[i].init(s, now) < 0)
            r = -ENOMEM;
    restore_service(s, saved, now);
    return r;
}

static void free_service(struct service *s)
{
    for (size_t k = 0; k < PART_COUNT; k++)
        if (parts[k].free != NULL)
            parts[k].free(s);
    mem_free(s->misconfigured);
}

int engine_new(const struct settings *settings, const struct engine_ports *ports,
               const struct service_state *saved, struct now now, struct engine **ret,
               struct error *err)
{
    struct engine *e = mem_calloc(1, sizeof *e);
    if (e == NULL)
        return error_set(err, -ENOMEM, "engine: out of memory");
    e->settings = settings;
    e->ports = *ports;
    e->count = (int)settings->service_count;
    e->self_due = MONO_NEVER;
    e->services = mem_calloc(settings->service_count, sizeof e->services[0]);
    if (e->services == NULL) {
        mem_free(e);
        return error_set(err, -ENOMEM, "engine: out of memory for %d services",
                         (int)settings->service_count);
    }
    int r = 0;
    for (int i = 0; i < e->count; i++)
        if (init_service(e, i, &settings->services[i], &saved[i], now) < 0)
            r = error_set(err, -ENOMEM, "engine: out of memory");
    if (r < 0) {
        engine_free(e);
        return r;
    }
    *ret = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    for (int i = 0; i < e->count; i++)
        free_service(&e->services[i]);
    mem_free(e->services);
    mem_free(e);
}

void service_start(struct service *s, struct now now)
{
    for (size_t k = 0; k < PART_COUNT; k++)
        if (parts[k].start != NULL)
            parts[k].start(s, now);
    service_schedule(s);
}

int service_begin_again(struct service *s, const struct service_state *saved, struct now now)
{
    struct engine *e = s->engine;
    const struct service_settings *settings = s->settings;
    const struct service_state kept = *saved; /* it may be its own */
    int index = s->index;
    uint64_t last_id = s->requests.last_id; /* an answer to one of before must not fit a new one */
    for (size_t k = 0; k < PART_COUNT; k++)
        if (parts[k].forsake != NULL)
            parts[k].forsake(s);
    free_service(s);
    *s = (struct service){.requests.last_id = last_id};
    return init_service(e, index, settings, &kept, now);
}

void engine_start(struct engine *e, struct now now)
{
    (void)tilt_turn(&e->tilt, now, MONO_NEVER);
    lateness_start(&e->lateness, now);
    e->self_due = mono_add(now.mono, SELF_INTERVAL_MS);
    e->ports.wake_at(e->ports.context, ENGINE_SELF, e->self_due);
    for (int i = 0; i < e->count; i++)
        service_start(&e->services[i], now);
}

void engine_end(struct engine *e)
{
    for (int i = 0; i < e->count; i++)
        for (size_t k = 0; k < PART_COUNT; k++)
            if (parts[k].forsake != NULL)
                parts[k].forsake(&e->services[i]);
}

/* ── one service ── */

void service_judge(struct service *s, struct now now)
{
    judge(s, now);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (parts[i].judged != NULL)
            parts[i].judged(s, now);
}

void service_schedule(struct service *s)
{
    mono_ms at = MONO_NEVER;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (parts[i].next != NULL)
            at = mono_min(at, parts[i].next(s));
    s->wake_due = at;
    s->engine->ports.wake_at(s->engine->ports.context, s->index, at);
}

/* ── time ── */

static void plan_self(struct engine *e, struct now now)
{
    e->self_due = mono_add(now.mono, SELF_INTERVAL_MS);
    e->ports.wake_at(e->ports.context, ENGINE_SELF, e->self_due);
}

/* Everything that enters looks at the clocks first: after a stall or a suspend it is chance which
 * of the timers and answers that waited comes first, and none may act on what was seen before. */
void engine_look_at_clocks(struct engine *e, struct now now)
{
    enum tilt_reason reason = tilt_turn(&e->tilt, now, e->self_due);
    if (reason == TILT_NONE)
        return;
    plan_self(e, now);
    for (int i = 0; i < e->count; i++) {
        struct service *s = &e->services[i];
        service_log(s, true, "self-doubt for 30 s: %s", tilt_text(reason));
        if (reason == TILT_SUSPENDED) /* monotonic time stood still meanwhile */
            s->watch.proven = mono_add(now.boot, -2 * s->watch_policy.interval_ms);
        service_judge(s, now);
    }
}

static void self_turn(struct engine *e, struct now now)
{
    lateness_turn(&e->lateness, now);
    engine_look_at_clocks(e, now);
    plan_self(e, now);
}

void engine_wake(struct engine *e, int service, struct now now)
{
    if (service == ENGINE_SELF) {
        self_turn(e, now);
        return;
    }
    struct service *s = &e->services[service];
    if (s->wake_due.ms != MONO_NEVER.ms)
        lateness_note(&e->lateness, mono_since(now.mono, s->wake_due));
    engine_look_at_clocks(e, now);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (parts[i].turn != NULL && parts[i].turn(s, now))
            service_judge(s, now);
    service_schedule(s);
}

/* ── what the world tells ── */

/* Gives an answer to the part that asked; late ones, and those to requests given up, to none. */
static void answered(struct engine *e, int service, uint64_t id, const struct part_answer *a,
                     struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, id);
    const struct part *part = &parts[p.part];
    if (a->redis != NULL)
        health_own_errors(&s->health, a->redis->own_errors);
    if (part->answered != NULL && part->answered(s, &p, a, now)) {
        service_judge(s, now);
        if (part->after_answer != NULL)
            part->after_answer(s, &p, now);
    }
    if (a->redis != NULL || a->host != NULL)
        refresh_answer(s, now);
    service_schedule(s);
}

void engine_redis_ended(struct engine *e, int service, const struct redis_answer *a, struct now now)
{
    answered(e, service, a->id, &(struct part_answer){.redis = a}, now);
}

void engine_host_ended(struct engine *e, int service, const struct host_outcome *o, struct now now)
{
    answered(e, service, o->id, &(struct part_answer){.host = o}, now);
}

void engine_witness_ended(struct engine *e, int service, const struct witness_outcome *o,
                          struct now now)
{
    answered(e, service, o->id, &(struct part_answer){.witness = o}, now);
}

void engine_probe_ended(struct engine *e, int service, const struct probe_outcome *o,
                        struct now now)
{
    answered(e, service, o->id, &(struct part_answer){.probe = o}, now);
}

void engine_save_ended(struct engine *e, int service, uint64_t id, enum store_outcome outcome,
                       struct now now)
{
    answered(e, service, id, &(struct part_answer){.stored = outcome}, now);
}

void engine_audit_ended(struct engine *e, int service, uint64_t id, enum audit_outcome outcome,
                        struct now now)
{
    answered(e, service, id, &(struct part_answer){.audited = outcome}, now);
}

void engine_own_errors(struct engine *e, int service, int count)
{
    health_own_errors(&e->services[service].health, count);
}

void engine_redis_lost(struct engine *e, int service, const char *why, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    observe_redis_lost(s, why, now);
    service_schedule(s);
}

void engine_process_ended(struct engine *e, int service, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (watch_at_work(s)) /* the end of our own command asks for a look */
        return;
    observe_process_ended(s, now);
    service_schedule(s);
}

/* ── what it reports about itself ── */

const char *engine_doubt(const struct engine *e, struct now now)
{
    return tilt_active(&e->tilt, now.mono) ? tilt_text(e->tilt.reason) : NULL;
}

int engine_service_count(const struct engine *e)
{
    return e->count;
}

int engine_service_index(const struct engine *e, const char *id)
{
    for (int i = 0; i < e->count; i++)
        if (str_equal(e->services[i].settings->id, id))
            return i;
    return -1;
}

const struct service_settings *engine_settings(const struct engine *e, int service)
{
    return e->services[service].settings;
}

bool engine_cannot_tell(const struct engine *e, int service)
{
    const struct service *s = &e->services[service];
    return !s->judged || s->cause == CAUSE_HOST_UNREACHABLE || s->cause == CAUSE_SELF_DOUBT;
}
