/* Does a server serve the keys of a backup? Asks until it has loaded. */
#ifndef RESUS_RESTORE_SERVED_H
#define RESUS_RESTORE_SERVED_H

#include <uv.h>

#include "backups/query.h"
#include "backups/rdb_head.h"
#include "base/attr.h"
#include "base/error.h"

struct served_options {
    const struct redis_settings *redis; /* must outlive the work */
    const struct redis_tunnel *tunnel;
    const struct rdb_counts *databases; /* of the backup; copied */
    size_t database_count;
    int64_t within_ms;
};

/* 0: it serves them. -EBADMSG: other keys. -ETIMEDOUT: it did not answer, or still loads. */
typedef void served_done(void *context, int code, const struct error *err);

struct served;

int served_start(uv_loop_t *loop, const struct served_options *options, served_done *done,
                 void *context, struct served **ret, struct error *err) ATTR_MUST_USE;
/* No call of `done`. Takes NULL. */
void served_cancel(struct served *s);

/* What an INFO says: 0, or -EBADMSG with the figures. Keys that expired while they were loaded, or
 * since, are no loss; clients may have written others already. */
int served_judge(const struct redis_reply *info, const struct rdb_counts *databases, size_t count,
                 struct error *err) ATTR_MUST_USE;
/* Does each database have the keys of the backup, but for those that may have expired? */
int served_keys(const struct redis_reply *info, const struct rdb_counts *databases, size_t count,
                struct error *err) ATTR_MUST_USE;

#endif
