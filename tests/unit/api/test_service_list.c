/* What a caller gets who asks for a part of the services, and in what order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/operations.h"
#include "api/service_list.h"
#include "api/visible.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

static const char fleet[] =
    "{'items':["
    "{'id':'well','name':'Well','status':'running','overall_status':'healthy','cause':'ok',"
    "'address':'10.0.0.1:6379','group':'Shop','tags':['eu','cache']},"
    "{'id':'hot','name':'Hot','status':'running','overall_status':'degraded','cause':'memory_high',"
    "'address':'10.0.0.2:6380','vm_name':'Rack 7'},"
    "{'id':'away','name':'Away','status':'unknown','overall_status':'unknown',"
    "'cause':'host_unreachable','address':'10.0.0.3:6379','group':'Shop'},"
    "{'id':'meant','name':'Meant','status':'stopped','overall_status':'critical',"
    "'cause':'stopped_on_purpose','address':'10.0.0.4:6379'},"
    "{'id':'held','name':'Held','status':'failed','overall_status':'critical','cause':'crashed',"
    "'maintenance':{'id':1},'address':'10.0.0.5:6379'},"
    "{'id':'z','name':'Zebra','status':'running','overall_status':'critical','cause':'busy_script',"
    "'address':'unix:/run/zebra.sock','tags':['eu']},"
    "{'id':'a','name':'ant','status':'failed','overall_status':'critical','cause':'crashed',"
    "'address':'10.0.0.6:6379'}]}";

static json_t *read_json(const char *text)
{
    char *quoted = strdup(text);
    assert_non_null(quoted);
    for (char *p = quoted; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    json_t *object = json_loads(quoted, 0, NULL);
    free(quoted);
    assert_non_null(object);
    return object;
}

/* The ids that come back, in their order, with a blank between them. */
static void expect_ids(const char *filter, const char *wanted)
{
    JSON_CLEANUP json_t *whole = read_json(fleet);
    JSON_CLEANUP json_t *args = read_json(filter);
    JSON_CLEANUP json_t *part = service_list_pick(whole, args);
    char ids[256] = "";
    size_t i;
    json_t *item;
    assert_non_null(part);
    assert_true(json_is_null(json_object_get(part, "next_cursor")));
    json_array_foreach(json_object_get(part, "items"), i, item) {
        (void)str_append(ids, sizeof ids, "%s%s", i == 0 ? "" : " ", json_text_or(item, "id", "?"));
    }
    assert_string_equal(ids, wanted);
}

static void the_worst_comes_first_and_what_is_planned_after_it(void **state)
{
    (void)state;
    expect_ids("{}", "a z held meant away hot well");
}

static void a_filter_leaves_what_matches_all_of_it(void **state)
{
    (void)state;
    expect_ids("{'group':'Shop'}", "away well");
    expect_ids("{'group':'shop'}", "");
    expect_ids("{'tag':'eu'}", "z well");
    expect_ids("{'tag':'e'}", "");
    expect_ids("{'tag':'eu','group':'Shop'}", "well");
    expect_ids("{'status':'offline'}", "a held meant");
    expect_ids("{'status':'failed'}", "a held");
    expect_ids("{'status':'critical'}", "a z held meant");
    expect_ids("{'status':'unknown'}", "away");
}

static void text_is_found_in_name_place_cause_and_labels(void **state)
{
    (void)state;
    expect_ids("{'q':'ZEB'}", "z");
    expect_ids("{'q':'6380'}", "hot");
    expect_ids("{'q':'10.0.0.3'}", "away");
    expect_ids("{'q':'rack'}", "hot");
    expect_ids("{'q':'memory'}", "hot");
    expect_ids("{'q':'shop'}", "away well");
    expect_ids("{'q':'cach'}", "well");
    expect_ids("{'q':'nothing of it'}", "");
    expect_ids("{'q':''}", "a z held meant away hot well");
}

static void a_stranger_cannot_search_for_what_he_does_not_see(void **state)
{
    (void)state;
    static const char *const filters[] = {"{'q':'10.0.0.3'}", "{'q':'crashed'}", "{'q':'rack'}",
                                          "{'group':'Shop'}", "{'tag':'eu'}"};
    JSON_CLEANUP json_t *whole = read_json(fleet);
    JSON_CLEANUP json_t *visible = visible_services(whole, ACCESS_ANONYMOUS);
    for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
        JSON_CLEANUP json_t *args = read_json(filters[i]);
        JSON_CLEANUP json_t *part = service_list_pick(visible, args);
        assert_int_equal(json_array_size(json_object_get(part, "items")), 0);
    }
}

static void a_status_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    JSON_CLEANUP json_t *good = read_json("{'status':'offline'}");
    JSON_CLEANUP json_t *bad = read_json("{'status':'sad'}");
    assert_int_equal(operation_check(&operations[OP_SERVICES], good, &err), 0);
    assert_true(operation_check(&operations[OP_SERVICES], bad, &err) < 0);
    assert_non_null(strstr(err.text, "offline"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_comes_first_and_what_is_planned_after_it),
        cmocka_unit_test(a_filter_leaves_what_matches_all_of_it),
        cmocka_unit_test(text_is_found_in_name_place_cause_and_labels),
        cmocka_unit_test(a_stranger_cannot_search_for_what_he_does_not_see),
        cmocka_unit_test(a_status_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
