/* What the kernel reports about a process: real files, hostile names, cut texts. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "host/process_facts.h"

/* Fields 4 to 52 as Linux 6.1 prints them; 14 and 15 are 1234 and 66. */
#define FIELDS                                                                                     \
    " 1 812 812 0 -1 4194560 3021 0 12 0 1234 66 0 0 20 0 5 0 5210 62783488 2812 "                 \
    "18446744073709551615 1 1 0 0 0 0 0 4097 17610 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
#define STATUS(letter, word, tracer)                                                               \
    "Name:\tredis-server\nUmask:\t0007\nState:\t" letter " (" word ")\nTgid:\t812\nPid:\t812\n"    \
    "PPid:\t1\nTracerPid:\t" tracer "\nUid:\t105\t105\t105\t105\n"

static void parse(const char *text, struct process_facts *p)
{
    process_facts_parse(text, strlen(text), 812, p);
}

static void test_states_time_and_tracer_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum task_state state;
        int64_t tracer;
    } rows[] = {
        {"812 (redis-server) R" FIELDS STATUS("R", "running", "0"), TASK_RUNNING, 0},
        {"812 (redis-server) S" FIELDS STATUS("S", "sleeping", "0"), TASK_SLEEPING, 0},
        {"812 (redis-server) I" FIELDS STATUS("I", "idle", "0"), TASK_SLEEPING, 0},
        {"812 (redis-server) D" FIELDS STATUS("D", "disk sleep", "0"), TASK_BLOCKED, 0},
        {"812 (redis-server) T" FIELDS STATUS("T", "stopped", "0"), TASK_STOPPED, 0},
        {"812 (redis-server) t" FIELDS STATUS("t", "tracing stop", "4711"), TASK_TRACED, 4711},
        {"812 (redis-server) Z" FIELDS STATUS("Z", "zombie", "0"), TASK_ENDED, 0},
        {"812 (redis-server) X" FIELDS STATUS("X", "dead", "0"), TASK_ENDED, 0},
        {"812 (redis-server) P" FIELDS STATUS("P", "parked", "0"), TASK_UNKNOWN, 0},
        /* status could not be read, or is cut */
        {"812 (redis-server) S" FIELDS, TASK_SLEEPING, FACT_UNKNOWN},
        {"812 (redis-server) S" FIELDS "Name:\tx\nTracerPid:\t47", TASK_SLEEPING, FACT_UNKNOWN},
        {"812 (redis-server) S" FIELDS "Name:\tx\nTracerPid:\tnone\n", TASK_SLEEPING, FACT_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct process_facts p;
        parse(rows[i].text, &p);
        assert_int_equal(p.pid, 812);
        assert_int_equal(p.state, rows[i].state);
        assert_int_equal(p.cpu_ms, 13000);
        assert_int_equal(p.tracer_pid, rows[i].tracer);
    }
}

static void test_a_name_of_any_bytes_hides_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a b",
        ") R 1 1 1 1 1",
        "((((((",
        ")))))",
        "",
        "x) T 1 2 3",
        "a\nb",
        "Z) Z Z) Z",
        "kworker/u64:3-events_unbound_with_a_long_name",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char text[1024];
        struct process_facts p;
        (void)snprintf(text, sizeof text, "812 (%s) S%s%s", names[i], FIELDS,
                       STATUS("S", "sleeping", "0"));
        parse(text, &p);
        if (p.pid != 812 || p.state != TASK_SLEEPING || p.cpu_ms != 13000 || p.tracer_pid != 0)
            fail_msg("\"%s\" is read as state %d, %lld ms", names[i], (int)p.state,
                     (long long)p.cpu_ms);
    }
}

static void test_a_time_that_no_process_can_have_used_is_not_known(void **state)
{
    (void)state;
    struct process_facts p;
    parse("812 (redis-server) S 1 812 812 0 -1 4194560 3021 0 12 0 2251799813685248 66 0 0 20\n",
          &p);
    assert_int_equal(p.pid, 812);
    assert_int_equal(p.cpu_ms, FACT_UNKNOWN);
}

static void test_another_process_or_no_text_is_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "812",
        "812 (",
        "812 (redis-server",
        "812 (redis-server)",
        "813 (redis-server) S" FIELDS, /* the number was given to another process */
        "cat: /proc/812/stat: No such file or directory\n",
        "812 redis-server S" FIELDS,
        "99999999999999999999 (redis-server) S" FIELDS,
        "-812 (redis-server) S" FIELDS,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct process_facts p;
        parse(texts[i], &p);
        assert_int_equal(p.pid, 0);
        assert_int_equal(p.state, TASK_UNKNOWN);
        assert_int_equal(p.cpu_ms, FACT_UNKNOWN);
        assert_int_equal(p.tracer_pid, FACT_UNKNOWN);
    }
    struct process_facts p;
    process_facts_parse("1 (systemd) S" FIELDS, strlen("1 (systemd) S" FIELDS), 1, &p);
    assert_int_equal(p.pid, 0);
}

static void test_a_cut_text_says_nothing_wrong(void **state)
{
    (void)state;
    static const char whole[] = "812 (redis-server) t" FIELDS STATUS("t", "tracing stop", "4711");
    for (size_t cut = 0; cut < sizeof whole - 1; cut++) {
        struct process_facts p;
        process_facts_parse(whole, cut, 812, &p);
        assert_true(p.pid == 0 || p.pid == 812);
        assert_true(p.state == TASK_UNKNOWN || p.state == TASK_TRACED);
        assert_true(p.cpu_ms == FACT_UNKNOWN || p.cpu_ms == 13000);
        assert_true(p.tracer_pid == FACT_UNKNOWN || p.tracer_pid == 4711);
    }
}

static void read_real(int64_t pid, struct process_facts *p)
{
    struct buf text = BUF_LIMIT(PROCESS_FACTS_MAX);
    assert_int_equal(process_facts_read(pid, &text), 0);
    process_facts_parse(buf_text(&text), text.length, pid, p);
    buf_free(&text);
}

static void test_a_real_process_is_read(void **state)
{
    (void)state;
    struct process_facts p;
    assert_int_equal(prctl(PR_SET_NAME, "a) Z (b\n"), 0);
    read_real(getpid(), &p);
    assert_int_equal(p.pid, getpid());
    assert_int_equal(p.state, TASK_RUNNING);
    int64_t before = p.cpu_ms;
    assert_true(before >= 0);
    for (volatile unsigned i = 0; p.cpu_ms < before + 50;
         i++) /* work, until the kernel counts it */
        if (i % 1000000 == 0)
            read_real(getpid(), &p);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        for (;;)
            (void)pause();
    int status;
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    read_real(child, &p);
    assert_int_equal(p.state, TASK_STOPPED);
    assert_int_equal(p.tracer_pid, 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    read_real(child, &p);
    assert_int_equal(p.state, TASK_ENDED);
    assert_int_equal(waitpid(child, &status, 0), child);
    struct buf text = BUF_LIMIT(PROCESS_FACTS_MAX);
    assert_int_equal(process_facts_read(child, &text), -ENOENT);
    assert_int_equal(process_facts_read(1, &text), -EINVAL);
    assert_int_equal(process_facts_read(4194305, &text), -EINVAL);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_time_and_tracer_are_read),
        cmocka_unit_test(test_a_name_of_any_bytes_hides_nothing),
        cmocka_unit_test(test_a_time_that_no_process_can_have_used_is_not_known),
        cmocka_unit_test(test_another_process_or_no_text_is_unknown),
        cmocka_unit_test(test_a_cut_text_says_nothing_wrong),
        cmocka_unit_test(test_a_real_process_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
