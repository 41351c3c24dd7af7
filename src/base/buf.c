#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static int reserve(struct buf *b, size_t more)
{
    if (more > b->limit - b->length)
        return -ENOBUFS;
    size_t need = b->length + more + 1;
    if (need <= b->capacity)
        return 0;
    size_t capacity = b->capacity == 0 ? 64 : b->capacity;
    while (capacity < need)
        capacity *= 2;
    if (capacity > b->limit + 1)
        capacity = b->limit + 1;
    char *data = mem_calloc(capacity, 1); /* realloc would leave a secret's bytes behind */
    if (data == NULL)
        return -ENOMEM;
    if (b->length > 0)
        memcpy(data, b->data, b->length);
    mem_wipe(b->data, b->capacity);
    mem_free(b->data);
    b->data = data;
    b->capacity = capacity;
    return 0;
}

int buf_append(struct buf *b, const void *bytes, size_t length)
{
    int r = reserve(b, length);
    if (r < 0)
        return r;
    if (length > 0)
        memcpy(b->data + b->length, bytes, length);
    b->length += length;
    b->data[b->length] = '\0';
    return 0;
}

int buf_append_html(struct buf *b, const char *text)
{
    int r = 0;
    for (const char *p = text; r == 0 && *p != '\0'; p++) {
        const char *as = *p == '&'   ? "&amp;"
                         : *p == '<' ? "&lt;"
                         : *p == '>' ? "&gt;"
                         : *p == '"' ? "&quot;"
                                     : NULL;
        r = as == NULL ? buf_append(b, p, 1) : buf_append(b, as, strlen(as));
    }
    return r;
}

bool buf_append_cut(struct buf *b, const void *bytes, size_t length)
{
    size_t room = b->limit - b->length;
    size_t take = length < room ? length : room;
    return buf_append(b, bytes, take) == 0 && take == length;
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    int r = n < 0 ? -EINVAL : reserve(b, (size_t)n);
    if (r == 0) {
        (void)vsnprintf(b->data + b->length, (size_t)n + 1, format, again);
        b->length += (size_t)n;
    }
    va_end(again);
    return r;
}

void buf_consume(struct buf *b, size_t length)
{
    if (length >= b->length) {
        buf_clear(b);
        return;
    }
    memmove(b->data, b->data + length, b->length - length);
    b->length -= length;
    mem_wipe(b->data + b->length, length);
}

void buf_clear(struct buf *b)
{
    mem_wipe(b->data, b->length);
    b->length = 0;
}

void buf_free(struct buf *b)
{
    mem_wipe(b->data, b->capacity);
    mem_free(b->data);
    *b = BUF_LIMIT(b->limit);
}

const char *buf_text(const struct buf *b)
{
    return b->data == NULL ? "" : b->data;
}
