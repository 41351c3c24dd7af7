#include "store/audit_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "settings/office_hours.h"

struct tally {
    char name[160];
    int64_t count, succeeded, failed, timed;
    double seconds, longest;
};

struct groups {
    struct tally *rows;
    size_t count, capacity, limit;
};

struct day {
    char name[16];
    struct tally operations;
    int64_t recoveries;
};

struct review {
    const struct audit_filter *filter;
    const struct security_settings *security;
    struct zone *zone;
    bool has_hours;
    struct office_hours hours;
    bool memory; /* false: it ran out */
    int64_t lines;
    struct tally operations, recoveries;
    struct groups by_operation, by_user, by_event, by_level;
    struct day *days; /* ring, rising */
    size_t day_first, day_count;
    json_t *failures, *failed, *recovered, *outside; /* items, oldest first */
    int64_t failed_operations, outside_count;
};

static void tally_add(struct tally *t, const json_t *line)
{
    const json_t *result = json_object_get(line, "result");
    const json_t *success = json_object_get(result, "success");
    double seconds = json_real_or(result, "duration_seconds", -1);
    t->count++;
    if (json_is_boolean(success))
        (*(json_is_true(success) ? &t->succeeded : &t->failed))++;
    if (seconds >= 0) {
        t->timed++;
        t->seconds += seconds;
        if (seconds > t->longest)
            t->longest = seconds;
    }
}

static struct tally *group(struct groups *g, const char *name)
{
    char cut[sizeof g->rows->name];
    (void)str_copy(cut, sizeof cut, name);
    if (g->limit == 0)
        g->limit = AUDIT_REPORT_GROUPS_MAX;
    for (size_t i = 0; i < g->count; i++)
        if (str_equal(g->rows[i].name, cut))
            return &g->rows[i];
    if (g->count == g->limit)
        return &g->rows[g->count - 1];
    if (g->count == g->capacity) {
        size_t capacity = g->capacity == 0 ? 16 : 2 * g->capacity;
        struct tally *rows = mem_realloc(g->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return NULL;
        g->rows = rows;
        g->capacity = capacity;
    }
    struct tally *t = &g->rows[g->count++];
    *t = (struct tally){0};
    (void)str_copy(t->name, sizeof t->name, g->count == g->limit ? "(others)" : cut);
    return t;
}

static void group_add(struct review *v, struct groups *g, const char *name, const json_t *line)
{
    struct tally *t = group(g, name);
    if (t == NULL)
        v->memory = false;
    else
        tally_add(t, line);
}

static const char *user_of(const json_t *line)
{
    const json_t *user = json_object_get(line, "user");
    const char *email = json_text_or(user, "email", "");
    return *email != '\0' ? email : json_text_or(user, "id", "(nobody)");
}

static void item_add(struct review *v, json_t *items, const json_t *line)
{
    static const char *const members[] = {"timestamp", "event_type",     "service", "operation",
                                          "source_ip", "recovery_level", "reason",  "request_id"};
    json_t *item = json_object();
    bool ok = item != NULL;
    for (size_t i = 0; ok && i < ARRAY_LENGTH(members); i++)
        ok = json_put_text(item, members[i], json_text_or(line, members[i], NULL));
    ok = ok && json_put_text(item, "user", user_of(line)) &&
         json_put_text(item, "error",
                       json_text_or(json_object_get(line, "result"), "error", NULL)) &&
         json_array_append(items, item) == 0;
    json_decref(item);
    if (json_array_size(items) > AUDIT_REPORT_ITEMS_MAX)
        (void)json_array_remove(items, 0);
    v->memory = v->memory && ok;
}

static struct day *day_of(struct review *v, wall_ms at)
{
    char text[WALL_TEXT_SIZE];
    (void)wall_text(wall_add(at, (int64_t)zone_offset_s(v->zone, at) * 1000), text);
    text[10] = '\0'; /* the date */
    /* Lines come in order, but for a clock that was set back: look from the newest. */
    for (size_t i = v->day_count; i-- > 0;) {
        struct day *d = &v->days[(v->day_first + i) % AUDIT_REPORT_DAYS_MAX];
        if (str_equal(d->name, text))
            return d;
    }
    if (v->day_count == AUDIT_REPORT_DAYS_MAX)
        v->day_first = (v->day_first + 1) % AUDIT_REPORT_DAYS_MAX;
    else
        v->day_count++;
    struct day *d = &v->days[(v->day_first + v->day_count - 1) % AUDIT_REPORT_DAYS_MAX];
    *d = (struct day){0};
    (void)str_copy(d->name, sizeof d->name, text);
    return d;
}

static bool has_failed(const json_t *line)
{
    return json_is_false(json_object_get(json_object_get(line, "result"), "success"));
}

static void operation_add(struct review *v, const json_t *line, struct day *day, wall_ms at)
{
    tally_add(&v->operations, line);
    if (day != NULL)
        tally_add(&day->operations, line);
    group_add(v, &v->by_operation, json_text_or(line, "operation", "(none)"), line);
    group_add(v, &v->by_user, user_of(line), line);
    if (has_failed(line)) {
        v->failed_operations++;
        item_add(v, v->failed, line);
    }
    const char *id = json_text_or(json_object_get(line, "user"), "id", "");
    if (v->has_hours && at.ms != 0 && !str_equal(id, "system") &&
        !office_hours_hold(&v->hours, v->zone, at)) {
        v->outside_count++;
        item_add(v, v->outside, line);
    }
}

static bool review_line(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)file;
    (void)number;
    struct review *v = context;
    wall_ms at = WALL_NONE;
    const char *event = json_text_or(line, "event_type", "");
    if (str_equal(event, "intent"))
        return true;
    bool dated = wall_parse(json_text_or(line, "timestamp", ""), &at) == 0;
    bool operation = str_equal(event, "service_operation");
    bool recovery = str_equal(event, "auto_recovery");
    struct day *day = dated && (operation || recovery) ? day_of(v, at) : NULL;
    v->lines++;
    group_add(v, &v->by_event, event, line);
    if (operation)
        operation_add(v, line, day, at);
    if (recovery) {
        tally_add(&v->recoveries, line);
        group_add(v, &v->by_level, json_text_or(line, "recovery_level", "(none)"), line);
        item_add(v, v->recovered, line);
        if (day != NULL)
            day->recoveries++;
    }
    if (has_failed(line))
        item_add(v, v->failures, line);
    return v->memory;
}

static bool put_mean(json_t *o, const char *key, const struct tally *t)
{
    return t->timed == 0 ? json_put_null(o, key)
                         : json_put(o, key, json_rounded(t->seconds / (double)t->timed, 3));
}

static bool put_tally(json_t *o, const struct tally *t)
{
    int64_t judged = t->succeeded + t->failed;
    return json_put_int(o, "count", t->count) && json_put_int(o, "succeeded", t->succeeded) &&
           json_put_int(o, "failed", t->failed) &&
           (judged == 0 ? json_put_null(o, "success_rate")
                        : json_put(o, "success_rate",
                                   json_rounded((double)t->succeeded / (double)judged, 4))) &&
           put_mean(o, "mean_duration_seconds", t) &&
           (t->timed == 0 ? json_put_null(o, "max_duration_seconds")
                          : json_put(o, "max_duration_seconds", json_rounded(t->longest, 3)));
}

static int by_count(const void *a, const void *b)
{
    const struct tally *x = a;
    const struct tally *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->name, y->name);
}

static json_t *groups_json(struct groups *g, const char *key)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    if (g->count > 1)
        qsort(g->rows, g->count, sizeof *g->rows, by_count);
    for (size_t i = 0; ok && i < g->count; i++) {
        json_t *o = json_object();
        ok = json_put_text(o, key, g->rows[i].name) && put_tally(o, &g->rows[i]) &&
             json_array_append(list, o) == 0;
        json_decref(o);
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct day *)a)->name, ((const struct day *)b)->name);
}

static json_t *trend_json(struct review *v)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    qsort(v->days, v->day_count, sizeof *v->days, by_name); /* the ring is no longer needed */
    for (size_t i = 0; ok && i < v->day_count; i++) {
        const struct day *d = &v->days[i];
        json_t *o = json_object();
        ok = json_put_text(o, "day", d->name) &&
             json_put_int(o, "operations", d->operations.count) &&
             json_put_int(o, "failed", d->operations.failed) &&
             json_put_int(o, "recoveries", d->recoveries) &&
             put_mean(o, "mean_duration_seconds", &d->operations) &&
             json_array_append(list, o) == 0;
        json_decref(o);
    }
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *newest_first(const json_t *items)
{
    json_t *list = json_array();
    for (size_t i = json_array_size(items); list != NULL && i-- > 0;)
        if (json_array_append(list, json_array_get(items, i)) < 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static int review_begin(struct review *v, const struct audit_filter *filter,
                        const struct security_settings *security, struct error *err)
{
    *v = (struct review){.filter = filter, .security = security, .memory = true};
    int r = zone_load(security == NULL ? "" : security->timezone, &v->zone, err);
    if (r == 0 && security != NULL && security->business_hours[0] != '\0') {
        r = office_hours_parse(security->business_hours, &v->hours, err);
        v->has_hours = r == 0;
    }
    if (r < 0)
        return r;
    v->days = mem_calloc(AUDIT_REPORT_DAYS_MAX, sizeof *v->days);
    v->failures = json_array();
    v->failed = json_array();
    v->recovered = json_array();
    v->outside = json_array();
    if (v->days == NULL || v->failures == NULL || v->failed == NULL || v->recovered == NULL ||
        v->outside == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    return 0;
}

static void review_end(struct review *v)
{
    zone_free(v->zone);
    mem_free(v->by_operation.rows);
    mem_free(v->by_user.rows);
    mem_free(v->by_event.rows);
    mem_free(v->by_level.rows);
    mem_free(v->days);
    json_decref(v->failures);
    json_decref(v->failed);
    json_decref(v->recovered);
    json_decref(v->outside);
}

static bool put_period(json_t *o, const struct review *v)
{
    return json_put_wall(o, "since", v->filter == NULL ? WALL_NONE : v->filter->since) &&
           json_put_wall(o, "until", v->filter == NULL ? WALL_NONE : v->filter->until);
}

static json_t *recoveries_json(struct review *v)
{
    json_t *o = json_object();
    if (put_tally(o, &v->recoveries) &&
        json_put(o, "by_level", groups_json(&v->by_level, "recovery_level")) &&
        json_put(o, "items", newest_first(v->recovered)))
        return o;
    json_decref(o);
    return NULL;
}

static json_t *operations_json(const struct review *v)
{
    json_t *o = json_object();
    if (put_tally(o, &v->operations))
        return o;
    json_decref(o);
    return NULL;
}

static bool put_report(json_t *o, struct review *v)
{
    return put_period(o, v) && json_put_int(o, "lines", v->lines) &&
           json_put(o, "operations", operations_json(v)) &&
           json_put(o, "by_operation", groups_json(&v->by_operation, "operation")) &&
           json_put(o, "by_user", groups_json(&v->by_user, "user")) &&
           json_put(o, "by_event", groups_json(&v->by_event, "event_type")) &&
           json_put(o, "failures", newest_first(v->failures)) &&
           json_put(o, "recoveries", recoveries_json(v)) && json_put(o, "trend", trend_json(v));
}

static json_t *counted_json(int64_t count, json_t *items)
{
    json_t *o = json_object();
    if (json_put_int(o, "count", count) && json_put(o, "items", items))
        return o;
    json_decref(o);
    return NULL;
}

static json_t *outside_json(const struct review *v)
{
    if (!v->has_hours)
        return json_null();
    json_t *o = counted_json(v->outside_count, newest_first(v->outside));
    if (json_put_text(o, "business_hours", v->security->business_hours) &&
        json_put_text(o, "timezone",
                      v->security->timezone[0] == '\0' ? "UTC" : v->security->timezone))
        return o;
    json_decref(o);
    return NULL;
}

static bool put_summary(json_t *o, struct review *v)
{
    return put_period(o, v) && json_put(o, "recoveries", recoveries_json(v)) &&
           json_put(o, "failed_operations",
                    counted_json(v->failed_operations, newest_first(v->failed))) &&
           json_put(o, "outside_business_hours", outside_json(v));
}

static int review(const char *file, const struct audit_filter *filter,
                  const struct security_settings *security, bool (*put)(json_t *, struct review *),
                  json_t **ret, struct error *err)
{
    struct review v;
    json_t *o = NULL;
    int r = review_begin(&v, filter, security, err);
    if (r == 0)
        r = audit_walk(file, filter, review_line, &v, err);
    if (r == 0) {
        o = json_object();
        if (!v.memory || !put(o, &v)) {
            json_decref(o);
            r = error_set(err, -ENOMEM, "out of memory");
        }
    }
    review_end(&v);
    if (r == 0)
        *ret = o;
    return r;
}

int audit_report(const char *file, const struct audit_filter *filter,
                 const struct security_settings *security, json_t **ret, struct error *err)
{
    return review(file, filter, security, put_report, ret, err);
}

int audit_summary(const char *file, const struct audit_filter *filter,
                  const struct security_settings *security, json_t **ret, struct error *err)
{
    return review(file, filter, security, put_summary, ret, err);
}
