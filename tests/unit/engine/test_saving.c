/* A BGSAVE against failing persistence: its outcome is its result, not that it was begun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine_fixture.h"

/* Answers all but the save and the questions after it: Redis cannot save. */
static void answer_all(struct fixture *f, int64_t now)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = UNIT_ACTIVE;
    u.result = RESULT_SUCCESS;
    u.main_pid = 4711;
    u.control_reached = TRI_YES;
    size_t kept = 0;
    for (size_t i = 0; i < f->redis_count; i++) {
        struct asked asked = f->redis[i];
        if (asked.request == REDIS_BGSAVE || asked.request == REDIS_LASTSAVE_INFO) {
            f->redis[kept++] = asked;
            continue;
        }
        struct redis_answer a = {.id = asked.id, .request = asked.request};
        a.probe.reply = asked.request == REDIS_PING ? REPLY_MISCONF : REPLY_OTHER;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    f->redis_count = kept;
    while (f->host_count > 0) {
        struct asked asked = f->host[--f->host_count];
        struct host_outcome o = {
            .id = asked.id, .command = asked.command, .end = HOST_EXITED, .unit = u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    if (f->intent != 0) {
        uint64_t intent = f->intent;
        f->intent = 0;
        engine_audit_ended(f->engine, 0, intent, AUDIT_DURABLE, fixture_at(now));
    }
}

/* Runs until this is asked; the time. */
static int64_t run_until(struct fixture *f, enum redis_request request)
{
    int64_t now = f->due.ms;
    for (int i = 0; i < 1000; i++) {
        for (size_t k = 0; k < f->redis_count; k++)
            if (f->redis[k].request == request)
                return now;
        now = fixture_wake_late(f, 0);
        answer_all(f, now);
    }
    fail_msg("it is not asked");
    return now;
}

static void tell(struct fixture *f, enum reply_class reply, enum tri runs, enum tri ok, int64_t now)
{
    assert_int_equal(f->redis_count, 1);
    struct redis_answer a = {.id = f->redis[0].id, .request = f->redis[0].request};
    f->redis_count = 0;
    a.probe.reply = reply;
    facts_info_reset(&a.info);
    a.info.save_running = runs;
    a.info.last_save_ok = ok;
    engine_redis_ended(f->engine, 0, &a, fixture_at(now));
}

static int64_t begin_save(struct fixture *f)
{
    int64_t now = run_until(f, REDIS_BGSAVE);
    f->outcome_count = 0;
    tell(f, REPLY_OTHER, TRI_UNKNOWN, TRI_UNKNOWN, now);
    assert_int_equal(f->outcome_count, 0);
    now = run_until(f, REDIS_LASTSAVE_INFO);
    tell(f, REPLY_OTHER, TRI_YES, TRI_NO, now);
    assert_int_equal(f->outcome_count, 0);
    int64_t again = run_until(f, REDIS_LASTSAVE_INFO);
    assert_in_range(again - now, 20, 1000); /* not in a ring without end */
    return again;
}

static void a_save_that_was_begun_and_failed_is_a_failure(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_save(f);
    tell(f, REPLY_OTHER, TRI_NO, TRI_NO, now);
    assert_int_equal(f->outcome_count, 1);
    assert_string_equal(f->outcome.operation, "bgsave");
    assert_false(f->outcome.success);
    assert_non_null(strstr(f->outcome.error, "failed"));
}

static void between_two_tries_nothing_says_that_one_is_made_now(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_save(f);
    JSON_CLEANUP json_t *trying = engine_explain_json(f->engine, 0, fixture_at(now));
    assert_true(json_is_true(json_object_get(trying, "would_act")));
    tell(f, REPLY_OTHER, TRI_NO, TRI_NO, now);
    JSON_CLEANUP json_t *resting = engine_explain_json(f->engine, 0, fixture_at(now));
    assert_false(json_is_true(json_object_get(resting, "would_act")));
    assert_string_equal(json_text_or(resting, "action", ""), "bgsave");
    char *reasons = json_dumps(json_object_get(resting, "reasons"), JSON_COMPACT);
    assert_non_null(strstr(reasons, "Resus tries BGSAVE again in 60 s."));
    free(reasons);
}

static void a_save_is_a_success_when_it_is_on_the_disk(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_save(f);
    tell(f, REPLY_OTHER, TRI_NO, TRI_YES, now);
    assert_int_equal(f->outcome_count, 1);
    assert_true(f->outcome.success);
}

static void a_redis_that_dies_while_it_saves_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_save(f);
    tell(f, REPLY_REFUSED, TRI_UNKNOWN, TRI_UNKNOWN, now);
    assert_int_equal(f->outcome_count, 1);
    assert_false(f->outcome.success);
    assert_non_null(strstr(f->outcome.error, "not known"));
}

static void a_save_that_is_refused_is_told_in_redis_words(void **state)
{
    struct fixture *f = *state;
    int64_t now = run_until(f, REDIS_BGSAVE);
    f->outcome_count = 0;
    tell(f, REPLY_NOPERM, TRI_UNKNOWN, TRI_UNKNOWN, now);
    assert_int_equal(f->outcome_count, 1);
    assert_false(f->outcome.success);
}

static void note_refusal(void *context, int status, json_t *body)
{
    *(int *)context = status;
    json_decref(body);
}

static void a_save_that_runs_does_not_hold_a_person_up(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    struct engine_request request = {.operation = OPERATION_RESTART,
                                     .user = {"root", "root@localhost", "admin", "local"},
                                     .force = true,
                                     .answer = note_refusal,
                                     .context = &status};
    int64_t now = begin_save(f);
    engine_operate(f->engine, 0, &request, fixture_at(now));
    assert_int_equal(status, 0); /* 409 would be on the stack */
    engine_end(f->engine);
    assert_int_equal(status, 503);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_save_that_was_begun_and_failed_is_a_failure),
        TEST(between_two_tries_nothing_says_that_one_is_made_now),
        TEST(a_save_is_a_success_when_it_is_on_the_disk),
        TEST(a_redis_that_dies_while_it_saves_is_not_waited_for),
        TEST(a_save_that_runs_does_not_hold_a_person_up),
        TEST(a_save_that_is_refused_is_told_in_redis_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
