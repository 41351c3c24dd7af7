/* Verifies a backup in three levels, each stronger than the one before:
 *   file       the bytes: size, SHA-256, magic, the end with its CRC
 *   structure  redis-check-rdb reads it, and as many keys as the server counted at the fork
 *   loaded     a server of our own loads it, and as many keys
 * A backup that cannot be proved is not bad: a newer server, a module, memory or a key may be
 * missing. The text of the check says what to do. */
#ifndef RESUS_BACKUPS_PROOF_H
#define RESUS_BACKUPS_PROOF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "backups/rdb_file.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define PROOF_TEXT_MAX 400
#define PROOF_TOOL_MAX 256

enum proof_level { PROOF_NONE, PROOF_FILE, PROOF_STRUCTURE, PROOF_LOADED, PROOF_LEVEL_COUNT };

enum proof_verdict { PROOF_GOOD, PROOF_BAD, PROOF_CANNOT_TELL, PROOF_VERDICT_COUNT };

/* Why a check has no result. */
enum proof_reason {
    PROOF_NO_REASON,
    PROOF_NEEDS_NEWER_SERVER,
    PROOF_NEEDS_MODULE,
    PROOF_NOT_ENOUGH_MEMORY,
    PROOF_KEY_ABSENT, /* it is sealed */
    PROOF_NO_SERVER,  /* the programs are missing or do not start */
    PROOF_TOO_SLOW,
    PROOF_CANNOT_READ, /* our disk */
    PROOF_REASON_COUNT
};

const char *proof_level_word(enum proof_level level);       /* "no", "file", ... */
const char *proof_verdict_word(enum proof_verdict verdict); /* "good", "bad", "cannot_tell" */
const char *proof_reason_word(enum proof_reason reason);    /* "", "needs_module", ... */

struct proof_check {
    enum proof_level level;
    enum proof_verdict verdict;
    enum proof_reason reason;
    wall_ms at;
    int64_t milliseconds;
    int64_t keys, expired;     /* read or loaded; -1 = not counted */
    char tool[PROOF_TOOL_MAX]; /* "" = Resus itself */
    char text[PROOF_TEXT_MAX];
};

struct proof_limits {
    int64_t check_ms, load_ms;
    int64_t memory_bytes; /* that may be used; 0: memory_available() */
};
/* 30 min, 1 h, and the machine's memory. */
extern const struct proof_limits proof_limits_default;

struct proof_options {
    const char *file;   /* the RDB file */
    const char *folder; /* for the proof server's own folder; on a disk with sockets */
    const char *server; /* redis-server or valkey-server, with its path; its check program stands
                           beside it */
    const char *sha256; /* that the file must have; NULL = not known yet */
    uint64_t bytes;     /* likewise; 0 = not known */
    enum proof_level upto;
    bool go_on; /* run later levels after a bad one too */
    struct proof_limits limits;
};

struct proof_result {
    enum proof_level proved; /* the highest in an unbroken row of good ones */
    size_t check_count;
    struct proof_check checks[PROOF_LEVEL_COUNT]; /* in order; the last one decides */
    struct rdb_file file;
    bool counted; /* the following are known */
    int64_t keys, expires;
    size_t database_count;
    const struct rdb_counts *databases;
    const json_t *config; /* settings of the server that loaded it; NULL = none did */
    char version[32];     /* its version; "" = none did */
};

struct proof;

/* Once, on the loop, never on the stack of proof_start. The result lives during the call. */
typedef void proof_done(void *context, const struct proof_result *result);

int proof_start(uv_loop_t *loop, const struct proof_options *options, proof_done *done,
                void *context, struct proof **ret, struct error *err) ATTR_MUST_USE;
/* Ends its children; no call of `done`. Takes NULL. */
void proof_cancel(struct proof *p);

#endif
