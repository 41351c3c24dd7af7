/* Incidents and their timelines. */
#include "cli/view_incident.h"
#include "base/json.h"
#include "base/str.h"

static void line(struct page *p, const json_t *o)
{
    char at[64];
    const char *severity = json_text_or(o, "severity", "");
    const char *status = json_text_or(o, "status", "");
    bool over = str_equal(status, "resolved") || str_equal(status, "closed");
    bool bad = str_equal(severity, "P1") || str_equal(severity, "P2");
    page_put(p, "%5lld  ", (long long)json_int_or(o, "id", 0));
    page_tone(p, over ? TONE_GOOD : bad ? TONE_BAD : TONE_WARNING, "%s %s", severity, status);
    page_pad(p, page_width(severity) + 1 + page_width(status), 18);
    page_tone(p, TONE_DIM, "%s", page_clock(p, json_text_or(o, "opened_at", NULL), at));
    page_put(p, "  %s: %s\n", json_text_or(o, "service", json_text_or(o, "host", "no service")),
             json_text_or(o, "title", ""));
}

void view_incidents(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *one;
    (void)in;
    json_array_foreach(items, i, one) {
        line(p, one);
    }
    if (json_array_size(items) == 0)
        page_put(p, "no incidents\n");
}

static void target(struct page *p, const json_t *body, const char *label, const char *due_key,
                   const char *missed_key)
{
    const char *due = json_text_or(body, due_key, "");
    if (due[0] != '\0')
        page_field(p, label, "%s%s", due, json_bool_or(body, missed_key, false) ? "  MISSED" : "");
}

void view_incident(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const fields[][2] = {
        {"Commander", "commander"},
        {"Known to", "acknowledged_by"},
        {"Calls", "escalation"},
        {"War room", "war_room"},
        {"Update due", "update_due_at"},
        {"Mitigated", "mitigated_at"},
        {"Resolved", "resolved_at"},
        {"Cause", "cause"},
        {"Impact", "impact"},
        {"Summary", "summary"},
        {"Root cause", "root_cause"},
        {"Resolution", "resolution"},
        {"Prevention", "preventive_measures"},
    };
    size_t i;
    const json_t *entry;
    (void)in;
    line(p, body);
    for (i = 0; i < ARRAY_LENGTH(fields); i++) {
        const char *text = json_text_or(body, fields[i][1], "");
        if (text[0] != '\0')
            page_field(p, fields[i][0], "%s", text);
    }
    target(p, body, "Answer by", "response_due_at", "response_missed");
    target(p, body, "Over by", "resolution_due_at", "resolution_missed");
    if (json_is_integer(json_object_get(body, "window")))
        page_field(p, "Window", "%lld", (long long)json_int_or(body, "window", 0));
    page_put(p, "\nTimeline:\n");
    json_array_foreach(json_object_get(body, "timeline"), i, entry) {
        char at[64];
        page_tone(p, TONE_DIM, "  %s", page_clock(p, json_text_or(entry, "at", NULL), at));
        const char *text = json_text_or(entry, "text", "");
        page_put(p, "  %s  %s%s%s\n", json_text_or(entry, "actor", "Resus"),
                 json_text_or(entry, "kind", ""), text[0] == '\0' ? "" : ": ", text);
    }
}
