/* The runbook's own commands, walking with filters, verifying and the reports, on one written file
 * that is spread over rotations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "store/audit_line.h"
#include "store/audit_report.h"
#include "store/audit_verify.h"

#define LINES 60 /* 20 in FILE.2.gz, 20 in FILE.1, 20 in FILE */

struct bench {
    char folder[64];
    char file[100], first[110], second[120];
    struct buf parts[3]; /* FILE.2.gz, FILE.1, FILE */
};

/* Of every 6 lines: an intent and its restart by anna, an intent and a start by otto that fails, a
 * recovery, a failed login. One every 4 hours from Friday 2025-10-10 00:00 UTC on. */
static struct audit_line line_at(int i)
{
    static const char *const levels[] = {"soft", "standard", "standard"};
    struct audit_line line = {
        .at = {1760054400000 + (int64_t)i * 4 * 3600 * 1000},
        .service = "redis",
        .operation = "restart",
        .user_id = "u1",
        .user_email = "anna@example.org",
        .user_role = "admin",
        .source_ip = "10.0.0.1",
        .has_result = true,
        .success = true,
        .duration_seconds = 2,
        .has_exit_code = true,
        .ssh_key_used = 1,
        .reason = "no auto_recovery and no service_operation",
    };
    switch (i % 6) {
    case 0:
    case 2:
        line.event = AUDIT_INTENT;
        line.has_result = false;
        break;
    case 1:
        line.event = AUDIT_SERVICE_OPERATION;
        break;
    case 3:
        line.event = AUDIT_SERVICE_OPERATION;
        (void)str_copy(line.operation, sizeof line.operation, "start");
        (void)str_copy(line.user_email, sizeof line.user_email, "otto@example.org");
        (void)str_copy(line.user_id, sizeof line.user_id, "u2");
        line.success = false;
        line.duration_seconds = 4.5;
        (void)str_copy(line.error, sizeof line.error, "said \"success\": false");
        break;
    case 4:
        line.event = AUDIT_AUTO_RECOVERY;
        (void)str_copy(line.recovery_level, sizeof line.recovery_level, levels[i / 6 % 3]);
        (void)str_copy(line.user_id, sizeof line.user_id, "system");
        (void)str_copy(line.user_email, sizeof line.user_email, "system");
        break;
    default:
        line.event = AUDIT_AUTHENTICATION;
        (void)str_copy(line.operation, sizeof line.operation, "login");
        line.success = false;
    }
    return line;
}

static void write_text(const char *path, const void *bytes, size_t length)
{
    struct error err = {0};
    if (file_write_atomic(path, bytes, length, 0640, &err) < 0)
        fail_msg("%s", err.text);
}

static void write_packed(const char *path, const void *bytes, size_t length)
{
    gzFile gz = gzopen(path, "wb");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, bytes, (unsigned)length), (int)length);
    assert_int_equal(gzclose(gz), Z_OK);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)str_copy(b->folder, sizeof b->folder, "/tmp/resus-review-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->file, sizeof b->file, "%s/audit.log", b->folder);
    (void)snprintf(b->first, sizeof b->first, "%s.1", b->file);
    (void)snprintf(b->second, sizeof b->second, "%s.2.gz", b->file);
    char hash[AUDIT_HASH_SIZE] = AUDIT_HASH_NONE;
    for (int i = 0; i < LINES; i++) {
        struct buf *part = &b->parts[i / (LINES / 3)];
        if (part->limit == 0)
            *part = BUF_LIMIT(1 << 20);
        struct audit_line line = line_at(i);
        struct buf body = BUF_LIMIT(AUDIT_LINE_MAX);
        assert_int_equal(audit_line_body(&line, &body), 0);
        assert_int_equal(audit_line_seal(body.data, body.length, (uint64_t)i + 1, hash, part, hash),
                         0);
        assert_int_equal(buf_append(part, "\n", 1), 0);
        buf_free(&body);
    }
    write_packed(b->second, b->parts[0].data, b->parts[0].length);
    write_text(b->first, b->parts[1].data, b->parts[1].length);
    write_text(b->file, b->parts[2].data, b->parts[2].length);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    (void)unlink(b->file);
    (void)unlink(b->first);
    (void)unlink(b->second);
    assert_int_equal(rmdir(b->folder), 0);
    for (int i = 0; i < 3; i++)
        buf_free(&b->parts[i]);
    free(b);
    return 0;
}

static void expect_shell(const struct bench *b, const char *format, const char *wanted)
{
    char command[600];
    char got[4000];
    (void)snprintf(command, sizeof command, "LC_ALL=C; F=%s; %s", b->file, format);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(got, 1, sizeof got - 1, p);
    got[n] = '\0';
    assert_int_equal(pclose(p), 0);
    assert_string_equal(got, wanted);
}

/* The newest file holds lines 41 to 60: i = 40..59. */
static void the_runbooks_commands_count_right(void **state)
{
    struct bench *b = *state;
    if (system("command -v jq >/dev/null") != 0)
        skip();
    expect_shell(b, "grep \"service_operation\" $F | jq -r '.operation' | sort | uniq -c",
                 "      3 restart\n      3 start\n");
    expect_shell(b, "grep \"service_operation\" $F | jq -r '.user.email' | sort | uniq -c",
                 "      3 anna@example.org\n      3 otto@example.org\n");
    expect_shell(b, "grep '\"success\": false' $F | jq -r .event_type | sort | uniq -c",
                 "      4 authentication\n      3 service_operation\n");
    expect_shell(b, "grep \"auto_recovery\" $F | jq -r '.recovery_level' | sort | uniq -c",
                 "      2 soft\n      2 standard\n");
    expect_shell(b, "grep -A 5 \"service_operation\" $F | tail -50 | wc -l", "17\n");
    expect_shell(b, "jq -r '.timestamp | fromdateiso8601' $F | wc -l", "20\n");
    /* the definition of the hash, as an auditor would check it */
    expect_shell(b,
                 "while read -r line; do h=$(printf '%s' \"$line\" | sed 's/, \"hash\": "
                 "\"[0-9a-f]*\"}$/}/' | sha256sum | cut -c1-64); "
                 "[ \"$h\" = $(printf '%s' \"$line\" | jq -r .hash) ] || echo $line; done < $F",
                 "");
}

static bool count_line(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)line;
    (void)file;
    (void)number;
    (*(int *)context)++;
    return true;
}

static bool first_three(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)file;
    (void)number;
    int *n = context;
    (*n)++;
    assert_int_equal(json_int_or(line, "seq", 0), *n + 1); /* an intent first */
    return false;
}

static int walked(const struct bench *b, struct audit_filter filter)
{
    int n = 0;
    struct error err = {0};
    if (audit_walk(b->file, &filter, count_line, &n, &err) < 0)
        fail_msg("%s", err.text);
    return n;
}

static void every_filter_holds_across_rotations(void **state)
{
    struct bench *b = *state;
    const struct audit_filter all = {.result = -1};
    struct audit_filter f = all;
    assert_int_equal(walked(b, f), 40);
    f.intents = true;
    assert_int_equal(walked(b, f), 60);
    f.user = "anna@example.org"; /* intents as well */
    assert_int_equal(walked(b, f), 40);
    f = all;
    f.user = "u2"; /* by id */
    assert_int_equal(walked(b, f), 10);
    f = all;
    f.operation = "start";
    assert_int_equal(walked(b, f), 10);
    f = all;
    f.event = "auto_recovery";
    assert_int_equal(walked(b, f), 10);
    f = all;
    f.service = "other";
    assert_int_equal(walked(b, f), 0);
    f = all;
    f.result = 0;
    assert_int_equal(walked(b, f), 20);
    f.result = 1;
    assert_int_equal(walked(b, f), 20);
    f = all;
    f.since = line_at(30).at;
    f.until = line_at(35).at;
    assert_int_equal(walked(b, f), 4); /* of six, two intents; both ends count */
    int n = 0;
    assert_int_equal(audit_walk(b->file, NULL, first_three, &n, NULL), 0);
    assert_int_equal(n, 1); /* `each` stopped it */
    struct error err = {0};
    assert_int_equal(audit_walk("/nonexistent/audit.log", NULL, count_line, &n, &err), -ENOENT);
}

static struct audit_verdict verify(const struct bench *b)
{
    struct audit_verdict v = {0};
    struct error err = {0};
    if (audit_verify(b->file, NULL, &v, &err) < 0)
        fail_msg("%s", err.text);
    return v;
}

static void assert_broken(const struct bench *b, const char *file, uint64_t line, const char *why)
{
    struct audit_verdict v = verify(b);
    assert_false(v.intact);
    assert_string_equal(v.bad_file, file);
    if (v.bad_line != line || strstr(v.why, why) == NULL)
        fail_msg("line %d: %s", (int)v.bad_line, v.why);
}

static void a_sound_chain_verifies_from_the_oldest_kept_line(void **state)
{
    struct bench *b = *state;
    struct audit_verdict v = verify(b);
    assert_true(v.intact);
    assert_int_equal(v.lines, LINES);
    assert_int_equal(v.first_seq, 1);
    assert_int_equal(v.last_seq, LINES);
    assert_int_equal(unlink(b->second), 0); /* rotated away */
    v = verify(b);
    assert_true(v.intact);
    assert_int_equal(v.first_seq, 21);
}

static void every_way_of_tampering_is_named_with_file_and_line(void **state)
{
    struct bench *b = *state;
    struct buf *old = &b->parts[1];
    /* a word in the middle of a packed file */
    char *at = strstr(b->parts[0].data, "otto@");
    *at = 'x';
    write_packed(b->second, b->parts[0].data, b->parts[0].length);
    assert_broken(b, b->second, 4, "changed");
    *at = 'o';
    write_packed(b->second, b->parts[0].data, b->parts[0].length);
    assert_true(verify(b).intact);
    /* a line taken away, from the middle and from the end of a rotated file */
    char *second = strchr(old->data, '\n') + 1;
    size_t line = (size_t)(strchr(second, '\n') + 1 - second);
    char *copy = malloc(old->length);
    memcpy(copy, old->data, (size_t)(second - old->data));
    memcpy(copy + (second - old->data), second + line,
           old->length - (size_t)(second - old->data) - line);
    write_text(b->first, copy, old->length - line);
    assert_broken(b, b->first, 2, "missing");
    free(copy);
    size_t last = old->length - 1;
    while (old->data[last - 1] != '\n')
        last--;
    write_text(b->first, old->data, last);
    assert_broken(b, b->file, 1, "missing");
    /* a whole file taken away, or shown twice */
    assert_int_equal(unlink(b->first), 0);
    assert_broken(b, b->file, 1, "missing");
    write_text(b->first, b->parts[2].data, b->parts[2].length);
    assert_broken(b, b->first, 1, "missing");
    write_text(b->first, b->parts[0].data, b->parts[0].length);
    assert_broken(b, b->first, 1, "repeated");
    write_text(b->first, old->data, old->length);
    assert_true(verify(b).intact);
    /* a line of one's own with a right hash but a wrong prev */
    struct audit_line own = line_at(1);
    struct buf out = BUF_LIMIT(AUDIT_LINE_MAX + AUDIT_SEAL_MAX);
    assert_int_equal(audit_line_json(&own, 61, AUDIT_HASH_NONE, &out), 0);
    assert_int_equal(buf_append(&b->parts[2], out.data, out.length), 0);
    assert_int_equal(buf_append(&b->parts[2], "\n", 1), 0);
    write_text(b->file, b->parts[2].data, b->parts[2].length);
    assert_broken(b, b->file, 21, "prev");
    buf_free(&out);
}

static void damage_is_broken_too(void **state)
{
    struct bench *b = *state;
    struct buf packed = BUF_LIMIT(1 << 20);
    assert_int_equal(file_read(b->second, &packed, NULL), 0);
    write_text(b->second, packed.data, packed.length / 2);
    struct audit_verdict v = verify(b);
    assert_false(v.intact);
    assert_string_equal(v.bad_file, b->second);
    write_text(b->second, packed.data, packed.length);
    buf_free(&packed);
    write_text(b->file, b->parts[2].data, b->parts[2].length - 5);
    assert_broken(b, b->file, 20, "cut off");
    write_text(b->file, b->parts[2].data, b->parts[2].length - 1); /* the newline alone */
    assert_true(verify(b).intact);
    assert_int_equal(buf_append(&b->parts[2], "not json\n", 9), 0);
    write_text(b->file, b->parts[2].data, b->parts[2].length);
    assert_broken(b, b->file, 21, "not a JSON object");
    char *long_line = calloc(1, AUDIT_LINE_MAX * 8);
    memset(long_line, 'x', AUDIT_LINE_MAX * 8);
    write_text(b->file, long_line, AUDIT_LINE_MAX * 8);
    free(long_line);
    assert_broken(b, b->file, 1, "longer");
    write_text(b->file, "", 0);
    assert_true(verify(b).intact); /* just rotated */
    assert_int_equal(verify(b).lines, 40);
}

static void the_report_adds_up(void **state)
{
    struct bench *b = *state;
    struct security_settings security = {.business_hours = "Mon-Fri 08:00-18:00"};
    struct audit_filter all = {.result = -1};
    struct error err = {0};
    json_t *o = NULL;
    if (audit_report(b->file, &all, &security, &o, &err) < 0)
        fail_msg("%s", err.text);
    const json_t *operations = json_object_get(o, "operations");
    assert_int_equal(json_int_or(o, "lines", 0), 40);
    assert_int_equal(json_int_or(operations, "count", 0), 20);
    assert_int_equal(json_int_or(operations, "failed", 0), 10);
    assert_true(json_real_or(operations, "success_rate", 0) > 0.499 &&
                json_real_or(operations, "success_rate", 0) < 0.501);
    assert_true(json_real_or(operations, "mean_duration_seconds", 0) > 3.249 &&
                json_real_or(operations, "mean_duration_seconds", 0) < 3.251);
    assert_true(json_real_or(operations, "max_duration_seconds", 0) > 4.49);
    const json_t *row = json_array_get(json_object_get(o, "by_operation"), 1);
    assert_string_equal(json_text_or(row, "operation", ""), "start");
    assert_int_equal(json_int_or(row, "failed", 0), 10);
    assert_int_equal(json_array_size(json_object_get(o, "by_user")), 2);
    assert_int_equal(json_array_size(json_object_get(o, "failures")), 20);
    const json_t *newest = json_array_get(json_object_get(o, "failures"), 0);
    assert_string_equal(json_text_or(newest, "operation", ""), "login");
    const json_t *recoveries = json_object_get(o, "recoveries");
    assert_int_equal(json_int_or(recoveries, "count", 0), 10);
    row = json_array_get(json_object_get(recoveries, "by_level"), 0);
    assert_string_equal(json_text_or(row, "recovery_level", ""), "standard");
    assert_int_equal(json_int_or(row, "count", 0), 6);
    const json_t *trend = json_object_get(o, "trend");
    assert_int_equal(json_array_size(trend), 10);
    assert_string_equal(json_text_or(json_array_get(trend, 0), "day", ""), "2025-10-10");
    assert_int_equal(json_int_or(json_array_get(trend, 0), "recoveries", 0), 1);
    json_decref(o);
}

static void the_summary_names_what_the_runbook_asks_for(void **state)
{
    struct bench *b = *state;
    struct security_settings security = {.business_hours = "Mon-Fri 08:00-18:00"};
    struct audit_filter f = {.result = -1};
    struct error err = {0};
    json_t *o = NULL;
    assert_int_equal(audit_summary(b->file, &f, &security, &o, &err), 0);
    assert_int_equal(json_int_or(json_object_get(o, "recoveries"), "count", 0), 10);
    assert_int_equal(json_int_or(json_object_get(o, "failed_operations"), "count", 0), 10);
    const json_t *outside = json_object_get(o, "outside_business_hours");
    /* restarts at 04:00 and starts at 12:00 of ten days with two week-ends */
    assert_int_equal(json_int_or(outside, "count", 0), 10 + 4);
    assert_int_equal(json_array_size(json_object_get(outside, "items")), 14);
    json_decref(o);
    security.business_hours[0] = '\0';
    assert_int_equal(audit_summary(b->file, &f, &security, &o, &err), 0);
    assert_true(json_is_null(json_object_get(o, "outside_business_hours")));
    json_decref(o);
    (void)str_copy(security.timezone, sizeof security.timezone, "Mars/Olympus");
    assert_int_equal(audit_summary(b->file, &f, &security, &o, &err), -ENOENT);
    (void)str_copy(security.timezone, sizeof security.timezone, "UTC");
    (void)str_copy(security.business_hours, sizeof security.business_hours, "always");
    assert_int_equal(audit_summary(b->file, &f, &security, &o, &err), -EINVAL);
}

static void a_review_that_nobody_waits_for_ends_at_once(void **state)
{
    struct bench *b = *state;
    atomic_bool stop = true;
    struct audit_filter f = {.result = -1, .stop = &stop};
    struct error err = {0};
    json_t *o = NULL;
    assert_int_equal(audit_report(b->file, &f, NULL, &o, &err), -ECANCELED);
    assert_null(o);
}

static void lack_of_memory_is_an_error_not_a_wrong_number(void **state)
{
    struct bench *b = *state;
    struct audit_filter f = {.result = -1};
    struct error err = {0};
    for (unsigned long n = 1; n < 20; n++) {
        json_t *o = NULL;
        mem_fail_from(n);
        int r = audit_report(b->file, &f, NULL, &o, &err);
        mem_fail_from(0);
        assert_true(r == 0 || r == -ENOMEM);
        assert_int_equal(o == NULL, r < 0);
        json_decref(o);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_runbooks_commands_count_right),
        TEST(every_filter_holds_across_rotations),
        TEST(a_sound_chain_verifies_from_the_oldest_kept_line),
        TEST(every_way_of_tampering_is_named_with_file_and_line),
        TEST(damage_is_broken_too),
        TEST(the_report_adds_up),
        TEST(the_summary_names_what_the_runbook_asks_for),
        TEST(a_review_that_nobody_waits_for_ends_at_once),
        TEST(lack_of_memory_is_an_error_not_a_wrong_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
