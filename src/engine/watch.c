/* The watch of one service: a pulse on the kept connection, full checks at their intervals, and
 * rounds of quick looks while something is in doubt (rows B1-B3, B6). It only observes: what
 * follows from it is judge.c's and recover.c's. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/service.h"
#include "redis/reply.h"

#define PERFORMANCE_DEADLINE_MS 15000 /* row B3 */
#define FRESH_INTERVAL_MS 300000      /* row B1: a fresh connection every 5 minutes */
#define SLOW_ROUND_MS 5000            /* a doubt that lasts is looked at less often */
#define QUICK_DOUBT_MS 30000
#define LOADING_ROUND_MS 1000
#define LOOK_MS 3000 /* after an action: every LOOK_STEP_MS for this long */
#define LOOK_STEP_MS 10
#define PROBES_MAX 12 /* overlapping, each with its own deadline */

/* The unit may still say `active` for some 30 ms after its process is gone (engineering notes,
 * "Confirmation after EOF"). */
static const int64_t quick_ms[] = {10, 30, 100};

static void send_redis(struct service *s, enum purpose purpose, enum redis_request request,
                       bool fresh, int64_t limit_ms, struct now now)
{
    uint64_t id = request_begin(s, purpose, now.mono);
    s->engine->ports.redis(s->engine->ports.context, s->index, id, request, fresh,
                           mono_add(now.mono, limit_ms));
}

void watch_init(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    *w = (struct watch){
        .round_due = MONO_NEVER, .unit_ms = FACT_UNKNOWN, .performance_ms = FACT_UNKNOWN};
    w->journal_sudo = s->settings->control == CONTROL_SSH;
    if (s->settings->control == CONTROL_PROCESS)
        s->sight.unit.can_reload = TRI_NO; /* nothing stands between Resus and it that could */
    int64_t spread = (int64_t)(s->engine->ports.random(s->engine->ports.context) % 1000);
    if (s->engine->count == 1)
        spread = 0;
    mono_ms first = mono_add(now.mono, spread);
    w->full_due = first;
    w->performance_due = mono_add(first, 50);
    w->unit_due = mono_add(first, s->watch_policy.systemd_interval_ms);
    w->fresh_due = mono_add(first, FRESH_INTERVAL_MS);
    w->pulse_due = s->watch_policy.pulse_interval_ms > 0 ? mono_add(first, 100) : MONO_NEVER;
    facts_info_reset(&s->sight.info);
    facts_unit_reset(&s->sight.unit);
    s->sight.doubt_since = MONO_NEVER;
    s->sight.last_answer = now.mono;
    s->sight.unit_same_since = now.mono;
}

mono_ms watch_next(const struct service *s)
{
    const struct watch *w = &s->watch;
    mono_ms at =
        mono_min(mono_min(w->pulse_due, w->full_due), mono_min(w->unit_due, w->performance_due));
    return mono_min(at, w->round_due);
}

static bool in_doubt(const struct service *s)
{
    return s->sight.doubt_since.ms != MONO_NEVER.ms;
}

/* ── rounds ── */

static int count_probes(const struct service *s)
{
    int n = 0;
    for (int i = 0; i < SERVICE_PENDING_MAX; i++)
        n += s->pending[i].id != 0 && s->pending[i].purpose == FOR_PROBE;
    return n;
}

static void ask_unit(struct service *s, struct now now)
{
    if (request_pending(s, FOR_UNIT))
        return;
    enum host_command command = s->settings->commands_extended ? HOST_SHOW : HOST_STATUS;
    request_host(s, FOR_UNIT, command, 0, false, now);
}

static void begin_round(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->round_began = now.mono;
    w->round_due = MONO_NEVER;
    if (count_probes(s) < PROBES_MAX)
        send_redis(s, FOR_PROBE, REDIS_PING, true, s->watch_policy.timeout_ms, now);
    ask_unit(s, now);
    bool figures_matter = s->cause == CAUSE_LOADING || s->cause == CAUSE_PERSISTENCE_FAILING;
    if (figures_matter && !request_pending(s, FOR_INFO))
        send_redis(s, FOR_INFO, REDIS_INFO, false, PERFORMANCE_DEADLINE_MS, now);
}

static int64_t round_interval_ms(const struct service *s, struct now now)
{
    if (s->cause == CAUSE_LOADING || s->cause == CAUSE_SYSTEMD_RESTARTING)
        return LOADING_ROUND_MS;
    bool settled = s->verdict.confirmed && s->recovery.phase != PHASE_VERIFYING &&
                   s->recovery.phase != PHASE_ACTING && s->operation.phase == OP_PHASE_NONE;
    if (settled && mono_since(now.mono, s->sight.doubt_since) > QUICK_DOUBT_MS)
        return SLOW_ROUND_MS;
    return s->watch_policy.confirm_interval_ms;
}

/* Is a command of ours at work on the unit? A quick look would find it in between, and each costs
 * the host a process that the restart then has to share the machine with. The
 * end of the command asks for a look. */
bool watch_at_work(const struct service *s)
{
    return s->recovery.phase == PHASE_INTENT || s->recovery.phase == PHASE_ACTING ||
           s->operation.phase == OP_PHASE_RUNNING;
}

/* Plans the next round of the doubt. Quick ones first, while the unit has not caught up with the
 * end of its process. */
static void plan_round(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    if (!in_doubt(s)) {
        w->round_due = MONO_NEVER;
        return;
    }
    bool answered =
        s->sight.fresh.asked.ms >= w->round_began.ms && s->sight.unit.asked.ms >= w->round_began.ms;
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

void watch_doubt(struct service *s, const char *why, struct now now)
{
    if (in_doubt(s))
        return;
    if (why != NULL && !operation_running(s))
        service_log(s, false, "looking closer: %s", why);
    s->sight.doubt_since = now.mono;
    s->sight.failed_probes = 0;
    s->sight.busy_replies = 0;
    s->sight.mismatches = 0;
    s->watch.quick_rounds = 0;
    s->watch.counted_failure = (mono_ms){0};
    s->watch.counted_busy = (mono_ms){0};
    s->watch.counted_mismatch = (mono_ms){0};
    begin_round(s, now);
    plan_round(s, now);
}

void watch_look(struct service *s, struct now now)
{
    s->watch.look_until = mono_add(now.mono, LOOK_MS);
    last_words_forget(s); /* a unit that failed again has new ones */
    if (in_doubt(s)) {
        /* What was seen before the action is no evidence about what came after it. */
        s->sight.doubt_since = now.mono;
        s->sight.failed_probes = 0;
        begin_round(s, now);
        plan_round(s, now);
        return;
    }
    watch_doubt(s, NULL, now);
}

/* ── what is due ── */

static void pulse(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    int64_t interval = s->watch_policy.pulse_interval_ms;
    mono_ms asked = request_asked(s, FOR_PULSE);
    w->pulse_due = mono_add(now.mono, interval);
    if (asked.ms == MONO_NEVER.ms) {
        /* While in doubt the probes do the asking, but for a script: its BUSY comes to whoever
         * waits. */
        if (!in_doubt(s) || s->sight.kept.reply == REPLY_PONG ||
            s->sight.kept.reply == REPLY_SILENT || s->sight.kept.reply == REPLY_BUSY)
            send_redis(s, FOR_PULSE, REDIS_PING, false, s->watch_policy.timeout_ms, now);
    } else if (mono_since(now.mono, asked) >= interval) {
        watch_doubt(s, "no answer to the pulse for a second", now);
    }
}

static void full_check(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->full_due = mono_add(now.mono, s->watch_policy.interval_ms);
    const struct info_facts *i = &s->sight.info;
    bool nearly_full =
        i->known && i->maxclients > 0 && i->connected_clients * 10 >= i->maxclients * 9;
    bool door = s->sight.fresh.reply != REPLY_PONG;
    bool fresh = !in_doubt(s) && (mono_reached(now.mono, w->fresh_due) || nearly_full || door);
    if (fresh) {
        w->fresh_due = mono_add(now.mono, FRESH_INTERVAL_MS);
        send_redis(s, FOR_PROBE, REDIS_PING, true, s->watch_policy.timeout_ms, now);
    }
    if (!request_pending(s, FOR_PULSE) && !in_doubt(s))
        send_redis(s, FOR_PULSE, REDIS_PING, false, s->watch_policy.timeout_ms, now);
    if (s->sight.unit.asked.ms == 0)
        ask_unit(s, now);
}

static void performance_check(struct service *s, struct now now)
{
    s->watch.performance_due = mono_add(now.mono, s->watch_policy.performance_interval_ms);
    if (!request_pending(s, FOR_INFO))
        send_redis(s, FOR_INFO, REDIS_INFO, false, PERFORMANCE_DEADLINE_MS, now);
    if (!s->watch.config_refused && !request_pending(s, FOR_CONFIG))
        send_redis(s, FOR_CONFIG, REDIS_CONFIG, false, PERFORMANCE_DEADLINE_MS, now);
}

void watch_turn(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    if (mono_reached(now.mono, w->pulse_due))
        pulse(s, now);
    if (mono_reached(now.mono, w->full_due))
        full_check(s, now);
    if (mono_reached(now.mono, w->unit_due)) {
        w->unit_due = mono_add(now.mono, s->watch_policy.systemd_interval_ms);
        ask_unit(s, now);
    }
    if (mono_reached(now.mono, w->performance_due))
        performance_check(s, now);
    if (mono_reached(now.mono, w->round_due)) {
        begin_round(s, now);
        plan_round(s, now);
        judge(s, now);
    }
}

void watch_refresh(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    w->full_due = mono_add(now.mono, s->watch_policy.interval_ms);
    w->unit_due = mono_add(now.mono, s->watch_policy.systemd_interval_ms);
    send_redis(s, FOR_PROBE, REDIS_PING, true, s->watch_policy.timeout_ms, now);
    ask_unit(s, now);
    performance_check(s, now);
}

/* ── answers of Redis ── */

static void note_latency(struct watch *w, int64_t us)
{
    if (us < 0)
        return;
    w->latency_us[w->latency_next] = us;
    w->latency_next = (w->latency_next + 1) % SERVICE_LATENCIES;
    if (w->latency_count < SERVICE_LATENCIES)
        w->latency_count++;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double watch_latency_ms(const struct service *s, double percentile)
{
    const struct watch *w = &s->watch;
    if (w->latency_count == 0)
        return -1;
    int64_t sorted[SERVICE_LATENCIES];
    memcpy(sorted, w->latency_us, w->latency_count * sizeof sorted[0]);
    qsort(sorted, w->latency_count, sizeof sorted[0], by_value);
    unsigned at = (unsigned)((double)(w->latency_count - 1) * percentile / 100.0 + 0.5);
    return (double)sorted[at] / 1000.0;
}

/* A PONG waits for us as long as a timer does: when we are held up, or the machine is, that is not
 * Redis' time. Lateness is known in whole milliseconds: what the fastest PONG took below one stays.
 */
static double redis_latency_ms(const struct service *s, double percentile)
{
    double seen = watch_latency_ms(s, percentile);
    double ours = (double)engine_late_ms(s->engine, (int)percentile);
    double fastest = watch_latency_ms(s, 0);
    double least = fastest < 1 ? fastest : 1;
    if (seen < 0)
        return seen;
    return seen - ours > least ? seen - ours : least;
}

double watch_last_latency_ms(const struct service *s)
{
    const struct watch *w = &s->watch;
    if (w->latency_count == 0)
        return -1;
    return (double)w->latency_us[(w->latency_next + SERVICE_LATENCIES - 1) % SERVICE_LATENCIES] /
           1000.0;
}

/* Counts things that must be seen several times, at least confirm_interval apart (a quick round is
 * no second opinion). */
static void count_apart(struct service *s, bool seen, mono_ms asked, int64_t *count,
                        mono_ms *counted)
{
    if (!seen) {
        *count = 0;
        counted->ms = 0;
        return;
    }
    if (counted->ms != 0 && mono_since(asked, *counted) < s->watch_policy.confirm_interval_ms)
        return;
    *counted = asked;
    (*count)++;
}

static void note_probe(struct service *s, const struct probe_facts *p, mono_ms asked, bool fresh,
                       struct now now)
{
    struct sight *sight = &s->sight;
    struct watch *w = &s->watch;
    if (p->reply == REPLY_NONE)
        return;
    struct probe_facts *slot = fresh ? &sight->fresh : &sight->kept;
    /* Overlapping probes can end out of order: the one asked later knows more, unless it only timed
     * out. */
    s->counters.checks++;
    s->counters.failed_checks += p->reply != REPLY_PONG;
    w->last_check = now.wall; /* a look that found nothing is a look, too */
    bool newer = asked.ms >= slot->asked.ms || reply_answered(p->reply);
    if (newer) {
        *slot = *p;
        slot->asked = asked;
        slot->at = now.mono;
    }
    if (reply_answered(p->reply))
        sight->last_answer = now.mono;
    if (fresh || p->reply == REPLY_BUSY)
        count_apart(s, p->reply == REPLY_BUSY, now.mono, &sight->busy_replies, &w->counted_busy);
    if (fresh || reply_answered(p->reply)) {
        bool first = sight->failed_probes == 0;
        count_apart(s, !reply_answered(p->reply), asked, &sight->failed_probes,
                    &w->counted_failure);
        if (first && sight->failed_probes > 0)
            sight->failing_since = now.mono;
    }
    if (fresh) {
        enum unit_active unit = sight->unit.active;
        bool odd = (reply_answered(p->reply) || p->reply == REPLY_GARBAGE) &&
                   sight->unit.control_reached == TRI_YES && unit != UNIT_ACTIVE &&
                   unit != UNIT_RELOADING && unit != UNIT_ACTIVATING;
        bool foreign = p->reply == REPLY_PONG && unit == UNIT_ACTIVE && cause_other_process(sight);
        count_apart(s, odd || foreign, asked, &sight->mismatches, &w->counted_mismatch);
    }
    if (p->reply == REPLY_LOADING)
        sight->loading_seen = true;
    if (p->reply == REPLY_PONG) {
        w->proven = now.mono;
        note_latency(w, p->latency_us);
        sample_ping(s, p->latency_us);
        w->last_command = now.wall;
        if (!sight->ever_answered) {
            sight->ever_answered = true;
            record_state(s, 0, STORE_NORMAL);
        }
    }
    if (p->reply != REPLY_PONG)
        watch_doubt(s, p->text[0] != '\0' ? p->text : reply_class_word(p->reply), now);
}

/* Did the process that INFO speaks of start while an action or operation of ours ran? A second each
 * way, because uptime is told in whole seconds. */
static bool started_by_us(const struct service *s, const struct info_facts *info, struct now now)
{
    mono_ms started = mono_add(now.mono, -info->uptime_seconds * 1000);
    const struct recovery *r = &s->recovery;
    const struct operation *o = &s->operation;
    bool by_recovery = r->action_began.ms != 0 && started.ms >= r->action_began.ms - 1000 &&
                       started.ms <= r->action_ended.ms + 1000;
    bool by_operation = o->command_ended.ms != 0 && started.ms >= o->began.ms - 1000 &&
                        started.ms <= o->command_ended.ms + 1000;
    return by_recovery || by_operation;
}

/* Values that only CONFIG GET tells stay over an INFO of the same server. */
static void note_info(struct service *s, const struct redis_answer *a, mono_ms asked,
                      struct now now)
{
    struct info_facts *old = &s->sight.info;
    struct info_facts new = a->info;
    bool same = old->known && str_equal(old->run_id, new.run_id);
    bool restarted = old->known && !same;
    /* Also before the first INFO: CONFIG may have been answered when INFO was not. */
    new.save_points = old->save_points;
    new.busy_threshold_ms = old->busy_threshold_ms;
    if (new.maxclients < 0)
        new.maxclients = old->maxclients;
    if (new.slowlog_length < 0)
        new.slowlog_length = old->slowlog_length;
    mono_ms known_at = old->at;
    new.at = now.mono;
    new.at_wall = now.wall;
    s->sight.oom_errors_rising = same && new.errors_oom > old->errors_oom;
    health_update(&s->health, &s->watch_policy.thresholds, &new, redis_latency_ms(s, 95));
    *old = new;
    s->watch.info_asked = asked;
    s->watch.last_command = now.wall;
    if (new.loading == TRI_NO)
        s->sight.loading_seen = false;
    if (restarted && !operation_running(s) && !started_by_us(s, &new, now)) {
        char text[FACT_TEXT_MAX];
        (void)str_format(text, sizeof text, "Redis was restarted by %s (process %lld, up %lld s).",
                         s->watch.auto_restart_at.ms > known_at.ms ? "systemd" : "somebody else",
                         (long long)new.process_id, (long long)new.uptime_seconds);
        record_notice(s, text, now);
    }
}

/* What a start would cost is remembered over our own death: a Redis that is down then cannot be
 * asked any more. While CONFIG has not told of save points there may be none (simulator seed
 * 10760). */
static void note_empty_primary(struct service *s)
{
    const struct info_facts *i = &s->sight.info;
    const struct unit_facts *u = &s->sight.unit;
    bool empty = cause_empty_primary(i);
    bool same = u->main_pid <= 0 || i->process_id <= 1 || u->main_pid == i->process_id;
    bool ours = u->active == UNIT_ACTIVE && same;
    bool ended = u->active == UNIT_INACTIVE || u->active == UNIT_FAILED;
    /* For the worse news it is enough that nobody else's Redis is known to tell them: its host may
     * be out of reach (seed 48036), a stop may hang (seed 8535). */
    bool may_be_ours = same && !ended;
    bool believed = empty ? may_be_ours : ours;
    if (!i->known || i->loading == TRI_YES || !believed || empty == s->saved.empty_primary)
        return;
    s->saved.empty_primary = empty;
    record_state(s, 0, STORE_NORMAL);
}

static void note_config(struct service *s, const struct redis_answer *a)
{
    const struct info_facts *c = &a->info;
    struct info_facts *i = &s->sight.info;
    if (a->probe.reply == REPLY_NOPERM || a->probe.reply == REPLY_ERROR) {
        s->watch.config_refused = true;
        return;
    }
    if (c->save_points != TRI_UNKNOWN)
        i->save_points = c->save_points;
    if (c->busy_threshold_ms >= 0)
        i->busy_threshold_ms = c->busy_threshold_ms;
    if (c->maxclients >= 0)
        i->maxclients = c->maxclients;
}

void watch_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                 struct now now)
{
    switch (p->purpose) {
    case FOR_PULSE:
    case FOR_PROBE:
        note_probe(s, &a->probe, p->asked, p->purpose == FOR_PROBE, now);
        break;
    case FOR_INFO:
        s->watch.performance_ms = mono_since(now.mono, p->asked);
        if (a->info.known)
            note_info(s, a, p->asked, now);
        note_empty_primary(s);
        config_watch(s, now);
        break;
    case FOR_SAMPLE: /* what it tells is as true as what the check is told */
        if (a->info.known)
            note_info(s, a, p->asked, now);
        note_empty_primary(s);
        break;
    case FOR_CONFIG:
        note_config(s, a);
        note_empty_primary(s);
        config_watch(s, now);
        break;
    default:
        break;
    }
    judge(s, now);
    plan_round(s, now);
}

/* ── answers of the host ── */

/* That Redis did not answer before `asked` says nothing of it now: its unit did not run, or the
 * host could not be reached. Silence is counted anew, by probes that were asked later. */
static void count_silence_anew(struct service *s, mono_ms asked)
{
    s->sight.failed_probes = 0;
    s->sight.last_answer = mono_max(s->sight.last_answer, asked);
    s->watch.counted_failure = asked;
}

static void note_unit(struct service *s, const struct host_outcome *o, mono_ms asked,
                      struct now now)
{
    struct sight *sight = &s->sight;
    struct unit_facts *old = &sight->unit;
    struct unit_facts new = o->unit;
    new.asked = asked;
    new.at = now.mono;
    if (new.can_reload == TRI_UNKNOWN)
        new.can_reload = old->can_reload;
    if (new.control_reached == TRI_NO)
        (void)str_copy(new.text, sizeof new.text, o->error);
    bool ran = old->active == UNIT_ACTIVE || old->active == UNIT_RELOADING;
    bool now_runs = new.active == UNIT_ACTIVE || new.active == UNIT_RELOADING;
    bool back = old->control_reached == TRI_NO && new.control_reached == TRI_YES;
    bool other_pid = new.main_pid > 0 && old->main_pid > 0 && new.main_pid != old->main_pid;
    bool same = new.active == old->active &&str_equal(new.sub, old->sub) && !other_pid;
    if (!same || old->asked.ms == 0)
        sight->unit_same_since = asked;
    if (new.notice == NOTICE_LOADING)
        sight->loading_seen = true;
    if (str_equal(new.sub, "auto-restart")) {
        sight->systemd_restarts = true;
        s->watch.auto_restart_at = now.mono;
    }
    s->watch.unit_ms = o->duration_ms;
    *old = new;
    if (back || (now_runs && !ran))
        count_silence_anew(s, asked);
    if (back && in_doubt(s)) {
        if (!reply_answered(cause_probe(sight)->reply)) /* what was heard of Redis stays true */
            sight->doubt_since = asked;
        s->watch.quick_rounds = 0;
        begin_round(s, now);
    }
    if (new.active == UNIT_FAILED)
        last_words_ask(s, now);
    else if (new.active != UNIT_UNKNOWN)
        last_words_forget(s);
    if (!now_runs)
        watch_doubt(s,
                    new.control_reached == TRI_NO ? "the host cannot be controlled"
                                                  : "the unit is not active",
                    now);
}

void watch_host(struct service *s, const struct pending *p, const struct host_outcome *o,
                struct now now)
{
    if (p->purpose == FOR_UNIT) {
        note_unit(s, o, p->asked, now);
        note_empty_primary(s);
    } else {
        last_words_answered(s, p->purpose, o, now);
    }
    judge(s, now);
    plan_round(s, now);
}
