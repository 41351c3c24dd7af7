#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/audit_line.h"

static struct audit_line sample(void)
{
    return (struct audit_line){
        .event = AUDIT_SERVICE_OPERATION,
        .at = {1760106600999},
        .service = "redis",
        .operation = "restart",
        .user_id = "user-123",
        .user_email = "admin@autobot.local",
        .user_role = "admin",
        .source_ip = "172.16.168.20",
        .has_result = true,
        .success = true,
        .duration_seconds = 15.7,
        .exit_code = 0,
        .has_exit_code = true,
        .command_validated = true,
        .has_command_validated = true,
        .risk = AUDIT_RISK_MODERATE,
        .ssh_key_used = 1,
    };
}

/* The line's text; freed by the caller. */
static char *text_of(const struct audit_line *line)
{
    struct buf out = BUF_LIMIT(AUDIT_LINE_MAX + AUDIT_SEAL_MAX);
    assert_int_equal(audit_line_json(line, 7, AUDIT_HASH_NONE, &out), 0);
    return out.data;
}

static void a_line_is_exactly_what_the_contract_says(void **state)
{
    (void)state;
    struct audit_line line = sample();
    char *text = text_of(&line);
    const char *wanted =
        "{\"timestamp\": \"2025-10-10T14:30:00Z\", \"event_type\": \"service_operation\", "
        "\"service\": \"redis\", \"operation\": \"restart\", \"user\": {\"id\": \"user-123\", "
        "\"email\": \"admin@autobot.local\", \"role\": \"admin\"}, \"source_ip\": "
        "\"172.16.168.20\", \"result\": {\"success\": true, \"duration_seconds\": 15.7, "
        "\"exit_code\": 0}, \"security\": {\"command_validated\": true, \"risk_level\": "
        "\"moderate\", \"ssh_key_used\": true}, \"request_id\": null, \"recovery_level\": null, "
        "\"reason\": null, \"seq\": 7, \"prev\": \"" AUDIT_HASH_NONE "\", \"hash\": \"";
    assert_memory_equal(text, wanted, strlen(wanted));
    assert_int_equal(strlen(text), strlen(wanted) + 66);
    mem_free(text);
}

static void the_hash_is_that_of_the_line_without_it(void **state)
{
    (void)state;
    struct audit_line line = sample();
    char *text = text_of(&line);
    char *tail = strstr(text, ", \"hash\": \"");
    assert_non_null(tail);
    char hash[65];
    memcpy(hash, tail + strlen(", \"hash\": \""), 64);
    hash[64] = '\0';
    (void)str_copy(tail, sizeof tail, "}");
    unsigned char raw[32];
    char hex[65];
    (void)SHA256((unsigned char *)text, strlen(text), raw);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    assert_string_equal(hash, hex);
    mem_free(text);
}

static void every_event_has_every_member_and_only_failures_an_error(void **state)
{
    (void)state;
    static const char *const members[] = {
        "timestamp", "event_type", "service",        "operation", "user", "source_ip", "result",
        "security",  "request_id", "recovery_level", "reason",    "seq",  "prev",      "hash"};
    for (int e = 0; e < AUDIT_EVENT_COUNT; e++) {
        struct audit_line line = {.event = (enum audit_event)e, .ssh_key_used = -1};
        line.has_result = e != AUDIT_INTENT;
        line.duration_seconds = -1;
        char *text = text_of(&line);
        json_t *json = json_loads(text, JSON_READ_FLAGS, NULL);
        assert_non_null(json);
        assert_int_equal(json_object_size(json), ARRAY_LENGTH(members));
        size_t i = 0;
        const char *key;
        json_t *value;
        json_object_foreach(json, key, value) {
            assert_string_equal(key, members[i++]);
        }
        assert_string_equal(json_text_or(json, "event_type", ""), audit_event_word(line.event));
        assert_int_equal(json_is_null(json_object_get(json, "result")), e == AUDIT_INTENT);
        assert_null(json_object_get(json_object_get(json, "result"), "error"));
        json_decref(json);
        mem_free(text);
    }
    struct audit_line line = sample();
    line.success = false;
    (void)str_copy(line.error, sizeof line.error, "it failed");
    char *text = text_of(&line);
    assert_non_null(strstr(text, "\"success\": false"));
    assert_non_null(strstr(text, "\"exit_code\": 0, \"error\": \"it failed\"}"));
    mem_free(text);
}

static void durations_are_milliseconds_without_noise(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } rows[] = {
        {0, "0.0,"},          {0.1 + 0.2, "0.3,"},     {15.7004, "15.7,"}, {1, "1.0,"},
        {0.0005, "0.001,"},   {100, "100.0,"},         {-1, "null,"},      {0.0 / 0.0, "null,"},
        {1.0 / 0.0, "null,"}, {1e300, "1000000000.0,"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct audit_line line = sample();
        line.duration_seconds = rows[i].seconds;
        char *text = text_of(&line);
        const char *at = strstr(text, "\"duration_seconds\": ") + strlen("\"duration_seconds\": ");
        assert_memory_equal(at, rows[i].text, strlen(rows[i].text));
        mem_free(text);
    }
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
        n++;
    return n;
}

static void no_text_can_break_a_line_or_count_as_another_event(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "two\nlines\r\n",
        "\x1b[31mred\x7f\b",
        "\xc2\x9b"
        "31m one-byte escape",
        "quote \" and \\ backslash",
        "\", \"hash\": \"0\"}\n{\"timestamp\": \"",
        "\"success\": false",
        "service_operation auto_recovery service_operation",
        "service_service_operation_auto_recovery",
        "\xff\xfe\xc3(",
        "\xed\xa0\x80 surrogate",
        "gr\xc3\xbc\xc3\x9f"
        "e \xf0\x9f\x98\x80",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(hostile); i++) {
        struct audit_line line = sample();
        line.event = AUDIT_INTENT;
        line.has_result = false;
        (void)str_copy(line.reason, sizeof line.reason, hostile[i]);
        (void)str_copy(line.operation, sizeof line.operation, hostile[i]);
        (void)str_copy(line.user_email, sizeof line.user_email, hostile[i]);
        char *text = text_of(&line);
        assert_true(str_utf8(text, strlen(text)));
        for (const char *p = text; *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
        assert_null(strstr(text, "\xc2\x9b"));
        assert_int_equal(count(text, "service_operation"), 0);
        assert_int_equal(count(text, "auto_recovery"), 0);
        assert_int_equal(count(text, "\"success\": false"), 0);
        struct audit_link link;
        assert_int_equal(audit_line_read(text, strlen(text), &link), AUDIT_FLAW_NONE);
        assert_int_equal(link.seq, 7);
        json_t *json = json_loads(text, JSON_READ_FLAGS, NULL);
        if (strstr(hostile[i], "auto_recovery") != NULL) /* the reader sees the same text */
            assert_string_equal(json_text_or(json, "reason", ""), hostile[i]);
        json_decref(json);
        mem_free(text);
    }
}

static void the_longest_and_worst_line_fits(void **state)
{
    (void)state;
    struct audit_line line = sample();
    line.success = false;
    line.exit_code = -2147483647;
    char *const fields[] = {line.service,        line.operation, line.user_id, line.user_email,
                            line.user_role,      line.source_ip, line.error,   line.request_id,
                            line.recovery_level, line.reason};
    const size_t sizes[] = {sizeof line.service,        sizeof line.operation,
                            sizeof line.user_id,        sizeof line.user_email,
                            sizeof line.user_role,      sizeof line.source_ip,
                            sizeof line.error,          sizeof line.request_id,
                            sizeof line.recovery_level, sizeof line.reason};
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        memset(fields[i], '"', sizes[i] - 1);
        fields[i][sizes[i] - 1] = '\0';
    }
    struct buf out = BUF_LIMIT(AUDIT_LINE_MAX);
    assert_int_equal(audit_line_json(&line, UINT64_MAX / 4, AUDIT_HASH_NONE, &out), 0);
    buf_free(&out);
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        for (size_t j = 0; j + 14 < sizes[i]; j += 13)
            memcpy(fields[i] + j, "auto_recovery", 13);
    assert_int_equal(audit_line_json(&line, UINT64_MAX / 4, AUDIT_HASH_NONE, &out), 0);
    buf_free(&out);
}

static void a_changed_cut_or_lengthened_line_is_found(void **state)
{
    (void)state;
    struct audit_line line = sample();
    (void)str_copy(line.reason, sizeof line.reason, "because");
    char *text = text_of(&line);
    size_t length = strlen(text);
    struct audit_link link;
    for (size_t cut = 0; cut < length; cut++)
        assert_int_not_equal(audit_line_read(text, cut, &link), AUDIT_FLAW_NONE);
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            assert_int_not_equal(audit_line_read(text, length, &link), AUDIT_FLAW_NONE);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    assert_int_equal(audit_line_read(text, length, &link), AUDIT_FLAW_NONE);
    char longer[AUDIT_LINE_MAX];
    (void)snprintf(longer, sizeof longer, "%s ", text);
    assert_int_not_equal(audit_line_read(longer, length + 1, &link), AUDIT_FLAW_NONE);
    mem_free(text);
}

static void foreign_lines_are_told_apart_by_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum audit_flaw flaw;
    } rows[] = {
        {"", AUDIT_FLAW_JSON},
        {"[]", AUDIT_FLAW_JSON},
        {"null", AUDIT_FLAW_JSON},
        {"{\"a\": 1, \"a\": 2}", AUDIT_FLAW_JSON},
        {"{}", AUDIT_FLAW_NO_HASH},
        {"{\"hash\": \"" AUDIT_HASH_NONE "\"}", AUDIT_FLAW_NO_HASH},
        {"{\"a\": 1, \"hash\": \"" AUDIT_HASH_NONE "\"}", AUDIT_FLAW_NO_PREV},
        {"{\"prev\": 1, \"hash\": \"" AUDIT_HASH_NONE "\"}", AUDIT_FLAW_NO_PREV},
        {"{\"prev\": \"" AUDIT_HASH_NONE "\", \"hash\": \"" AUDIT_HASH_NONE "\"}",
         AUDIT_FLAW_NO_SEQ},
        {"{\"seq\": -1, \"prev\": \"" AUDIT_HASH_NONE "\", \"hash\": \"" AUDIT_HASH_NONE "\"}",
         AUDIT_FLAW_NO_SEQ},
        {"{\"seq\": 1, \"prev\": \"" AUDIT_HASH_NONE "\", \"hash\": \"" AUDIT_HASH_NONE "\"}",
         AUDIT_FLAW_HASH},
    };
    struct audit_link link = {.seq = 99};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(audit_line_read(rows[i].line, strlen(rows[i].line), &link), rows[i].flaw);
        assert_true(strlen(audit_flaw_text(rows[i].flaw)) > 0);
    }
    assert_int_equal(link.seq, 99); /* untouched */
    char *big = calloc(1, AUDIT_LINE_MAX + 1);
    assert_int_equal(audit_line_read(big, AUDIT_LINE_MAX + 1, &link), AUDIT_FLAW_LENGTH);
    assert_int_equal(audit_line_read(big, AUDIT_LINE_MAX, &link), AUDIT_FLAW_JSON);
    free(big);
}

static void lack_of_memory_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    struct audit_line line = sample();
    struct buf out = BUF_LIMIT(AUDIT_LINE_MAX);
    mem_fail_from(0);
    assert_int_equal(audit_line_json(&line, 1, AUDIT_HASH_NONE, &out), 0);
    unsigned long all = mem_count();
    buf_free(&out);
    for (unsigned long n = 1; n <= all; n++) {
        assert_int_equal(buf_append(&out, "x", 1), 0);
        mem_fail_from(n);
        int r = audit_line_json(&line, 1, AUDIT_HASH_NONE, &out);
        mem_fail_from(0);
        if (r < 0)
            assert_string_equal(buf_text(&out), "x");
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_exactly_what_the_contract_says),
        cmocka_unit_test(the_hash_is_that_of_the_line_without_it),
        cmocka_unit_test(every_event_has_every_member_and_only_failures_an_error),
        cmocka_unit_test(durations_are_milliseconds_without_noise),
        cmocka_unit_test(no_text_can_break_a_line_or_count_as_another_event),
        cmocka_unit_test(the_longest_and_worst_line_fits),
        cmocka_unit_test(a_changed_cut_or_lengthened_line_is_found),
        cmocka_unit_test(foreign_lines_are_told_apart_by_what_is_wrong),
        cmocka_unit_test(lack_of_memory_leaves_the_output_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
