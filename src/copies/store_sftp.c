/* A folder on another host, by SFTP. The host's key must stand in `known_hosts`; the login is by a
 * key of its own. Resus never makes the folder itself. */
#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "copies/store_kind.h"
#include "host/ssh_login.h"

#define MARKER ".resus-copies"
#define PART_SUFFIX ".part"
#define RESERVE_BYTES ((uint64_t)16 << 20)
/* Each write waits for its answer. 32 KiB is what every server takes, OpenSSH takes more. */
#define WRITE_BYTES 32768
#define WRITE_BYTES_OPENSSH 131072
#define READ_BYTES 32768
#define FSYNC "fsync@openssh.com"
struct sftp_store {
    struct copy_store store; /* first */
    ssh_session session;
    sftp_session sftp;
    bool syncs; /* the server has FSYNC */
};

static struct sftp_store *of(struct copy_store *s)
{
    return (struct sftp_store *)s;
}

static const struct copy_settings *target_of(const struct sftp_store *s)
{
    return s->store.options.target;
}

/* ── errors ── */

static int code_of(int sftp_code)
{
    switch (sftp_code) {
    case SSH_FX_NO_SUCH_FILE:
    case SSH_FX_NO_SUCH_PATH:
        return -ENOENT;
    case SSH_FX_PERMISSION_DENIED:
    case SSH_FX_WRITE_PROTECT:
        return -EACCES;
    case SSH_FX_NO_CONNECTION:
    case SSH_FX_CONNECTION_LOST:
        return -ECONNRESET;
    default:
        return -EIO;
    }
}

static const char *reason_of(int code)
{
    return code == -ENOENT       ? "it is not there"
           : code == -EACCES     ? "the account has no right to"
           : code == -ECONNRESET ? "the connection was lost"
                                 : "the server refuses without a reason; is its disk full?";
}

static int failed(struct sftp_store *s, struct error *err, const char *what, const char *path)
{
    int code = code_of(sftp_get_error(s->sftp));
    return error_set(err, code, "%s: cannot %s %s: %s", target_of(s)->host, what, path,
                     reason_of(code));
}

/* ── connecting ── */

static int connect_to(struct sftp_store *s, struct error *err)
{
    const struct copy_settings *t = target_of(s);
    struct ssh_settings ssh = {.port = t->port};
    (void)str_copy(ssh.host, sizeof ssh.host, t->host);
    (void)str_copy(ssh.user, sizeof ssh.user, t->user);
    (void)str_copy(ssh.key, sizeof ssh.key, t->key);
    (void)str_copy(ssh.known_hosts, sizeof ssh.known_hosts, t->known_hosts);
    int r = ssh_login(&ssh, NULL, &s->session, err);
    if (r < 0)
        return r;
    s->sftp = sftp_new(s->session);
    if (s->sftp == NULL || sftp_init(s->sftp) != SSH_OK)
        return error_set(err, -EPROTO, "%s has no SFTP: %s", t->host, ssh_get_error(s->session));
    s->syncs = sftp_extension_supported(s->sftp, FSYNC, "1") != 0;
    return 0;
}

/* ── is it the right folder? ── */

static bool exists(struct sftp_store *s, const char *path, bool folder)
{
    sftp_attributes found = sftp_stat(s->sftp, path);
    bool right = found != NULL && (!folder || found->type == SSH_FILEXFER_TYPE_DIRECTORY);
    if (found != NULL)
        sftp_attributes_free(found);
    return right;
}

static int check_folder(struct sftp_store *s, struct error *err)
{
    const struct copy_settings *t = target_of(s);
    char marker[PATH_MAX];
    if (!str_format(marker, sizeof marker, "%s/" MARKER, t->path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", t->path);
    if (!exists(s, t->path, true))
        return error_set(err, -ENOENT,
                         "%s has no folder %s: is its disk mounted? Resus does not make it",
                         t->host, t->path);
    if (!s->store.options.writes || exists(s, marker, false))
        return 0;
    if (sftp_get_error(s->sftp) != SSH_FX_NO_SUCH_FILE)
        return failed(s, err, "look at", marker);
    if (s->store.options.known)
        return error_set(err, -ENOTCONN,
                         "%s:%s had copies, and " MARKER " is missing now: is the disk mounted? If "
                         "it is a new one, run touch %s there",
                         t->host, t->path, marker);
    sftp_file file = sftp_open(s->sftp, marker, O_WRONLY | O_CREAT, 0600);
    if (file == NULL)
        return failed(s, err, "create", marker);
    (void)sftp_close(file);
    return 0;
}

static int store_open(struct copy_store *store, struct error *err)
{
    struct sftp_store *s = of(store);
    int r = connect_to(s, err);
    if (r == 0)
        r = check_folder(s, err);
    if (r == 0 && !s->syncs)
        (void)str_format(store->note, sizeof store->note,
                         "%s cannot sync files: a power cut there may lose the newest copy",
                         target_of(s)->host);
    return r;
}

static void store_close(struct copy_store *store)
{
    struct sftp_store *s = of(store);
    if (s->sftp != NULL)
        sftp_free(s->sftp);
    if (s->session != NULL) {
        ssh_disconnect(s->session);
        ssh_free(s->session);
    }
}

/* ── paths ── */

static int named(const struct sftp_store *s, const struct copy_place *at, const char *name,
                 const char *suffix, char to[PATH_MAX], struct error *err)
{
    if (str_format(to, PATH_MAX, "%s/%s/%s%s%s%s%s%s", target_of(s)->path, s->store.options.service,
                   backup_kind_word(at->kind), at->id[0] == '\0' ? "" : "/", at->id,
                   name[0] == '\0' ? "" : "/", name, suffix))
        return 0;
    return error_set(err, -ENAMETOOLONG, "the path %s is too long", target_of(s)->path);
}

static int add_whole(struct sftp_store *s, const struct copy_place *at, struct copy_ids *ret,
                     struct error *err)
{
    char manifest[PATH_MAX];
    int r = named(s, at, MANIFEST_FILE, "", manifest, err);
    if (r < 0)
        return r;
    if (exists(s, manifest, false))
        return copy_ids_add(ret, at->id, err);
    return sftp_get_error(s->sftp) == SSH_FX_NO_SUCH_FILE ? 0 : failed(s, err, "look at", manifest);
}

static int store_list(struct copy_store *store, enum backup_kind kind, struct copy_ids *ret,
                      struct error *err)
{
    struct sftp_store *s = of(store);
    struct copy_place at = {.kind = kind};
    char path[PATH_MAX];
    int r = named(s, &at, "", "", path, err);
    if (r < 0)
        return r;
    sftp_dir dir = sftp_opendir(s->sftp, path);
    if (dir == NULL)
        return sftp_get_error(s->sftp) == SSH_FX_NO_SUCH_FILE ? 0 : failed(s, err, "read", path);
    for (sftp_attributes e = sftp_readdir(s->sftp, dir); e != NULL && r == 0;) {
        if (manifest_id_valid(e->name)) {
            (void)str_copy(at.id, sizeof at.id, e->name);
            r = add_whole(s, &at, ret, err);
        }
        sftp_attributes_free(e);
        e = r == 0 ? sftp_readdir(s->sftp, dir) : NULL;
    }
    if (r == 0 && !sftp_dir_eof(dir))
        r = failed(s, err, "read", path);
    (void)sftp_closedir(dir);
    return r;
}

/* ── writing ── */

static int check_space(struct sftp_store *s, uint64_t bytes, struct error *err)
{
    const struct copy_settings *t = target_of(s);
    sftp_statvfs_t disk = sftp_extension_supported(s->sftp, "statvfs@openssh.com", "2") != 0
                              ? sftp_statvfs(s->sftp, t->path)
                              : NULL;
    if (disk == NULL)
        return 0; /* the write will show it */
    uint64_t have = disk->f_bavail * disk->f_frsize;
    sftp_statvfs_free(disk);
    if (have >= bytes + RESERVE_BYTES)
        return 0;
    return error_set(err, -ENOSPC,
                     "%s:%s is full: %llu MiB free, this copy needs %llu MiB. Make room there; "
                     "older copies stay",
                     t->host, t->path, (unsigned long long)(have >> 20),
                     (unsigned long long)((bytes + RESERVE_BYTES) >> 20));
}

/* The folders below the configured one. */
static int make_folders(struct sftp_store *s, const struct copy_place *at, struct error *err)
{
    char path[PATH_MAX];
    int r = named(s, at, "", "", path, err);
    size_t begin = strlen(target_of(s)->path) + 1;
    for (char *p = path + begin; r == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (sftp_mkdir(s->sftp, path, 0700) < 0 && !exists(s, path, true))
            r = failed(s, err, "make the folder", path);
        *p = end;
        if (end == '\0')
            break;
    }
    return r;
}

static int write_out(struct sftp_store *s, sftp_file file, const char *path,
                     struct copy_source *from, struct error *err)
{
    static char chunk[WRITE_BYTES_OPENSSH];
    size_t size = s->syncs ? sizeof chunk : WRITE_BYTES;
    for (;;) {
        ssize_t n = copy_source_read(from, chunk, size);
        if (n < 0)
            return error_set(err, (int)n, "%s", from->error.text);
        if (n == 0)
            break;
        for (ssize_t done = 0; done < n;) {
            ssize_t w = sftp_write(file, chunk + done, (size_t)(n - done));
            if (w <= 0)
                return failed(s, err, "write", path);
            done += w;
        }
    }
    return s->syncs && sftp_fsync(file) < 0 ? failed(s, err, "sync", path) : 0;
}

static int store_put(struct copy_store *store, const struct copy_place *at, const char *name,
                     struct copy_source *from, struct error *err)
{
    struct sftp_store *s = of(store);
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
    sftp_file file = sftp_open(s->sftp, part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file == NULL)
        return failed(s, err, "create", part);
    r = write_out(s, file, part, from, err);
    if (sftp_close(file) != SSH_OK && r == 0)
        r = failed(s, err, "close", part);
    if (r == 0 && sftp_rename(s->sftp, part, final) < 0) {
        (void)sftp_unlink(s->sftp, final); /* a server that does not rename over a file */
        if (sftp_rename(s->sftp, part, final) < 0)
            r = failed(s, err, "rename", part);
    }
    if (r < 0)
        (void)sftp_unlink(s->sftp, part);
    return r;
}

/* ── reading and removing ── */

static int store_get(struct copy_store *store, const struct copy_place *at, const char *name,
                     struct copy_sink *to, struct error *err)
{
    struct sftp_store *s = of(store);
    char chunk[READ_BYTES];
    char path[PATH_MAX];
    int r = named(s, at, name, "", path, err);
    if (r < 0)
        return r;
    sftp_file file = sftp_open(s->sftp, path, O_RDONLY, 0);
    if (file == NULL)
        return failed(s, err, "open", path);
    for (;;) {
        ssize_t n = sftp_read(file, chunk, sizeof chunk);
        if (n < 0)
            r = failed(s, err, "read", path);
        if (n <= 0)
            break;
        r = copy_sink_take(to, chunk, (size_t)n);
        if (r < 0) {
            (void)error_set(err, r, "%s: %s", path, to->error.text);
            break;
        }
    }
    (void)sftp_close(file);
    return r;
}

static int store_remove(struct copy_store *store, const struct copy_place *at, struct error *err)
{
    struct sftp_store *s = of(store);
    char folder[PATH_MAX];
    char path[PATH_MAX];
    int r = named(s, at, "", "", folder, err);
    if (r == 0)
        r = named(s, at, MANIFEST_FILE, "", path, err);
    if (r < 0)
        return r;
    if (sftp_unlink(s->sftp, path) < 0 && sftp_get_error(s->sftp) != SSH_FX_NO_SUCH_FILE)
        return failed(s, err, "remove", path);
    sftp_dir dir = sftp_opendir(s->sftp, folder);
    for (sftp_attributes e = dir == NULL ? NULL : sftp_readdir(s->sftp, dir); e != NULL;
         e = sftp_readdir(s->sftp, dir)) {
        if (!str_equal(e->name, ".") && !str_equal(e->name, "..") && strchr(e->name, '/') == NULL &&
            str_format(path, sizeof path, "%s/%s", folder, e->name))
            (void)sftp_unlink(s->sftp, path);
        sftp_attributes_free(e);
    }
    if (dir != NULL)
        (void)sftp_closedir(dir);
    return sftp_rmdir(s->sftp, folder) < 0 ? failed(s, err, "remove", folder) : 0;
}

const struct copy_store_kind copy_store_sftp = {
    .size = sizeof(struct sftp_store),
    .open = store_open,
    .close = store_close,
    .list = store_list,
    .put = store_put,
    .get = store_get,
    .remove = store_remove,
};
