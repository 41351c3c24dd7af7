#include <math.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/view_recovery.h"
#include "cli/view_service.h"
#include "cli/view_table.h"

/* "Monitoring", "Success (Standard Recovery)", "Failed - Manual Intervention Required". */
static void state_words(struct page *p, const json_t *recovery)
{
    char title[64], level[64];
    const char *state = json_text_or(recovery, "state", "unknown");
    bool manual = json_bool_or(recovery, "requires_manual_intervention", false);
    bool busy = str_equal(state, "recovering") || str_equal(state, "confirming") ||
                str_equal(state, "waiting");
    if (str_equal(state, "succeeded")) {
        page_tone(p, TONE_GOOD, "Success");
    } else if (str_equal(state, "failed") || manual) {
        page_tone(p, TONE_BAD, "%s%s", view_title(state, title),
                  manual ? " - Manual Intervention Required" : "");
        return;
    } else {
        page_tone(p, busy ? TONE_BUSY : TONE_PLAIN, "%s", view_title(state, title));
    }
    /* Before the first attempt, level and count are those of a failure before. */
    bool tried =
        str_equal(state, "recovering") || str_equal(json_text_or(recovery, "phase", ""), "backoff");
    const char *word = json_text_or(recovery, "recovery_level", "");
    if (word[0] != '\0' && (tried || str_equal(state, "succeeded")))
        page_put(p, " (%s Recovery)", view_title(word, level));
    int64_t attempts = json_int_or(recovery, "attempts", 0);
    if (tried && attempts > 0)
        page_put(p, ", attempt %lld of %lld", (long long)attempts,
                 (long long)json_int_or(recovery, "max_attempts", attempts));
}

static void withheld_line(struct page *p, const json_t *withheld)
{
    if (!json_is_object(withheld))
        return;
    page_label(p, "Withheld");
    page_tone(p, TONE_WARNING, "%s", json_text_or(withheld, "text", "no reason given"));
    page_put(p, " (%s)\n", json_text_or(withheld, "reason_code", "?"));
}

static void breaker_line(struct page *p, const json_t *breaker)
{
    if (!str_equal(json_text_or(breaker, "state", "closed"), "open"))
        return;
    char ago[64];
    page_label(p, "Circuit breaker");
    page_tone(p, TONE_BAD, "open");
    page_put(p, ", opened %s; `resus recovery reset` closes it\n",
             page_ago(p, json_text_or(breaker, "opened_at", NULL), ago));
}

static void next_step_line(struct page *p, const json_t *recovery)
{
    const char *text = json_text_or(recovery, "next_step", "");
    if (text[0] == '\0')
        return;
    page_label(p, "Next step");
    page_tone(p, TONE_BUSY, "%s", text);
    page_put(p, "\n");
}

void view_recovery_line(struct page *p, const json_t *recovery)
{
    if (!json_is_object(recovery))
        return;
    char ago[64];
    page_label(p, "Auto-Recovery");
    bool enabled = json_bool_or(recovery, "enabled", false);
    const char *held = json_text_or(json_object_get(recovery, "withheld"), "reason_code", "");
    bool used_up = str_equal(held, "attempts_exhausted") || str_equal(held, "breaker_open");
    page_tone(p, enabled ? TONE_PLAIN : TONE_WARNING, "%s",
              enabled   ? "Enabled"
              : used_up ? "Off until `resus recovery reset`"
                        : "Disabled");
    page_put(p, " · ");
    state_words(p, recovery);
    page_put(p, " · Recent Recoveries: %lld",
             (long long)json_int_or(recovery, "recent_recoveries", 0));
    const char *last = json_text_or(recovery, "last_recovery", NULL);
    page_put(p, " · Last Recovery: %s\n", last == NULL ? "Never" : page_ago(p, last, ago));
    next_step_line(p, recovery);
    breaker_line(p, json_object_get(recovery, "circuit_breaker"));
    withheld_line(p, json_object_get(recovery, "withheld"));
}

/* How it went lately. */
static void metrics_line(struct page *p, const json_t *metrics)
{
    if (!json_is_object(metrics))
        return;
    char title[64], mean[32];
    int64_t count = json_int_or(metrics, "count", 0);
    double rate = json_real_or(metrics, "success_rate", NAN);
    double seconds = json_real_or(metrics, "mean_seconds", NAN);
    const char *level = json_text_or(metrics, "commonest_level", NULL);
    page_label(p, "Last 24 h");
    page_put(p, "%lld recover%s", (long long)count, count == 1 ? "y" : "ies");
    if (count > 0 && !isnan(rate)) {
        page_put(p, ", ");
        page_tone(p, rate < 1 ? TONE_WARNING : TONE_GOOD, "%.0f %% successful", rate * 100);
    }
    if (!isnan(seconds))
        page_put(p, ", %s s on average", metric_text(seconds, mean));
    if (level != NULL)
        page_put(p, ", mostly %s Recovery", view_title(level, title));
    page_put(p, "\n");
}

void view_recovery(struct page *p, const json_t *body, const struct invocation *in)
{
    p->narrow = true;
    (void)in;
    char ago[64], number[32];
    /* The body is the object itself; a PATCH may answer with it inside. */
    const json_t *inner = json_object_get(body, "auto_recovery");
    const json_t *recovery = json_is_object(inner) ? inner : body;
    bool enabled = json_bool_or(recovery, "enabled", false);
    page_label(p, "Auto-Recovery");
    page_tone(p, enabled ? TONE_GOOD : TONE_WARNING, "%s", enabled ? "Enabled" : "Disabled");
    page_put(p, "\n");
    page_label(p, "Status");
    state_words(p, recovery);
    page_put(p, "\n");
    page_field(p, "Recent Recoveries", "%lld in 24 h",
               (long long)json_int_or(recovery, "recent_recoveries", 0));
    const char *last = json_text_or(recovery, "last_recovery", NULL);
    page_label(p, "Last Recovery");
    page_put(p, "%s", last == NULL ? "Never" : page_ago(p, last, ago));
    const char *result = json_text_or(recovery, "recovery_status", NULL);
    if (last != NULL && result != NULL) {
        page_put(p, ", ");
        page_tone(p, view_tone(result), "%s", result);
    }
    double duration = json_real_or(recovery, "duration_seconds", NAN);
    if (last != NULL && !isnan(duration))
        page_put(p, " in %s s", metric_text(duration, number));
    page_put(p, "\n");
    metrics_line(p, json_object_get(recovery, "metrics"));
    page_field(p, "Attempts", "%lld of %lld", (long long)json_int_or(recovery, "attempts", 0),
               (long long)json_int_or(recovery, "max_attempts", 0));
    const json_t *breaker = json_object_get(recovery, "circuit_breaker");
    if (!str_equal(json_text_or(breaker, "state", "closed"), "open"))
        page_field(p, "Circuit breaker", "closed (%lld in the last %lld s)",
                   (long long)json_int_or(breaker, "recoveries_in_window", 0),
                   (long long)json_int_or(breaker, "window_seconds", 0));
    breaker_line(p, breaker);
    next_step_line(p, recovery);
    withheld_line(p, json_object_get(recovery, "withheld"));
}

void view_recoveries(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const json_t *items = json_object_get(body, "items");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        char at[64], number[32];
        const char *result = json_text_or(item, "result", "running");
        double duration = json_real_or(item, "duration_seconds", NAN);
        page_put(p, "%s  ", page_clock(p, json_text_or(item, "started_at", NULL), at));
        page_tone(p, view_tone(result), "%-11s", result);
        page_put(p, " %-8s ", json_text_or(item, "recovery_level", "-"));
        if (!isnan(duration))
            page_put(p, "%6s s  ", metric_text(duration, number));
        else
            page_put(p, "%6s    ", "");
        page_put(p, "%s", json_text_or(item, "cause", ""));
        const char *message = json_text_or(item, "message", "");
        int64_t attempts = json_int_or(item, "attempts", 0);
        page_put(p, "%s%s", message[0] == '\0' ? "" : ": ", message);
        if (attempts > 1)
            page_put(p, " (%lld attempts)", (long long)attempts);
        if (!json_bool_or(item, "stored", true))
            page_put(p, " (not stored yet: the disk of the state folder refuses writes)");
        page_put(p, "\n");
    }
    if (json_array_size(items) == 0)
        page_put(p, "no recovery so far\n");
    metrics_line(p, json_object_get(body, "metrics"));
}

void view_explain(struct page *p, const json_t *body, const struct invocation *in)
{
    p->narrow = true;
    (void)in;
    bool act = json_bool_or(body, "would_act", false);
    const json_t *action = json_object_get(body, "action");
    const json_t *cause = json_object_get(body, "cause");
    char value[512];
    if (act)
        page_tone(p, TONE_BUSY, "Resus would act now: %s",
                  view_value(action, value, sizeof(value)));
    else if (json_is_string(action) && !json_is_object(json_object_get(body, "withheld")))
        page_tone(p, TONE_BUSY, "Resus waits, then it would act: %s",
                  view_value(action, value, sizeof(value)));
    else
        page_tone(p, TONE_BOLD, "Resus would do nothing now.");
    page_put(p, "\n");
    if (json_is_object(cause))
        view_cause(p, cause);
    else if (json_is_string(cause))
        page_field(p, "Cause", "%s", json_string_value(cause));
    size_t i;
    json_t *reason;
    json_array_foreach(json_object_get(body, "reasons"), i, reason) {
        page_field(p, i == 0 ? "Because" : "", "%s", view_value(reason, value, sizeof(value)));
    }
    withheld_line(p, json_object_get(body, "withheld"));
    const char *key;
    json_t *fact;
    bool first = true;
    json_object_foreach((json_t *)json_object_get(body, "facts"), key, fact) {
        page_label(p, first ? "Facts seen" : "");
        page_put(p, "%s", key);
        page_pad(p, page_width(key), 24);
        page_put(p, " %s\n", view_value(fact, value, sizeof(value)));
        first = false;
    }
}
