#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "base/str.h"
#include "store/series_store.h"

#define STEP_MS (SERIES_STEP_SECONDS * 1000LL)
#define HOUR_MS (3600LL * 1000)
#define DAY_MS (24 * HOUR_MS)
/* A whole hour and a whole day: buckets begin here. */
#define EPOCH (20000 * DAY_MS)

struct bench {
    char folder[64];
    uv_loop_t loop;
    uv_timer_t awake; /* the store's own handle does not keep the loop */
    struct series_store *store;
    json_t *answer;
    struct error error;
    bool answered;
};

static void on_answer(void *context, uint64_t id, json_t *answer, const struct error *error)
{
    struct bench *b = context;
    assert_int_equal(id, 7);
    json_decref(b->answer);
    b->answer = json_incref(answer);
    if (error != NULL)
        b->error = *error;
    b->answered = true;
}

static void open_store(struct bench *b, const char **note)
{
    struct error err = {0};
    assert_int_equal(series_store_open(&b->loop, b->folder, on_answer, b, &b->store, note, &err),
                     0);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    const char *note;
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-series-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(uv_timer_init(&b->loop, &b->awake), 0);
    open_store(b, &note);
    assert_null(note);
    *state = b;
    return 0;
}

static void close_store(struct bench *b)
{
    series_store_close(b->store, 10000);
    b->store = NULL;
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

static int tear_down(void **state)
{
    static const char *const files[] = {"series.db", "series.db-wal", "series.db-shm",
                                        "series.db.damaged"};
    struct bench *b = *state;
    char path[128];
    uv_close((uv_handle_t *)&b->awake, NULL);
    close_store(b);
    json_decref(b->answer);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(b->folder), 0);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    free(b);
    return 0;
}

static void on_too_late(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("no answer");
}

static json_t *wait_answer(struct bench *b)
{
    (void)uv_timer_start(&b->awake, on_too_late, 60000, 0);
    while (!b->answered)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    b->answered = false;
    (void)uv_timer_stop(&b->awake);
    if (b->answer == NULL)
        fail_msg("%s", b->error.text);
    return b->answer;
}

static json_t *graph(struct bench *b, int64_t from, int64_t to, int64_t now, int64_t step)
{
    struct series_question q = {
        .service = "redis", .from = {from}, .to = {to}, .now = {now}, .step = step};
    series_store_ask(b->store, 7, &q);
    return wait_answer(b);
}

static struct series_sample step_at(int64_t at)
{
    struct series_sample s = {.service = "redis", .at = {at}, .pings = 30, .fast_pings = 29};
    for (int i = 0; i < SERIES_COUNT; i++)
        s.values[i] = SERIES_UNKNOWN;
    s.state_ms[SERIES_UP] = STEP_MS;
    return s;
}

/* Memory rises by one byte a step, so that every sum is known. */
static void add_steps(struct bench *b, int64_t from, int count)
{
    struct error err = {0};
    for (int i = 0; i < count; i++) {
        struct series_sample s = step_at(from + i * STEP_MS);
        s.values[SERIES_MEMORY] = 1000000 + i;
        series_store_add(b->store, &s);
        /* So that no sample finds the queue full. */
        if (i % SERIES_BATCH_MAX == SERIES_BATCH_MAX - 1)
            assert_int_equal(series_store_upkeep(b->store, (wall_ms){from}, &err), 0);
    }
}

static json_t *values(const json_t *body, const char *series, const char *part)
{
    return json_object_get(json_object_get(json_object_get(body, "series"), series), part);
}

static void a_row_is_read_as_it_was_written(void **state)
{
    (void)state;
    unsigned char bytes[SERIES_ROW_MAX];
    struct series_row row = {.steps = 1};
    struct series_row back;
    struct series_sample s = step_at(EPOCH);
    series_row_of(&s, &row);
    size_t length = series_row_pack(&row, bytes);
    assert_true(length < 40);
    assert_true(series_row_unpack(bytes, length, &back));
    assert_memory_equal(&row, &back, sizeof row);
    for (int i = 0; i < SERIES_COUNT; i++)
        row.cells[i] = (struct series_cell){i + 1, (i + 1) * 50, i, 100 + i};
    row.steps = 120;
    length = series_row_pack(&row, bytes);
    assert_true(series_row_unpack(bytes, length, &back));
    assert_memory_equal(&row, &back, sizeof row);
    for (size_t cut = 0; cut < length; cut++)
        assert_false(series_row_unpack(bytes, cut, &back));
    for (size_t at = 0; at < sizeof row.cells / sizeof row.cells[0]; at++)
        row.cells[at] = (struct series_cell){INT64_MAX / 4, 0, 0, INT64_MAX / 4};
    length = series_row_pack(&row, bytes); /* the largest still fits */
    assert_true(length <= SERIES_ROW_MAX);
    memset(bytes, 0xFF, sizeof bytes);
    assert_false(series_row_unpack(bytes, sizeof bytes, &back));
}

static void rows_that_nobody_wrote_are_none(void **state)
{
    (void)state;
    unsigned char bytes[SERIES_ROW_MAX];
    struct series_row row = {.steps = 120}, back = {0};
    static const struct series_cell cells[] = {
        {2, 500, 100, 200}, /* a sum that least and greatest do not allow */
        {1, INT64_MAX / 2, INT64_MAX / 2, INT64_MAX / 2},
        {INT64_MAX / 8, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++) {
        row.cells[SERIES_MEMORY] = cells[i];
        assert_false(series_row_unpack(bytes, series_row_pack(&row, bytes), &back));
    }
    assert_int_equal(back.steps, 0);
}

static void whatever_redis_says_adds_up(void **state)
{
    (void)state;
    unsigned char bytes[SERIES_ROW_MAX];
    struct series_row row, back, all = {0};
    struct series_sample s = step_at(EPOCH);
    for (int i = 0; i < SERIES_COUNT; i++)
        s.values[i] = INT64_MAX;
    series_row_of(&s, &row);
    for (int i = 0; i < 120; i++) /* an hour, as it is merged */
        series_row_add(&all, &row);
    assert_true(series_row_unpack(bytes, series_row_pack(&all, bytes), &back));
    assert_memory_equal(&all, &back, sizeof all);
    for (int i = 0; i < 4000; i++) /* months, as they are asked for */
        series_row_add(&all, &back);
    assert_true(all.cells[SERIES_MEMORY].sum > 0);
    assert_int_equal(all.cells[SERIES_MEMORY].count, 120 * 4001);
}

static void the_step_is_as_fine_as_what_is_kept_and_as_fits(void **state)
{
    (void)state;
    wall_ms now = {EPOCH};
    wall_ms hour = {EPOCH - HOUR_MS};
    wall_ms week = {EPOCH - 7 * DAY_MS};
    wall_ms month = {EPOCH - 30 * DAY_MS};
    assert_int_equal(series_step(hour, now, now, 0, 0), 30);
    assert_int_equal(series_step(hour, now, now, 1, 1), 30);
    assert_int_equal(series_step(hour, now, now, 61, 1), 90); /* a whole number of steps */
    assert_int_equal(series_step(week, now, now, 30, 1) % 300, 0);
    assert_int_equal(series_step(month, now, now, 30, 1), 3600);
    static const int64_t days[] = {1, 2, 7, 8, 30, 90};
    for (size_t i = 0; i < ARRAY_LENGTH(days); i++)
        for (size_t series = 1; series <= SERIES_COUNT; series++) {
            wall_ms from = {EPOCH - days[i] * DAY_MS};
            int64_t step = series_step(from, now, now, 1, series);
            int64_t points = days[i] * 86400 / step + 2;
            assert_true(points <= SERIES_POINTS_MAX);
            assert_true(points * (int64_t)series * (step == 30 ? 1 : 3) <= SERIES_NUMBERS_MAX);
        }
}

static void gaps_are_null_and_nothing_is_drawn_through_them(void **state)
{
    struct bench *b = *state;
    add_steps(b, EPOCH, 2);
    add_steps(b, EPOCH + 5 * STEP_MS, 1);
    json_t *body = graph(b, EPOCH, EPOCH + 6 * STEP_MS, EPOCH + HOUR_MS, 30);
    json_t *memory = values(body, "memory_bytes", "values");
    static const bool known[] = {true, true, false, false, false, true};
    assert_int_equal(json_array_size(memory), 6);
    assert_int_equal(json_array_size(json_object_get(body, "times")), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(json_is_integer(json_array_get(memory, i)), known[i]);
        const json_t *up = json_object_get(json_object_get(body, "states"), "up");
        assert_int_equal(json_is_number(json_array_get(up, i)), known[i]);
    }
    assert_true(json_is_null(json_array_get(values(body, "keys", "values"), 0)));
    body = graph(b, EPOCH - 2 * HOUR_MS, EPOCH - HOUR_MS, EPOCH, 30);
    assert_true(json_is_null(json_array_get(values(body, "memory_bytes", "values"), 0)));
}

static void thinning_keeps_least_mean_greatest_and_every_second(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    const int steps = 2 * 2880 + 7; /* two days and a bit that fills no bucket */
    add_steps(b, EPOCH, steps);
    int64_t now = EPOCH + steps * STEP_MS + 3 * DAY_MS;
    for (int i = 0; i < 3; i++) /* once more changes nothing */
        assert_int_equal(series_store_upkeep(b->store, (wall_ms){now}, &err), 0);
    json_t *body = graph(b, EPOCH, EPOCH + 2 * DAY_MS, now, 300);
    json_t *least = values(body, "memory_bytes", "min");
    json_t *mean = values(body, "memory_bytes", "mean");
    json_t *most = values(body, "memory_bytes", "max");
    json_t *up = json_object_get(json_object_get(body, "states"), "up");
    int64_t step = json_int_or(body, "step_seconds", 0);
    int64_t per = step / SERIES_STEP_SECONDS;
    assert_int_equal(step % 300, 0);
    for (size_t i = 0; i + 1 < json_array_size(least); i++) {
        int64_t first = 1000000 + (int64_t)i * per;
        assert_int_equal(json_integer_value(json_array_get(least, i)), first);
        assert_int_equal(json_integer_value(json_array_get(most, i)), first + per - 1);
        assert_true(json_number_value(json_array_get(mean, i)) ==
                    (double)first + (double)(per - 1) / 2);
        assert_true(json_number_value(json_array_get(up, i)) == (double)step);
    }
    /* Merged again, an hour each: the sums of 90 days are those of the first 30 seconds. */
    now += 20 * DAY_MS;
    assert_int_equal(series_store_upkeep(b->store, (wall_ms){now}, &err), 0);
    struct series_question q = {.service = "redis", .now = {now}};
    series_store_ask_levels(b->store, 7, &q, 300);
    const json_t *quarter = json_array_get(wait_answer(b), 3);
    assert_int_equal(json_int_or(quarter, "days", 0), 90);
    assert_true(json_real_or(quarter, "up_seconds", 0) == steps * 30.0);
    assert_int_equal(json_int_or(quarter, "pings", 0), steps * 30);
    assert_int_equal(json_int_or(quarter, "fast_pings", 0), steps * 29);
    /* After 90 days nothing of it is left. */
    now += 91 * DAY_MS;
    assert_int_equal(series_store_upkeep(b->store, (wall_ms){now}, &err), 0);
    q.now.ms = EPOCH + 3 * DAY_MS;
    series_store_ask_levels(b->store, 7, &q, 300);
    assert_true(json_real_or(json_array_get(wait_answer(b), 3), "up_seconds", -1) == 0);
}

static void what_comes_late_is_added_to_what_was_merged(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    int64_t now = EPOCH + 3 * DAY_MS;
    add_steps(b, EPOCH, 5);
    assert_int_equal(series_store_upkeep(b->store, (wall_ms){now}, &err), 0);
    add_steps(b, EPOCH + 5 * STEP_MS, 5); /* of the same five minutes */
    assert_int_equal(series_store_upkeep(b->store, (wall_ms){now}, &err), 0);
    json_t *body = graph(b, EPOCH, EPOCH + HOUR_MS, now, 300);
    json_t *up = json_object_get(json_object_get(body, "states"), "up");
    assert_true(json_number_value(json_array_get(up, 0)) == 300.0);
    assert_true(json_is_null(json_array_get(up, 1)));
}

static void levels_tell_up_down_planned_unknown_and_unwatched_apart(void **state)
{
    struct bench *b = *state;
    int64_t now = EPOCH + 10 * STEP_MS;
    for (int i = 0; i < SERIES_STATE_COUNT; i++) {
        struct series_sample s = step_at(EPOCH + i * STEP_MS);
        s.state_ms[SERIES_UP] = 0;
        s.state_ms[i] = STEP_MS;
        series_store_add(b->store, &s);
    }
    static const struct outage_record outages[] = {
        {.service = "redis", .began = {EPOCH}, .ended = {EPOCH + 4000}, .ended_by = "recovery"},
        {.service = "redis", .began = {EPOCH}, .ended = {EPOCH + 299000}, .ended_by = "operation"},
        {.service = "redis", .began = {EPOCH}, .ended = {EPOCH + 300000}, .ended_by = "operation"},
        {.service = "other", .began = {EPOCH}, .ended = {EPOCH + 9000}, .ended_by = "operation"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(outages); i++)
        series_store_outage(b->store, &outages[i]);
    struct series_question q = {.service = "redis", .now = {now}};
    series_store_ask_levels(b->store, 7, &q, 300);
    const json_t *day = json_array_get(wait_answer(b), 0);
    static const char *const parts[] = {"up_seconds", "down_seconds", "planned_seconds",
                                        "unknown_seconds"};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        assert_true(json_real_or(day, parts[i], -1) == 30.0);
    assert_true(json_real_or(day, "unwatched_seconds", -1) == 180.0);
    const json_t *counted = json_object_get(day, "outages");
    assert_int_equal(json_int_or(counted, "count", 0), 3);
    assert_int_equal(json_int_or(json_object_get(counted, "operation"), "count", 0), 2);
    assert_int_equal(json_int_or(json_object_get(counted, "operation"), "within", 0), 1);
}

/* A service that comes and goes for weeks. */
static void levels_count_every_outage_and_graphs_show_the_newest(void **state)
{
    struct bench *b = *state;
    int64_t count = SERIES_OUTAGES_MAX + 200;
    int64_t now = EPOCH + count * 60000;
    for (int64_t i = 0; i < count; i++) {
        struct outage_record o = {.service = "redis",
                                  .began = {EPOCH + i * 60000},
                                  .ended = {EPOCH + i * 60000 + 1000 + i},
                                  .ended_by = "operation"};
        series_store_outage(b->store, &o);
    }
    struct series_question q = {.service = "redis", .now = {now}};
    series_store_ask_levels(b->store, 7, &q, 300);
    const json_t *day = json_object_get(json_array_get(wait_answer(b), 0), "outages");
    assert_int_equal(json_int_or(day, "count", 0), count);
    assert_int_equal(json_int_or(json_object_get(day, "operation"), "within", 0), count);
    double longest = (double)(1000 + count - 1) / 1000;
    assert_true(json_real_or(day, "longest_seconds", 0) == longest);
    const json_t *shown = json_object_get(graph(b, EPOCH, now, now, 0), "outages");
    assert_int_equal(json_array_size(shown), SERIES_OUTAGES_MAX);
    const json_t *last = json_array_get(shown, SERIES_OUTAGES_MAX - 1);
    assert_true(json_real_or(last, "duration_seconds", 0) == longest);
    assert_true(json_real_or(json_array_get(shown, 0), "duration_seconds", 0) < longest);
}

static void lows_of_memory_are_remembered_by_the_hour(void **state)
{
    struct bench *b = *state;
    int64_t now = EPOCH + 30 * 60 * 1000;
    add_steps(b, EPOCH - 2 * HOUR_MS, 10);
    add_steps(b, EPOCH, 10);
    struct series_question q = {.service = "redis", .now = {now}};
    series_store_ask_lows(b->store, 7, &q);
    const json_t *body = wait_answer(b);
    const json_t *lows = json_object_get(body, "lows");
    assert_int_equal(json_int_or(body, "hour", 0), EPOCH / HOUR_MS);
    assert_int_equal(json_array_size(lows), SERIES_LOWS_HOURS);
    assert_int_equal(json_integer_value(json_array_get(lows, 23)), 1000000);
    assert_true(json_is_null(json_array_get(lows, 22)));
    assert_int_equal(json_integer_value(json_array_get(lows, 21)), 1000000);
}

static void a_damaged_file_is_put_aside(void **state)
{
    struct bench *b = *state;
    char path[128];
    const char *note = NULL;
    add_steps(b, EPOCH, 5);
    close_store(b);
    (void)snprintf(path, sizeof path, "%s/series.db", b->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("this is no database, and long enough for one to be looked for in it............"
                "..............................................................................",
                file);
    assert_int_equal(fclose(file), 0);
    open_store(b, &note);
    assert_non_null(note);
    add_steps(b, EPOCH, 5);
    json_t *body = graph(b, EPOCH, EPOCH + STEP_MS, EPOCH + HOUR_MS, 30);
    assert_int_equal(json_integer_value(json_array_get(values(body, "memory_bytes", "values"), 0)),
                     1000000);
}

static void what_was_added_is_there_after_closing(void **state)
{
    struct bench *b = *state;
    const char *note;
    add_steps(b, EPOCH, 5);
    close_store(b);
    open_store(b, &note);
    json_t *body = graph(b, EPOCH, EPOCH + 5 * STEP_MS, EPOCH + HOUR_MS, 30);
    assert_int_equal(json_integer_value(json_array_get(values(body, "memory_bytes", "values"), 4)),
                     1000004);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_read_as_it_was_written),
        cmocka_unit_test(rows_that_nobody_wrote_are_none),
        cmocka_unit_test(whatever_redis_says_adds_up),
        cmocka_unit_test(the_step_is_as_fine_as_what_is_kept_and_as_fits),
        TEST(gaps_are_null_and_nothing_is_drawn_through_them),
        TEST(thinning_keeps_least_mean_greatest_and_every_second),
        TEST(what_comes_late_is_added_to_what_was_merged),
        TEST(levels_tell_up_down_planned_unknown_and_unwatched_apart),
        TEST(levels_count_every_outage_and_graphs_show_the_newest),
        TEST(lows_of_memory_are_remembered_by_the_hour),
        TEST(a_damaged_file_is_put_aside),
        TEST(what_was_added_is_there_after_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
