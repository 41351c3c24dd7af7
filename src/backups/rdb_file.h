/* An RDB file on our disk, read once from end to end. Blocks: for libuv's workers. */
#ifndef RESUS_BACKUPS_RDB_FILE_H
#define RESUS_BACKUPS_RDB_FILE_H

#include "backups/check_report.h"
#include "backups/rdb_head.h"
#include "backups/spool.h"
#include "base/attr.h"
#include "base/error.h"

#define RDB_FILE_SEALED "RESUSBK1" /* first bytes of a sealed backup */

struct rdb_file {
    uint64_t bytes;
    char sha256[SPOOL_SHA256_SIZE];
    bool sealed; /* then only the above is known */
    struct rdb_head head;
    bool head_sound;
    struct error head_error; /* why not */
    enum rdb_end end;
};

/* A damaged file is no failure: `ret` says what is wrong. -EIO and the like when it cannot be
 * read. */
int rdb_file_read(const char *path, struct rdb_file *ret, struct error *err) ATTR_MUST_USE;

/* Fills the counts of the report's databases from the file. -EBADMSG when a place that the report
 * names has none: such a file is from no server. */
int rdb_file_counts(const char *path, struct check_report *report, struct error *err) ATTR_MUST_USE;

#endif
