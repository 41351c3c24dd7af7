#include <string.h>

#include "sample.h"

#include "backups/check_report.h"

#define SOUND                                                                                      \
    "[offset 0] Checking RDB file dump.rdb\n"                                                      \
    "[offset 27] AUX FIELD redis-ver = '7.0.15'\n"                                                 \
    "[offset 164] Selecting DB ID 0\n"                                                             \
    "[offset 188] Selecting DB ID 3\n"                                                             \
    "[offset 219] Checksum OK\n"                                                                   \
    "[offset 219] \\o/ RDB looks OK! \\o/\n"                                                       \
    "[info] 4 keys read\n[info] 2 expires\n[info] 1 already expired\n"

static struct check_report report;

static void read_text(const char *text)
{
    check_report_read(text, strlen(text), &report);
}

static void a_sound_file_has_its_places_and_counts(void **state)
{
    (void)state;
    read_text(SOUND);
    assert_true(report.sound);
    assert_int_equal(report.trouble, CHECK_NO_TROUBLE);
    assert_int_equal(report.keys, 4);
    assert_int_equal(report.expires, 2);
    assert_int_equal(report.expired, 1);
    assert_int_equal(report.database_count, 2);
    assert_int_equal(report.databases[1].db, 3);
    assert_int_equal(report.offsets[1], 188);
}

/* A field's value is the file's own and may say anything, but for a line of its own. */
static void a_field_cannot_speak_for_the_program(void **state)
{
    (void)state;
    read_text("[offset 27] AUX FIELD x = 'RDB looks OK! [info] 9 keys read Selecting DB ID 1'\n");
    assert_false(report.sound);
    assert_int_equal(report.keys, -1);
    assert_int_equal(report.database_count, 0);
    assert_int_equal(report.trouble, CHECK_DAMAGED);
}

static void each_trouble_has_its_own_kind(void **state)
{
    static const struct {
        const char *text;
        enum check_trouble trouble;
    } rows[] = {
        {"--- RDB ERROR DETECTED ---\n[offset 9] Can't handle RDB format version 12\n",
         CHECK_NEWER},
        {"[offset 9] Wrong signature trying to load DB from file\n", CHECK_NEWER},
        {"[offset 200] Unexpected EOF reading RDB file\n", CHECK_SHORT},
        {"[offset 219] RDB CRC error\n", CHECK_DAMAGED},
        {"[offset 219] Something new went wrong\n", CHECK_DAMAGED},
        {"", CHECK_DAMAGED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_text(rows[i].text);
        assert_int_equal(report.trouble, rows[i].trouble);
        assert_false(report.sound);
    }
}

static void more_databases_than_can_be_kept_are_noticed(void **state)
{
    struct buf text = BUF_LIMIT((size_t)1 << 20);
    (void)state;
    for (int i = 0; i <= CHECK_DATABASES_MAX; i++)
        assert_int_equal(buf_printf(&text, "[offset %d] Selecting DB ID %d\n", i, i), 0);
    read_text(text.data);
    assert_int_equal(report.database_count, CHECK_DATABASES_MAX);
    assert_true(report.more_databases);
    buf_free(&text);
}

static void a_server_that_cannot_load_says_why(void **state)
{
    static const struct {
        const char *text;
        enum check_trouble trouble;
        const char *module;
    } rows[] = {
        {"9:C # Server started\n9:M # Can't handle RDB format version 12\n9:M # Fatal error "
         "loading "
         "the DB, check server logs. Exiting.\n",
         CHECK_NEWER, ""},
        {"9:M # The RDB file contains AUX module data I can't load: no matching module "
         "'graphdata'\n",
         CHECK_MODULE, "graphdata"},
        {"9:M # Short read or OOM loading DB. Unrecoverable error, aborting now.\n9:M # Internal "
         "error in RDB reading offset 5, function at rdb.c:1 -> Unexpected EOF\n",
         CHECK_SHORT, ""},
        {"9:M # Internal error in RDB reading offset 5, function at rdb.c:1 -> Unknown\n",
         CHECK_DAMAGED, ""},
        {"9:M # RDB has duplicated key 'a' in DB 0\n", CHECK_DAMAGED, ""},
        {"9:M * Ready to accept connections\n", CHECK_NO_TROUBLE, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct load_report load;
        load_report_read(rows[i].text, strlen(rows[i].text), &load);
        assert_int_equal(load.trouble, rows[i].trouble);
        assert_string_equal(load.module, rows[i].module);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file_has_its_places_and_counts),
        cmocka_unit_test(a_field_cannot_speak_for_the_program),
        cmocka_unit_test(each_trouble_has_its_own_kind),
        cmocka_unit_test(more_databases_than_can_be_kept_are_noticed),
        cmocka_unit_test(a_server_that_cannot_load_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
