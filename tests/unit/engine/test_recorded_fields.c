/* What decides is in a recording: a field that is forgotten there would make an incident play
 * differently only when it happens to matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assert.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/recording.h"

/* A new field belongs into recording_code.c when it decides, and into this file. */
#if INTPTR_MAX == INT64_MAX
static_assert(sizeof(struct observations) == 3616, "a field of struct observations");
static_assert(sizeof(struct recovery_facts) == 80, "a field of struct recovery_facts");
static_assert(sizeof(struct recovery) == 280, "a field of struct recovery");
static_assert(sizeof(struct recovery_policy) == 64, "a field of struct recovery_policy");
#endif

#define ROUNDS 200000
#define NOW 1000000

static uint64_t dice;

static int pick(int count)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (int)((dice >> 33) % (unsigned)count);
}

static bool coin(void)
{
    return pick(2) == 1;
}

/* 0, or some time before NOW: what is compared with limits lies around them. */
static mono_ms time_before(void)
{
    static const int64_t ago[] = {0, 1, 400, 600, 1500, 3500, 6000, 9000, 11000, 13000, 35000, NOW};
    return (mono_ms){NOW - ago[pick(12)]};
}

static int64_t one_of(int64_t a, int64_t b, int64_t c, int64_t d)
{
    const int64_t all[] = {a, b, c, d};
    return all[pick(4)];
}

static struct probe_facts some_probe(void)
{
    /* Mostly what a Redis says that works, or nothing: the rest has one rule each. */
    static const enum reply_class often[] = {REPLY_PONG, REPLY_SILENT, REPLY_REFUSED,
                                             REPLY_NO_CONNECT};
    struct probe_facts p = {.asked = time_before(), .at = time_before()};
    p.reply = coin() ? often[pick(4)] : (enum reply_class)pick(REPLY_CLASS_COUNT);
    return p;
}

static struct process_facts some_process(void)
{
    return (struct process_facts){
        .pid = one_of(0, 1, 4711, 4711),
        .asked = time_before(),
        .at = time_before(),
        .state = (enum task_state)pick(TASK_STATE_COUNT),
        .cpu_ms = one_of(FACT_UNKNOWN, 100, 120, 9000),
        .tracer_pid = one_of(FACT_UNKNOWN, 0, 0, 99),
    };
}

static void some_unit(struct unit_facts *u)
{
    static const char *const subs[] = {"running", "dead", "auto-restart", "start"};
    facts_unit_reset(u);
    u->active = coin() ? UNIT_ACTIVE : (enum unit_active)pick(UNIT_ACTIVE_COUNT);
    u->at = time_before();
    u->asked = time_before();
    (void)str_copy(u->sub, sizeof u->sub, subs[pick(4)]);
    u->result = (enum unit_result)pick(UNIT_RESULT_COUNT);
    u->notice = (enum unit_notice)pick(UNIT_NOTICE_COUNT);
    u->frozen = pick(8) == 0;
    u->masked = pick(8) == 0;
    u->removed = pick(8) == 0;
    u->repeated_too_quickly = pick(8) == 0;
    u->can_reload = (enum tri)pick(3);
    u->control_reached = coin() ? TRI_YES : (enum tri)pick(3);
    u->control_denied = coin();
    u->main_pid = one_of(0, 1, 4711, 4711);
    u->exit_status = one_of(0, 1, 2, FACT_UNKNOWN);
    u->exit_signal = one_of(0, 9, 11, FACT_UNKNOWN);
    u->restarts = one_of(FACT_UNKNOWN, 0, 0, 3);
    u->since = (wall_ms){pick(3)};
    u->undated = coin();
    u->cpu_ms = one_of(FACT_UNKNOWN, 0, 10, 20);
}

static void some_info(struct info_facts *i)
{
    facts_info_reset(i);
    i->known = pick(4) > 0;
    i->asked = i->at = time_before();
    i->process_id = one_of(FACT_UNKNOWN, 1, 4711, 4712);
    i->used_memory = one_of(FACT_UNKNOWN, 50, 100, 200);
    i->maxmemory = one_of(0, 100, 100, 300);
    i->evicts = coin();
    i->connected_clients = one_of(FACT_UNKNOWN, 10, 100, 100);
    i->maxclients = one_of(FACT_UNKNOWN, 100, 100, 1000);
    i->loading = (enum tri)pick(3);
    i->last_save_ok = coin() ? TRI_YES : (enum tri)pick(3);
    i->aof_write_ok = coin() ? TRI_YES : (enum tri)pick(3);
    i->save_points = (enum tri)pick(3);
    i->aof_enabled = (enum tri)pick(3);
    i->role = (enum redis_role)pick(4);
    i->connected_replicas = one_of(FACT_UNKNOWN, 0, 1, 2);
    i->master_link_up = (enum tri)pick(3);
    i->failover = (enum failover_state)pick(2);
    i->busy_threshold_ms = one_of(FACT_UNKNOWN, 5000, 100, 20000);
    i->uptime_seconds = one_of(FACT_UNKNOWN, 1, 100, 100000);
    i->tcp_port = one_of(FACT_UNKNOWN, 0, 6379, 7000);
}

static void some_observations(struct observations *s)
{
    *s = (struct observations){
        .kept = some_probe(),
        .fresh = some_probe(),
        .process = some_process(),
        .process_before = some_process(),
        .group = some_process(),
        .group_before = some_process(),
        .stirred = coin() ? (mono_ms){0} : time_before(),
        .refused = coin() ? (mono_ms){0} : time_before(),
        .refusing_since = coin() ? (mono_ms){0} : time_before(),
        .witness_answers_since = time_before(),
        .witness_refuses_since = time_before(),
        .slow_look = pick(3) > 0 ? (mono_ms){0} : time_before(),
        .witness = {.asked = time_before(),
                    .at = time_before(),
                    .possible = pick(4) > 0,
                    .reply = (enum reply_class)pick(REPLY_CLASS_COUNT)},
        .witness_proven = pick(3) > 0,
        .log = {.class = (enum log_class)pick(LOG_CLASS_COUNT), .stop_cut = coin()},
        .saving_log = {.class = (enum log_class)pick(LOG_CLASS_COUNT)},
        .log_read = coin(),
        .probing_since = pick(4) == 0 ? MONO_NEVER : time_before(),
        .last_answer = time_before(),
        .unit_same_since = time_before(),
        .failed_probes = pick(5),
        .failing_since = time_before(),
        .busy_replies = pick(3),
        .shut_out = pick(5),
        .mismatches = pick(5),
        .ever_answered = pick(4) > 0,
        .stopped_on_purpose = pick(4) == 0,
        .start_tried = coin(),
        .loading_seen = pick(3) == 0,
        .stop_begun = coin(),
        .start_cancelled = pick(4) == 0,
        .in_group = coin(),
        .unready_since = coin() ? (mono_ms){0} : time_before(),
        .never_ready = pick(4) == 0,
        .look_cut = coin(),
        .role_changed = pick(4) == 0,
        .pause = {.writes_wait = pick(4) == 0},
        .systemd_restarts = coin(),
        .oom_errors_rising = coin(),
        .tilt = pick(16) == 0,
        .failure_threshold = 1 + pick(3),
        .confirm_interval_ms = one_of(100, 500, 1000, 5000),
        .probe_timeout_ms = one_of(500, 1000, 5000, 10000),
        .blind_hang_ms = one_of(10000, 30000, 30000, 60000),
        .busy_alert_ms = one_of(0, 5000, 30000, 60000),
        .busy_limit_ms = one_of(0, 0, 5000, 30000),
    };
    some_unit(&s->unit);
    some_info(&s->info);
    for (int i = 0; i < GAUGE_COUNT; i++)
        s->levels.gauges[i].level = pick(6) == 0 ? (enum level_of)pick(3) : LEVEL_OK;
    s->levels.memory_growing = pick(4) == 0;
    s->levels.slow_queries = pick(4) == 0;
}

/* The rules of silence compare much: so that all of it counts, half of the observations are of one. */
static void make_silent(struct observations *s)
{
    s->tilt = false;
    s->ever_answered = true;
    s->probing_since = s->last_answer = s->failing_since = (mono_ms){NOW - 40000};
    s->kept.reply = s->fresh.reply = REPLY_SILENT;
    s->kept.asked = s->fresh.asked = (mono_ms){NOW - 8000};
    s->unit.active = UNIT_ACTIVE;
    s->unit.control_reached = TRI_YES;
    s->unit.asked = (mono_ms){NOW - 100};
    s->unit.main_pid = s->process.pid = s->process_before.pid = 4711;
    s->group.pid = s->group_before.pid = 4711;
    s->failed_probes = 5;
}

/* ... and some of a unit that has failed, with its exit log. */
static void make_failed(struct observations *s)
{
    make_silent(s);
    s->kept.reply = s->fresh.reply = REPLY_REFUSED;
    s->unit.active = UNIT_FAILED;
    s->unit_same_since = (mono_ms){NOW - 9000};
    s->stopped_on_purpose = false;
    s->log_read = true;
}

static void what_was_recorded_is_judged_as_what_was_seen(void **state)
{
    (void)state;
    mono_ms now = {NOW};
    int confirmed[CAUSE_COUNT] = {0};
    dice = 4711;
    for (int i = 0; i < ROUNDS; i++) {
        struct observations seen;
        struct observations played = {0};
        some_observations(&seen);
        if (coin())
            make_silent(&seen);
        else if (coin())
            make_failed(&seen);
        struct verdict was = cause_judge(&seen, now);
        JSON_CLEANUP json_t *object = recording_encode_observations(&seen);
        assert_int_equal(recording_decode_observations(object, &played), 0);
        struct verdict is = cause_judge(&played, now);
        if (is.cause != was.cause || is.confirmed != was.confirmed)
            fail_msg("round %d: %s was judged, %s is played", i, cause_row(was.cause)->code,
                     cause_row(is.cause)->code);
        confirmed[was.cause] += was.confirmed;
    }
    for (int i = CAUSE_OK; i < CAUSE_COUNT; i++) /* else the dice prove little */
        if (confirmed[i] == 0 && i != CAUSE_MISCONFIGURED && i != CAUSE_WATCHED_ELSEWHERE)
            fail_msg("no observations was judged as %s", cause_row((enum cause)i)->code);
}

/* Padding is zero: the structs are cleared whole first. */
static void facts_and_state_come_back_whole(void **state)
{
    (void)state;
    struct recovery_facts f, f2;
    struct recovery r, r2;
    struct recovery_policy p, p2;
    memset(&f, 0, sizeof f);
    memset(&f2, 0, sizeof f2);
    memset(&r, 0, sizeof r);
    memset(&r2, 0, sizeof r2);
    memset(&p, 0, sizeof p);
    memset(&p2, 0, sizeof p2);
    f.well = f.never_started = f.may_reset_failed = f.call_due = f.stopped = true;
    f.needs_person = f.paused = f.maintenance = f.stopped_on_purpose = f.operation_running = true;
    f.backup_running = f.tilt = f.host_unreachable = f.failover_running = f.empty_primary = true;
    f.ownership_unsure = true;
    f.unit = UNIT_FAILED;
    f.can_reload = TRI_YES;
    f.unit_since.ms = f.progress = f.learned.ms = f.rights_back.ms = 5;
    f.refused = 6;
    r.phase = PHASE_STABLE;
    r.cause = r.alerted = CAUSE_HUNG;
    r.level = r.floor = LEVEL_HARD;
    r.action = ACTION_RESTART;
    r.action_end = ACTION_REFUSED;
    r.withheld = WITHHELD_PAUSED;
    r.open = r.stepped = r.needs_human = r.attempted_useless_reload = r.breaker.open = true;
    r.refusals = r.attempts = r.refused = r.refused_tries = r.relapses = r.bgsave_tries = 3;
    r.action_id = 7;
    r.progress = r.waiting_progress = 8;
    r.deadline.ms = r.action_began.ms = r.action_ended.ms = r.opened_at.ms = r.last_attempt.ms = 9;
    r.well_since.ms = r.progress_at.ms = r.waiting_at.ms = r.refused_at.ms = r.bgsave_at.ms = 10;
    r.unit_since.ms = r.breaker.opened_at.ms = 11;
    for (int i = 0; i < BREAKER_TIMES_MAX; i++)
        r.breaker.times[i].ms = 12 + i;
    p.enabled = true;
    p.external_stop = EXTERNAL_STOP_RESPECT;
    p.backoff_multiplier = 1.5;
    p.max_attempts = p.retry_delay_ms = p.external_stop_grace_ms = 13;
    p.breaker_recoveries = p.breaker_window_ms = 14;
    JSON_CLEANUP json_t *facts = recording_encode_facts(&f);
    JSON_CLEANUP json_t *recovery = recording_encode_recovery(&r);
    JSON_CLEANUP json_t *policy = recording_encode_policy(&p);
    assert_int_equal(recording_decode_facts(facts, &f2), 0);
    assert_int_equal(recording_decode_recovery(recovery, &r2), 0);
    assert_int_equal(recording_decode_policy(policy, &p2), 0);
    assert_memory_equal(&f, &f2, sizeof f);
    assert_memory_equal(&r, &r2, sizeof r);
    assert_memory_equal(&p, &p2, sizeof p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_is_judged_as_what_was_seen),
        cmocka_unit_test(facts_and_state_come_back_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
