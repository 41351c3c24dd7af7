/* Private to the audit log's queue (audit.c) and its thread (audit_thread.c). */
#ifndef RESUS_STORE_AUDIT_INSIDE_H
#define RESUS_STORE_AUDIT_INSIDE_H

#include "store/audit.h"
#include "store/audit_file.h"
#include "store/audit_seal.h"
#include "store/deliver.h"
#include "store/worker.h"

struct completion {
    struct delivery link; /* first */
    uint64_t id;
    enum audit_outcome outcome;
    bool spare; /* belongs to audit.spares */
    bool used;
    struct error error;
};

struct audit_entry {
    struct audit_entry *next;
    struct completion *done; /* NULL: none wanted, or delivered */
    bool durable;
    bool owed; /* failed once; is written when the disk is back */
    bool told; /* syslog has it (under worker.lock) */
    bool of_rotation;
    uint64_t tells; /* reports the loss of so many lines */
    size_t length;
    char body[];
};

struct audit_list {
    struct audit_entry *first, *last;
    size_t count;
};

struct audit {
    audit_done *done;
    void *context;
    struct deliver *deliver;
    struct worker worker;
    struct completion spares[AUDIT_SPARES_MAX]; /* under worker.lock */

    /* under worker.lock */
    struct audit_list queue;
    bool reopen;
    struct audit_entry *rekey; /* the line of a requested new key, NULL = none */
    uint8_t fresh_key[AUDIT_KEY_BYTES];
    struct audit_guard guard; /* its callbacks are NULL after closing */
    struct completion bell;   /* news for the loop */
    bool rung;
    uint64_t refused;   /* lines that met a full queue */
    mono_ms busy_since; /* the thread is in the file, MONO_NEVER = it is not */
    struct audit_state state;
    char finding[ERROR_TEXT_MAX];
    uint64_t untold;          /* lost lines whose report is not on disk */
    struct audit_anchor kept; /* as given to guard.keep last */

    /* the thread's own; `pending` is changed under the lock only */
    struct audit_list pending; /* owed ones first: order is the order of appending */
    size_t owed;
    uint64_t lost;
    mono_ms retry_at;
    struct audit_file file;
    struct audit_seal seal;
    char state_dir[SETTINGS_PATH_MAX]; /* "" = no seals */
    bool fresh_file;                   /* it contains only the rotation's line */
    bool unsynced;                     /* some lines may not be on disk yet */
    mono_ms sync_at;                   /* when to flush them */
    bool unreported;                   /* there are lines after the last reported head */
    mono_ms report_at;                 /* when to report the next head */
    bool care_failed;                  /* the last flush or seal failed */
    mono_ms room_at;              /* when to check for room again, MONO_NEVER = there is room */
    struct audit_dropped dropped; /* removed files that no line reports yet */

    bool gzip;
    bool packing; /* the packer exists: joined before the next one starts */
    struct worker packer;
    char pack_path[SETTINGS_PATH_MAX + 16];
};

/* audit.c */
void audit_list_add(struct audit_list *list, struct audit_entry *e);
struct audit_entry *audit_list_take(struct audit_list *list); /* NULL = empty */
/* NULL without memory. */
struct audit_entry *audit_entry_new(const struct audit_line *line, bool durable);
/* Sends the line to syslog once, without checking the result. Returns 1 on the first call. */
int audit_entry_syslog(struct audit_entry *e, const char *why);
/* `c` may be NULL. */
void audit_complete(struct audit *a, struct completion *c, enum audit_outcome outcome,
                    const struct error *error);
/* A line about the log itself. */
void audit_own_line(struct audit_line *line, enum audit_event event, const char *operation,
                    const char *reason);
/* The line that reports missing lines. */
void audit_missing_line(struct audit_line *line, const char *finding);
/* Under the lock: has guard.news called on the loop. */
void audit_ring(struct audit *a);
/* Adds the lines that report what opening found. */
void audit_first_lines(struct audit *a, const char *finding, struct audit_list *list);

/* audit_room.c, on the thread */
void audit_set_upkeep(struct audit *a, const struct error *err);
/* Before what waits. */
void audit_put_first(struct audit *a, const struct audit_list *list);
/* Packs FILE.1 when it is there: after a rotation, and at the start after a crash in between. */
void audit_start_packer(struct audit *a);
/* Checks whether rotation can make room without removing young lines. */
void audit_look_for_room(struct audit *a);
void audit_rotate(struct audit *a);
/* Removes old files that are old enough now, and looks for room again. */
void audit_prune(struct audit *a);

/* audit_thread.c: until the worker is to stop. */
void audit_run(void *context);
/* audit_start.c: checks the file that was just opened against the anchor. What is missing, "" =
 * nothing. */
void audit_check_start(struct audit *a, char finding[ERROR_TEXT_MAX]);

#endif
