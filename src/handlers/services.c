/* services, status, health, refresh, preflight, timing, version */
#include "api/error_body.h"
#include "api/service_list.h"
#include "api/visible.h"
#include "backups/backups.h"
#include "base/json.h"
#include "base/str.h"
#include "base/version.h"
#include "handlers/resources.h"
#include "report/bundle_parts.h"
#include "sshkeys/sshkeys.h"
#include "store/database.h"

static void services_list(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *whole = handlers_service_list(h);
    json_t *items = json_object_get(whole, "items");
    for (size_t i = json_array_size(items); i > 0; i--) {
        const char *id = json_text_or(json_array_get(items, i - 1), "id", "");
        if (!call_sees(call, id))
            (void)json_array_remove(items, i - 1);
    }
    JSON_CLEANUP json_t *visible = visible_services(whole, call->access);
    call->answer(call, 200, service_list_pick(visible, call->args));
}

static void timing_get(struct handlers *h, struct call *call)
{
    call->answer(call, 200, timing_json(h->engine));
}

static void version_get(struct handlers *h, struct call *call)
{
    (void)h;
    json_t *body = json_object();
    (void)json_put_text(body, "name", "resus");
    /* A stranger would look up what is known against it. */
    if (call->access != ACCESS_ANONYMOUS) {
        (void)json_put_text(body, "version", RESUS_VERSION);
        if (version_commit()[0] != '\0')
            (void)json_put_text(body, "commit", version_commit());
        (void)json_put_int(body, "schema", schema_version());
    }
    call->answer(call, 200, body);
}

/* As an admin sees it; of a service of which nothing can be told, with the error's members. */
static json_t *whole_status(struct handlers *h, int service, struct now now)
{
    json_t *status = engine_status_json(h->engine, service, now);
    struct sshkeys_note note;
    sshkeys_look(h->ports.keys, engine_settings(h->engine, service), &note);
    if (note.state != SSHKEYS_QUIET)
        (void)json_put_text(json_object_get(status, "vm_info"), "ssh_key_notice", note.text);
    if (h->ports.backups != NULL && backups_unwell(h->ports.backups, service) != NULL)
        (void)json_put_text(status, "backup_problem", backups_unwell(h->ports.backups, service));
    if (!engine_cannot_tell(h->engine, service))
        return status;
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, service, now);
    const json_t *cause = json_object_get(health, "cause");
    JSON_CLEANUP json_t *error = error_body("State unknown", json_text_or(cause, "summary", ""),
                                            json_text_or(cause, "code", ""), now.wall);
    (void)json_object_update_missing(status, error);
    return status;
}

static void service_status(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *whole = whole_status(h, call->service, handlers_now(h));
    bool told = !engine_cannot_tell(h->engine, call->service);
    call->answer(call, told ? 200 : 503, visible_status(whole, call->access));
}

static void service_health(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *whole = engine_health_json(h->engine, call->service, handlers_now(h));
    call->answer(call, 200, visible_health(whole, call->access));
}

json_t *handlers_snapshot(struct handlers *h, int service)
{
    struct now now = handlers_now(h);
    json_t *body = json_object();
    (void)json_put(body, "status", whole_status(h, service, now));
    (void)json_put(body, "health", engine_health_json(h->engine, service, now));
    (void)json_put(body, "events", engine_state_events(h->engine, service, now));
    return body;
}

json_t *handlers_service_list(struct handlers *h)
{
    return engine_services_json(h->engine, handlers_now(h));
}

/* The body may be shared with others who asked at the same time: it is cut in a copy. */
static void refreshed(void *context, int status, json_t *body)
{
    struct call *call = context;
    const json_t *whole = json_object_get(body, "status");
    const json_t *health = json_object_get(body, "health");
    json_t *cut = json_copy(body);
    if (json_is_object(whole))
        (void)json_put(cut, "status", visible_status(whole, call->access));
    if (json_is_object(health))
        (void)json_put(cut, "health", visible_health(health, call->access));
    json_decref(body);
    call->answer(call, status, cut);
}

static void service_refresh(struct handlers *h, struct call *call)
{
    engine_refresh(h->engine, call->service, refreshed, call, handlers_now(h));
}

static void service_preflight(struct handlers *h, struct call *call)
{
    const char *word = json_text_or(call->args, "operation", "");
    enum engine_operation operation = str_equal(word, "stop")    ? OPERATION_STOP
                                      : str_equal(word, "start") ? OPERATION_START
                                                                 : OPERATION_RESTART;
    call->answer(call, 200,
                 engine_preflight_json(h->engine, call->service, operation, handlers_now(h)));
}

/* ── start, stop, restart, reload ── */

static void operated(void *context, int status, json_t *body)
{
    struct call *call = context;
    call->answer(call, status, body);
}

static void operate(struct handlers *h, struct call *call)
{
    struct engine_request request = {
        .operation = (enum engine_operation)handlers_order(h, call),
        .user = call->user,
        .force = json_bool_or(call->args, "force", false),
        .confirmation = json_bool_or(call->args, "confirmation", false),
        .emergency = json_bool_or(call->args, "emergency", false),
        .answer = operated,
        .context = call,
    };
    (void)str_copy(request.reason, sizeof request.reason, json_text_or(call->args, "reason", ""));
    (void)str_copy(request.message, sizeof request.message,
                   json_text_or(call->args, "message", ""));
    if (request.force && call->access < ACCESS_ADMIN) {
        handlers_refuse(h, call, 403, "Permission denied", "Only an administrator may use force.",
                        "permission_denied");
        return;
    }
    engine_operate(h->engine, call->service, &request, handlers_now(h));
}

static const struct handling rows[] = {
    {OP_SERVICES, .run = services_list},
    {OP_STATUS, .run = service_status},
    {OP_HEALTH, .run = service_health},
    {OP_REFRESH, .run = service_refresh},
    {OP_PREFLIGHT, .run = service_preflight},
    {OP_TIMING, .run = timing_get},
    {OP_VERSION, .run = version_get},
    {OP_START, .run = operate, .order = OPERATION_START},
    {OP_STOP, .run = operate, .order = OPERATION_STOP},
    {OP_RESTART, .run = operate, .order = OPERATION_RESTART},
    {OP_RELOAD, .run = operate, .order = OPERATION_RELOAD},
    {0},
};

const struct resource resource_services = {NEEDS_NOTHING, rows};
