#include "api/error_body.h"

#include "base/json.h"

json_t *error_body(const char *title, const char *message, const char *code, wall_ms now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "error", title);
    (void)json_put_text(body, "message", message);
    (void)json_put_text(body, "code", code);
    (void)json_put_wall(body, "timestamp", now);
    return body;
}

json_t *error_body_role(const struct role_refusal *refusal, wall_ms now)
{
    json_t *body = error_body(refusal->title, refusal->message, refusal->code, now);
    json_t *roles = json_array();
    for (int role = (int)refusal->least; role <= (int)ACCESS_ADMIN; role++)
        (void)json_array_append_new(roles, json_string(access_name((enum access)role)));
    (void)json_put(body, "required_roles", roles);
    (void)json_put_text(body, "user_role", access_name(refusal->has));
    return body;
}

json_t *error_body_rate(const struct rate_answer *rate, wall_ms now)
{
    json_t *body = error_body("Rate limit exceeded", "Too many requests: wait and try again.",
                              "rate_limited", now);
    (void)json_put_int(body, "retry_after_seconds", rate->retry_after_seconds);
    (void)json_put_int(body, "limit", rate->limit);
    (void)json_put_int(body, "window_seconds", RATE_WINDOW_SECONDS);
    return body;
}
