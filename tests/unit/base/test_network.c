#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/network.h"

static void every_address_of_an_ipv6_host_is_one_network(void **state)
{
    (void)state;
    static const struct {
        const char *address, *network;
    } rows[] = {
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::1", "2001:db8:1:2::"},
        {"2001:db8:1:3::1", "2001:db8:1:3::"},
        {"fe80::1", "fe80::"},
        {"::1", "::1"},
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
        {"local", "local"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char network[NETWORK_TEXT_MAX];
        network_of(rows[i].address, network, sizeof network);
        assert_string_equal(network, rows[i].network);
    }
}

static void a_network_never_leaves_its_place(void **state)
{
    (void)state;
    char network[8] = "1234567";
    network_of("2001:db8:1:2::1", network, sizeof network);
    assert_string_equal(network, "2001:db");
}

static void a_network_holds_its_addresses_whatever_their_form(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool held;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "::ffff:10.255.0.1", true},
        {"::ffff:10.0.0.0/104", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"192.0.2.0/29", "192.0.2.7", true},
        {"192.0.2.0/29", "192.0.2.8", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"0.0.0.0/0", "198.51.100.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::/0", "nonsense", false},
        {"::/0", "", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct network network, again;
        char text[NETWORK_TEXT_MAX];
        assert_true(network_read(rows[i].network, &network));
        network_write(&network, text, sizeof text);
        assert_true(network_read(text, &again));
        if (network_holds(&network, rows[i].address) != rows[i].held ||
            network_holds(&again, rows[i].address) != rows[i].held)
            fail_msg("%s, %s", rows[i].network, rows[i].address);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",       "10.0.0.0/33", "10.0.0.0/-1",  "10.0.0/8",
                                       "::/129", "10.0.0.0/",   "10.0.0.0/8/8", "host.example",
                                       "::1%lo", " 10.0.0.1"};
    struct network network;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (network_read(rows[i], &network))
            fail_msg("was read: %s", rows[i]);
}

static void an_address_is_written_one_way(void **state)
{
    (void)state;
    char text[NETWORK_TEXT_MAX], small[8];
    assert_true(network_plain("::FFFF:192.0.2.7", text, sizeof text));
    assert_string_equal(text, "192.0.2.7");
    assert_true(network_plain("2001:0DB8:0::1", text, sizeof text));
    assert_string_equal(text, "2001:db8::1");
    assert_false(network_plain("192.0.2.7:1", text, sizeof text));
    assert_false(network_plain("192.0.2.7", small, sizeof small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_of_an_ipv6_host_is_one_network),
        cmocka_unit_test(a_network_never_leaves_its_place),
        cmocka_unit_test(a_network_holds_its_addresses_whatever_their_form),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(an_address_is_written_one_way),
    };
    return cmocka_run_group_tests_name("base/network", tests, NULL, NULL);
}
