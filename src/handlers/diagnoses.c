#include "base/json.h"
#include "doctor/diagnosis.h"
#include "handlers/resources.h"

json_t *diagnosis_now(struct handlers *h, int service)
{
    struct now now = handlers_now(h);
    JSON_CLEANUP json_t *status = engine_status_json(h->engine, service, now);
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, service, now);
    JSON_CLEANUP json_t *explain = engine_explain_json(h->engine, service, now);
    json_t *body = diagnosis_json(status, health, explain);
    (void)json_put_wall(body, "timestamp", now.wall);
    return body;
}

static void on_looked(void *context, int status, json_t *body)
{
    struct call *call = context;
    struct handlers *h = call->data;
    (void)status; /* with too many callers the facts are fresh enough */
    json_decref(body);
    call->answer(call, 200, diagnosis_now(h, call->service));
}

/* A full check first: what is said is what is seen now. */
void diagnosis_get(struct handlers *h, struct call *call)
{
    call->data = h;
    engine_refresh(h->engine, call->service, on_looked, call, handlers_now(h));
}
