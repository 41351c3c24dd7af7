/* The parsers of the restore helper, its SHA-256 beside OpenSSL's, and its names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "placement/order.h"
#include "placement/redis_conf.h"
#include "placement/settings.h"
#include "placement/sha256.h"

static void sha256_agrees_with_openssl_for_every_length_and_cut(void **context)
{
    (void)context;
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        struct sha256 s;
        char hex[65];
        char wanted[65];
        unsigned char sum[32];
        size_t cut = length * 7 % (length + 1);
        sha256_begin(&s);
        sha256_add(&s, bytes, cut);
        sha256_add(&s, bytes + cut, length - cut);
        sha256_end(&s, hex);
        assert_int_equal(EVP_Digest(bytes, length, sum, NULL, EVP_sha256(), NULL), 1);
        for (size_t i = 0; i < sizeof sum; i++)
            (void)snprintf(wanted + 2 * i, 3, "%02x", sum[i]);
        assert_string_equal(hex, wanted);
    }
}

static void names_that_leave_the_folder_are_refused(void **context)
{
    (void)context;
    assert_true(placement_name_valid("dump.rdb") && placement_name_valid("appendonly-6379.aof"));
    assert_false(placement_name_valid("") || placement_name_valid("../dump.rdb") ||
                 placement_name_valid("a/b") || placement_name_valid(".hidden") ||
                 placement_name_valid("resus-aside-1") || placement_name_valid("a b"));
    assert_true(placement_dir_valid("/var/lib/redis"));
    assert_false(placement_dir_valid("/") || placement_dir_valid("var/lib") ||
                 placement_dir_valid("/var/../etc") || placement_dir_valid("/var//lib") ||
                 placement_dir_valid("/var/lib/") || placement_dir_valid("/var/./lib"));
    char id[PLACEMENT_ID_SIZE];
    placement_id_now(id);
    assert_true(placement_id_valid(id));
    assert_false(placement_id_valid("20261129T023000Z") || placement_id_valid("") ||
                 placement_id_valid("20261129T023000.12/Z") ||
                 placement_id_valid("20261129T023000.123Zx"));
}

static enum placement_result settings(const char *text, struct placement_place *p)
{
    struct placement_error err = {0};
    enum placement_result r = settings_parse(text, strlen(text), "redis-server", p, &err);
    assert_int_equal(r == PLACEMENT_OK, err.text[0] == '\0');
    return r;
}

static void settings_name_the_folder_and_the_line_that_is_wrong(void **context)
{
    (void)context;
    struct placement_place p;
    assert_int_equal(
        settings("# all\n[other]\ndir /x\nodd thing\n[redis-server]\n dir /var/lib/redis # here\n"
                 "config /etc/redis/redis.conf\nmax_bytes 5\n",
                 &p),
        PLACEMENT_OK);
    assert_string_equal(p.dir, "/var/lib/redis");
    assert_string_equal(p.config, "/etc/redis/redis.conf");
    assert_string_equal(p.dump, "dump.rdb");
    assert_int_equal(p.bytes_max, 5);
    static const char *const wrong[] = {"",
                                        "[redis-server]\n",
                                        "[redis-server]\ndir relative\n",
                                        "[redis-server]\ndir /a\ndbfilename ../b\n",
                                        "[redis-server]\ndir /a\nodd 1\n",
                                        "[redis-server]\ndir /a\nmax_bytes -1\n",
                                        "[redis-server]\ndir /a\n[redis-server]\n",
                                        "[redis-server\ndir /a\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(settings(wrong[i], &p), PLACEMENT_SETTINGS);
}

static void collect(void *context, const char *name, const char *value)
{
    size_t length = strlen(context);
    (void)snprintf((char *)context + length, 400 - length, "%s=%s;", name, value);
}

static void redis_conf_is_read_without_its_secrets(void **context)
{
    (void)context;
    char seen[400] = "";
    static const char text[] = "# a\nport 6379\r\n  AppendOnly \"yes\"\nrequirepass hunter2\n"
                               "user bob on >secret\nsave \"\"\nPrimaryAuth hunter3\n";
    assert_int_equal(redis_conf_read(text, sizeof text - 1, collect, seen), REDIS_CONF_AOF_ON);
    assert_string_equal(seen,
                        "port=6379;AppendOnly=yes;requirepass=(not shown);user=(not shown);save=;"
                        "PrimaryAuth=(not shown);");
    assert_int_equal(redis_conf_read("", 0, NULL, NULL), REDIS_CONF_AOF_OFF);
    assert_int_equal(redis_conf_read("appendonly no\ninclude x\n", 24, NULL, NULL),
                     REDIS_CONF_AOF_UNKNOWN);
    assert_int_equal(redis_conf_read("include x\nappendonly no", 23, NULL, NULL),
                     REDIS_CONF_AOF_OFF);
}

static void a_stage_announces_a_length_and_a_sum(void **context)
{
    (void)context;
    struct placement_stage s = {0};
    char line[ORDER_LINE_MAX];
    (void)snprintf(line, sizeof line, "219 %064d", 7);
    assert_true(order_stage(line, &s));
    assert_int_equal(s.bytes, 219);
    line[60] = 'A';
    assert_false(order_stage(line, &s));
    assert_false(order_stage("", &s) || order_stage("1 ", &s) || order_stage("-1 0", &s));
    assert_true(order_known("place-aof"));
    assert_false(order_known("place"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_openssl_for_every_length_and_cut),
        cmocka_unit_test(names_that_leave_the_folder_are_refused),
        cmocka_unit_test(settings_name_the_folder_and_the_line_that_is_wrong),
        cmocka_unit_test(redis_conf_is_read_without_its_secrets),
        cmocka_unit_test(a_stage_announces_a_length_and_a_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
