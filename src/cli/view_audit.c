#include <math.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/view.h"

/* "14:30:07  restart          redis      alice@… success  15.7 s  reason" */
void view_audit_line(struct page *p, const json_t *line)
{
    char at[64], number[32];
    const json_t *user = json_object_get(line, "user");
    const json_t *result = json_object_get(line, "result");
    const char *who = json_text_or(user, "email", json_text_or(user, "id", "-"));
    bool known = json_is_object(result), success = json_bool_or(result, "success", false);
    page_tone(p, TONE_DIM, "%s", page_clock(p, json_text_or(line, "timestamp", NULL), at));
    page_put(p, "  %-8s  %-18s %-20s ", json_text_or(line, "service", "-"),
             json_text_or(line, "operation", json_text_or(line, "event_type", "?")), who);
    page_tone(p,
              !known    ? TONE_DIM
              : success ? TONE_GOOD
                        : TONE_BAD,
              "%-8s",
              !known    ? "intent"
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
    page_put(p, "\n");
}
