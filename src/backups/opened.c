#include "backups/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

/* A sweep may remove the new file before it is locked. */
#define TRIES_MAX 3

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

int opened_key(const struct recipient_settings *recipients, size_t count,
               const struct manifest_file *file, struct seal_secret *ret, struct error *err)
{
    struct error ignored = {0};
    for (size_t i = 0; i < count; i++)
        if (seal_secret_beside(recipients[i].file, ret, &ignored) == 0) {
            for (size_t k = 0; k < file->sealed_for_count; k++)
                if (str_equal(ret->public.id, file->sealed_for[k]))
                    return 0;
            seal_secret_wipe(ret);
        }
    return error_set(err, -ENOKEY,
                     "no secret key that opens this backup lies beside the public keys of "
                     "`backup.recipients`");
}

/* Without a sync of the data: only what reached the disk is overwritten there. */
static void overwrite(int fd)
{
    static const char zeros[64 * 1024];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return;
    for (off_t at = 0; at < st.st_size;) {
        off_t left = st.st_size - at;
        ssize_t n = pwrite(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros, at);
        if (n <= 0)
            break;
        at += n;
    }
    (void)fdatasync(fd);
}

static int make_locked(const char *path, struct error *err)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        struct stat st;
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return error_set_errno(err, -errno, "cannot create %s", path);
        if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && st.st_nlink == 1)
            return fd;
        (void)close(fd);
    }
    return error_set(err, -EBUSY, "%s is removed by another process", path);
}

/* What is inside is no longer than what is around it. */
static int check_room(const char *folder, int sealed, struct error *err)
{
    struct stat st;
    struct statvfs disk;
    if (fstat(sealed, &st) < 0 || statvfs(folder, &disk) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", folder);
    int64_t have = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    if (have - OPENED_RESERVE_BYTES >= st.st_size)
        return 0;
    return error_set(err, -ENOSPC,
                     "to open the sealed backup %s needs %" PRId64 " MiB, and has %" PRId64
                     " MiB free: make room there",
                     folder, (st.st_size + OPENED_RESERVE_BYTES) >> 20, have >> 20);
}

int opened_make(const char *folder, const char *name, const char *sealed,
                const struct manifest_file *file, const struct seal_secret *key, struct opened *ret,
                struct error *err)
{
    ATTR_CLEANUP(close_fdp) int from = open(sealed, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return error_set_errno(err, -errno, "cannot open %s", sealed);
    *ret = (struct opened){.fd = -1};
    if (!str_format(ret->path, sizeof ret->path, "%s/%s", folder, name)) {
        ret->path[0] = '\0';
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
    }
    int r = check_room(folder, from, err);
    if (r == 0)
        r = ret->fd = make_locked(ret->path, err);
    if (r < 0) {
        ret->path[0] = '\0';
        return r;
    }
    r = seal_open(from, ret->fd, key, &ret->sums, err);
    if (r < 0)
        (void)error_prefix(err, "%s", sealed);
    else if (!str_equal(ret->sums.plain_sha256, file->plain_sha256))
        r = error_set(err, -EBADMSG, "%s holds other data than its manifest says", sealed);
    if (r < 0)
        opened_wipe(ret);
    return r;
}

void opened_wipe(struct opened *o)
{
    if (o->path[0] == '\0')
        return;
    overwrite(o->fd);
    (void)unlink(o->path);
    (void)close(o->fd);
    o->path[0] = '\0';
}

void opened_sweep(int folder, const char *name)
{
    ATTR_CLEANUP(close_fdp)
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        return;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        overwrite(fd);
    (void)unlinkat(folder, name, 0);
}
