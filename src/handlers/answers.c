/* Answers that many handlers give. */
#include <errno.h>

#include "api/error_body.h"
#include "api/visible.h"
#include "base/json.h"
#include "handlers/inside.h"
#include "handlers/waiting.h"

#define HOLD_POLL_MS 200

void handlers_refuse(struct handlers *h, struct call *call, int status, const char *title,
                     const char *text, const char *code)
{
    call_refuse(call, status, title, text, code, handlers_now(h).wall);
}

static const struct refusal usual[] = {
    {-ENOENT, 404, "Not found", "not_found"},
    {-EBUSY, 409, "Something else runs", "operation_running"},
    {-EINVAL, 400, "Bad input", "bad_input"},
    {-ENOMEM, 500, "Out of memory", "out_of_memory"},
};

static const struct refusal *row_of(const struct refusal *rows, size_t count, int error)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].error == error)
            return &rows[i];
    return NULL;
}

void handlers_refuse_error(struct handlers *h, struct call *call, int error, const char *text,
                           const struct refusal *own, size_t count, const char *otherwise)
{
    const struct refusal unknown = {error, 500, "Operation failed", otherwise};
    const struct refusal *row = row_of(own, count, error);
    if (row == NULL)
        row = row_of(usual, ARRAY_LENGTH(usual), error);
    if (row == NULL)
        row = &unknown;
    handlers_refuse(h, call, row->status, row->title, text, row->code);
}

void handlers_answer_seen(struct handlers *h, struct call *call, int status, json_t *body)
{
    json_t *seen = body == NULL ? NULL : visible_people(body, call->access);
    json_decref(body);
    if (seen == NULL)
        handlers_refuse(h, call, 500, "Out of memory",
                        "The answer needs more memory than there is.", "out_of_memory");
    else
        call->answer(call, status, seen);
}

void handlers_unconfirmed(struct handlers *h, struct call *call, const char *text)
{
    json_t *body =
        error_body("Confirmation required", text, "confirmation_required", handlers_now(h).wall);
    (void)json_put_bool(body, "confirmation_required", true);
    call->answer(call, 400, body);
}

bool handlers_has_history(struct handlers *h, struct call *call)
{
    if (h->ports.series == NULL)
        handlers_refuse(h, call, 503, "No history", "The history of figures could not be opened.",
                        "no_history");
    return h->ports.series != NULL;
}

void handlers_answer_list(struct call *call, json_t *items)
{
    json_t *body = rows_list(items);
    json_decref(items);
    call->answer(call, 200, body);
}

json_t *handlers_success(void)
{
    json_t *body = json_object();
    (void)json_put_bool(body, "success", true);
    return body;
}

bool handlers_named_service(struct handlers *h, struct call *call, int *ret)
{
    const char *id = json_text_or(call->args, "service", NULL);
    *ret = id == NULL ? -1 : engine_service_index(h->engine, id);
    if (id == NULL || *ret >= 0)
        return true;
    handlers_refuse(h, call, 404, "Not found", "There is no such service.", "not_found");
    return false;
}

bool handlers_hold(struct handlers *h, struct call *call, bool works, int64_t most_ms)
{
    struct now now = handlers_now(h);
    if (!works || call->gone || wall_since(now.wall, call->seen) >= most_ms)
        return false;
    handlers_sleep(h, call, mono_add(now.mono, HOLD_POLL_MS));
    return true;
}
