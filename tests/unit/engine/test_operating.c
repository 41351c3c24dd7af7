/* What a person's operation may lose, what it says when it did, and what it leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

#define PID 71

static const struct engine_user user = {"ann", "ann@example.org", "admin", "local"};

static struct {
    int status;
    int64_t uptime, connections;
    char code[32], message[1024], warning[512];
} answered;

static void note_answer(void *context, int status, json_t *body)
{
    (void)context;
    answered.status = status;
    (void)str_copy(answered.code, sizeof answered.code, json_text_or(body, "code", ""));
    (void)str_copy(answered.message, sizeof answered.message, json_text_or(body, "message", ""));
    answered.uptime = json_int_or(body, "previous_uptime_seconds", -1);
    answered.connections = json_int_or(body, "connections_terminated", -1);
    (void)str_copy(answered.warning, sizeof answered.warning, json_text_or(body, "warning", ""));
    json_decref(body);
}

/* The world as the test says it is. */
static struct world {
    enum reply_class reply;
    struct unit_facts unit;
    struct info_facts info;
    int command_exit;
    const char *command_said;
    enum store_outcome store;
    bool stop_cut, log_empty;
} world;

static void world_is(enum reply_class reply, enum unit_active active, enum unit_result result)
{
    world.reply = reply;
    facts_unit_reset(&world.unit);
    world.unit.active = active;
    world.unit.result = result;
    world.unit.main_pid = active == UNIT_ACTIVE ? PID : 0;
    world.unit.can_reload = TRI_NO;
    world.unit.control_reached = TRI_YES;
}

static void healthy_primary(int64_t replicas)
{
    world = (struct world){.store = STORE_DURABLE};
    world_is(REPLY_PONG, UNIT_ACTIVE, RESULT_SUCCESS);
    facts_info_reset(&world.info);
    world.info.known = true;
    world.info.process_id = PID;
    (void)str_copy(world.info.run_id, sizeof world.info.run_id, "a");
    world.info.role = ROLE_PRIMARY;
    world.info.connected_replicas = replicas;
    world.info.aof_enabled = TRI_NO;
    world.info.loading = TRI_NO;
    world.info.last_save_ok = TRI_YES;
    world.info.save_running = TRI_NO;
    world.info.unsaved_changes = 51;
    world.info.save_points = replicas > 0 ? TRI_NO : TRI_YES;
}

static void answer_redis(struct fixture *f, int64_t now)
{
    size_t count = f->redis_count;
    f->redis_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        bool answers = world.reply == REPLY_PONG;
        a.probe.reply = a.request == REDIS_BGSAVE && answers ? REPLY_OTHER : world.reply;
        facts_info_reset(&a.info);
        if (answers && a.request != REDIS_PING && a.request != REDIS_BGSAVE)
            a.info = world.info;
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
}

static bool acts(enum host_command command)
{
    return command == HOST_START || command == HOST_STOP || command == HOST_RESTART ||
           command == HOST_RELOAD;
}

/* Looks are answered, commands are kept. */
static void answer_host(struct fixture *f, int64_t now)
{
    struct asked kept[FIXTURE_ASKED_MAX];
    size_t count = f->host_count;
    f->host_count = 0;
    memcpy(kept, f->host, count * sizeof kept[0]);
    for (size_t i = 0; i < count; i++) {
        if (acts(kept[i].command)) {
            f->host[f->host_count++] = kept[i];
            continue;
        }
        struct host_outcome o = {
            .id = kept[i].id, .command = kept[i].command, .end = HOST_EXITED, .unit = world.unit};
        o.log.stop_cut = world.stop_cut;
        o.log_empty = world.log_empty;
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
}

static void answer_disk(struct fixture *f, int64_t now)
{
    uint64_t save = f->save, intent = f->intent;
    f->save = f->intent = 0;
    if (save != 0)
        engine_save_ended(f->engine, 0, save, world.store, fixture_at(now));
    if (intent != 0)
        engine_audit_ended(f->engine, 0, intent, AUDIT_DURABLE, fixture_at(now));
}

static int64_t run_until(struct fixture *f, int64_t end)
{
    int64_t now;
    do {
        now = fixture_wake_late(f, 0);
        answer_redis(f, now);
        answer_host(f, now);
        answer_disk(f, now);
    } while (now < end);
    return now;
}

static void operate(struct fixture *f, enum engine_operation operation, bool force, int64_t now)
{
    struct engine_request request = {.operation = operation,
                                     .user = user,
                                     .force = force,
                                     .confirmation = true,
                                     .reason = "new memory",
                                     .answer = note_answer};
    memset(&answered, 0, sizeof answered);
    engine_operate(f->engine, 0, &request, fixture_at(now));
}

/* The command that waits to be carried out. */
static bool sent(const struct fixture *f, enum host_command command)
{
    for (size_t i = 0; i < f->host_count; i++)
        if (f->host[i].command == command)
            return true;
    return false;
}

static void end_command(struct fixture *f, int exit_code, const char *said, int64_t now)
{
    for (size_t i = 0; i < f->host_count; i++) {
        if (!acts(f->host[i].command))
            continue;
        struct host_outcome o = {.id = f->host[i].id,
                                 .command = f->host[i].command,
                                 .end = HOST_EXITED,
                                 .exit_code = exit_code};
        (void)str_copy(o.error, sizeof o.error, said);
        f->host[i] = f->host[--f->host_count];
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
        return;
    }
    fail_msg("no command was sent");
}

static struct service *service_of(struct fixture *f)
{
    return &f->engine->services[0];
}

/* ── start ── */

/* It ran when it was last seen, and may have died since (simulator seed 132978). */
static void a_start_that_might_wipe_replicas_is_refused_while_nobody_can_look(void **state)
{
    struct fixture *f = *state;
    healthy_primary(1);
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_START, false, now);
    for (int64_t end = now + 9000; now < end;) {
        now = fixture_wake_late(f, 0); /* neither Redis nor the host answers */
        answer_disk(f, now);
        assert_false(sent(f, HOST_START));
    }
    assert_int_equal(answered.status, 422);
    assert_non_null(strstr(answered.message, "replicas"));
}

/* It ran when the start was checked; the host was lost while the intent was written (simulator seeds
 * 659501, 1013759). */
static void a_start_is_checked_again_when_its_command_is_about_to_go_out(void **state)
{
    struct fixture *f = *state;
    healthy_primary(1);
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_START, false, now);
    while (f->intent == 0) {
        now = fixture_wake_late(f, 0);
        f->redis_count = 0; /* Redis is silent */
        answer_host(f, now);
        assert_true(now < 30000);
    }
    world_is(REPLY_SILENT, UNIT_UNKNOWN, RESULT_SUCCESS);
    world.unit.control_reached = TRI_NO;
    while (f->host_count == 0)
        now = fixture_wake_late(f, 0);
    answer_host(f, now);
    answer_disk(f, now);
    assert_false(sent(f, HOST_START));
    assert_int_equal(answered.status, 422);
    assert_non_null(strstr(answered.message, "replicas"));
    assert_non_null(strstr(f->outcome.error, "replicas"));
}

static void a_start_that_would_wipe_replicas_is_refused_but_by_force(void **state)
{
    struct fixture *f = *state;
    healthy_primary(1);
    int64_t now = run_until(f, 3000);
    world_is(REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL);
    now = run_until(f, now + 5000);
    assert_int_equal(service_of(f)->cause, CAUSE_CRASHED);
    operate(f, OPERATION_START, false, now);
    now = run_until(f, now + 100);
    assert_int_equal(answered.status, 422);
    assert_non_null(strstr(answered.message, "replicas"));
    assert_false(sent(f, HOST_START));
    operate(f, OPERATION_START, true, now);
    (void)run_until(f, now + 100);
    assert_true(sent(f, HOST_START));
}

static void a_refused_start_ends_at_once_in_the_hosts_words(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    world_is(REPLY_REFUSED, UNIT_INACTIVE, RESULT_SUCCESS);
    service_of(f)->saved.stopped_on_purpose = true;
    now = run_until(f, now + 5000);
    operate(f, OPERATION_START, false, now);
    now = run_until(f, now + 100);
    end_command(f, 1, "Unit redis.service is masked.", now);
    assert_int_equal(answered.status, 0);
    (void)run_until(f, now + 100);
    assert_int_equal(answered.status, 500);
    assert_string_equal(answered.code, "command_failed");
    assert_non_null(strstr(answered.message, "masked"));
    assert_non_null(strstr(f->outcome.error, "masked"));
    assert_true(service_of(f)->saved.stopped_on_purpose);
    assert_non_null(strstr(service_of(f)->guard.command_failed, "masked"));
}

/* ── stop ── */

static void a_refused_stop_ends_at_once_and_leaves_the_desired_state(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_STOP, true, now);
    now = run_until(f, now + 1000); /* the desired state, then the intent */
    assert_true(service_of(f)->saved.stopped_on_purpose);
    assert_string_equal(service_of(f)->saved.stopped_reason, "new memory");
    end_command(f, 1, "sudo: a password is required", now);
    now = run_until(f, now + 100);
    assert_int_equal(answered.status, 500);
    assert_non_null(strstr(answered.message, "password"));
    assert_false(service_of(f)->saved.stopped_on_purpose);
    (void)run_until(f, now + 2000);
    assert_string_equal(service_of(f)->guard.command_failed, ""); /* Redis is well */
}

static void a_stop_that_was_cut_is_no_success_but_holds(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_STOP, true, now);
    now = run_until(f, now + 1000); /* the desired state, then the intent */
    world_is(REPLY_REFUSED, UNIT_FAILED, RESULT_TIMEOUT);
    end_command(f, 0, "", now + 5000);
    (void)run_until(f, now + 5100);
    assert_int_equal(answered.status, 500);
    assert_string_equal(answered.code, "save_cut");
    assert_non_null(strstr(answered.message, "51 changes"));
    assert_true(service_of(f)->saved.stopped_on_purpose);
}

static void a_stop_that_was_cut_lost_nothing_beside_an_append_only_file(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    world.info.aof_enabled = TRI_YES;
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_STOP, true, now);
    now = run_until(f, now + 1000); /* the desired state, then the intent */
    world_is(REPLY_REFUSED, UNIT_FAILED, RESULT_TIMEOUT);
    end_command(f, 0, "", now + 5000);
    (void)run_until(f, now + 5100);
    assert_int_equal(answered.status, 200);
}

/* ── restart ── */

static void restart_taking(struct fixture *f, int64_t took_ms, bool cut, bool log_empty)
{
    healthy_primary(0);
    world.log_empty = log_empty;
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_RESTART, true, now);
    now = run_until(f, now + 100);
    assert_true(sent(f, HOST_RESTART));
    world.unit.main_pid = world.info.process_id = PID + 1;
    (void)str_copy(world.info.run_id, sizeof world.info.run_id, "b");
    world.stop_cut = cut;
    now = run_until(f, now + took_ms); /* the command still runs */
    end_command(f, 0, "", now);
    (void)run_until(f, now + 1000);
}

static void a_restart_whose_stop_was_cut_is_no_success(void **state)
{
    restart_taking(*state, 4000, true, false);
    assert_int_equal(answered.status, 500);
    assert_string_equal(answered.code, "save_cut");
    assert_non_null(strstr(answered.message, "runs again"));
}

static void a_restart_whose_stop_took_long_is_one_when_the_journal_says_so(void **state)
{
    restart_taking(*state, 4000, false, false);
    assert_int_equal(answered.status, 200);
    assert_string_equal(answered.warning, "");
}

static void a_restart_whose_stop_nobody_can_tell_of_is_warned_of(void **state)
{
    restart_taking(*state, 4000, false, true);
    assert_int_equal(answered.status, 200);
    assert_non_null(strstr(answered.warning, "not known"));
}

static void a_restart_whose_save_would_be_cut_is_refused_after_the_save_before_it(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    world.unit.timeout_stop_us = 5000000;
    int64_t now = run_until(f, 3000);
    world.info.last_save_seconds = 9; /* only the save before the command takes that long */
    operate(f, OPERATION_RESTART, false, now);
    service_of(f)->observations.info.last_save_seconds = FACT_UNKNOWN;
    (void)run_until(f, now + 1000);
    assert_int_equal(answered.status, 422);
    assert_non_null(strstr(answered.message, "TimeoutStopSec"));
    assert_false(sent(f, HOST_RESTART));
}

/* ── a stop by others ── */

static int64_t stop_by_hand(struct fixture *f, enum unit_result result)
{
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    world_is(REPLY_PONG, UNIT_DEACTIVATING, RESULT_SUCCESS);
    world.unit.main_pid = PID;
    world.unit.notice = NOTICE_SAVING;
    engine_redis_lost(f->engine, 0, "closed", fixture_at(now));
    now = run_until(f, now + 2000);
    world_is(REPLY_REFUSED, UNIT_FAILED, result);
    return run_until(f, now + 3000);
}

static void a_stop_by_hand_that_was_cut_is_a_stop(void **state)
{
    struct fixture *f = *state;
    int64_t now = stop_by_hand(f, RESULT_TIMEOUT);
    struct service *s = service_of(f);
    assert_int_equal(s->cause, CAUSE_UNIT_STOPPED);
    assert_int_equal(s->recovery.phase, PHASE_GRACE);
    assert_non_null(strstr(f->notice, "51 changes"));
    JSON_CLEANUP json_t *explained = engine_explain_json(f->engine, 0, fixture_at(now));
    assert_false(json_bool_or(explained, "would_act", true));
    assert_string_equal(json_text_or(explained, "action", ""), "start");
    JSON_CLEANUP json_t *recovery = engine_recovery_json(f->engine, 0, fixture_at(now));
    assert_non_null(strstr(json_text_or(recovery, "next_step", ""), "Resus starts it at"));
}

static void a_kill_in_a_stop_by_hand_is_a_stop_too(void **state)
{
    (void)stop_by_hand(*state, RESULT_SIGNAL);
    assert_int_equal(service_of(*state)->cause, CAUSE_UNIT_STOPPED);
}

static void an_exit_with_an_error_in_a_stop_is_a_failure(void **state)
{
    (void)stop_by_hand(*state, RESULT_EXIT_CODE);
    assert_int_not_equal(service_of(*state)->cause, CAUSE_UNIT_STOPPED);
}

/* ── a stop through Resus, and a daemon after it ── */

static void restart_daemon_with_stop(struct fixture *f, void **state, enum stop_seen seen)
{
    fixture_tear_down(state);
    f->saved.stopped_on_purpose = true;
    f->saved.ever_answered = true;
    (void)str_copy(f->saved.address, sizeof f->saved.address, "127.0.0.1:0");
    f->saved.stop_seen = seen;
    assert_int_equal(fixture_restart(f), 0);
}

static void a_stop_seen_by_the_last_daemon_is_over_when_redis_serves(void **state)
{
    struct fixture *f = *state;
    restart_daemon_with_stop(f, state, STOP_SEEN_FAILED);
    healthy_primary(0);
    (void)run_until(f, 3000);
    assert_false(service_of(f)->saved.stopped_on_purpose);
}

static void a_stop_that_was_never_seen_is_not_over_because_redis_serves(void **state)
{
    struct fixture *f = *state;
    restart_daemon_with_stop(f, state, STOP_UNSEEN);
    healthy_primary(0);
    (void)run_until(f, 3000);
    assert_true(service_of(f)->saved.stopped_on_purpose);
}

static bool stop_holds_of_a_killed_unit(void **state, enum stop_seen seen)
{
    struct fixture *f = *state;
    restart_daemon_with_stop(f, state, seen);
    healthy_primary(0);
    world_is(REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL);
    (void)run_until(f, 5000);
    return service_of(f)->saved.stopped_on_purpose;
}

static void a_stopped_redis_that_was_killed_since_has_run_and_the_stop_is_over(void **state)
{
    assert_false(stop_holds_of_a_killed_unit(state, STOP_SEEN_INACTIVE));
}

static void a_redis_that_had_failed_before_its_stop_stays_stopped(void **state)
{
    assert_true(stop_holds_of_a_killed_unit(state, STOP_SEEN_FAILED));
}

/* ── a restart by recovery ── */

static bool restart_of_a_hang(struct fixture *f, int64_t duration_ms)
{
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    world.reply = REPLY_SILENT;
    for (int64_t end = now + 60000; now < end && !sent(f, HOST_RESTART);)
        now = run_until(f, now + 100);
    now = run_until(f, now + duration_ms);
    struct host_outcome o = {
        .command = HOST_RESTART, .end = HOST_EXITED, .duration_ms = duration_ms};
    for (size_t i = 0; i < f->host_count; i++)
        if (f->host[i].command == HOST_RESTART)
            o.id = f->host[i].id;
    assert_int_not_equal(o.id, 0);
    f->host_count = 0;
    world_is(REPLY_PONG, UNIT_ACTIVE, RESULT_SUCCESS);
    world.unit.main_pid = PID + 1;
    world.stop_cut = true;
    f->notice[0] = '\0';
    engine_host_ended(f->engine, 0, &o, fixture_at(now));
    (void)run_until(f, now + 70000);
    assert_string_equal(f->record.result, "success");
    bool said = strstr(f->record.message, "51 changes") != NULL;
    assert_true(said == (strstr(f->told.reason, "51 changes") != NULL));
    assert_true(said == (strstr(f->notice, "51 changes") != NULL));
    assert_true(said == (strstr(f->record.message, "systemctl edit ") != NULL));
    return said;
}

static void what_a_restart_by_recovery_lost_is_in_the_record_the_event_and_the_audit(void **state)
{
    assert_true(restart_of_a_hang(*state, 5000));
}

static void a_short_restart_was_not_cut_whatever_the_journal_says_of_an_older_stop(void **state)
{
    assert_false(restart_of_a_hang(*state, 500));
}

/* ── figures ── */

/* Stopped for 10 s, then restarted: what was known of the process before is said of none. */
static void a_restart_of_what_was_stopped_ends_no_process(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    world.info.uptime_seconds = 5000;
    world.info.connected_clients = 7;
    int64_t now = run_until(f, 3000);
    service_of(f)->saved.stopped_on_purpose = true;
    world_is(REPLY_REFUSED, UNIT_INACTIVE, RESULT_SUCCESS);
    now = run_until(f, now + 10000);
    JSON_CLEANUP json_t *cost =
        engine_preflight_json(f->engine, 0, OPERATION_RESTART, fixture_at(now));
    static const char *const figures[] = {"connections", "unsaved_changes", "last_save_age_seconds",
                                          "last_save_ok", "replicas"};
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++)
        assert_true(json_is_null(json_object_get(cost, figures[i])));
    assert_true(json_is_false(json_object_get(cost, "saves_first")));
    operate(f, OPERATION_RESTART, false, now);
    now = run_until(f, now + 1000);
    world_is(REPLY_PONG, UNIT_ACTIVE, RESULT_SUCCESS);
    world.unit.main_pid = PID + 1;
    world.info.known = false; /* INFO is not answered yet */
    end_command(f, 0, "", now);
    now = run_until(f, now + 1000);
    assert_int_equal(answered.status, 200);
    JSON_CLEANUP json_t *status = engine_status_json(f->engine, 0, fixture_at(now));
    assert_int_equal(json_int_or(status, "pid", 0), PID + 1);
    assert_true(json_is_null(json_object_get(status, "uptime_seconds")));
    assert_true(json_is_null(json_object_get(status, "memory_mb")));
    assert_true(json_is_null(json_object_get(status, "connections")));
    assert_int_equal(answered.uptime, -1);
    assert_int_equal(answered.connections, -1);
}

static void a_restart_says_how_long_the_process_before_was_up_and_how_many_it_served(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    world.info.unsaved_changes = 0;
    world.info.uptime_seconds = 5000;
    world.info.connected_clients = 7;
    int64_t now = run_until(f, 3000);
    operate(f, OPERATION_RESTART, false, now);
    now = run_until(f, now + 1000);
    world.unit.main_pid = PID + 1;
    end_command(f, 0, "", now);
    (void)run_until(f, now + 1000);
    assert_int_equal(answered.status, 200);
    assert_in_range(answered.uptime, 5000, 5002);
    assert_int_equal(answered.connections, 7);
}

/* Silent for a minute: it is still the process that was up for so long, but nobody knows now how
 * many clients it has. */
static void a_restart_of_what_hangs_counts_no_clients(void **state)
{
    struct fixture *f = *state;
    healthy_primary(0);
    world.info.uptime_seconds = 5000;
    world.info.connected_clients = 7;
    int64_t now = run_until(f, 3000);
    service_of(f)->recovery_policy.enabled = false;
    world.reply = REPLY_SILENT;
    now = run_until(f, now + 60000);
    operate(f, OPERATION_RESTART, true, now);
    now = run_until(f, now + 15000);
    world_is(REPLY_PONG, UNIT_ACTIVE, RESULT_SUCCESS);
    world.unit.main_pid = PID + 1;
    end_command(f, 0, "", now);
    (void)run_until(f, now + 7000);
    assert_int_equal(answered.status, 200);
    assert_in_range(answered.uptime, 5058, 5080);
    assert_int_equal(answered.connections, -1);
}

/* ── orders ── */

static int pause_with(struct fixture *f, enum store_outcome outcome, bool answers)
{
    healthy_primary(0);
    int64_t now = run_until(f, 3000);
    world.store = outcome;
    memset(&answered, 0, sizeof answered);
    size_t saves = f->saves;
    const struct engine_order order = {note_answer, NULL};
    engine_pause(f->engine, 0, 600000, &user, "work", &order, fixture_at(now));
    assert_int_not_equal(f->save, 0);
    assert_int_equal(f->saves, saves + 1);
    assert_int_equal(answered.status, 0); /* not before the disk has it */
    if (answers)
        answer_disk(f, now + 1);
    for (int64_t end = now + 6000; now < end && answered.status == 0;)
        now = fixture_wake_late(f, 0);
    assert_true(service_of(f)->saved.paused_until.ms != 0); /* it holds */
    return answered.status;
}

static void an_order_is_confirmed_when_it_is_on_the_disk(void **state)
{
    assert_int_equal(pause_with(*state, STORE_DURABLE, true), 200);
}

static void an_order_that_a_full_disk_does_not_take_is_not_confirmed(void **state)
{
    assert_int_equal(pause_with(*state, STORE_FULL_DISK, true), 503);
    assert_string_equal(answered.code, "not_stored");
    assert_non_null(strstr(answered.message, "full"));
}

static void an_order_is_not_waited_for_for_ever(void **state)
{
    assert_int_equal(pause_with(*state, STORE_DURABLE, false), 503);
    assert_string_equal(answered.code, "not_stored");
}

/* ── control: process ── */

static void a_service_that_resus_runs_and_never_started_is_started_at_once(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->service.control = CONTROL_PROCESS;
    assert_int_equal(fixture_restart(f), 0);
    healthy_primary(0);
    world_is(REPLY_REFUSED, UNIT_INACTIVE, RESULT_SUCCESS);
    (void)run_until(f, 4000);
    assert_true(sent(f, HOST_START));
    assert_int_equal(f->notice_count, 0); /* nobody has stopped it */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_start_that_might_wipe_replicas_is_refused_while_nobody_can_look),
        TEST(a_start_is_checked_again_when_its_command_is_about_to_go_out),
        TEST(a_start_that_would_wipe_replicas_is_refused_but_by_force),
        TEST(a_refused_start_ends_at_once_in_the_hosts_words),
        TEST(a_refused_stop_ends_at_once_and_leaves_the_desired_state),
        TEST(a_stop_that_was_cut_is_no_success_but_holds),
        TEST(a_stop_that_was_cut_lost_nothing_beside_an_append_only_file),
        TEST(a_restart_whose_stop_was_cut_is_no_success),
        TEST(a_restart_whose_stop_took_long_is_one_when_the_journal_says_so),
        TEST(a_restart_whose_stop_nobody_can_tell_of_is_warned_of),
        TEST(a_restart_whose_save_would_be_cut_is_refused_after_the_save_before_it),
        TEST(a_stop_by_hand_that_was_cut_is_a_stop),
        TEST(a_kill_in_a_stop_by_hand_is_a_stop_too),
        TEST(an_exit_with_an_error_in_a_stop_is_a_failure),
        TEST(a_stop_seen_by_the_last_daemon_is_over_when_redis_serves),
        TEST(a_stop_that_was_never_seen_is_not_over_because_redis_serves),
        TEST(a_stopped_redis_that_was_killed_since_has_run_and_the_stop_is_over),
        TEST(a_redis_that_had_failed_before_its_stop_stays_stopped),
        TEST(what_a_restart_by_recovery_lost_is_in_the_record_the_event_and_the_audit),
        TEST(a_short_restart_was_not_cut_whatever_the_journal_says_of_an_older_stop),
        TEST(a_restart_of_what_was_stopped_ends_no_process),
        TEST(a_restart_says_how_long_the_process_before_was_up_and_how_many_it_served),
        TEST(a_restart_of_what_hangs_counts_no_clients),
        TEST(an_order_is_confirmed_when_it_is_on_the_disk),
        TEST(an_order_that_a_full_disk_does_not_take_is_not_confirmed),
        TEST(an_order_is_not_waited_for_for_ever),
        TEST(a_service_that_resus_runs_and_never_started_is_started_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
