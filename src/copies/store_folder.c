/* A folder: another disk, a mounted share. Resus never makes the folder itself, so that a share that
 * is not mounted is noticed and its mount point does not fill up. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "copies/store_kind.h"
#include "io/file.h"

#define MARKER ".resus-copies"
#define MARKER_TEXT                                                                                \
    "Copies of backups by Resus. Without this file the folder is taken for an empty mount "        \
    "point.\n"
#define PART_SUFFIX ".part"
#define RESERVE_BYTES ((uint64_t)16 << 20) /* stay free on the disk of the copies */

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void close_dirp(DIR **dir)
{
    if (*dir != NULL)
        (void)closedir(*dir);
}

static const char *root_of(const struct copy_store *s)
{
    return s->options.target->path;
}

/* ── is it the right folder? ── */

static bool below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return str_starts(path, folder) && (path[length] == '\0' || path[length] == '/');
}

/* The longest mount point of that table that holds `path`, "" = none but the root. */
static void mount_of(const char *table, const char *path, char ret[PATH_MAX])
{
    FILE *file = setmntent(table, "re");
    ret[0] = '\0';
    if (file == NULL)
        return;
    for (const struct mntent *e = getmntent(file); e != NULL; e = getmntent(file))
        if (!str_equal(e->mnt_dir, "/") && below(path, e->mnt_dir) &&
            strlen(e->mnt_dir) > strlen(ret))
            (void)str_copy(ret, PATH_MAX, e->mnt_dir);
    (void)endmntent(file);
}

/* /etc/fstab says that a file system belongs there, and none is there. */
static int check_mounted(const struct copy_store *s, struct error *err)
{
    char wanted[PATH_MAX];
    char mounted[PATH_MAX];
    mount_of("/etc/fstab", root_of(s), wanted);
    mount_of("/proc/self/mounts", root_of(s), mounted);
    if (wanted[0] == '\0' || strlen(mounted) >= strlen(wanted))
        return 0;
    return error_set(err, -ENOTCONN, "%s is not mounted: run mount %s", wanted, wanted);
}

static int check_marker(const struct copy_store *s, struct error *err)
{
    char path[PATH_MAX];
    if (!str_format(path, sizeof path, "%s/" MARKER, root_of(s)))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", root_of(s));
    if (access(path, F_OK) == 0 || !s->options.writes)
        return 0;
    if (errno != ENOENT)
        return error_set_errno(err, -errno, "cannot look into %s", root_of(s));
    if (s->options.known)
        return error_set(err, -ENOTCONN,
                         "%s had copies, and " MARKER " is missing now: is the disk mounted? If it "
                         "is a new one, run touch %s",
                         root_of(s), path);
    return file_write_atomic(path, MARKER_TEXT, strlen(MARKER_TEXT), 0600, err);
}

static void note_same_disk(struct copy_store *s, const struct stat *st)
{
    struct stat own;
    if (s->options.directory != NULL && stat(s->options.directory, &own) == 0 &&
        own.st_dev == st->st_dev)
        (void)str_format(s->note, sizeof s->note,
                         "%s is on the same file system as the backups: both are lost with it",
                         root_of(s));
}

/* A service of systemd sees all that it is not given as read-only. */
static int with_hint(const struct copy_store *s, int r, struct error *err)
{
    char text[ERROR_TEXT_MAX];
    if (r != -EROFS)
        return r;
    (void)str_copy(text, sizeof text, err->text);
    return error_set(err, r,
                     "%.300s. If the disk is not, its unit protects it: systemctl edit resus, "
                     "ReadWritePaths=%s",
                     text, root_of(s));
}

static int folder_open(struct copy_store *s, struct error *err)
{
    struct stat st;
    if (stat(root_of(s), &st) < 0 && errno == ENOENT)
        return error_set(err, -ENOENT,
                         "the folder %s is not there: is the disk mounted? Resus does not make it",
                         root_of(s));
    if (stat(root_of(s), &st) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", root_of(s));
    if (!S_ISDIR(st.st_mode))
        return error_set(err, -ENOTDIR, "%s is not a folder", root_of(s));
    int r = check_mounted(s, err);
    if (r == 0)
        r = check_marker(s, err);
    if (r == 0)
        note_same_disk(s, &st);
    return with_hint(s, r, err);
}

static void folder_close(struct copy_store *s)
{
    (void)s;
}

/* ── paths ── */

static int named(const struct copy_store *s, const struct copy_place *at, const char *name,
                 const char *suffix, char to[PATH_MAX], struct error *err)
{
    if (str_format(to, PATH_MAX, "%s/%s/%s/%s%s%s%s", root_of(s), s->options.service,
                   backup_kind_word(at->kind), at->id, name[0] == '\0' ? "" : "/", name, suffix))
        return 0;
    return error_set(err, -ENAMETOOLONG, "the path %s is too long", root_of(s));
}

static int folder_list(struct copy_store *s, enum backup_kind kind, struct copy_ids *ret,
                       struct error *err)
{
    char path[PATH_MAX];
    char manifest[64];
    struct copy_place at = {.kind = kind};
    int r = named(s, &at, "", "", path, err);
    if (r < 0)
        return r;
    ATTR_CLEANUP(close_dirp) DIR *dir = opendir(path);
    if (dir == NULL)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "cannot read %s", path);
    errno = 0;
    for (struct dirent *e = readdir(dir); e != NULL && r == 0; e = readdir(dir)) {
        if (!manifest_id_valid(e->d_name) ||
            !str_format(manifest, sizeof manifest, "%s/" MANIFEST_FILE, e->d_name))
            continue;
        if (faccessat(dirfd(dir), manifest, F_OK, 0) == 0)
            r = copy_ids_add(ret, e->d_name, err);
        else if (errno != ENOENT)
            r = error_set_errno(err, -errno, "cannot look at %s/%s", path, manifest);
        errno = 0;
    }
    if (r == 0 && errno != 0)
        r = error_set_errno(err, -errno, "cannot read %s", path);
    return r;
}

/* ── writing ── */

static int check_space(const struct copy_store *s, uint64_t bytes, struct error *err)
{
    struct statvfs disk;
    if (statvfs(root_of(s), &disk) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", root_of(s));
    uint64_t have = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (have >= bytes + RESERVE_BYTES)
        return 0;
    return error_set(err, -ENOSPC,
                     "%s is full: %llu MiB free, this copy needs %llu MiB. Make room there; older "
                     "copies stay",
                     root_of(s), (unsigned long long)(have >> 20),
                     (unsigned long long)((bytes + RESERVE_BYTES) >> 20));
}

static int write_out(int fd, struct copy_source *from)
{
    char chunk[65536];
    for (;;) {
        ssize_t n = copy_source_read(from, chunk, sizeof chunk);
        if (n <= 0)
            return (int)n;
        int r = file_write_all(fd, chunk, (size_t)n);
        if (r < 0)
            return r;
    }
}

static int write_part(const char *part, struct copy_source *from, struct error *err)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot create %s", part);
    int r = write_out(fd, from);
    /* A share reports what its server could not store at fsync, or at close. */
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r < 0 && from->error.code != 0)
        return error_set(err, r, "%s", from->error.text);
    return r < 0 ? error_set_errno(err, r, "cannot write %s", part) : 0;
}

/* The folder of the copy and those above it, down to the configured one, are on the disk. */
static int make_folders(const struct copy_store *s, const struct copy_place *at, struct error *err)
{
    char path[PATH_MAX];
    size_t least = strlen(root_of(s));
    int r = named(s, at, "", "", path, err);
    if (r == 0)
        r = file_make_folders(path, 0700, err);
    for (char *slash = strrchr(path, '/'); r == 0 && slash != NULL && strlen(path) > least;
         slash = strrchr(path, '/')) {
        r = file_sync_folder(path, err); /* the one that holds it */
        *slash = '\0';
    }
    return r;
}

static int folder_put(struct copy_store *s, const struct copy_place *at, const char *name,
                      struct copy_source *from, struct error *err)
{
    char part[PATH_MAX];
    char final[PATH_MAX];
    int r = check_space(s, from->size, err);
    if (r == 0)
        r = make_folders(s, at, err);
    if (r == 0)
        r = named(s, at, name, PART_SUFFIX, part, err);
    if (r == 0)
        r = named(s, at, name, "", final, err);
    if (r < 0)
        return r;
    r = write_part(part, from, err);
    if (r == 0 && rename(part, final) < 0)
        r = error_set_errno(err, -errno, "cannot rename %s", part);
    if (r < 0)
        (void)unlink(part);
    return r < 0 ? with_hint(s, r, err) : file_sync_folder(final, err);
}

/* ── reading and removing ── */

static int folder_get(struct copy_store *s, const struct copy_place *at, const char *name,
                      struct copy_sink *to, struct error *err)
{
    char path[PATH_MAX];
    char chunk[65536];
    int r = named(s, at, name, "", path, err);
    if (r < 0)
        return r;
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? error_set_errno(err, -errno, "cannot read %s", path) : 0;
        r = copy_sink_take(to, chunk, (size_t)n);
        if (r < 0)
            return error_set(err, r, "%s: %s", path, to->error.text);
    }
}

static int folder_remove(struct copy_store *s, const struct copy_place *at, struct error *err)
{
    char path[PATH_MAX];
    char manifest[PATH_MAX];
    int r = named(s, at, "", "", path, err);
    if (r == 0)
        r = named(s, at, MANIFEST_FILE, "", manifest, err);
    if (r < 0)
        return r;
    if (unlink(manifest) < 0 && errno != ENOENT)
        return error_set_errno(err, -errno, "cannot remove %s", manifest);
    r = file_sync_folder(manifest, err);
    ATTR_CLEANUP(close_dirp) DIR *dir = opendir(path);
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir))
        if (!str_equal(e->d_name, ".") && !str_equal(e->d_name, ".."))
            (void)unlinkat(dirfd(dir), e->d_name, 0);
    if (r == 0 && rmdir(path) < 0)
        r = error_set_errno(err, -errno, "cannot remove %s", path);
    return r;
}

const struct copy_store_kind copy_store_folder = {
    .size = sizeof(struct copy_store),
    .open = folder_open,
    .close = folder_close,
    .list = folder_list,
    .put = folder_put,
    .get = folder_get,
    .remove = folder_remove,
};
