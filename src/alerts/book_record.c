/* An alert as a record, and back. */
#include <errno.h>
#include <stddef.h>

#include "alerts/book.h"
#include "alerts/record_number.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"

static const struct {
    const char *name;
    size_t place; /* in struct alert_saved */
} times[] = {
    {"bad_since", offsetof(struct alert_saved, bad_since)},
    {"well_since", offsetof(struct alert_saved, well_since)},
    {"blind_since", offsetof(struct alert_saved, blind_since)},
    {"lower_since", offsetof(struct alert_saved, lower_since)},
    {"updated", offsetof(struct alert_saved, updated)},
    {"began", offsetof(struct alert_saved, alert.began)},
    {"ended", offsetof(struct alert_saved, alert.ended)},
};

static bool put_times(json_t *o, const struct alert_saved *saved)
{
    json_t *returns = json_array();
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        good = good && json_put_int(o, times[i].name,
                                    ((const wall_ms *)((const char *)saved + times[i].place))->ms);
    for (int i = 0; i < ALERT_FLAPS; i++)
        good = good && json_array_append_new(returns, json_integer(saved->returns[i].ms)) == 0;
    return json_put(o, "returns", returns) && good;
}

static bool put_state(json_t *o, const struct alert *a, const struct plan *plan)
{
    return json_put_text(o, "state", alert_state_word(a->state)) &&
           json_put_text(o, "severity", severity_word(a->severity)) &&
           json_put_text(o, "sent_severity", severity_word(a->sent_severity)) &&
           json_put_text(o, "lower", severity_word(a->lower)) &&
           json_put_text(o, "cause", cause_row(a->cause)->code) &&
           json_put_text(o, "sent_cause", cause_row(a->sent_cause)->code) &&
           json_put_int(o, "members", a->members) &&
           json_put_int(o, "sent_members", a->sent_members) &&
           json_put_int(o, "episode", (int64_t)a->episode) &&
           json_put_bool(o, "announced", a->announced) &&
           json_put_bool(o, "flap_sent", a->flap_sent) && json_put_bool(o, "acted", a->acted) &&
           json_put(o, "notified", plan_names(plan, a->notified)) &&
           json_put(o, "closed", plan_names(plan, a->closed));
}

static json_t *or_empty(json_t *value, json_t *(*make)(void))
{
    return value == NULL ? make() : json_deep_copy(value);
}

json_t *book_record(const struct book_entry *e, const struct plan *plan, struct now now)
{
    struct alert_saved saved;
    json_t *o = json_object();
    alert_save(&e->alert, now, &saved);
    bool nobody = e->acknowledged_by[0] == '\0';
    if (json_put_text(o, "service", e->key.subject) &&
        json_put_text(o, "class", alert_class_word(e->key.class)) &&
        json_put_text(o, "detail", e->key.detail) && json_put_int(o, "at", e->alert.began.ms) &&
        put_state(o, &e->alert, plan) && put_times(o, &saved) &&
        json_put_text(o, "acknowledged_by", nobody ? NULL : e->acknowledged_by) &&
        json_put_int(o, "acknowledged", e->acknowledged_at.ms) &&
        json_put_text(o, "reported", e->summary) &&
        json_put(o, "facts", or_empty(e->facts, json_object)) &&
        json_put(o, "messages", or_empty(e->messages, json_array)) &&
        json_put(o, "deliveries", or_empty(e->deliveries, json_array)))
        return o;
    json_decref(o);
    return NULL;
}

/* ── reading ── */

static void get_times(const json_t *body, struct alert_saved *saved)
{
    const json_t *returns = json_object_get(body, "returns");
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        *(wall_ms *)((char *)saved + times[i].place) = record_time(body, times[i].name);
    for (size_t i = 0; i < ALERT_FLAPS; i++) {
        int64_t at = json_integer_value(json_array_get(returns, i));
        saved->returns[i].ms = at < 0 || at > RECORD_TIME_MAX_MS ? 0 : at;
    }
}

static json_t *list_of(const json_t *body, const char *name)
{
    const json_t *list = json_object_get(body, name);
    return json_is_array(list) ? json_deep_copy(list) : NULL;
}

static void get_state(const json_t *body, const struct plan *plan, struct alert *a)
{
    a->severity = severity_by_word(json_text_or(body, "severity", ""));
    a->sent_severity = severity_by_word(json_text_or(body, "sent_severity", ""));
    a->lower = severity_by_word(json_text_or(body, "lower", ""));
    a->cause = cause_by_code(json_text_or(body, "cause", ""));
    a->sent_cause = cause_by_code(json_text_or(body, "sent_cause", ""));
    a->members = (int)record_number(body, "members", RECORD_COUNT_MAX);
    a->sent_members = (int)record_number(body, "sent_members", RECORD_COUNT_MAX);
    a->episode = (uint64_t)record_number(body, "episode", RECORD_TIME_MAX_MS);
    a->announced = json_bool_or(body, "announced", false);
    a->flap_sent = json_bool_or(body, "flap_sent", false);
    a->acted = json_bool_or(body, "acted", false);
    a->notified = plan_set(plan, json_object_get(body, "notified"));
    a->closed = plan_set(plan, json_object_get(body, "closed"));
}

int book_read(const json_t *body, const struct plan *plan, struct now now, struct book_entry *ret,
              struct error *err)
{
    struct alert_saved saved = {0};
    const char *class = json_text_or(body, "class", "");
    const char *state = json_text_or(body, "state", "");
    *ret = (struct book_entry){.reported = ALERT_UNKNOWN, .wake = MONO_NEVER};
    saved.alert.class = alert_class_by_word(class);
    saved.alert.state = alert_state_by_word(state);
    get_state(body, plan, &saved.alert);
    if (saved.alert.class == CLASS_NONE || !str_equal(alert_state_word(saved.alert.state), state) ||
        (saved.alert.state != ALERT_RESOLVED && saved.alert.severity == SEVERITY_NONE))
        return error_set(err, -EINVAL, "`class`, `state` or `severity` is none");
    get_times(body, &saved);
    if (saved.alert.state != ALERT_RESOLVED && saved.bad_since.ms == 0)
        saved.bad_since = saved.alert.began; /* an alert that is open began at some time */
    alert_load(&ret->alert, &plan->policy, &saved, now);
    ret->key.class = saved.alert.class;
    (void)str_copy(ret->key.subject, sizeof ret->key.subject, json_text_or(body, "service", ""));
    (void)str_copy(ret->key.detail, sizeof ret->key.detail, json_text_or(body, "detail", ""));
    (void)str_copy(ret->acknowledged_by, sizeof ret->acknowledged_by,
                   json_text_or(body, "acknowledged_by", ""));
    (void)str_copy(ret->summary, sizeof ret->summary, json_text_or(body, "reported", ""));
    ret->acknowledged_at = record_time(body, "acknowledged");
    ret->facts = json_deep_copy(json_object_get(body, "facts"));
    ret->messages = list_of(body, "messages");
    ret->deliveries = list_of(body, "deliveries");
    return 0;
}
