/* bigkeys: a walk over the key space by SCAN with MEMORY USAGE of each key, within a time budget;
 * it never blocks Redis. The answer says how much of the key space it saw. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "redis/reply.h"

#define BIGKEYS_BUDGET_MS 5000
#define BIGKEYS_SHOWN 20
#define BIGKEYS_PER_SCAN 256 /* keys of one SCAN reply that are measured: COUNT is only a hint */
#define BIGKEYS_KEY_MAX 256  /* longer names are passed over */
#define STEP_DEADLINE_MS 2000

struct bigkeys {
    char cursor[32];
    char keys[BIGKEYS_PER_SCAN][BIGKEYS_KEY_MAX];
    size_t count, next;
    int64_t measured, passed_over;
    mono_ms until;
    struct {
        char key[BIGKEYS_KEY_MAX];
        int64_t bytes;
    } top[BIGKEYS_SHOWN];
    size_t shown;
};

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
        call_refuse(call, 500, "Out of memory", "Out of memory", "out_of_memory",
                    handlers_now(h).wall);
        return;
    }
    (void)str_copy(b->cursor, sizeof b->cursor, "0");
    b->until = mono_add(handlers_now(h).mono, BIGKEYS_BUDGET_MS);
    call->data = b;
    call->free_data = free_walk;
    scan(h, call);
}

static void keep(struct bigkeys *b, const char *key, int64_t bytes)
{
    size_t at = b->shown;
    while (at > 0 && b->top[at - 1].bytes < bytes)
        at--;
    if (at == BIGKEYS_SHOWN)
        return;
    size_t last = b->shown < BIGKEYS_SHOWN ? b->shown++ : BIGKEYS_SHOWN - 1;
    memmove(&b->top[at + 1], &b->top[at], (last - at) * sizeof b->top[0]);
    (void)str_copy(b->top[at].key, sizeof b->top[at].key, key);
    b->top[at].bytes = bytes;
}

static void finish(struct call *call, bool complete)
{
    struct bigkeys *b = call->data;
    json_t *items = json_array();
    for (size_t i = 0; i < b->shown; i++) {
        json_t *item = json_object();
        char key[BIGKEYS_KEY_MAX];
        (void)str_copy_clean(key, sizeof key, b->top[i].key, strlen(b->top[i].key));
        (void)json_put_text(item, "key", key);
        (void)json_put_int(item, "memory_bytes", b->top[i].bytes);
        (void)json_array_append_new(items, item);
    }
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    (void)json_put_int(body, "keys_measured", b->measured);
    (void)json_put_int(body, "keys_passed_over", b->passed_over);
    (void)json_put_bool(body, "complete", complete && b->passed_over == 0);
    call->answer(call, 200, body);
}

static bool take_scan(struct bigkeys *b, const struct redis_reply *reply)
{
    if (reply == NULL || reply->type != RESP_LIST || reply->count != 2 ||
        reply->items[0]->text == NULL)
        return false;
    const struct redis_reply *keys = reply->items[1];
    (void)str_copy_n(b->cursor, sizeof b->cursor, reply->items[0]->text, reply->items[0]->length);
    b->count = 0;
    b->next = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct redis_reply *key = keys->items[i];
        if (b->count == BIGKEYS_PER_SCAN || key->text == NULL || key->length >= BIGKEYS_KEY_MAX ||
            memchr(key->text, '\0', key->length) != NULL) {
            b->passed_over++;
            continue;
        }
        (void)str_copy_n(b->keys[b->count++], BIGKEYS_KEY_MAX, key->text, key->length);
    }
    return true;
}

void bigkeys_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
{
    struct bigkeys *b = call->data;
    bool readable = true;
    if (a->request == REDIS_SCAN) {
        readable = take_scan(b, a->reply);
    } else {
        const struct redis_reply *reply = a->reply;
        bool refused = reply != NULL && reply->type == RESP_ERROR;
        b->measured += !refused;
        b->passed_over += refused;
        if (reply != NULL && reply->type == RESP_INTEGER)
            keep(b, b->keys[b->next], reply->integer);
        b->next++;
    }
    bool out_of_time = mono_reached(handlers_now(h).mono, b->until);
    if (!readable || !reply_answered(a->probe.reply))
        call_refuse(call, 503, "Redis did not answer", a->probe.text, "redis_unanswered",
                    handlers_now(h).wall);
    else if (b->next < b->count && !out_of_time)
        measure(h, call);
    else if (!str_equal(b->cursor, "0") && !out_of_time)
        scan(h, call);
    else
        finish(call, !out_of_time);
}
