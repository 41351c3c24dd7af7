/* The alerts that are repeated: which, how long, how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "notify/board.h"

static const struct channel channel = {.kind = &channel_alertmanager, .instance = "a"};
static const wall_ms start = {INT64_C(1796004603000)};

static struct board *new_board(void)
{
    struct board *b = NULL;
    assert_int_equal(board_new(&b, NULL), 0);
    return b;
}

static int note(struct board *b, enum message_kind kind, int number, wall_ms now)
{
    struct message m;
    struct error err;
    message_init(&m, kind);
    (void)str_format(m.key, sizeof m.key, "resus/a/redis/class/%d", number);
    return board_note(b, &m, now, &err);
}

/* How many are said, and when the first of them ends. */
static int said(struct board *b, wall_ms now, wall_ms *ret_ends)
{
    struct buf body = BUF_LIMIT((size_t)BOARD_ALERTS_MAX * 8192);
    int count = board_render(b, &channel, now, &body, NULL);
    JSON_CLEANUP json_t *list = json_loads(buf_text(&body), 0, NULL);
    assert_int_equal(json_array_size(list), count);
    if (count > 0)
        assert_int_equal(wall_parse(json_text_or(json_array_get(list, 0), "endsAt", ""), ret_ends),
                         0);
    buf_free(&body);
    return count;
}

static void an_open_alert_ends_ahead_at_every_repetition(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends = WALL_NONE;
    assert_int_equal(note(b, MESSAGE_TRIGGER, 1, start), 0);
    for (int i = 0; i < 3; i++) {
        wall_ms now = wall_add(start, i * BOARD_RESEND_MS);
        assert_int_equal(said(b, now, &ends), 1);
        assert_int_equal(ends.ms, now.ms + BOARD_FIRES_MS);
    }
    board_free(b);
}

static void what_is_over_is_said_for_five_minutes_with_its_end(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends = WALL_NONE;
    assert_int_equal(note(b, MESSAGE_TRIGGER, 1, start), 0);
    assert_int_equal(note(b, MESSAGE_RESOLVE, 1, wall_add(start, 1000)), 0);
    assert_int_equal(said(b, wall_add(start, BOARD_OVER_MS), &ends), 1);
    assert_int_equal(ends.ms, start.ms + 1000);
    assert_int_equal(said(b, wall_add(start, 1000 + BOARD_OVER_MS), &ends), 0);
    board_free(b);
}

static void a_clock_put_back_keeps_nothing_that_is_over(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends;
    assert_int_equal(note(b, MESSAGE_RESOLVE, 1, start), 0);
    assert_int_equal(said(b, wall_add(start, -3600000), &ends), 0);
    board_free(b);
}

static void an_alert_that_fires_again_is_open_again(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends = WALL_NONE;
    assert_int_equal(note(b, MESSAGE_RESOLVE, 1, start), 0);
    assert_int_equal(note(b, MESSAGE_UPDATE, 1, start), 0);
    assert_int_equal(said(b, wall_add(start, 2 * BOARD_OVER_MS), &ends), 1);
    board_free(b);
}

static void an_episode_that_ends_late_does_not_close_the_next(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends = WALL_NONE;
    struct message late;
    message_init(&late, MESSAGE_RESOLVE);
    (void)str_copy(late.key, sizeof late.key, "resus/a/redis/class/1");
    assert_int_equal(note(b, MESSAGE_TRIGGER, 1, start), 0);
    assert_null(board_open_again(b, &(struct message){.kind = MESSAGE_TRIGGER}));
    /* The second episode begins before the end of the first is told. */
    assert_int_equal(note(b, MESSAGE_TRIGGER, 2, start), 0);
    assert_int_equal(note(b, MESSAGE_RESOLVE, 1, start), 0);
    assert_string_equal(json_text_or(board_open_again(b, &late), "key", ""),
                        "resus/a/redis/class/2");
    assert_int_equal(said(b, start, &ends), 1);
    assert_int_equal(ends.ms, start.ms + BOARD_FIRES_MS);
    /* The other order: what is over gives way to what is open. */
    assert_int_equal(note(b, MESSAGE_RESOLVE, 2, start), 0);
    assert_int_equal(note(b, MESSAGE_TRIGGER, 3, start), 0);
    assert_int_equal(said(b, start, &ends), 1);
    assert_int_equal(ends.ms, start.ms + BOARD_FIRES_MS);
    board_free(b);
}

static void messages_that_are_no_alerts_are_not_repeated(void **state)
{
    (void)state;
    struct board *b = new_board();
    wall_ms ends;
    assert_int_equal(note(b, MESSAGE_TEST, 1, start), 0);
    assert_int_equal(note(b, MESSAGE_ANNOUNCE, 2, start), 0);
    assert_int_equal(said(b, start, &ends), 0);
    board_free(b);
}

static void it_is_full_at_its_limit_and_what_ends_makes_room(void **state)
{
    (void)state;
    struct board *b = new_board();
    for (int i = 0; i < BOARD_ALERTS_MAX; i++)
        assert_int_equal(note(b, MESSAGE_TRIGGER, i, start), 0);
    assert_int_equal(note(b, MESSAGE_TRIGGER, BOARD_ALERTS_MAX, start), -ENOBUFS);
    assert_int_equal(note(b, MESSAGE_UPDATE, 7, start), 0);
    assert_int_equal(note(b, MESSAGE_RESOLVE, 7, start), 0);
    assert_int_equal(note(b, MESSAGE_TRIGGER, BOARD_ALERTS_MAX, start), 0);
    wall_ms ends;
    assert_int_equal(said(b, start, &ends), BOARD_ALERTS_MAX);
    board_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_alert_ends_ahead_at_every_repetition),
        cmocka_unit_test(what_is_over_is_said_for_five_minutes_with_its_end),
        cmocka_unit_test(a_clock_put_back_keeps_nothing_that_is_over),
        cmocka_unit_test(an_alert_that_fires_again_is_open_again),
        cmocka_unit_test(an_episode_that_ends_late_does_not_close_the_next),
        cmocka_unit_test(messages_that_are_no_alerts_are_not_repeated),
        cmocka_unit_test(it_is_full_at_its_limit_and_what_ends_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
