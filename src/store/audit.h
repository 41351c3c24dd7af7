/* The audit file: one JSON object a line in the runbook's format, chained by
 * hash, rotated by size with gzip, reopened on demand. It has a thread of its own: a disk that
 * hangs never stops the pulse. */
#ifndef RESUS_STORE_AUDIT_H
#define RESUS_STORE_AUDIT_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

#define AUDIT_LINE_MAX 16384
#define AUDIT_QUEUE_MAX 4096
#define AUDIT_OWED_MAX 4096 /* lines kept in memory while the file cannot be written */
#define AUDIT_RETRY_MS 1000 /* how often an unwritable file is tried again without a new line */
#define AUDIT_HUNG_MS 250   /* a write that takes longer: younger lines go to syslog as well */
#define AUDIT_TELL_MAX 64   /* lines written to syslog in one append */
#define AUDIT_SPARES_MAX 16 /* completions that need no memory when there is none */
#define AUDIT_SEAL_MAX 192  /* seq, prev, hash and newline of a line */
#define AUDIT_TAIL_MAX 4096
#define AUDIT_REASON_MAX 501  /* up to 500 characters */
#define AUDIT_HASH_SIZE 65    /* 64 hex digits and the NUL */
#define AUDIT_SYNC_MS 1000    /* delay before lines without `durable` are flushed */
#define AUDIT_REPORT_MS 60000 /* delay before a new head is sealed and reported */
#define AUDIT_KEY_BYTES 32
#define AUDIT_KEY_ID_SIZE 17 /* 16 hex digits and the NUL */

enum audit_event {
    AUDIT_INTENT,
    AUDIT_SERVICE_OPERATION,
    AUDIT_AUTO_RECOVERY,
    AUDIT_AUTHENTICATION,
    AUDIT_AUTHORIZATION,
    AUDIT_CONFIGURATION,
    AUDIT_BACKUP,
    AUDIT_MAINTENANCE,
    AUDIT_INCIDENT,
    AUDIT_EVENT_COUNT
};
enum audit_risk { AUDIT_RISK_LOW, AUDIT_RISK_MODERATE, AUDIT_RISK_HIGH, AUDIT_RISK_CRITICAL };

/* All texts are copied. "" = null on the line. */
struct audit_line {
    enum audit_event event;
    wall_ms at;
    char service[SETTINGS_ID_MAX];
    char operation[48];
    char user_id[128], user_email[256],
        user_role[32];  /* "system" three times for what Resus does by itself */
    char source_ip[64]; /* "local" for the control socket and Resus itself */
    bool has_result;    /* false: result is null (intent) */
    bool success;
    double duration_seconds; /* < 0 = null */
    int exit_code;
    bool has_exit_code;
    char error[512];
    bool command_validated;
    bool has_command_validated; /* false = null */
    enum audit_risk risk;
    int ssh_key_used; /* -1 null, 0, 1 */
    char request_id[48];
    char recovery_level[16];
    bool step; /* of a larger operation that a person ordered, and which has lines of its own */
    char reason[AUDIT_REASON_MAX * 4];
};

enum audit_outcome {
    AUDIT_DURABLE,
    AUDIT_FAILED,
    AUDIT_NEVER /* shut down before it was written */
};
typedef void audit_done(void *context, uint64_t id, enum audit_outcome outcome,
                        const struct error *error);

struct audit;

/* The last line of a chain. */
struct audit_head {
    uint64_t seq; /* 0 = none */
    char hash[AUDIT_HASH_SIZE];
};
/* A head recorded outside the file, with the path of that file. */
struct audit_anchor {
    struct audit_head head;
    char file[SETTINGS_PATH_MAX];
    wall_ms at;
    uint64_t lost; /* lines that were never written and that no line on disk reports yet */
    wall_ms lost_at;
};

/* What the file is checked against at start, and callbacks. All members may be NULL or 0. */
struct audit_guard {
    struct audit_anchor anchor; /* as recorded last; seq 0 = no head */
    const char *state_dir; /* folder of the sealing key (store/audit_seal.h), NULL = no seals */
    int64_t report_ms;     /* 0 = AUDIT_REPORT_MS */
    void *context;
    /* Called on the audit thread under its lock: all lines up to this head are on disk. Must not
     * block. audit_close() calls it on the loop when lines are lost, with seq 0 before any head. */
    void (*keep)(void *context, const struct audit_anchor *anchor);
    /* Called as `keep` is: the newest head that is recorded for good (seq 0 = none). A file with
     * younger lines is not removed. */
    void (*kept)(void *context, struct audit_anchor *ret);
    /* Called on the loop: audit_state.reported, .crowded or .missing has changed. */
    void (*news)(void *context);
};

/* Opens (creating folders 0750 and the file 0640), reads the last line's seq and hash, and starts
 * the thread. A torn last line (power cut) is cut away, because jq stops at it, and reported by a
 * line of its own (maintenance, audit-line-torn) and by audit_note(); a broken chain does not stop
 * the start. backup_count 0 or max_size 0: never rotates by itself. `guard` is copied; NULL: none.
 * A file without the anchor's line is opened all the same: a line (incident, audit-lines-missing)
 * and audit_finding() report what is missing. The chain continues from the anchor, so the gap
 * remains visible.
 * A file that cannot be opened (read-only, full, not ours, open to others) is no error either:
 * audit_state.problem says why, lines fail and wait as in an outage, and opening is retried. */
int audit_open(uv_loop_t *loop, const struct audit_settings *settings,
               const struct audit_guard *guard, audit_done *done, void *context, struct audit **ret,
               struct error *err) ATTR_MUST_USE;
/* What opening had to repair, "" = nothing. Valid as long as `a`. */
const char *audit_note(const struct audit *a);
/* What is missing in the file, "" = nothing: lines that were gone at the start, or that another
 * program took away since. */
void audit_finding(struct audit *a, char *to, size_t size);
/* Queues a line; `durable` asks for fdatasync before the completion. Completes exactly once on the
 * loop. id 0: no completion wanted.
 * AUDIT_FAILED: not written now. The line went to syslog (auth.warning), is kept in memory (the
 * first AUDIT_OWED_MAX of an outage) and is written in order, before all younger ones, when the
 * disk is back. Only when the queue is full or memory is out, it is not kept. */
void audit_append(struct audit *a, uint64_t id, const struct audit_line *line, bool durable);
void audit_reopen(struct audit *a); /* SIGHUP, logrotate */
/* Starts a new seal chain with `key` and writes `line`, which completes as with audit_append. On
 * AUDIT_FAILED the old chain continues. */
void audit_rekey(struct audit *a, uint64_t id, const uint8_t key[AUDIT_KEY_BYTES],
                 const struct audit_line *line);
struct audit_state {
    uint64_t seq;                     /* of the last written line */
    struct audit_head reported;       /* the last head written to the journal */
    char seal_key[AUDIT_KEY_ID_SIZE]; /* "" = no seals */
    uint64_t seal_number;             /* of the newest seal */
    bool missing;                     /* audit_finding() is not empty */
    struct error crowded;             /* no room without removing lines younger than keep_days */
    size_t owed;   /* lines that wait for the disk, and those that a failed flush may have lost */
    uint64_t lost; /* could not be kept, not yet reported in the file */
    struct error problem; /* why lines wait, code 0 = they do not */
    struct error upkeep;  /* the last rotating, packing or reopening, code 0 = it went well */
};
/* From any thread, at once. */
void audit_look(struct audit *a, struct audit_state *ret);
/* Writes what is queued (bounded by `wait_ms`), joins the thread and frees; outstanding completions
 * are dropped. Lines that are not written go to syslog; their number goes to the journal, and
 * through guard.keep into the first line of the next start (maintenance, audit-lines-lost). A thread
 * that a dead disk holds is left behind with its memory. Not from within a callback; the loop must
 * run once more before it is closed. */
void audit_close(struct audit *a, int64_t wait_ms);

/* For intents without an outcome at start: calls `each` for the last `lines` lines (at most
 * AUDIT_TAIL_MAX), oldest first, parsed, of the newest file and the one before it. */
typedef void audit_each(void *context, const json_t *line);
int audit_tail(const char *file, size_t lines, audit_each *each, void *context,
               struct error *err) ATTR_MUST_USE;

struct audit_filter {
    wall_ms since, until;                           /* WALL_NONE = open */
    const char *user, *operation, *service, *event; /* NULL = any; user matches id or email */
    int result;                                     /* -1 any, 0 failed, 1 succeeded */
    bool intents;                                   /* include intent lines */
    const atomic_bool *stop; /* NULL, or set by another thread: the walk ends with -ECANCELED */
};
/* Walks all files, oldest first, through rotations (gzip read as well). `each` returns false to
 * stop. */
typedef bool audit_walk_each(void *context, const json_t *line, const char *file,
                             uint64_t line_number);
int audit_walk(const char *file, const struct audit_filter *filter, audit_walk_each *each,
               void *context, struct error *err) ATTR_MUST_USE;

/* One line as text without newline, into `out` (tests, export): serialises and hashes. */
int audit_line_json(const struct audit_line *line, uint64_t seq, const char *prev,
                    struct buf *out) ATTR_MUST_USE;

#endif
