#include "daemon/calls.h"

#include "api/error_body.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

struct waiting {
    struct call call;
    struct control_call *control;
    struct handlers *handlers;
};

static void answer(struct call *call, int status, json_t *body)
{
    struct waiting *w = call->owner;
    w->control->cancelled = NULL;
    call_wipe_secrets(call);
    control_answer(w->control, status, body);
    if (call->free_data != NULL)
        call->free_data(call);
    json_decref(call->kept);
    mem_free(w);
}

static void push(struct call *call, json_t *line)
{
    struct waiting *w = call->owner;
    control_push(w->control, line);
}

static void cancelled(struct control_call *control)
{
    struct waiting *w = control->data;
    handlers_gone(w->handlers, &w->call);
}

void calls_take(void *context, struct control_call *control)
{
    int index = operation_by_name(control->op);
    if (index < 0) {
        control_answer(
            control, 404,
            error_body("Not found", "There is no such operation.", "not_found", clock_wall()));
        return;
    }
    struct waiting *w = mem_calloc(1, sizeof *w);
    if (w == NULL) {
        control_answer(control, 500, NULL);
        return;
    }
    w->control = control;
    w->handlers = context;
    control->data = w;
    control->cancelled = cancelled;
    struct call *call = &w->call;
    call->operation = &operations[index];
    call->args = control->args;
    call->access = control->principal.access;
    call->owner = w;
    call->answer = answer;
    call->push = push;
    struct engine_user *user = &call->user;
    (void)str_copy(user->id, sizeof user->id, control->principal.name);
    (void)str_copy(user->email, sizeof user->email, control->principal.name);
    (void)str_copy(user->role, sizeof user->role, access_name(call->access));
    (void)str_copy(user->source_ip, sizeof user->source_ip, "local");
    handlers_dispatch(w->handlers, call, control->service);
}
