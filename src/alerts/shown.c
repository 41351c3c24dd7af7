/* Alerts as people see them. Made from a record, which is the same for those in memory and those of
 * the store. */
#include <stdlib.h>

#include "alerts/inside.h"
#include "alerts/outbox_look.h"
#include "base/json.h"
#include "base/str.h"

static wall_ms time_of(const json_t *o, const char *key)
{
    return (wall_ms){json_int_or(o, key, 0)};
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static bool put_head(json_t *o, int64_t number, const json_t *r, const struct alerts *a)
{
    struct alert_key key = {.class = alert_class_by_word(json_text_or(r, "class", ""))};
    char text[ALERT_KEY_TEXT_SIZE];
    int64_t episode = json_int_or(r, "episode", 0);
    bool host = key.class == CLASS_HOST;
    (void)str_copy(key.subject, sizeof key.subject, json_text_or(r, "service", ""));
    (void)str_copy(key.detail, sizeof key.detail, json_text_or(r, "detail", ""));
    (void)alert_key_text(a->settings->server.name, &key, (uint64_t)episode, text);
    return json_put_int(o, "id", number) &&
           json_put_text(o, "service", host ? NULL : or_null(key.subject)) &&
           json_put_text(o, "host", host ? key.subject : NULL) &&
           json_put_text(o, "class", alert_class_word(key.class)) &&
           json_put_text(o, "detail", or_null(key.detail)) &&
           json_put_text(o, "dedup_key", episode == 0 ? NULL : text);
}

static const char *summary_of(const json_t *r)
{
    const char *reported = json_text_or(r, "reported", "");
    if (reported[0] != '\0')
        return reported;
    const json_t *facts = json_object_get(r, "facts");
    const char *said = json_text_or(facts, "summary", "");
    const char *cause = json_text_or(r, "cause", "unknown");
    /* What the first message said is not true of a cause that came after it. */
    bool other = !str_equal(cause, "unknown") && !str_equal(cause, "ok") &&
                 !str_equal(cause, json_text_or(facts, "cause", cause)) &&
                 !str_equal(json_text_or(r, "state", "resolved"), "resolved");
    return said[0] != '\0' && !other ? said : cause_row(cause_by_code(cause))->summary;
}

static bool put_state(json_t *o, const json_t *r)
{
    wall_ms acknowledged = time_of(r, "acknowledged");
    const char *cause = json_text_or(r, "cause", "unknown");
    return json_put_text(o, "state", json_text_or(r, "state", "resolved")) &&
           json_put_text(o, "severity", json_text_or(r, "severity", "none")) &&
           json_put_text(o, "cause", str_equal(cause, "unknown") ? NULL : cause) &&
           json_put_text(o, "summary", summary_of(r)) &&
           json_put_bool(o, "sent", json_array_size(json_object_get(r, "messages")) > 0) &&
           json_put(o, "channels", json_deep_copy(json_object_get(r, "notified"))) &&
           json_put_wall(o, "began_at", time_of(r, "began")) &&
           json_put_wall(o, "ended_at", time_of(r, "ended")) &&
           json_put_text(o, "acknowledged_by", json_text_or(r, "acknowledged_by", NULL)) &&
           json_put_wall(o, "acknowledged_at", acknowledged);
}

/* Those that have ended, as the record has them, and those that wait. */
static json_t *deliveries_of(const json_t *r, const struct alerts *a)
{
    json_t *all = json_deep_copy(json_object_get(r, "deliveries"));
    size_t i;
    const json_t *message;
    if (all == NULL)
        all = json_array();
    json_array_foreach(json_object_get(r, "messages"), i, message) {
        JSON_CLEANUP json_t *live =
            outbox_deliveries(a->outbox, (uint64_t)json_integer_value(message));
        (void)json_array_extend(all, live);
    }
    return all;
}

json_t *alert_shown(int64_t number, const json_t *record, const struct alerts *a, bool whole)
{
    static const char *const said[] = {"action", "stake", "command", "link", "evidence"};
    const json_t *facts = json_object_get(record, "facts");
    json_t *o = json_object();
    bool good = put_head(o, number, record, a) && put_state(o, record);
    for (size_t i = 0; whole && i < ARRAY_LENGTH(said); i++) {
        const json_t *value = json_object_get(facts, said[i]);
        if (value != NULL)
            good = good && json_put(o, said[i], json_deep_copy(value));
    }
    if (whole)
        good = good && json_put(o, "deliveries", deliveries_of(record, a));
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

json_t *alerts_record_json(const struct alerts *a, int64_t number, const json_t *record, bool whole)
{
    return alert_shown(number, record, a, whole);
}

static json_t *entry_json(const struct alerts *a, const struct book_entry *e, bool whole)
{
    JSON_CLEANUP json_t *record = book_record(e, a->plan, alerts_now(a));
    return alert_shown(e->number, record, a, whole);
}

static void insert(json_t *list, json_t *shown)
{
    int64_t number = json_int_or(shown, "id", 0);
    size_t at = 0;
    while (at < json_array_size(list) && json_int_or(json_array_get(list, at), "id", 0) > number)
        at++;
    (void)json_array_insert_new(list, at, shown);
}

json_t *alerts_open_json(const struct alerts *a, const char *service)
{
    json_t *list = json_array();
    for (int i = -1; i < (int)a->settings->service_count; i++)
        for (const struct book_entry *e = book_first(&a->book, i); e != NULL; e = e->next)
            if (alert_open(&e->alert) && (service == NULL || str_equal(e->key.subject, service)))
                insert(list, entry_json(a, e, false));
    return list;
}

json_t *alerts_one_json(const struct alerts *a, int64_t number)
{
    const struct book_entry *e = book_by_number(&a->book, number);
    return e == NULL || !alert_open(&e->alert) ? NULL : entry_json(a, e, true);
}

/* ── channels ── */

static json_t *channel_json(const struct alerts *a, size_t i)
{
    struct outbox_channel_state state;
    struct notify_status status = {0};
    json_t *o = json_object();
    outbox_look_channel(a->outbox, (int)i, &state);
    (void)notify_status(sender_notify(a->sender), i, &status);
    bool never = state.delivered_at.ms == 0 && state.failed_at.ms == 0;
    const char *word = state.failing        ? "failing"
                       : state.failures > 0 ? "retrying"
                       : never              ? "unused"
                                            : "ok";
    (void)(json_put_text(o, "name", a->plan->channels[i].name) &&
           json_put_text(o, "type", channel_type_word(a->plan->types[i])) &&
           json_put_text(o, "state", word) &&
           json_put_wall(o, "failing_since", status.failing_since) &&
           json_put(o, "last_code",
                    status.last_code == 0 ? json_null() : json_integer(status.last_code)) &&
           json_put_text(o, "last_error", state.failures > 0 ? or_null(state.error) : NULL) &&
           json_put_wall(o, "last_success", state.delivered_at) &&
           json_put_int(o, "waiting", (int64_t)state.waiting));
    return o;
}

json_t *alerts_channels_json(const struct alerts *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->plan->count; i++)
        (void)json_array_append_new(list, channel_json(a, i));
    return list;
}
