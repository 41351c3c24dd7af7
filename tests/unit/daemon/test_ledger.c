/* Every request that left has exactly one end, whatever becomes of its carrier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "daemon/ledger.h"

static const mono_ms at = {1000};

static void an_answer_is_taken_once(void **state)
{
    (void)state;
    struct ledger l = {0};
    struct ledger_entry e;
    ledger_redis(&l, 1, REDIS_PING, at);
    ledger_host(&l, 2, HOST_STATUS, 0, at);
    ledger_redis(&l, 3, REDIS_INFO, at);
    assert_true(ledger_settle(&l, 2, &e));
    assert_true(e.of_host);
    assert_int_equal(e.command, HOST_STATUS);
    assert_false(ledger_settle(&l, 2, &e));
    assert_true(ledger_settle(&l, 3, &e));
    assert_int_equal(e.request, REDIS_INFO);
    ledger_redis(&l, 4, REDIS_PING, at); /* the last place was taken out: the list holds */
    assert_true(ledger_next(&l, &e));
    assert_int_equal(e.id, 1);
    assert_true(ledger_next(&l, &e));
    assert_int_equal(e.id, 4);
    assert_false(ledger_next(&l, &e));
}

static void what_loses_its_carrier_is_taken_out_in_order_and_the_rest_stays(void **state)
{
    (void)state;
    struct ledger l = {0};
    struct ledger_entry e;
    for (uint64_t id = 1; id <= 6; id++) {
        if (id % 2 == 0)
            ledger_host(&l, id, HOST_STATUS, 0, at);
        else
            ledger_redis(&l, id, REDIS_PING, at);
    }
    struct ledger lost = ledger_take(&l, false);
    static const uint64_t redis[] = {1, 3, 5}, host[] = {2, 4, 6};
    for (size_t i = 0; i < ARRAY_LENGTH(redis); i++) {
        assert_true(ledger_next(&lost, &e));
        assert_int_equal(e.id, redis[i]);
    }
    assert_false(ledger_next(&lost, &e));
    struct ledger more = ledger_take(&l, true);
    assert_null(l.first);
    ledger_join(&lost, &more);
    assert_null(more.first);
    for (size_t i = 0; i < ARRAY_LENGTH(host); i++) {
        assert_true(ledger_next(&lost, &e));
        assert_int_equal(e.id, host[i]);
    }
    ledger_clear(&lost);
}

/* A controller that has sent what has an even id. */
static enum host_end give_up(struct controller *c, uint64_t id)
{
    (void)c;
    return id % 2 == 0 ? HOST_CUT_OFF : HOST_CANCELLED;
}

static void
a_command_that_may_have_been_sent_is_cut_off_and_one_that_only_reads_is_not(void **state)
{
    (void)state;
    static const struct controller_ops ops = {.give_up = give_up};
    struct controller c = {.ops = &ops};
    struct ledger l = {0};
    struct ledger_entry e;
    ledger_host(&l, 1, HOST_RESTART, 0, at);
    ledger_host(&l, 2, HOST_RESTART, 0, at);
    ledger_host(&l, 4, HOST_STATUS, 0, at);
    ledger_redis(&l, 6, REDIS_BGSAVE, at);
    ledger_give_up(&l, &c);
    static const enum host_end ends[] = {HOST_CANCELLED, HOST_CUT_OFF, HOST_CANCELLED};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        struct host_result r;
        assert_true(ledger_next(&l, &e));
        ledger_lost_host(&e, "why", &r);
        assert_int_equal(r.end, ends[i]);
        assert_string_equal(r.error.text, "why");
        assert_string_equal(r.out, "");
    }
    struct redis_answer a;
    assert_true(ledger_next(&l, &e));
    ledger_lost_redis(&e, "why", &a);
    assert_int_equal(a.id, 6);
    assert_int_equal(a.request, REDIS_BGSAVE);
    assert_int_equal(a.probe.reply, REPLY_NONE);
    assert_string_equal(a.probe.text, "why");
    assert_false(a.info.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_taken_once),
        cmocka_unit_test(what_loses_its_carrier_is_taken_out_in_order_and_the_rest_stays),
        cmocka_unit_test(
            a_command_that_may_have_been_sent_is_cut_off_and_one_that_only_reads_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
