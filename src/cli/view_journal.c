#include "cli/view_journal.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/view_service.h"

void view_log_line(struct page *p, const json_t *line)
{
    char at[64];
    const char *level = json_text_or(line, "level", "info");
    page_tone(p, TONE_DIM, "%s", page_clock(p, json_text_or(line, "timestamp", NULL), at));
    page_put(p, json_bool_or(line, "zone_assumed", false) ? "~" : " ");
    page_tone(p, view_tone(level), "%-7s", level);
    page_put(p, " %s\n", json_text_or(line, "message", ""));
}

/* The API has the newest first; on a terminal the newest belongs next to the prompt. */
void view_logs(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const json_t *logs = json_object_get(body, "logs");
    for (size_t i = json_array_size(logs); i > 0; i--)
        view_log_line(p, json_array_get(logs, i - 1));
    const char *problem = json_text_or(body, "problem", NULL);
    if (problem != NULL)
        page_put(p, "%s. Run `resus doctor`.\n", problem);
    else if (json_array_size(logs) == 0)
        page_put(p, "No line of the log matches.\n");
}

static void event_text(struct page *p, const char *type, const json_t *e)
{
    char title[64];
    const char *message = json_text_or(e, "message", "");
    if (str_equal(type, "service_status")) {
        const char *overall = json_text_or(e, "overall_status", "unknown");
        page_put(p, "%s, ", view_title(json_text_or(e, "status", "unknown"), title));
        page_tone(p, view_tone(overall), "%s", overall);
    } else if (str_equal(type, "service_health")) {
        const char *overall = json_text_or(e, "overall_status", "unknown");
        const json_t *cause = json_object_get(e, "cause");
        page_tone(p, view_tone(overall), "%s", overall);
        page_put(p, " %s", json_text_or(cause, "summary", json_text_or(cause, "code", "")));
    } else if (str_equal(type, "service_event")) {
        const char *result = json_text_or(e, "result", "");
        page_put(p, "%s by %s ", json_text_or(e, "event", "?"), json_text_or(e, "user", "?"));
        page_tone(p, str_equal(result, "failure") ? TONE_BAD : view_tone(result), "%s", result);
        page_put(p, "%s%s", message[0] == '\0' ? "" : ": ", message);
    } else if (str_equal(type, "auto_recovery")) {
        const char *status = json_text_or(e, "status", "");
        const char *level = json_text_or(e, "recovery_level", "automatic");
        bool call = str_equal(level, "critical"); /* nothing was tried: a human is called */
        if (!call)
            page_put(p, "%s recovery ", level);
        page_tone(p, view_tone(status), "%s", call ? "a human is needed" : status);
        page_put(p, "%s%s", message[0] == '\0' ? "" : ": ", message);
    } else if (str_equal(type, "alert") || str_equal(type, "incident")) {
        const json_t *inner = json_object_get(e, type);
        page_put(p, "%s %lld ", type, (long long)json_int_or(inner, "id", 0));
        page_tone(p, TONE_BOLD, "%s %s", json_text_or(inner, "severity", ""),
                  json_text_or(inner, "state", json_text_or(inner, "status", "")));
        page_put(p, ": %s", message);
    } else {
        const char *reason = json_text_or(e, "reason", NULL);
        page_put(p, "%s", message);
        if (reason != NULL)
            page_put(p, " (%s: %s)", json_text_or(e, "user", "?"), reason);
    }
}

void view_event(struct page *p, const json_t *event)
{
    char at[64];
    /* A stored event may hold the pushed object as its body. */
    const json_t *inner = json_object_get(event, "body");
    const json_t *e = json_is_object(inner) ? inner : event;
    const char *type = json_text_or(event, "type", json_text_or(e, "type", "event"));
    const char *time = json_text_or(e, "timestamp", json_text_or(event, "timestamp", NULL));
    page_tone(p, TONE_DIM, "%s", page_clock(p, time, at));
    page_put(p, "  %s  ", json_text_or(e, "service", json_text_or(event, "service", "-")));
    event_text(p, type, e);
    page_put(p, "\n");
}

void view_events(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const json_t *items = json_object_get(body, "items");
    for (size_t i = json_array_size(items); i > 0; i--)
        view_event(p, json_array_get(items, i - 1));
    if (json_array_size(items) == 0)
        page_put(p, "nothing has happened so far\n");
}
