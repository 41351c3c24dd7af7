/* The exchange of files (placement/placement.h) on this machine, on one of libuv's workers: as the
 * user that Resus is (`control: process`), or by resus-restore-helper as the owner of the data, here or
 * on another host. */
#ifndef RESUS_RESTORE_FILES_H
#define RESUS_RESTORE_FILES_H

#include <stdatomic.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/permit.h"
#include "core/restore.h"
#include "placement/placement.h"
#include "restore/helper_run.h"
#include "settings/settings.h"

enum files_work {
    FILES_STAGE,
    FILES_PLACE_RDB,
    FILES_PLACE_AOF,
    FILES_UNDO,
    FILES_DROP,
    FILES_FACTS /* not for files_start(): its answer is text */
};

/* The helper, of another host or of this one. */
struct files_host {
    bool local; /* on this machine, through sudo */
    struct ssh_settings ssh;
    char unit[SETTINGS_UNIT_MAX]; /* the section of its settings */
    const atomic_bool *stop;      /* Resus is stopping, or the permit is over; outlives the call */
};
/* Runs it; blocks, on a worker. `run` without argv. -ETIMEDOUT, -ECONNRESET and -ECANCELED:
 * its effect is not known; any other error: it was not begun. */
typedef int files_remote(const struct files_host *host, enum files_work work,
                         const struct helper_run *run, struct helper_ran *ret, struct error *err);

struct files_options {
    const struct permit *permit; /* to change the service; copied, and ended with the work */
    enum files_work work;
    const struct placement_place *place; /* NULL: by the helper */
    files_remote *remote;                /* of another host; NULL: of this one */
    const struct files_host *host;
    const char *const *helper; /* its command, with paths; NULL at the end */
    const char *name;          /* its last word, a section of its settings */
    int64_t within_ms;         /* of the helper */
    const char *staged;        /* the id; of a stage it is made */
    /* of a stage */
    const char *file;
    uint64_t bytes;
    const char *sha256;
};

/* Once, on the loop. `outcome` UNKNOWN when the helper was killed; `staged` is the id. */
typedef void files_done(void *context, enum restore_event outcome, enum placement_result result,
                        const char *staged, const struct error *err);

/* -EPERM: the permit is not good. When an error is returned, the permit is the caller's. */
int files_start(uv_loop_t *loop, const struct files_options *options, files_done *done,
                void *context, struct error *err) ATTR_MUST_USE;

#endif
