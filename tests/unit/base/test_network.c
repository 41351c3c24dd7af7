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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_of_an_ipv6_host_is_one_network),
        cmocka_unit_test(a_network_never_leaves_its_place),
    };
    return cmocka_run_group_tests_name("base/network", tests, NULL, NULL);
}
