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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_of_an_incident_are_in_its_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_incident_without_its_beginning_is_not_recorded, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
