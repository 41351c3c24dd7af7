#include <math.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/view_report.h"
#include "cli/view_service.h"

static void put_percent(struct page *p, const json_t *level, double target)
{
    const json_t *percent = json_object_get(level, "percent");
    const char *state = json_text_or(level, "state", "unknown");
    enum tone tone = str_equal(state, "met")      ? TONE_GOOD
                     : str_equal(state, "missed") ? TONE_BAD
                                                  : TONE_DIM;
    if (json_is_number(percent))
        page_tone(p, tone, "%.3f %%", json_number_value(percent));
    else
        page_tone(p, tone, "nothing counted");
    page_put(p, " (target %g %%)", target);
}

static void view_counted(struct page *p, const char *label, const json_t *level)
{
    page_label(p, label);
    if (json_int_or(level, "count", 0) == 0)
        page_put(p, "none");
    else
        page_put(p, "%lld of %lld within %lld s, longest %.1f s",
                 (long long)json_int_or(level, "within", 0),
                 (long long)json_int_or(level, "count", 0),
                 (long long)json_int_or(level, "target_seconds", 0),
                 json_real_or(level, "longest_seconds", 0));
    page_put(p, "\n");
}

void view_slo(struct page *p, const json_t *body, const struct invocation *in)
{
    size_t i;
    json_t *w;
    char ago[64];
    (void)in;
    json_array_foreach(json_object_get(body, "windows"), i, w) {
        const json_t *a = json_object_get(w, "availability");
        int64_t days = json_int_or(w, "days", 0);
        page_tone(p, TONE_BOLD, "%lld day%s", (long long)days, days == 1 ? "" : "s");
        if (json_is_string(json_object_get(w, "since")))
            page_put(p, ", watched since %s", page_ago(p, json_text_or(w, "since", NULL), ago));
        page_put(p, "\n");
        page_label(p, "Availability");
        put_percent(p, a, json_real_or(a, "target_percent", 0));
        double left = json_real_or(a, "budget_left_minutes", 0);
        page_put(p, ", ");
        page_tone(p, left < 0 ? TONE_BAD : TONE_PLAIN, "%.1f min of %.1f min budget left", left,
                  json_real_or(a, "budget_minutes", 0));
        page_put(p, "\n");
        page_field(p, "Not counted", "planned %.0f s, unknown %.0f s, not watched %.0f s",
                   json_real_or(a, "planned_seconds", 0), json_real_or(a, "unknown_seconds", 0),
                   json_real_or(a, "unwatched_seconds", 0));
        const json_t *ping = json_object_get(w, "response_time");
        page_label(p, "PING");
        put_percent(p, ping, json_real_or(ping, "target_percent", 0));
        page_put(p, " under %lld ms\n", (long long)json_int_or(ping, "target_ms", 0));
        view_counted(p, "Recovered", json_object_get(w, "automatic_recovery"));
        view_counted(p, "By hand", json_object_get(w, "manual_recovery"));
    }
}

static void view_step(struct page *p, const json_t *step)
{
    const char *status = json_text_or(step, "status", "unknown");
    bool finding = str_equal(status, "finding");
    page_put(p, "  ");
    page_tone(p,
              finding                     ? TONE_BAD
              : str_equal(status, "pass") ? TONE_GOOD
                                          : TONE_DIM,
              "%s",
              finding                     ? "✗"
              : str_equal(status, "pass") ? "✓"
                                          : "?");
    page_put(p, " %s: %s\n", json_text_or(step, "check", ""), json_text_or(step, "seen", ""));
    if (!finding)
        return;
    page_put(p, "    ");
    page_tone(p, TONE_BOLD, "%s", json_text_or(step, "cause", ""));
    const char *action = json_text_or(step, "action", "");
    page_put(p, "\n");
    if (action[0] != '\0')
        page_put(p, "    → %s\n", action);
}

void view_diagnosis(struct page *p, const json_t *body, const struct invocation *in)
{
    size_t i;
    size_t k;
    json_t *tree;
    json_t *one;
    (void)in;
    view_cause(p, json_object_get(body, "cause"));
    json_array_foreach(json_object_get(body, "trees"), i, tree) {
        page_tone(p, TONE_BOLD, "%s?", json_text_or(tree, "title", ""));
        if (!json_bool_or(tree, "applies", false))
            page_put(p, " no");
        page_put(p, "\n");
        json_array_foreach(json_object_get(tree, "steps"), k, one) {
            view_step(p, one);
        }
    }
    int64_t count = json_int_or(body, "findings", 0);
    if (count == 0)
        page_put(p, "Nothing found.\n");
    else
        page_put(p, "%lld finding%s.\n", (long long)count, count == 1 ? "" : "s");
}
