#include "engine/refusal.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

json_t *refusal_body(const char *title, const char *message, const char *code, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "error", title);
    (void)json_put_text(body, "message", message);
    (void)json_put_text(body, "code", code);
    (void)json_put_wall(body, "timestamp", now.wall);
    return body;
}

json_t *refusal_busy(const struct service *s, const char *who, const char *what, wall_ms since,
                     struct now now)
{
    char text[FACT_TEXT_MAX];
    char since_text[WALL_TEXT_SIZE];
    (void)str_format(text, sizeof text, "%s is running on %s since %s, by %s.", what,
                     s->settings->id, wall_text(since, since_text), who);
    json_t *body = refusal_body("Operation already running", text, "operation_running", now);
    json_t *running = json_object();
    (void)json_put_text(running, "operation", what);
    (void)json_put_text(running, "user", who);
    (void)json_put_wall(running, "since", since);
    (void)json_put(body, "operation", running);
    return body;
}

json_t *refusal_unconfirmed(const struct service *s, struct now now)
{
    json_t *body =
        refusal_body("Confirmation required",
                     "A stop cuts off every client of Redis. To confirm it: --confirm STOP, or "
                     "{\"confirmation\": true}.",
                     "confirmation_required", now);
    (void)json_put_bool(body, "confirmation_required", true);
    json_t *affected = json_array();
    for (size_t i = 0; i < s->settings->affected_count; i++)
        (void)json_array_append_new(affected, json_string(s->settings->affected[i].name));
    (void)json_put(body, "affected_services", affected);
    return body;
}
