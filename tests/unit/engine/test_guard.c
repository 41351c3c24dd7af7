/* What the engine knows of its right to act, before it is needed and when the host refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

#define ALL                                                                                        \
    "    (ALL) NOPASSWD: /bin/systemctl start redis-server\n"                                      \
    "    (ALL) NOPASSWD: /bin/systemctl restart redis-server\n"                                    \
    "    (ALL) NOPASSWD: /bin/systemctl reload redis-server\n"
#define NO_RESTART                                                                                 \
    "    (ALL) NOPASSWD: /bin/systemctl start redis-server\n"                                      \
    "    (ALL) NOPASSWD: /bin/systemctl reload redis-server\n"

/* The host as it answers: what sudo lists, what it refuses, and the unit. */
static struct {
    const char *listed, *error, *text;
    enum host_refusal refusal;
    enum log_class logged;
    struct unit_facts unit;
    enum reply_class reply, to_kill;
    int kills; /* asked for */
} host;

static int set_up(void **state)
{
    host.listed = ALL;
    host.error = host.text = "";
    host.refusal = HOST_NOT_REFUSED;
    host.logged = LOG_NONE;
    host.reply = REPLY_PONG;
    host.kills = 0;
    facts_unit_reset(&host.unit);
    host.unit.active = UNIT_ACTIVE;
    host.unit.main_pid = 4711;
    host.unit.control_reached = TRI_YES;
    if (fixture_set_up(state) < 0)
        return -1;
    struct fixture *f = *state;
    (void)str_copy(f->service.unit, sizeof f->service.unit, "redis-server");
    (void)str_copy(f->service.log_file, sizeof f->service.log_file, "/var/log/redis.log");
    f->service.control = CONTROL_SSH;
    (void)str_copy(f->service.ssh.user, sizeof f->service.ssh.user, "autobot");
    return 0;
}

static void answer_host(struct fixture *f, const struct asked *a, int64_t now)
{
    struct host_outcome o = {
        .id = a->id, .command = a->command, .end = HOST_EXITED, .unit = host.unit};
    if (a->command == HOST_JOURNAL)
        o.log.class = host.logged;
    if (a->command == HOST_SUDO_LIST) {
        o.out = host.listed;
        o.out_length = strlen(host.listed);
        o.exit_code = host.listed[0] == '\0';
    }
    if (host_command_acts(a->command) || a->command == HOST_SUDO_LIST)
        (void)str_copy(o.error, sizeof o.error, host.error);
    if (host_command_acts(a->command) && host.refusal != HOST_NOT_REFUSED) {
        o.refusal = host.refusal;
        o.exit_code = 1;
    }
    engine_host_ended(f->engine, 0, &o, fixture_at(now));
}

/* Answers everything that was asked so far, and what that leads to. */
static void answer_all(struct fixture *f, int64_t now)
{
    while (f->redis_count + f->host_count > 0 || f->intent != 0) {
        struct asked redis[FIXTURE_ASKED_MAX], commands[FIXTURE_ASKED_MAX];
        size_t redis_count = f->redis_count, host_count = f->host_count;
        memcpy(redis, f->redis, sizeof redis);
        memcpy(commands, f->host, sizeof commands);
        f->redis_count = f->host_count = 0;
        for (size_t i = 0; i < redis_count; i++) {
            struct redis_answer a = {.id = redis[i].id, .request = redis[i].request};
            bool kill = a.request == REDIS_SCRIPT_KILL || a.request == REDIS_FUNCTION_KILL;
            host.kills += a.request == REDIS_SCRIPT_KILL;
            a.probe.reply = kill ? host.to_kill : host.reply;
            (void)str_copy(a.probe.text, sizeof a.probe.text, host.text);
            facts_info_reset(&a.info);
            engine_redis_ended(f->engine, 0, &a, fixture_at(now));
        }
        for (size_t i = 0; i < host_count; i++)
            answer_host(f, &commands[i], now);
        uint64_t intent = f->intent;
        f->intent = 0;
        if (intent != 0)
            engine_audit_ended(f->engine, 0, intent, AUDIT_DURABLE, fixture_at(now));
    }
}

static int64_t run_until(struct fixture *f, int64_t until)
{
    int64_t now = 1000;
    while (now < until) {
        now = fixture_wake_late(f, 0);
        answer_all(f, now);
    }
    return now;
}

static void kill_redis(struct fixture *f, int64_t now, enum unit_result result)
{
    host.reply = REPLY_REFUSED;
    host.unit.active = UNIT_FAILED;
    host.unit.result = result;
    host.unit.main_pid = 0;
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, now);
}

static void expect_guard(struct fixture *f, int64_t now, const char *code, const char *text)
{
    JSON_CLEANUP json_t *status = engine_status_json(f->engine, 0, fixture_at(now));
    const json_t *open = json_object_get(status, "not_guarded");
    assert_string_equal(json_text_or(open, "reason_code", ""), code);
    assert_non_null(strstr(json_text_or(open, "text", ""), text));
    JSON_CLEANUP json_t *list = engine_services_json(f->engine, fixture_at(now));
    const json_t *item = json_array_get(json_object_get(list, "items"), 0);
    assert_true(json_equal(json_object_get(item, "not_guarded"), open));
    struct engine_figures figures;
    engine_figures(f->engine, 0, fixture_at(now), &figures);
    assert_int_equal(figures.guarded, code[0] == '\0');
}

/* The cause's row says that the kernel killed it, which would be untrue. */
static void the_history_says_what_was_seen(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    host.logged = LOG_OUT_OF_MEMORY;
    kill_redis(f, now, RESULT_EXIT_CODE);
    now = run_until(f, now + 2000);
    assert_true(f->record_count > 0);
    assert_string_equal(f->record.cause, "oom_killed");
    assert_non_null(strstr(f->record.message, "Redis ended itself"));
    host.reply = REPLY_PONG;
    host.unit.active = UNIT_ACTIVE;
    host.unit.main_pid = 4712;
    (void)run_until(f, now + 15000);
    assert_string_equal(f->record.result, "by_itself");
    assert_non_null(strstr(f->record.message, "Redis ended itself"));
}

static void with_all_rights_it_is_guarded(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    expect_guard(f, now, "", "");
    assert_int_equal(f->engine->services[0].guard.rights, TRI_YES);
}

static void a_missing_right_is_known_while_all_is_well(void **state)
{
    struct fixture *f = *state;
    host.listed = NO_RESTART;
    int64_t now = run_until(f, 5000);
    expect_guard(f, now, "cannot_act", "/bin/systemctl restart redis-server");
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(now));
    assert_string_equal(json_text_or(health, "overall_status", ""), "healthy");
    const json_t *recovery = json_object_get(health, "auto_recovery");
    assert_string_equal(json_text_or(json_object_get(recovery, "withheld"), "reason_code", ""),
                        "cannot_act");
    assert_non_null(strstr(f->notice, "sudo does not allow autobot"));
    host.listed = ALL;
    now = run_until(f, 400000);
    expect_guard(f, now, "", "");
}

static void no_rule_at_all_is_told_in_sudos_words(void **state)
{
    struct fixture *f = *state;
    host.listed = "";
    host.error = "sudo: a password is required";
    int64_t now = run_until(f, 5000);
    expect_guard(f, now, "cannot_act", "a password is required");
}

/* It runs on, so nothing else shows it; the next failure could not be treated. */
static void a_running_unit_that_systemd_would_not_start_again_is_not_guarded(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    host.unit.removed = true;
    now = run_until(f, now + 65000);
    expect_guard(f, now, "cannot_act", "systemctl daemon-reload");
    assert_non_null(strstr(f->notice, "redis-server"));
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(now));
    assert_string_equal(json_text_or(health, "overall_status", ""), "healthy");
    host.unit.removed = false;
    host.unit.masked = true;
    now = run_until(f, now + 65000);
    expect_guard(f, now, "cannot_act", "systemctl unmask redis-server");
    host.unit.masked = false;
    now = run_until(f, now + 65000);
    expect_guard(f, now, "", "");
    assert_string_equal(f->notice, "Resus may act on the host again.");
}

static void root_and_a_process_of_ours_need_no_sudo(void **state)
{
    struct fixture *f = *state;
    host.listed = "";
    (void)str_copy(f->service.ssh.user, sizeof f->service.ssh.user, "root");
    int64_t now = run_until(f, 5000);
    expect_guard(f, now, "", "");
    assert_int_equal(f->engine->services[0].guard.due.ms, MONO_NEVER.ms);
}

static void what_the_host_refuses_is_no_attempt_and_the_headline(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    host.refusal = HOST_REFUSED_SUDO;
    host.error = "sudo: a password is required";
    kill_redis(f, now, RESULT_SIGNAL);
    now = run_until(f, now + 3000);
    struct service *s = &f->engine->services[0];
    assert_int_equal(s->recovery.attempts, 0);
    assert_int_equal(f->refused_count, 2); /* restart, then start */
    assert_int_equal(f->outcome_count, 0);
    assert_true(s->recovery.needs_human);
    JSON_CLEANUP json_t *recovery = engine_recovery_json(f->engine, 0, fixture_at(now));
    assert_int_equal(json_int_or(recovery, "recent_recoveries", -1), 0);
    assert_true(json_is_null(json_object_get(recovery, "last_recovery")));
    expect_guard(f, now, "cannot_act", "sudo refuses `systemctl");
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(now));
    const json_t *evidence = json_object_get(json_object_get(health, "cause"), "evidence");
    bool seen = false;
    for (size_t i = 0; i < json_array_size(evidence); i++)
        seen |= strstr(json_string_value(json_array_get(evidence, i)), "sudo refuses") != NULL;
    assert_true(seen);
    /* The next try is a minute away, and no attempt either. */
    now = run_until(f, now + 30000);
    assert_int_equal(f->refused_count, 2);
    now = run_until(f, now + 60000);
    assert_in_range(f->refused_count, 3, 4);
    assert_int_equal(s->recovery.attempts, 0);
    /* A command that is run and fails was not refused. */
    struct guard kept = s->guard;
    struct host_outcome ran = {
        .command = HOST_RELOAD, .end = HOST_EXITED, .exit_code = 1, .refusal = HOST_NOT_REFUSED};
    guard_command_ended(s, "a command", &ran, recover_end_of(&ran), fixture_at(now));
    assert_string_not_equal(s->guard.refused, "");
    ran.command = kept.refused_command;
    guard_command_ended(s, "a command", &ran, recover_end_of(&ran), fixture_at(now));
    assert_string_equal(s->guard.refused, "");
    s->guard = kept;
    /* The rights are back. */
    host.refusal = HOST_NOT_REFUSED;
    host.error = "";
    host.reply = REPLY_PONG;
    host.unit.active = UNIT_ACTIVE;
    host.unit.result = RESULT_SUCCESS;
    host.unit.main_pid = 4712;
    now = run_until(f, now + 10000);
    expect_guard(f, now, "", "");
}

static void a_login_that_runs_nothing_is_not_reached(void **state)
{
    (void)state;
    struct host_outcome o = {.end = HOST_EXITED, .exit_code = 1, .refusal = HOST_REFUSED_LOGIN};
    assert_int_equal(recover_end_of(&o), ACTION_NOT_REACHED);
    o.refusal = HOST_REFUSED_MASKED;
    assert_int_equal(recover_end_of(&o), ACTION_REFUSED);
    o.refusal = HOST_NOT_REFUSED;
    assert_int_equal(recover_end_of(&o), ACTION_FAILED);
}

static void an_expired_certificate_calls_a_human(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    host.reply = REPLY_TLS_FAILED;
    host.text = "the certificate of Redis: certificate has expired";
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, now);
    now = run_until(f, now + 3000);
    const struct service *s = &f->engine->services[0];
    assert_int_equal(s->cause, CAUSE_ACCESS_REFUSED);
    assert_true(s->recovery.needs_human);
    assert_int_equal(f->outcome_count, 0);
}

static int64_t runs_a_script(struct fixture *f, int64_t now, enum reply_class to_kill)
{
    host.reply = REPLY_BUSY;
    host.to_kill = to_kill;
    return run_until(f, now + 15000);
}

/* Redis says no: that is no attempt, and three of them open no breaker. */
static void a_script_that_redis_does_not_let_us_end_counts_for_nothing(void **state)
{
    static const struct {
        enum reply_class to_kill;
        const char *words;
    } rows[] = {
        {REPLY_NOPERM, "NOPERM this user has no permissions to run 'script|kill'"},
        {REPLY_BUSY, "BUSY Redis is busy running a module command"},
        {REPLY_UNKILLABLE, "UNKILLABLE Sorry the script already executed write commands"},
    };
    struct fixture *f = *state;
    const struct service *s = &f->engine->services[0];
    int64_t now = run_until(f, 5000);
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
        const char *words = host.text = rows[i / 2].words;
        int before = host.kills;
        now = runs_a_script(f, now, rows[i / 2].to_kill);
        assert_int_equal(s->cause, CAUSE_BUSY_SCRIPT);
        assert_int_equal(host.kills, before + 1);
        assert_int_equal(s->recovery.attempts, 0);
        assert_int_equal(f->outcome_count, 0);
        assert_non_null(strstr(f->told.reason, "busy_script: "));
        assert_string_equal(f->record.result, "needs_human");
        assert_true(s->recovery.needs_human);
        JSON_CLEANUP json_t *explained = engine_explain_json(f->engine, 0, fixture_at(now));
        assert_false(json_is_true(json_object_get(explained, "would_act")));
        char *reasons = json_dumps(json_object_get(explained, "reasons"), JSON_COMPACT);
        if (rows[i / 2].to_kill == REPLY_UNKILLABLE)
            assert_non_null(strstr(reasons, "could not end the script"));
        else
            assert_non_null(strstr(reasons, words));
        free(reasons);
        host.reply = REPLY_PONG;
        host.text = "";
        now = run_until(f, now + 15000);
        assert_false(s->recovery.needs_human);
        assert_int_equal(s->guard.refused[0] + s->guard.script[0], '\0');
    }
    assert_int_equal(s->recovery.breaker.times[0].ms, 0);
}

/* What the host says, of a person's command too, is no word on the script, and the other way. */
static void the_script_and_the_host_have_a_refusal_each(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    int64_t now = run_until(f, 5000);
    host.text = "NOPERM this user has no permissions";
    now = runs_a_script(f, now, REPLY_NOPERM);
    struct host_outcome commands[] = {
        {.command = HOST_START, .end = HOST_EXITED},
        {.command = HOST_RELOAD, .end = HOST_EXITED, .exit_code = 1, .refusal = HOST_REFUSED_SUDO},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        guard_command_ended(s, "a command", &commands[i], recover_end_of(&commands[i]),
                            fixture_at(now));
        expect_guard(f, now, "cannot_act", host.text);
    }
    host.reply = REPLY_PONG;
    host.text = "";
    (void)run_until(f, now + 15000);
    assert_non_null(strstr(s->guard.refused, "sudo refuses"));
}

/* The right is given: it is tried again, later each time. */
static void what_redis_has_refused_is_tried_again(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, 5000);
    host.text = "NOPERM this user has no permissions";
    now = runs_a_script(f, now, REPLY_NOPERM);
    assert_int_equal(host.kills, 1);
    host.to_kill = REPLY_OTHER;
    (void)run_until(f, now + 60000);
    assert_int_equal(host.kills, 2);
}

static void a_pause_is_named_although_the_breaker_is_open(void **state)
{
    static const char *const where[] = {"resus recovery reset", "resus resume"};
    struct fixture *f = *state;
    const struct engine_user user = {.email = "alice"};
    int64_t now = run_until(f, 5000);
    struct recovery *r = &f->engine->services[0].recovery;
    r->breaker.open = true;
    r->phase = PHASE_EXHAUSTED;
    r->deadline = MONO_NEVER;
    engine_pause(f->engine, 0, 600000, &user, "test", NULL, fixture_at(now));
    for (size_t i = 0; i < ARRAY_LENGTH(where); i++)
        expect_guard(f, now, "breaker_open", where[i]);
    JSON_CLEANUP json_t *answer = engine_recovery_json(f->engine, 0, fixture_at(now));
    JSON_CLEANUP json_t *explained = engine_explain_json(f->engine, 0, fixture_at(now));
    char *texts[] = {json_dumps(answer, JSON_COMPACT), json_dumps(explained, JSON_COMPACT)};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_non_null(strstr(texts[i], "paused as well"));
        free(texts[i]);
    }
    engine_resume(f->engine, 0, &user, "test", NULL, fixture_at(now));
    JSON_CLEANUP json_t *status = engine_status_json(f->engine, 0, fixture_at(now));
    assert_null(strstr(json_text_or(json_object_get(status, "not_guarded"), "text", ""), "paused"));
}

static void an_alias_is_named(void **state)
{
    struct fixture *f = *state;
    (void)str_copy(host.unit.id, sizeof host.unit.id, "valkey-server.service");
    int64_t now = run_until(f, 5000);
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(now));
    char *text = json_dumps(json_object_get(health, "cause"), JSON_COMPACT);
    assert_non_null(strstr(text, "redis-server is an alias of valkey-server.service"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_all_rights_it_is_guarded, set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_right_is_known_while_all_is_well, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(no_rule_at_all_is_told_in_sudos_words, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            a_running_unit_that_systemd_would_not_start_again_is_not_guarded, set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(root_and_a_process_of_ours_need_no_sudo, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(what_the_host_refuses_is_no_attempt_and_the_headline,
                                        set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_script_that_redis_does_not_let_us_end_counts_for_nothing,
                                        set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(the_script_and_the_host_have_a_refusal_each, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(what_redis_has_refused_is_tried_again, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_login_that_runs_nothing_is_not_reached, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(an_expired_certificate_calls_a_human, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(the_history_says_what_was_seen, set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_pause_is_named_although_the_breaker_is_open, set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(an_alias_is_named, set_up, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
