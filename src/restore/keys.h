/* The reply to SCAN, item by item: a cursor and the keys of one batch. */
#ifndef RESUS_RESTORE_KEYS_H
#define RESUS_RESTORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "restore/pipeline.h"

#define KEYS_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of the names of one batch */
#define KEYS_CURSOR_SIZE 24

/* Begins as {.names = BUF_LIMIT(KEYS_BYTES_MAX)} with cursor "0". */
struct keys {
    char cursor[KEYS_CURSOR_SIZE]; /* for the next SCAN; "0" after the last one */
    struct buf names;
    size_t *ends; /* where each name ends */
    size_t count, room;
    int step; /* which item is awaited */
    size_t announced;
};

/* Sends SCAN and awaits its reply. */
int keys_ask(struct keys *k, struct pipeline *p, const char *pattern, int batch) ATTR_MUST_USE;
/* 1: all keys are here; 0: more items follow; -EPROTO, -ENOMEM, -ENOBUFS. */
int keys_take(struct keys *k, const struct wire_item *item) ATTR_MUST_USE;
struct word keys_at(const struct keys *k, size_t index);
bool keys_last(const struct keys *k);
void keys_free(struct keys *k);

#endif
