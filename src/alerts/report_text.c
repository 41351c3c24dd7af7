/* What the mails about the audit log say. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alerts/reports.h"
#include "base/json.h"
#include "base/str.h"

#define WHY_SIZE 100 /* of an error or a reason */

struct text {
    char *to;
    const struct zone *zone;
};

/* The last line has to fit as well: what is longer ends with a command that shows all of it. */
#define ROOM (MESSAGE_TEXT_MAX - 128)

static void line(const struct text *t, const char *format, ...) ATTR_PRINTF(2, 3);
static void line(const struct text *t, const char *format, ...)
{
    char text[256], clean[sizeof text];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)str_copy_clean(clean, sizeof clean, text, strlen(text));
    if (strlen(t->to) + strlen(clean) + 2 < ROOM)
        (void)str_append(t->to, ROOM, "%s\n", clean);
}

/* "2026-11-30 02:10:04", local. */
static const char *time_text(const struct text *t, const char *rfc3339, char to[WALL_TEXT_SIZE])
{
    wall_ms at;
    char text[WALL_TEXT_SIZE];
    if (rfc3339 == NULL || wall_parse(rfc3339, &at) < 0)
        return "?";
    if (t->zone != NULL)
        at = wall_add(at, zone_offset_s(t->zone, at) * INT64_C(1000));
    (void)wall_text(at, text);
    (void)str_format(to, WALL_TEXT_SIZE, "%.10s %.8s", text, text + 11);
    return to;
}

static int64_t count_of(const json_t *o, const char *key)
{
    return json_int_or(o, key, 0);
}

/* "12", "12, 1 failed", "12, 1 failed, 4.2 s on average" */
static void tally_text(const json_t *tally, char *to, size_t size)
{
    double mean = json_real_or(tally, "mean_duration_seconds", NAN);
    (void)str_format(to, size, "%" PRId64, count_of(tally, "count"));
    if (count_of(tally, "failed") > 0)
        (void)str_append(to, size, ", %" PRId64 " failed", count_of(tally, "failed"));
    if (!isnan(mean))
        (void)str_append(to, size, ", %.1f s on average", mean);
}

static void put_tally(const struct text *t, const char *name, const json_t *tally)
{
    char text[96];
    tally_text(tally, text, sizeof text);
    line(t, "%s: %s", name, text);
}

/* `count`: how many there are, of which the items are the newest. */
static void put_items(const struct text *t, const json_t *items, int64_t count)
{
    char at[WALL_TEXT_SIZE], why[WHY_SIZE];
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item) {
        if (i == REPORT_ITEMS_MAX)
            break;
        const char *level = json_text_or(item, "recovery_level", "");
        (void)str_copy(why, sizeof why,
                       json_text_or(item, "error", json_text_or(item, "reason", "")));
        line(t, "  %s  %s  %s%s%s by %s%s%s",
             time_text(t, json_text_or(item, "timestamp", NULL), at),
             json_text_or(item, "service", "-"), json_text_or(item, "operation", "?"),
             level[0] == '\0' ? "" : " ", level, json_text_or(item, "user", "?"),
             why[0] == '\0' ? "" : ": ", why);
    }
    if (count > REPORT_ITEMS_MAX)
        line(t, "  and %" PRId64 " more", count - REPORT_ITEMS_MAX);
}

static void put_groups(const struct text *t, const char *title, const json_t *items,
                       const char *key)
{
    size_t i;
    const json_t *item;
    if (json_array_size(items) == 0)
        return;
    line(t, "%s", "");
    line(t, "%s:", title);
    json_array_foreach(items, i, item) {
        char name[96];
        if (i == REPORT_ITEMS_MAX) {
            line(t, "  and %zu more", json_array_size(items) - i);
            return;
        }
        (void)str_format(name, sizeof name, "  %s", json_text_or(item, key, "-"));
        put_tally(t, name, item);
    }
}

static void put_list(const struct text *t, const char *title, const json_t *items, int64_t count)
{
    if (json_array_size(items) == 0)
        return;
    line(t, "%s", "");
    line(t, "%s:", title);
    put_items(t, items, count);
}

static void summary(const struct text *t, const json_t *body)
{
    const json_t *recoveries = json_object_get(body, "recoveries");
    const json_t *failed = json_object_get(body, "failed_operations");
    const json_t *outside = json_object_get(body, "outside_business_hours");
    put_tally(t, "Recoveries", recoveries);
    line(t, "Failed operations: %" PRId64, count_of(failed, "count"));
    if (json_is_object(outside))
        line(t, "Outside business hours (%s %s): %" PRId64,
             json_text_or(outside, "business_hours", ""), json_text_or(outside, "timezone", ""),
             count_of(outside, "count"));
    put_list(t, "Recoveries", json_object_get(recoveries, "items"), count_of(recoveries, "count"));
    put_list(t, "Failed operations", json_object_get(failed, "items"), count_of(failed, "count"));
    put_list(t, "Outside business hours", json_object_get(outside, "items"),
             count_of(outside, "count"));
}

static void report(const struct text *t, const json_t *body)
{
    const json_t *recoveries = json_object_get(body, "recoveries");
    const json_t *trend = json_object_get(body, "trend");
    put_tally(t, "Operations", json_object_get(body, "operations"));
    put_tally(t, "Recoveries", recoveries);
    put_groups(t, "By operation", json_object_get(body, "by_operation"), "operation");
    put_groups(t, "By user", json_object_get(body, "by_user"), "user");
    put_groups(t, "Recoveries by level", json_object_get(recoveries, "by_level"), "recovery_level");
    put_list(t, "Failures", json_object_get(body, "failures"),
             (int64_t)json_array_size(json_object_get(body, "failures")));
    if (json_array_size(trend) == 0)
        return;
    line(t, "%s", "");
    line(t, "%s", "By day (operations, failed, recoveries):");
    size_t count = json_array_size(trend);
    for (size_t i = count > REPORT_DAYS_SHOWN ? count - REPORT_DAYS_SHOWN : 0; i < count; i++) {
        const json_t *day = json_array_get(trend, i);
        line(t, "  %s  %" PRId64 ", %" PRId64 ", %" PRId64, json_text_or(day, "day", "?"),
             count_of(day, "operations"), count_of(day, "failed"), count_of(day, "recoveries"));
    }
}

static void title(const json_t *body, bool weekly, struct message *m)
{
    int64_t recoveries = count_of(json_object_get(body, "recoveries"), "count");
    int64_t failed = weekly ? count_of(json_object_get(body, "operations"), "failed")
                            : count_of(json_object_get(body, "failed_operations"), "count");
    (void)str_copy(m->title, sizeof m->title, weekly ? "Weekly report: " : "Daily summary: ");
    if (recoveries == 0 && failed == 0)
        (void)str_append(m->title, sizeof m->title, "no recovery, no failed operation");
    else
        (void)str_append(m->title, sizeof m->title,
                         "%" PRId64 " recover%s, %" PRId64 " failed operation%s", recoveries,
                         recoveries == 1 ? "y" : "ies", failed, failed == 1 ? "" : "s");
}

void report_text(const json_t *body, bool weekly, const struct report_zone *zone, struct message *m)
{
    const struct text t = {m->text, zone->zone};
    char since[WALL_TEXT_SIZE], until[WALL_TEXT_SIZE];
    const char *from = json_text_or(body, "since", NULL);
    title(body, weekly, m);
    (void)str_format(m->summary, sizeof m->summary, "From %s to %s (%s).",
                     time_text(&t, from, since),
                     time_text(&t, json_text_or(body, "until", NULL), until),
                     zone->zone == NULL || zone->name[0] == '\0' ? "UTC" : zone->name);
    if (weekly)
        report(&t, body);
    else
        summary(&t, body);
    (void)str_format(m->command, sizeof m->command, "resus audit %s --since %s --until %s",
                     weekly ? "report" : "summary", from == NULL ? "-" : from,
                     json_text_or(body, "until", "-"));
}
