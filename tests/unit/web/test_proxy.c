/* Who is behind a proxy: only a trusted one is believed, and never further than it can know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "web/proxy.h"

static struct proxies proxies;

static int set_up(void **state)
{
    (void)state;
    json_t *list =
        json_pack("[s, s, s, s, i]", "10.0.0.0/8", "2001:db8:9::/48", "127.0.0.1", "nonsense", 5);
    proxies_set(&proxies, list);
    json_decref(list);
    assert_int_equal(proxies.count, 3);
    return 0;
}

static const char *client(const char *lines, const char *peer)
{
    static char to[NETWORK_TEXT_MAX];
    static char request[20000];
    struct http_head head;
    assert_true(str_format(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", lines));
    assert_true(http_read(request, strlen(request), sizeof request, &head) > 0);
    proxies_client(&proxies, &head, peer, to);
    return to;
}

#define FOR(value) "X-Forwarded-For: " value "\r\n"

static void the_last_address_that_is_no_proxys_is_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *peer, *client;
    } rows[] = {
        {"", "10.0.0.1", "10.0.0.1"},
        {FOR("192.0.2.7"), "10.0.0.1", "192.0.2.7"},
        {FOR("192.0.2.7"), "198.51.100.1", "198.51.100.1"}, /* a stranger is not believed */
        {FOR("203.0.113.9, 192.0.2.7"), "10.0.0.1", "192.0.2.7"},
        {FOR("192.0.2.7,10.0.0.2\t, 10.0.0.3"), "10.0.0.1", "192.0.2.7"},
        {FOR("203.0.113.9") FOR("192.0.2.7") FOR("10.0.0.2"), "10.0.0.1", "192.0.2.7"},
        {FOR("10.0.0.3, 10.0.0.2"), "10.0.0.1", "10.0.0.3"},
        {FOR("2001:DB8::7"), "2001:db8:9::1", "2001:db8::7"},
        {FOR("[2001:db8::7]:4711"), "10.0.0.1", "2001:db8::7"},
        {FOR("[2001:db8::7]"), "10.0.0.1", "2001:db8::7"},
        {FOR("192.0.2.7:4711"), "10.0.0.1", "192.0.2.7"},
        {FOR("::ffff:192.0.2.7"), "127.0.0.1", "192.0.2.7"},
        {FOR("192.0.2.7, ::ffff:10.0.0.2"), "10.0.0.1", "192.0.2.7"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_string_equal(client(rows[i].lines, rows[i].peer), rows[i].client);
}

static void nothing_is_believed_beyond_what_cannot_be_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ",",
        "unknown",
        "_hidden",
        "192.0.2",
        "192.0.2.7.1",
        "[::1",
        "::1]",
        "[192.0.2.7]x",
        "fe80::1%a",
        "\"192.0.2.7\"",
        "192.0.2.7;",
        "192.0.2.7 x",
        "local",
        "127.0.0.1\tadmin",
        "\xc3\xa9",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        char lines[200];
        (void)str_format(lines, sizeof lines, FOR("%s"), bad[i]);
        assert_string_equal(client(lines, "10.0.0.1"), "10.0.0.1");
        (void)str_format(lines, sizeof lines, FOR("203.0.113.9, %s, 10.0.0.2"), bad[i]);
        assert_string_equal(client(lines, "10.0.0.1"), "10.0.0.2");
        (void)str_format(lines, sizeof lines, FOR("%s, 192.0.2.7"), bad[i]);
        assert_string_equal(client(lines, "10.0.0.1"), "192.0.2.7");
    }
}

static void hops_and_lines_are_bounded(void **state)
{
    (void)state;
    static char lines[16000];
    (void)str_copy(lines, sizeof lines, "X-Forwarded-For: 192.0.2.7");
    for (int i = 0; i < 1000; i++)
        (void)str_append(lines, sizeof lines, ",10.0.0.9");
    (void)str_append(lines, sizeof lines, "\r\n");
    assert_string_equal(client(lines, "10.0.0.1"), "10.0.0.9");
    lines[0] = '\0';
    for (int i = 0; i < 100; i++)
        (void)str_append(lines, sizeof lines, FOR("203.0.113.%d"), i);
    (void)str_append(lines, sizeof lines, FOR("192.0.2.7"));
    assert_string_equal(client(lines, "10.0.0.1"), "192.0.2.7"); /* the last counts */
    lines[0] = '\0';
    for (int i = 0; i < 100; i++)
        (void)str_append(lines, sizeof lines, FOR("10.0.0.%d"), i);
    assert_string_equal(client(lines, "10.0.0.1"), "10.0.0.92");
}

static void plain_http_is_what_a_trusted_proxy_says_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *peer;
        bool plain;
    } rows[] = {
        {"", "10.0.0.1", false},
        {"X-Forwarded-Proto: http\r\n", "10.0.0.1", true},
        {"X-Forwarded-Proto: http\r\n", "192.0.2.7", false},
        {"X-Forwarded-Proto: https\r\n", "10.0.0.1", false},
        {"X-Forwarded-Proto: http, https\r\n", "10.0.0.1", false},
        {"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "10.0.0.1", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char request[200];
        struct http_head head;
        (void)str_format(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n",
                         rows[i].lines);
        assert_true(http_read(request, strlen(request), sizeof request, &head) > 0);
        assert_int_equal(proxies_plain_http(&proxies, &head, rows[i].peer), rows[i].plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_address_that_is_no_proxys_is_the_client),
        cmocka_unit_test(nothing_is_believed_beyond_what_cannot_be_read),
        cmocka_unit_test(hops_and_lines_are_bounded),
        cmocka_unit_test(plain_http_is_what_a_trusted_proxy_says_it_is),
    };
    return cmocka_run_group_tests_name("web/proxy", tests, set_up, NULL);
}
