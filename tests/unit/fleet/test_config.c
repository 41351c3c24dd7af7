/* The fingerprint of a service's settings: equal where what is done is equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "fleet/inside.h"

#define SERVICE(more, ssh)                                                                         \
    "services:\n  cache:\n    control: ssh\n    address: 10.0.0.9:6379\n" more                     \
    "    ssh: {host: 10.0.0.9, user: u, " ssh "}\n"

static void print_of(const char *yaml, char ret[CONFIG_SIZE])
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("resus.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s", err.text);
    fleet_config_of(&s->services[0], ret);
    settings_free(s);
}

static bool same(const char *a, const char *b)
{
    char x[CONFIG_SIZE], y[CONFIG_SIZE];
    print_of(a, x);
    print_of(b, y);
    assert_int_equal(strlen(x), CONFIG_SIZE - 1);
    return str_equal(x, y);
}

static void files_of_this_machine_make_no_difference(void **state)
{
    (void)state;
    assert_true(same(SERVICE("", "key: /a"), SERVICE("", "key: /b")));
}

static void what_is_watched_or_done_does(void **state)
{
    (void)state;
    const char *base = SERVICE("", "key: /a");
    assert_false(same(base, SERVICE("    unit: other\n", "key: /a")));
    assert_false(same(base, SERVICE("    health_check: {interval_seconds: 7}\n", "key: /a")));
    assert_false(same(base, SERVICE("    auto_recovery: {max_attempts: 5}\n", "key: /a")));
    assert_false(same(base, "services:\n  cache:\n    control: ssh\n    address: 10.0.0.9:6380\n"
                            "    ssh: {host: 10.0.0.9, user: u, key: /a}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_this_machine_make_no_difference),
        cmocka_unit_test(what_is_watched_or_done_does),
    };
    return cmocka_run_group_tests_name("fleet/config", tests, NULL, NULL);
}
