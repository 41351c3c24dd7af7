/* The key table against what it must agree with: the policies' defaults, the headers' limits and
 * the handbook. RESUS_UPDATE_DOCS=1 writes the reference into docs/configuration.md instead of
 * comparing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/keys.h"

#define BEGIN "<!-- reference: begin -->\n"
#define END "<!-- reference: end -->\n"

static void no_place_has_a_key_twice_and_other_names_lead_somewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        assert_ptr_equal(key_find(keys[i].place, keys[i].name), &keys[i]);
        if (keys[i].same_as != NULL)
            assert_null(keys[key_index(&keys[i])].same_as);
        else
            assert_int_equal(key_index(&keys[i]), i);
        if (keys[i].type == KEY_ALIEN)
            assert_non_null(keys[i].help);
        if (keys[i].type == KEY_CHOICE)
            assert_non_null(keys[i].choices);
    }
    for (int place = 0; place < PLACE_COUNT; place++)
        assert_non_null(place_path((enum place)place));
}

static void the_tables_defaults_are_the_policies_defaults(void **state)
{
    (void)state;
    struct error err = {0};
    struct watch_policy watch = {0};
    struct watch_policy watch_wanted = watch_policy_default();
    struct recovery_policy recovery = {0};
    struct recovery_policy recovery_wanted = recovery_policy_default();
    assert_int_equal(key_set_defaults(BASE_WATCH, &watch, &err), 0);
    assert_int_equal(key_set_defaults(BASE_RECOVERY, &recovery, &err), 0);
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].base == BASE_WATCH && !key_equal(&keys[i], &watch, &watch_wanted))
            fail_msg("%s: %s is not the policy's default", keys[i].name, keys[i].standard);
        if (keys[i].base == BASE_RECOVERY && !key_equal(&keys[i], &recovery, &recovery_wanted))
            fail_msg("%s: %s is not the policy's default", keys[i].name, keys[i].standard);
    }
}

static void both_ends_of_every_range_are_taken_and_nothing_beyond(void **state)
{
    (void)state;
    union {
        char bytes[64];
        int64_t aligned;
    } to;
    for (size_t i = 0; i < key_count; i++) {
        struct key row = keys[i];
        row.offset = 0;
        bool whole = row.type == KEY_INT || row.type == KEY_INT_OR_0 || row.type == KEY_MEGABYTES;
        if (!whole && row.type != KEY_REAL && row.type != KEY_SECONDS && row.type != KEY_MINUTES)
            continue;
        const double step = whole ? 1 : 0.001;
        const struct {
            double value;
            bool good;
        } rows[] = {{row.min, true},
                    {row.max, true},
                    {row.min - step, row.type == KEY_INT_OR_0 && row.min <= 1},
                    {row.max + step, false}};
        for (size_t j = 0; j < ARRAY_LENGTH(rows); j++) {
            char text[64];
            (void)snprintf(text, sizeof text, "%.*f", whole ? 0 : 3, rows[j].value);
            struct error err = {0};
            int r = key_set(&row, to.bytes, text, &err);
            if ((r == 0) != rows[j].good)
                fail_msg("%s: %s gives %d %s", row.name, text, r, err.text);
        }
    }
}

static void every_path_is_trusted_but_those_that_are_written_or_read_on_the_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        bool open = (keys[i].place == PLACE_SERVICE && strcmp(keys[i].name, "log_file") == 0) ||
                    (keys[i].place == PLACE_AUDIT && strstr(keys[i].name, "syslog") == NULL);
        if (keys[i].type == KEY_PATH && keys[i].trusted == open)
            fail_msg("%s.%s", place_path(keys[i].place), keys[i].name);
    }
}

static void a_text_as_long_as_its_field_is_refused_not_cut(void **state)
{
    (void)state;
    struct service_settings *service = calloc(1, sizeof *service);
    char text[SETTINGS_PATH_MAX + 2];
    for (size_t i = 0; i < key_count; i++) {
        struct key row = keys[i];
        if (row.base != BASE_SERVICE ||
            (row.type != KEY_TEXT && row.type != KEY_NAME && row.type != KEY_PATH &&
             row.type != KEY_UNIT && row.type != KEY_USER && row.type != KEY_HOST))
            continue;
        memset(text, 'a', sizeof text);
        text[row.size - 1] = '\0';
        assert_int_equal(key_set(&row, service, text, NULL), 0);
        text[row.size - 1] = 'a';
        text[row.size] = '\0';
        assert_int_equal(key_set(&row, service, text, NULL), -EINVAL);
        assert_int_equal(strlen((char *)service + row.offset), row.size - 1);
    }
    free(service);
}

static void the_handbook_has_the_whole_table(void **state)
{
    (void)state;
    char path[1024];
    struct error err = {0};
    struct buf doc = BUF_LIMIT(1 << 20);
    struct buf wanted = BUF_LIMIT(1 << 20);
    (void)snprintf(path, sizeof path, "%s/docs/configuration.md", getenv("RESUS_SOURCE"));
    assert_int_equal(file_read(path, &doc, &err), 0);
    const char *begin = strstr(buf_text(&doc), BEGIN);
    const char *end = strstr(buf_text(&doc), END);
    assert_non_null(begin);
    assert_non_null(end);
    begin += strlen(BEGIN);
    assert_int_equal(key_reference(&wanted), 0);
    if (getenv("RESUS_UPDATE_DOCS") != NULL) {
        struct buf out = BUF_LIMIT(1 << 20);
        assert_int_equal(buf_append(&out, doc.data, (size_t)(begin - doc.data)), 0);
        assert_int_equal(buf_append(&out, wanted.data, wanted.length), 0);
        assert_int_equal(buf_append(&out, end, strlen(end)), 0);
        assert_int_equal(file_write_atomic(path, out.data, out.length, 0644, &err), 0);
        buf_free(&out);
    } else if ((size_t)(end - begin) != wanted.length ||
               memcmp(begin, wanted.data, wanted.length) != 0) {
        fail_msg("docs/configuration.md is not the table's: run this test with "
                 "RESUS_UPDATE_DOCS=1");
    }
    buf_free(&doc);
    buf_free(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_place_has_a_key_twice_and_other_names_lead_somewhere),
        cmocka_unit_test(the_tables_defaults_are_the_policies_defaults),
        cmocka_unit_test(both_ends_of_every_range_are_taken_and_nothing_beyond),
        cmocka_unit_test(every_path_is_trusted_but_those_that_are_written_or_read_on_the_host),
        cmocka_unit_test(a_text_as_long_as_its_field_is_refused_not_cut),
        cmocka_unit_test(the_handbook_has_the_whole_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
