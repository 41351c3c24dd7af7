/* restores: the plan, what a person orders, and how far it is */
#include "restore/restores.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

static void refuse(struct handlers *h, struct call *call, int r, const char *text)
{
    handlers_refuse_error(h, call, r, text, NULL, 0, "restore_failed");
}

/* ── the plan, and the order ── */

/* The service that gets the data; -1: the call was refused. */
static int target_of(struct handlers *h, struct call *call)
{
    char text[200];
    const char *to = json_text_or(call->args, "to", NULL);
    int target = to == NULL ? call->service : engine_service_index(h->engine, to);
    if (target < 0) {
        (void)str_format(text, sizeof text,
                         "There is no service \"%s\": resus services lists them.", to);
        refuse(h, call, -ENOENT, text);
    } else if (!call_sees(call, engine_settings(h->engine, target)->id)) {
        handlers_refuse(
            h, call, 403, "Permission denied",
            "This token is for other services: ask an administrator for one that includes "
            "the service that gets the data.",
            "out_of_scope");
        target = -1;
    }
    return target;
}

static bool confirmed(struct handlers *h, struct call *call, int target)
{
    const char *id = engine_settings(h->engine, target)->id;
    char text[300];
    if (str_equal(json_text_or(call->args, "confirmation", ""), id))
        return true;
    (void)str_format(text, sizeof text,
                     "A restore replaces data of %s. To confirm it, repeat the name of the service "
                     "that gets the data: %s.",
                     id, id);
    handlers_unconfirmed(h, call, text);
    return false;
}

static void planned(void *context, uint64_t ticket, int result, json_t *body,
                    const struct error *err)
{
    struct handlers *h = context;
    struct call *call = handlers_waited(h, ticket);
    if (call == NULL) {
        json_decref(body);
        return;
    }
    bool begins = call->operation == &operations[OP_RESTORE];
    if (result == -EPERM)
        call->answer(call, 422, restores_blocked_json(body, handlers_now(h).wall));
    else if (result < 0)
        refuse(h, call, result, err->text);
    else
        handlers_answer_seen(h, call, begins ? 202 : 200, body);
}

static int choice(const struct call *call, const char *key, const char *const *words, size_t count)
{
    return str_index(words, count, json_text_or(call->args, key, ""));
}

/* In the order of the enums. */
static const char *const methods[] = {"file", "replicate", "keys"};
static const char *const modes[] = {"exact", "overwrite", "missing"};

static void restore_order_post(struct handlers *h, struct call *call)
{
    struct error err = {0};
    bool begins = call->operation == &operations[OP_RESTORE];
    int target = target_of(h, call);
    if (target < 0 || (begins && !confirmed(h, call, target)))
        return;
    int mode = choice(call, "mode", modes, ARRAY_LENGTH(modes));
    const struct restores_wanted wanted = {
        .source = call->service,
        .target = target,
        .backup = json_text_or(call->args, "b", ""),
        .method = choice(call, "method", methods, ARRAY_LENGTH(methods)),
        .mode = mode < 0 ? RESTORE_EXACT : (enum restore_mode)mode,
        .mode_given = mode >= 0,
        .db = json_int_or(call->args, "db", -1),
        .match = json_text_or(call->args, "match", ""),
        .forced = json_bool_or(call->args, "force", false),
        .unguarded = json_bool_or(call->args, "unguarded", false),
        .user = &call->user,
        .reason = json_text_or(call->args, "reason", ""),
        .request_id = call->request_id,
    };
    uint64_t ticket = handlers_wait(h, call);
    int r = (begins ? restores_begin : restores_plan)(h->ports.restores, &wanted, planned, h,
                                                      ticket, &err);
    if (r < 0) {
        handlers_unwait(h, call);
        refuse(h, call, r, err.text);
    }
}

/* ── what is there ── */

static void restores_get(struct handlers *h, struct call *call)
{
    handlers_answer_seen(h, call, 200, restores_list(h->ports.restores, call->service));
}

/* With `wait`: not before it has ended or waits for a person, or so many seconds have passed. */
static void restore_woken(struct handlers *h, struct call *call)
{
    int64_t number = json_int_or(call->args, "n", 0);
    bool works = restores_runs(h->ports.restores, call->service, number);
    if (handlers_hold(h, call, works, json_int_or(call->args, "wait", 0) * 1000))
        return;
    json_t *body = restores_one(h->ports.restores, call->service, number);
    if (body == NULL)
        refuse(h, call, -ENOENT, "There is no such restore: resus restore list shows them.");
    else
        handlers_answer_seen(h, call, call->gone ? 499 : 200, body);
}

static void restore_get(struct handlers *h, struct call *call)
{
    call->seen = handlers_now(h).wall;
    restore_woken(h, call);
}

/* ── resume, undo, cancel ── */

static void restore_change(struct handlers *h, struct call *call)
{
    struct error err = {0};
    enum restore_event order = call->operation == &operations[OP_RESTORE_UNDO]     ? RESTORE_UNDO
                               : call->operation == &operations[OP_RESTORE_RESUME] ? RESTORE_RESUME
                                                                                   : RESTORE_CANCEL;
    int64_t number = json_int_or(call->args, "n", 0);
    int r = restores_order(h->ports.restores, call->service, number, order, &call->user,
                           call->request_id, &err);
    if (r < 0)
        refuse(h, call, r, err.text);
    else
        handlers_answer_seen(h, call, 202, restores_one(h->ports.restores, call->service, number));
}

static const struct handling rows[] = {
    {OP_RESTORE_PLAN, .run = restore_order_post},
    {OP_RESTORE, .run = restore_order_post},
    {OP_RESTORES, .run = restores_get},
    {OP_RESTORE_SHOW, .run = restore_get, .woken = restore_woken},
    {OP_RESTORE_UNDO, .run = restore_change},
    {OP_RESTORE_RESUME, .run = restore_change},
    {OP_RESTORE_CANCEL, .run = restore_change},
    {0},
};

const struct resource resource_restores = {NEEDS_RESTORES, rows};
