/* Recordings of incidents in files: whole, or as far as they are whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/incidents.h"
#include "io/file.h"
#include "support/test_folder.h"

static struct {
    struct test_folder folder;
    uv_loop_t loop;
    struct settings *settings;
    struct incidents *incidents;
} here;

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    test_folder_make(&here.folder);
    here.settings = mem_calloc(1, sizeof *here.settings);
    struct service_settings *services = mem_calloc(1, sizeof *services);
    assert_non_null(here.settings);
    assert_non_null(services);
    here.settings->services = services;
    here.settings->service_count = 1;
    (void)str_copy(services[0].id, sizeof services[0].id, "redis");
    (void)str_copy(here.settings->server.state_dir, sizeof here.settings->server.state_dir,
                   here.folder.path);
    assert_int_equal(uv_loop_init(&here.loop), 0);
    assert_int_equal(incidents_open(&here.loop, here.settings, &here.incidents, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    incidents_close(here.incidents);
    (void)uv_run(&here.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&here.loop), 0);
    mem_free(here.settings->services);
    mem_free(here.settings);
    test_folder_remove(&here.folder);
    return 0;
}

/* Everything that waits is on the disk. */
static void written(void)
{
    (void)uv_run(&here.loop, UV_RUN_DEFAULT);
}

static bool is_there(int number, const char *content)
{
    char path[512];
    struct buf text = BUF_LIMIT(4096);
    (void)str_format(path, sizeof path, "%s/incidents/redis-%d.jsonl", here.folder.path, number);
    bool there = access(path, F_OK) == 0;
    if (there && content != NULL) {
        assert_int_equal(file_read(path, &text, NULL), 0);
        assert_string_equal(buf_text(&text), content);
    }
    buf_free(&text);
    return there;
}

static void lines_of_an_incident_are_in_its_file(void **state)
{
    (void)state;
    incidents_line(here.incidents, 0, 1, "head", false);
    incidents_line(here.incidents, 0, 1, "step", false); /* waits for the first */
    written();
    incidents_line(here.incidents, 0, 1, "end", true);
    written();
    incidents_line(here.incidents, 0, 2, "head", false);
    written();
    assert_true(is_there(1, "head\nstep\nend\n"));
    assert_true(is_there(2, "head\n"));
}

static void an_incident_without_its_beginning_is_not_recorded(void **state)
{
    (void)state;
    incidents_line(here.incidents, 0, 1, "head", false);
    incidents_line(here.incidents, 0, 1, "end", true);
    incidents_line(here.incidents, 0, 2, "head", false); /* no place: the last still waits */
    written();
    incidents_line(here.incidents, 0, 2, "step", false);
    written();
    incidents_line(here.incidents, 0, 3, "head", false);
    written();
    assert_true(is_there(1, "head\nend\n"));
    assert_false(is_there(2, NULL));
    assert_true(is_there(3, "head\n"));
}

static void incident_of_two_lines(uint64_t number)
{
    incidents_line(here.incidents, 0, number, "head", false);
    incidents_line(here.incidents, 0, number, "end", true);
    written();
}

static void the_oldest_recordings_go_when_there_are_too_many(void **state)
{
    (void)state;
    for (int number = 1; number <= INCIDENTS_FILES_MAX + 2; number++)
        incident_of_two_lines((uint64_t)number);
    assert_false(is_there(1, NULL));
    assert_false(is_there(2, NULL));
    assert_true(is_there(3, "head\nend\n"));
    assert_true(is_there(INCIDENTS_FILES_MAX + 2, "head\nend\n"));
}

static void what_else_lies_in_the_folder_is_left_alone(void **state)
{
    (void)state;
    char path[512];
    incident_of_two_lines(100);
    (void)str_format(path, sizeof path, "%s/incidents/redis-0.jsonl.bak", here.folder.path);
    FILE *other = fopen(path, "w");
    assert_non_null(other);
    (void)fclose(other);
    for (uint64_t number = 101; number <= 101 + INCIDENTS_FILES_MAX; number++)
        incident_of_two_lines(number);
    assert_int_equal(access(path, F_OK), 0);
    assert_false(is_there(100, NULL));
}

static void a_disk_that_cannot_take_a_line_ends_that_recording_and_nothing_else(void **state)
{
    (void)state;
    char folder[512];
    (void)str_format(folder, sizeof folder, "%s/incidents", here.folder.path);
    FILE *obstacle = fopen(folder, "w"); /* a file where the folder should be */
    assert_non_null(obstacle);
    (void)fclose(obstacle);
    incidents_line(here.incidents, 0, 1, "head", false);
    incidents_line(here.incidents, 0, 1, "waits", false);
    written();
    assert_int_equal(unlink(folder), 0);
    incidents_line(here.incidents, 0, 1, "end", true);
    written();
    assert_false(is_there(1, NULL));
    incident_of_two_lines(2);
    assert_true(is_there(2, "head\nend\n"));
}

static void a_link_in_place_of_a_recording_is_not_followed(void **state)
{
    (void)state;
    char link[512], target[512];
    incident_of_two_lines(1);
    (void)str_format(target, sizeof target, "%s/precious", here.folder.path);
    (void)str_format(link, sizeof link, "%s/incidents/redis-2.jsonl", here.folder.path);
    assert_int_equal(symlink(target, link), 0);
    incident_of_two_lines(2);
    assert_int_not_equal(access(target, F_OK), 0);
}

static void more_lines_than_may_wait_break_the_recording_off_where_it_is_whole(void **state)
{
    (void)state;
    static char line[INCIDENTS_WAITING_MAX - 8];
    memset(line, 'x', sizeof line - 1);
    incidents_line(here.incidents, 0, 1, "head", false);
    incidents_line(here.incidents, 0, 1, line, false);
    incidents_line(here.incidents, 0, 1, "too much", false);
    written();
    incidents_line(here.incidents, 0, 1, "end", true);
    written();
    char path[512];
    struct buf text = BUF_LIMIT(2 * INCIDENTS_WAITING_MAX);
    (void)str_format(path, sizeof path, "%s/incidents/redis-1.jsonl", here.folder.path);
    assert_int_equal(file_read(path, &text, NULL), 0);
    assert_int_equal(text.length, 5 + sizeof line);
    assert_null(strstr(buf_text(&text), "end"));
    buf_free(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_of_an_incident_are_in_its_file),
        TEST(an_incident_without_its_beginning_is_not_recorded),
        TEST(the_oldest_recordings_go_when_there_are_too_many),
        TEST(what_else_lies_in_the_folder_is_left_alone),
        TEST(a_disk_that_cannot_take_a_line_ends_that_recording_and_nothing_else),
        TEST(a_link_in_place_of_a_recording_is_not_followed),
        TEST(more_lines_than_may_wait_break_the_recording_off_where_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
