/* Events: what every reader receives, under numbers that rise without a gap. */
#include "engine/event.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/service.h"
#include "engine/state.h"

void event_publish(struct service *s, const char *type, json_t *body, struct now now)
{
    if (body == NULL)
        return;
    JSON_CLEANUP json_t *event = s->engine->ports.terse_events ? NULL : json_object();
    uint64_t seq = state_next_event(s);
    s->counters.events++;
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

void event_recovery(struct service *s, enum recovery_level level, const char *status,
                    const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "recovery_level", recovery_level_word(level));
    (void)json_put_text(body, "status", status);
    (void)json_put_text(body, "message", message);
    (void)json_put_int(body, "attempt_number", s->recovery.attempts);
    (void)json_put_bool(body, "requires_manual_intervention", s->recovery.needs_human);
    event_publish(s, "auto_recovery", body, now);
}

void event_operation(struct service *s, const char *operation, const struct engine_user *user,
                     const char *result, const char *message, double duration_seconds,
                     struct now now)
{
    json_t *body = json_object();
    for (int i = 0; i < ENGINE_OPERATION_COUNT; i++)
        if (str_equal(operation, engine_operation_word((enum engine_operation)i))) {
            s->counters.succeeded[i] += str_equal(result, "success");
            s->counters.failed[i] += str_equal(result, "failure");
        }
    (void)json_put_text(body, "event", operation);
    (void)json_put_text(body, "user", user->email);
    (void)json_put_text(body, "user_id", user->id);
    (void)json_put_text(body, "result", result);
    (void)json_put_text(body, "message", message);
    (void)json_put(body, "duration_seconds",
                   duration_seconds < 0 ? json_null() : json_rounded(duration_seconds, 3));
    event_publish(s, "service_event", body, now);
}

void event_notice(struct service *s, const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "message", message);
    event_publish(s, "notice", body, now);
}
