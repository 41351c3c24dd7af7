/* One whole backup: the facts of the source, the pull, the facts again, the proof, the rules, the
 * publishing. Everything runs on the caller's loop and libuv's workers; nothing blocks the loop. */
#ifndef RESUS_BACKUPS_BACKUP_H
#define RESUS_BACKUPS_BACKUP_H

#include <limits.h>
#include <stdbool.h>
#include <uv.h>

#include "backups/manifest.h"
#include "backups/proof.h"
#include "backups/pull.h"
#include "backups/seal.h"
#include "base/attr.h"
#include "base/error.h"

#define BACKUP_ASK_MS (10 * 1000) /* for the facts of the source, each time */

struct backup_options {
    const struct redis_settings *redis; /* must outlive the backup */
    const struct redis_tunnel *tunnel;  /* for via: ssh; likewise */
    const char *root, *service;         /* ROOT/SERVICE is the folder (catalog.h) */
    const char *server;                 /* that proves it (proof.h) */
    const char *reason, *by;            /* "" = none given; the schedule */
    enum backup_kind kind;
    /* Whom it is sealed for after its proof; none: it stays open. */
    const struct seal_public *recipients;
    size_t recipient_count;
    const json_t *host; /* what is known of the host, for host.json; copied by reference, or NULL */
    struct pull_limits pull;
    struct proof_limits proof;
};

enum backup_stage {
    BACKUP_OPENING,
    BACKUP_LOOKING,  /* facts of the source: before */
    BACKUP_PULLING,  /* backup_pull_stage() says more */
    BACKUP_COUNTING, /* facts of the source: after */
    BACKUP_PROVING,
    BACKUP_SEALING,
    BACKUP_PUBLISHING,
    BACKUP_CLEANING, /* it failed or was cancelled */
    BACKUP_STAGE_COUNT
};
const char *backup_stage_word(enum backup_stage stage); /* "pulling" */

enum backup_end {
    BACKUP_PROVED,     /* it was loaded, with all its keys */
    BACKUP_NOT_PROVED, /* published, but its proof needs something: the last check says what */
    BACKUP_SUSPICIOUS, /* published and proved, but not trusted: core/backup_rules.h */
    BACKUP_FAILED,     /* nothing is left of it */
    BACKUP_CANCELLED,
    BACKUP_END_COUNT
};
const char *backup_end_word(enum backup_end end); /* "not_proved" */

struct backup_result {
    enum backup_end end;
    enum pull_cause cause; /* of a pull that failed */
    struct error error;    /* FAILED and CANCELLED */
    bool source_changed;   /* a failover came between: make another one from the new primary */
    const struct manifest *manifest; /* as published */
    const struct manifest *last;     /* the trusted one before; NULL = none */
    char folder[PATH_MAX];
    char manifest_sha256[65]; /* for the audit log */
};

struct backup;

/* Once, on the loop, never on the stack of backup_start or backup_cancel; the result lives during
 * the call. */
typedef void backup_done(void *context, const struct backup_result *result);

int backup_start(uv_loop_t *loop, const struct backup_options *options, backup_done *done,
                 void *context, struct backup **ret, struct error *err) ATTR_MUST_USE;
/* Closes the connection at once: recovery need not wait for a backup. `done` comes with
 * BACKUP_CANCELLED when the partial folder is gone, or with the end that could no longer be
 * changed. */
void backup_cancel(struct backup *b);
enum backup_stage backup_stage(const struct backup *b);
/* PULL_ENDED when it is not pulling. */
enum pull_stage backup_pull_stage(const struct backup *b);
/* Bytes of the RDB so far. */
uint64_t backup_bytes(const struct backup *b);

#endif
