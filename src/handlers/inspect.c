/* inspect: INFO, slow log, clients, command statistics; read-only and bounded */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "redis/reply.h"
#include "report/bigkeys.h"
#include "report/inspect_json.h"

#define INSPECT_DEADLINE_MS 10000
#define STEP_DEADLINE_MS 2000

/* ── big keys: a walk by SCAN with MEMORY USAGE of each key, within a time budget: it never blocks Redis.
 * The answer says how much of the key space it saw. ── */

static void free_walk(struct call *call)
{
    mem_free(call->data);
    call->data = NULL;
}

static void scan(struct handlers *h, struct call *call)
{
    struct bigkeys *b = call->data;
    const char *args[] = {b->cursor, "COUNT", "64", NULL};
    h->ports.redis(h->ports.context, call->service, handlers_wait(h, call), REDIS_SCAN, args, false,
                   mono_add(handlers_now(h).mono, STEP_DEADLINE_MS));
}

static void measure(struct handlers *h, struct call *call)
{
    struct bigkeys *b = call->data;
    const char *args[] = {b->keys[b->next], NULL};
    h->ports.redis(h->ports.context, call->service, handlers_wait(h, call), REDIS_MEMORY_USAGE,
                   args, false, mono_add(handlers_now(h).mono, STEP_DEADLINE_MS));
}

static void bigkeys_begin(struct handlers *h, struct call *call)
{
    struct bigkeys *b = mem_calloc(1, sizeof *b);
    if (b == NULL) {
        handlers_refuse(h, call, 500, "Out of memory", "Out of memory", "out_of_memory");
        return;
    }
    (void)str_copy(b->cursor, sizeof b->cursor, "0");
    b->until = mono_add(handlers_now(h).mono, call->operation->budget_ms);
    call->data = b;
    call->free_data = free_walk;
    scan(h, call);
}

static void bigkeys_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
{
    struct bigkeys *b = call->data;
    bool readable = true;
    if (a->request == REDIS_SCAN) {
        readable = bigkeys_take_scan(b, a->reply);
    } else {
        bigkeys_take_size(b, a->reply);
    }
    bool out_of_time = mono_reached(handlers_now(h).mono, b->until);
    if (!readable || !reply_answered(a->probe.reply))
        handlers_refuse(h, call, 503, "Redis did not answer", a->probe.text, "redis_unanswered");
    else if (b->next < b->count && !out_of_time)
        measure(h, call);
    else if (!str_equal(b->cursor, "0") && !out_of_time)
        scan(h, call);
    else
        call->answer(call, 200, bigkeys_json(b, !out_of_time));
}

/* ── the others ── */

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

static void inspect_get(struct handlers *h, struct call *call)
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

static void inspect_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
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

static const struct handling rows[] = {
    {OP_INSPECT, .run = inspect_get, .redis_ended = inspect_redis_ended},
    {0},
};

const struct resource resource_inspect = {NEEDS_NOTHING, rows};
