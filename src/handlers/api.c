/* openapi, healthz, readyz, metrics: for programs that watch Resus */
#include "api/error_body.h"
#include "api/openapi.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/exposition_text.h"

static void openapi_get(struct handlers *h, struct call *call)
{
    if (h->openapi == NULL)
        h->openapi = openapi_document();
    call->answer(call, 200, json_incref(h->openapi));
}

/* That the loop turns is all that an answer needs. */
static void healthz_get(struct handlers *h, struct call *call)
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
static void readyz_get(struct handlers *h, struct call *call)
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

/* ── /metrics: the text of report/exposition_text.h, a piece each turn of the loop ── */

#define SCRAPES_MAX 16 /* at once: each writes a piece a turn of the loop */

static void free_text(struct call *call)
{
    exposition_text_free(call->data);
    call->data = NULL;
}

static void refuse_without_memory(struct handlers *h, struct call *call)
{
    handlers_refuse(h, call, 500, "Cannot read the metrics", "Out of memory.", "out_of_memory");
}

static void prometheus_woken(struct handlers *h, struct call *call)
{
    const char *text = NULL;
    size_t length = 0;
    int r = exposition_text_piece(call->data, handlers_now(h), &text, &length);
    json_t *piece = r < 0 ? NULL : json_stringn(text, length);
    if (piece == NULL) {
        refuse_without_memory(h, call);
        return;
    }
    call->push(call, piece);
    if (call->gone)
        call->answer(call, 499, NULL);
    else if (r > 0)
        handlers_sleep(h, call, handlers_now(h).mono);
    else
        call->answer(call, 200, json_string(""));
}

static int scrapes_under_way(const struct handlers *h)
{
    int count = 0;
    for (const struct call *c = h->sleepers; c != NULL; c = c->next)
        count += c->operation == &operations[OP_PROMETHEUS];
    return count;
}

static void note_scrape(struct handlers *h, const struct call *call, int only)
{
    for (int i = 0; i < engine_service_count(h->engine); i++)
        if ((only < 0 || i == only) && call_sees(call, engine_settings(h->engine, i)->id))
            engine_scraped(h->engine, i, handlers_now(h));
}

static void prometheus_get(struct handlers *h, struct call *call)
{
    const char *id = json_text_or(call->args, "service", NULL);
    const struct exposition_sources from = {
        .engine = h->engine,
        .store = h->ports.store,
        .series = h->ports.series,
        .alerts = h->ports.alerts,
        .backups = h->ports.backups,
        .fleet = h->ports.fleet,
        .audit_look = h->ports.audit_look,
        .audit_context = h->ports.context,
        .started = h->started,
        .web_restarts = h->web_restarts,
        .call = call,
        .only = id == NULL ? call->service : engine_service_index(h->engine, id),
    };
    struct exposition_text *text = NULL;
    wall_ms now = handlers_now(h).wall;
    if (id != NULL && (from.only < 0 || !call_sees(call, id))) {
        call_refuse(call, 404, "Not found", "There is no such service.", "not_found", now);
        return;
    }
    if (scrapes_under_way(h) >= SCRAPES_MAX) {
        call_refuse(call, 503, "Too many readers", "Too many ask for the figures at once.", "busy",
                    now);
        return;
    }
    if (exposition_text_new(&from, &text) < 0) {
        refuse_without_memory(h, call);
        return;
    }
    note_scrape(h, call, from.only);
    call->data = text;
    call->free_data = free_text;
    prometheus_woken(h, call);
}

static const struct handling rows[] = {
    {OP_HEALTHZ, .run = healthz_get},
    {OP_READYZ, .run = readyz_get},
    {OP_OPENAPI, .run = openapi_get},
    {OP_PROMETHEUS, .run = prometheus_get, .woken = prometheus_woken},
    {0},
};

const struct resource resource_api = {NEEDS_NOTHING, rows};
