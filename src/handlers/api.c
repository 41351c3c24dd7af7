/* openapi, healthz, readyz */
#include "api/error_body.h"
#include "api/openapi.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

void openapi_get(struct handlers *h, struct call *call)
{
    if (h->openapi == NULL)
        h->openapi = openapi_document();
    call->answer(call, 200, json_incref(h->openapi));
}

/* That the loop turns is all that an answer needs. */
void healthz_get(struct handlers *h, struct call *call)
{
    (void)h;
    json_t *body = json_object();
    (void)json_put_text(body, "status", "ok");
    call->answer(call, 200, body);
}

static void add_reason(json_t *reasons, const char *what, const char *why)
{
    char text[ERROR_TEXT_MAX + 64];
    (void)str_format(text, sizeof text, "%s%s%s", what, why == NULL ? "" : ": ",
                     why == NULL ? "" : why);
    (void)json_array_append_new(reasons, json_string(text));
}

/* Strangers may ask: they are told what, and why only when they are logged in. */
void readyz_get(struct handlers *h, struct call *call)
{
    struct now now = handlers_now(h);
    struct store_state store;
    struct audit_state audit;
    const char *doubt = engine_doubt(h->engine, now);
    bool known = call->access > ACCESS_ANONYMOUS;
    store_look(h->ports.store, &store);
    h->ports.audit_look(h->ports.context, &audit);
    json_t *reasons = json_array();
    if (audit.problem.code != 0)
        add_reason(reasons, "the audit file cannot be written", known ? audit.problem.text : NULL);
    if (audit.crowded.code != 0)
        add_reason(reasons, "the audit log has no room, so people's operations are refused",
                   known ? audit.crowded.text : NULL);
    if (store.problem.code != 0)
        add_reason(reasons, "the state cannot be saved", known ? store.problem.text : NULL);
    if (doubt != NULL)
        add_reason(reasons, "the watch doubts itself", doubt);
    if (json_array_size(reasons) == 0) {
        json_decref(reasons);
        healthz_get(h, call);
        return;
    }
    json_t *body =
        error_body("Not ready", "Resus lives, but cannot do its work: `reasons` says why.",
                   "not_ready", now.wall);
    (void)json_put_text(body, "status", "not_ready");
    (void)json_put(body, "reasons", reasons);
    call->answer(call, 503, body);
}
