/* The answer to PSYNC as bytes: the reply line, the newlines of a server that is still forking, and
 * the RDB, whose end is given by a length or by a mark of 40 bytes. Foreign bytes: fuzzed. No I/O.
 *
 * A server may use the same mark in every transfer, so a stored value may contain it. The mark is
 * accepted only where the RDB is complete: after 0xFF and the right CRC. */
#ifndef RESUS_BACKUPS_TRANSFER_H
#define RESUS_BACKUPS_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backups/rdb_head.h"
#include "base/attr.h"
#include "base/error.h"

#define TRANSFER_MARK_LENGTH 40
#define TRANSFER_LINE_MAX 512
#define TRANSFER_REPLID_SIZE 41
#define TRANSFER_FEED_MAX (64 * 1024) /* bytes of one piece; longer ones are cut into such */

/* Takes the next bytes of the RDB, in order. 0 or a negative error, which ends the transfer. */
typedef int transfer_sink(void *context, const unsigned char *bytes, size_t length,
                          struct error *err);

enum transfer_phase {
    TRANSFER_ASKED,     /* the reply line is awaited */
    TRANSFER_FORKING,   /* +FULLRESYNC; the server prepares the RDB */
    TRANSFER_RECEIVING, /* the RDB */
    TRANSFER_WHOLE      /* complete; later bytes are ignored */
};

/* Begins as {0} with `sink` and `context`. */
struct transfer {
    transfer_sink *sink;
    void *context;
    enum transfer_phase phase;
    char replid[TRANSFER_REPLID_SIZE];
    int64_t repl_offset;
    bool by_mark;
    uint64_t expected_bytes; /* without a mark */
    struct rdb_head head;
    struct rdb_tail tail;
    /* an error that the server replied instead, without the '-'; "" = none */
    char refusal[TRANSFER_LINE_MAX];
    /* the parser's own */
    char line[TRANSFER_LINE_MAX];
    size_t line_length;
    char mark[TRANSFER_MARK_LENGTH];
    unsigned char held[TRANSFER_MARK_LENGTH - 1]; /* may be the beginning of the mark */
    size_t held_length;
};

/* Takes bytes as they come, in any cut. 0; -ECONNREFUSED when the server replied an error
 * (`refusal`); -EPROTO when this is not an answer to PSYNC; -EBADMSG when the RDB is damaged; the sink's.
 * After an error the transfer is over. */
int transfer_feed(struct transfer *t, const void *bytes, size_t length,
                  struct error *err) ATTR_MUST_USE;
/* Bytes of the RDB that were passed on. */
uint64_t transfer_bytes(const struct transfer *t);

#endif
