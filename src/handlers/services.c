/* services, status, health, refresh, preflight, timing, version */
#include "base/json.h"
#include "base/str.h"
#include "handlers/inside.h"

void services_list(struct handlers *h, struct call *call)
{
    call->answer(call, 200, engine_services_json(h->engine, handlers_now(h)));
}

/* {services, wakeups, late_ms: {p50, p99, worst}} */
void timing_get(struct handlers *h, struct call *call)
{
    struct engine_timing timing;
    engine_timing(h->engine, &timing);
    json_t *late = json_object();
    (void)json_put_int(late, "p50", timing.p50_ms);
    (void)json_put_int(late, "p99", timing.p99_ms);
    (void)json_put_int(late, "worst", timing.worst_ms);
    json_t *body = json_object();
    (void)json_put_int(body, "services", engine_service_count(h->engine));
    (void)json_put_int(body, "wakeups", timing.wakeups);
    (void)json_put(body, "late_ms", late);
    call->answer(call, 200, body);
}

void version_get(struct handlers *h, struct call *call)
{
    (void)h;
    json_t *body = json_object();
    (void)json_put_text(body, "name", "resus");
    (void)json_put_text(body, "version", RESUS_VERSION);
    call->answer(call, 200, body);
}

static json_t *only(const json_t *whole, const char *const *keys, size_t count)
{
    json_t *part = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(whole, keys[i]);
        if (value != NULL)
            (void)json_object_set(part, keys[i], value);
    }
    return part;
}

/* The status page says who is well, not where they are. */
static json_t *status_for_all(const json_t *status)
{
    static const char *const limited[] = {"status", "overall_status", "last_check"};
    static const char *const of_dependents[] = {"name", "ok"};
    json_t *part = only(status, limited, ARRAY_LENGTH(limited));
    const json_t *affected = json_object_get(status, "affected_services");
    if (affected == NULL)
        return part;
    json_t *dependents = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(affected, i, one)
    {
        (void)json_array_append_new(dependents,
                                    only(one, of_dependents, ARRAY_LENGTH(of_dependents)));
    }
    (void)json_put(part, "affected_services", dependents);
    return part;
}

void service_status(struct handlers *h, struct call *call)
{
    struct now now = handlers_now(h);
    JSON_CLEANUP json_t *status = engine_status_json(h->engine, call->service, now);
    json_t *body = call->access == ACCESS_ANONYMOUS ? status_for_all(status) : json_incref(status);
    if (!engine_cannot_tell(h->engine, call->service)) {
        call->answer(call, 200, body);
        return;
    }
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, call->service, now);
    const json_t *cause = json_object_get(health, "cause");
    json_t *error = call_error("Cannot tell", json_text_or(cause, "summary", ""),
                               json_text_or(cause, "code", ""), now.wall);
    (void)json_object_update_missing(body, error);
    json_decref(error);
    call->answer(call, 503, body);
}

void service_health(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, call->service, handlers_now(h));
    if (call->access != ACCESS_ANONYMOUS) {
        call->answer(call, 200, json_incref(health));
        return;
    }
    static const char *const limited[] = {"overall_status", "last_check"};
    json_t *body = only(health, limited, ARRAY_LENGTH(limited));
    json_t *checks = json_object();
    const char *name;
    json_t *check;
    json_object_foreach(json_object_get(health, "health_checks"), name, check)
    {
        json_t *status = json_object();
        (void)json_object_set(status, "status", json_object_get(check, "status"));
        (void)json_put(checks, name, status);
    }
    (void)json_put(body, "health_checks", checks);
    call->answer(call, 200, body);
}

static void refreshed(void *context, int status, json_t *body)
{
    struct call *call = context;
    call->answer(call, status, body);
}

void service_refresh(struct handlers *h, struct call *call)
{
    engine_refresh(h->engine, call->service, refreshed, call, handlers_now(h));
}

void service_preflight(struct handlers *h, struct call *call)
{
    bool stop = str_equal(json_text_or(call->args, "operation", ""), "stop");
    call->answer(call, 200,
                 engine_preflight_json(h->engine, call->service,
                                       stop ? OPERATION_STOP : OPERATION_RESTART, handlers_now(h)));
}
