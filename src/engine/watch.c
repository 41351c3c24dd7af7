/* The watch of one service: a pulse on the kept connection, full checks at their intervals, and
 * quick rounds while it is probing: something looks wrong, and is not yet clear. It only observes;
 * judge.c and recover.c decide what follows. */
#include "engine/watch.h"

#include "base/str.h"
#include "engine/evidence.h"
#include "engine/exit_log.h"
#include "engine/service.h"

/* A systemd that does not answer is named in half a minute: this, and CAUSE_LOOK_LIMIT_MS. Where
 * `systemd_interval_seconds` is longer than a minute, so is that time. */
#define UNIT_OFTEN_MS 20000
#define UNIT_TIMES 3                  /* in `systemd_interval_seconds`, where that leaves room */
#define PERFORMANCE_DEADLINE_MS 15000 /* INFO of a busy Redis is late */
#define SLOW_ROUND_MS 5000            /* probing that lasts has fewer rounds */
#define QUICK_PROBING_MS 30000
#define LOADING_ROUND_MS 1000
#define LOOK_MS 3000 /* after an action: every LOOK_STEP_MS for this long */
#define LOOK_STEP_MS 10
#define PROBES_MAX 12 /* overlapping, each with its own deadline */

/* The unit may still say `active` for some 30 ms after its process is gone. */
static const int64_t quick_ms[] = {10, 30, 100};

static void send_redis(struct service *s, enum watch_purpose purpose, enum redis_request request,
                       bool fresh, int64_t limit_ms, struct now now)
{
    uint64_t id = request_begin(s, PART_WATCH, (int)purpose, now.mono);
    s->engine->ports.redis(s->engine->ports.context, s->index, id, request, fresh,
                           mono_add(now.mono, limit_ms));
}

static int64_t unit_interval_ms(const struct service *s)
{
    int64_t interval = s->watch_policy.systemd_interval_ms;
    int64_t often = interval / UNIT_TIMES > UNIT_OFTEN_MS ? interval / UNIT_TIMES : UNIT_OFTEN_MS;
    bool asks_systemd = s->settings->control != CONTROL_PROCESS;
    return asks_systemd && often < interval ? often : interval;
}

int watch_init(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    *w = (struct watch){.round_due = MONO_NEVER,
                        .unit_ms = FACT_UNKNOWN,
                        .performance_ms = FACT_UNKNOWN,
                        .usual_look_ms = FACT_UNKNOWN};
    w->journal_sudo = s->settings->control == CONTROL_SSH;
    if (s->settings->control == CONTROL_PROCESS)
        s->observations.unit.can_reload =
            TRI_NO; /* nothing stands between Resus and it that could */
    int64_t spread = (int64_t)(s->engine->ports.random(s->engine->ports.context) % 1000);
    if (s->engine->count == 1)
        spread = 0;
    mono_ms first = mono_add(now.mono, spread);
    w->full_due = first;
    w->performance_due = mono_add(first, 50);
    w->unit_due = mono_add(first, unit_interval_ms(s));
    w->pulse_due = s->watch_policy.pulse_interval_ms > 0 ? mono_add(first, 100) : MONO_NEVER;
    facts_info_reset(&s->observations.info);
    facts_unit_reset(&s->observations.unit);
    s->observations.probing_since = MONO_NEVER;
    s->observations.last_answer = now.mono;
    s->observations.unit_same_since = now.mono;
    return 0;
}

void watch_settings(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    const struct watch_policy *p = &s->watch_policy;
    mono_ms pulse = mono_add(now.mono, p->pulse_interval_ms);
    w->pulse_due = p->pulse_interval_ms > 0 ? mono_min(w->pulse_due, pulse) : MONO_NEVER;
    w->full_due = mono_min(w->full_due, mono_add(now.mono, p->interval_ms));
    w->unit_due = mono_min(w->unit_due, mono_add(now.mono, unit_interval_ms(s)));
    w->performance_due =
        mono_min(w->performance_due, mono_add(now.mono, p->performance_interval_ms));
}

/* ── rounds ── */

static int count_probes(const struct service *s)
{
    int n = 0;
    for (int i = 0; i < s->requests.used; i++)
        n += request_is(&s->requests.pending[i], PART_WATCH, WATCH_PROBE);
    return n;
}

void watch_ask_unit(struct service *s, struct now now)
{
    if (request_pending(s, PART_WATCH, WATCH_UNIT))
        return;
    /* Only `status` tells whether a process that is not the main one is the unit's. */
    bool show = s->settings->commands_extended && !cause_other_process(&s->observations);
    enum host_command command = show ? HOST_SHOW : HOST_STATUS;
    request_host(s, PART_WATCH, WATCH_UNIT, command, 0, false, now);
}

void watch_begin_round(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->round_began = now.mono;
    w->round_due = MONO_NEVER;
    if (count_probes(s) < PROBES_MAX)
        send_redis(s, WATCH_PROBE, REDIS_PING, true, s->watch_policy.timeout_ms, now);
    watch_ask_unit(s, now);
    evidence_ask(s, now);
    bool figures_matter = s->cause == CAUSE_LOADING || s->cause == CAUSE_PERSISTENCE_FAILING;
    if (figures_matter && !request_pending(s, PART_WATCH, WATCH_INFO))
        send_redis(s, WATCH_INFO, REDIS_INFO, false, PERFORMANCE_DEADLINE_MS, now);
}

static int64_t round_interval_ms(const struct service *s, struct now now)
{
    if (s->cause == CAUSE_LOADING || s->cause == CAUSE_SYSTEMD_RESTARTING)
        return LOADING_ROUND_MS;
    bool settled = s->verdict.confirmed && s->recovery.phase != PHASE_VERIFYING &&
                   s->recovery.phase != PHASE_ACTING && !operation_running(s);
    if (settled && mono_since(now.mono, s->observations.probing_since) > QUICK_PROBING_MS)
        return SLOW_ROUND_MS;
    return s->watch_policy.confirm_interval_ms;
}

/* Plans the next round of probing. Quick ones first, while the unit has not caught up with the
 * end of its process. */
void watch_plan_round(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    if (!watch_is_probing(s)) {
        w->round_due = MONO_NEVER;
        return;
    }
    bool answered = s->observations.fresh.asked.ms >= w->round_began.ms &&
                    s->observations.unit.asked.ms >= w->round_began.ms;
    mono_ms next = mono_add(w->round_began, round_interval_ms(s, now));
    if (watch_at_work(s))
        next = mono_add(w->round_began, s->watch_policy.confirm_interval_ms);
    else if (answered && now.mono.ms < w->look_until.ms)
        next = mono_add(now.mono, LOOK_STEP_MS);
    else if (answered && !s->verdict.confirmed && (size_t)w->quick_rounds < ARRAY_LENGTH(quick_ms))
        next = mono_add(now.mono, quick_ms[w->quick_rounds++]);
    if (mono_since(next, now.mono) < 1)
        next = mono_add(now.mono, 1);
    w->round_due = w->round_due.ms == MONO_NEVER.ms ? next : mono_min(w->round_due, next);
}

void watch_start_probing(struct service *s, const char *why, struct now now)
{
    if (watch_is_probing(s))
        return;
    if (why != NULL && !operation_running(s))
        service_log(s, false, "looking closer: %s", why);
    s->observations.probing_since = now.mono;
    s->observations.failed_probes = 0;
    s->observations.busy_replies = 0;
    s->observations.mismatches = 0;
    s->watch.quick_rounds = 0;
    s->watch.counted_failure = (mono_ms){0};
    s->watch.counted_busy = (mono_ms){0};
    s->watch.counted_mismatch = (mono_ms){0};
    watch_begin_round(s, now);
    watch_plan_round(s, now);
}

void watch_look(struct service *s, struct now now)
{
    s->watch.look_until = mono_add(now.mono, LOOK_MS);
    exit_log_forget(s); /* a unit that failed again has new ones */
    if (watch_is_probing(s)) {
        /* What was seen before the action is no evidence about what came after it. */
        s->observations.probing_since = now.mono;
        s->observations.failed_probes = 0;
        watch_begin_round(s, now);
        watch_plan_round(s, now);
        return;
    }
    watch_start_probing(s, NULL, now);
}

/* ── what is due ── */

void watch_ask_again(struct service *s, struct now now)
{
    if (!request_pending(s, PART_WATCH, WATCH_PULSE))
        send_redis(s, WATCH_PULSE, REDIS_PING, false, s->watch_policy.timeout_ms, now);
}

static void pulse(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    int64_t interval = s->watch_policy.pulse_interval_ms;
    mono_ms asked = request_asked(s, PART_WATCH, WATCH_PULSE);
    w->pulse_due = mono_add(now.mono, interval);
    if (asked.ms == MONO_NEVER.ms) {
        /* While probing the probes do the asking, but for a script: its BUSY comes to whoever
         * waits. */
        if (!watch_is_probing(s) || s->observations.kept.reply == REPLY_PONG ||
            s->observations.kept.reply == REPLY_SILENT || s->observations.kept.reply == REPLY_BUSY)
            send_redis(s, WATCH_PULSE, REDIS_PING, false, s->watch_policy.timeout_ms, now);
    } else if (mono_since(now.mono, asked) >= interval) {
        watch_start_probing(s, "no answer to the pulse for a second", now);
    }
}

/* When a check comes next. The first ones come soon after the start; the second ones find each
 * service's own place in the interval, so that a thousand do not connect in the same second. */
static mono_ms next_check(const struct service *s, bool *spread, int64_t interval_ms,
                          struct now now)
{
    int64_t wait = interval_ms;
    if (!*spread)
        wait = interval_ms * (s->index + 1) / s->engine->count;
    *spread = true;
    return mono_add(now.mono, wait);
}

/* What a new client meets: connects, shakes hands, authenticates, asks, closes. The open connection
 * does not see a password that was set, a full table of clients or an expired certificate. */
static void full_check(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->full_due = next_check(s, &w->full_spread, s->watch_policy.interval_ms, now);
    if (!watch_is_probing(s)) { /* rounds of probing open new connections, too */
        send_redis(s, WATCH_PROBE, canary_wanted(s, now) ? REDIS_CANARY : REDIS_PING, true,
                   s->watch_policy.timeout_ms, now);
        if (!request_pending(s, PART_WATCH, WATCH_PULSE))
            send_redis(s, WATCH_PULSE, REDIS_PING, false, s->watch_policy.timeout_ms, now);
    }
    if (s->observations.unit.asked.ms == 0)
        watch_ask_unit(s, now);
}

static void performance_check(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->performance_due =
        next_check(s, &w->performance_spread, s->watch_policy.performance_interval_ms, now);
    if (!request_pending(s, PART_WATCH, WATCH_INFO))
        send_redis(s, WATCH_INFO, REDIS_INFO, false, PERFORMANCE_DEADLINE_MS, now);
    if (!w->config_refused && !request_pending(s, PART_WATCH, WATCH_CONFIG))
        send_redis(s, WATCH_CONFIG, REDIS_CONFIG, false, PERFORMANCE_DEADLINE_MS, now);
}

bool watch_turn(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    if (s->misconfigured != NULL)
        return false;
    if (mono_reached(now.mono, w->pulse_due))
        pulse(s, now);
    if (mono_reached(now.mono, w->full_due))
        full_check(s, now);
    if (mono_reached(now.mono, w->unit_due)) {
        w->unit_due = mono_add(now.mono, unit_interval_ms(s));
        watch_ask_unit(s, now);
    }
    if (mono_reached(now.mono, w->performance_due))
        performance_check(s, now);
    if (!mono_reached(now.mono, w->round_due))
        return false;
    watch_begin_round(s, now);
    watch_plan_round(s, now);
    return true;
}

void watch_refresh(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->full_due = mono_add(now.mono, s->watch_policy.interval_ms);
    w->unit_due = mono_add(now.mono, unit_interval_ms(s));
    send_redis(s, WATCH_PROBE, REDIS_PING, true, s->watch_policy.timeout_ms, now);
    watch_ask_unit(s, now);
    performance_check(s, now);
}
