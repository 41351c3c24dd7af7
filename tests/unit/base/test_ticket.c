/* A ticket comes back as it was packed, and no two owners share one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ticket.h"

static const uint64_t numbers[] = {0, 1, 4095, UINT32_MAX, (UINT64_C(1) << TICKET_NUMBER_BITS) - 1};
static const int parts[] = {0, 1, 255, TICKET_PART_MAX};

static void every_member_comes_back(void **state)
{
    (void)state;
    for (int owner = 0; owner < (int)TICKET_OWNER_COUNT; owner++)
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
            for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
                const struct ticket t = {(enum ticket_owner)owner, parts[p], numbers[n]};
                struct ticket back = ticket_read(ticket_pack(t));
                assert_int_equal(back.owner, t.owner);
                assert_int_equal(back.part, t.part);
                assert_true(back.number == t.number);
            }
}

static void a_ticket_is_a_positive_number(void **state)
{
    (void)state;
    const struct ticket largest = {TICKET_ACCOUNTS, TICKET_PART_MAX, UINT64_MAX};
    assert_true(ticket_pack(largest) <= INT64_MAX);
}

static void an_engine_number_without_a_service_is_itself(void **state)
{
    (void)state;
    assert_true(ticket_pack((struct ticket){TICKET_ENGINE, 0, 42}) == 42);
    assert_true(ticket_is_of(42, TICKET_ENGINE));
    assert_false(ticket_is_of(42, TICKET_HANDLERS));
}

static void nobody_owns_zero(void **state)
{
    (void)state;
    for (int owner = 0; owner < (int)TICKET_OWNER_COUNT; owner++)
        assert_false(ticket_is_of(0, (enum ticket_owner)owner));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(a_ticket_is_a_positive_number),
        cmocka_unit_test(an_engine_number_without_a_service_is_itself),
        cmocka_unit_test(nobody_owns_zero),
    };
    return cmocka_run_group_tests_name("base/ticket", tests, NULL, NULL);
}
