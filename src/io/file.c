#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/trust.h"

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Secrets pass through here. */
struct chunk {
    char bytes[16384];
};

static void wipe_chunk(struct chunk *c)
{
    mem_wipe(c, sizeof *c);
}

static int read_all(int fd, const char *path, struct buf *b, struct error *err)
{
    ATTR_CLEANUP(wipe_chunk) struct chunk chunk;
    for (;;) {
        ssize_t n = read(fd, chunk.bytes, sizeof chunk.bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(err, -errno, "cannot read %s", path);
        if (n == 0)
            return 0;
        int r = buf_append(b, chunk.bytes, (size_t)n);
        if (r == -ENOBUFS)
            return error_set(err, -EFBIG, "%s is larger than %zu bytes", path, b->limit);
        if (r < 0)
            return error_set(err, r, "%s: out of memory", path);
    }
}

int file_read(const char *path, struct buf *b, struct error *err)
{
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    return read_all(fd, path, b, err);
}

static bool is_group_resus(gid_t gid)
{
    struct group group;
    struct group *found = NULL;
    char buffer[4096];
    return getgrnam_r("resus", &group, buffer, sizeof buffer, &found) == 0 && found != NULL &&
           found->gr_gid == gid;
}

int file_read_secret(const char *path, struct buf *b, struct error *err)
{
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, "%s is not a regular file", path);
    if (trust_check_owner(path, st.st_uid, err) < 0)
        return err->code;
    mode_t open_to = st.st_mode & (S_IRWXG | S_IRWXO);
    if (open_to == S_IRGRP && is_group_resus(st.st_gid))
        open_to = 0;
    if (open_to != 0)
        return error_set(err, -EPERM, "%s can be read by others (mode %04o): run: chmod 600 %s",
                         path, (unsigned)(st.st_mode & 07777), path);
    int r = read_all(fd, path, b, err);
    if (r == 0 && b->length > 0 && b->data[b->length - 1] == '\n')
        b->data[--b->length] = '\0';
    return r;
}

int file_write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

static void folder_of(const char *path, char *folder, size_t size)
{
    (void)str_copy(folder, size, path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)str_copy(folder, size, ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
}

int file_sync_folder(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    folder_of(path, folder, sizeof folder);
    ATTR_CLEANUP(close_fdp) int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(dir) < 0)
        return error_set_errno(err, -errno, "cannot sync the folder %s", folder);
    return 0;
}

int file_make_folder_of(const char *path, mode_t mode, struct error *err)
{
    char folder[PATH_MAX];
    folder_of(path, folder, sizeof folder);
    return file_make_folders(folder, mode, err);
}

int file_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode,
                      struct error *err)
{
    char beside[PATH_MAX];
    if (!str_format(beside, sizeof beside, "%s.new.XXXXXX", path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", path);
    /* A name that can be guessed could be made before us, in a folder that others may write. */
    ATTR_CLEANUP(close_fdp)
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot create %s", beside);
    int r = fchmod(fd, mode) < 0 ? -errno : file_write_all(fd, bytes, length);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r == 0 && rename(beside, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(beside);
        return error_set_errno(err, r, "cannot write %s", path);
    }
    return file_sync_folder(path, err);
}

int file_make_folders(const char *path, mode_t mode, struct error *err)
{
    char part[PATH_MAX];
    struct stat st;
    if (*path == '\0')
        return error_set(err, -EINVAL, "the path of a folder is empty");
    if (!str_copy(part, sizeof part, path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", path);
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return error_set_errno(err, -errno, "cannot make the folder %s", part);
        if (end == '\0') {
            if (stat(part, &st) == 0 && S_ISDIR(st.st_mode))
                return 0;
            return error_set(err, -ENOTDIR, "%s is not a folder", part);
        }
        *p = end;
    }
}
