/* How facts and state stand in a recording: one table of fields for both directions. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_INT,
    FIELD_INT64,
    FIELD_UINT64,
    FIELD_REAL,
    FIELD_WORD,
    FIELD_TEXT
};

struct words {
    const char *(*word)(int value);
    int count;
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset, size; /* size: of a text */
    const struct words *words;
};

/* ── words ── */

#define WORDS_OF(name, type, function, how_many)                                                   \
    static const char *name##_at(int value)                                                        \
    {                                                                                              \
        return function((type)value);                                                              \
    }                                                                                              \
    static const struct words name = {name##_at, how_many}

WORDS_OF(reply_words, enum reply_class, reply_class_word, REPLY_CLASS_COUNT);
WORDS_OF(active_words, enum unit_active, unit_active_word, UNIT_ACTIVE_COUNT);
WORDS_OF(result_words, enum unit_result, unit_result_word, UNIT_RESULT_COUNT);
WORDS_OF(log_words, enum log_class, log_class_word, LOG_CLASS_COUNT);
WORDS_OF(phase_words, enum recovery_phase, recovery_phase_word, RECOVERY_PHASE_COUNT);
WORDS_OF(level_words, enum recovery_level, recovery_level_word, RECOVERY_LEVEL_COUNT);
WORDS_OF(action_words, enum recovery_action, recovery_action_word, RECOVERY_ACTION_COUNT);
WORDS_OF(withheld_words, enum withheld, withheld_code, WITHHELD_COUNT);

static const char *cause_at(int value)
{
    return cause_row((enum cause)value)->code;
}
static const struct words cause_words = {cause_at, CAUSE_COUNT};

#define WORDS_LISTED(name, how_many, ...)                                                          \
    static const char *const name##_list[] = {__VA_ARGS__};                                        \
    static_assert(ARRAY_LENGTH(name##_list) == (how_many), "a word for every value");              \
    static const char *name##_at(int value)                                                        \
    {                                                                                              \
        return name##_list[value];                                                                 \
    }                                                                                              \
    static const struct words name = {name##_at, how_many}

WORDS_LISTED(tri_words, 3, "unknown", "no", "yes");
WORDS_LISTED(notice_words, UNIT_NOTICE_COUNT, "none", "loading", "ready", "saving", "cannot-exit",
             "other");
WORDS_LISTED(task_words, TASK_STATE_COUNT, "unknown", "running", "sleeping", "blocked", "stopped",
             "traced", "ended");
WORDS_LISTED(role_words, ROLE_SENTINEL + 1, "unknown", "primary", "replica", "sentinel");
WORDS_LISTED(gauge_words, LEVEL_CRITICAL + 1, "ok", "warning", "critical");
WORDS_LISTED(stop_words, EXTERNAL_STOP_RESPECT + 1, "recover", "respect");
WORDS_LISTED(event_words, RECOVERY_EVENT_COUNT, "facts", "wake", "intent-ended", "action-ended",
             "operation-began", "operation-ended", "reset");
WORDS_LISTED(end_words, ACTION_END_COUNT, "done", "failed", "no-effect", "unkillable", "unknown",
             "not-reached", "refused");
static const char *const effect_words[] = {
    "open",    "skip",  "save",       "evidence",   "intent",   "run",
    "outcome", "look",  "succeeded",  "taken-back", "failed",   "ended",
    "breaker", "human", "human-over", "announce",   "withheld", "changed"};
static_assert(ARRAY_LENGTH(effect_words) == EFFECT_KIND_COUNT, "a word for every effect");

const char *recording_event_word(enum recovery_event event)
{
    return event_words_list[event];
}

const char *recording_end_word(enum action_end end)
{
    return end_words_list[end];
}

static int word_read(const struct words *words, const char *text, int *ret)
{
    for (int i = 0; text != NULL && i < words->count; i++)
        if (str_equal(words->word(i), text)) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

int recording_event(const char *word, enum recovery_event *ret)
{
    int value;
    if (word_read(&event_words, word, &value) < 0)
        return -EINVAL;
    *ret = (enum recovery_event)value;
    return 0;
}

int recording_end(const char *word, enum action_end *ret)
{
    int value;
    if (word_read(&end_words, word, &value) < 0)
        return -EINVAL;
    *ret = (enum action_end)value;
    return 0;
}

/* ── fields ── */

#define AT(type, member) offsetof(struct type, member)
#define B(type, member)                                                                            \
    {                                                                                              \
#member, FIELD_BOOL, AT(type, member), 0, NULL                                             \
    }
#define I(type, member)                                                                            \
    {                                                                                              \
#member, FIELD_INT, AT(type, member), 0, NULL                                              \
    }
#define L(type, member)                                                                            \
    {                                                                                              \
#member, FIELD_INT64, AT(type, member), 0, NULL                                            \
    }
/* A time: one number, too (base/time.h). */
#define T(type, member) L(type, member)
#define W(type, member, words)                                                                     \
    {                                                                                              \
#member, FIELD_WORD, AT(type, member), 0, &(words)                                         \
    }
#define S(type, member)                                                                            \
    {                                                                                              \
#member, FIELD_TEXT, AT(type, member), sizeof(((struct type *)0)->member), NULL            \
    }

static const struct field observation_fields[] = {
    W(observations, kept.reply, reply_words),
    T(observations, kept.asked),
    T(observations, kept.at),
    W(observations, fresh.reply, reply_words),
    T(observations, fresh.asked),
    T(observations, fresh.at),
    W(observations, unit.active, active_words),
    T(observations, unit.asked),
    T(observations, unit.at),
    S(observations, unit.sub),
    W(observations, unit.result, result_words),
    W(observations, unit.notice, notice_words),
    B(observations, unit.repeated_too_quickly),
    B(observations, unit.masked),
    B(observations, unit.removed),
    B(observations, unit.frozen),
    W(observations, unit.control_reached, tri_words),
    L(observations, unit.main_pid),
    L(observations, unit.restarts),
    L(observations, process.pid),
    T(observations, process.asked),
    T(observations, process.at),
    W(observations, process.state, task_words),
    L(observations, process.cpu_ms),
    L(observations, process.tracer_pid),
    L(observations, process_before.pid),
    T(observations, process_before.asked),
    T(observations, process_before.at),
    W(observations, process_before.state, task_words),
    L(observations, process_before.cpu_ms),
    L(observations, group.pid),
    T(observations, group.asked),
    T(observations, group.at),
    L(observations, group.cpu_ms),
    L(observations, group_before.pid),
    T(observations, group_before.asked),
    T(observations, group_before.at),
    L(observations, group_before.cpu_ms),
    T(observations, stirred),
    T(observations, refused),
    T(observations, refusing_since),
    T(observations, slow_look),
    B(observations, witness.possible),
    B(observations, witness_proven),
    T(observations, witness_answers_since),
    T(observations, witness_refuses_since),
    T(observations, witness.asked),
    T(observations, witness.at),
    W(observations, witness.reply, reply_words),
    B(observations, info.known),
    T(observations, info.asked),
    L(observations, info.process_id),
    B(observations, in_group),
    L(observations, info.busy_threshold_ms),
    L(observations, info.connected_clients),
    L(observations, info.maxclients),
    L(observations, info.used_memory),
    L(observations, info.maxmemory),
    B(observations, info.evicts),
    W(observations, info.last_save_ok, tri_words),
    W(observations, info.aof_write_ok, tri_words),
    W(observations, info.role, role_words),
    W(observations, info.master_link_up, tri_words),
    W(observations, log.class, log_words),
    B(observations, log_read),
    {"doubt_since", FIELD_INT64, AT(observations, probing_since), 0, NULL},
    T(observations, last_answer),
    T(observations, unit_same_since),
    L(observations, failed_probes),
    T(observations, failing_since),
    T(observations, enough_asked),
    L(observations, busy_replies),
    L(observations, shut_out),
    L(observations, mismatches),
    B(observations, ever_answered),
    B(observations, stopped_on_purpose),
    B(observations, start_tried),
    B(observations, loading_seen),
    B(observations, stop_begun),
    B(observations, start_cancelled),
    T(observations, unready_since),
    B(observations, never_ready),
    B(observations, look_cut),
    B(observations, role_changed),
    B(observations, pause.writes_wait),
    B(observations, systemd_restarts),
    B(observations, oom_errors_rising),
    B(observations, tilt),
    W(observations, levels.gauges[GAUGE_MEMORY].level, gauge_words),
    W(observations, levels.gauges[GAUGE_CONNECTIONS].level, gauge_words),
    W(observations, levels.gauges[GAUGE_CPU].level, gauge_words),
    W(observations, levels.gauges[GAUGE_LATENCY].level, gauge_words),
    W(observations, levels.gauges[GAUGE_ERRORS].level, gauge_words),
    W(observations, levels.gauges[GAUGE_LOAD].level, gauge_words),
    B(observations, levels.memory_growing),
    B(observations, levels.slow_queries),
    L(observations, failure_threshold),
    L(observations, confirm_interval_ms),
    L(observations, probe_timeout_ms),
    L(observations, blind_hang_ms),
    L(observations, busy_alert_ms),
    L(observations, busy_limit_ms),
};
static_assert(sizeof(mono_ms) == sizeof(int64_t) && sizeof(wall_ms) == sizeof(int64_t),
              "a time is one number");
static_assert(GAUGE_COUNT == 6, "every gauge is recorded");

static const struct field policy_fields[] = {
    B(recovery_policy, enabled),
    L(recovery_policy, max_attempts),
    L(recovery_policy, retry_delay_ms),
    {"backoff_multiplier", FIELD_REAL, AT(recovery_policy, backoff_multiplier), 0, NULL},
    W(recovery_policy, external_stop, stop_words),
    L(recovery_policy, external_stop_grace_ms),
    L(recovery_policy, breaker_recoveries),
    L(recovery_policy, breaker_window_ms),
};

/* The verdict stands beside them. */
static const struct field facts_fields[] = {
    B(recovery_facts, well),
    W(recovery_facts, unit, active_words),
    T(recovery_facts, unit_since),
    W(recovery_facts, can_reload, tri_words),
    B(recovery_facts, may_reset_failed),
    B(recovery_facts, never_started),
    L(recovery_facts, progress),
    T(recovery_facts, learned),
    I(recovery_facts, refused),
    T(recovery_facts, rights_back),
    B(recovery_facts, needs_person),
    B(recovery_facts, call_due),
    B(recovery_facts, stopped),
    B(recovery_facts, paused),
    B(recovery_facts, maintenance),
    B(recovery_facts, stopped_on_purpose),
    B(recovery_facts, operation_running),
    B(recovery_facts, backup_running),
    B(recovery_facts, tilt),
    B(recovery_facts, host_unreachable),
    B(recovery_facts, failover_running),
    B(recovery_facts, empty_primary),
    B(recovery_facts, ownership_unsure),
};

static const struct field recovery_fields[] = {
    W(recovery, phase, phase_words),
    T(recovery, deadline),
    W(recovery, cause, cause_words),
    W(recovery, level, level_words),
    W(recovery, floor, level_words),
    W(recovery, action, action_words),
    {"action_id", FIELD_UINT64, AT(recovery, action_id), 0, NULL},
    T(recovery, action_began),
    T(recovery, action_ended),
    T(recovery, unit_since),
    I(recovery, refusals),
    W(recovery, action_end, end_words),
    B(recovery, open),
    B(recovery, stepped),
    T(recovery, opened_at),
    I(recovery, attempts),
    T(recovery, last_attempt),
    T(recovery, well_since),
    L(recovery, progress),
    T(recovery, progress_at),
    T(recovery, waiting_at),
    L(recovery, waiting_progress),
    W(recovery, alerted, cause_words),
    B(recovery, needs_human),
    B(recovery, attempted_useless_reload),
    I(recovery, refused),
    T(recovery, refused_at),
    I(recovery, refused_tries),
    I(recovery, relapses),
    I(recovery, bgsave_tries),
    T(recovery, bgsave_at),
    W(recovery, withheld, withheld_words),
    T(recovery, breaker.times[0]),
    T(recovery, breaker.times[1]),
    T(recovery, breaker.times[2]),
    T(recovery, breaker.times[3]),
    T(recovery, breaker.times[4]),
    T(recovery, breaker.times[5]),
    T(recovery, breaker.times[6]),
    T(recovery, breaker.times[7]),
    B(recovery, breaker.open),
    T(recovery, breaker.opened_at),
};
static_assert(BREAKER_TIMES_MAX == 8, "the breaker is recorded whole");

static const struct field verdict_fields[] = {
    W(verdict, cause, cause_words),
    B(verdict, confirmed),
};

static bool put_field(json_t *object, const struct field *f, const void *from)
{
    const char *at = (const char *)from + f->offset;
    switch (f->kind) {
    case FIELD_BOOL:
        return json_put_bool(object, f->name, *(const bool *)at);
    case FIELD_INT:
        return json_put_int(object, f->name, *(const int *)(const void *)at);
    case FIELD_INT64:
        return json_put_int(object, f->name, *(const int64_t *)(const void *)at);
    case FIELD_UINT64:
        return json_put_int(object, f->name, (int64_t) * (const uint64_t *)(const void *)at);
    case FIELD_REAL:
        return json_put_real(object, f->name, *(const double *)(const void *)at);
    case FIELD_WORD:
        return json_put_text(object, f->name, f->words->word(*(const int *)(const void *)at));
    case FIELD_TEXT:
        return json_put_text(object, f->name, at);
    }
    return false;
}

static json_t *encode(const struct field *fields, size_t count, const void *from)
{
    json_t *object = json_object();
    bool ok = object != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = put_field(object, &fields[i], from);
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

static int read_number(const json_t *value, const struct field *f, char *at)
{
    if (f->kind == FIELD_REAL) {
        if (!json_is_number(value))
            return -EINVAL;
        *(double *)(void *)at = json_number_value(value);
        return 0;
    }
    if (!json_is_integer(value))
        return -EINVAL;
    int64_t number = json_integer_value(value);
    bool never = number == MONO_NEVER.ms && f->kind == FIELD_INT64;
    if (!never && (number > RECORDING_NUMBER_MAX || number < -RECORDING_NUMBER_MAX))
        return -EINVAL;
    if (f->kind == FIELD_INT64)
        *(int64_t *)(void *)at = number;
    else if (f->kind == FIELD_UINT64)
        *(uint64_t *)(void *)at = (uint64_t)number;
    else if (number < 0 || number > INT32_MAX)
        return -EINVAL;
    else
        *(int *)(void *)at = (int)number;
    return 0;
}

static int read_field(const json_t *object, const struct field *f, void *to)
{
    const json_t *value = json_object_get(object, f->name);
    char *at = (char *)to + f->offset;
    if (value == NULL)
        return 0; /* a field that came later: as zero */
    switch (f->kind) {
    case FIELD_BOOL:
        if (!json_is_boolean(value))
            return -EINVAL;
        *(bool *)at = json_is_true(value);
        return 0;
    case FIELD_WORD:
        return word_read(f->words, json_string_value(value), (int *)(void *)at);
    case FIELD_TEXT:
        return json_is_string(value) && str_copy(at, f->size, json_string_value(value)) ? 0
                                                                                        : -EINVAL;
    default:
        return read_number(value, f, at);
    }
}

static int decode(const struct field *fields, size_t count, const json_t *object, void *to)
{
    if (!json_is_object(object))
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (read_field(object, &fields[i], to) < 0)
            return -EINVAL;
    return 0;
}

static bool same_field(const struct field *f, const void *a, const void *b)
{
    const char *left = (const char *)a + f->offset;
    const char *right = (const char *)b + f->offset;
    switch (f->kind) {
    case FIELD_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case FIELD_INT:
    case FIELD_WORD:
        return *(const int *)(const void *)left == *(const int *)(const void *)right;
    case FIELD_INT64:
    case FIELD_UINT64:
        return *(const int64_t *)(const void *)left == *(const int64_t *)(const void *)right;
    case FIELD_REAL:
        return memcmp(left, right, sizeof(double)) == 0;
    case FIELD_TEXT:
        return str_equal(left, right);
    }
    return false;
}

static bool same(const struct field *fields, size_t count, const void *a, const void *b)
{
    for (size_t i = 0; i < count; i++)
        if (!same_field(&fields[i], a, b))
            return false;
    return true;
}

bool recording_same_policy(const struct recovery_policy *a, const struct recovery_policy *b)
{
    return same(policy_fields, ARRAY_LENGTH(policy_fields), a, b);
}

bool recording_same_recovery(const struct recovery *a, const struct recovery *b)
{
    return same(recovery_fields, ARRAY_LENGTH(recovery_fields), a, b);
}

json_t *recording_encode_observations(const struct observations *observations)
{
    return encode(observation_fields, ARRAY_LENGTH(observation_fields), observations);
}

json_t *recording_encode_policy(const struct recovery_policy *policy)
{
    return encode(policy_fields, ARRAY_LENGTH(policy_fields), policy);
}

json_t *recording_encode_facts(const struct recovery_facts *facts)
{
    return encode(facts_fields, ARRAY_LENGTH(facts_fields), facts);
}

json_t *recording_encode_recovery(const struct recovery *recovery)
{
    return encode(recovery_fields, ARRAY_LENGTH(recovery_fields), recovery);
}

json_t *recording_encode_verdict(const struct verdict *verdict)
{
    return encode(verdict_fields, ARRAY_LENGTH(verdict_fields), verdict);
}

int recording_decode_observations(const json_t *object, struct observations *ret)
{
    return decode(observation_fields, ARRAY_LENGTH(observation_fields), object, ret);
}

int recording_decode_policy(const json_t *object, struct recovery_policy *ret)
{
    return decode(policy_fields, ARRAY_LENGTH(policy_fields), object, ret);
}

int recording_decode_facts(const json_t *object, struct recovery_facts *ret)
{
    return decode(facts_fields, ARRAY_LENGTH(facts_fields), object, ret);
}

int recording_decode_recovery(const json_t *object, struct recovery *ret)
{
    return decode(recovery_fields, ARRAY_LENGTH(recovery_fields), object, ret);
}

int recording_decode_verdict(const json_t *object, struct verdict *ret)
{
    return decode(verdict_fields, ARRAY_LENGTH(verdict_fields), object, ret);
}

/* ── effects: what differs is shown to people, so only what an effect means is in it ── */

static bool put_effect(json_t *object, const struct effect *e)
{
    bool acts = e->kind == EFFECT_INTENT || e->kind == EFFECT_RUN || e->kind == EFFECT_OUTCOME ||
                e->kind == EFFECT_SKIP;
    bool ok = json_put_text(object, "kind", effect_words[e->kind]);
    if (acts)
        ok = ok && json_put_text(object, "action", recovery_action_word(e->action)) &&
             json_put_text(object, "level", recovery_level_word(e->level)) &&
             json_put_int(object, "id", (int64_t)e->action_id);
    if (acts || e->kind == EFFECT_OPEN || e->kind == EFFECT_HUMAN || e->kind == EFFECT_HUMAN_OVER)
        ok = ok && json_put_text(object, "cause", cause_row(e->cause)->code);
    if (e->kind == EFFECT_OUTCOME)
        ok = ok && json_put_bool(object, "success", e->success) &&
             json_put_text(object, "end", end_words_list[e->action_end]);
    if (e->kind == EFFECT_SKIP)
        ok = ok && json_put_text(object, "why", skip_text(e->skip));
    if (e->kind == EFFECT_ENDED)
        ok = ok && json_put_text(object, "end", recovery_end_word(e->end));
    if (e->kind == EFFECT_WITHHELD)
        ok = ok && json_put_text(object, "why", withheld_code(e->withheld));
    if (e->kind == EFFECT_ANNOUNCE)
        ok = ok && json_put_int(object, "at", e->at.ms);
    return ok;
}

json_t *recording_encode_effects(const struct recovery_effects *effects)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < effects->count; i++) {
        json_t *object = json_object();
        if (put_effect(object, &effects->items[i]) && json_array_append(list, object) == 0) {
            json_decref(object);
            continue;
        }
        json_decref(object);
        json_decref(list);
        return NULL;
    }
    return list;
}
