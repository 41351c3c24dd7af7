/* Makes a server the replica of the one that has the backup, and independent again. Asks it with new
 * connections, until it is so. */
#ifndef RESUS_RESTORE_REPLICA_H
#define RESUS_RESTORE_REPLICA_H

#include <uv.h>

#include "backups/query.h"
#include "backups/rdb_head.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/permit.h"
#include "core/restore.h"

#define REPLICA_ID_SIZE 41 /* of a replication history, with its NUL */

/* What is remembered of the copy, and of the server before it. */
struct replica_copy {
    char id[REPLICA_ID_SIZE]; /* the history of the server of the backup; "" = none yet */
    char address[64];         /* where that server listens, seen from the target */
    int port;
    int64_t keys_before, expires_before;
};

struct replica_options {
    /* To change the server; copied, and ended with the work. NULL = it is asked, and nothing is sent
     * that changes it. */
    const struct permit *permit;
    const struct redis_settings *redis; /* must outlive the work */
    const struct redis_tunnel *tunnel;
    const struct replica_copy *copy;    /* likewise */
    const struct rdb_counts *databases; /* of the backup; likewise */
    size_t database_count;
    int64_t within_ms;
    int64_t link_ms; /* replica_follow(): without a link to ours, and nothing is copied */
};

/* Once, on the loop. Of replica_follow(): OK when the server has the data and follows; FAILED. Of
 * replica_detach(): what replicate_found() says once it is independent; FAILED: it refuses, or an
 * operator made it the replica of another one; UNKNOWN: it did not answer, with -ECONNREFUSED when
 * its process is gone; or it follows ours, and the permit is over: -EPERM. */
typedef void replica_done(void *context, enum restore_event outcome, const struct error *err);

struct replica;

/* When an error is returned, the permit is the caller's. */
int replica_follow(uv_loop_t *loop, const struct replica_options *options, replica_done *done,
                   void *context, struct replica **ret, struct error *err) ATTR_MUST_USE;
int replica_detach(uv_loop_t *loop, const struct replica_options *options, replica_done *done,
                   void *context, struct replica **ret, struct error *err) ATTR_MUST_USE;
/* `done` is not called. Takes NULL. */
void replica_cancel(struct replica *r);

#endif
