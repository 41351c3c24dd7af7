/* bigkeys: a walk over the key space by SCAN with MEMORY USAGE of each key, within a time budget;
 * it never blocks Redis. The answer says how much of the key space it saw. */
#include "report/bigkeys.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/resources.h"

#define STEP_DEADLINE_MS 2000

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

void bigkeys_begin(struct handlers *h, struct call *call)
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

void bigkeys_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
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
