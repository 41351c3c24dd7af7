/* The exchange of files (placement/placement.h) on this machine, on one of libuv's workers: as the
 * user that Resus is (`control: process`), or by resus-restore-helper as the owner of the data. */
#ifndef RESUS_RESTORE_FILES_H
#define RESUS_RESTORE_FILES_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "core/restore.h"
#include "placement/placement.h"

enum files_work { FILES_STAGE, FILES_PLACE_RDB, FILES_PLACE_AOF, FILES_UNDO, FILES_DROP };

struct files_options {
    enum files_work work;
    const struct placement_place *place; /* NULL: by the helper */
    const char *const *helper;           /* its command, with paths; NULL at the end */
    const char *name;                    /* its last word, a section of its settings */
    int64_t within_ms;                   /* of the helper */
    const char *staged;                  /* the id; of a stage it is made */
    /* of a stage */
    const char *file;
    uint64_t bytes;
    const char *sha256;
};

/* Once, on the loop. `outcome` UNKNOWN when the helper was killed; `staged` is the id. */
typedef void files_done(void *context, enum restore_event outcome, enum placement_result result,
                        const char *staged, const struct error *err);

int files_start(uv_loop_t *loop, const struct files_options *options, files_done *done,
                void *context, struct error *err) ATTR_MUST_USE;

#endif
