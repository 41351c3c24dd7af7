/* Parts of the support bundle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "report/bundle_parts.h"
#include "settings/settings.h"

static const char *const parts[] = {"info", "logs", "clients"};

static json_t *body_of(size_t info, size_t logs)
{
    static char text[5000];
    json_t *body = json_object();
    memset(text, 'x', sizeof text);
    (void)json_put(body, "info", json_stringn(text, info));
    (void)json_put(body, "logs", json_stringn(text, logs));
    (void)json_put_text(body, "document", "resus support bundle");
    return body;
}

static bool is_missing(const json_t *body, const char *part)
{
    return json_is_object(json_object_get(body, part));
}

static void the_longest_parts_go_until_the_rest_fits(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *body = body_of(1000, 4000);
    bundle_make_it_fit(body, parts, ARRAY_LENGTH(parts), 2000);
    assert_true(is_missing(body, "logs"));
    assert_false(is_missing(body, "info"));
    bundle_make_it_fit(body, parts, ARRAY_LENGTH(parts), 500);
    assert_true(is_missing(body, "info"));
    assert_string_equal(json_text_or(body, "document", ""), "resus support bundle");
}

static void what_fits_stays_whole(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *body = body_of(1000, 500);
    bundle_make_it_fit(body, parts, ARRAY_LENGTH(parts), 2000);
    assert_false(is_missing(body, "info") || is_missing(body, "logs"));
}

static void lines_stay_and_what_moves_a_cursor_goes(void **state)
{
    (void)state;
    char to[32];
    static const char text[] = "one\n\033[2Jtwo\r\nthree\n";
    bundle_copy_lines(to, sizeof to, text, sizeof text - 1);
    assert_null(strchr(to, '\033'));
    assert_null(strchr(to, '\r'));
    assert_non_null(strstr(to, "one\n"));
    assert_non_null(strstr(to, "\nthree\n"));
    bundle_copy_lines(to, 6, text, sizeof text - 1);
    assert_true(strlen(to) < 6);
}

static void a_file_that_holds_a_secret_is_not_named(void **state)
{
    (void)state;
    struct service_settings s = {.control = CONTROL_SSH};
    (void)str_copy(s.id, sizeof s.id, "redis");
    (void)str_copy(s.redis.password_file, sizeof s.redis.password_file, "/etc/resus/keys/secret");
    JSON_CLEANUP json_t *o = bundle_settings_json(&s);
    char *text = json_dumps(o, JSON_COMPACT);
    assert_non_null(text);
    assert_null(strstr(text, "secret"));
    assert_string_equal(json_text_or(o, "control", ""), "ssh");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_parts_go_until_the_rest_fits),
        cmocka_unit_test(what_fits_stays_whole),
        cmocka_unit_test(lines_stay_and_what_moves_a_cursor_goes),
        cmocka_unit_test(a_file_that_holds_a_secret_is_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
