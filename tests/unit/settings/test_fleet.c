/* `engine` and `fleet`: what is taken, and what each mistake is answered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "settings/settings.h"

#define SERVICE                                                                                    \
    "services:\n  cache:\n    control: ssh\n    address: 10.0.0.9:6379\n    ssh: {host: "          \
    "10.0.0.9, "                                                                                   \
    "user: u, key: /k}\n"

static int parse(const char *yaml, struct settings **ret, struct error *err)
{
    *ret = NULL;
    return settings_parse("resus.yaml", yaml, strlen(yaml), ret, err);
}

static void without_the_section_there_is_no_fleet(void **state)
{
    (void)state;
    struct settings *s;
    struct error err = {0};
    assert_int_equal(parse(SERVICE "server: {name: one}\n", &s, &err), 0);
    assert_int_equal(s->fleet.etcd.count, 0);
    assert_string_equal(s->fleet.name, "one");
    settings_free(s);
}

static void all_keys_are_read(void **state)
{
    (void)state;
    struct settings *s;
    struct error err = {0};
    assert_int_equal(parse(SERVICE
                           "engine: {name: a, site: west, url: 'https://a.example:8443'}\n"
                           "fleet:\n  etcd: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379']\n"
                           "  ca_file: /ca\n  certificate: /c\n  key: /k\n  prefix: /resus/2\n"
                           "  ttl_seconds: 30\n",
                           &s, &err),
                     0);
    assert_int_equal(s->fleet.etcd.count, 2);
    assert_string_equal(s->fleet.etcd.urls[1], "https://10.0.0.2:2379");
    assert_string_equal(s->fleet.name, "a");
    assert_string_equal(s->fleet.site, "west");
    assert_string_equal(s->fleet.prefix, "/resus/2");
    assert_int_equal(s->fleet.ttl_seconds, 30);
    settings_free(s);
}

static void defaults_are_the_contracts(void **state)
{
    (void)state;
    struct settings *s;
    struct error err = {0};
    assert_int_equal(parse(SERVICE "fleet: {etcd: 'http://10.0.0.1:2379'}\n", &s, &err), 0);
    assert_string_equal(s->fleet.prefix, "/resus/1");
    assert_int_equal(s->fleet.ttl_seconds, 15);
    settings_free(s);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *said;
    } rows[] = {
        {SERVICE "fleet: {ttl_seconds: 15}\n", "`fleet` needs `etcd`"},
        {SERVICE "fleet: {etcd: ['10.0.0.1:2379']}\n", "begins with http:// or https://"},
        {SERVICE "fleet: {etcd: ['https://10.0.0.1:2379/v3']}\n", "without a path"},
        {SERVICE "fleet: {etcd: ['https://a:1', 'https://a:1']}\n", "twice"},
        {SERVICE "fleet: {etcd: ['http://a:1'], ca_file: /ca}\n", "begin with https://"},
        {SERVICE "fleet: {etcd: ['https://a:1'], certificate: /c}\n", "`key` is missing"},
        {SERVICE "fleet: {etcd: ['https://a:1'], prefix: resus}\n", "begin with /"},
        {SERVICE "fleet: {etcd: ['https://a:1'], prefix: /resus/}\n", "begin with /"},
        {SERVICE "fleet: {etcd: ['https://a:1'], ttl_seconds: 5}\n", "ttl_seconds"},
        {SERVICE "fleet: {etcd: ['https://a:1'], ttl: 15}\n", "unknown key `ttl`"},
        {"fleet: {etcd: ['https://a:1']}\n", "needs `control: ssh`"},
        {SERVICE "fleet: {etcd: ['https://a:1', 'https://b:1', 'https://c:1', 'https://d:1', "
                 "'https://e:1', 'https://f:1', 'https://g:1', 'https://h:1', 'https://i:1', "
                 "'https://j:1']}\n",
         "more than 9 entries"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct settings *s;
        struct error err = {0};
        if (parse(rows[i].yaml, &s, &err) >= 0)
            fail_msg("taken: %s", rows[i].yaml);
        if (strstr(err.text, rows[i].said) == NULL || !str_starts(err.text, "resus.yaml:"))
            fail_msg("%s\nsays: %s", rows[i].yaml, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_there_is_no_fleet),
        cmocka_unit_test(all_keys_are_read),
        cmocka_unit_test(defaults_are_the_contracts),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests_name("settings/fleet", tests, NULL, NULL);
}
