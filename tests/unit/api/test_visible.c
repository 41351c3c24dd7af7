/* What each role sees of one and the same object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/visible.h"
#include "base/attr.h"
#include "base/json.h"

typedef json_t *visible(const json_t *whole, enum access access);

static void expect(visible *see, const char *whole, enum access access, const char *wanted)
{
    JSON_CLEANUP json_t *object = json_loads(whole, 0, NULL);
    assert_non_null(object);
    JSON_CLEANUP json_t *seen = see(object, access);
    char *text = json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, wanted);
    free(text);
}

static void who_did_it_and_why_is_for_those_who_operate(void **state)
{
    (void)state;
    static const struct {
        visible *see;
        const char *whole, *viewer;
    } rows[] = {
        {visible_event,
         "{\"message\":\"new "
         "disk\",\"result\":\"started\",\"type\":\"service_event\",\"user\":\"a@b\"}",
         "{\"message\":\"\",\"result\":\"started\",\"type\":\"service_event\",\"user\":\"another "
         "user\"}"},
        {visible_event,
         "{\"message\":\"It took 2 s.\",\"result\":\"success\",\"type\":\"service_event\",\"user\":"
         "\"a@b\"}",
         "{\"message\":\"It took 2 s.\",\"result\":\"success\",\"type\":\"service_event\",\"user\":"
         "\"another user\"}"},
        {visible_event,
         "{\"message\":\"Paused.\",\"reason\":\"new disk\",\"type\":\"notice\",\"user\":\"a@b\"}",
         "{\"message\":\"Paused.\",\"type\":\"notice\",\"user\":\"another user\"}"},
        {visible_status,
         "{\"notices\":[{\"message\":\"Soon.\",\"user\":\"a@b\"}],\"operation\":{\"id\":\"o-1\","
         "\"user\":"
         "\"a@b\"},\"status\":\"stopped\",\"stop_reason\":\"new disk\",\"stopped_by\":\"a@b\"}",
         "{\"notices\":[{\"message\":\"Soon.\",\"user\":\"another "
         "user\"}],\"operation\":{\"id\":\"o-1\","
         "\"user\":\"another user\"},\"status\":\"stopped\",\"stopped_by\":\"another user\"}"},
        {visible_people, "{\"by\":\"a@b\",\"kind\":\"manual\",\"reason\":\"new disk\"}",
         "{\"by\":\"another user\",\"kind\":\"manual\"}"},
        {visible_people, "{\"by\":null,\"kind\":\"daily\"}", "{\"by\":null,\"kind\":\"daily\"}"},
        {visible_event, "{\"event\":\"restart\",\"type\":\"service_event\",\"user\":\"system\"}",
         "{\"event\":\"restart\",\"type\":\"service_event\",\"user\":\"system\"}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        expect(rows[i].see, rows[i].whole, ACCESS_VIEWER, rows[i].viewer);
        expect(rows[i].see, rows[i].whole, ACCESS_OPERATOR, rows[i].whole);
        expect(rows[i].see, rows[i].whole, ACCESS_ADMIN, rows[i].whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_did_it_and_why_is_for_those_who_operate),
    };
    return cmocka_run_group_tests_name("visible", tests, NULL, NULL);
}
