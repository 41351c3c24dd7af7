#include "restore/keys.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* The items of the reply: an array of two, the cursor, an array of keys, the keys. */
enum { STEP_NONE, STEP_PAIR, STEP_CURSOR, STEP_ARRAY, STEP_KEYS };

int keys_ask(struct keys *k, struct pipeline *p, const char *pattern, int batch)
{
    char count[16];
    size_t words = 4;
    (void)str_format(count, sizeof count, "%d", batch);
    struct word command[6] = {
        {"SCAN", 4}, {k->cursor, strlen(k->cursor)}, {"COUNT", 5}, {count, strlen(count)}};
    if (pattern[0] != '\0') {
        command[words++] = (struct word){"MATCH", 5};
        command[words++] = (struct word){pattern, strlen(pattern)};
    }
    buf_clear(&k->names);
    k->count = 0;
    k->step = STEP_PAIR;
    return pipeline_send(p, command, words);
}

static int add(struct keys *k, const struct wire_item *item)
{
    if (k->count == k->room) {
        size_t room = k->room == 0 ? 512 : 2 * k->room;
        size_t *ends = mem_realloc(k->ends, room * sizeof *ends);
        if (ends == NULL)
            return -ENOMEM;
        k->ends = ends;
        k->room = room;
    }
    int r = buf_append(&k->names, item->text, item->length);
    if (r == 0)
        k->ends[k->count++] = k->names.length;
    return r;
}

int keys_take(struct keys *k, const struct wire_item *item)
{
    int r = -EPROTO;
    if (k->step == STEP_PAIR && item->type == WIRE_ARRAY && item->number == 2) {
        k->step = STEP_CURSOR;
        return 0;
    }
    if (k->step == STEP_CURSOR && item->type == WIRE_BULK && item->length < sizeof k->cursor) {
        (void)str_copy_n(k->cursor, sizeof k->cursor, item->text, item->length);
        k->step = STEP_ARRAY;
        return 0;
    }
    if (k->step == STEP_ARRAY && item->type == WIRE_ARRAY) {
        k->announced = (size_t)item->number;
        k->step = STEP_KEYS;
        r = 0;
    } else if (k->step == STEP_KEYS && item->type == WIRE_BULK) {
        r = add(k, item);
    }
    if (r < 0 || k->count < k->announced)
        return r;
    k->step = STEP_NONE;
    return 1;
}

struct word keys_at(const struct keys *k, size_t index)
{
    size_t begin = index == 0 ? 0 : k->ends[index - 1];
    return (struct word){buf_text(&k->names) + begin, k->ends[index] - begin};
}

bool keys_last(const struct keys *k)
{
    return str_equal(k->cursor, "0");
}

void keys_free(struct keys *k)
{
    buf_free(&k->names);
    mem_free(k->ends);
    k->ends = NULL;
}
