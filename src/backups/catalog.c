#include "backups/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backups/opened.h"
#include "backups/proof_server.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

#define PARTIAL ".partial-"
#define LATEST "latest"
/* Names that are taken: as many backups of one second are tried. */
#define SECONDS_TRIED 60
/* A partial folder holds files, and at most one folder of a proof server. */
#define DEPTH_MAX 2

struct catalog {
    int lock; /* descriptor */
    char path[PATH_MAX];
};

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static void close_dirp(DIR **dir)
{
    if (*dir != NULL)
        (void)closedir(*dir);
}

/* --- what a crash left --- */

static bool is_dot(const char *name)
{
    return str_equal(name, ".") || str_equal(name, "..");
}

/* Never follows a link. What cannot be removed stays, and the next start tries again. */
static void remove_tree(int folder, const char *name, int depth)
{
    if (unlinkat(folder, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
        return;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    ATTR_CLEANUP(close_dirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        close_fdp(&fd);
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL && depth > 0; e = readdir(dir))
        if (!is_dot(e->d_name))
            remove_tree(fd, e->d_name, depth - 1);
    (void)unlinkat(folder, name, AT_REMOVEDIR);
}

static void sweep(const char *path)
{
    ATTR_CLEANUP(close_dirp) DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        if (str_starts(e->d_name, OPENED_PREFIX))
            opened_sweep(dirfd(dir), e->d_name);
        else if (str_starts(e->d_name, PARTIAL) || str_starts(e->d_name, PROOF_SERVER_FOLDER) ||
                 str_starts(e->d_name, "." LATEST))
            remove_tree(dirfd(dir), e->d_name, DEPTH_MAX);
}

/* --- opening --- */

static int take_lock(struct catalog *s, struct error *err)
{
    char path[PATH_MAX];
    if (!str_format(path, sizeof path, "%s/.lock", s->path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", s->path);
    s->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return error_set(
            err, -EBUSY,
            "another process is working on the backups in %s: wait until it has finished", s->path);
    return error_set_errno(err, -errno, "cannot lock %s", path);
}

int catalog_open(const char *root, const char *service, struct catalog **ret, struct error *err)
{
    char kind_path[PATH_MAX];
    struct catalog *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->lock = -1;
    int r = 0;
    if (!str_format(s->path, sizeof s->path, "%s/%s", root, service))
        r = error_set(err, -ENAMETOOLONG, "the path %s is too long", root);
    for (enum backup_kind k = 0; r == 0 && k < BACKUP_KIND_COUNT; k++)
        r = str_format(kind_path, sizeof kind_path, "%s/%s", s->path, backup_kind_word(k))
                ? file_make_folders(kind_path, 0700, err)
                : error_set(err, -ENAMETOOLONG, "the path %s is too long", root);
    if (r == 0)
        r = take_lock(s, err);
    if (r < 0) {
        catalog_close(s);
        return r;
    }
    sweep(s->path);
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++)
        if (str_format(kind_path, sizeof kind_path, "%s/%s", s->path, backup_kind_word(k)))
            sweep(kind_path);
    *ret = s;
    return 0;
}

int catalog_peek(const char *root, const char *service, struct catalog **ret, struct error *err)
{
    struct catalog *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->lock = -1;
    if (!str_format(s->path, sizeof s->path, "%s/%s", root, service)) {
        mem_free(s);
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", root);
    }
    *ret = s;
    return 0;
}

void catalog_close(struct catalog *s)
{
    if (s == NULL)
        return;
    close_fdp(&s->lock);
    mem_free(s);
}

const char *catalog_path(const struct catalog *s)
{
    return s->path;
}

/* --- paths --- */

static bool named(const struct catalog *s, const struct manifest *m, const char *prefix,
                  const char *file, char to[PATH_MAX])
{
    return str_format(to, PATH_MAX, "%s/%s/%s%s%s%s", s->path, backup_kind_word(m->kind), prefix,
                      m->id, file[0] == '\0' ? "" : "/", file);
}

static int too_long(const struct catalog *s, struct error *err)
{
    return error_set(err, -ENAMETOOLONG, "the path %s is too long", s->path);
}

/* --- making one --- */

int catalog_begin(struct catalog *s, enum backup_kind kind, wall_ms at, struct manifest *m,
                  char folder[PATH_MAX], struct error *err)
{
    m->kind = kind;
    for (int i = 0; i < SECONDS_TRIED; i++) {
        char final[PATH_MAX];
        if (!manifest_id_of(wall_add(at, i * INT64_C(1000)), m->id))
            return error_set(err, -EINVAL, "the clock of this machine is not set");
        if (!named(s, m, "", "", final) || !named(s, m, PARTIAL, "", folder))
            return too_long(s, err);
        if (access(final, F_OK) == 0)
            continue;
        if (mkdir(folder, 0700) == 0)
            return 0;
        if (errno != EEXIST)
            return error_set_errno(err, -errno, "cannot make the folder %s", folder);
    }
    return error_set(err, -EEXIST, "%s has backups of the next %d seconds: set the clock", s->path,
                     SECONDS_TRIED);
}

int catalog_begin_again(struct catalog *s, const struct manifest *m, char folder[PATH_MAX],
                        struct error *err)
{
    char final[PATH_MAX];
    if (!named(s, m, "", "", final) || !named(s, m, PARTIAL, "", folder))
        return too_long(s, err);
    if (access(final, F_OK) == 0)
        return error_set(err, -EEXIST, "%s is here already: resus backup verify proves it", m->id);
    return mkdir(folder, 0700) == 0
               ? 0
               : error_set_errno(err, -errno, "cannot make the folder %s", folder);
}

void catalog_drop(struct catalog *s, const struct manifest *m)
{
    char folder[PATH_MAX];
    if (named(s, m, PARTIAL, "", folder))
        remove_tree(AT_FDCWD, folder, DEPTH_MAX);
}

/* --- latest --- */

/* Replaces the link in one step; removes it when `target` is "". */
static int point(const char *folder, const char *target, struct error *err)
{
    char link[PATH_MAX];
    char made[PATH_MAX];
    if (!str_format(link, sizeof link, "%s/" LATEST, folder) ||
        !str_format(made, sizeof made, "%s/." LATEST, folder))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
    (void)unlink(made);
    if (target[0] == '\0')
        return unlink(link) == 0 || errno == ENOENT
                   ? 0
                   : error_set_errno(err, -errno, "cannot remove %s", link);
    if (symlink(target, made) < 0 || rename(made, link) < 0)
        return error_set_errno(err, -errno, "cannot point %s at %s", link, target);
    return file_sync_folder(link, err);
}

static bool trusted(const struct manifest *m)
{
    return m->proved >= PROOF_LOADED && manifest_suspicions(m) == 0;
}

/* Fills `id`, "" when none is trusted. */
static int newest_trusted(const struct catalog *s, enum backup_kind kind, char id[MANIFEST_ID_SIZE],
                          struct error *err)
{
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    char(*ids)[MANIFEST_ID_SIZE] = NULL;
    size_t count = 0;
    id[0] = '\0';
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = catalog_list(s, kind, &ids, &count, err);
    if (r < 0)
        return r;
    for (size_t i = count; i > 0 && id[0] == '\0'; i--)
        if (catalog_read(s, kind, ids[i - 1], m, NULL) == 0 && trusted(m))
            (void)str_copy(id, MANIFEST_ID_SIZE, ids[i - 1]);
    mem_free(ids);
    return 0;
}

/* Both kinds' links and the common one. */
static int point_all(const struct catalog *s, struct error *err)
{
    char newest[MANIFEST_ID_SIZE] = "";
    char target[64] = "";
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++) {
        char folder[PATH_MAX];
        char id[MANIFEST_ID_SIZE];
        if (!str_format(folder, sizeof folder, "%s/%s", s->path, backup_kind_word(k)))
            return too_long(s, err);
        int r = newest_trusted(s, k, id, err);
        if (r == 0)
            r = point(folder, id, err);
        if (r < 0)
            return r;
        if (strcmp(id, newest) > 0) {
            (void)str_copy(newest, sizeof newest, id);
            (void)str_format(target, sizeof target, "%s/%s", backup_kind_word(k), id);
        }
    }
    return point(s->path, target, err);
}

/* --- publishing --- */

static int sync_path(const char *path, int flags, struct error *err)
{
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
    if (fd < 0 || fsync(fd) < 0)
        return error_set_errno(err, -errno, "cannot sync %s", path);
    return 0;
}

static int write_manifest(const char *path, const struct manifest *m, char sha256[65],
                          struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    int r = manifest_write(m, &text, err);
    if (r == 0)
        r = file_write_atomic(path, text.data, text.length, 0600, err);
    if (r < 0)
        return r;
    if (EVP_Digest(text.data, text.length, digest, &length, EVP_sha256(), NULL) != 1)
        return error_set(err, -EIO, "%s: SHA-256 failed", path);
    sha256[0] = '\0';
    for (unsigned i = 0; i < length; i++)
        (void)str_append(sha256, 65, "%02x", (unsigned)digest[i]);
    return 0;
}

int catalog_publish(struct catalog *s, const struct manifest *m, char sha256[65], struct error *err)
{
    char partial[PATH_MAX];
    char final[PATH_MAX];
    char path[PATH_MAX];
    for (size_t i = 0; i < m->file_count; i++) {
        if (!named(s, m, PARTIAL, m->files[i].name, path))
            return too_long(s, err);
        int r = sync_path(path, 0, err);
        if (r < 0)
            return r;
    }
    if (!named(s, m, PARTIAL, "", partial) || !named(s, m, "", "", final) ||
        !named(s, m, PARTIAL, MANIFEST_FILE, path))
        return too_long(s, err);
    int r = write_manifest(path, m, sha256, err); /* syncs the folder too */
    if (r < 0)
        return r;
    if (renameat2(AT_FDCWD, partial, AT_FDCWD, final, RENAME_NOREPLACE) < 0)
        return error_set_errno(err, -errno, "cannot rename %s", partial);
    r = file_sync_folder(final, err);
    return r < 0 ? r : point_all(s, err);
}

int catalog_update(struct catalog *s, const struct manifest *m, char sha256[65], struct error *err)
{
    char path[PATH_MAX];
    if (!named(s, m, "", MANIFEST_FILE, path))
        return too_long(s, err);
    int r = write_manifest(path, m, sha256, err);
    return r < 0 ? r : point_all(s, err);
}

int catalog_remove(struct catalog *s, enum backup_kind kind, const char *id, struct error *err)
{
    struct manifest *m = mem_calloc(1, sizeof *m);
    char final[PATH_MAX];
    char partial[PATH_MAX];
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    m->kind = kind;
    bool named_well = manifest_id_valid(id) && str_copy(m->id, sizeof m->id, id) &&
                      named(s, m, "", "", final) && named(s, m, PARTIAL, "", partial);
    mem_free(m);
    if (!named_well)
        return error_set(err, -EINVAL, "%s is not the name of a backup", id);
    /* After the rename it is no backup, whatever happens to the rest. */
    if (rename(final, partial) < 0)
        return error_set_errno(err, -errno, "cannot remove %s", final);
    int r = point_all(s, err);
    remove_tree(AT_FDCWD, partial, DEPTH_MAX);
    return r;
}

/* --- reading --- */

int catalog_read(const struct catalog *s, enum backup_kind kind, const char *id,
                 struct manifest *ret, struct error *err)
{
    char path[PATH_MAX];
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    if (!manifest_id_valid(id))
        return error_set(err, -EINVAL, "%s is not the name of a backup", id);
    if (!str_format(path, sizeof path, "%s/%s/%s/" MANIFEST_FILE, s->path, backup_kind_word(kind),
                    id))
        return error_set(err, -ENAMETOOLONG, "%s: the path is too long", s->path);
    int r = file_read(path, &text, err);
    if (r < 0)
        return r;
    r = manifest_read(buf_text(&text), text.length, ret, err);
    if (r == 0 && (!str_equal(ret->id, id) || ret->kind != kind))
        r = error_set(err, -EBADMSG, "the manifest is the one of %s", ret->id);
    return r < 0 ? error_prefix(err, "%s", path) : 0;
}

int catalog_latest(const struct catalog *s, struct manifest *ret, struct error *err)
{
    char ids[BACKUP_KIND_COUNT][MANIFEST_ID_SIZE];
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++) {
        int r = newest_trusted(s, k, ids[k], err);
        if (r < 0)
            return r;
    }
    enum backup_kind newer =
        strcmp(ids[BACKUP_DAILY], ids[BACKUP_MANUAL]) > 0 ? BACKUP_DAILY : BACKUP_MANUAL;
    if (ids[newer][0] == '\0')
        return 0;
    int r = catalog_read(s, newer, ids[newer], ret, err);
    return r < 0 ? r : 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int catalog_list(const struct catalog *s, enum backup_kind kind, char (**ret)[MANIFEST_ID_SIZE],
                 size_t *ret_count, struct error *err)
{
    char path[PATH_MAX];
    if (!str_format(path, sizeof path, "%s/%s", s->path, backup_kind_word(kind)))
        return too_long(s, err);
    ATTR_CLEANUP(close_dirp) DIR *dir = opendir(path);
    if (dir == NULL)
        return error_set_errno(err, -errno, "cannot read the folder %s", path);
    char(*ids)[MANIFEST_ID_SIZE] = mem_calloc(CATALOG_BACKUPS_MAX, MANIFEST_ID_SIZE);
    if (ids == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    size_t count = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (!manifest_id_valid(e->d_name))
            continue;
        if (count == CATALOG_BACKUPS_MAX) {
            mem_free(ids);
            return error_set(err, -EFBIG, "%s has more than %d backups: remove old ones", path,
                             CATALOG_BACKUPS_MAX);
        }
        (void)str_copy(ids[count++], MANIFEST_ID_SIZE, e->d_name);
    }
    qsort(ids, count, MANIFEST_ID_SIZE, by_name);
    *ret = ids;
    *ret_count = count;
    return 0;
}
