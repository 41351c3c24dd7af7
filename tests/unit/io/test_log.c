#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "io/log.h"

static int ends[2];
static char got[70000];

static int set_up(void **state)
{
    (void)state;
    if (pipe(ends) < 0)
        return -1;
    log_set_fd(ends[1]);
    log_init(LOG_LEVEL_INFO);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_fd(STDERR_FILENO);
    (void)close(ends[0]);
    return close(ends[1]);
}

static const char *read_log(void)
{
    ssize_t n = read(ends[0], got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = '\0';
    return got;
}

static void levels_go_to_journald_by_prefix_and_lesser_ones_nowhere(void **state)
{
    (void)state;
    log_debug("engine", "unseen");
    log_info("engine", "a=%d", 1);
    log_warning("ssh", "b");
    log_error("store", "c");
    assert_string_equal(read_log(), "<6>engine: a=1\n<4>ssh: b\n<3>store: c\n");
}

static void foreign_text_cannot_forge_a_line_or_a_colour(void **state)
{
    (void)state;
    log_info("redis", "reply=%s", "x\n<3>engine: forged\x1b[31m\xff");
    assert_string_equal(read_log(), "<6>redis: reply=x <3>engine: forged?[31m?\n");
}

static void long_lines_are_cut_and_end(void **state)
{
    (void)state;
    char big[5000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    log_info("area", "%s", big);
    const char *line = read_log();
    assert_true(strlen(line) < LOG_LINE_MAX);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void debugging_puts_the_monotonic_clock_before_every_line(void **state)
{
    (void)state;
    long long seconds;
    char *end = NULL;
    log_init(LOG_LEVEL_DEBUG);
    log_debug("host", "status ended");
    const char *line = read_log();
    assert_true(str_starts(line, "<7>"));
    seconds = strtoll(line + 3, &end, 10);
    assert_int_equal(*end, '.');
    assert_in_range(strtol(end + 1, &end, 10), 0, 999999);
    assert_string_equal(end, " host: status ended\n");
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    assert_true(seconds <= now.tv_sec && now.tv_sec - seconds < 60);
}

#define THREADS 4
#define LINES 100

static void *write_lines(void *context)
{
    for (int i = 0; i < LINES; i++)
        log_info("thread", "%d %d", (int)(intptr_t)context, i);
    return NULL;
}

static void lines_of_several_threads_never_mix(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    int count = 0;
    char *rest = NULL;
    (void)read_log();
    for (char *line = strtok_r(got, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        assert_true(str_starts(line, "<6>thread: "));
        assert_true(strlen(line) <= strlen("<6>thread: 0 99"));
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(levels_go_to_journald_by_prefix_and_lesser_ones_nowhere),
        TEST(foreign_text_cannot_forge_a_line_or_a_colour),
        TEST(long_lines_are_cut_and_end),
        TEST(debugging_puts_the_monotonic_clock_before_every_line),
        TEST(lines_of_several_threads_never_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
