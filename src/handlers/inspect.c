/* inspect: INFO, slow log, clients, command statistics; read-only and bounded */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "redis/reply.h"
#include "report/inspect_json.h"

#define INSPECT_DEADLINE_MS 10000

static enum redis_request request_for(const char *what)
{
    if (str_equal(what, "slowlog"))
        return REDIS_SLOWLOG;
    if (str_equal(what, "clients"))
        return REDIS_CLIENT_LIST;
    if (str_equal(what, "commandstats"))
        return REDIS_COMMANDSTATS;
    return REDIS_INFO;
}

void inspect_get(struct handlers *h, struct call *call)
{
    const char *what = json_text_or(call->args, "what", "info");
    if (str_equal(what, "bigkeys")) {
        bigkeys_begin(h, call);
        return;
    }
    h->ports.redis(h->ports.context, call->service, handlers_wait(h, call), request_for(what), NULL,
                   false, mono_add(handlers_now(h).mono, INSPECT_DEADLINE_MS));
}

bool inspect_with_arguments(const struct call *call)
{
    return json_bool_or(call->args, "with_arguments", false);
}

void inspect_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
{
    const char *what = json_text_or(call->args, "what", "info");
    if (str_equal(what, "bigkeys")) {
        bigkeys_redis_ended(h, call, a);
        return;
    }
    bool answered = reply_answered(a->probe.reply) && (a->text != NULL || a->reply != NULL);
    if (!answered) {
        handlers_refuse(h, call, 503, "Redis did not answer",
                        a->probe.text[0] != '\0' ? a->probe.text : reply_class_word(a->probe.reply),
                        "redis_unanswered");
        return;
    }
    /* An error reply has no entries, and would look like a server that has none. */
    if (a->reply != NULL && a->reply->type == RESP_ERROR) {
        handlers_refuse(h, call, 503, "Redis refused", a->probe.text, "redis_refused");
        return;
    }
    json_t *body = json_object();
    json_t *seen = inspect_json(a, inspect_with_arguments(call));
    (void)json_put(body, a->request == REDIS_INFO ? "info" : "items", seen);
    if (a->request == REDIS_CLIENT_LIST) {
        size_t all = inspect_clients(a);
        (void)json_put_int(body, "total", (int64_t)all);
        (void)json_put_bool(body, "complete", all == json_array_size(seen));
    }
    call->answer(call, 200, body);
}
