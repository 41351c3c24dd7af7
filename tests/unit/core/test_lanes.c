/* The lanes of the outbox: every cell of a delivery's table, and what a lane promises about order,
 * pace, digests and messages that later ones make needless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "core/lanes.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum { PAGER, CHAT, MAIL, CHANNELS };

struct bench {
    struct lanes l;
    mono_ms now;
    uint64_t last;
};

static int set_up(void **state)
{
    static const struct lane_channel channels[CHANNELS] = {
        [PAGER] = {true, DAY_MS}, [CHAT] = {false, 3 * DAY_MS}, [MAIL] = {false, 5 * DAY_MS}};
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->now = (mono_ms){1000000};
    lanes_configure(&b->l, channels, CHANNELS, NULL);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static uint64_t add(struct bench *b, int channel, enum lane_kind kind, int severity,
                    uint64_t thread)
{
    struct delivery_item item = {.id = ++b->last,
                                 .thread = thread,
                                 .channel = channel,
                                 .kind = kind,
                                 .severity = severity,
                                 .expires = mono_add(b->now, DAY_MS)};
    (void)lanes_add(&b->l, &item, b->now);
    return b->last;
}

static enum delivery_state state_of(struct bench *b, uint64_t id)
{
    struct delivery_item *item = lanes_find(&b->l, id);
    assert_non_null(item);
    return item->state;
}

/* Sends the next one; its id, 0 = there is none. */
static uint64_t send_next(struct bench *b)
{
    struct delivery_item *item = lanes_next(&b->l, b->now);
    if (item == NULL)
        return 0;
    lanes_begin(&b->l, item, b->now);
    return item->id;
}

static enum lane_news answer(struct bench *b, uint64_t id, enum retry_class class)
{
    return lanes_answered(&b->l, lanes_find(&b->l, id), class, 0, RETRY_AFTER_NONE, 0, b->now);
}

/* ── a delivery ── */

static void every_cell_of_the_table_is_as_written_here(void **state)
{
    (void)state;
    /* Columns: delivered accepted later final unknown, send, expire supersede old drop, found.
     * Letters: the first of each state's word; e(X)pired, s(T)ale, dr(O)pped, s(U)perseded, dea(K).
     */
    static const char letters[] = "QSWDAKXUTO";
    static const char *const rows[] = {
        "QQQQQ"
        "S"
        "XUTO"
        "Q",
        "DAWKW"
        "S"
        "SSSS"
        "W",
        "WWWWW"
        "S"
        "XUTO"
        "W",
        "DDDDDDDDDDD",
        "AAAAAAAAAAA",
        "KKKKKKKKKKK",
        "XXXXXXXXXXX",
        "UUUUUUUUUUU",
        "TTTTTTTTTTT",
        "OOOOOOOOOOO",
    };
    static_assert(ARRAY_LENGTH(rows) == DELIVERY_STATE_COUNT, "a row for every state");
    for (int s = 0; s < (int)DELIVERY_STATE_COUNT; s++) {
        assert_int_equal(strlen(rows[s]), DELIVERY_EVENT_COUNT);
        assert_int_equal(delivery_ended((enum delivery_state)s), s > 2);
        for (int e = 0; e < (int)DELIVERY_EVENT_COUNT; e++)
            assert_int_equal(letters[delivery_step((enum delivery_state)s, (enum delivery_event)e)],
                             rows[s][e]);
    }
}

/* ── order ── */

static void a_lane_sends_one_at_a_time_the_most_severe_first(void **state)
{
    struct bench *b = *state;
    uint64_t third = add(b, MAIL, LANE_TRIGGER, 3, 1);
    uint64_t second = add(b, MAIL, LANE_TRIGGER, 2, 2);
    uint64_t first = add(b, MAIL, LANE_TRIGGER, 1, 3);
    uint64_t test = add(b, MAIL, LANE_TEST, 0, 0);
    uint64_t plain = add(b, MAIL, LANE_ANNOUNCE, 0, 0);
    const uint64_t order[] = {test, first, second, third, plain};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        assert_int_equal(send_next(b), order[i]);
        assert_int_equal(send_next(b), 0);
        (void)answer(b, order[i], i % 2 == 0 ? RETRY_DELIVERED : RETRY_ACCEPTED);
    }
    assert_int_equal(state_of(b, first), DELIVERY_ACCEPTED);
    assert_int_equal(lanes_wake(&b->l, b->now).ms, MONO_NEVER.ms);
}

static void the_order_within_a_thread_is_kept(void **state)
{
    struct bench *b = *state;
    uint64_t trigger = add(b, MAIL, LANE_TRIGGER, 3, 1);
    uint64_t update = add(b, MAIL, LANE_UPDATE, 1, 1);
    uint64_t other = add(b, MAIL, LANE_TRIGGER, 4, 2);
    assert_int_equal(send_next(b), trigger);
    (void)answer(b, trigger, RETRY_LATER);
    assert_int_equal(send_next(b), other); /* the update may not overtake */
    (void)answer(b, other, RETRY_DELIVERED);
    assert_int_equal(send_next(b), 0);
    b->now = lanes_wake(&b->l, b->now);
    assert_int_equal(send_next(b), trigger);
    (void)answer(b, trigger, RETRY_DELIVERED);
    assert_int_equal(send_next(b), update);
}

static void of_updates_that_wait_the_newest_is_sent(void **state)
{
    struct bench *b = *state;
    uint64_t trigger = add(b, MAIL, LANE_TRIGGER, 2, 1);
    uint64_t old = add(b, MAIL, LANE_UPDATE, 2, 1);
    uint64_t other = add(b, MAIL, LANE_UPDATE, 2, 2);
    uint64_t new = add(b, MAIL, LANE_UPDATE, 2, 1);
    assert_int_equal(state_of(b, old), DELIVERY_SUPERSEDED);
    assert_int_equal(state_of(b, other), DELIVERY_QUEUED);
    assert_int_equal(state_of(b, new), DELIVERY_QUEUED);
    assert_int_equal(state_of(b, trigger), DELIVERY_QUEUED);
}

/* ── pace ── */

static void eight_are_sent_at_once_and_one_that_hangs_delays_no_other(void **state)
{
    struct bench *b = *state;
    struct lane_channel many[12] = {0};
    int8_t to[LANES_MAX];
    memset(to, -1, sizeof to);
    lanes_configure(&b->l, many, ARRAY_LENGTH(many), to);
    for (int c = 0; c < 12; c++)
        (void)add(b, c, LANE_TRIGGER, 2, 1);
    for (int i = 0; i < LANES_AT_ONCE_MAX; i++)
        assert_true(send_next(b) > 0);
    assert_int_equal(send_next(b), 0);
    b->now = lanes_wake(&b->l, b->now); /* none answers: they are slow */
    assert_int_equal(send_next(b), 9);
    assert_int_equal(send_next(b), 10);
    (void)answer(b, 9, RETRY_DELIVERED);
    for (int i = 11; i <= 12; i++)
        assert_int_equal(send_next(b), i);
    assert_null(lanes_overdue(&b->l, b->now));
    b->now = mono_add(b->now, LANES_ANSWER_MS);
    struct delivery_item *late = lanes_overdue(&b->l, b->now);
    assert_int_equal(late->id, 1);
    (void)answer(b, 1, RETRY_UNKNOWN);
    assert_true(late->may_have_arrived);
    assert_int_equal(late->state, DELIVERY_WAITING);
}

static void five_failures_in_a_row_leave_one_attempt_at_a_time(void **state)
{
    struct bench *b = *state;
    uint64_t ids[8];
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
        ids[i] = add(b, MAIL, LANE_TRIGGER, 2, 10 + i);
    for (int i = 1; i <= RETRY_FAILING; i++) {
        uint64_t id = send_next(b);
        assert_true(id > 0);
        assert_int_equal(answer(b, id, RETRY_LATER),
                         i == RETRY_FAILING ? LANE_FAILS : LANE_NO_NEWS);
    }
    assert_true(b->l.lanes[MAIL].failing);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_next(b), 0);
        mono_ms wake = lanes_wake(&b->l, b->now);
        assert_true(mono_since(wake, b->now) >= 600000); /* by the failures, not by its attempts */
        b->now = wake;
        assert_int_equal(answer(b, send_next(b), RETRY_UNKNOWN), LANE_NO_NEWS);
    }
    b->now = lanes_wake(&b->l, b->now);
    assert_int_equal(answer(b, send_next(b), RETRY_DELIVERED), LANE_WORKS);
    for (int i = 0; i < 7; i++) { /* all others at once, without their own delays */
        uint64_t id = send_next(b);
        assert_true(id > 0);
        assert_int_equal(answer(b, id, RETRY_DELIVERED), LANE_NO_NEWS);
    }
    assert_int_equal(send_next(b), 0);
    uint64_t next = add(b, MAIL, LANE_TRIGGER, 2, 99); /* they are counted from zero */
    assert_int_equal(send_next(b), next);
    assert_int_equal(answer(b, next, RETRY_LATER), LANE_NO_NEWS);
    assert_false(b->l.lanes[MAIL].failing);
}

static void what_the_receiver_asks_for_holds_for_its_lane_alone(void **state)
{
    struct bench *b = *state;
    uint64_t first = add(b, MAIL, LANE_TRIGGER, 2, 1);
    uint64_t second = add(b, MAIL, LANE_TRIGGER, 2, 2);
    uint64_t chat = add(b, CHAT, LANE_TRIGGER, 2, 1);
    assert_int_equal(send_next(b), first);
    (void)lanes_answered(&b->l, lanes_find(&b->l, first), RETRY_LATER, 429, 120000, 0, b->now);
    assert_int_equal(send_next(b), chat);
    assert_int_equal(send_next(b), 0);
    assert_int_equal(state_of(b, second), DELIVERY_QUEUED);
    (void)answer(b, chat, RETRY_DELIVERED);
    assert_true(mono_since(lanes_wake(&b->l, b->now), b->now) >= 120000);
}

static void the_end_of_an_alert_is_of_use_for_as_long_as_any_message(void **state)
{
    (void)state;
    const struct lane_channel pager = {true, DAY_MS}, mail = {false, 7 * DAY_MS};
    assert_int_equal(lanes_life_ms(&pager, LANE_TRIGGER), DAY_MS);
    assert_int_equal(lanes_life_ms(&pager, LANE_RESOLVE), RETRY_LIFE_MAX_MS);
    assert_int_equal(lanes_life_ms(&mail, LANE_RESOLVE), 7 * DAY_MS);
}

static void what_is_too_old_expires_but_not_while_it_is_sent(void **state)
{
    struct bench *b = *state;
    uint64_t sent = add(b, MAIL, LANE_TRIGGER, 2, 1);
    uint64_t waits = add(b, MAIL, LANE_TRIGGER, 2, 2);
    assert_int_equal(send_next(b), sent);
    b->now = mono_add(b->now, DAY_MS);
    assert_int_equal(send_next(b), 0);
    assert_int_equal(state_of(b, sent), DELIVERY_SENDING);
    assert_int_equal(state_of(b, waits), DELIVERY_EXPIRED);
    (void)answer(b, sent, RETRY_LATER);
    assert_int_equal(send_next(b), 0);
    assert_int_equal(state_of(b, sent), DELIVERY_EXPIRED);
}

/* ── resolves ── */

static void a_resolve_before_its_trigger_left_ends_both_on_a_pager(void **state)
{
    struct bench *b = *state;
    uint64_t trigger = add(b, PAGER, LANE_TRIGGER, 1, 1);
    uint64_t update = add(b, PAGER, LANE_UPDATE, 1, 1);
    uint64_t resolve = add(b, PAGER, LANE_RESOLVE, 1, 1);
    assert_int_equal(state_of(b, trigger), DELIVERY_SUPERSEDED);
    assert_int_equal(state_of(b, update), DELIVERY_SUPERSEDED);
    assert_int_equal(state_of(b, resolve), DELIVERY_SUPERSEDED);
    trigger = add(b, CHAT, LANE_TRIGGER, 1, 1);
    resolve = add(b, CHAT, LANE_RESOLVE, 1, 1);
    assert_int_equal(state_of(b, trigger), DELIVERY_SUPERSEDED);
    assert_true(lanes_find(&b->l, resolve)->combined);
    assert_int_equal(send_next(b), resolve);
}

static void a_resolve_follows_a_trigger_that_may_have_arrived(void **state)
{
    static const struct {
        enum retry_class class;
        enum delivery_state pager; /* of the resolve */
        bool combined;             /* the chat's resolve */
    } rows[] = {
        {RETRY_DELIVERED, DELIVERY_QUEUED, false}, {RETRY_ACCEPTED, DELIVERY_QUEUED, false},
        {RETRY_LATER, DELIVERY_SUPERSEDED, true},  {RETRY_FINAL, DELIVERY_SUPERSEDED, true},
        {RETRY_UNKNOWN, DELIVERY_QUEUED, true},
    };
    static_assert(ARRAY_LENGTH(rows) == RETRY_CLASS_COUNT, "a row for every class");
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        for (int channel = PAGER; channel <= CHAT; channel++) {
            uint64_t thread = 100 * i + (uint64_t)channel + 1;
            uint64_t trigger = add(b, channel, LANE_TRIGGER, 1, thread);
            assert_int_equal(send_next(b), trigger);
            uint64_t resolve = add(b, channel, LANE_RESOLVE, 1, thread); /* while it is sent */
            assert_int_equal(state_of(b, trigger), DELIVERY_SENDING);
            assert_int_equal(send_next(b), 0);
            (void)answer(b, trigger, rows[i].class);
            assert_true(delivery_ended(state_of(b, trigger)));
            assert_int_equal(state_of(b, resolve),
                             channel == PAGER ? rows[i].pager : DELIVERY_QUEUED);
            assert_int_equal(lanes_find(&b->l, resolve)->combined, rows[i].combined);
            if (state_of(b, resolve) == DELIVERY_QUEUED) {
                assert_int_equal(send_next(b), resolve);
                (void)answer(b, resolve, RETRY_DELIVERED);
            }
        }
}

static void a_resolve_long_after_its_trigger_is_sent(void **state)
{
    struct bench *b = *state;
    uint64_t trigger = add(b, PAGER, LANE_TRIGGER, 1, 1);
    assert_int_equal(send_next(b), trigger);
    (void)answer(b, trigger, RETRY_DELIVERED);
    lanes_find(&b->l, trigger)->changed = false;
    lanes_sweep(&b->l);
    assert_null(lanes_find(&b->l, trigger));
    uint64_t resolve = add(b, PAGER, LANE_RESOLVE, 1, 1);
    assert_int_equal(send_next(b), resolve);
    assert_false(lanes_find(&b->l, resolve)->combined);
}

/* ── digests ── */

static enum lane_place place(const struct bench *b, int channel, int severity, uint64_t thread)
{
    return lanes_place(&b->l, channel, LANE_TRIGGER, severity, thread, b->now);
}

static void of_more_than_ten_a_minute_the_rest_waits_for_one_digest(void **state)
{
    struct bench *b = *state;
    for (uint64_t i = 1; i <= LANES_DIGEST_OVER; i++) {
        assert_int_equal(place(b, CHAT, 3, i), LANE_OWN);
        (void)add(b, CHAT, LANE_TRIGGER, 3, i);
        (void)add(b, PAGER, LANE_TRIGGER, 3, i);
        b->now = mono_add(b->now, 1000);
    }
    assert_int_equal(place(b, CHAT, 3, 99), LANE_IN_DIGEST);
    assert_int_equal(place(b, CHAT, 1, 99), LANE_OWN); /* P1 does not wait */
    assert_int_equal(place(b, PAGER, 3, 99), LANE_OWN);
    assert_int_equal(place(b, MAIL, 3, 99), LANE_OWN);
    assert_int_equal(place(b, LANES_MAX - 1, 3, 99), LANE_NOWHERE);
    assert_int_equal(place(b, CHAT, 3, 5), LANE_OWN); /* its trigger still waits */
    assert_int_equal(lanes_place(&b->l, CHAT, LANE_EMERGENCY, 0, 0, b->now), LANE_OWN);
    uint64_t digest = add(b, CHAT, LANE_DIGEST, 3, 0);
    assert_int_equal(b->l.lanes[CHAT].digest, digest);
    mono_ms due = lanes_find(&b->l, digest)->due;
    assert_int_equal(due.ms, 1000000 + LANES_DIGEST_MS); /* when the first is a minute old */
    b->now = due;
    assert_int_equal(place(b, CHAT, 3, 99), LANE_IN_DIGEST); /* not before the digest */
    for (uint64_t id; (id = send_next(b)) != 0 && id != digest;)
        (void)answer(b, id, RETRY_DELIVERED);
    assert_int_equal(state_of(b, digest), DELIVERY_SENDING);
    assert_int_equal(b->l.lanes[CHAT].digest, 0);
    (void)answer(b, digest, RETRY_LATER);
    assert_int_equal(b->l.lanes[CHAT].digest, digest); /* the receiver has not seen it */
    b->now = lanes_find(&b->l, digest)->due;
    assert_int_equal(send_next(b), digest);
    (void)answer(b, digest, RETRY_UNKNOWN);
    assert_int_equal(b->l.lanes[CHAT].digest, 0); /* it may have */
    b->now = mono_add(b->now, LANES_DIGEST_MS);
    assert_int_equal(place(b, CHAT, 3, 99), LANE_OWN);
}

static void a_receiver_that_is_away_gets_one_digest(void **state)
{
    struct bench *b = *state;
    for (uint64_t i = 1; i <= RETRY_FAILING; i++) {
        uint64_t id = add(b, CHAT, LANE_TRIGGER, 3, i);
        assert_int_equal(send_next(b), id);
        (void)answer(b, id, RETRY_LATER);
    }
    b->now = mono_add(b->now, 10 * LANES_DIGEST_MS);
    assert_int_equal(place(b, CHAT, 3, 99), LANE_IN_DIGEST);
    assert_int_equal(place(b, CHAT, 1, 99), LANE_OWN);
}

/* ── starts, reloads, room ── */

static void what_was_being_sent_at_a_kill_is_sent_again(void **state)
{
    struct bench *b = *state;
    struct delivery_item item = {.id = 7,
                                 .thread = 1,
                                 .channel = PAGER,
                                 .state = DELIVERY_SENDING,
                                 .severity = 1,
                                 .attempts = 1,
                                 .due = b->now,
                                 .expires = mono_add(b->now, DAY_MS)};
    assert_int_equal(lanes_restore(&b->l, &item)->state, DELIVERY_WAITING);
    assert_true(lanes_find(&b->l, 7)->may_have_arrived);
    b->last = 7;
    uint64_t resolve = add(b, PAGER, LANE_RESOLVE, 1, 1); /* it ended while the daemon was down */
    assert_int_equal(state_of(b, 7), DELIVERY_SUPERSEDED);
    assert_int_equal(send_next(b), resolve);
}

static void a_reload_moves_lanes_and_ends_those_that_are_gone(void **state)
{
    static const struct lane_channel channels[] = {{false, DAY_MS}, {true, DAY_MS}};
    struct bench *b = *state;
    int8_t to[LANES_MAX];
    memset(to, -1, sizeof to);
    to[PAGER] = 1;
    to[MAIL] = 0;
    uint64_t page = add(b, PAGER, LANE_TRIGGER, 1, 1);
    uint64_t chat = add(b, CHAT, LANE_TRIGGER, 1, 1);
    uint64_t mail = add(b, MAIL, LANE_TRIGGER, 1, 1);
    assert_int_equal(send_next(b), page);
    lanes_configure(&b->l, channels, ARRAY_LENGTH(channels), to);
    assert_int_equal(state_of(b, page), DELIVERY_SENDING);
    assert_int_equal(state_of(b, chat), DELIVERY_DEAD);
    assert_int_equal(lanes_find(&b->l, page)->channel, 1);
    assert_int_equal(send_next(b), mail); /* lane 1 still waits for the page's answer */
    (void)answer(b, page, RETRY_DELIVERED);
    assert_int_equal(state_of(b, page), DELIVERY_DELIVERED);
    assert_false(b->l.lanes[2].used);
}

static void the_least_severe_and_oldest_is_missed_least_a_resolve_last(void **state)
{
    struct bench *b = *state;
    uint64_t old = add(b, MAIL, LANE_TRIGGER, 4, 1);
    uint64_t new = add(b, MAIL, LANE_TRIGGER, 4, 2);
    uint64_t severe = add(b, MAIL, LANE_TRIGGER, 1, 3);
    uint64_t resolve = add(b, MAIL, LANE_RESOLVE, 4, 4);
    const uint64_t order[] = {old, new, severe, resolve};
    assert_true(lanes_is_less(LANE_TRIGGER, 4, lanes_find(&b->l, severe)));
    assert_false(lanes_is_less(LANE_TRIGGER, 1, lanes_find(&b->l, new)));
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        struct delivery_item *least = lanes_least(&b->l);
        assert_int_equal(least->id, order[i]);
        lanes_end(&b->l, least, DELIVERY_DROP);
        assert_int_equal(least->state, DELIVERY_DROPPED);
    }
    assert_null(lanes_least(&b->l));
}

/* ── at random ── */

static uint64_t random_state;
static uint32_t roll(uint32_t sides)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % sides;
}

/* A lane that sends `item` breaks no promise. */
static void check_sent(struct bench *b, const struct delivery_item *item)
{
    for (size_t i = 0; i < b->l.count; i++) {
        const struct delivery_item *other = &b->l.items[i];
        if (other == item || other->channel != item->channel)
            continue;
        assert_int_not_equal(other->state, DELIVERY_SENDING);
        if (other->thread == item->thread && other->id < item->id)
            assert_true(delivery_ended(other->state));
    }
    assert_true(b->now.ms >= item->due.ms);
}

static void no_order_of_events_breaks_the_order_of_a_thread_or_loses_a_delivery(void **state)
{
    struct bench *b = *state;
    for (random_state = 1; random_state <= 200; random_state++) {
        uint64_t seed = random_state;
        b->l.count = 0;
        b->l.sorted_out = false;
        for (int c = 0; c < CHANNELS; c++)
            b->l.lanes[c] = (struct lane){.used = true, .channel = b->l.lanes[c].channel};
        for (int turn = 0; turn < 400; turn++) {
            struct delivery_item *item;
            uint32_t what = roll(10);
            if (what < 3 && b->l.count < LANES_OPEN_MAX) {
                (void)add(b, (int)roll(CHANNELS), (enum lane_kind)roll(LANE_DIGEST),
                          1 + (int)roll(4), 1 + roll(4));
            } else if (what < 6 && (item = lanes_next(&b->l, b->now)) != NULL) {
                check_sent(b, item);
                lanes_begin(&b->l, item, b->now);
            } else if (what < 9 && b->l.count > 0) {
                item = &b->l.items[roll((uint32_t)b->l.count)];
                (void)lanes_answered(&b->l, item, (enum retry_class)roll(RETRY_CLASS_COUNT),
                                     (int)roll(600), (int64_t)roll(3) * 1000 - 1, roll(1000),
                                     b->now);
            } else {
                b->now = mono_add(b->now, roll(60000));
            }
        }
        /* In the end everything ends: the receivers answer. */
        for (int guard = 0; guard < 20000; guard++) {
            struct delivery_item *item = NULL;
            for (size_t i = 0; i < b->l.count; i++)
                if (b->l.items[i].state == DELIVERY_SENDING)
                    (void)lanes_answered(&b->l, &b->l.items[i], RETRY_DELIVERED, 200,
                                         RETRY_AFTER_NONE, 0, b->now);
            while ((item = lanes_next(&b->l, b->now)) != NULL) {
                check_sent(b, item);
                lanes_begin(&b->l, item, b->now);
            }
            mono_ms wake = lanes_wake(&b->l, b->now);
            if (wake.ms == MONO_NEVER.ms)
                break;
            assert_true(wake.ms >= b->now.ms);
            b->now = wake;
        }
        for (size_t i = 0; i < b->l.count; i++)
            assert_true(delivery_ended(b->l.items[i].state));
        for (int c = 0; c < CHANNELS; c++)
            assert_int_equal(b->l.lanes[c].sending, 0);
        random_state = seed;
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_cell_of_the_table_is_as_written_here),
        TEST(a_lane_sends_one_at_a_time_the_most_severe_first),
        TEST(the_order_within_a_thread_is_kept),
        TEST(of_updates_that_wait_the_newest_is_sent),
        TEST(eight_are_sent_at_once_and_one_that_hangs_delays_no_other),
        TEST(five_failures_in_a_row_leave_one_attempt_at_a_time),
        TEST(what_the_receiver_asks_for_holds_for_its_lane_alone),
        TEST(the_end_of_an_alert_is_of_use_for_as_long_as_any_message),
        TEST(what_is_too_old_expires_but_not_while_it_is_sent),
        TEST(a_resolve_before_its_trigger_left_ends_both_on_a_pager),
        TEST(a_resolve_follows_a_trigger_that_may_have_arrived),
        TEST(a_resolve_long_after_its_trigger_is_sent),
        TEST(of_more_than_ten_a_minute_the_rest_waits_for_one_digest),
        TEST(a_receiver_that_is_away_gets_one_digest),
        TEST(what_was_being_sent_at_a_kill_is_sent_again),
        TEST(a_reload_moves_lanes_and_ends_those_that_are_gone),
        TEST(the_least_severe_and_oldest_is_missed_least_a_resolve_last),
        TEST(no_order_of_events_breaks_the_order_of_a_thread_or_loses_a_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
