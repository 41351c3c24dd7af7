/* RESP2 in and out: hiredis as the codec, with our own objects and our own caps (client.h). Foreign
 * bytes: fuzzed. */
#ifndef RESUS_REDIS_RESP_H
#define RESUS_REDIS_RESP_H

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "redis/reply.h"

struct resp_reader;

int resp_reader_new(struct resp_reader **ret, struct error *err) ATTR_MUST_USE;
void resp_reader_free(struct resp_reader *r); /* takes NULL */

/* Adds bytes as they came from the stream (any cut). -ENOMEM. */
int resp_reader_feed(struct resp_reader *r, const char *bytes, size_t length,
                     struct error *err) ATTR_MUST_USE;
/* The next whole reply: 1 and `*ret` (the caller's: reply_free), 0 when more bytes are needed,
 * -EPROTO when this is not RESP2 or goes past a cap, -ENOMEM. After a failure the reader is of no
 * more use. Ask until it says 0 after each feed: the caps are checked here. */
int resp_reader_next(struct resp_reader *r, struct redis_reply **ret,
                     struct error *err) ATTR_MUST_USE;

/* Appends a command of `count` words. -ENOMEM, -ENOBUFS. */
int resp_command(struct buf *to, const char *const *words, size_t count) ATTR_MUST_USE;

#endif
