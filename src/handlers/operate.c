/* start, stop, restart, reload */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

static void operated(void *context, int status, json_t *body)
{
    struct call *call = context;
    call->answer(call, status, body);
}

static const enum engine_operation orders[OPERATION_ACT_COUNT] = {
    [ACT_START] = OPERATION_START,
    [ACT_STOP] = OPERATION_STOP,
    [ACT_RESTART] = OPERATION_RESTART,
    [ACT_RELOAD] = OPERATION_RELOAD,
};

void operate(struct handlers *h, struct call *call)
{
    struct engine_request request = {
        .operation = orders[call->operation->act],
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
