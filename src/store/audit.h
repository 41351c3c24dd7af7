/* The audit file: one JSON object a line in the runbook's format (contract section 6), chained by
 * hash, rotated by size with gzip, reopened on demand. It has a thread of its own: a disk that
 * hangs never stops the pulse. */
#ifndef RESUS_STORE_AUDIT_H
#define RESUS_STORE_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

#define AUDIT_LINE_MAX 16384
#define AUDIT_QUEUE_MAX 4096
#define AUDIT_REASON_MAX 501 /* rows A11: up to 500 characters */

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

/* Opens (creating folders 0750 and the file 0640), reads the last line's seq and hash, and starts
 * the thread. A torn last line (power cut) is completed by a newline and named in `ret_note`; a
 * broken chain does not stop the start. */
int audit_open(uv_loop_t *loop, const struct audit_settings *settings, audit_done *done,
               void *context, struct audit **ret, struct error *err) ATTR_MUST_USE;
/* Queues a line; `durable` asks for fdatasync before the completion. Completes exactly once on the
 * loop. id 0: no completion wanted. When the queue is full the completion is AUDIT_FAILED. */
void audit_append(struct audit *a, uint64_t id, const struct audit_line *line, bool durable);
void audit_reopen(struct audit *a); /* SIGHUP, logrotate */
/* Writes what is queued (bounded by `wait_ms`), joins the thread and frees; outstanding completions
 * are dropped. */
void audit_close(struct audit *a, int64_t wait_ms);

/* For intents without an outcome at start: calls `each` for the last `lines` lines at most of the
 * newest file, parsed. */
typedef void audit_each(void *context, const json_t *line);

struct audit_filter {
    wall_ms since, until;                           /* WALL_NONE = open */
    const char *user, *operation, *service, *event; /* NULL = any; user matches id or email */
    int result;                                     /* -1 any, 0 failed, 1 succeeded */
    bool intents;                                   /* include intent lines */
};
/* Walks all files, oldest first, through rotations (gzip read as well). `each` returns false to
 * stop. */
typedef bool audit_walk_each(void *context, const json_t *line, const char *file,
                             uint64_t line_number);
int audit_walk(const char *file, const struct audit_filter *filter, audit_walk_each *each,
               void *context, struct error *err) ATTR_MUST_USE;

struct audit_verdict {
    bool intact;
    uint64_t lines; /* checked */
    uint64_t first_seq, last_seq;
    char bad_file[SETTINGS_PATH_MAX];
    uint64_t bad_line; /* 1-based, 0 = none */
    char why[256];
};
/* Verifies hashes and links from the oldest kept file to the newest (row E7). */
int audit_verify(const char *file, struct audit_verdict *ret, struct error *err) ATTR_MUST_USE;

/* One line as text without newline, into `out` (tests, export): serialises and hashes. */
int audit_line_json(const struct audit_line *line, uint64_t seq, const char *prev,
                    struct buf *out) ATTR_MUST_USE;

#endif
