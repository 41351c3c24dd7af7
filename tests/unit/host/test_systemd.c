/* The systemd controller with this machine's own systemctl: whatever it says of a unit that is not
 * there (or that there is no systemd here) is a real answer. What it does to real units is the host
 * suite's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/facts.h"
#include "host/controller.h"
#include "host/process_facts.h"
#include "host/systemctl.h"
#include "io/clock.h"

struct scene {
    uv_loop_t loop;
    struct controller *controller;
    unsigned answered, times[64];
    enum host_end end;
    bool on_stack;
    struct error error;
    struct unit_facts unit;
    int exit_code;
    int64_t pid; /* that HOST_PROCESS is asked for */
    struct process_facts process;
};

static void on_done(void *context, uint64_t id, const struct host_result *r)
{
    struct scene *s = context;
    assert_false(s->on_stack);
    s->end = r->end;
    s->error = r->error;
    s->times[id]++;
    s->answered++;
    s->exit_code = r->exit_code;
    systemctl_parse_result(HOST_STATUS, r, &s->unit);
    process_facts_parse(r->out, r->out_length, s->pid, &s->process);
}

static void begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    struct service_settings *v = calloc(1, sizeof *v);
    assert_non_null(v);
    (void)str_copy(v->id, sizeof v->id, "redis");
    (void)str_copy(v->unit, sizeof v->unit, "resus-test-no-such-unit");
    v->control = CONTROL_SYSTEMD;
    struct error err = {0};
    if (controller_open(&s->loop, NULL, v, on_done, s, &s->controller, &err) < 0)
        fail_msg("%s", err.text);
    (void)str_copy(v->unit, sizeof v->unit, "a b");
    struct controller *none = NULL;
    assert_int_equal(controller_open(&s->loop, NULL, v, on_done, s, &none, &err), -EINVAL);
    assert_null(none);
    free(v);
}

static void end(struct scene *s)
{
    s->controller->ops->close(s->controller);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}

static void ask(struct scene *s, uint64_t id, enum host_command command, int64_t ms)
{
    struct host_request request = {
        .id = id, .command = command, .number = 50, .deadline = mono_add(clock_mono(), ms)};
    s->on_stack = true;
    s->controller->ops->run(s->controller, &request);
    s->on_stack = false;
}

static void ask_process(struct scene *s, uint64_t id, int number)
{
    struct host_request request = {.id = id,
                                   .command = HOST_PROCESS,
                                   .number = number,
                                   .deadline = mono_add(clock_mono(), 20000)};
    s->pid = number;
    s->on_stack = true;
    s->controller->ops->run(s->controller, &request);
    s->on_stack = false;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void wait_answers(struct scene *s, unsigned n)
{
    uv_timer_t timer;
    (void)uv_timer_init(&s->loop, &timer);
    (void)uv_timer_start(&timer, on_tick, 50, 50);
    while (s->answered < n)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void test_a_unit_that_is_not_there_is_never_active(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    ask(&s, 0, HOST_STATUS, 20000);
    wait_answers(&s, 1);
    assert_int_equal(s.end, HOST_EXITED);
    assert_true(s.unit.active == UNIT_NOT_FOUND || s.unit.active == UNIT_UNKNOWN);
    /* Without a systemd here, there is no control either. */
    assert_int_equal(s.unit.control_reached, s.unit.active == UNIT_UNKNOWN ? TRI_NO : TRI_YES);
    assert_true(s.unit.text[0] != '\0');
    end(&s);
}

static void test_extended_commands_are_refused_by_default_and_later(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    ask(&s, 0, HOST_SHOW, 20000);
    ask(&s, 1, HOST_RESET_FAILED, 20000);
    ask(&s, 2, HOST_STATUS, 0);
    wait_answers(&s, 3);
    assert_int_equal(s.end, HOST_NOT_REACHED);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(s.times[i], 1);
    end(&s);
}

static void test_a_process_is_read_also_with_the_default_commands(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    ask_process(&s, 0, (int)getpid());
    wait_answers(&s, 1);
    assert_int_equal(s.end, HOST_EXITED);
    assert_int_equal(s.exit_code, 0);
    assert_int_equal(s.process.pid, getpid());
    assert_true(s.process.state != TASK_UNKNOWN && s.process.cpu_ms >= 0);
    assert_true(s.process.tracer_pid >= 0);
    static const int none[] = {1, 0, -1, HOST_PID_MAX + 1, HOST_PID_MAX};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        ask_process(&s, 1 + i, none[i]);
        wait_answers(&s, 2 + i);
        assert_int_equal(s.end, HOST_EXITED);
        assert_int_equal(s.exit_code, 1);
        assert_int_equal(s.process.pid, 0);
    }
    ask_process(&s, 7, (int)getpid()); /* closing with an answer under way: the sanitizers judge */
    end(&s);
}

static void test_forty_commands_at_once_are_each_answered_once(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    for (unsigned i = 0; i < 40; i++)
        ask(&s, i, HOST_IS_ACTIVE, 60000);
    wait_answers(&s, 40);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(s.times[i], 1);
    end(&s);
}

static void test_a_given_up_command_says_whether_it_was_begun(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    ask(&s, 0, HOST_STATUS, 20000);
    ask(&s, 1, HOST_LOG_TAIL, 20000); /* refused: not among the default commands */
    assert_int_equal(s.controller->ops->give_up(s.controller, 0), HOST_CUT_OFF);
    assert_int_equal(s.controller->ops->give_up(s.controller, 1), HOST_CANCELLED);
    ask(&s, 2, HOST_STATUS, 20000);
    wait_answers(&s, 1);
    assert_int_equal(s.times[2], 1);
    assert_int_equal(s.times[0] + s.times[1], 0);
    end(&s);
}

static void test_closing_with_work_under_way_answers_nothing(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    for (unsigned i = 0; i < 40; i++)
        ask(&s, i, HOST_IS_ACTIVE, 60000);
    end(&s);
    assert_int_equal(s.answered, 0);
}

int main(void)
{
    if (access("/bin/systemctl", X_OK) != 0) {
        (void)printf("1..0 # SKIP systemctl is not installed\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_unit_that_is_not_there_is_never_active),
        cmocka_unit_test(test_extended_commands_are_refused_by_default_and_later),
        cmocka_unit_test(test_a_process_is_read_also_with_the_default_commands),
        cmocka_unit_test(test_forty_commands_at_once_are_each_answered_once),
        cmocka_unit_test(test_a_given_up_command_says_whether_it_was_begun),
        cmocka_unit_test(test_closing_with_work_under_way_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
