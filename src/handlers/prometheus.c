/* /metrics: the text of report/exposition_text.h, a piece each turn of the loop. */
#include "base/json.h"
#include "handlers/resources.h"
#include "report/exposition_text.h"

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

void prometheus_woken(struct handlers *h, struct call *call)
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

void prometheus_get(struct handlers *h, struct call *call)
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
