/* Signed links: what makes one good, and that nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "alerts/ack_link.h"
#include "base/str.h"

static const uint8_t key[ACK_LINK_KEY_SIZE] = {1, 2, 3};
static const wall_ms now = {1796004603000};
static const struct ack_link link = {.incident = 4711, .expires = {1796019003000}};

static void a_link_is_good_for_its_incident_and_channel_until_it_ends(void **state)
{
    (void)state;
    char text[ACK_LINK_SIZE];
    struct ack_link back;
    (void)ack_link_write(key, "pager", &link, text);
    assert_int_equal(ack_link_read(key, "pager", text, now, &back), 0);
    assert_int_equal(back.incident, 4711);
    assert_int_equal(back.expires.ms, link.expires.ms);
    assert_int_equal(ack_link_read(key, "pager", text, wall_add(link.expires, -1), &back), 0);
    assert_int_equal(ack_link_read(key, "pager", text, link.expires, &back), -ETIME);
    assert_int_equal(ack_link_read(key, "chat", text, now, &back), -EINVAL);
}

static void another_key_makes_other_links(void **state)
{
    (void)state;
    static const uint8_t other[ACK_LINK_KEY_SIZE] = {1, 2, 4};
    char text[ACK_LINK_SIZE];
    struct ack_link back;
    (void)ack_link_write(other, "pager", &link, text);
    assert_int_equal(ack_link_read(key, "pager", text, now, &back), -EINVAL);
}

static void a_link_with_any_character_changed_is_refused(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    char text[ACK_LINK_SIZE], changed[ACK_LINK_SIZE];
    struct ack_link back;
    (void)ack_link_write(key, "pager", &link, text);
    for (size_t at = 0; at < strlen(text); at++)
        for (const char *c = alphabet; *c != '\0'; c++) {
            memcpy(changed, text, sizeof changed);
            changed[at] = *c;
            if (*c != text[at])
                assert_int_equal(ack_link_read(key, "pager", changed, now, &back), -EINVAL);
        }
}

static void what_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    char text[ACK_LINK_SIZE], other[2 * ACK_LINK_SIZE];
    struct ack_link back;
    (void)ack_link_write(key, "pager", &link, text);
    for (size_t length = 0; length < strlen(text); length++) {
        memcpy(other, text, length);
        other[length] = '\0';
        assert_int_equal(ack_link_read(key, "pager", other, now, &back), -EINVAL);
    }
    for (int i = 0; i < 2; i++) {
        (void)str_format(other, sizeof other, "%s%s", text, i == 0 ? "=" : "AAAA");
        assert_int_equal(ack_link_read(key, "pager", other, now, &back), -EINVAL);
    }
}

static void a_link_fits_into_a_path(void **state)
{
    (void)state;
    const struct ack_link largest = {.incident = INT64_C(0xFFFFFFFFFF),
                                     .expires = {INT64_C(253402300799000)}};
    char text[ACK_LINK_SIZE];
    struct ack_link back;
    (void)ack_link_write(key, "pager", &largest, text);
    assert_true(strlen(text) <= 63);
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        strlen(text));
    assert_int_equal(ack_link_read(key, "pager", text, now, &back), 0);
    assert_int_equal(back.incident, largest.incident);
    assert_int_equal(back.expires.ms, largest.expires.ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_good_for_its_incident_and_channel_until_it_ends),
        cmocka_unit_test(another_key_makes_other_links),
        cmocka_unit_test(a_link_with_any_character_changed_is_refused),
        cmocka_unit_test(what_is_cut_or_longer_is_refused),
        cmocka_unit_test(a_link_fits_into_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
