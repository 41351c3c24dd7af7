/* guided procedures: what there is, and what a person orders */
#include "procedures/procedures.h"

#include <errno.h>

#include "base/json.h"
#include "base/str.h"
#include "handlers/inside.h"
#include "handlers/resources.h"

#define HOLD_MS 20000 /* an answer is held back for so long */

static int64_t number_of(const struct call *call)
{
    return json_int_or(call->args, "n", 0);
}

static void procedure_refuse(struct handlers *h, struct call *call, int r, const char *text)
{
    static const struct refusal own[] = {
        {-EPERM, 409, "Not from here", "not_changeable"},
        {-EBUSY, 409, "Not now", "wrong_state"},
        {-EALREADY, 409, "Nothing to accept", "not_acceptable"},
        {-EEXIST, 409, "It is here", "backup_exists"},
    };
    handlers_refuse_error(h, call, r, text, own, ARRAY_LENGTH(own), "backup_failed");
}

static void answer(struct handlers *h, struct call *call, int status, json_t *body)
{
    if (body == NULL)
        procedure_refuse(h, call, -ENOENT,
                         "There is no such procedure: resus procedure list shows them.");
    else
        handlers_answer_seen(h, call, status, body);
}

static void procedures_get(struct handlers *h, struct call *call)
{
    answer(h, call, 200, procedures_list(h->ports.procedures, call->service));
}

/* With `wait`: not while Resus works in it; after HOLD_MS in any case. */
static void procedure_woken(struct handlers *h, struct call *call)
{
    bool works = json_bool_or(call->args, "wait", false) &&
                 procedures_working(h->ports.procedures, call->service, number_of(call));
    if (handlers_hold(h, call, works, HOLD_MS))
        return;
    answer(h, call, call->gone ? 499 : 200,
           procedures_one(h->ports.procedures, call->service, number_of(call)));
}

static void procedure_get(struct handlers *h, struct call *call)
{
    call->seen = handlers_now(h).wall;
    procedure_woken(h, call);
}

static void procedure_post(struct handlers *h, struct call *call)
{
    const struct procedures_wish wish = {
        .kind = str_equal(json_text_or(call->args, "kind", ""), "update") ? PROCEDURE_UPDATE
                                                                          : PROCEDURE_CONFIG,
        .name = json_text_or(call->args, "name", NULL),
        .value = json_text_or(call->args, "value", NULL),
        .reason = json_text_or(call->args, "reason", NULL),
        .user = &call->user,
        .request_id = call->request_id,
    };
    struct error err = {0};
    int64_t r = procedures_begin(h->ports.procedures, call->service, &wish, &err);
    if (r < 0)
        procedure_refuse(h, call, (int)r, err.text);
    else
        answer(h, call, 202, procedures_one(h->ports.procedures, call->service, r));
}

static void procedure_order(struct handlers *h, struct call *call)
{
    const char *word = json_text_or(call->args, "order", "");
    struct procedures_order order = {.event = PROCEDURE_EVENT_COUNT,
                                     .user = &call->user,
                                     .reason = json_text_or(call->args, "reason", NULL),
                                     .request_id = call->request_id};
    struct error err = {0};
    for (int i = PROCEDURE_GO; i < PROCEDURE_EVENT_COUNT; i++)
        if (str_equal(word, procedure_event_word((enum procedure_event)i)))
            order.event = (enum procedure_event)i;
    int r = procedures_order(h->ports.procedures, call->service, number_of(call), &order, &err);
    if (r < 0)
        procedure_refuse(h, call, r, err.text);
    else
        answer(h, call, 202, procedures_one(h->ports.procedures, call->service, number_of(call)));
}

static void procedure_tick(struct handlers *h, struct call *call)
{
    struct error err = {0};
    int r = procedures_mark(h->ports.procedures, call->service, number_of(call),
                            (size_t)json_int_or(call->args, "item", 0),
                            json_bool_or(call->args, "done", false), &call->user,
                            json_text_or(call->args, "note", NULL), &err);
    if (r < 0)
        procedure_refuse(h, call, r, err.text);
    else
        answer(h, call, 200, procedures_one(h->ports.procedures, call->service, number_of(call)));
}

static const struct handling rows[] = {
    {OP_PROCEDURES, .run = procedures_get},
    {OP_PROCEDURE_SHOW, .run = procedure_get, .woken = procedure_woken},
    {OP_PROCEDURE_BEGIN, .run = procedure_post},
    {OP_PROCEDURE_ORDER, .run = procedure_order},
    {OP_PROCEDURE_CHECKLIST, .run = procedure_tick},
    {0},
};

const struct resource resource_procedures = {NEEDS_PROCEDURES, rows};
