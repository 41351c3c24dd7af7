/* What recovery must not forget of a service, as JSON: what one engine writes, another one reads. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"

#define FORM 1 /* a newer one is not understood, and the service then not taken over with it */

static const char *const external_stops[] = {
    [EXTERNAL_STOP_RECOVER] = "recover", [EXTERNAL_STOP_RESPECT] = "respect"};

static void put_recovery(json_t *body, const struct service_state *s)
{
    const struct recovery_policy *p = &s->recovery;
    json_t *r = json_object();
    (void)json_put_bool(r, "enabled", p->enabled);
    (void)json_put_int(r, "max_attempts", p->max_attempts);
    (void)json_put_int(r, "retry_delay_ms", p->retry_delay_ms);
    (void)json_put_real(r, "backoff_multiplier", p->backoff_multiplier);
    (void)json_put_text(r, "external_stop", external_stops[p->external_stop]);
    (void)json_put_int(r, "external_stop_grace_ms", p->external_stop_grace_ms);
    (void)json_put_int(r, "breaker_recoveries", p->breaker_recoveries);
    (void)json_put_int(r, "breaker_window_ms", p->breaker_window_ms);
    (void)json_put_int(r, "failure_threshold", s->failure_threshold);
    (void)json_put(body, "recovery", r);
}

char *fleet_state_text(const struct service_state *s)
{
    JSON_CLEANUP json_t *body = json_object();
    json_t *times = json_array();
    (void)json_put_int(body, "form", FORM);
    (void)json_put_text(body, "service", s->id);
    (void)json_put_bool(body, "stopped_on_purpose", s->stopped_on_purpose);
    (void)json_put_text(body, "stopped_by", s->stopped_by);
    (void)json_put_int(body, "stopped_at", s->stopped_at.ms);
    (void)json_put_text(body, "stopped_reason", s->stopped_reason);
    (void)json_put_int(body, "stop_seen", s->stop_seen);
    (void)json_put_bool(body, "ever_answered", s->ever_answered);
    (void)json_put_text(body, "address", s->address);
    (void)json_put_bool(body, "start_cancelled", s->start_cancelled);
    (void)json_put_bool(body, "empty_primary", s->empty_primary);
    (void)json_put_text(body, "role", s->role);
    (void)json_put_text(body, "role_source", s->role_source);
    (void)json_put_text(body, "role_run_id", s->role_run_id);
    (void)json_put_int(body, "role_keys", s->role_keys);
    (void)json_put_int(body, "attempts", s->attempts);
    (void)json_put_int(body, "last_attempt_at", s->last_attempt_at.ms);
    (void)json_put_bool(body, "exhausted", s->exhausted);
    (void)json_put_bool(body, "breaker_open", s->breaker_open);
    (void)json_put_int(body, "breaker_opened_at", s->breaker_opened_at.ms);
    for (size_t i = 0; i < STORE_RECOVERY_TIMES_MAX; i++)
        (void)json_array_append_new(times, json_integer(s->recoveries_at[i].ms));
    (void)json_put(body, "recoveries_at", times);
    (void)json_put_int(body, "paused_until", s->paused_until.ms);
    (void)json_put_text(body, "paused_by", s->paused_by);
    (void)json_put_text(body, "pause_reason", s->pause_reason);
    (void)json_put_int(body, "event_seq", (int64_t)s->event_seq);
    (void)json_put_real(body, "start_seconds", s->start_seconds);
    (void)json_put_bool(body, "recovery_set", s->recovery_set);
    put_recovery(body, s);
    return json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17));
}

static void read_text(const json_t *body, const char *name, char *to, size_t size)
{
    const char *text = json_text_or(body, name, "");
    (void)str_copy_clean(to, size, text, strlen(text));
}

static int64_t read_within(const json_t *body, const char *name, int64_t min, int64_t max,
                           int64_t otherwise)
{
    int64_t value = json_int_or(body, name, otherwise);
    return value < min || value > max ? otherwise : value;
}

static double read_real_within(const json_t *body, const char *name, double min, double max,
                               double otherwise)
{
    double value = json_real_or(body, name, otherwise);
    return value >= min && value <= max ? value : otherwise;
}

/* Only with the four that the run time may have set, and within their ranges: else the file's. */
static bool read_recovery(const json_t *r, struct service_state *ret)
{
    struct recovery_policy p = recovery_policy_default();
    int stop = str_index(external_stops, ARRAY_LENGTH(external_stops),
                         json_text_or(r, "external_stop", ""));
    int64_t attempts = json_int_or(r, "max_attempts", 0);
    if (!json_is_object(r) || stop < 0 || attempts < 1 || attempts > 10)
        return false;
    p.enabled = json_bool_or(r, "enabled", true);
    p.max_attempts = (int)attempts;
    p.retry_delay_ms = read_within(r, "retry_delay_ms", 0, 86400000, p.retry_delay_ms);
    p.backoff_multiplier = read_real_within(r, "backoff_multiplier", 1, 10, p.backoff_multiplier);
    p.external_stop = (enum external_stop)stop;
    p.external_stop_grace_ms =
        read_within(r, "external_stop_grace_ms", 0, 86400000, p.external_stop_grace_ms);
    p.breaker_recoveries = (int)read_within(r, "breaker_recoveries", 1, STORE_RECOVERY_TIMES_MAX,
                                            p.breaker_recoveries);
    p.breaker_window_ms = read_within(r, "breaker_window_ms", 1, 864000000, p.breaker_window_ms);
    ret->recovery = p;
    ret->failure_threshold = read_within(r, "failure_threshold", 1, 100, 3);
    return true;
}

bool fleet_state_read(const char *text, struct service_state *ret)
{
    JSON_CLEANUP json_t *body = json_loads(text, JSON_READ_FLAGS, NULL);
    const json_t *times = json_object_get(body, "recoveries_at");
    struct service_state s = {0};
    if (json_int_or(body, "form", 0) != FORM || !json_is_array(times))
        return false;
    read_text(body, "service", s.id, sizeof s.id);
    s.stopped_on_purpose = json_bool_or(body, "stopped_on_purpose", false);
    read_text(body, "stopped_by", s.stopped_by, sizeof s.stopped_by);
    s.stopped_at.ms = json_int_or(body, "stopped_at", 0);
    read_text(body, "stopped_reason", s.stopped_reason, sizeof s.stopped_reason);
    s.stop_seen = (enum stop_seen)read_within(body, "stop_seen", STOP_UNSEEN, STOP_SEEN_INACTIVE,
                                              STOP_UNSEEN);
    s.ever_answered = json_bool_or(body, "ever_answered", false);
    read_text(body, "address", s.address, sizeof s.address);
    s.start_cancelled = json_bool_or(body, "start_cancelled", false);
    s.empty_primary = json_bool_or(body, "empty_primary", false);
    read_text(body, "role", s.role, sizeof s.role);
    read_text(body, "role_source", s.role_source, sizeof s.role_source);
    read_text(body, "role_run_id", s.role_run_id, sizeof s.role_run_id);
    s.role_keys = read_within(body, "role_keys", 0, INT64_MAX, -1);
    s.attempts = (int)read_within(body, "attempts", 0, 1000000, 0);
    s.last_attempt_at.ms = json_int_or(body, "last_attempt_at", 0);
    s.exhausted = json_bool_or(body, "exhausted", false);
    s.breaker_open = json_bool_or(body, "breaker_open", false);
    s.breaker_opened_at.ms = json_int_or(body, "breaker_opened_at", 0);
    for (size_t i = 0; i < STORE_RECOVERY_TIMES_MAX; i++)
        s.recoveries_at[i].ms = json_integer_value(json_array_get(times, i));
    s.paused_until.ms = json_int_or(body, "paused_until", 0);
    read_text(body, "paused_by", s.paused_by, sizeof s.paused_by);
    read_text(body, "pause_reason", s.pause_reason, sizeof s.pause_reason);
    s.event_seq = (uint64_t)read_within(body, "event_seq", 0, INT64_MAX / 2, 0);
    s.start_seconds = read_real_within(body, "start_seconds", 0, 86400, -1);
    s.recovery_set = json_bool_or(body, "recovery_set", false);
    if (!read_recovery(json_object_get(body, "recovery"), &s))
        return false;
    *ret = s;
    return true;
}
