/* backups: what is there, what runs, and what a person orders */
#include "backups/backups.h"

#include <errno.h>

#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/rebuild_sheet.h"

#define LIST_LIMIT 100
#define PIN_DAYS 90
#define HOLD_MS 20000 /* an answer is held back for so long */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static void refuse(struct handlers *h, struct call *call, int r, const char *text)
{
    static const struct refusal own[] = {
        {-EPERM, 409, "It is kept", "backup_kept"},
        {-EALREADY, 409, "Nothing to accept", "not_acceptable"},
        {-EEXIST, 409, "It is here", "backup_exists"},
    };
    handlers_refuse_error(h, call, r, text, own, ARRAY_LENGTH(own), "backup_failed");
}

static const char *backup_of(const struct call *call)
{
    return json_text_or(call->args, "b", NULL);
}

/* Of those that the asker may see. */
static void backup_overview_get(struct handlers *h, struct call *call)
{
    json_t *items = json_array();
    json_t *body = json_object();
    for (int i = 0; i < engine_service_count(h->engine); i++)
        if (call_sees(call, engine_settings(h->engine, i)->id))
            (void)json_array_append_new(items, backups_status(h->ports.backups, i));
    (void)json_put(body, "items", items);
    handlers_answer_seen(h, call, 200, body);
}

static void backups_get(struct handlers *h, struct call *call)
{
    int64_t limit = json_int_or(call->args, "limit", LIST_LIMIT);
    handlers_answer_seen(h, call, 200,
                         backups_list(h->ports.backups, call->service,
                                      json_text_or(call->args, "cursor", NULL), (size_t)limit));
}

static void backup_get(struct handlers *h, struct call *call)
{
    json_t *body = backups_one(h->ports.backups, call->service, backup_of(call));
    if (body == NULL)
        refuse(h, call, -ENOENT, "There is no such backup: resus backup list shows them.");
    else
        handlers_answer_seen(h, call, 200, body);
}

/* With `task`: not before that task has ended; with `copies`: not before every place was visited;
 * after HOLD_MS in any case. */
static void backup_status_woken(struct handlers *h, struct call *call)
{
    json_t *body = backups_status(h->ports.backups, call->service);
    int64_t task = json_int_or(call->args, "task", 0);
    bool works = (task > 0 && json_int_or(json_object_get(body, "job"), "number", 0) == task) ||
                 (json_bool_or(call->args, "copies", false) &&
                  backups_copying(h->ports.backups, call->service));
    if (handlers_hold(h, call, works, HOLD_MS))
        json_decref(body);
    else
        handlers_answer_seen(h, call, call->gone ? 499 : 200, body);
}

static void backup_status_get(struct handlers *h, struct call *call)
{
    call->seen = handlers_now(h).wall;
    backup_status_woken(h, call);
}

static void backup_copy(struct handlers *h, struct call *call)
{
    struct error err = {0};
    int r = backups_copy_now(h->ports.backups, call->service, &err);
    if (r < 0)
        refuse(h, call, r, err.text);
    else
        handlers_answer_seen(h, call, 200, backups_status(h->ports.backups, call->service));
}

static void listed(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct handlers *h = context;
    struct call *call = handlers_waited(h, ticket);
    if (call == NULL)
        return;
    json_t *body = backups_elsewhere_taken(h->ports.backups, call->service);
    if (result < 0 || body == NULL) {
        json_decref(body);
        refuse(h, call, result == -ENOENT ? -EIO : result, err->text);
    } else {
        call->answer(call, 200, body);
    }
}

static void backup_elsewhere(struct handlers *h, struct call *call)
{
    struct error err = {0};
    uint64_t ticket = handlers_wait(h, call);
    int r = backups_elsewhere(h->ports.backups, call->service,
                              json_text_or(call->args, "target", ""), listed, h, ticket, &err);
    if (r < 0) {
        handlers_unwait(h, call);
        refuse(h, call, r, err.text);
    }
}

static void backup_prunable_get(struct handlers *h, struct call *call)
{
    handlers_answer_seen(h, call, 200, backups_prunable(h->ports.backups, call->service));
}

static void backup_drills_get(struct handlers *h, struct call *call)
{
    handlers_answer_seen(h, call, 200, backups_drills(h->ports.backups, call->service));
}

static struct backups_order order_of(const struct handlers *h, const struct call *call)
{
    return (struct backups_order){
        .task = (enum backups_task)handlers_order(h, call),
        .id = backup_of(call),
        .target = json_text_or(call->args, "target", NULL),
        .reason = json_text_or(call->args, "reason", ""),
        .user = &call->user,
        .request_id = call->request_id,
    };
}

/* Those that take long: the answer comes at once, with the number of the task. */
static void backup_task(struct handlers *h, struct call *call)
{
    const struct backups_order order = order_of(h, call);
    struct error err = {0};
    int64_t number = 0;
    int r = backups_order(h->ports.backups, call->service, &order, &number, &err);
    if (r < 0) {
        refuse(h, call, r, err.text);
        return;
    }
    json_t *body = json_object();
    (void)json_put_int(body, "number", number);
    (void)json_put_text(body, "task", backups_task_word(order.task));
    (void)json_put(body, "status", backups_status(h->ports.backups, call->service));
    handlers_answer_seen(h, call, 202, body);
}

static void changed(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct handlers *h = context;
    struct call *call = handlers_waited(h, ticket);
    if (call == NULL)
        return;
    json_t *one = backup_of(call) == NULL
                      ? NULL
                      : backups_one(h->ports.backups, call->service, backup_of(call));
    if (result < 0) {
        json_decref(one);
        refuse(h, call, result, err->text);
    } else {
        handlers_answer_seen(h, call, 200,
                             one != NULL ? one : backups_status(h->ports.backups, call->service));
    }
}

static bool confirmed(struct handlers *h, struct call *call)
{
    if (str_equal(json_text_or(call->args, "confirmation", ""), backup_of(call)))
        return true;
    handlers_unconfirmed(
        h, call,
        "A backup that is removed cannot be brought back. To confirm it, repeat its "
        "id: {\"confirmation\": ID}.");
    return false;
}

/* Those that are done at once. */
static void backup_change(struct handlers *h, struct call *call)
{
    struct backups_order order = order_of(h, call);
    struct error err = {0};
    if (order.task == BACKUPS_REMOVE && !confirmed(h, call))
        return;
    order.until =
        wall_add(handlers_now(h).wall, json_int_or(call->args, "days", PIN_DAYS) * DAY_MS);
    order.done = changed;
    order.context = h;
    order.ticket = handlers_wait(h, call);
    int r = backups_order(h->ports.backups, call->service, &order, NULL, &err);
    if (r < 0) {
        handlers_unwait(h, call);
        refuse(h, call, r, err.text);
    }
}

/* ── the sheet for a lost host ── */

static void host_read(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct handlers *h = context;
    struct call *call = handlers_waited(h, ticket);
    if (call == NULL)
        return;
    JSON_CLEANUP json_t *read = backups_host_taken(h->ports.backups, call->service);
    if (result < 0 && result != -ENOENT)
        refuse(h, call, -EIO, err->text);
    else if (result < 0)
        refuse(h, call, -ENOENT,
               "This backup knows nothing of its host: it was made by an older Resus. Make a new "
               "one with resus backup create.");
    else
        call->answer(call, 200,
                     rebuild_sheet_json(h->engine, call->service, read, handlers_now(h)));
}

static void backup_rebuild_sheet(struct handlers *h, struct call *call)
{
    struct error err = {0};
    uint64_t ticket = handlers_wait(h, call);
    int r =
        backups_host(h->ports.backups, call->service, backup_of(call), host_read, h, ticket, &err);
    if (r < 0) {
        handlers_unwait(h, call);
        refuse(h, call, r, err.text);
    }
}

static const struct handling rows[] = {
    {OP_BACKUP_OVERVIEW, .run = backup_overview_get},
    {OP_BACKUPS, .run = backups_get},
    {OP_BACKUP, .run = backup_get},
    {OP_BACKUP_STATUS, .run = backup_status_get, .woken = backup_status_woken},
    {OP_BACKUP_CREATE, .run = backup_task, .order = BACKUPS_MAKE},
    {OP_BACKUP_VERIFY, .run = backup_task, .order = BACKUPS_VERIFY},
    {OP_BACKUP_ACCEPT, .run = backup_change, .order = BACKUPS_ACCEPT},
    {OP_BACKUP_PIN, .run = backup_change, .order = BACKUPS_PIN},
    {OP_BACKUP_UNPIN, .run = backup_change, .order = BACKUPS_UNPIN},
    {OP_BACKUP_DELETE, .run = backup_change, .order = BACKUPS_REMOVE},
    {OP_BACKUP_PRUNABLE, .run = backup_prunable_get},
    {OP_BACKUP_PRUNE, .run = backup_change, .order = BACKUPS_PRUNE},
    {OP_BACKUP_COPY, .run = backup_copy},
    {OP_BACKUP_ELSEWHERE, .run = backup_elsewhere},
    {OP_BACKUP_FETCH, .run = backup_task, .order = BACKUPS_FETCH},
    {OP_BACKUP_REBUILD, .run = backup_rebuild_sheet},
    {OP_BACKUP_DRILLS, .run = backup_drills_get},
    {OP_BACKUP_DRILL, .run = backup_task, .order = BACKUPS_DRILL},
    {0},
};

const struct resource resource_backups = {NEEDS_BACKUPS, rows};
