#include <math.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/view_audit.h"
#include "cli/view_table.h"

/* "14:30:07  redis     restart            alice@… success  15.7 s "reason" (from 10.0.0.9)" */
void view_audit_line(struct page *p, const json_t *line)
{
    char at[64], number[32];
    const json_t *user = json_object_get(line, "user");
    const json_t *result = json_object_get(line, "result");
    const char *who = json_text_or(user, "email", json_text_or(user, "id", "-"));
    bool intent = str_equal(json_text_or(line, "event_type", ""), "intent");
    bool known = json_is_object(result), success = json_bool_or(result, "success", false);
    page_tone(p, TONE_DIM, "%s", page_clock(p, json_text_or(line, "timestamp", NULL), at));
    page_put(p, "  %-8s  %-18s %-20s ", json_text_or(line, "service", "-"),
             json_text_or(line, "operation", json_text_or(line, "event_type", "?")), who);
    page_tone(p,
              !known    ? TONE_DIM
              : success ? TONE_GOOD
                        : TONE_BAD,
              "%-8s",
              intent    ? "intent"
              : !known  ? "-"
              : success ? "success"
                        : "failed");
    double duration = json_real_or(result, "duration_seconds", NAN);
    if (!isnan(duration))
        page_put(p, " %s s", metric_text(duration, number));
    const char *level = json_text_or(line, "recovery_level", NULL);
    if (level != NULL)
        page_put(p, " (%s)", level);
    const char *error = json_text_or(result, "error", NULL);
    if (error != NULL)
        page_put(p, " %s", error);
    const char *reason = json_text_or(line, "reason", NULL);
    if (reason != NULL)
        page_put(p, " \"%s\"", reason);
    const char *from = json_text_or(line, "source_ip", "local");
    if (!str_equal(from, "local"))
        page_put(p, " (from %s)", from);
    page_put(p, "\n");
}

/* "12, 11 good, 1 failed (91.7 %), mean 0.4 s" */
static void tally(struct page *p, const json_t *t)
{
    char number[32];
    double rate = json_real_or(t, "success_rate", NAN);
    double mean = json_real_or(t, "mean_duration_seconds", NAN);
    int64_t failed = json_int_or(t, "failed", 0);
    page_put(p, "%lld", (long long)json_int_or(t, "count", 0));
    if (failed > 0) {
        page_put(p, ", ");
        page_tone(p, TONE_BAD, "%lld failed", (long long)failed);
    }
    if (!isnan(rate))
        page_put(p, " (%.1f %% good)", 100 * rate);
    if (!isnan(mean))
        page_put(p, ", mean %s s", metric_text(mean, number));
    page_put(p, "\n");
}

static void groups(struct page *p, const char *title, const json_t *items, const char *key)
{
    size_t i;
    json_t *item;
    if (json_array_size(items) == 0)
        return;
    page_put(p, "\n");
    page_tone(p, TONE_BOLD, "%s", title);
    page_put(p, "\n");
    json_array_foreach(items, i, item) {
        const char *name = json_text_or(item, key, "-");
        page_put(p, "  %s", name);
        page_pad(p, page_width(name), 28);
        page_put(p, " ");
        tally(p, item);
    }
}

static void items_of(struct page *p, const char *title, const json_t *items)
{
    char at[64];
    size_t i;
    json_t *item;
    if (json_array_size(items) == 0)
        return;
    page_put(p, "\n");
    page_tone(p, TONE_BOLD, "%s", title);
    page_put(p, "\n");
    json_array_foreach(items, i, item) {
        const char *why = json_text_or(item, "error", json_text_or(item, "reason", ""));
        page_put(p, "  %s  %s  %s by %s%s%s\n",
                 page_clock(p, json_text_or(item, "timestamp", NULL), at),
                 json_text_or(item, "service", "-"), json_text_or(item, "operation", "?"),
                 json_text_or(item, "user", "?"), why[0] == '\0' ? "" : ": ", why);
    }
}

static void period(struct page *p, const json_t *body)
{
    char from[64], to[64];
    const char *since = json_text_or(body, "since", NULL),
               *until = json_text_or(body, "until", NULL);
    page_put(p, "From %s to %s\n", since == NULL ? "the beginning" : page_clock(p, since, from),
             until == NULL ? "now" : page_clock(p, until, to));
}

void view_audit_report(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const days[] = {
        "day", "operations", "failed", "recoveries", "mean_duration_seconds", NULL};
    (void)in;
    const json_t *recoveries = json_object_get(body, "recoveries");
    period(p, body);
    page_label(p, "Operations");
    tally(p, json_object_get(body, "operations"));
    page_label(p, "Recoveries");
    tally(p, recoveries);
    groups(p, "By operation", json_object_get(body, "by_operation"), "operation");
    groups(p, "By user", json_object_get(body, "by_user"), "user");
    groups(p, "Recoveries by level", json_object_get(recoveries, "by_level"), "recovery_level");
    items_of(p, "Failures", json_object_get(body, "failures"));
    const json_t *trend = json_object_get(body, "trend");
    if (json_array_size(trend) > 0) {
        page_put(p, "\n");
        view_table(p, trend, days);
    }
}

void view_audit_summary(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const json_t *recoveries = json_object_get(body, "recoveries");
    const json_t *failed = json_object_get(body, "failed_operations");
    const json_t *outside = json_object_get(body, "outside_business_hours");
    period(p, body);
    page_label(p, "Recoveries");
    tally(p, recoveries);
    page_field(p, "Failed operations", "%lld", (long long)json_int_or(failed, "count", 0));
    if (json_is_object(outside))
        page_field(p, "Outside hours", "%lld (%s %s)", (long long)json_int_or(outside, "count", 0),
                   json_text_or(outside, "business_hours", ""),
                   json_text_or(outside, "timezone", ""));
    items_of(p, "Recoveries", json_object_get(recoveries, "items"));
    items_of(p, "Failed operations", json_object_get(failed, "items"));
    items_of(p, "Outside business hours", json_object_get(outside, "items"));
}

static void what_held(struct page *p, const json_t *body)
{
    char at[64];
    const json_t *anchor = json_object_get(body, "anchor");
    const char *unread = json_text_or(body, "anchor_unread", NULL);
    if (json_bool_or(body, "anchored", false))
        page_put(p, "recorded head: seq %lld at %s, found in the log\n",
                 (long long)json_int_or(anchor, "seq", 0),
                 page_clock(p, json_text_or(anchor, "kept_at", NULL), at));
    else if (json_is_object(anchor))
        page_put(p, "recorded head: seq %lld, before the checked lines\n",
                 (long long)json_int_or(anchor, "seq", 0));
    else if (unread != NULL)
        page_put(p, "cannot read the recorded head (%s): a removed end would not be noticed\n",
                 unread);
    else
        page_put(p, "no recorded head for this log: a removed end would not be noticed\n");
    long long seals = (long long)json_int_or(body, "seals", 0);
    long long others = (long long)json_int_or(body, "other_seals", 0);
    if (seals > 0)
        page_put(p, "%lld seal%s, the newest at seq %lld; %s\n", seals, seals == 1 ? "" : "s",
                 (long long)json_int_or(body, "sealed_seq", 0),
                 json_bool_or(body, "with_key", false) ? "all match the key"
                                                       : "--key FILE verifies them");
    if (others > 0)
        page_put(p, "%lld seal%s with another key: not verified\n", others, others == 1 ? "" : "s");
}

void view_audit_verdict(struct page *p, const json_t *body, const struct invocation *in)
{
    long long lines = (long long)json_int_or(body, "lines", 0);
    long long bad_line = (long long)json_int_or(body, "bad_line", 0);
    (void)in;
    if (!json_bool_or(body, "intact", false)) {
        page_tone(p, TONE_BAD, "✗ broken");
        page_put(p, ": %s", json_text_or(body, "bad_file", "?"));
        if (bad_line > 0)
            page_put(p, " line %lld", bad_line);
        page_put(p, ": %s\n", json_text_or(body, "why", "?"));
        return;
    }
    if (lines == 0) {
        page_put(p, "nothing to verify: the log has no lines\n");
    } else {
        page_tone(p, TONE_GOOD, "✓ intact");
        page_put(p, ": %lld line%s, seq %lld to %lld\n", lines, lines == 1 ? "" : "s",
                 (long long)json_int_or(body, "first_seq", 0),
                 (long long)json_int_or(body, "last_seq", 0));
    }
    what_held(p, body);
}
