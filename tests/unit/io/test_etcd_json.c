/* Answers of etcd 3.4 and 3.5, letter by letter, and what is no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/etcd_json.h"

#define HEAD                                                                                       \
    "\"header\":{\"cluster_id\":\"14841639068965178418\",\"member_id\":\"10276657743932975437\","  \
    "\"revision\":\"7\",\"raft_term\":\"3\"}"

static bool good(enum etcd_call call, const char *text)
{
    struct etcd_answer a;
    struct error err = {0};
    int r = etcd_read_answer(call, text, strlen(text), &a, &err);
    assert_true(r == 0 || (r == -EPROTO && err.text[0] != '\0'));
    assert_true(a.good == (r == 0));
    etcd_answer_free(&a);
    return r == 0;
}

static void a_lease_has_a_life_or_is_gone(void **state)
{
    (void)state;
    struct etcd_answer a;
    struct error err = {0};
    const char *lives = "{\"result\":{" HEAD ",\"ID\":\"1716894196328699909\",\"TTL\":\"15\"}}\n";
    assert_int_equal(etcd_read_answer(ETCD_KEEP_ALIVE, lives, strlen(lives), &a, &err), 0);
    assert_int_equal(a.ttl_ms, 15000);
    assert_true(a.lease == INT64_C(1716894196328699909));
    assert_true(a.cluster == UINT64_C(14841639068965178418) && a.term == 3 && a.revision == 7);
    const char *gone = "{\"result\":{" HEAD ",\"ID\":\"7587875\"}}";
    assert_int_equal(etcd_read_answer(ETCD_KEEP_ALIVE, gone, strlen(gone), &a, &err), 0);
    assert_int_equal(a.ttl_ms, 0);
}

static void what_is_no_answer_is_no_right(void **state)
{
    (void)state;
    static const struct {
        enum etcd_call call;
        const char *text;
    } rows[] = {
        {ETCD_KEEP_ALIVE, ""},
        {ETCD_KEEP_ALIVE, "{}"},
        {ETCD_KEEP_ALIVE, "{\"result\":{\"ID\":\"1\",\"TTL\":\"15\"}}"},
        {ETCD_KEEP_ALIVE, "{\"result\":{" HEAD ",\"TTL\":\"15\"}}"},
        {ETCD_KEEP_ALIVE, "{\"result\":{" HEAD ",\"ID\":\"1\",\"TTL\":\"15x\"}}"},
        {ETCD_KEEP_ALIVE, "{\"result\":{" HEAD ",\"ID\":\"1\",\"TTL\":\"99999999999\"}}"},
        {ETCD_KEEP_ALIVE, "{\"error\":{\"grpc_code\":14},\"result\":{" HEAD ",\"ID\":\"1\","
                          "\"TTL\":\"15\"}}"},
        {ETCD_KEEP_ALIVE, "{\"result\":{" HEAD ",\"ID\":\"1\",\"TTL\":\"15\"}"},
        {ETCD_GRANT, "{" HEAD ",\"ID\":\"1\"}"},
        {ETCD_TXN, "{\"succeeded\":true}"},
        {ETCD_TXN, "{" HEAD ",\"succeeded\":\"true\"}"},
        {ETCD_TXN, "[]"},
        {ETCD_RANGE, "{" HEAD ",\"kvs\":{}}"},
        {ETCD_RANGE, "{" HEAD ",\"kvs\":[{}]}"},
        {ETCD_RANGE, "{" HEAD ",\"kvs\":[{\"key\":\"!!!!\",\"mod_revision\":\"1\"}]}"},
        {ETCD_RANGE, "{" HEAD ",\"kvs\":[{\"key\":\"YQBi\",\"mod_revision\":\"1\"}]}"},
        {ETCD_RANGE, "{" HEAD ",\"kvs\":[{\"key\":\"YQ==\"}]}"},
        {ETCD_STATUS, "{" HEAD "}"},
        {ETCD_MEMBERS, "{" HEAD ",\"members\":[]}"},
        {ETCD_TXN, "{\"header\":{\"cluster_id\":\"18446744073709551616\"}}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_false(good(rows[i].call, rows[i].text));
    assert_true(good(ETCD_TXN, "{" HEAD "}"));
    assert_true(good(ETCD_REVOKE, "{" HEAD "}"));
    assert_true(good(ETCD_ALARMS, "{" HEAD "}"));
}

static void keys_and_values_are_read(void **state)
{
    (void)state;
    struct etcd_answer a;
    struct error err = {0};
    const char *text =
        "{" HEAD ",\"kvs\":[{\"key\":\"L3QvYQ==\",\"create_revision\":\"5\","
        "\"mod_revision\":\"6\",\"version\":\"2\",\"value\":\"eHl6\",\"lease\":\"9\"}],"
        "\"more\":true,\"count\":\"2\"}";
    assert_int_equal(etcd_read_answer(ETCD_RANGE, text, strlen(text), &a, &err), 0);
    assert_int_equal(a.count, 1);
    assert_true(a.more);
    assert_string_equal(a.entries[0].key, "/t/a");
    assert_string_equal(a.entries[0].value, "xyz");
    assert_int_equal(a.entries[0].create_revision, 5);
    assert_int_equal(a.entries[0].mod_revision, 6);
    assert_int_equal(a.entries[0].lease, 9);
    etcd_answer_free(&a);
}

static void refusals_of_both_versions_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"error\":\"etcdserver: requested lease not found\",\"message\":\"etcdserver: requested "
        "lease not found\",\"code\":5}",
        "{\"code\":5,\"message\":\"etcdserver: requested lease not found\"}",
        "{\"error\":{\"grpc_code\":5,\"message\":\"etcdserver: requested lease not found\"}}",
        "{\"error\":{\"code\":5,\"message\":\"etcdserver: requested lease not found\"}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        int code = 0;
        char said[ETCD_TEXT_MAX];
        etcd_read_refusal(texts[i], strlen(texts[i]), &code, said);
        assert_int_equal(code, ETCD_LEASE_NOT_FOUND);
        assert_string_equal(said, "etcdserver: requested lease not found");
    }
}

static void lines_of_a_watch_are_read(void **state)
{
    (void)state;
    struct etcd_line line;
    struct error err = {0};
    const char *events =
        "{\"result\":{" HEAD ",\"events\":[{\"kv\":{\"key\":\"YQ==\","
        "\"create_revision\":\"2\",\"mod_revision\":\"7\",\"value\":\"Yg==\"}},"
        "{\"type\":\"DELETE\",\"kv\":{\"key\":\"YQ==\",\"mod_revision\":\"7\"}}]}}";
    assert_int_equal(etcd_read_line(events, strlen(events), &line, &err), 0);
    assert_int_equal(line.count, 2);
    assert_false(line.events[0].deleted);
    assert_string_equal(line.events[0].entry.value, "b");
    assert_true(line.events[1].deleted);
    etcd_line_free(&line);
    const char *compacted = "{\"result\":{" HEAD ",\"canceled\":true,\"compact_revision\":\"9\"}}";
    assert_int_equal(etcd_read_line(compacted, strlen(compacted), &line, &err), 0);
    assert_true(line.cancelled && line.compacted == 9);
    const char *error =
        "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no "
        "leader\",\"http_status\":\"Service Unavailable\"}}";
    assert_int_equal(etcd_read_line(error, strlen(error), &line, &err), 0);
    assert_true(line.cancelled);
    assert_string_equal(line.text, "etcdserver: no leader");
    assert_int_equal(etcd_read_line("{\"result\":{}}", 13, &line, &err), -EPROTO);
    etcd_line_free(&line);
}

static void bodies_are_what_etcd_wants(void **state)
{
    (void)state;
    const struct etcd_compare compare = {.key = "a", .what = ETCD_CREATED, .is = 0};
    const struct etcd_write writes[] = {{.key = "a", .value = "b", .lease = 9}, {.key = "c"}};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = writes, .write_count = 2};
    char *body = etcd_body_txn(&txn);
    assert_string_equal(
        body,
        "{\"compare\":[{\"key\":\"YQ==\",\"result\":\"EQUAL\",\"target\":\"CREATE\","
        "\"create_revision\":\"0\"}],\"success\":[{\"request_put\":{\"key\":\"YQ==\","
        "\"value\":\"Yg==\",\"lease\":\"9\"}},{\"request_delete_range\":{\"key\":\"Yw==\"}}]}");
    mem_free(body);
    body = etcd_body_range("/a/", NULL, 0);
    assert_string_equal(body, "{\"key\":\"L2Ev\",\"range_end\":\"L2Ew\",\"limit\":\"1000\"}");
    mem_free(body);
    body = etcd_body_watch("/a/", 8);
    assert_string_equal(body, "{\"create_request\":{\"key\":\"L2Ev\",\"range_end\":\"L2Ew\","
                              "\"start_revision\":\"8\",\"progress_notify\":true}}");
    mem_free(body);
}

static void versions_before_3_5_13_are_too_old(void **state)
{
    (void)state;
    static const char *const old[] = {"3.4.34", "3.5.12", "3.5.0", "2.3.8", "3.5.9-rc.1"};
    static const char *const good[] = {"3.5.13", "3.5.16", "3.6.0", "4.0.0", "3.10.1", "", "x"};
    for (size_t i = 0; i < ARRAY_LENGTH(old); i++)
        assert_true(etcd_version_old(old[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_false(etcd_version_old(good[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_has_a_life_or_is_gone),
        cmocka_unit_test(what_is_no_answer_is_no_right),
        cmocka_unit_test(keys_and_values_are_read),
        cmocka_unit_test(refusals_of_both_versions_are_read),
        cmocka_unit_test(lines_of_a_watch_are_read),
        cmocka_unit_test(bodies_are_what_etcd_wants),
        cmocka_unit_test(versions_before_3_5_13_are_too_old),
    };
    return cmocka_run_group_tests_name("io/etcd_json", tests, NULL, NULL);
}
