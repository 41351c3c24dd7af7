/* RESP2 replies as a flat row of items, for pipelines with large values: an array is an item that
 * announces how many follow. Bulks are not copied when they came in one piece. Foreign bytes:
 * fuzzed. */
#ifndef RESUS_RESTORE_WIRE_H
#define RESUS_RESTORE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

#define WIRE_LINE_MAX 65536
#define WIRE_BULK_MAX ((size_t)255 * 1024 * 1024) /* of one value */
#define WIRE_ITEMS_MAX (1024 * 1024)              /* of one array */

enum wire_type { WIRE_STATUS, WIRE_ERROR, WIRE_NUMBER, WIRE_BULK, WIRE_NULL, WIRE_ARRAY };

struct wire_item {
    enum wire_type type;
    int64_t number;   /* NUMBER; ARRAY: how many items follow */
    const char *text; /* STATUS, ERROR, BULK; lives during the call, has no NUL */
    size_t length;
};

/* Returns 0, or a negative error that ends the feed. */
typedef int wire_sink(void *context, const struct wire_item *item);

/* Begins as {.rest = BUF_LIMIT(WIRE_BULK_MAX + WIRE_LINE_MAX)}; buf_free(&rest) ends it. */
struct wire {
    struct buf rest; /* the beginning of an item */
    size_t need;     /* bytes of `rest` below which no item can be whole */
};

/* 0; -EPROTO when this is not RESP2 or past a limit; -ENOMEM; the sink's. */
int wire_feed(struct wire *w, const char *bytes, size_t length, wire_sink *sink, void *context,
              struct error *err) ATTR_MUST_USE;

#endif
