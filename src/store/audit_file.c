#include "store/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/trust.h"
#include "store/audit_end.h"
#include "store/audit_read.h"
#include "store/audit_verify.h"

#define AUDIT_MODE 0640
/* A rotated name is put through this before it is the file. */
#define FRESH_SUFFIX ".new"
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Opens for appending, creating it with its mode whatever the umask. */
static int open_append(const char *path, struct error *err)
{
    int flags = O_RDWR | O_APPEND | O_CLOEXEC;
    int fd = open(path, flags | O_CREAT | O_EXCL, AUDIT_MODE);
    if (fd >= 0) {
        if (fchmod(fd, AUDIT_MODE) == 0)
            return fd;
        int code = -errno;
        (void)close(fd);
        return error_set_errno(err, code, "cannot set the mode of %s", path);
    }
    if (errno == EEXIST)
        fd = open(path, flags | O_NONBLOCK);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open the audit file %s", path);
    struct stat st;
    int r = 0;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        r = error_set(err, -EINVAL, "the audit file %s is not a regular file", path);
    else if (trust_check(path, NULL, err) < 0)
        r = err->code;
    if (r == 0)
        return fd;
    (void)close(fd);
    return r;
}

static int find_head(struct audit_file *f, struct error *err)
{
    struct audit_link link;
    int found = audit_end_last(f->fd, f->path, f->size, &link);
    if (found < 0)
        return error_set_errno(err, found, "cannot read %s", f->path);
    if (found == 0)
        return 0;
    f->seq = link.seq;
    memcpy(f->hash, link.hash, sizeof f->hash);
    return 0;
}

/* A power cut can leave a last line without its newline. A whole one gets it; a fragment is cut
 * away, because jq stops at it and everything behind it would be lost to the runbook's commands.
 * It was never acknowledged, so no promise is broken. */
static int mend_end(struct audit_file *f, struct error *err)
{
    struct audit_link link;
    int64_t start = audit_end_line(f->fd, f->size);
    if (start < 0)
        return error_set_errno(err, (int)start, "cannot read %s", f->path);
    if (start == f->size)
        return 0;
    int whole = audit_end_link(f->fd, start, f->size, &link);
    if (whole < 0)
        return error_set_errno(err, whole, "cannot read %s", f->path);
    if (whole == 1) {
        if (write(f->fd, "\n", 1) != 1)
            return error_set_errno(err, -errno, "cannot write %s", f->path);
        f->size++;
        return 0;
    }
    char head[120]; /* the fragment's beginning says what it was */
    char text[sizeof head];
    int64_t length = f->size - start;
    size_t shown = length < (int64_t)sizeof head ? (size_t)length : sizeof head;
    ssize_t n = audit_end_read(f->fd, start + (int64_t)shown, head, shown);
    if (n < 0)
        return error_set_errno(err, (int)n, "cannot read %s", f->path);
    (void)str_copy_clean(text, sizeof text, head, shown);
    (void)str_format(f->note, sizeof f->note,
                     "an unfinished last line of %lld bytes was cut away (power cut): %s",
                     (long long)length, text);
    if (ftruncate(f->fd, start) < 0)
        return error_set_errno(err, -errno, "cannot cut the unfinished last line of %s", f->path);
    f->size = start;
    return 0;
}

static int learn_size(struct audit_file *f, struct error *err)
{
    struct stat st;
    if (fstat(f->fd, &st) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", f->path);
    f->size = st.st_size;
    return 0;
}

int audit_file_set(struct audit_file *f, const struct audit_settings *settings, struct error *err)
{
    *f = (struct audit_file){
        .max_size = settings->backup_count > 0 ? settings->max_size : 0,
        .backup_count =
            settings->backup_count < AUDIT_BACKUPS_MAX ? settings->backup_count : AUDIT_BACKUPS_MAX,
        .keep_ms = settings->keep_days * DAY_MS,
        .kept_seq = UINT64_MAX,
        .hash = AUDIT_HASH_NONE,
        .batch = BUF_LIMIT(AUDIT_BATCH_MAX),
        .unsynced = BUF_LIMIT(AUDIT_UNSYNCED_MAX),
        .fd = -1,
    };
    if (!str_copy(f->path, sizeof f->path, settings->file))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", settings->file);
    return 0;
}

/* All that was written is on disk. */
static void note_synced(struct audit_file *f)
{
    buf_clear(&f->unsynced);
    f->synced_size = f->size;
    f->synced.seq = f->seq;
    memcpy(f->synced.hash, f->hash, sizeof f->synced.hash);
    f->doubtful = false;
}

int audit_file_open(struct audit_file *f, struct error *err)
{
    int r = file_make_folder_of(f->path, 0750, err);
    if (r < 0)
        return r;
    f->fd = open_append(f->path, err);
    if (f->fd < 0)
        return f->fd;
    f->note[0] = '\0';
    r = learn_size(f, err);
    if (r == 0)
        r = mend_end(f, err);
    if (r == 0)
        r = find_head(f, err);
    if (r == 0 && fdatasync(f->fd) < 0)
        r = error_set_errno(err, -errno, "cannot flush the audit file %s", f->path);
    if (r == 0)
        r = file_sync_folder(f->path, err);
    if (r < 0)
        audit_file_close(f);
    else
        note_synced(f);
    return r;
}

bool audit_file_is_open(const struct audit_file *f)
{
    return f->fd >= 0;
}

void audit_file_close(struct audit_file *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
    buf_free(&f->batch);
    buf_free(&f->unsynced);
}

void audit_file_continue(struct audit_file *f, const struct audit_head *head)
{
    f->seq = f->synced.seq = head->seq;
    memcpy(f->hash, head->hash, sizeof f->hash);
    memcpy(f->synced.hash, head->hash, sizeof f->synced.hash);
}

void audit_file_begin(struct audit_file *f)
{
    buf_clear(&f->batch);
    f->batch_seq = f->seq;
    memcpy(f->batch_hash, f->hash, sizeof f->hash);
}

bool audit_file_full(const struct audit_file *f, size_t length)
{
    int64_t written = f->size + (int64_t)f->batch.length;
    return f->max_size > 0 && written > 0 && written + (int64_t)length > f->max_size;
}

int audit_file_add(struct audit_file *f, const char *body, size_t length)
{
    size_t before = f->batch.length;
    char hash[AUDIT_HASH_SIZE];
    int r = audit_line_seal(body, length, f->batch_seq + 1, f->batch_hash, &f->batch, hash);
    if (r == 0)
        r = buf_append(&f->batch, "\n", 1);
    if (r < 0) {
        f->batch.length = before;
        return r;
    }
    f->batch_seq++;
    memcpy(f->batch_hash, hash, sizeof hash);
    return 0;
}

static int take_back(struct audit_file *f)
{
    f->half = ftruncate(f->fd, f->size) < 0;
    return f->half ? -errno : 0;
}

/* A descriptor that saw no failure. The path may lead elsewhere by now (logrotate): then the old
 * one stays. */
static void renew_descriptor(struct audit_file *f)
{
    struct stat old, fresh;
    int fd = open(f->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    if (fstat(f->fd, &old) == 0 && fstat(fd, &fresh) == 0 && old.st_ino == fresh.st_ino &&
        old.st_dev == fresh.st_dev) {
        (void)close(f->fd);
        f->fd = fd;
    } else {
        (void)close(fd);
    }
}

/* Writes the lines since the last good flush once more. */
static int write_again(struct audit_file *f, struct error *err)
{
    struct stat st;
    renew_descriptor(f);
    int r = fstat(f->fd, &st) < 0 ? -errno : 0;
    if (r == 0 && st.st_size > f->synced_size && ftruncate(f->fd, f->synced_size) < 0)
        r = -errno;
    if (r == 0)
        r = file_write_all(f->fd, f->unsynced.data, f->unsynced.length);
    if (r == 0 && fdatasync(f->fd) < 0)
        r = -errno;
    if (r < 0)
        return error_set_errno(err, r, "cannot flush the audit file %s", f->path);
    f->half = false;
    f->size = f->synced_size + (int64_t)f->unsynced.length;
    note_synced(f);
    return 0;
}

uint64_t audit_file_unsynced(const struct audit_file *f)
{
    return f->seq - f->synced.seq;
}

/* Another program has the lines up to this one, in a file that it rotated. */
static void forget_up_to(struct audit_file *f, uint64_t seq)
{
    for (uint64_t i = f->synced.seq; i < seq && f->unsynced.length > 0; i++) {
        const char *end = memchr(f->unsynced.data, '\n', f->unsynced.length);
        buf_consume(&f->unsynced,
                    end == NULL ? f->unsynced.length : (size_t)(end - f->unsynced.data) + 1);
    }
}

/* The file has `size` bytes and should have more. What was not on disk yet is written again; lines
 * that were, and stand nowhere else, are missing. */
static int note_cut(struct audit_file *f, int64_t size, const char *how, struct error *err)
{
    char what[sizeof f->cut];
    struct audit_link last = {.seq = 0};
    int64_t start = audit_end_line(f->fd, size);
    if (start < 0)
        return error_set_errno(err, (int)start, "cannot read %s", f->path);
    f->doubtful = true;
    if (start >= f->synced_size && size > 0)
        return 0;
    int found = audit_end_last(f->fd, f->path, start, &last);
    if (found < 0)
        return error_set_errno(err, found, "cannot read %s", f->path);
    f->synced_size = start;
    forget_up_to(f, last.seq);
    if (last.seq >= f->synced.seq)
        return 0;
    audit_missing_text(last.seq, last.hash, &f->synced, what, sizeof what);
    (void)str_format(f->cut, sizeof f->cut, "another program %s the audit log while Resus ran: %s",
                     how, what);
    return 0;
}

static int replace_deleted(struct audit_file *f, struct error *err)
{
    int fd = open_append(f->path, err);
    if (fd < 0)
        return fd;
    (void)close(f->fd);
    f->fd = fd;
    f->half = false;
    int r = learn_size(f, err);
    if (r == 0)
        r = file_sync_folder(f->path, err);
    if (r < 0)
        return r;
    f->synced_size = INT64_MAX; /* of the file that is gone */
    return note_cut(f, f->size, "deleted", err);
}

int audit_file_look(struct audit_file *f, struct error *err)
{
    struct stat st;
    int r = 0;
    if (f->half && !f->doubtful && take_back(f) < 0)
        return error_set_errno(err, -errno, "cannot take a half line back from %s", f->path);
    if (fstat(f->fd, &st) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", f->path);
    if (st.st_nlink == 0)
        r = replace_deleted(f, err);
    else if (st.st_size < (f->doubtful ? f->synced_size : f->size))
        r = note_cut(f, st.st_size, "cut", err);
    else if (!f->doubtful)
        f->size = st.st_size; /* foreign lines: audit_verify() names them */
    return r == 0 && f->doubtful ? write_again(f, err) : r;
}

int audit_file_commit(struct audit_file *f, bool durable, struct error *err)
{
    int r = audit_file_look(f, err);
    if (r < 0)
        return r;
    size_t before = f->unsynced.length;
    if (!durable && buf_append(&f->unsynced, f->batch.data, f->batch.length) < 0)
        durable = true; /* what cannot be written again has to be on disk now */
    r = file_write_all(f->fd, f->batch.data, f->batch.length);
    if (r == 0 && durable && fdatasync(f->fd) < 0) {
        r = -errno;
        f->doubtful = true;
    }
    if (r < 0) {
        f->unsynced.length = before;
        (void)take_back(f);
        return error_set_errno(err, r, "cannot write the audit file %s", f->path);
    }
    f->size += (int64_t)f->batch.length;
    f->seq = f->batch_seq;
    memcpy(f->hash, f->batch_hash, sizeof f->hash);
    if (durable)
        note_synced(f);
    return 0;
}

int audit_file_sync(struct audit_file *f, struct error *err)
{
    int r = audit_file_look(f, err);
    if (r < 0)
        return r;
    if (fdatasync(f->fd) < 0) {
        f->doubtful = true;
        return error_set_errno(err, -errno, "cannot flush the audit file %s", f->path);
    }
    note_synced(f);
    return 0;
}

int audit_file_reopen(struct audit_file *f, struct error *err)
{
    int r = audit_file_sync(f, err);
    if (r < 0)
        return r;
    int fd = open_append(f->path, err);
    if (fd < 0)
        return fd;
    (void)close(f->fd);
    f->fd = fd;
    f->half = false;
    r = learn_size(f, err);
    f->synced_size = f->size;
    return r < 0 ? r : file_sync_folder(f->path, err);
}

static bool exists(const char *file, int index, bool gzip)
{
    char path[SETTINGS_PATH_MAX + 16];
    audit_source_path(file, index, gzip, path, sizeof path);
    return access(path, F_OK) == 0;
}

static int move_up(const char *file, int index, bool gzip, struct error *err)
{
    char from[SETTINGS_PATH_MAX + 16];
    char to[SETTINGS_PATH_MAX + 16];
    audit_source_path(file, index, gzip, from, sizeof from);
    audit_source_path(file, index + 1, gzip, to, sizeof to);
    if (rename(from, to) < 0 && errno != ENOENT)
        return error_set_errno(err, -errno, "cannot rename %s", from);
    return 0;
}

static int open_backup(const char *file, int index, bool *ret_gzip)
{
    char path[SETTINGS_PATH_MAX + 16];
    int fd = -1;
    for (int gzip = 0; fd < 0 && gzip <= 1; gzip++) {
        audit_source_path(file, index, gzip == 1, path, sizeof path);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
        *ret_gzip = gzip == 1;
    }
    return fd;
}

/* Returns the first seq of a file, 0 = unknown, and its modification time. */
static uint64_t look_at(const char *file, int index, wall_ms *ret_newest)
{
    struct audit_link first = {0};
    struct stat st = {0};
    struct audit_source source = {.index = index};
    source.fd = open_backup(file, index, &source.gzip);
    *ret_newest = WALL_NONE;
    if (source.fd < 0)
        return 0;
    if (fstat(source.fd, &st) == 0)
        ret_newest->ms = (int64_t)st.st_mtim.tv_sec * 1000;
    bool found = audit_source_first(&source, &first);
    (void)close(source.fd);
    return found ? first.seq : 0;
}

static void remove_backup(const char *file, int index)
{
    char path[SETTINGS_PATH_MAX + 16];
    for (int gzip = 0; gzip <= 1; gzip++) {
        audit_source_path(file, index, gzip == 1, path, sizeof path);
        (void)unlink(path);
    }
}

static bool has_backup(const struct audit_file *f, int index)
{
    return exists(f->path, index, false) || exists(f->path, index, true);
}

/* Removes files with an index above `left`, oldest first. Stops at the first that is too young. */
static void remove_behind(struct audit_file *f, int left, struct audit_dropped *ret)
{
    wall_ms newest, ignored, now = clock_wall();
    for (int i = AUDIT_BACKUPS_MAX; i > left; i--) {
        if (!has_backup(f, i))
            continue;
        uint64_t first = look_at(f->path, i, &newest);
        if (f->keep_ms > 0 && newest.ms > now.ms - f->keep_ms)
            return;
        uint64_t next = look_at(f->path, i - 1, &ignored); /* index 0: FILE itself */
        uint64_t last = next > 0 ? next - 1 : first;
        if (last >= f->kept_seq && i < AUDIT_BACKUPS_MAX)
            return;
        remove_backup(f->path, i);
        if (ret->files == 0)
            ret->first_seq = first;
        ret->last_seq = next > 0 ? next - 1 : 0;
        ret->files++;
    }
}

/* Makes FILE.1 free. Only the files before the first gap move, so that a crash half-way costs no
 * old file; the oldest goes when there is no gap. */
static int shift(struct audit_file *f, struct audit_dropped *dropped, struct error *err)
{
    int gap = 1;
    while (gap < f->backup_count && has_backup(f, gap))
        gap++;
    remove_behind(f, gap == f->backup_count ? gap - 1 : f->backup_count, dropped);
    while (gap <= AUDIT_BACKUPS_MAX && has_backup(f, gap))
        gap++;
    if (gap > AUDIT_BACKUPS_MAX)
        return error_set(err, -EDQUOT,
                         "cannot rotate %s: there are %d old files already, and all are younger "
                         "than audit.keep_days",
                         f->path, AUDIT_BACKUPS_MAX);
    for (int i = gap - 1; i >= 1; i--) {
        int r = move_up(f->path, i, true, err);
        if (r == 0)
            r = move_up(f->path, i, false, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void audit_file_prune(struct audit_file *f, struct audit_dropped *ret)
{
    if (f->max_size > 0)
        remove_behind(f, f->backup_count, ret);
}

bool audit_file_crowded(const struct audit_file *f, struct error *err)
{
    int count = 0;
    for (int i = 1; f->max_size > 0 && f->keep_ms > 0 && i <= AUDIT_BACKUPS_MAX; i++)
        count += has_backup(f, i);
    if (count <= f->backup_count && (count < AUDIT_BACKUPS_MAX || f->size <= f->max_size))
        return false;
    (void)error_set(err, -EDQUOT,
                    "The audit log has %d old files, more than audit.backup_count (%d), because "
                    "they are younger than audit.keep_days (%lld). Increase audit.backup_count or "
                    "audit.max_size, or move the oldest files elsewhere and reload Resus",
                    count, f->backup_count, (long long)(f->keep_ms / DAY_MS));
    return true;
}

int audit_file_rotate(struct audit_file *f, struct audit_dropped *ret, struct error *err)
{
    char fresh[SETTINGS_PATH_MAX + 16];
    char first[SETTINGS_PATH_MAX + 16];
    (void)str_format(fresh, sizeof fresh, "%s" FRESH_SUFFIX, f->path);
    audit_source_path(f->path, 1, false, first, sizeof first);
    if (audit_file_sync(f, err) < 0)
        return err->code;
    (void)unlink(fresh);
    int fd = open_append(fresh, err); /* first: a full disk refuses here, before any damage */
    if (fd < 0)
        return fd;
    int r = shift(f, ret, err);
    if (r == 0 && rename(f->path, first) < 0)
        r = error_set_errno(err, -errno, "cannot rename %s", f->path);
    if (r == 0 && rename(fresh, f->path) < 0) {
        r = error_set_errno(err, -errno, "cannot rename %s", fresh);
        (void)rename(first, f->path);
    }
    if (r < 0) {
        (void)close(fd);
        (void)unlink(fresh);
        return r;
    }
    (void)close(f->fd);
    f->fd = fd;
    f->size = f->synced_size = 0;
    return file_sync_folder(f->path, err);
}
