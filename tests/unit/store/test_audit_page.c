#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/json.h"
#include "base/str.h"
#include "store/audit_page.h"

#define LONG_REASON 1500 /* bytes: some 3,000 lines are one window */

struct bench {
    char folder[64], file[96];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/resus-page-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->file, sizeof b->file, "%s/audit.log", b->folder);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ends[] = {"", ".1", ".2.gz"};
    struct bench *b = *state;
    char path[128];
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        (void)snprintf(path, sizeof path, "%s%s", b->file, ends[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
    return 0;
}

/* Every tenth line is of another operation. */
static void line(char *to, size_t size, int seq)
{
    static char reason[LONG_REASON + 1];
    memset(reason, 'x', LONG_REASON);
    (void)snprintf(to, size,
                   "{\"timestamp\": \"2026-01-01T00:00:00Z\", \"event_type\": \"configuration\", "
                   "\"operation\": \"%s\", \"user\": {\"id\": \"u\", \"email\": \"e\"}, "
                   "\"result\": {\"success\": true}, \"reason\": \"%s\", \"seq\": %d, "
                   "\"prev\": \"p\", \"hash\": \"h\"}\n",
                   seq % 10 == 0 ? "tenth" : "other", reason, seq);
}

static void write_lines(const char *path, const char *mode, int first, int last)
{
    char text[LONG_REASON + 512];
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    for (int seq = first; seq <= last; seq++) {
        line(text, sizeof text, seq);
        assert_true(gzputs(file, text) > 0);
    }
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_three_files(const struct bench *b)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s.2.gz", b->file);
    write_lines(path, "w1", 1, 6000);
    (void)snprintf(path, sizeof path, "%s.1", b->file);
    write_lines(path, "wT", 6001, 12000);
    write_lines(b->file, "wT", 12001, 12500);
}

/* Reads to the end; every page must go on exactly below the last line of the one before. */
static int read_all(const struct bench *b, const struct audit_filter *filter, size_t limit, int by)
{
    uint64_t before = 0;
    int wanted = 12500 / by * by;
    int pages = 0;
    do {
        struct audit_page page = {0};
        struct error err = {0};
        size_t i;
        json_t *one;
        assert_int_equal(audit_page(b->file, filter, before, limit, NULL, &page, &err), 0);
        assert_true(json_array_size(page.items) <= limit);
        json_array_foreach(page.items, i, one) {
            assert_int_equal(json_int_or(one, "seq", 0), wanted);
            wanted -= by;
        }
        json_decref(page.items);
        before = page.next;
        pages++;
    } while (before != 0);
    assert_int_equal(wanted, 0);
    return pages;
}

static void every_line_comes_once_newest_first_through_rotations(void **state)
{
    const struct bench *b = *state;
    write_three_files(b);
    assert_true(read_all(b, NULL, 1000, 1) >= 13);
}

static void a_filter_leaves_out_the_others(void **state)
{
    const struct bench *b = *state;
    struct audit_filter filter = {.operation = "tenth", .result = -1};
    write_three_files(b);
    (void)read_all(b, &filter, 300, 10);
}

static void a_page_stops_when_it_is_told_to(void **state)
{
    const struct bench *b = *state;
    struct audit_page page = {0};
    struct error err = {0};
    atomic_bool stop = true;
    write_three_files(b);
    assert_int_equal(audit_page(b->file, NULL, 0, 1000, &stop, &page, &err), 0);
    assert_true(json_array_size(page.items) <= 1);
    json_decref(page.items);
}

static void no_file_is_an_empty_page_and_odd_lines_are_passed_over(void **state)
{
    const struct bench *b = *state;
    struct audit_page page = {0};
    struct error err = {0};
    assert_int_equal(audit_page(b->file, NULL, 0, 10, NULL, &page, &err), 0);
    assert_int_equal(json_array_size(page.items), 0);
    assert_int_equal(page.next, 0);
    json_decref(page.items);
    char text[LONG_REASON + 512];
    FILE *file = fopen(b->file, "w");
    assert_non_null(file);
    line(text, sizeof text, 1);
    (void)fprintf(file, "no json\n\n{}\n[1]\n%s{\"seq\": 2, torn", text);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(audit_page(b->file, &(struct audit_filter){.operation = "other", .result = -1},
                                0, 10, NULL, &page, &err),
                     0);
    assert_int_equal(json_array_size(page.items), 1);
    json_decref(page.items);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_line_comes_once_newest_first_through_rotations),
        TEST(a_filter_leaves_out_the_others),
        TEST(a_page_stops_when_it_is_told_to),
        TEST(no_file_is_an_empty_page_and_odd_lines_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
