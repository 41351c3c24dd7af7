/* An occurrence of a maintenance window: every cell of the table, and whole lives with clocks that
 * jump and daemons that stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "core/window.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define STARTS (INT64_C(1800000000000))
#define LENGTH (2 * HOUR)

static const struct window_policy usual = {{48, 24, 1}, 3};
static const struct window_policy silent;

/* The monotonic clock stands at 1000 h when the wall clock stands at the start. */
static struct now clock_at(int64_t from_start)
{
    return (struct now){.mono = {1000 * HOUR + from_start}, .wall = {STARTS + from_start}};
}

/* The effects as text, so that a whole answer is compared at once. */
static const char *say(const struct window_effects *e)
{
    static const char *const kinds[] = {"save",       "announce", "banner-on", "ask",   "verify",
                                        "banner-off", "summary",  "missed",    "refuse"};
    static const char *const notices[] = {"first", "reminder", "changed", "cancelled"};
    static const char *const verified[] = {"unverified", "well", "not-well"};
    static char text[256];
    size_t used = 0;
    assert_int_equal(ARRAY_LENGTH(kinds), WINDOW_EFFECT_KIND_COUNT);
    assert_int_equal(ARRAY_LENGTH(notices), WINDOW_NOTICE_COUNT);
    text[0] = '\0';
    for (size_t i = 0; i < e->count; i++) {
        const struct window_effect *x = &e->items[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ",
                                 kinds[x->kind]);
        if (x->kind == WINDOW_ANNOUNCE)
            used += (size_t)snprintf(text + used, sizeof text - used, ":%s:%d", notices[x->notice],
                                     x->hours);
        if (x->kind == WINDOW_SUMMARY)
            used += (size_t)snprintf(text + used, sizeof text - used, ":%s", verified[x->verified]);
        if (x->kind == WINDOW_REFUSE)
            used += (size_t)snprintf(text + used, sizeof text - used, ":%d", x->refusal);
    }
    return text;
}

static const char *tick(struct window *w, const struct window_policy *policy, int64_t from_start)
{
    struct window_effects out;
    struct now now = clock_at(from_start);
    window_tick(w, policy, &now, &out);
    return say(&out);
}

static const char *order(struct window *w, struct window_input input, int64_t from_start)
{
    struct window_effects out;
    struct now now = clock_at(from_start);
    window_event(w, &usual, &input, &now, &out);
    return say(&out);
}

static struct window fresh(void)
{
    struct window w;
    window_init(&w, (wall_ms){STARTS}, (wall_ms){STARTS + LENGTH});
    return w;
}

static struct window in_phase(enum window_phase phase)
{
    struct window w = fresh();
    if (phase == WINDOW_PLANNED)
        return w;
    (void)tick(&w, &usual, -2 * HOUR);
    if (phase == WINDOW_CANCELLED)
        (void)order(&w, (struct window_input){.event = WINDOW_CANCEL}, -HOUR);
    if (phase == WINDOW_ANNOUNCED || phase == WINDOW_CANCELLED)
        return w;
    (void)tick(&w, &usual, 0);
    if (phase == WINDOW_OPEN)
        return w;
    (void)tick(&w, &usual, LENGTH);
    if (phase == WINDOW_VERIFYING)
        return w;
    (void)order(&w, (struct window_input){.event = WINDOW_VERIFIED, .verified = WINDOW_WELL},
                LENGTH + MINUTE);
    return w;
}

/* One row a phase, one column an event in the order of the enum: the next phase and the answer, at
 * half an hour after the start. Written out so that a change of the table is a change here too. */
static const struct {
    enum window_phase next;
    const char *answer;
} expected[WINDOW_PHASE_COUNT][WINDOW_EVENT_COUNT] = {
    /* BEGIN, EXTEND, FINISH, CHANGE, CANCEL, VERIFIED,
     * NOTICE_DUE, START_DUE, PASSED, ASK_DUE, END_DUE, VERIFY_LATE */
    {{WINDOW_OPEN, "save announce:first:0 banner-on"},
     {WINDOW_PLANNED, "refuse:1"},
     {WINDOW_PLANNED, "refuse:1"},
     {WINDOW_PLANNED, "save"},
     {WINDOW_CANCELLED, "save"},
     {WINDOW_PLANNED, ""},
     {WINDOW_ANNOUNCED, "save announce:first:1"},
     {WINDOW_OPEN, "save announce:first:0 banner-on"},
     {WINDOW_ENDED, "save missed"},
     {WINDOW_PLANNED, ""},
     {WINDOW_PLANNED, ""},
     {WINDOW_PLANNED, ""}},
    {{WINDOW_OPEN, "save announce:changed:0 banner-on"},
     {WINDOW_ANNOUNCED, "refuse:1"},
     {WINDOW_ANNOUNCED, "refuse:1"},
     {WINDOW_ANNOUNCED, "save announce:changed:1"},
     {WINDOW_CANCELLED, "save announce:cancelled:24"},
     {WINDOW_ANNOUNCED, ""},
     {WINDOW_ANNOUNCED, "save announce:reminder:1"},
     {WINDOW_OPEN, "save banner-on"},
     {WINDOW_ENDED, "save missed"},
     {WINDOW_ANNOUNCED, ""},
     {WINDOW_ANNOUNCED, ""},
     {WINDOW_ANNOUNCED, ""}},
    {{WINDOW_OPEN, "refuse:2"},
     {WINDOW_OPEN, "save announce:changed:0"},
     {WINDOW_VERIFYING, "save verify"},
     {WINDOW_OPEN, "refuse:2"},
     {WINDOW_OPEN, "refuse:2"},
     {WINDOW_OPEN, ""},
     {WINDOW_OPEN, ""},
     {WINDOW_OPEN, ""},
     {WINDOW_OPEN, ""},
     {WINDOW_OPEN, "save ask"},
     {WINDOW_VERIFYING, "save verify"},
     {WINDOW_OPEN, ""}},
    {{WINDOW_VERIFYING, "refuse:3"},
     {WINDOW_VERIFYING, "refuse:3"},
     {WINDOW_VERIFYING, ""},
     {WINDOW_VERIFYING, "refuse:3"},
     {WINDOW_VERIFYING, "refuse:3"},
     {WINDOW_ENDED, "save banner-off summary:not-well"},
     {WINDOW_VERIFYING, ""},
     {WINDOW_VERIFYING, ""},
     {WINDOW_VERIFYING, ""},
     {WINDOW_VERIFYING, ""},
     {WINDOW_VERIFYING, ""},
     {WINDOW_ENDED, "save banner-off summary:unverified"}},
    {{WINDOW_ENDED, "refuse:3"},
     {WINDOW_ENDED, "refuse:3"},
     {WINDOW_ENDED, "refuse:3"},
     {WINDOW_ENDED, "refuse:3"},
     {WINDOW_ENDED, "refuse:3"},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""},
     {WINDOW_ENDED, ""}},
    {{WINDOW_CANCELLED, "refuse:4"},
     {WINDOW_CANCELLED, "refuse:4"},
     {WINDOW_CANCELLED, "refuse:4"},
     {WINDOW_CANCELLED, "refuse:4"},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""},
     {WINDOW_CANCELLED, ""}},
};

static void every_cell_is_as_written_here(void **state)
{
    (void)state;
    for (int phase = 0; phase < WINDOW_PHASE_COUNT; phase++)
        for (int event = 0; event < WINDOW_EVENT_COUNT; event++) {
            struct window w = in_phase((enum window_phase)phase);
            assert_int_equal(w.phase, phase);
            struct window before = w;
            const char *answer = order(&w,
                                       (struct window_input){.event = (enum window_event)event,
                                                             .extend_ms = HOUR,
                                                             .starts = {STARTS + HOUR},
                                                             .ends = {STARTS + 2 * HOUR},
                                                             .verified = WINDOW_NOT_WELL},
                                       HOUR / 2);
            if (w.phase != expected[phase][event].next ||
                strcmp(answer, expected[phase][event].answer) != 0)
                fail_msg("%s, event %d: %s, \"%s\"", window_phase_word((enum window_phase)phase),
                         event, window_phase_word(w.phase), answer);
            /* What changes nothing leaves nothing to save, and the other way round. */
            if (strncmp(answer, "save", 4) != 0)
                assert_memory_equal(&before, &w, sizeof w);
        }
}

static void no_phase_is_left_for_an_earlier_one(void **state)
{
    (void)state;
    static const int order_of[WINDOW_PHASE_COUNT] = {0, 1, 2, 3, 4, 4};
    for (int phase = 0; phase < WINDOW_PHASE_COUNT; phase++)
        for (int event = 0; event < WINDOW_EVENT_COUNT; event++) {
            enum window_phase next = expected[phase][event].next;
            assert_true(next == (enum window_phase)phase || order_of[next] > order_of[phase]);
        }
}

static void a_whole_life_is_announced_opened_asked_verified_and_summed_up(void **state)
{
    (void)state;
    struct window w = fresh();
    assert_string_equal(tick(&w, &usual, -60 * HOUR), "");
    assert_string_equal(tick(&w, &usual, -48 * HOUR - 1), "");
    assert_string_equal(tick(&w, &usual, -48 * HOUR), "save announce:first:48");
    assert_string_equal(tick(&w, &usual, -47 * HOUR), "");
    assert_string_equal(tick(&w, &usual, -24 * HOUR), "save announce:reminder:24");
    assert_string_equal(tick(&w, &usual, -HOUR), "save announce:reminder:1");
    assert_false(window_holds(&w));
    assert_string_equal(tick(&w, &usual, -1), "");
    assert_string_equal(tick(&w, &usual, 0), "save banner-on");
    assert_true(window_holds(&w));
    assert_string_equal(tick(&w, &usual, LENGTH - 10 * MINUTE - 1), "");
    assert_string_equal(tick(&w, &usual, LENGTH - 10 * MINUTE), "save ask");
    assert_string_equal(tick(&w, &usual, LENGTH - 1), "");
    assert_string_equal(tick(&w, &usual, LENGTH), "save verify");
    assert_true(window_holds(&w));
    assert_string_equal(tick(&w, &usual, LENGTH + 5 * MINUTE - 1), "");
    assert_string_equal(tick(&w, &usual, LENGTH + 5 * MINUTE),
                        "save banner-off summary:unverified");
    assert_false(window_holds(&w));
    assert_string_equal(tick(&w, &usual, 1000 * HOUR), "");
    assert_int_equal(w.sequence, 0);
    assert_int_equal(w.opened.ms, STARTS);
    assert_int_equal(w.closed.ms, STARTS + LENGTH);
}

/* The time until the next tick is exact: not a millisecond sooner is anything due. */
static void the_wake_is_when_something_is_due(void **state)
{
    (void)state;
    struct window w = fresh();
    int64_t t = -100 * HOUR;
    int steps = 0;
    for (;;) {
        struct window_effects out;
        struct now now = clock_at(t);
        window_tick(&w, &usual, &now, &out);
        if (out.wake_ms == WINDOW_NO_WAKE)
            break;
        assert_true(out.wake_ms > 0);
        struct window before = w;
        if (out.wake_ms > 1)
            assert_string_equal(tick(&w, &usual, t + out.wake_ms - 1), "");
        assert_memory_equal(&before, &w, sizeof w);
        t += out.wake_ms;
        steps++;
    }
    assert_int_equal(w.phase, WINDOW_ENDED);
    assert_int_equal(steps, 7); /* 48, 24, 1, start, question, end, check late */
    assert_int_equal(t, LENGTH + 5 * MINUTE);
}

static void short_notice_or_a_daemon_that_was_down_announces_once(void **state)
{
    (void)state;
    static const struct {
        int64_t from_start;
        const char *answer;
    } rows[] = {
        {-47 * HOUR, "save announce:first:48"},
        {-24 * HOUR, "save announce:first:24"},
        {-2 * HOUR, "save announce:first:24"},
        {-HOUR, "save announce:first:1"},
        {-1, "save announce:first:1"},
        {0, "save announce:first:0 banner-on"},
        {HOUR, "save announce:first:0 banner-on"},
        {LENGTH - 1, "save announce:first:0 banner-on"},
        {LENGTH, "save missed"},
        {1000 * HOUR, "save missed"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct window w = fresh();
        assert_string_equal(tick(&w, &usual, rows[i].from_start), rows[i].answer);
        assert_string_equal(tick(&w, &usual, rows[i].from_start), "");
    }
    /* Announced 48 h before, then down until 30 min before: the 24 h are not made up for. */
    struct window w = fresh();
    (void)tick(&w, &usual, -48 * HOUR);
    assert_string_equal(tick(&w, &usual, -HOUR / 2), "save announce:reminder:1");
}

static void without_notices_it_opens_unannounced(void **state)
{
    (void)state;
    struct window w = fresh();
    assert_string_equal(tick(&w, &silent, -HOUR), "");
    assert_string_equal(tick(&w, &silent, 0), "save banner-on");
    /* Notices in any order, and taken away by a reload. */
    const struct window_policy other = {{1, 72, 24}, 3};
    w = fresh();
    assert_string_equal(tick(&w, &other, -72 * HOUR), "save announce:first:72");
    assert_string_equal(tick(&w, &other, -24 * HOUR), "save announce:reminder:24");
    assert_string_equal(tick(&w, &silent, -HOUR), "");
    assert_string_equal(tick(&w, &usual, -HOUR), "save announce:reminder:1");
}

static struct window_input change(int64_t starts, int64_t ends)
{
    return (struct window_input){
        .event = WINDOW_CHANGE, .starts = {STARTS + starts}, .ends = {STARTS + ends}};
}

static void changed_times_are_announced_to_those_who_knew_the_old_ones(void **state)
{
    (void)state;
    struct window w = fresh();
    assert_string_equal(order(&w, change(HOUR, 2 * HOUR), -60 * HOUR), "save");
    assert_int_equal(w.sequence, 0);
    assert_int_equal(w.length_ms, HOUR);
    assert_string_equal(tick(&w, &usual, -24 * HOUR), "save announce:first:48");
    assert_string_equal(order(&w, change(0, LENGTH), -23 * HOUR), "save announce:changed:24");
    assert_int_equal(w.sequence, 1);
    assert_string_equal(tick(&w, &usual, -23 * HOUR), "");
    /* Moved beyond every notice: said now, and announced again in time. */
    char answer[64];
    (void)snprintf(answer, sizeof answer, "save announce:changed:%d", WINDOW_UNNOTICED);
    assert_string_equal(order(&w, change(100 * HOUR, 101 * HOUR), -2 * HOUR), answer);
    assert_int_equal(w.sequence, 2);
    assert_string_equal(tick(&w, &usual, -HOUR), "");
    assert_string_equal(tick(&w, &usual, 52 * HOUR), "save announce:reminder:48");
    /* Moved to now: it opens without a second announcement. */
    assert_string_equal(order(&w, change(60 * HOUR, 61 * HOUR), 60 * HOUR),
                        "save announce:changed:1");
    assert_string_equal(tick(&w, &usual, 60 * HOUR), "save banner-on");
}

static void times_that_no_window_can_have_are_refused(void **state)
{
    (void)state;
    static const int64_t bad[][2] = {
        {0, 0}, {HOUR, 0}, {0, 24 * HOUR + 1}, {-3 * HOUR, -2 * HOUR}, {-HOUR, -HOUR + 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        for (int phase = WINDOW_PLANNED; phase <= WINDOW_ANNOUNCED; phase++) {
            struct window w = in_phase((enum window_phase)phase);
            struct window before = w;
            assert_string_equal(order(&w, change(bad[i][0], bad[i][1]), -HOUR / 2), "refuse:6");
            assert_memory_equal(&before, &w, sizeof w);
        }
    assert_true(window_times_valid((wall_ms){STARTS}, (wall_ms){STARTS + 24 * HOUR}));
    assert_false(window_times_valid((wall_ms){STARTS}, (wall_ms){STARTS + 24 * HOUR + 1}));
    assert_false(window_times_valid((wall_ms){STARTS}, (wall_ms){STARTS}));
}

static struct window_input extend(int64_t ms)
{
    return (struct window_input){.event = WINDOW_EXTEND, .extend_ms = ms};
}

static void extensions_reach_twice_the_length_and_no_further(void **state)
{
    (void)state;
    struct window w = in_phase(WINDOW_OPEN);
    assert_string_equal(order(&w, extend(LENGTH + 1), HOUR), "refuse:5");
    assert_string_equal(order(&w, extend(0), HOUR), "refuse:6");
    assert_string_equal(order(&w, extend(-HOUR), HOUR), "refuse:6");
    assert_string_equal(order(&w, extend(INT64_MAX), HOUR), "refuse:5");
    assert_string_equal(order(&w, extend(LENGTH / 2), HOUR), "save announce:changed:0");
    assert_string_equal(order(&w, extend(LENGTH / 2), HOUR), "save announce:changed:0");
    assert_int_equal(w.sequence, 2);
    assert_string_equal(order(&w, extend(1), HOUR), "refuse:5");
    assert_int_equal(w.ends.ms, STARTS + 2 * LENGTH);
    assert_int_equal(w.length_ms, LENGTH);
    assert_string_equal(tick(&w, &usual, 2 * LENGTH - 10 * MINUTE), "save ask");
    assert_string_equal(tick(&w, &usual, 2 * LENGTH - 1), "");
    assert_string_equal(tick(&w, &usual, 2 * LENGTH), "save verify");
}

static void the_question_comes_once_for_each_end(void **state)
{
    (void)state;
    struct window w = in_phase(WINDOW_OPEN);
    assert_string_equal(tick(&w, &usual, LENGTH - 9 * MINUTE), "save ask");
    assert_string_equal(tick(&w, &usual, LENGTH - 8 * MINUTE), "");
    /* Extended by less than the question comes before: it was just decided. */
    assert_string_equal(order(&w, extend(5 * MINUTE), LENGTH - MINUTE), "save announce:changed:0");
    assert_string_equal(tick(&w, &usual, LENGTH), "");
    assert_string_equal(order(&w, extend(30 * MINUTE), LENGTH), "save announce:changed:0");
    assert_string_equal(tick(&w, &usual, LENGTH + 25 * MINUTE), "save ask");
    assert_string_equal(tick(&w, &usual, LENGTH + 35 * MINUTE), "save verify");
    /* A window of ten minutes is not asked about at all. */
    window_init(&w, (wall_ms){STARTS}, (wall_ms){STARTS + 10 * MINUTE});
    (void)tick(&w, &usual, 0);
    assert_string_equal(tick(&w, &usual, MINUTE), "");
    assert_string_equal(tick(&w, &usual, 10 * MINUTE), "save verify");
}

static void begun_by_hand_it_lasts_its_planned_length_from_then(void **state)
{
    (void)state;
    struct window w = in_phase(WINDOW_ANNOUNCED);
    assert_string_equal(order(&w, (struct window_input){.event = WINDOW_BEGIN}, -90 * MINUTE),
                        "save announce:changed:0 banner-on");
    assert_int_equal(w.starts.ms, STARTS - 90 * MINUTE);
    assert_int_equal(w.ends.ms, STARTS - 90 * MINUTE + LENGTH);
    assert_int_equal(w.sequence, 1);
    assert_string_equal(tick(&w, &usual, -90 * MINUTE + LENGTH), "save verify");
}

static void work_that_is_done_ends_it_early(void **state)
{
    (void)state;
    struct window w = in_phase(WINDOW_OPEN);
    assert_string_equal(order(&w, (struct window_input){.event = WINDOW_FINISH}, HOUR),
                        "save verify");
    assert_int_equal(w.closed.ms, STARTS + HOUR);
    assert_int_equal(w.ends.ms, STARTS + LENGTH); /* as announced */
    assert_string_equal(
        order(&w, (struct window_input){.event = WINDOW_VERIFIED, .verified = WINDOW_WELL},
              HOUR + MINUTE),
        "save banner-off summary:well");
    assert_int_equal(w.verified, WINDOW_WELL);
}

/* A clock set back neither prolongs an open window nor opens, announces or asks again. */
static void a_clock_set_back_repeats_and_prolongs_nothing(void **state)
{
    (void)state;
    struct window_effects out;
    struct window w = in_phase(WINDOW_OPEN);
    struct now now = clock_at(LENGTH);
    now.wall.ms -= 3 * HOUR;
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save verify");
    w = in_phase(WINDOW_OPEN);
    now = clock_at(LENGTH - 10 * MINUTE);
    now.wall.ms -= 3 * HOUR;
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save ask");
    w = in_phase(WINDOW_VERIFYING);
    now = clock_at(LENGTH + 5 * MINUTE);
    now.wall.ms -= 3 * HOUR;
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save banner-off summary:unverified");
    static const enum window_phase over[] = {WINDOW_ENDED, WINDOW_CANCELLED};
    for (size_t i = 0; i < ARRAY_LENGTH(over); i++) {
        w = in_phase(over[i]);
        assert_string_equal(tick(&w, &usual, -48 * HOUR), "");
        assert_string_equal(tick(&w, &usual, 0), "");
    }
    w = fresh();
    (void)tick(&w, &usual, -HOUR);
    assert_string_equal(tick(&w, &usual, -30 * HOUR), "");
    assert_string_equal(tick(&w, &usual, -HOUR), "");
}

static void a_clock_set_forward_ends_it_once(void **state)
{
    (void)state;
    struct window_effects out;
    struct window w = in_phase(WINDOW_OPEN);
    struct now now = clock_at(HOUR);
    now.wall.ms += 72 * HOUR;
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save verify");
    assert_int_equal(out.wake_ms, 5 * MINUTE);
    w = in_phase(WINDOW_ANNOUNCED);
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save missed");
    assert_int_equal(out.wake_ms, WINDOW_NO_WAKE);
}

/* The monotonic clock starts again with a machine; the wall clock may stand anywhere. */
static void a_restart_takes_up_where_it_was(void **state)
{
    (void)state;
    struct window_effects out;
    for (int phase = 0; phase < WINDOW_PHASE_COUNT; phase++) {
        struct window w = in_phase((enum window_phase)phase);
        struct now now = {.mono = {500}, .wall = {STARTS + HOUR}};
        window_resume(&w, &now, &out);
        assert_int_equal(w.phase, phase);
        assert_string_equal(say(&out), phase == WINDOW_OPEN        ? "banner-on"
                                       : phase == WINDOW_VERIFYING ? "banner-on verify"
                                                                   : "");
    }
    struct window w = in_phase(WINDOW_OPEN);
    struct now now = {.mono = {500}, .wall = {STARTS + HOUR}};
    window_resume(&w, &now, &out);
    window_tick(&w, &usual, &now, &out);
    assert_int_equal(out.wake_ms, HOUR - 10 * MINUTE);
    /* Down past its end. */
    w = in_phase(WINDOW_OPEN);
    now.wall.ms = STARTS + 20 * HOUR;
    window_resume(&w, &now, &out);
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save verify");
    /* The clock was set back by days meanwhile: at most its whole length. */
    w = in_phase(WINDOW_OPEN);
    now.wall.ms = STARTS - 72 * HOUR;
    window_resume(&w, &now, &out);
    now.mono.ms += LENGTH;
    now.wall.ms += LENGTH;
    window_tick(&w, &usual, &now, &out);
    assert_string_equal(say(&out), "save verify");
    /* The check begins again, and has its five minutes. */
    w = in_phase(WINDOW_VERIFYING);
    window_resume(&w, &now, &out);
    window_tick(&w, &usual, &now, &out);
    assert_int_equal(out.wake_ms, 5 * MINUTE);
}

static void of_windows_that_overlap_the_last_releases(void **state)
{
    (void)state;
    struct window a = fresh();
    struct window b;
    window_init(&b, (wall_ms){STARTS + HOUR}, (wall_ms){STARTS + 3 * HOUR});
    const struct window *const both[] = {&a, &b};
    static const struct {
        int64_t from_start;
        size_t holding;
    } rows[] = {{-1, 0},
                {0, 1},
                {HOUR, 2},
                {2 * HOUR, 2},              /* the first one is being verified */
                {2 * HOUR + 5 * MINUTE, 1}, /* ... and over */
                {3 * HOUR, 1},
                {3 * HOUR + 5 * MINUTE, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        (void)tick(&a, &usual, rows[i].from_start);
        (void)tick(&b, &usual, rows[i].from_start);
        assert_int_equal(window_count_holding(both, 2), rows[i].holding);
    }
    assert_int_equal(window_count_holding(NULL, 0), 0);
}

/* Orders and jumps by chance: the promises hold whatever happens. */
static void nothing_that_happens_breaks_the_promises(void **state)
{
    (void)state;
    uint32_t dice = 1;
    size_t most = 0;
    for (int life = 0; life < 20000; life++) {
        struct window w = fresh();
        struct now now = clock_at(-60 * HOUR);
        int first = 0;
        int verifications = 0;
        int summaries = 0;
        for (int step = 0; step < 40; step++) {
            struct window_effects out;
            enum window_phase before = w.phase;
            dice = dice * 1664525U + 1013904223U;
            int64_t passed = (int64_t)(dice >> 8) % (3 * HOUR);
            now.mono.ms += passed;
            now.wall.ms +=
                passed + ((dice >> 4) % 9 == 0 ? (int64_t)(dice >> 10) % HOUR - HOUR / 2 : 0);
            bool restart = (dice >> 6) % 17 == 0;
            if (restart)
                window_resume(&w, &now, &out);
            else if ((dice >> 5) % 3 == 0)
                window_event(&w, &usual,
                             &(struct window_input){.event = (enum window_event)((dice >> 12) % 6),
                                                    .extend_ms = (int64_t)(dice >> 9) % LENGTH,
                                                    .starts = {now.wall.ms + HOUR},
                                                    .ends = {now.wall.ms + 2 * HOUR},
                                                    .verified = WINDOW_WELL},
                             &now, &out);
            else
                window_tick(&w, &usual, &now, &out);
            for (size_t i = 0; i < out.count; i++) {
                first += out.items[i].kind == WINDOW_ANNOUNCE &&
                         out.items[i].notice == WINDOW_NOTICE_FIRST;
                verifications += out.items[i].kind == WINDOW_VERIFY && !restart;
                summaries += out.items[i].kind == WINDOW_SUMMARY;
            }
            most = out.count > most ? out.count : most;
            assert_true(w.phase >= before);
            assert_true(out.wake_ms >= 0 || out.wake_ms == WINDOW_NO_WAKE);
            assert_true(w.ends.ms - w.starts.ms <= 2 * w.length_ms);
            assert_true(first <= 1 && verifications <= 1 && summaries <= 1);
        }
        assert_int_equal(summaries, w.phase == WINDOW_ENDED && w.opened.ms != WALL_NONE.ms);
    }
    assert_int_equal(most, WINDOW_EFFECTS_MAX);
}

static void every_word_and_refusal_is_there(void **state)
{
    (void)state;
    static const char *const words[] = {"planned",   "announced", "open",
                                        "verifying", "ended",     "cancelled"};
    for (int i = 0; i < WINDOW_PHASE_COUNT; i++)
        assert_string_equal(window_phase_word((enum window_phase)i), words[i]);
    for (int i = 1; i < WINDOW_REFUSAL_COUNT; i++)
        assert_true(strlen(window_refusal_text((enum window_refusal)i)) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_written_here),
        cmocka_unit_test(no_phase_is_left_for_an_earlier_one),
        cmocka_unit_test(a_whole_life_is_announced_opened_asked_verified_and_summed_up),
        cmocka_unit_test(the_wake_is_when_something_is_due),
        cmocka_unit_test(short_notice_or_a_daemon_that_was_down_announces_once),
        cmocka_unit_test(without_notices_it_opens_unannounced),
        cmocka_unit_test(changed_times_are_announced_to_those_who_knew_the_old_ones),
        cmocka_unit_test(times_that_no_window_can_have_are_refused),
        cmocka_unit_test(extensions_reach_twice_the_length_and_no_further),
        cmocka_unit_test(the_question_comes_once_for_each_end),
        cmocka_unit_test(begun_by_hand_it_lasts_its_planned_length_from_then),
        cmocka_unit_test(work_that_is_done_ends_it_early),
        cmocka_unit_test(a_clock_set_back_repeats_and_prolongs_nothing),
        cmocka_unit_test(a_clock_set_forward_ends_it_once),
        cmocka_unit_test(a_restart_takes_up_where_it_was),
        cmocka_unit_test(of_windows_that_overlap_the_last_releases),
        cmocka_unit_test(nothing_that_happens_breaks_the_promises),
        cmocka_unit_test(every_word_and_refusal_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
