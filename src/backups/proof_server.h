/* A server of our own that loads an RDB file, to prove that it can be loaded: a child without a
 * port, reached by a Unix socket in a folder that only we can enter, without persistence, with
 * bounded memory, low priority, and first in line for the OOM killer. The kernel kills it when Resus dies. */
#ifndef RESUS_BACKUPS_PROOF_SERVER_H
#define RESUS_BACKUPS_PROOF_SERVER_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include "backups/check_report.h"
#include "base/attr.h"
#include "base/error.h"

/* Of address space, beside twice what the data used: libraries, threads, buffers. */
#define PROOF_SERVER_FLOOR_BYTES (INT64_C(768) << 20)
#define PROOF_SERVER_OUTPUT_MAX ((size_t)256 * 1024)
#define PROOF_SERVER_FOLDER                                                                        \
    ".proof-" /* and six letters; left by a crash, removed at the next start */

/* On the loop, once it has loaded: `redis` leads to it, as long as it lives. */
struct redis_settings;
struct proof_server_result;
typedef void proof_server_ready(void *context, const struct redis_settings *redis,
                                const struct proof_server_result *result);

struct proof_server_options {
    const char *server;   /* redis-server or valkey-server */
    const char *file;     /* the RDB file */
    const char *folder;   /* where its own folder is made */
    int64_t databases;    /* how many the file needs */
    int64_t memory_bytes; /* that the data need; 0 = not known: no limit */
    int64_t within_ms;    /* until all is loaded */
    /* Not NULL: it goes on serving the data until it is cancelled, or for `serve_ms`. */
    proof_server_ready *ready;
    int64_t serve_ms;
};

enum proof_server_end {
    PROOF_SERVER_LOADED,
    PROOF_SERVER_ENDED,  /* by itself: `report` says what its log says */
    PROOF_SERVER_KILLED, /* by a signal that is not ours: `signal` */
    PROOF_SERVER_LATE,
    PROOF_SERVER_FAILED /* it could not be started, or not be asked: `error` */
};

struct proof_server_result {
    enum proof_server_end end;
    struct error error;
    struct load_report report;
    int signal;
    int64_t milliseconds;           /* until it had loaded */
    int64_t loaded, expired;        /* at the load, as it counted them; -1: older than Redis 7 */
    int64_t lost_since;             /* expired or evicted after the load */
    const struct redis_reply *info; /* its INFO, for the keys of each database; NULL else */
    const json_t *config;           /* its settings; NULL = not known */
    char version[32];
};

struct proof_server;

/* Once, on the loop; the process is gone and its folder removed by then. */
typedef void proof_server_done(void *context, const struct proof_server_result *result);

int proof_server_start(uv_loop_t *loop, const struct proof_server_options *options,
                       proof_server_done *done, void *context, struct proof_server **ret,
                       struct error *err) ATTR_MUST_USE;
/* Kills it; no call of `done`. Its memory goes when the process has gone. Takes NULL. */
void proof_server_cancel(struct proof_server *s);

#endif
