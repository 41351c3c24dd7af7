#include "engine/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/orders.h"
#include "engine/service.h"
#include "engine/stops.h"

#define SELF_INTERVAL_MS 500
#define LATENESS_PERIOD_MS 60000
#define PUBLISH_INTERVAL_MS 30000 /* and on every change */

static void init_service(struct engine *e, int index, const struct service_settings *settings,
                         const struct service_state *saved, struct now now)
{
    struct service *s = &e->services[index];
    s->engine = e;
    s->index = index;
    s->settings = settings;
    s->watch_policy = settings->watch;
    s->recovery_policy = settings->recovery;
    s->recovery_wake = MONO_NEVER;
    s->wake_due = MONO_NEVER;
    s->operation.deadline = MONO_NEVER;
    s->saving.due = MONO_NEVER;
    health_reset(&s->health);
    recovery_init(&s->recovery);
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
        json_decref(e->services[i].evidence);
        mem_free(e->services[i].misconfigured);
    }
    mem_free(e->services);
    mem_free(e);
}

void engine_start(struct engine *e, struct now now)
{
    (void)tilt_turn(&e->tilt, now, MONO_NEVER);
    e->late_until = mono_add(now.mono, LATENESS_PERIOD_MS);
    e->self_due = mono_add(now.mono, SELF_INTERVAL_MS);
    e->ports.wake_at(e->ports.context, ENGINE_SELF, e->self_due);
    for (int i = 0; i < e->count; i++) {
        /* Spread over the interval: a thousand snapshots at once held the loop for 0.1 s. */
        e->services[i].publish_due =
            mono_add(now.mono, PUBLISH_INTERVAL_MS * (int64_t)(i + 1) / e->count);
        service_schedule(&e->services[i]);
    }
}

/* ── time ── */

static void note_lateness(struct engine *e, int64_t late_ms)
{
    struct lateness *l = &e->late[0];
    int64_t late = late_ms < 0 ? 0 : late_ms;
    l->counts[late > LATENESS_MS_MAX ? LATENESS_MS_MAX : late]++;
    l->count++;
    if (late > l->worst_ms)
        l->worst_ms = late;
    e->all_late.count++;
    e->all_late.sum_ms += (uint64_t)late;
    for (int i = 0; i < ENGINE_LATE_BUCKETS; i++)
        e->all_late.below[i] += late <= engine_late_bounds_ms[i];
}

static void turn_lateness(struct engine *e, struct now now)
{
    if (!mono_reached(now.mono, e->late_until))
        return;
    e->late_until = mono_add(now.mono, LATENESS_PERIOD_MS);
    e->late[1] = e->late[0];
    e->late[0] = (struct lateness){0};
}

/* The least lateness that `percent` of the wake-ups did not exceed. */
static int64_t late_percentile(const struct engine *e, int64_t wakeups, int percent)
{
    int64_t wanted = (wakeups * percent + 99) / 100;
    int64_t seen = 0;
    for (int ms = 0; ms <= LATENESS_MS_MAX; ms++) {
        seen += (int64_t)e->late[0].counts[ms] + e->late[1].counts[ms];
        if (seen >= wanted)
            return ms;
    }
    return LATENESS_MS_MAX;
}

const char *engine_doubt(const struct engine *e, struct now now)
{
    return tilt_active(&e->tilt, now.mono) ? tilt_text(e->tilt.reason) : NULL;
}

int64_t engine_late_ms(const struct engine *e, int percent)
{
    return late_percentile(e, (int64_t)e->late[0].count + e->late[1].count, percent);
}

void engine_timing(const struct engine *e, struct engine_timing *ret)
{
    int64_t wakeups = (int64_t)e->late[0].count + e->late[1].count;
    *ret = (struct engine_timing){
        .wakeups = wakeups,
        .p50_ms = late_percentile(e, wakeups, 50),
        .p99_ms = late_percentile(e, wakeups, 99),
        .worst_ms =
            e->late[0].worst_ms > e->late[1].worst_ms ? e->late[0].worst_ms : e->late[1].worst_ms,
    };
}

static void end_pause(struct service *s, struct now now)
{
    s->saved.paused_until = WALL_NONE;
    record_state(s, 0, STORE_FULL);
    record_setting(s, "pause-ended", NULL, "The pause ended by itself.", now);
    record_notice(s, "The pause of automatic recovery has ended.", now);
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
    turn_lateness(e, now);
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
        note_lateness(e, mono_since(now.mono, s->wake_due));
    engine_look_at_clocks(e, now);
    if (s->saved.paused_until.ms != 0 && wall_since(s->saved.paused_until, now.wall) <= 0)
        end_pause(s, now);
    if (s->misconfigured == NULL)
        watch_turn(s, now);
    sample_turn(s, now);
    if (mono_reached(now.mono, s->recovery_wake))
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
    if (mono_reached(now.mono, s->publish_due)) {
        s->publish_due = mono_add(now.mono, PUBLISH_INTERVAL_MS);
        if (s->judged) {
            record_status(s, now);
            record_health(s, now);
        }
    }
    service_schedule(s);
}

/* ── what the world tells ── */

static void answer_waiters(struct service *s, struct now now)
{
    if (s->waiter_count == 0)
        return;
    bool done = !request_pending(s, FOR_PROBE) && !request_pending(s, FOR_UNIT) &&
                !request_pending(s, FOR_INFO);
    if (!done && !mono_reached(now.mono, s->refresh_deadline))
        return;
    int count = s->waiter_count;
    s->waiter_count = 0;
    for (int i = 0; i < count; i++) {
        json_t *body = json_object();
        (void)json_put(body, "status", engine_status_json(s->engine, s->index, now));
        (void)json_put(body, "health", engine_health_json(s->engine, s->index, now));
        s->waiters[i].answer(s->waiters[i].context, 200, body);
    }
}

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
    answer_waiters(s, now);
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
        stops_restart_log(s, o, now);
        break;
    case FOR_RIGHTS:
        guard_rights(s, o, now);
        break;
    default:
        break;
    }
    answer_waiters(s, now);
    service_schedule(s);
}

void engine_witness_ended(struct engine *e, int service, const struct witness_outcome *o,
                          struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    struct pending p = request_end(s, o->id);
    if (p.purpose == FOR_WITNESS)
        observe_witness(s, &p, o, now);
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
        s->wish_unsaved = false;
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

/* ── what people ask ── */

void engine_refresh(struct engine *e, int service, engine_answer *answer, void *context,
                    struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (s->misconfigured != NULL) {
        json_t *body = json_object();
        (void)json_put(body, "status", engine_status_json(e, service, now));
        (void)json_put(body, "health", engine_health_json(e, service, now));
        answer(context, 200, body);
        return;
    }
    if (s->waiter_count == SERVICE_WAITERS_MAX) {
        json_t *body = json_object();
        (void)json_put_text(body, "error", "Too many callers");
        (void)json_put_text(body, "message",
                            "A refresh with as many waiters as can be is under way. Try again.");
        (void)json_put_text(body, "code", "busy");
        answer(context, 503, body);
        return;
    }
    s->waiters[s->waiter_count].answer = answer;
    s->waiters[s->waiter_count++].context = context;
    if (s->waiter_count == 1) {
        s->refresh_deadline = mono_add(now.mono, 15000);
        watch_refresh(s, now);
        guard_look(s, now);
    }
    service_schedule(s);
}

void engine_end(struct engine *e)
{
    for (int i = 0; i < e->count; i++) {
        struct service *s = &e->services[i];
        int count = s->waiter_count;
        s->waiter_count = 0;
        for (int k = 0; k < count; k++)
            s->waiters[k].answer(s->waiters[k].context, 503, NULL);
        operation_forsake(s);
        orders_forsake(s);
    }
}

void engine_notice(struct engine *e, int service, const char *kind, const char *least_role,
                   const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "kind", kind);
    (void)json_put_text(body, "least_role", least_role);
    (void)json_put_text(body, "message", message);
    record_event(&e->services[service], "notice", body, now);
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
