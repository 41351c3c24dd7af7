#include "restore/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool number_of(const char *text, size_t length, int64_t *ret)
{
    bool minus = length > 0 && text[0] == '-';
    size_t at = minus ? 1 : 0;
    int64_t value = 0;
    if (at == length || length - at > 18)
        return false;
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        value = value * 10 + (text[at] - '0');
    }
    *ret = minus ? -value : value;
    return true;
}

/* The item at the front: its bytes, 0 when more are needed (then `need` says how many), -EPROTO. */
static int64_t parse(const char *bytes, size_t length, struct wire_item *item, size_t *need)
{
    static const char kinds[] = "+-:$*";
    const char *kind = strchr(kinds, bytes[0]);
    if (kind == NULL || bytes[0] == '\0')
        return -EPROTO;
    const char *end = memchr(bytes, '\n', length < WIRE_LINE_MAX ? length : WIRE_LINE_MAX);
    *need = length + 1;
    if (end == NULL)
        return length < WIRE_LINE_MAX ? 0 : -EPROTO;
    if (end[-1] != '\r')
        return -EPROTO;
    size_t head = (size_t)(end - bytes) + 1;
    *item = (struct wire_item){.text = bytes + 1, .length = head - 3};
    if (head < 3)
        return -EPROTO;
    if (*kind == '+' || *kind == '-') {
        item->type = *kind == '+' ? WIRE_STATUS : WIRE_ERROR;
        return (int64_t)head;
    }
    if (!number_of(item->text, item->length, &item->number))
        return -EPROTO;
    item->text = NULL;
    item->length = 0;
    if (*kind == ':') {
        item->type = WIRE_NUMBER;
        return (int64_t)head;
    }
    if (item->number < 0) {
        item->type = WIRE_NULL;
        return (int64_t)head;
    }
    if (*kind == '*') {
        item->type = WIRE_ARRAY;
        return item->number <= WIRE_ITEMS_MAX ? (int64_t)head : -EPROTO;
    }
    if (item->number > (int64_t)WIRE_BULK_MAX)
        return -EPROTO;
    item->type = WIRE_BULK;
    item->text = bytes + head;
    item->length = (size_t)item->number;
    size_t whole = head + item->length + 2;
    *need = whole;
    if (length < whole)
        return 0;
    return bytes[whole - 2] == '\r' && bytes[whole - 1] == '\n' ? (int64_t)whole : -EPROTO;
}

/* Takes whole items from the front; the bytes used, or a negative error. */
static int64_t take_items(struct wire *w, const char *bytes, size_t length, wire_sink *sink,
                          void *context)
{
    size_t used = 0;
    w->need = 1;
    while (used < length) {
        struct wire_item item;
        int64_t n = parse(bytes + used, length - used, &item, &w->need);
        if (n == 0)
            break;
        int r = n < 0 ? (int)n : sink(context, &item);
        if (r < 0)
            return r;
        used += (size_t)n;
        w->need = 1;
    }
    return (int64_t)used;
}

int wire_feed(struct wire *w, const char *bytes, size_t length, wire_sink *sink, void *context,
              struct error *err)
{
    int64_t used = 0;
    if (w->rest.length == 0) {
        used = take_items(w, bytes, length, sink, context);
        if (used >= 0 && (size_t)used == length)
            return 0;
        bytes += used < 0 ? 0 : used;
        length -= used < 0 ? 0 : (size_t)used;
    }
    if (used >= 0) {
        int r = buf_append(&w->rest, bytes, length);
        if (r < 0)
            return error_set(err, r, "out of memory");
        if (w->rest.length < w->need)
            return 0;
        used = take_items(w, w->rest.data, w->rest.length, sink, context);
    }
    if (used == -EPROTO)
        return error_set(err, -EPROTO,
                         "this is not a reply of Redis, or a value of more than %zu MB",
                         WIRE_BULK_MAX / 1024 / 1024);
    if (used < 0)
        return (int)used;
    buf_consume(&w->rest, (size_t)used);
    return 0;
}
