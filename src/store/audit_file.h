/* The audit file as the audit thread sees it: batches of sealed lines at its end, rotation, and the
 * chain's head (seq and hash of the last line that is written). Not thread-safe. */
#ifndef RESUS_STORE_AUDIT_FILE_H
#define RESUS_STORE_AUDIT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/audit_line.h"

#define AUDIT_BATCH_MAX (256 * 1024)     /* one write(); above AUDIT_LINE_MAX */
#define AUDIT_UNSYNCED_MAX (1024 * 1024) /* bytes that may wait for a flush */

struct audit_file {
    char path[SETTINGS_PATH_MAX];
    int64_t max_size; /* <= 0: never rotates by itself */
    int backup_count;
    int64_t keep_ms; /* files with younger lines are not removed, 0 = no limit */
    /* Nor are files with this line or a later one: at the next start a recorded head whose line is
     * gone would look like a log that was cut. UINT64_MAX = no limit. */
    uint64_t kept_seq;
    int fd;
    int64_t size;
    bool half; /* bytes behind `size` could not be taken back yet */
    /* After a failed flush the kernel forgets what it could not write, and the next flush succeeds.
     * So the lines since the last good one are kept here, and written again after a failure. */
    struct buf unsynced;
    int64_t synced_size;      /* the bytes before it are on disk ... */
    struct audit_head synced; /* ... up to this line */
    bool doubtful;            /* a flush failed, or the file was cut: to be written again first */
    char cut[ERROR_TEXT_MAX]; /* what another program took away from the open file, "" = nothing */
    uint64_t seq;
    char hash[AUDIT_HASH_SIZE]; /* AUDIT_HASH_NONE before the first line */
    struct buf batch;
    uint64_t batch_seq;
    char batch_hash[AUDIT_HASH_SIZE];
    char note[ERROR_TEXT_MAX]; /* what opening had to repair, "" = nothing */
};

/* Old files removed by rotation. */
struct audit_dropped {
    int files;
    uint64_t first_seq, last_seq; /* 0 = not known */
};

/* Before the first audit_file_open(). -ENAMETOOLONG. */
int audit_file_set(struct audit_file *f, const struct audit_settings *settings,
                   struct error *err) ATTR_MUST_USE;
/* Opens or creates, finds the chain's head (in the newest rotated file when this one is empty) and
 * cuts a torn last line away, which is then in `note`. -EPERM when other accounts can change the
 * file. After a failure it can be tried again. */
int audit_file_open(struct audit_file *f, struct error *err) ATTR_MUST_USE;
bool audit_file_is_open(const struct audit_file *f);
/* Just opened: the chain goes on from that line, which the file does not have. */
void audit_file_continue(struct audit_file *f, const struct audit_head *head);
void audit_file_close(struct audit_file *f);

/* Before lines are put into a batch: finds the open file deleted or cut (then `cut` says what is
 * missing), and writes again what a failed flush left in doubt. */
int audit_file_look(struct audit_file *f, struct error *err) ATTR_MUST_USE;

/* A batch: begin, add until -ENOBUFS (full, nothing added), commit. */
void audit_file_begin(struct audit_file *f);
int audit_file_add(struct audit_file *f, const char *body, size_t length) ATTR_MUST_USE;
/* Writes the batch, with fdatasync when `durable`. On failure nothing of it remains in the file and
 * the chain's head is where it was. */
int audit_file_commit(struct audit_file *f, bool durable, struct error *err) ATTR_MUST_USE;

/* True when a line of `length` bytes more would exceed max_size. */
bool audit_file_full(const struct audit_file *f, size_t length);
/* Looks, and flushes lines that were written without `durable`. */
int audit_file_sync(struct audit_file *f, struct error *err) ATTR_MUST_USE;
/* FILE -> FILE.1, FILE.1 -> FILE.2 and so on, and a fresh FILE. The oldest files go until
 * backup_count are left, but for those with lines younger than keep_ms or not before kept_seq: of
 * the first there can be up to AUDIT_BACKUPS_MAX, then it fails with -EDQUOT, of the others one
 * less. On failure writing goes on in the old one.
 * `ret` is added to. */
int audit_file_rotate(struct audit_file *f, struct audit_dropped *ret,
                      struct error *err) ATTR_MUST_USE;
/* Removes files that earlier rotations had to keep and that are old enough now. Adds to `ret`. */
void audit_file_prune(struct audit_file *f, struct audit_dropped *ret);
/* Returns true and the reason when there are more old files than backup_count. */
bool audit_file_crowded(const struct audit_file *f, struct error *err);
/* Lines that are written, and not known to be on disk. */
uint64_t audit_file_unsynced(const struct audit_file *f);
/* Opens the path again: logrotate has moved the file away. The chain goes on from memory. */
int audit_file_reopen(struct audit_file *f, struct error *err) ATTR_MUST_USE;

#endif
