#include <math.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/verb.h"
#include "cli/view_operate.h"
#include "cli/view_table.h"

void view_operation(struct page *p, const json_t *body, const struct invocation *in)
{
    char number[64];
    bool success = json_bool_or(body, "success", true);
    const char *operation = json_text_or(body, "operation", in->verb->name);
    const char *state = json_text_or(body, "new_status", NULL);
    double duration = json_real_or(body, "duration_seconds", NAN);
    bool waiting = state != NULL && str_equal(state, "starting");
    page_tone(p,
              !success  ? TONE_BAD
              : waiting ? TONE_BUSY
                        : TONE_GOOD,
              "%s %s",
              !success  ? "✗"
              : waiting ? "…"
                        : "✓",
              operation);
    page_put(p, ": %s", json_text_or(body, "message", waiting ? "still loading" : "done"));
    if (!isnan(duration))
        page_put(p, " (%s s)", metric_text(duration, number));
    page_put(p, "\n");
    if (state != NULL)
        page_field(p, "Status", "%s", state);
    int64_t uptime = json_int_or(body, "previous_uptime_seconds", -1);
    if (uptime >= 0)
        page_field(p, "Was up", "%s", page_uptime(uptime, number));
    int64_t connections = json_int_or(body, "connections_terminated", -1);
    if (connections >= 0)
        page_field(p, "Connections", "%lld terminated", (long long)connections);
    const char *warning = json_text_or(body, "warning", "");
    if (warning[0] != '\0') {
        page_label(p, "Warning");
        page_tone(p, TONE_WARNING, "%s", warning);
        page_put(p, "\n");
    }
    if (waiting)
        page_put(p, "  It goes on loading; `resus status` shows how far it is.\n");
}

static void yes_no(struct page *p, const char *label, const json_t *value)
{
    if (json_is_boolean(value))
        page_field(p, label, "%s", json_is_true(value) ? "yes" : "no");
}

static void texts(struct page *p, const char *label, enum tone tone, const json_t *items)
{
    char value[512];
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        const char *text = json_is_object(item) ? json_text_or(item, "message", NULL) : NULL;
        page_label(p, i == 0 ? label : "");
        page_tone(p, tone, "%s", text != NULL ? text : view_value(item, value, sizeof(value)));
        page_put(p, "\n");
    }
}

/* Redis says when the last save succeeded, and how the last attempt ended: that may be a later
 * one. A daemon of an older version does not say whether there was a save at all. */
static void last_save(struct page *p, const json_t *body, bool never)
{
    char number[64];
    int64_t age = json_int_or(body, "last_save_age_seconds", -1);
    bool failed = !json_bool_or(body, "last_save_ok", true);
    const char *then = failed ? "; the last attempt FAILED" : "";
    if (never)
        page_field(p, "Last save", "none since Redis started%s", then);
    else if (age >= 0)
        page_field(p, "Last save", "%s ago%s", page_uptime(age, number), then);
}

void view_preflight(struct page *p, const json_t *body, const struct invocation *in)
{
    char number[64];
    bool allowed = json_bool_or(body, "allowed", false);
    page_tone(p, allowed ? TONE_GOOD : TONE_BAD, "%s %s", allowed ? "✓" : "✗",
              json_text_or(body, "operation", in->sub));
    page_put(p, "%s\n", allowed ? " may go ahead" : " is blocked");
    texts(p, "Blockers", TONE_BAD, json_object_get(body, "blockers"));
    texts(p, "Warnings", TONE_WARNING, json_object_get(body, "warnings"));
    int64_t connections = json_int_or(body, "connections", -1);
    if (connections >= 0)
        page_field(p, "Connections", "%s would be dropped", page_count(connections, number));
    int64_t unsaved = json_int_or(body, "unsaved_changes", -1);
    bool never = !json_bool_or(body, "saved_since_start", true);
    if (unsaved >= 0)
        page_field(p, "Unsaved", "%s changes since %s", page_count(unsaved, number),
                   never ? "Redis started" : "the last save");
    last_save(p, body, never);
    yes_no(p, "AOF", json_object_get(body, "aof_enabled"));
    int64_t replicas = json_int_or(body, "replicas", -1);
    if (replicas >= 0)
        page_field(p, "Replicas", "%lld", (long long)replicas);
    double downtime = json_real_or(body, "expected_downtime_seconds", NAN);
    if (!isnan(downtime))
        page_field(p, "Downtime", "about %s s expected", metric_text(downtime, number));
}

/* No pause, and no end of one, changes anything about these. */
static bool withheld_for_long(const char *code)
{
    static const char *const codes[] = {"breaker_open", "attempts_exhausted", "disabled"};
    return str_index(codes, ARRAY_LENGTH(codes), code) >= 0;
}

void view_pause(struct page *p, const json_t *body, const struct invocation *in)
{
    char at[64];
    const json_t *pause = json_object_get(body, "pause");
    const char *until = json_text_or(
        body, "paused_until", json_text_or(body, "until", json_text_or(pause, "until", NULL)));
    const char *message = json_text_or(body, "message", "");
    bool paused = str_equal(in->verb->name, "pause");
    page_tone(p, TONE_GOOD, "✓ %s", paused ? "paused" : "resumed");
    if (message[0] != '\0')
        page_put(p, ": %s", message);
    page_put(p, "\n");
    const json_t *withheld = json_object_get(body, "withheld");
    const char *why = withheld_for_long(json_text_or(withheld, "reason_code", ""))
                          ? json_text_or(withheld, "text", "")
                          : "";
    if (paused && until != NULL)
        page_field(p, "Until", "%s%s", page_clock(p, until, at),
                   why[0] == '\0' ? "; then Resus acts again by itself, or after `resus resume`"
                                  : "; Resus does not act after that either");
    if (why[0] != '\0')
        page_field(p, "Withheld", "%s", why);
}
