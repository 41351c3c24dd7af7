/* What strangers write into headers is read as the standards have it, and nothing more is read into
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "web/header.h"

static void cookies_are_found_by_their_whole_name_and_once(void **state)
{
    (void)state;
    static const struct {
        const char *cookies, *value; /* NULL: none */
    } rows[] = {
        {"__Host-resus=abc.def-1_2", "abc.def-1_2"},
        {"a=b; __Host-resus=abc; c=d", "abc"},
        {"a=b;__Host-resus=abc ;c=d", "abc"},
        {"x__Host-resus=abc", NULL},
        {"__Host-resusx=abc", NULL},
        {"__Host-resus", NULL},
        {"__Host-resus=", NULL},
        {"__host-resus=abc", NULL},
        {"a=__Host-resus=abc", NULL},
        {"__Host-resus=abc; __Host-resus=def", NULL},
        {"__Host-resus=a b", NULL},
        {"__Host-resus=a\"b", NULL},
        {"__Host-resus=0123456789abcdef0123456789abcdef", NULL},
        {"", NULL},
        {";;; ; =", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char value[32] = "untouched";
        bool found = header_cookie(rows[i].cookies, "__Host-resus", value, sizeof value);
        assert_int_equal(found, rows[i].value != NULL);
        if (found)
            assert_string_equal(value, rows[i].value);
    }
}

static void bearer_tokens_are_one_word(void **state)
{
    (void)state;
    static const struct {
        const char *authorization, *token;
    } rows[] = {
        {"Bearer abc", "abc"},
        {"bearer  abc ", "abc"},
        {"BEARER a.b-c_d~e+f/g=", "a.b-c_d~e+f/g="},
        {"Bearer", NULL},
        {"Bearer ", NULL},
        {"Bearerabc", NULL},
        {"Basic abc", NULL},
        {"Bearer a b", NULL},
        {"Bearer a\tb", NULL},
        {"Bearer a,b", NULL},
        {"", NULL},
        {"Bearer 01234567890123456789012345678901", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char token[32];
        bool found = header_bearer(rows[i].authorization, token, sizeof token);
        assert_int_equal(found, rows[i].token != NULL);
        if (found)
            assert_string_equal(token, rows[i].token);
    }
}

static void an_origin_is_our_own_only_with_https_and_the_whole_host(void **state)
{
    (void)state;
    assert_true(header_same_origin("https://h.example:8443", "https", "h.example:8443"));
    assert_true(header_same_origin("HTTPS://H.example", "https", "h.EXAMPLE"));
    assert_false(header_same_origin("http://h.example", "https", "h.example"));
    assert_false(header_same_origin("https://h.example.evil", "https", "h.example"));
    assert_false(header_same_origin("https://h.example:8443", "https", "h.example"));
    assert_false(header_same_origin("https://", "https", ""));
    assert_false(header_same_origin("null", "https", "null"));
    assert_false(header_same_origin("", "https", ""));
    assert_false(header_same_origin("https", "https", "h.example"));
    assert_false(header_same_origin("https:/h.example", "https", "h.example"));
    assert_true(header_same_origin("http://h.example", "http", "h.example"));
    assert_false(header_same_origin("https://h.example", "http", "h.example"));
}

static void a_coding_is_taken_when_it_is_named_and_not_refused(void **state)
{
    (void)state;
    assert_true(header_accepts("gzip, deflate, br", "br"));
    assert_true(header_accepts("GZIP;q=0.5", "gzip"));
    assert_true(header_accepts("br;q=0.001", "br"));
    assert_false(header_accepts("br;q=0", "br"));
    assert_false(header_accepts("br ; q=0.000", "br"));
    assert_false(header_accepts("brotli", "br"));
    assert_false(header_accepts("", "br"));
    assert_false(header_accepts(",,;q=", "br"));
}

static void tags_match_whole(void **state)
{
    (void)state;
    assert_true(header_matches("\"abc\"", "\"abc\""));
    assert_true(header_matches("\"x\", W/\"abc\"", "\"abc\""));
    assert_true(header_matches("*", "\"abc\""));
    assert_false(header_matches("\"abcd\"", "\"abc\""));
    assert_false(header_matches("abc", "\"abc\""));
    assert_false(header_matches("", "\"abc\""));
    assert_false(header_matches("W/", "\"abc\""));
}

static void a_length_is_digits_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "-1",  "+1",  " 1",  "1 ",
                                      "1e3", "0x1", "1,1", "1.0", "9999999999999999999"};
    size_t length = 7;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(header_length(bad[i], &length));
    assert_int_equal(length, 7);
    assert_true(header_length("65536", &length));
    assert_int_equal(length, 65536);
    assert_true(header_length("000", &length));
    assert_int_equal(length, 0);
}

static void json_is_named_by_its_type(void **state)
{
    (void)state;
    assert_true(header_is_json("application/json"));
    assert_true(header_is_json("Application/JSON; charset=utf-8"));
    assert_false(header_is_json("application/jsonp"));
    assert_false(header_is_json("text/plain"));
    assert_false(header_is_json("application/x-www-form-urlencoded"));
    assert_false(header_is_json(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_found_by_their_whole_name_and_once),
        cmocka_unit_test(bearer_tokens_are_one_word),
        cmocka_unit_test(an_origin_is_our_own_only_with_https_and_the_whole_host),
        cmocka_unit_test(a_coding_is_taken_when_it_is_named_and_not_refused),
        cmocka_unit_test(tags_match_whole),
        cmocka_unit_test(a_length_is_digits_alone),
        cmocka_unit_test(json_is_named_by_its_type),
    };
    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
