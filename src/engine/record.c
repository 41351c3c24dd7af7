/* What is written down and told: requests under way, audit lines, events, persisted state. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/orders.h"
#include "engine/service.h"

#define EVENTS_RESERVED 1000

/* ── requests under way ── */

/* The free entry, or the one that is the least loss: the oldest look. The end of an action or an
 * operation is news however old. */
static struct pending *room(struct service *s)
{
    struct pending *found = &s->pending[0];
    for (int i = 0; i < SERVICE_PENDING_MAX; i++) {
        struct pending *p = &s->pending[i];
        if (p->id == 0)
            return p;
        bool look = p->action_id == 0;
        bool found_look = found->action_id == 0;
        if (look != found_look ? look : p->asked.ms < found->asked.ms)
            found = p;
    }
    return found;
}

uint64_t request_begin_action(struct service *s, enum purpose purpose, mono_ms asked,
                              uint64_t action_id)
{
    struct pending *p = room(s);
    int end = (int)(p - s->pending) + 1;
    s->pending_used = s->pending_used > end ? s->pending_used : end;
    *p = (struct pending){
        .id = ++s->last_id, .purpose = purpose, .asked = asked, .action_id = action_id};
    return s->last_id;
}

uint64_t request_begin(struct service *s, enum purpose purpose, mono_ms asked)
{
    return request_begin_action(s, purpose, asked, 0);
}

struct pending request_end(struct service *s, uint64_t id)
{
    for (int i = 0; i < s->pending_used; i++) {
        struct pending p = s->pending[i];
        if (p.id != id || id == 0)
            continue;
        s->pending[i] = (struct pending){0};
        while (s->pending_used > 0 && s->pending[s->pending_used - 1].id == 0)
            s->pending_used--;
        return p;
    }
    return (struct pending){0};
}

mono_ms request_asked(const struct service *s, enum purpose purpose)
{
    mono_ms newest = MONO_NEVER;
    for (int i = 0; i < s->pending_used; i++) {
        const struct pending *p = &s->pending[i];
        if (p->id != 0 && p->purpose == purpose &&
            (newest.ms == MONO_NEVER.ms || p->asked.ms > newest.ms))
            newest = p->asked;
    }
    return newest;
}

bool request_pending(const struct service *s, enum purpose purpose)
{
    return request_asked(s, purpose).ms != MONO_NEVER.ms;
}

void request_host(struct service *s, enum purpose purpose, enum host_command command, int number,
                  bool with_sudo, struct now now)
{
    request_host_of(s, purpose, command, number, with_sudo, 0, now);
}

void request_host_of(struct service *s, enum purpose purpose, enum host_command command, int number,
                     bool with_sudo, uint64_t action_id, struct now now)
{
    struct host_request request = {
        .id = request_begin_action(s, purpose, now.mono, action_id),
        .command = command,
        .number = number,
        .with_sudo = with_sudo,
        .deadline = mono_add(now.mono, HOST_LOOK_LIMIT_MS),
    };
    s->engine->ports.host(s->engine->ports.context, s->index, &request);
}

/* ── the program's log ── */

void service_log(const struct service *s, bool warning, const char *format, ...)
{
    char text[480];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->engine->ports.log(s->engine->ports.context, s->index, warning, text);
}

/* ── state that survives ── */

void record_state(struct service *s, uint64_t id, enum store_class class)
{
    const struct recovery *r = &s->recovery;
    s->saved.attempts = r->attempts;
    s->saved.exhausted = r->phase == PHASE_EXHAUSTED;
    s->saved.breaker_open = r->breaker.open;
    s->saved.breaker_opened_at = r->breaker.opened_at;
    static_assert((int)STORE_RECOVERY_TIMES_MAX == (int)BREAKER_TIMES_MAX,
                  "the breaker's times are stored whole");
    for (int i = 0; i < BREAKER_TIMES_MAX; i++)
        s->saved.recoveries_at[i] = r->breaker.times[i];
    s->saved.ever_answered = s->sight.ever_answered;
    s->saved.recovery = s->recovery_policy;
    s->saved.failure_threshold = s->watch_policy.failure_threshold;
    s->engine->ports.save(s->engine->ports.context, s->index, id, class, &s->saved);
}

void record_wish(struct service *s, struct now now)
{
    s->wish_unsaved = true;
    record_state(s, request_begin(s, FOR_WISH, now.mono), STORE_FULL);
}

/* ── audit ── */

static enum audit_risk risk_of(const char *operation)
{
    if (str_equal(operation, "stop"))
        return AUDIT_RISK_HIGH;
    if (str_equal(operation, "restart") || str_equal(operation, "start") ||
        str_equal(operation, "reload"))
        return AUDIT_RISK_MODERATE;
    return AUDIT_RISK_LOW;
}

void record_line_init(const struct service *s, struct audit_line *line, enum audit_event event,
                      const char *operation, const struct engine_user *user, struct now now)
{
    *line = (struct audit_line){
        .event = event,
        .at = now.wall,
        .duration_seconds = -1,
        .ssh_key_used = -1,
        .risk = risk_of(operation),
    };
    (void)str_copy(line->service, sizeof line->service, s->settings->id);
    (void)str_copy(line->operation, sizeof line->operation, operation);
    (void)str_copy(line->user_id, sizeof line->user_id, user != NULL ? user->id : "system");
    (void)str_copy(line->user_email, sizeof line->user_email,
                   user != NULL ? user->email : "system");
    (void)str_copy(line->user_role, sizeof line->user_role, user != NULL ? user->role : "system");
    (void)str_copy(line->source_ip, sizeof line->source_ip,
                   user != NULL ? user->source_ip : "local");
}

void record_setting(struct service *s, const char *operation, const struct engine_user *user,
                    const char *reason, struct now now)
{
    struct audit_line line;
    record_line_init(s, &line, AUDIT_CONFIGURATION, operation, user, now);
    line.has_result = true;
    line.success = true;
    line.duration_seconds = 0;
    (void)str_format(line.request_id, sizeof line.request_id, "c-%016" PRIx64,
                     s->engine->ports.random(s->engine->ports.context));
    (void)str_copy(line.reason, sizeof line.reason, reason);
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

/* ── events (contract section 5) ── */

void record_event(struct service *s, const char *type, json_t *body, struct now now)
{
    if (body == NULL)
        return;
    JSON_CLEANUP json_t *event = s->engine->ports.terse_events ? NULL : json_object();
    uint64_t seq = ++s->event_seq;
    s->counters.events++;
    /* The number that a start continues from is on the disk before the numbers are used up. */
    if (seq + EVENTS_RESERVED / 2 > s->saved.event_seq) {
        s->saved.event_seq = seq + EVENTS_RESERVED;
        record_state(s, 0, STORE_NORMAL);
    }
    if (s->engine->ports.terse_events)
        s->engine->ports.publish(s->engine->ports.context, s->index, seq, type, body, now.wall);
    else if (event != NULL && json_put_text(event, "type", type) &&
             json_put_text(event, "service", s->settings->id) &&
             json_put_wall(event, "timestamp", now.wall) &&
             json_put_int(event, "seq", (int64_t)seq) &&
             json_object_update_missing(event, body) == 0)
        s->engine->ports.publish(s->engine->ports.context, s->index, seq, type, event, now.wall);
    json_decref(body);
}

/* What describes the state of a service is costly, and not always read. */
static json_t *unread(const struct service *s)
{
    return s->engine->ports.terse_events ? json_object() : NULL;
}

static json_t *status_body(const struct service *s, struct now now)
{
    JSON_CLEANUP json_t *status = engine_status_json(s->engine, s->index, now);
    json_t *body = json_object();
    json_t *details = json_object();
    static const char *const shown[] = {"pid", "connections", "memory_mb", "uptime_seconds"};
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
        json_t *value = json_object_get(status, shown[i]);
        (void)json_object_set(details, shown[i], value == NULL ? json_null() : value);
    }
    (void)json_put_text(body, "status", snapshot_status(s));
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s)));
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    (void)json_put_int(body, "stale_after_seconds", 2 * s->watch_policy.interval_ms / 1000);
    (void)json_put(body, "details", details);
    return body;
}

void record_status(struct service *s, struct now now)
{
    (void)str_copy(s->status_shown, sizeof s->status_shown, snapshot_status(s));
    (void)str_copy(s->overall_shown, sizeof s->overall_shown, overall_word(snapshot_overall(s)));
    json_t *body = unread(s);
    if (body == NULL)
        body = status_body(s, now);
    record_event(s, "service_status", body, now);
}

void record_health(struct service *s, struct now now)
{
    json_t *body = unread(s);
    if (body == NULL)
        body = engine_health_json(s->engine, s->index, now);
    record_event(s, "service_health", body, now);
}

/* As record_event() would publish it, under the number that was given out last. */
static json_t *state_event(const struct service *s, const char *type, json_t *body, struct now now)
{
    json_t *event = json_object();
    (void)json_put_text(event, "type", type);
    (void)json_put_text(event, "service", s->settings->id);
    (void)json_put_wall(event, "timestamp", now.wall);
    (void)json_put_int(event, "seq", (int64_t)s->event_seq);
    (void)json_object_update_missing(event, body);
    json_decref(body);
    return event;
}

json_t *engine_state_events(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    json_t *events = json_array();
    (void)json_array_append_new(events, state_event(s, "service_status", status_body(s, now), now));
    (void)json_array_append_new(
        events, state_event(s, "service_health", engine_health_json(e, service, now), now));
    return events;
}

void record_auto_recovery(struct service *s, enum recovery_level level, const char *status,
                          const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "recovery_level", recovery_level_word(level));
    (void)json_put_text(body, "status", status);
    (void)json_put_text(body, "message", message);
    (void)json_put_int(body, "attempt_number", s->recovery.attempts);
    (void)json_put_bool(body, "requires_manual_intervention", s->recovery.needs_human);
    record_event(s, "auto_recovery", body, now);
}

void record_service_event(struct service *s, const char *event, const char *user,
                          const char *result, const char *message, double duration_seconds,
                          struct now now)
{
    json_t *body = json_object();
    for (int i = 0; i < ENGINE_OPERATION_COUNT; i++)
        if (str_equal(event, engine_operation_word((enum engine_operation)i))) {
            s->counters.succeeded[i] += str_equal(result, "success");
            s->counters.failed[i] += str_equal(result, "failure");
        }
    (void)json_put_text(body, "event", event);
    (void)json_put_text(body, "user", user);
    (void)json_put_text(body, "result", result);
    (void)json_put_text(body, "message", message);
    (void)json_put(body, "duration_seconds",
                   duration_seconds < 0 ? json_null() : json_rounded(duration_seconds, 3));
    record_event(s, "service_event", body, now);
}

void record_notice(struct service *s, const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "message", message);
    record_event(s, "notice", body, now);
}

void service_schedule(struct service *s)
{
    mono_ms watch = s->misconfigured == NULL ? watch_next(s) : MONO_NEVER;
    mono_ms at = mono_min(watch, mono_min(s->recovery_wake, operation_next(s)));
    at = mono_min(at, mono_min(after_next(s), saving_next(s)));
    at = mono_min(at, mono_min(s->sampler.due, orders_next(s)));
    at = mono_min(at, guard_next(s));
    if (s->publish_due.ms != 0)
        at = mono_min(at, s->publish_due);
    if (s->saved.paused_until.ms != 0)
        at = mono_min(at, mono_add(s->engine->tilt.last.mono,
                                   s->saved.paused_until.ms - s->engine->tilt.last.wall.ms));
    s->wake_due = at;
    s->engine->ports.wake_at(s->engine->ports.context, s->index, at);
}
