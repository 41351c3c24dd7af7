#include <errno.h>
#include <string.h>

#include "sample.h"

#include "backups/manifest.h"
#include "base/str.h"

static void read_sample(struct buf *text)
{
    assert_int_equal(file_read(TEST_DATA "/manifest.json", text, NULL), 0);
}

static void what_is_written_is_read_again(void **state)
{
    static struct manifest m;
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct buf again = BUF_LIMIT(MANIFEST_BYTES_MAX);
    (void)state;
    read_sample(&text);
    assert_int_equal(manifest_read(text.data, text.length, &m, NULL), 0);
    assert_string_equal(m.id, "20261129T023000Z");
    assert_int_equal(m.kind, BACKUP_DAILY);
    assert_int_equal(m.source.maxmemory_bytes, -1);
    assert_int_equal(m.source.databases, 16);
    assert_string_equal(m.source.modules[0], "bf");
    assert_int_equal(m.databases[1].db, 3);
    assert_int_equal(m.checks[0].keys, 3);
    assert_int_equal(m.checks[0].milliseconds, 1500);
    assert_int_equal(m.checks[1].reason, PROOF_NEEDS_NEWER_SERVER);
    assert_int_equal(m.proved, PROOF_LOADED);
    assert_int_equal(m.suspicious, 1u << BACKUP_FEWER_KEYS);
    assert_int_equal(m.live_before, 4);
    assert_int_equal(m.live_after, BACKUP_KEYS_UNKNOWN);
    assert_int_equal(manifest_write(&m, &again, NULL), 0);
    assert_int_equal(m.copy_count, 2);
    assert_string_equal(m.copies[0].target, "nas");
    assert_int_equal(m.copies[1].state, MANIFEST_COPY_REMOVED);
    assert_string_equal(again.data, text.data);
    struct backup_figures f = manifest_figures(&m);
    assert_int_equal(f.keys, 6);
    assert_int_equal(f.bytes, 219);
    buf_free(&text);
    buf_free(&again);
}

/* The sample is of 0.1.0, which knew nothing of it. */
static void what_was_accepted_is_read_again_and_other_counts_stay_suspicious(void **state)
{
    static struct manifest m, back;
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct buf again = BUF_LIMIT(MANIFEST_BYTES_MAX);
    (void)state;
    read_sample(&text);
    assert_int_equal(manifest_read(text.data, text.length, &m, NULL), 0);
    assert_int_equal(m.accepted_at.ms, WALL_NONE.ms);
    assert_int_equal(manifest_suspicions(&m), 1u << BACKUP_FEWER_KEYS);
    m.accepted_at = m.finished;
    m.suspicious |= 1u << BACKUP_OUTSIDE_LIVE;
    (void)str_copy(m.accepted_by, sizeof m.accepted_by, "alice@example.org");
    assert_int_equal(manifest_write(&m, &again, NULL), 0);
    assert_int_equal(manifest_read(again.data, again.length, &back, NULL), 0);
    assert_int_equal(back.accepted_at.ms, m.finished.ms);
    assert_string_equal(back.accepted_by, "alice@example.org");
    assert_int_equal(back.suspicious, m.suspicious);
    assert_int_equal(manifest_suspicions(&back), 1u << BACKUP_OUTSIDE_LIVE);
    buf_free(&text);
    buf_free(&again);
}

/* Replaces `from` by `to` in the sample and expects the error to name `member`. */
static void expect_refused(const char *from, const char *to, const char *member)
{
    static struct manifest m;
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct buf changed = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct error err = {0};
    read_sample(&text);
    const char *at = strstr(text.data, from);
    assert_non_null(at);
    assert_int_equal(buf_append(&changed, text.data, (size_t)(at - text.data)), 0);
    assert_int_equal(buf_printf(&changed, "%s%s", to, at + strlen(from)), 0);
    assert_int_equal(manifest_read(changed.data, changed.length, &m, &err), -EBADMSG);
    assert_non_null(strstr(err.text, member));
    buf_free(&text);
    buf_free(&changed);
}

static void a_wrong_member_is_named(void **state)
{
    static const char *const rows[][3] = {
        {"\"format\": 1", "\"format\": 2", "use a newer one"},
        {"20261129T023000Z", "../../etc/passwd", "\"id\""},
        {"\"daily\"", "\"hourly\"", "\"kind\""},
        {"\"proved\": \"loaded\"", "\"proved\": \"yes\"", "\"proved\""},
        {"\"dump.rdb\"", "\"../dump.rdb\"", "\"files\""},
        {"\"dump.rdb\"", "\".partial\"", "\"files\""},
        {"\"bytes\": 219", "\"bytes\": -1", "\"files\""},
        {"\"bytes\": 219", "\"bytes\": 9223372036854775807", "\"files\""},
        {"\"dump.rdb\"", "\"dump.rdb\\u001b[2J\"", "\"files\""},
        {"\"keys\": 4", "\"keys\": 9223372036854775807", "\"rdb\""},
        {"abababab", "ABABABAB", "\"files\""},
        {"\"keys\": 4", "\"keys\": \"4\"", "\"rdb\""},
        {"\"crc64\": \"ok\"", "\"crc64\": \"fine\"", "\"rdb\""},
        {"\"seconds\": 1.5", "\"seconds\": -1.5", "\"checks\""},
        {"fewer_keys", "fewer_bits", "\"suspicious\""},
        {"\"removed\"", "\"lost\"", "\"copies\""},
        {"\"target\"", "\"place\"", "\"copies\""},
        {"\"before\": 4", "\"before\": -4", "\"live\""},
        {"\"via\": \"ssh\"", "\"via\": 7", "\"method\""},
        {"\"role\": \"master\"", "\"role\": null", "\"source\""},
        {"2026-11-29T02:30:00Z", "yesterday", "started_at"},
        {"{", "", "no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        expect_refused(rows[i][0], rows[i][1], rows[i][2]);
}

static void a_manifest_of_an_older_version_has_no_copies(void **state)
{
    static struct manifest m;
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    (void)state;
    assert_int_equal(file_read(TEST_DATA "/manifest-without-copies.json", &text, NULL), 0);
    assert_int_equal(manifest_read(text.data, text.length, &m, NULL), 0);
    assert_int_equal(m.copy_count, 0);
    assert_string_equal(m.files[0].plain_sha256, "");
    buf_free(&text);
}

static void copies_are_noted_by_place(void **state)
{
    static struct manifest m;
    char name[8];
    (void)state;
    for (int i = 0; i < MANIFEST_COPIES_MAX + 1; i++) {
        (void)str_format(name, sizeof name, "p%d", i);
        manifest_note_copy(&m, name, MANIFEST_COPIED, (wall_ms){i + 1});
    }
    assert_int_equal(m.copy_count, MANIFEST_COPIES_MAX);
    assert_null(manifest_copy_at(&m, "p0")); /* the oldest gave way */
    manifest_note_copy(&m, "p3", MANIFEST_COPY_REMOVED, (wall_ms){99});
    assert_int_equal(m.copy_count, MANIFEST_COPIES_MAX);
    assert_int_equal(manifest_copy_at(&m, "p3")->state, MANIFEST_COPY_REMOVED);
    manifest_forget_copy(&m, "p3");
    assert_null(manifest_copy_at(&m, "p3"));
    assert_int_equal(manifest_copy_at(&m, "p4")->at.ms, 5);
    assert_int_equal(m.copy_count, MANIFEST_COPIES_MAX - 1);
}

static void what_is_said_of_a_sealed_file_is_read_again(void **state)
{
    static struct manifest m;
    static struct manifest again;
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    (void)state;
    read_sample(&text);
    assert_int_equal(manifest_read(text.data, text.length, &m, NULL), 0);
    (void)str_copy(m.files[0].name, sizeof m.files[0].name, "dump.rdb.rs");
    (void)str_copy(m.files[0].plain_sha256, sizeof m.files[0].plain_sha256, m.files[0].sha256);
    m.files[0].sealed_for_count = 1;
    (void)str_copy(m.files[0].sealed_for[0], MANIFEST_KEY_ID_SIZE, "0123456789abcdef");
    buf_clear(&text);
    assert_int_equal(manifest_write(&m, &text, NULL), 0);
    assert_int_equal(manifest_read(text.data, text.length, &again, NULL), 0);
    assert_memory_equal(&again.files[0], &m.files[0], sizeof m.files[0]);
    buf_free(&text);
}

static void a_later_proof_pushes_the_oldest_check_out(void **state)
{
    static struct manifest m;
    static const struct rdb_counts counts[] = {{0, 5, 1}};
    struct proof_result proof = {.proved = PROOF_FILE,
                                 .check_count = 1,
                                 .counted = true,
                                 .database_count = 1,
                                 .databases = counts};
    (void)state;
    for (int i = 0; i < MANIFEST_CHECKS_MAX + 3; i++) {
        proof.checks[0].milliseconds = i;
        manifest_take_proof(&m, &proof);
    }
    assert_int_equal(m.check_count, MANIFEST_CHECKS_MAX);
    assert_int_equal(m.checks[0].milliseconds, 3);
    assert_int_equal(m.checks[MANIFEST_CHECKS_MAX - 1].milliseconds, MANIFEST_CHECKS_MAX + 2);
    assert_int_equal(m.proved, PROOF_FILE);
    assert_int_equal(m.databases[0].keys, 5);
}

static void an_id_is_the_time_in_utc(void **state)
{
    char id[MANIFEST_ID_SIZE];
    (void)state;
    assert_true(manifest_id_of((wall_ms){INT64_C(1796000086123)}, id));
    assert_string_equal(id, "20261130T005446Z");
    assert_true(manifest_id_valid(id));
    assert_false(manifest_id_valid("20261130T005446"));
    assert_false(manifest_id_valid("2026113XT005446Z"));
    assert_false(manifest_id_valid(".partial-2026113"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_accepted_is_read_again_and_other_counts_stay_suspicious),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(a_manifest_of_an_older_version_has_no_copies),
        cmocka_unit_test(copies_are_noted_by_place),
        cmocka_unit_test(what_is_said_of_a_sealed_file_is_read_again),
        cmocka_unit_test(a_later_proof_pushes_the_oldest_check_out),
        cmocka_unit_test(an_id_is_the_time_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
