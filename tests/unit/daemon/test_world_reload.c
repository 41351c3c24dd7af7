/* A reload while Redis has not answered yet, on a clock that moves at every look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "base/str.h"
#include "daemon/world.h"
#include "io/clock.h"
#include "support/peer.h"
#include "support/test_folder.h"

/* ── the clock: these stand in for io/clock.c ── */

static atomic_bool moving; /* a millisecond passes at every look */
static _Atomic int64_t passed_ms;

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + passed_ms * 1000;
}

static void pass(void)
{
    if (moving)
        passed_ms++;
}

struct now clock_now(void)
{
    pass();
    return (struct now){
        .mono = {read_us(CLOCK_MONOTONIC) / 1000},
        .boot = {read_us(CLOCK_BOOTTIME) / 1000},
        .wall = {read_us(CLOCK_REALTIME) / 1000},
    };
}

mono_ms clock_mono(void)
{
    pass();
    return (mono_ms){read_us(CLOCK_MONOTONIC) / 1000};
}

wall_ms clock_wall(void)
{
    pass();
    return (wall_ms){read_us(CLOCK_REALTIME) / 1000};
}

int64_t clock_mono_us(void)
{
    pass();
    return read_us(CLOCK_MONOTONIC);
}

/* ── a world whose Redis takes connections and says nothing ── */

static struct {
    struct test_folder folder;
    uv_loop_t loop;
    struct peer *peer;
    struct settings *before, *after;
    struct world *world;
} here;

static struct settings *settings_with(const char *redis)
{
    char yaml[1024];
    struct settings *s = NULL;
    struct error err = {0};
    const char *folder = here.folder.path;
    assert_true(str_format(yaml, sizeof yaml,
                           "server: {state_dir: %s, control_socket: %s/control.sock}\n"
                           "audit: {file: %s/audit.log}\n"
                           "services:\n"
                           "  redis: {address: '127.0.0.1:%d', control: process, %s"
                           "process: {program: /bin/true, directory: %s}}\n",
                           folder, folder, folder, peer_port(here.peer), redis, folder));
    if (settings_parse("test.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static int set_up(void **state)
{
    (void)state;
    static const struct peer_script silence = {0};
    struct error err = {0};
    moving = false;
    test_folder_make(&here.folder);
    assert_int_equal(uv_loop_init(&here.loop), 0);
    here.peer = peer_new(&here.loop, &silence);
    here.before = settings_with("");
    here.after = settings_with("redis: {username: watcher}, ");
    if (world_open(&here.loop, here.before, &here.world, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_close(here.world);
    peer_free(here.peer);
    (void)uv_run(&here.loop, UV_RUN_DEFAULT);
    world_free(here.world);
    assert_int_equal(uv_loop_close(&here.loop), 0);
    settings_free(here.before);
    settings_free(here.after);
    test_folder_remove(&here.folder);
    return 0;
}

static void time_that_passes_during_a_reload_is_no_clock_that_went_backwards(void **state)
{
    (void)state;
    struct error err = {0};
    world_start(here.world);
    while (peer_commands(here.peer) == 0)
        (void)uv_run(&here.loop, UV_RUN_ONCE);
    moving = true;
    if (world_reconfigure(here.world, here.after, &err) < 0)
        fail_msg("%s", err.text);
    const char *doubt = engine_doubt(world_engine(here.world), clock_now());
    if (doubt != NULL)
        fail_msg("the engine doubts itself: %s", doubt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            time_that_passes_during_a_reload_is_no_clock_that_went_backwards, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
