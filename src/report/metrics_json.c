#include "report/metrics_json.h"

#include <errno.h>
#include <string.h>

#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "store/series.h"

#define HOUR_MS (3600LL * 1000)
#define KEPT_MS (90 * 24 * HOUR_MS)

/* Bits of the names in "memory_bytes,connections"; false when one is unknown, which is in `bad`. */
static bool read_names(const char *text, uint64_t *ret, char *bad, size_t size)
{
    char name[64];
    *ret = 0;
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        bool known = false;
        if (str_copy_n(name, sizeof name, text, length))
            for (int i = 0; i < SERIES_COUNT; i++)
                if (str_equal(series_kinds[i].name, name)) {
                    *ret |= (uint64_t)1 << i;
                    known = true;
                }
        if (!known) {
            (void)str_copy_n(bad, size, text, length);
            return false;
        }
        text += length + (text[length] == ',' ? 1 : 0);
    }
    return true;
}

static wall_ms time_or(const json_t *args, const char *field, wall_ms otherwise)
{
    wall_ms t;
    const char *text = json_text_or(args, field, NULL);
    return text != NULL && wall_parse(text, &t) == 0 ? t : otherwise;
}

int metrics_question(const json_t *args, wall_ms now, struct series_question *q, struct error *err)
{
    char bad[64];
    q->now = now;
    q->step = json_int_or(args, "step", 0);
    q->to = time_or(args, "to", now);
    q->from = time_or(args, "from", wall_add(q->to, -HOUR_MS));
    if (wall_since(q->to, q->from) <= 0)
        return error_set(err, -EINVAL, "`from` must be before `to`");
    if (!read_names(json_text_or(args, "series", NULL), &q->wanted, bad, sizeof bad))
        return error_set(err, -EINVAL, "`series`: there is none called \"%s\"", bad);
    /* Nothing older is kept, and nothing newer is there yet. */
    if (wall_since(now, q->from) > KEPT_MS)
        q->from = wall_add(now, -KEPT_MS);
    if (wall_since(q->to, now) > HOUR_MS)
        q->to = wall_add(now, HOUR_MS);
    if (wall_since(q->to, q->from) <= 0)
        q->to = wall_add(q->from, 1000);
    return 0;
}

static void put_limit(json_t *limits, const char *name, const json_t *metric)
{
    json_t *one = json_object();
    static const char *const keys[] = {"warning", "critical", "max"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        json_t *value = json_object_get(metric, keys[i]);
        if (value != NULL)
            (void)json_object_set(one, keys[i], value);
    }
    (void)json_put(limits, name, one);
}

json_t *metrics_limits_json(const json_t *health)
{
    const json_t *checks = json_object_get(health, "health_checks");
    const json_t *metrics = json_object_get(json_object_get(checks, "performance"), "metrics");
    const char *name;
    json_t *metric;
    json_t *limits = json_object();
    json_object_foreach((json_t *)metrics, name, metric) {
        put_limit(limits, name, metric);
    }
    return limits;
}

static void add_mark(json_t *marks, const char *kind, const json_t *from, const char *const *keys)
{
    json_t *mark = json_object();
    (void)json_put_text(mark, "kind", kind);
    for (size_t i = 0; keys[i] != NULL; i += 2) {
        json_t *value = json_object_get(from, keys[i + 1]);
        bool none = json_is_null(value) && str_equal(keys[i], "level"); /* Resus did nothing */
        if (value != NULL && !none)
            (void)json_object_set(mark, keys[i], value);
    }
    (void)json_array_append_new(marks, mark);
}

void metrics_add_marks(json_t *marks, const json_t *rows, bool recoveries, enum access access)
{
    static const char *const of_recovery[] = {"at",
                                              "started_at",
                                              "duration_seconds",
                                              "duration_seconds",
                                              "level",
                                              "recovery_level",
                                              "result",
                                              "result",
                                              "cause",
                                              "cause",
                                              NULL};
    static const char *const of_operation[] = {
        "at",     "timestamp",        "operation",        "event", "user", "user", "result",
        "result", "duration_seconds", "duration_seconds", NULL};
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        /* The end of an operation repeats its beginning and adds the result. */
        if (!recoveries && str_equal(json_text_or(row, "result", ""), "started"))
            continue;
        JSON_CLEANUP json_t *seen = visible_people(row, access);
        add_mark(marks, recoveries ? "recovery" : "operation", seen,
                 recoveries ? of_recovery : of_operation);
    }
}
