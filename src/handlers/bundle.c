/* bundle: all that support asks for, in one document without secrets. What cannot be had in time is
 * named, not waited for. */
#include <string.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "host/systemctl.h"
#include "report/bundle_parts.h"
#include "report/inspect_json.h"
#include "report/log_lines.h"

#define STEP_DEADLINE_MS 10000
#define LOG_LINES 200
#define CLIENTS_MAX 500
#define RECOVERIES_MAX 20
#define EVENTS_MAX 200
#define OUTPUT_MAX 8192 /* bytes of `systemctl status` */
#define HOUR_MS (3600LL * 1000)
#define BYTES_MAX (FRAME_MAX - 4096) /* what is around it has room, too */

/* One after the other: each is a question to another part, and its answer a member of the document. */
enum {
    STEP_INFO,
    STEP_SLOWLOG,
    STEP_CLIENTS,
    STEP_COMMANDS,
    STEP_UNIT,
    STEP_LOG,
    STEP_LOG_AGAIN,
    STEP_RECOVERIES,
    STEP_EVENTS,
    STEP_METRICS,
    STEP_COUNT
};

static const char *const names[STEP_COUNT] = {
    [STEP_INFO] = "info",        [STEP_SLOWLOG] = "slowlog",
    [STEP_CLIENTS] = "clients",  [STEP_COMMANDS] = "commandstats",
    [STEP_UNIT] = "unit_status", [STEP_LOG] = "logs",
    [STEP_LOG_AGAIN] = "logs",   [STEP_RECOVERIES] = "recoveries",
    [STEP_EVENTS] = "events",    [STEP_METRICS] = "metrics",
};

static const enum redis_request requests[] = {
    [STEP_INFO] = REDIS_INFO,
    [STEP_SLOWLOG] = REDIS_SLOWLOG,
    [STEP_CLIENTS] = REDIS_CLIENT_LIST,
    [STEP_COMMANDS] = REDIS_COMMANDSTATS,
};

/* ── steps ── */

static void ask_redis(struct handlers *h, struct call *call, enum redis_request request)
{
    h->ports.redis(h->ports.context, call->service, handlers_wait(h, call), request, NULL, false,
                   mono_add(handlers_now(h).mono, STEP_DEADLINE_MS));
}

static void ask_host(struct handlers *h, struct call *call, enum host_command command, bool sudo)
{
    struct host_request request = {.id = handlers_wait(h, call),
                                   .command = command,
                                   .number = LOG_LINES,
                                   .with_sudo = sudo,
                                   .deadline = mono_add(handlers_now(h).mono, STEP_DEADLINE_MS)};
    h->ports.host(h->ports.context, call->service, &request);
}

static void ask_metrics(struct handlers *h, struct call *call)
{
    wall_ms now = handlers_now(h).wall;
    struct series_question q = {.now = now, .from = wall_add(now, -HOUR_MS), .to = now};
    (void)str_copy(q.service, sizeof q.service, engine_settings(h->engine, call->service)->id);
    series_store_ask(h->ports.series, handlers_wait(h, call), &q);
}

static void next(struct handlers *h, struct call *call)
{
    const struct service_settings *s = engine_settings(h->engine, call->service);
    call->number++;
    if (call->number == STEP_METRICS && h->ports.series == NULL)
        call->number++;
    switch (call->gone ? STEP_COUNT : call->number) {
    case STEP_INFO:
    case STEP_SLOWLOG:
    case STEP_CLIENTS:
    case STEP_COMMANDS:
        ask_redis(h, call, requests[call->number]);
        break;
    case STEP_UNIT:
        ask_host(h, call, HOST_STATUS, false);
        break;
    case STEP_LOG:
    case STEP_LOG_AGAIN:
        ask_host(h, call, HOST_JOURNAL, (call->number == STEP_LOG) == (s->control == CONTROL_SSH));
        break;
    case STEP_RECOVERIES:
        store_query_recoveries(h->ports.store, handlers_wait(h, call), s->id, WALL_NONE,
                               RECOVERIES_MAX);
        break;
    case STEP_EVENTS:
        store_query_events(h->ports.store, handlers_wait(h, call), s->id, 0, EVENTS_MAX);
        break;
    case STEP_METRICS:
        ask_metrics(h, call);
        break;
    default: {
        json_t *body = call->kept;
        call->kept = NULL;
        bundle_make_it_fit(body, names, STEP_COUNT, BYTES_MAX);
        call->answer(call, call->gone ? 499 : 200, body);
    }
    }
}

static void missing(struct call *call, const char *why)
{
    json_t *o = json_object();
    (void)json_put_text(o, "missing", why);
    (void)json_put(call->kept, names[call->number], o);
}

/* What a command says when it gives nothing: journalctl without the right to read, a unit that is
 * not there. */
static void missing_by(struct call *call, const struct host_result *r)
{
    char why[512];
    host_first_words(r, why, sizeof why);
    missing(call, why);
}

static void looked(void *context, int status, json_t *body)
{
    struct call *call = context;
    struct handlers *h = call->data;
    struct now now = handlers_now(h);
    struct audit_state audit;
    json_t *b = json_object();
    (void)status;
    json_decref(body);
    (void)json_put_text(b, "document", "resus support bundle");
    (void)json_put_wall(b, "timestamp", now.wall);
    h->ports.audit_look(h->ports.context, &audit);
    (void)json_put(b, "resus", bundle_self_json(h->engine, h->ports.store, &audit, h->started));
    (void)json_put(b, "settings", bundle_settings_json(engine_settings(h->engine, call->service)));
    (void)json_put(b, "status", engine_status_json(h->engine, call->service, now));
    (void)json_put(b, "health", engine_health_json(h->engine, call->service, now));
    (void)json_put(b, "explain", engine_explain_json(h->engine, call->service, now));
    (void)json_put(b, "diagnosis", diagnosis_now(h, call->service));
    call->kept = b;
    call->number = -1;
    next(h, call);
}

static void bundle_get(struct handlers *h, struct call *call)
{
    call->data = h;
    engine_refresh(h->engine, call->service, looked, call, handlers_now(h));
}

static void bundle_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
{
    if (!reply_answered(a->probe.reply) || (a->text == NULL && a->reply == NULL)) {
        missing(call, a->probe.text[0] != '\0' ? a->probe.text : reply_class_word(a->probe.reply));
    } else {
        json_t *seen = inspect_json(a, inspect_with_arguments(call));
        if (call->number == STEP_CLIENTS)
            (void)json_put_int(call->kept, "clients_total", (int64_t)inspect_clients(a));
        while (call->number == STEP_CLIENTS && json_array_size(seen) > CLIENTS_MAX)
            (void)json_array_remove(seen, json_array_size(seen) - 1);
        (void)json_put(call->kept, names[call->number], seen);
    }
    next(h, call);
}

static void bundle_host_ended(struct handlers *h, struct call *call, const struct host_result *r)
{
    char text[OUTPUT_MAX];
    if (r->end != HOST_EXITED) {
        missing(call, r->error.code != 0 ? r->error.text : "the command did not end in time");
        if (call->number == STEP_LOG)
            call->number++;
    } else if (call->number == STEP_UNIT && r->out_length == 0) {
        missing_by(call, r);
    } else if (call->number == STEP_UNIT) {
        bundle_copy_lines(text, sizeof text, r->out, r->out_length);
        (void)json_put_text(call->kept, names[call->number], text);
    } else {
        json_t *lines = json_array();
        size_t read = journal_parse(r->out, r->out_length, bundle_add_log_line, lines);
        if (read > 0)
            call->number = STEP_LOG_AGAIN; /* the other way of asking is not needed */
        (void)json_put(call->kept, names[call->number], lines);
        if (read == 0 && r->exit_code != 0)
            missing_by(call, r);
    }
    next(h, call);
}

static void bundle_rows(struct handlers *h, struct call *call, json_t *rows,
                        const struct error *error)
{
    if (rows == NULL)
        missing(call, error->text);
    else
        (void)json_put(call->kept, names[call->number], json_incref(rows));
    next(h, call);
}

static const struct handling rows[] = {
    {OP_BUNDLE, .run = bundle_get, .host_ended = bundle_host_ended,
     .redis_ended = bundle_redis_ended, .rows_ended = bundle_rows},
    {0},
};

const struct resource resource_bundle = {NEEDS_NOTHING, rows};
