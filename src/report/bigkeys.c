#include "report/bigkeys.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

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

json_t *bigkeys_json(const struct bigkeys *b, bool complete)
{
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
    return body;
}

bool bigkeys_take_scan(struct bigkeys *b, const struct redis_reply *reply)
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

void bigkeys_take_size(struct bigkeys *b, const struct redis_reply *reply)
{
    bool refused = reply != NULL && reply->type == RESP_ERROR;
    b->measured += !refused;
    b->passed_over += refused;
    if (reply != NULL && reply->type == RESP_INTEGER)
        keep(b, b->keys[b->next], reply->integer);
    b->next++;
}
