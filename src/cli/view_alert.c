/* Alerts, and what became of their messages. */
#include "cli/view_alert.h"
#include "base/json.h"
#include "base/str.h"

static enum tone tone_of(const char *severity, const char *state)
{
    if (str_equal(state, "resolved"))
        return TONE_GOOD;
    return str_equal(severity, "P1") || str_equal(severity, "P2") ? TONE_BAD : TONE_WARNING;
}

/* The service, the host, or Resus itself. */
static const char *subject_of(const json_t *alert)
{
    return json_text_or(alert, "service", json_text_or(alert, "host", "Resus"));
}

static void line(struct page *p, const json_t *alert)
{
    char at[64];
    const char *severity = json_text_or(alert, "severity", "");
    const char *state = json_text_or(alert, "state", "");
    page_put(p, "%5lld  ", (long long)json_int_or(alert, "id", 0));
    page_tone(p, tone_of(severity, state), "%s %s", severity, state);
    page_pad(p, page_width(severity) + 1 + page_width(state), 13);
    page_tone(p, TONE_DIM, "%s", page_clock(p, json_text_or(alert, "began_at", NULL), at));
    page_put(p, "  %s: %s\n", subject_of(alert), json_text_or(alert, "summary", ""));
}

void view_alerts(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *alert;
    (void)in;
    json_array_foreach(items, i, alert) {
        line(p, alert);
    }
    if (json_array_size(items) == 0)
        page_put(p, "no alerts\n");
}

static void field(struct page *p, const json_t *alert, const char *label, const char *key)
{
    const char *text = json_text_or(alert, key, "");
    if (text[0] != '\0')
        page_field(p, label, "%s", text);
}

static void view_delivery(struct page *p, const json_t *d, size_t width)
{
    const char *channel = json_text_or(d, "channel", "");
    const char *state = json_text_or(d, "state", "");
    const char *error = json_text_or(d, "error", "");
    const char *receipt = json_text_or(d, "receipt", "");
    long long code = (long long)json_int_or(d, "code", 0);
    bool arrived = str_equal(state, "delivered") || str_equal(state, "accepted");
    bool waits =
        str_equal(state, "queued") || str_equal(state, "sending") || str_equal(state, "waiting");
    page_tone(p, arrived ? TONE_GOOD : waits ? TONE_WARNING : TONE_BAD, "  %s", channel);
    page_pad(p, page_width(channel), width);
    page_put(p, "  %s: %s, attempt %lld", json_text_or(d, "kind", ""), state,
             (long long)json_int_or(d, "attempts", 0));
    if (code != 0)
        page_put(p, ", code %lld", code);
    if (receipt[0] != '\0')
        page_put(p, ", receipt %s", receipt);
    if (error[0] != '\0')
        page_put(p, ": %s", error);
    page_put(p, "\n");
}

static void view_deliveries(struct page *p, const json_t *deliveries)
{
    size_t i, width = 0;
    const json_t *d;
    json_array_foreach(deliveries, i, d) {
        size_t this_one = page_width(json_text_or(d, "channel", ""));
        width = this_one > width ? this_one : width;
    }
    json_array_foreach(deliveries, i, d) {
        view_delivery(p, d, width);
    }
    if (json_array_size(deliveries) == 0)
        page_put(p, "  nothing was sent\n");
}

void view_alert(struct page *p, const json_t *body, const struct invocation *in)
{
    size_t i;
    const json_t *evidence;
    (void)in;
    line(p, body);
    field(p, body, "Class", "class");
    field(p, body, "Cause", "cause");
    json_array_foreach(json_object_get(body, "evidence"), i, evidence) {
        page_field(p, i == 0 ? "Evidence" : "", "%s", json_string_value(evidence));
    }
    field(p, body, "Resus did", "action");
    field(p, body, "At stake", "stake");
    field(p, body, "Run this", "command");
    field(p, body, "Ended", "ended_at");
    field(p, body, "Known to", "acknowledged_by");
    field(p, body, "Key", "dedup_key");
    page_put(p, "\nMessages:\n");
    view_deliveries(p, json_object_get(body, "deliveries"));
}

void view_sent(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_deliveries(p, json_object_get(body, "deliveries"));
}
