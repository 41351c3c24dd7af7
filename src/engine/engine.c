#include "engine/engine.h"

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/current.h"
#include "engine/event.h"
#include "engine/evidence.h"
#include "engine/judge.h"
#include "engine/observe.h"
#include "engine/operation_result.h"
#include "engine/queries.h"
#include "engine/record.h"
#include "engine/restart_loss.h"
#include "engine/restore.h"
#include "engine/service.h"
#include "engine/state.h"
#include "engine/stops.h"

#define SELF_INTERVAL_MS 500

static void init_service(struct engine *e, int index, const struct service_settings *settings,
                         const struct service_state *saved, struct now now)
{
    struct service *s = &e->services[index];
    s->engine = e;
    s->index = index;
    s->settings = settings;
    s->watch_policy = settings->watch;
    s->recovery_policy = settings->recovery;
    s->wake_due = MONO_NEVER;
    health_reset(&s->health);
    recover_init(s);
    operation_init(s);
    saving_init(s);
    s->other_restart.restarts = FACT_UNKNOWN;
    watch_init(s, now);
    guard_init(s);
    sample_init(s, now);
    restore_service(s, saved, now);
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
    for (int i = 0; i < e->count; i++) {
        init_service(e, i, &settings->services[i], &saved[i], now);
        if (after_init(&e->services[i]) < 0)
            r = error_set(err, -ENOMEM, "engine: out of memory");
    }
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
    for (int i = 0; i < e->count; i++) {
        after_free(&e->services[i]);
        recover_free(&e->services[i]);
        mem_free(e->services[i].misconfigured);
    }
    mem_free(e->services);
    mem_free(e);
}

void engine_start(struct engine *e, struct now now)
{
    (void)tilt_turn(&e->tilt, now, MONO_NEVER);
    lateness_start(&e->lateness, now);
    e->self_due = mono_add(now.mono, SELF_INTERVAL_MS);
    e->ports.wake_at(e->ports.context, ENGINE_SELF, e->self_due);
    for (int i = 0; i < e->count; i++) {
        publish_start(&e->services[i], now);
        service_schedule(&e->services[i]);
    }
}

/* ── time ── */

const char *engine_doubt(const struct engine *e, struct now now)
{
    return tilt_active(&e->tilt, now.mono) ? tilt_text(e->tilt.reason) : NULL;
}

static void end_pause(struct service *s, struct now now)
{
    state_end_pause(s);
    state_store(s, 0, STORE_FULL);
    record_setting(s, "pause-ended", NULL, "The pause ended by itself.", now);
    event_notice(s, "The pause of automatic recovery has ended.", now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
}

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
            s->watch.proven = mono_add(now.mono, -2 * s->watch_policy.interval_ms);
        judge(s, now);
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
    if (s->saved.paused_until.ms != 0 && wall_since(s->saved.paused_until, now.wall) <= 0)
        end_pause(s, now);
    if (s->misconfigured == NULL)
        watch_turn(s, now);
    sample_turn(s, now);
    if (mono_reached(now.mono, s->recovering.wake))
        recover_event(s, EVENT_WAKE, 0, ACTION_DONE, now);
    if (operation_running(s)) {
        operation_turn(s, now);
        if (!operation_running(s))
            judge(s, now); /* what the operation held back counts from here on */
    }
    after_turn(s, now);
    saving_turn(s, now);
    orders_turn(s, now);
    guard_turn(s, now);
    publish_turn(s, now);
    service_schedule(s);
}

/* ── what the world tells ── */

void engine_own_errors(struct engine *e, int service, int count)
{
    health_own_errors(&e->services[service].health, count);
}

/* The operation that asked may be over, and another one have begun. */
static bool of_operation(const struct service *s, const struct pending *p)
{
    return p->action_id == s->operation.serial;
}

void engine_redis_ended(struct engine *e, int service, const struct redis_answer *a, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, a->id);
    engine_own_errors(e, service, a->own_errors);
    switch (p.purpose) {
    case FOR_INFO:
    case FOR_SAMPLE:
        sample_figures(s, a, now);
        observe_redis(s, &p, a, now);
        break;
    case FOR_PULSE:
    case FOR_PROBE:
    case FOR_CONFIG:
    case FOR_ROLE_CLIENTS:
        observe_redis(s, &p, a, now);
        break;
    case FOR_SLOWLOG:
        long_command_answered(s, a, now);
        break;
    case FOR_ACTION:
    case FOR_ACTION_2:
    case FOR_ACTION_SAVED:
    case FOR_EVIDENCE:
        recover_redis(s, &p, a, now);
        break;
    case FOR_OP_SAVE:
    case FOR_OP_SAVED:
        if (of_operation(s, &p))
            operation_redis(s, &p, a, now);
        break;
    default:
        break;
    }
    refresh_answer(s, now);
    service_schedule(s);
}

void engine_redis_lost(struct engine *e, int service, const char *why, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    s->sight.kept.reply = REPLY_NONE;
    s->sight.shut_out = 0;
    current_forget_figures(s, now.mono);
    watch_doubt(s, why, now);
    sample_account(s, now);
    service_schedule(s);
}

void engine_process_ended(struct engine *e, int service, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (watch_at_work(s))
        return;
    /* The kernel closes a process's connections before it is gone: the look that the closing caused
     * may have come too early, and the next would be 10 ms later. */
    bool looking = s->sight.doubt_since.ms != MONO_NEVER.ms;
    watch_doubt(s, "the process ended", now);
    if (looking)
        s->watch.round_due = now.mono;
    service_schedule(s);
}

void engine_host_ended(struct engine *e, int service, const struct host_outcome *o, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, o->id);
    switch (p.purpose) {
    case FOR_UNIT:
    case FOR_PROCESS:
    case FOR_JOURNAL:
    case FOR_LOG_FILE:
    case FOR_RESTART_LOG:
    case FOR_SAVING_LOG:
        observe_host(s, &p, o, now);
        break;
    case FOR_ACTION:
    case FOR_ACTION_2:
        recover_host(s, &p, o, now);
        break;
    case FOR_OP_COMMAND:
        guard_refused(s, o, now);
        if (of_operation(s, &p))
            operation_host(s, o, now);
        break;
    case FOR_OP_LOG:
        if (of_operation(s, &p))
            operation_log(s, o, now);
        break;
    case FOR_STOP_LOG:
        restart_loss_log(s, o, now);
        break;
    case FOR_RIGHTS:
        guard_rights(s, o, now);
        break;
    default:
        break;
    }
    refresh_answer(s, now);
    service_schedule(s);
}

void engine_witness_ended(struct engine *e, int service, const struct witness_outcome *o,
                          struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, o->id);
    if (p.purpose == FOR_WITNESS)
        evidence_witness(s, &p, o, now);
    service_schedule(s);
}

void engine_save_ended(struct engine *e, int service, uint64_t id, enum store_outcome outcome,
                       struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (orders_saved(s, id, outcome, now)) {
        service_schedule(s);
        return;
    }
    struct pending p = request_end(s, id);
    if (p.purpose == FOR_OP_DESIRED && of_operation(s, &p))
        operation_saved(s, outcome, now);
    else if (p.purpose == FOR_WISH && outcome == STORE_DURABLE && !request_pending(s, FOR_WISH))
        state_desired_is_saved(s);
    service_schedule(s);
}

void engine_audit_ended(struct engine *e, int service, uint64_t id, enum audit_outcome outcome,
                        struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, id);
    if (p.purpose == FOR_INTENT)
        recover_event(s, EVENT_INTENT_ENDED, p.action_id, ACTION_DONE, now);
    else if (p.purpose == FOR_OP_INTENT && of_operation(s, &p))
        operation_audited(s, outcome, now);
    service_schedule(s);
}

void engine_probe_ended(struct engine *e, int service, const struct probe_outcome *o,
                        struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, o->id);
    if (p.purpose == FOR_DEPENDENT)
        after_probed(s, &p, o, now);
    service_schedule(s);
}

void engine_end(struct engine *e)
{
    for (int i = 0; i < e->count; i++) {
        struct service *s = &e->services[i];
        refresh_forsake(s);
        operation_forsake(s);
        orders_forsake(s);
    }
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

void service_schedule(struct service *s)
{
    mono_ms watch = s->misconfigured == NULL ? watch_next(s) : MONO_NEVER;
    mono_ms at = mono_min(watch, mono_min(s->recovering.wake, operation_next(s)));
    at = mono_min(at, mono_min(after_next(s), saving_next(s)));
    at = mono_min(at, mono_min(sample_next(s), orders_next(s)));
    at = mono_min(at, mono_min(guard_next(s), publish_next(s)));
    if (s->saved.paused_until.ms != 0)
        at = mono_min(at, mono_add(s->engine->tilt.last.mono,
                                   s->saved.paused_until.ms - s->engine->tilt.last.wall.ms));
    s->wake_due = at;
    s->engine->ports.wake_at(s->engine->ports.context, s->index, at);
}
