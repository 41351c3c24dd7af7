#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "io/child.h"
#include "io/clock.h"

struct seen {
    unsigned times;
    enum child_end end;
    int exit_code, signal;
    size_t out_length;
    bool truncated, on_stack;
    char out[512], err[512];
};

static void on_done(void *context, const struct child_result *r)
{
    struct seen *s = context;
    assert_false(s->on_stack);
    s->times++;
    s->end = r->end;
    s->exit_code = r->exit_code;
    s->signal = r->signal;
    s->out_length = r->out_length;
    s->truncated = r->truncated;
    (void)str_copy(s->out, sizeof s->out, r->out);
    (void)str_copy(s->err, sizeof s->err, r->err);
}

static void run(const char *const *argv, int64_t deadline_ms, size_t max, struct seen *s)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct child_options options = {
        .argv = argv, .output_max = max, .deadline = mono_add(clock_mono(), deadline_ms)};
    struct child *child;
    struct error err = {0};
    *s = (struct seen){.on_stack = true};
    if (child_start(&loop, &options, on_done, s, &child, &err) < 0)
        fail_msg("%s", err.text);
    s->on_stack = false;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(s->times, 1);
}

static void test_outputs_and_exit_code_are_told(void **state)
{
    (void)state;
    struct seen s;
    const char *const argv[] = {"sh", "-c", "echo out; echo err >&2; exit 7", NULL};
    run(argv, 20000, 4096, &s);
    assert_int_equal(s.end, CHILD_EXITED);
    assert_int_equal(s.exit_code, 7);
    assert_string_equal(s.out, "out\n");
    assert_string_equal(s.err, "err\n");
}

static void test_the_environment_is_bare(void **state)
{
    (void)state;
    struct seen s;
    assert_int_equal(setenv("RESUS_SECRET", "x", 1), 0);
    const char *const argv[] = {"env", NULL};
    run(argv, 20000, 4096, &s);
    char expected[256];
    (void)str_format(expected, sizeof expected, "LC_ALL=C\nPATH=%s\n", child_path);
    assert_string_equal(s.out, expected);
}

static void test_output_is_cut_and_the_child_still_ends(void **state)
{
    (void)state;
    struct seen s;
    const char *const argv[] = {"head", "-c", "1000000", "/dev/zero", NULL};
    run(argv, 20000, 100, &s);
    assert_int_equal(s.end, CHILD_EXITED);
    assert_true(s.truncated);
    assert_int_equal(s.out_length, 100);
}

static void test_a_signal_is_told(void **state)
{
    (void)state;
    struct seen s;
    const char *const argv[] = {"sh", "-c", "kill -KILL $$", NULL};
    run(argv, 20000, 100, &s);
    assert_int_equal(s.end, CHILD_SIGNALLED);
    assert_int_equal(s.signal, SIGKILL);
}

static void test_the_deadline_ends_it_once(void **state)
{
    (void)state;
    struct seen s;
    const char *const argv[] = {"tail", "-f", "/dev/null", NULL};
    run(argv, 100, 100, &s);
    assert_int_equal(s.end, CHILD_TIMED_OUT);
}

static void test_a_grandchild_that_keeps_the_pipe_does_not_keep_us(void **state)
{
    (void)state;
    struct seen s;
    const char *const argv[] = {"sh", "-c", "timeout 3 tail -f /dev/null & exit 5", NULL};
    run(argv, 500, 100, &s);
    assert_int_equal(s.end, CHILD_EXITED);
    assert_int_equal(s.exit_code, 5);
}

static void test_what_a_group_of_its_own_started_ends_with_it(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    const char *const argv[] = {"sh", "-c", "(sleep 3; echo late) & kill -KILL $$", NULL};
    struct child_options options = {
        .argv = argv, .output_max = 100, .deadline = MONO_NEVER, .group = true};
    struct child *child = NULL;
    struct seen s = {0};
    assert_int_equal(child_start(&loop, &options, on_done, &s, &child, NULL), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(s.end, CHILD_SIGNALLED);
    assert_string_equal(s.out, "");
}

static void test_a_program_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    const char *const argv[] = {"/nonexistent/program", NULL};
    struct child_options options = {.argv = argv, .output_max = 100, .deadline = MONO_NEVER};
    struct child *child = NULL;
    struct error err = {0};
    assert_int_equal(child_start(&loop, &options, on_done, NULL, &child, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/program"));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_an_abandoned_child_is_ended_without_a_word(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    const char *const argv[] = {"tail", "-f", "/dev/null", NULL};
    struct child_options options = {.argv = argv, .output_max = 100, .deadline = MONO_NEVER};
    struct child *child = NULL;
    struct seen s = {0};
    assert_int_equal(child_start(&loop, &options, on_done, &s, &child, NULL), 0);
    child_abandon(child);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* ends when the process has */
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(s.times, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_and_exit_code_are_told),
        cmocka_unit_test(test_the_environment_is_bare),
        cmocka_unit_test(test_output_is_cut_and_the_child_still_ends),
        cmocka_unit_test(test_a_signal_is_told),
        cmocka_unit_test(test_the_deadline_ends_it_once),
        cmocka_unit_test(test_a_grandchild_that_keeps_the_pipe_does_not_keep_us),
        cmocka_unit_test(test_what_a_group_of_its_own_started_ends_with_it),
        cmocka_unit_test(test_a_program_that_is_not_there_is_an_error),
        cmocka_unit_test(test_an_abandoned_child_is_ended_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
