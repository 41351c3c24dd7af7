/* A message as JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "notify/message.h"

static const char full[] =
    "{\"kind\": \"trigger\", \"severity\": \"P2\", \"key\": \"resus/a/redis/writes/3\", "
    "\"instance\": \"a\", \"service\": \"redis\", \"service_name\": \"Redis\", \"host\": \"h\", "
    "\"cause\": \"oom\", \"title\": \"t\", \"summary\": \"s\", \"action\": \"x\", \"stake\": "
    "\"k\", \"command\": \"c\", \"link\": \"l\", \"cause_link\": \"m\", \"text\": \"line\\nline\", "
    "\"author\": \"alice\", \"unsaved_changes\": 0, \"connections\": 12, \"began_at\": "
    "\"2026-11-30T02:10:03Z\", \"ended_at\": \"2026-11-30T02:14:03Z\", \"repeat\": true, "
    "\"evidence\": [\"e1\", \"e2\"], \"log_lines\": [\"l1\"]}";

static struct message *read(const char *text)
{
    struct error err = {0};
    struct message *m = mem_must(mem_calloc(1, sizeof *m));
    JSON_CLEANUP json_t *json = json_loads(text, 0, NULL);
    if (message_read(json, m, &err) < 0)
        fail_msg("%s", err.text);
    return m;
}

static void every_member_comes_back(void **state)
{
    (void)state;
    struct message *m = read(full);
    JSON_CLEANUP json_t *wanted = json_loads(full, 0, NULL);
    JSON_CLEANUP json_t *is = message_write(m);
    assert_true(json_equal(wanted, is));
    mem_free(m);
}

static void what_is_unknown_is_left_out(void **state)
{
    (void)state;
    struct message m;
    message_init(&m, MESSAGE_TEST);
    JSON_CLEANUP json_t *json = message_write(&m);
    assert_int_equal(json_object_size(json), 1);
    assert_string_equal(json_text_or(json, "kind", ""), "test");
}

static void every_kind_has_its_word(void **state)
{
    (void)state;
    for (int k = 0; k < MESSAGE_KIND_COUNT; k++) {
        struct message m, back;
        message_init(&m, (enum message_kind)k);
        JSON_CLEANUP json_t *json = message_write(&m);
        assert_int_equal(message_read(json, &back, NULL), 0);
        assert_int_equal(back.kind, k);
    }
}

static void wrong_members_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *member;
    } rows[] = {
        {"[]", "object"},
        {"{}", "`kind`"},
        {"{\"kind\": \"x\"}", "`kind`"},
        {"{\"kind\": \"test\", \"severity\": \"P5\"}", "`severity`"},
        {"{\"kind\": \"test\", \"title\": 1}", "`title`"},
        {"{\"kind\": \"test\", \"began_at\": \"soon\"}", "`began_at`"},
        {"{\"kind\": \"test\", \"evidence\": \"x\"}", "`evidence`"},
        {"{\"kind\": \"test\", \"log_lines\": [1]}", "`log_lines`"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct message m;
        struct error err = {0};
        JSON_CLEANUP json_t *json = json_loads(rows[i].text, 0, NULL);
        assert_int_equal(message_read(json, &m, &err), -EINVAL);
        assert_non_null(strstr(err.text, rows[i].member));
    }
}

static void long_texts_are_cut_and_long_lists_end(void **state)
{
    (void)state;
    char text[MESSAGE_TEXT_MAX * 2];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    JSON_CLEANUP json_t *json =
        json_pack("{s:s, s:s, s:[]}", "kind", "test", "title", text, "evidence");
    for (int i = 0; i < 100; i++)
        (void)json_array_append_new(json_object_get(json, "evidence"), json_string(text));
    struct message m;
    assert_int_equal(message_read(json, &m, NULL), 0);
    assert_int_equal(strlen(m.title), sizeof m.title - 1);
    assert_int_equal(m.evidence.count, MESSAGE_EVIDENCE_MAX);
    assert_int_equal(strlen(m.evidence.lines[0]), MESSAGE_LINE_MAX - 1);
}

static void the_built_in_message_is_clean_and_still_the_same_alert(void **state)
{
    (void)state;
    struct message *m = read(full);
    struct message r;
    (void)str_copy(m->title, sizeof m->title, "a\r\nBcc: b");
    message_reduce(m, &r);
    assert_string_equal(r.key, m->key);
    assert_string_equal(r.title, "a  Bcc: b");
    assert_int_equal(r.severity, 2);
    assert_int_equal(r.kind, MESSAGE_TRIGGER);
    assert_int_equal(r.evidence.count + r.log.count, 0);
    assert_string_equal(r.text, "");
    mem_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(every_kind_has_its_word),
        cmocka_unit_test(wrong_members_are_named),
        cmocka_unit_test(long_texts_are_cut_and_long_lists_end),
        cmocka_unit_test(the_built_in_message_is_clean_and_still_the_same_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
