/* A byte buffer that grows up to the hard limit given at init and refuses the byte after it. */
#ifndef RESUS_BASE_BUF_H
#define RESUS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct buf {
    char *data; /* NUL-terminated after every append; NULL while empty */
    size_t length;
    size_t capacity;
    size_t limit; /* bytes, without the NUL */
};

#define BUF_LIMIT(max) ((struct buf){.limit = (max)})

/* 0, -ENOBUFS past the limit, -ENOMEM; on failure the buffer is as it was. */
int buf_append(struct buf *b, const void *bytes, size_t length) ATTR_MUST_USE;
/* A text as HTML shows it, in an element or in a quoted attribute. */
int buf_append_html(struct buf *b, const char *text) ATTR_MUST_USE;
int buf_printf(struct buf *b, const char *format, ...) ATTR_PRINTF(2, 3) ATTR_MUST_USE;
/* Appends what still fits; true when all of it did. For output caps. */
bool buf_append_cut(struct buf *b, const void *bytes, size_t length);
/* Takes `length` bytes away from the front; wipes what becomes free, as buf_clear() does. */
void buf_consume(struct buf *b, size_t length);
void buf_clear(struct buf *b); /* keeps the memory */
/* Wipes (secrets pass through these) and frees; the limit stays. */
void buf_free(struct buf *b);
/* "" while empty. */
const char *buf_text(const struct buf *b);

#endif
