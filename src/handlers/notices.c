/* notify: a banner for the users of one service, or of all */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

void notify_post(struct handlers *h, struct call *call)
{
    struct now now = handlers_now(h);
    const char *id = json_text_or(call->args, "service", NULL);
    int service = id == NULL ? call->service : engine_service_index(h->engine, id);
    if (id != NULL && (service < 0 || !call_sees(call, id))) {
        call_refuse(call, 404, "Not found", "There is no such service.", "not_found", now.wall);
        return;
    }
    if (service < 0 && call->services != NULL) {
        call_refuse(call, 403, "Service needed",
                    "This token is for some services only: name the service.", "forbidden",
                    now.wall);
        return;
    }
    int told = engine_notify(h->engine, service, &call->user,
                             json_text_or(call->args, "message", ""), now);
    json_t *body = json_object();
    (void)json_put_bool(body, "success", true);
    (void)json_put_text(body, "service",
                        service < 0 ? NULL : engine_settings(h->engine, service)->id);
    (void)json_put_int(body, "services", told);
    (void)json_put_wall(body, "timestamp", now.wall);
    call->answer(call, 200, body);
}
