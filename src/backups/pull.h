/* Fetches the data of one Redis as an RDB file, over the replication protocol: no file of the host
 * is touched, and the user needs no more than +psync and +replconf. Blocks are
 * hashed and written on libuv's workers. When the disk is slower than the network, the stream is
 * paused; the loop never waits. */
#ifndef RESUS_BACKUPS_PULL_H
#define RESUS_BACKUPS_PULL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "backups/rdb_head.h"
#include "backups/transfer.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "redis/client.h"
#include "settings/settings.h"

#define PULL_SHA256_SIZE 65            /* hexadecimal, with the NUL */
#define PULL_BLOCK_BYTES (1024 * 1024) /* written at once; two of them are held */

struct pull_limits {
    int64_t connect_ms; /* until PSYNC is sent */
    int64_t forking_ms; /* without a byte, from PSYNC to the RDB's first byte */
    int64_t silence_ms; /* without a byte of the RDB */
    int64_t total_ms;
    int64_t reserve_bytes; /* of the disk that stay free */
};
/* 10 s, 30 s, 60 s, 2 h, 256 MiB. */
extern const struct pull_limits pull_limits_default;

enum pull_stage {
    PULL_CONNECTING, /* also TLS, AUTH, REPLCONF */
    PULL_FORKING,
    PULL_RECEIVING,
    PULL_SYNCING, /* everything has arrived; the file is synced */
    PULL_ENDED
};

enum pull_cause {
    PULL_OK,
    PULL_CANCELLED,
    PULL_UNREACHABLE, /* no connection, or TLS failed */
    PULL_NO_LOGIN,    /* the password or user is refused or missing */
    PULL_NO_RIGHT,    /* the ACL lacks +psync or +replconf */
    PULL_NO_PSYNC,    /* the server has no such command */
    PULL_NO_PRIMARY,  /* a replica whose link is down */
    PULL_LOADING,     /* the server loads its own data */
    PULL_REFUSED,     /* another error reply: `error` has it */
    PULL_SILENT,      /* a deadline passed */
    PULL_CUT,         /* the connection ended before the RDB did */
    PULL_DAMAGED,     /* the data are not a sound RDB */
    PULL_DISK,        /* our disk is full up to the reserve, or failed */
    PULL_LOCAL,       /* our own lack: memory, descriptors, files of the settings */
    PULL_CAUSE_COUNT
};

const char *pull_cause_word(enum pull_cause cause); /* "no_right" */

struct pull_result {
    enum pull_cause cause;
    struct error error; /* what happened and what to do; code 0 on success */
    bool rdb_only;      /* the server supports it (Redis 7) and buffers no commands for us */
    bool by_mark;       /* the RDB came from memory; false: through a file of the server's host */
    char replid[TRANSFER_REPLID_SIZE];
    int64_t repl_offset;
    struct rdb_head head;
    enum rdb_end end; /* OK, or UNCHECKED */
    uint64_t bytes;
    char sha256[PULL_SHA256_SIZE];
    int64_t forking_ms, receiving_ms;
};

struct pull_options {
    const struct redis_settings *redis; /* read at once */
    const struct redis_tunnel *tunnel;  /* for via: ssh; must outlive the pull */
    const char *path;                   /* of the file; must not exist */
    struct pull_limits limits;
};

struct pull;

/* Once, on the loop, never on the stack of pull_start or pull_cancel; the pull is freed after it.
 * On success the file is whole and synced, its folder is not; otherwise there is no file. */
typedef void pull_done(void *context, const struct pull_result *result);

/* Errors of the settings, and no memory. */
int pull_start(uv_loop_t *loop, const struct pull_options *options, pull_done *done, void *context,
               struct pull **ret, struct error *err) ATTR_MUST_USE;
/* Closes the connection at once, at which the server ends its child; `done` comes with
 * PULL_CANCELLED as soon as no block is being written. */
void pull_cancel(struct pull *p);
enum pull_stage pull_stage(const struct pull *p);
/* Bytes of the RDB so far. */
uint64_t pull_bytes(const struct pull *p);

#endif
