/* The log of a redis-server that Resus runs itself: a file that the process has as its output and
 * appends to. Inside host/ only. */
#ifndef RESUS_HOST_PROCESS_LOG_H
#define RESUS_HOST_PROCESS_LOG_H

#include <uv.h>

#include "base/buf.h"

/* Bytes. At a start a longer one is moved to LOG.1. While the process runs, the beginning of a
 * longer one is taken away in place, so that nothing is lost that is written meanwhile; where the
 * file system can only make a hole (tmpfs, btrfs) the file keeps its length, and the disk has
 * PROCESS_LOG_KEPT of it. */
#define PROCESS_LOG_MAX (16 * 1024 * 1024)
#define PROCESS_LOG_KEPT (PROCESS_LOG_MAX / 2)

/* The last `lines` lines, as many as `out`, which is empty, holds. */
void process_log_tail(const char *log, int lines, struct buf *out);
/* Looks how long it is; the work, if there is any, is done on a worker, one log at a time. A file
 * system that can do neither is told of once. */
void process_log_bound(uv_loop_t *loop, const char *log);

#endif
