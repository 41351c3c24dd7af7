/* A file that is written in blocks on libuv's workers, with its SHA-256 on the way: the loop never
 * waits for the disk. Part of the disk stays free, so that it is never filled. */
#ifndef RESUS_BACKUPS_SPOOL_H
#define RESUS_BACKUPS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

#define SPOOL_SHA256_SIZE 65           /* hexadecimal, with the NUL */
#define SPOOL_SLACK_BYTES (256 * 1024) /* room after a full block, for data under way */

struct spool;

/* On the loop, after each write: there is room again, or the spool failed (`err` not NULL). */
typedef void spool_ready(void *context, const struct error *err);
/* On the loop, the last event; the spool is freed after it. `sha256` is "" after a failure, and
 * then the file is removed. */
typedef void spool_closed(void *context, const char *sha256, const struct error *err);

/* Makes the file (O_EXCL, 0600). `reserve_bytes` of its disk stay free. */
int spool_new(uv_loop_t *loop, const char *path, size_t block_bytes, int64_t reserve_bytes,
              spool_ready *ready, void *context, struct spool **ret,
              struct error *err) ATTR_MUST_USE;
/* Announces the size of the file: the first write fails when it does not fit. */
void spool_expect(struct spool *s, uint64_t bytes);
/* Copies the bytes; a full block is written. -ENOBUFS when the caller ignored spool_full, or the
 * failure of an earlier write. */
int spool_add(struct spool *s, const void *bytes, size_t length, struct error *err) ATTR_MUST_USE;
/* Both blocks are full: add no more than SPOOL_SLACK_BYTES until `ready`. */
bool spool_full(const struct spool *s);
/* Writes the rest and syncs the file, or, with `keep` false, removes it. `ready` is no longer
 * called. */
void spool_close(struct spool *s, bool keep, spool_closed *closed, void *context);

#endif
