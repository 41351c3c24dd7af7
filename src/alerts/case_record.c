/* An incident as a record, and back. */
#include <errno.h>
#include <stddef.h>

#include "alerts/cases.h"
#include "alerts/record_number.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"

#define TIME(struct_, member)                                                                      \
    {                                                                                              \
#member, offsetof(struct struct_, member)                                                  \
    }
struct time_row {
    const char *name;
    size_t place;
};
static const struct time_row incident_times[] = {
    TIME(incident_saved, stable_since),
    TIME(incident_saved, resolved_at),
    TIME(incident_saved, ask_due),
    TIME(incident_saved, update_due),
    TIME(incident_saved, remind_due),
    {"opened", offsetof(struct incident_saved, incident.opened)},
    {"mitigated_at", offsetof(struct incident_saved, incident.mitigated)},
    {"resolved_wall", offsetof(struct incident_saved, incident.resolved)},
    {"closed_at", offsetof(struct incident_saved, incident.closed)},
};
static const struct time_row escalation_times[] = {
    TIME(escalation_saved, unacked_due),
    TIME(escalation_saved, unresolved_due),
    TIME(escalation_saved, ack_until),
};
#define LENGTH_MAX_MS (INT64_C(31) * 24 * 3600 * 1000) /* of a wait */

static const char *const postmortem_words[] = {"none", "kept", "waived"};

static bool put_times(json_t *o, const void *saved, const struct time_row *rows, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = good && json_put_int(o, rows[i].name,
                                    ((const wall_ms *)((const char *)saved + rows[i].place))->ms);
    return good;
}

static void get_times(const json_t *o, void *saved, const struct time_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *(wall_ms *)((char *)saved + rows[i].place) = record_time(o, rows[i].name);
}

/* ── writing ── */

static json_t *levels_json(const struct escalation_policy *policy, const struct plan *plan)
{
    json_t *levels = json_array();
    for (size_t i = 0; i < policy->count; i++) {
        const struct escalation_level *level = &policy->levels[i];
        json_t *o = json_object();
        (void)(json_put_text(o, "name", level->name) &&
               json_put(o, "channels", plan_names(plan, level->channels)) &&
               json_put_int(o, "after_ms", level->after_ms));
        (void)json_array_append_new(levels, o);
    }
    return levels;
}

static json_t *escalation_json(const struct escalation *e, const struct plan *plan, struct now now)
{
    struct escalation_saved saved;
    json_t *o = json_object();
    escalation_save(e, now, &saved);
    if (json_put_text(o, "state", escalation_state_word(e->state)) &&
        json_put_text(o, "severity", severity_word(e->severity)) &&
        json_put_text(o, "rated", severity_word(e->rated)) &&
        json_put_int(o, "generation", (int64_t)e->generation) &&
        json_put_bool(o, "mitigated", e->mitigated) && json_put_bool(o, "warned", e->warned) &&
        json_put_bool(o, "held", e->held) && json_put_bool(o, "running", e->running) &&
        json_put_bool(o, "recurs", e->recurs) &&
        json_put_bool(o, "data_at_risk", e->data_at_risk) &&
        json_put_bool(o, "breach", e->breach) && json_put_int(o, "called", e->called) &&
        json_put_int(o, "unresolved_level", e->unresolved_level) &&
        json_put_int(o, "unacked_left", e->unacked_left) &&
        json_put_int(o, "unresolved_left", e->unresolved_left) &&
        put_times(o, &saved, escalation_times, ARRAY_LENGTH(escalation_times)) &&
        json_put(o, "levels", levels_json(&e->policy, plan)))
        return o;
    json_decref(o);
    return NULL;
}

static bool put_incident(json_t *o, const struct incident *i, struct now now)
{
    struct incident_saved saved;
    incident_save(i, now, &saved);
    return json_put_text(o, "status", incident_status_word(i->status)) &&
           json_put_text(o, "severity", severity_word(i->severity)) &&
           json_put_text(o, "worst", severity_word(i->worst)) &&
           json_put_text(o, "alerts", severity_word(i->alerts)) &&
           json_put_bool(o, "by_hand", i->by_hand) && json_put_text(o, "commander", i->commander) &&
           json_put_int(o, "update_ms", i->update_ms) &&
           json_put_int(o, "reminders", i->reminders) &&
           json_put_text(o, "postmortem", postmortem_words[i->postmortem]) &&
           put_times(o, &saved, incident_times, ARRAY_LENGTH(incident_times));
}

static json_t *whole(const struct case_entry *e, const struct plan *plan, struct now now)
{
    json_t *o = json_object();
    if (json_put_text(o, "service", e->subject) && json_put_int(o, "at", e->incident.opened.ms) &&
        json_put_bool(o, "host", e->service < 0) &&
        json_put_text(o, "cause", cause_row(e->cause)->code) &&
        put_incident(o, &e->incident, now) &&
        json_put(o, "escalation", escalation_json(&e->escalation, plan, now)) &&
        json_put_text(o, "acknowledged_by", e->acknowledged_by) &&
        json_put_int(o, "responded", e->responded.ms) && json_put_int(o, "left_out", e->left_out) &&
        json_put_int(o, "entry_last", e->entry_last) &&
        json_put_int(o, "call_last", e->call_last) &&
        json_put(o, "texts", json_deep_copy(e->texts)) &&
        json_put(o, "calls", json_deep_copy(e->calls)) &&
        json_put(o, "timeline", json_deep_copy(e->timeline)))
        return o;
    json_decref(o);
    return NULL;
}

json_t *case_record(struct case_entry *e, const struct plan *plan, struct now now)
{
    json_t *record = whole(e, plan, now);
    while (record != NULL && json_array_size(e->timeline) > 2 &&
           json_dumpb(record, NULL, 0, JSON_WRITE_FLAGS) > CASE_RECORD_MAX) {
        (void)json_array_remove(e->timeline, 1);
        e->left_out++;
        json_decref(record);
        record = whole(e, plan, now);
    }
    return record;
}

/* ── reading ── */

static int word_index(const char *(*word)(int), int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (str_equal(word(i), text))
            return i;
    return 0;
}

static const char *state_word(int i)
{
    return escalation_state_word((enum escalation_state)i);
}

static enum severity severity_in(const json_t *o, const char *key)
{
    return severity_by_word(json_text_or(o, key, ""));
}

static void read_levels(const json_t *levels, const struct plan *plan,
                        struct escalation_policy *ret)
{
    size_t i;
    const json_t *o;
    json_array_foreach(levels, i, o) {
        if (ret->count == ESCALATION_LEVELS)
            break;
        struct escalation_level *level = &ret->levels[ret->count++];
        (void)str_copy(level->name, sizeof level->name, json_text_or(o, "name", ""));
        level->channels = plan_set(plan, json_object_get(o, "channels"));
        level->after_ms = record_number(o, "after_ms", LENGTH_MAX_MS);
    }
}

/* -1: that clock does not stand still. */
static int64_t left_in(const json_t *o, const char *key)
{
    int64_t left = json_int_or(o, key, -1);
    return left < -1 || left > LENGTH_MAX_MS ? -1 : left;
}

static void read_escalation(const json_t *o, const struct plan *plan, struct now now,
                            struct escalation *ret)
{
    struct escalation_saved saved = {0};
    struct escalation *e = &saved.escalation;
    escalation_init(e);
    read_levels(json_object_get(o, "levels"), plan, &e->policy);
    e->state = (enum escalation_state)word_index(state_word, ESCALATION_STATE_COUNT,
                                                 json_text_or(o, "state", ""));
    e->severity = severity_in(o, "severity");
    e->rated = severity_in(o, "rated");
    e->generation = (uint64_t)record_number(o, "generation", RECORD_TIME_MAX_MS);
    e->mitigated = json_bool_or(o, "mitigated", false);
    e->warned = json_bool_or(o, "warned", false);
    e->held = json_bool_or(o, "held", false);
    e->running = json_bool_or(o, "running", false);
    e->recurs = json_bool_or(o, "recurs", false);
    e->data_at_risk = json_bool_or(o, "data_at_risk", false);
    e->breach = json_bool_or(o, "breach", false);
    e->called = (unsigned)record_number(o, "called", RECORD_COUNT_MAX);
    int64_t level = json_int_or(o, "unresolved_level", ESCALATION_LEVELS);
    e->unresolved_level = level < 0 || level > ESCALATION_LEVELS ? ESCALATION_LEVELS : (int)level;
    e->unacked_left = left_in(o, "unacked_left");
    e->unresolved_left = left_in(o, "unresolved_left");
    get_times(o, &saved, escalation_times, ARRAY_LENGTH(escalation_times));
    escalation_load(ret, &saved, now);
}

static void read_incident(const json_t *o, struct now now, struct incident *ret)
{
    struct incident_saved saved = {0};
    struct incident *i = &saved.incident;
    int postmortem = str_index(postmortem_words, ARRAY_LENGTH(postmortem_words),
                               json_text_or(o, "postmortem", ""));
    incident_init(i);
    i->status = incident_status_by_word(json_text_or(o, "status", ""));
    i->severity = severity_in(o, "severity");
    i->worst = severity_in(o, "worst");
    i->alerts = severity_in(o, "alerts");
    i->by_hand = json_bool_or(o, "by_hand", false);
    (void)str_copy(i->commander, sizeof i->commander, json_text_or(o, "commander", ""));
    i->update_ms = record_number(o, "update_ms", LENGTH_MAX_MS);
    i->reminders = (int)record_number(o, "reminders", RECORD_COUNT_MAX);
    i->postmortem = postmortem < 0 ? POSTMORTEM_NONE : (enum postmortem)postmortem;
    get_times(o, &saved, incident_times, ARRAY_LENGTH(incident_times));
    incident_load(ret, &saved, now);
}

static json_t *part_of(const json_t *body, const char *name, json_t *otherwise)
{
    const json_t *part = json_object_get(body, name);
    if (part == NULL || json_typeof(part) != json_typeof(otherwise))
        return otherwise;
    json_decref(otherwise);
    return json_deep_copy(part);
}

int case_read(const json_t *body, const struct plan *plan, struct now now, struct case_entry *ret,
              struct error *err)
{
    *ret = (struct case_entry){.wake = now.mono};
    read_incident(body, now, &ret->incident);
    if (ret->incident.status == INCIDENT_NONE || ret->incident.severity == SEVERITY_NONE)
        return error_set(err, -EINVAL, "`status` or `severity` is none");
    read_escalation(json_object_get(body, "escalation"), plan, now, &ret->escalation);
    (void)str_copy(ret->subject, sizeof ret->subject, json_text_or(body, "service", ""));
    (void)str_copy(ret->acknowledged_by, sizeof ret->acknowledged_by,
                   json_text_or(body, "acknowledged_by", ""));
    ret->responded = record_time(body, "responded");
    ret->cause = cause_by_code(json_text_or(body, "cause", ""));
    ret->left_out = record_number(body, "left_out", RECORD_TIME_MAX_MS);
    ret->entry_last = record_number(body, "entry_last", RECORD_TIME_MAX_MS);
    ret->call_last = record_number(body, "call_last", RECORD_TIME_MAX_MS);
    ret->timeline = part_of(body, "timeline", json_array());
    ret->texts = part_of(body, "texts", json_object());
    ret->calls = part_of(body, "calls", json_array());
    return 0;
}
