/* Requests whose connection or controller went away at a reload end as "not known", and the unit is
 * probed at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

static struct unit_facts unit(enum unit_active active, const char *sub, enum unit_result result)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = active;
    u.result = result;
    u.main_pid = active == UNIT_ACTIVE ? 4711 : 0;
    u.control_reached = TRI_YES;
    (void)str_copy(u.sub, sizeof u.sub, sub);
    return u;
}

/* Answers everything that was asked but commands that act. */
static void answer_all(struct fixture *f, enum reply_class reply, const struct unit_facts *u,
                       int64_t now)
{
    for (size_t i = 0; i < f->redis_count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        a.probe.reply = reply;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    f->redis_count = 0;
    for (size_t i = 0; i < f->host_count; i++) {
        if (host_command_acts(f->host[i].command))
            continue;
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_EXITED, .unit = *u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

static int64_t begin_watch(struct fixture *f, const struct unit_facts *well)
{
    int64_t now = 1000;
    while (now < 5000) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_PONG, well, now);
    }
    return now;
}

static size_t asked(const struct fixture *f, enum host_command command)
{
    size_t n = 0;
    for (size_t i = 0; i < f->host_count; i++)
        n += f->host[i].command == command;
    return n;
}

/* As the world does it when it exchanges both ends: everything under way ends as not known. */
static void lose_everything(struct fixture *f, const struct asked *host, size_t host_count,
                            int64_t now)
{
    struct asked redis[FIXTURE_ASKED_MAX];
    size_t redis_count = f->redis_count;
    memcpy(redis, f->redis, sizeof redis);
    f->redis_count = f->host_count = 0;
    engine_reconfigure(f->engine, &f->settings, fixture_at(now));
    for (size_t i = 0; i < redis_count; i++) {
        struct redis_answer a = {.id = redis[i].id, .request = redis[i].request};
        a.probe.reply = REPLY_NONE;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    for (size_t i = 0; i < host_count; i++) {
        bool acts = host_command_acts(host[i].command);
        struct host_outcome o = {.id = host[i].id,
                                 .command = host[i].command,
                                 .end = acts ? HOST_CUT_OFF : HOST_CANCELLED};
        facts_unit_reset(&o.unit);
        o.unit.control_reached = TRI_NO;
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    engine_reopened(f->engine, 0, fixture_at(now));
}

static void a_lost_look_at_the_unit_says_nothing_and_the_unit_is_asked_for_at_once(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct service *s = &f->engine->services[0];
    int64_t now = begin_watch(f, &well);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    assert_int_equal(asked(f, HOST_STATUS), 1);
    struct asked look = f->host[0];
    lose_everything(f, &look, 1, now);
    assert_int_equal(s->observations.unit.control_reached, TRI_YES);
    assert_int_equal(s->observations.unit.active, UNIT_ACTIVE);
    assert_int_equal(asked(f, HOST_STATUS), 1);
    assert_int_not_equal(f->host[0].id, look.id);
    struct unit_facts dead = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    answer_all(f, REPLY_REFUSED, &dead, now);
    assert_int_not_equal(f->intent, 0);
}

static void look_ends(struct fixture *f, enum host_end end, int64_t now)
{
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {.id = f->host[i].id, .command = f->host[i].command, .end = end};
        facts_unit_reset(&o.unit);
        o.unit.control_reached = TRI_NO;
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

/* Redis' own connection goes through the session that ends. */
static void a_session_that_ends_is_no_host_that_is_lost_until_the_next_one_fails(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct service *s = &f->engine->services[0];
    int64_t now = begin_watch(f, &well);
    for (int round = 0; round < 2; round++) {
        engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
        assert_int_equal(asked(f, HOST_STATUS), 1);
        look_ends(f, HOST_CUT_OFF, now);
        answer_all(f, REPLY_PONG, &well, now);
        assert_int_equal(s->cause, CAUSE_OK);
        while (f->host_count == 0)
            now = fixture_wake_late(f, 0);
        if (round == 0)
            answer_all(f, REPLY_PONG, &well, now);
    }
    look_ends(f, HOST_CUT_OFF, now);
    answer_all(f, REPLY_PONG, &well, now);
    assert_int_equal(s->cause, CAUSE_CONTROL_LOST);
}

/* From a healthy service to a restart that is under way. */
static int64_t begin_restart(struct fixture *f, struct asked *ret_restart)
{
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct unit_facts dead = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    int64_t now = begin_watch(f, &well);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, REPLY_REFUSED, &dead, now);
    assert_int_not_equal(f->intent, 0);
    engine_audit_ended(f->engine, 0, f->intent, AUDIT_DURABLE, fixture_at(now));
    assert_int_equal(asked(f, HOST_RESTART), 1);
    for (size_t i = 0; i < f->host_count; i++)
        if (f->host[i].command == HOST_RESTART)
            *ret_restart = f->host[i];
    return now;
}

static void a_restart_whose_answer_is_lost_is_verified_and_the_next_crash_is_healed(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct unit_facts dead = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    struct asked restart;
    int64_t now = begin_restart(f, &restart);
    lose_everything(f, &restart, 1, now);
    assert_int_equal(s->recovery.phase, PHASE_VERIFYING);
    well.main_pid = 4712;
    answer_all(f, REPLY_PONG, &well, now);
    for (int64_t end = now + 3000; now < end; answer_all(f, REPLY_PONG, &well, now))
        now = fixture_wake_late(f, 0);
    assert_int_equal(s->recovery.phase, PHASE_STABLE);
    assert_int_equal(f->outcome_count, 1);
    assert_true(f->outcome.success);
    struct host_outcome late = {.id = restart.id, .command = HOST_RESTART, .end = HOST_EXITED};
    engine_host_ended(f->engine, 0, &late, fixture_at(now)); /* a second end changes nothing */
    assert_int_equal(s->recovery.phase, PHASE_STABLE);
    f->intent = 0;
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, REPLY_REFUSED, &dead, now);
    for (int64_t end = now + 15000; now < end && f->intent == 0;) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_REFUSED, &dead, now);
    }
    assert_int_not_equal(f->intent, 0);
}

static int answered_status;

static void note_answer(void *context, int status, json_t *body)
{
    (void)context;
    answered_status = status;
    json_decref(body);
}

static void a_persons_restart_whose_answer_is_lost_is_verified_by_looking(void **state)
{
    struct fixture *f = *state;
    static const struct engine_user user = {"ann", "ann@example.org", "admin", "local"};
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct engine_request request = {
        .operation = OPERATION_RESTART, .user = user, .force = true, .answer = note_answer};
    int64_t now = begin_watch(f, &well);
    answered_status = 0;
    f->intent = 0;
    engine_operate(f->engine, 0, &request, fixture_at(now));
    answer_all(f, REPLY_PONG, &well, now);
    engine_audit_ended(f->engine, 0, f->intent, AUDIT_DURABLE, fixture_at(now));
    assert_int_equal(asked(f, HOST_RESTART), 1);
    struct asked restart = f->host[0];
    lose_everything(f, &restart, 1, now);
    assert_int_equal(f->engine->services[0].operation.core.phase, OPERATE_VERIFYING);
    well.main_pid = 4712;
    for (int64_t end = now + 10000; now < end && answered_status == 0;) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_PONG, &well, now);
    }
    assert_int_equal(answered_status, 200);
}

static void a_misconfigured_service_is_asked_nothing_and_never_acted_on(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct engine_request request = {
        .operation = OPERATION_START, .answer = note_answer, .user = {.email = "ann"}};
    engine_misconfigured(f->engine, 0, "f:1:2: no key", fixture_at(1000));
    int64_t now = 1000;
    while (now < 20000)
        now = fixture_wake_late(f, 0);
    for (size_t i = 0; i < f->redis_count; i++) /* the series asks once a step */
        assert_int_equal(f->redis[i].request, REDIS_INFO);
    assert_int_equal(f->host_count, 0);
    assert_int_equal(f->intent, 0);
    assert_string_equal(engine_problem(f->engine, 0), "f:1:2: no key");
    answered_status = 0;
    engine_operate(f->engine, 0, &request, fixture_at(now));
    assert_int_equal(answered_status, 503);
    answered_status = 0;
    engine_refresh(f->engine, 0, note_answer, NULL, fixture_at(now));
    assert_int_equal(answered_status, 200);
    f->redis_count = 0;
    engine_misconfigured(f->engine, 0, NULL, fixture_at(now));
    assert_null(engine_problem(f->engine, 0));
    for (int64_t end = now + 5000; now < end; answer_all(f, REPLY_PONG, &well, now))
        now = fixture_wake_late(f, 0);
    assert_int_equal(f->engine->services[0].cause, CAUSE_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_look_at_the_unit_says_nothing_and_the_unit_is_asked_for_at_once),
        TEST(a_session_that_ends_is_no_host_that_is_lost_until_the_next_one_fails),
        TEST(a_restart_whose_answer_is_lost_is_verified_and_the_next_crash_is_healed),
        TEST(a_persons_restart_whose_answer_is_lost_is_verified_by_looking),
        TEST(a_misconfigured_service_is_asked_nothing_and_never_acted_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
