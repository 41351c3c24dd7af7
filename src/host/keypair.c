#include "host/keypair.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/keyfile.h"
#include "io/file.h"

static void part_path(const char *path, char ret[SETTINGS_PATH_MAX])
{
    (void)str_format(ret, SETTINGS_PATH_MAX, "%s.new.part", path);
}

void keypair_fresh_path(const char *path, char ret[SETTINGS_PATH_MAX])
{
    (void)str_format(ret, SETTINGS_PATH_MAX, "%s.new", path);
}

void keypair_old_path(const char *path, wall_ms now, char ret[SETTINGS_PATH_MAX])
{
    char text[WALL_TEXT_SIZE];
    (void)wall_text(now, text); /* "2025-10-10T..." */
    (void)str_format(ret, SETTINGS_PATH_MAX, "%s.old-%.4s%.2s%.2s", path, text, text + 5, text + 8);
}

/* ── the public half ── */

static void fingerprint(ssh_key key, char *ret, size_t size)
{
    unsigned char *hash = NULL;
    size_t length = 0;
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != SSH_OK)
        return;
    char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
    (void)str_copy(ret, size, text);
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
}

int keypair_read(const char *path, struct keypair_public *ret, struct error *err)
{
    ssh_key key = NULL;
    int r = keyfile_load(path, &key, err);
    if (r < 0)
        return r;
    struct keypair_public public = {0};
    char *base64 = NULL;
    bool good = ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK &&
                str_copy(public.base64, sizeof public.base64, base64);
    (void)str_copy(public.type, sizeof public.type, ssh_key_type_to_char(ssh_key_type(key)));
    fingerprint(key, public.fingerprint, sizeof public.fingerprint);
    ssh_string_free_char(base64);
    ssh_key_free(key);
    if (!good || public.fingerprint[0] == '\0')
        return error_set(err, -EINVAL, "the public half of SSH key %s cannot be read", path);
    *ret = public;
    return 0;
}

const char *keypair_tail(const struct keypair_public *public)
{
    size_t length = strlen(public->base64);
    return length > KEYPAIR_TAIL ? public->base64 + length - KEYPAIR_TAIL : public->base64;
}

/* ── making ── */

static int generate(enum keypair_kind kind, char **ret, struct error *err)
{
    ssh_key key = NULL;
    int made = kind == KEYPAIR_RSA ? ssh_pki_generate(SSH_KEYTYPE_RSA, KEYPAIR_RSA_BITS, &key)
                                   : ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key);
    if (made == SSH_OK)
        made = ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, ret);
    ssh_key_free(key);
    return made == SSH_OK && *ret != NULL ? 0 : error_set(err, -EIO, "libssh cannot make a key");
}

static int cannot_create(const char *path, int code, struct error *err)
{
    if (code != -EACCES && code != -EPERM && code != -EROFS)
        return error_set_errno(err, code, "cannot create %s", path);
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - path);
    return error_set(err, code,
                     "cannot create %s: %s. The account of Resus (user %u) must be able to write "
                     "the folder: `chown %u %.*s`",
                     path, strerror(-code), (unsigned)geteuid(), (unsigned)geteuid(),
                     folder == 0 ? 1 : folder, folder == 0 ? "." : path);
}

static int fill(int fd, const struct stat *like, const char *text)
{
    /* Only root can give a file away; for any other account it is its own already. */
    if (fchown(fd, like->st_uid, like->st_gid) < 0 && like->st_uid != geteuid())
        return -errno;
    int r = fchmod(fd, 0600) < 0 ? -errno : file_write_all(fd, text, strlen(text));
    return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* `part` with the owner of `like`. */
static int write_part(const char *part, enum keypair_kind kind, const struct stat *like,
                      struct error *err)
{
    char *text = NULL;
    int r = generate(kind, &text, err);
    if (r < 0 || text == NULL)
        return r;
    (void)unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        r = cannot_create(part, -errno, err);
    } else {
        r = fill(fd, like, text);
        close(fd);
        if (r < 0) {
            (void)unlink(part);
            (void)error_set_errno(err, r, "cannot write %s", part);
        }
    }
    mem_wipe(text, strlen(text));
    ssh_string_free_char(text);
    return r < 0 ? r : keyfile_check_for(part, like->st_uid, err);
}

static int path_fits(const char *path, struct error *err)
{
    if (strlen(path) + sizeof ".old-YYYYMMDD" > SETTINGS_PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "the path of an SSH key has at most %zu characters",
                         SETTINGS_PATH_MAX - sizeof ".old-YYYYMMDD");
    return 0;
}

int keypair_write_part(const char *path, enum keypair_kind kind, struct error *err)
{
    char part[SETTINGS_PATH_MAX];
    struct stat like;
    part_path(path, part);
    int r = path_fits(path, err);
    if (r < 0)
        return r;
    if (lstat(path, &like) < 0)
        return error_set_errno(err, -errno, "SSH key %s", path);
    return write_part(part, kind, &like, err);
}

static int give_name(const char *from, const char *to, struct error *err)
{
    if (link(from, to) == 0)
        return 0;
    if (errno == EEXIST)
        return error_set(err, -EEXIST,
                         "%s is there already, and this rotation did not make it: move it away",
                         to);
    return cannot_create(to, -errno, err);
}

int keypair_place_new(const char *path, struct error *err)
{
    char part[SETTINGS_PATH_MAX], fresh[SETTINGS_PATH_MAX];
    part_path(path, part);
    keypair_fresh_path(path, fresh);
    int r = give_name(part, fresh, err);
    (void)unlink(part);
    return r < 0 ? r : file_sync_folder(path, err);
}

int keypair_create(const char *path, enum keypair_kind kind, uid_t owner, gid_t group,
                   struct error *err)
{
    char part[SETTINGS_PATH_MAX];
    const struct stat like = {.st_uid = owner, .st_gid = group};
    part_path(path, part);
    int r = path_fits(path, err);
    if (r == 0)
        r = write_part(part, kind, &like, err);
    if (r < 0)
        return r;
    if (link(part, path) < 0)
        r = cannot_create(path, -errno, err);
    (void)unlink(part);
    return r < 0 ? r : file_sync_folder(path, err);
}

/* ── switching ── */

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return lstat(a, &first) == 0 && lstat(b, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

int keypair_keep_old(const char *path, const char *old, struct error *err)
{
    int r = same_file(path, old) ? 0 : give_name(path, old, err);
    return r < 0 ? r : file_sync_folder(path, err);
}

int keypair_put_new(const char *path, struct error *err)
{
    char fresh[SETTINGS_PATH_MAX];
    keypair_fresh_path(path, fresh);
    if (rename(fresh, path) < 0)
        return error_set_errno(err, -errno, "cannot rename %s to %s", fresh, path);
    return file_sync_folder(path, err);
}

int keypair_put_public(const char *path, const char *comment, struct error *err)
{
    char name[SETTINGS_PATH_MAX];
    char line[KEYPAIR_BASE64_MAX + 256];
    struct keypair_public public;
    struct stat like;
    if (!str_format(name, sizeof name, "%s.pub", path) || lstat(name, &like) < 0)
        return 0;
    int r = keypair_read(path, &public, err);
    if (r < 0)
        return r;
    (void)str_format(line, sizeof line, "%s %s %s\n", public.type, public.base64, comment);
    r = file_write_atomic(name, line, strlen(line), like.st_mode & 0777, err);
    if (r == 0 && lchown(name, like.st_uid, like.st_gid) < 0 && like.st_uid != geteuid())
        r = error_set_errno(err, -errno, "cannot give %s to user %u", name, (unsigned)like.st_uid);
    return r;
}

/* ── removing ── */

static int overwrite(int fd, off_t length)
{
    static const char zeros[4096];
    for (off_t at = 0; at < length;) {
        size_t part = length - at < (off_t)sizeof zeros ? (size_t)(length - at) : sizeof zeros;
        ssize_t n = pwrite(fd, zeros, part, at);
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? n : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int keypair_wipe(const char *path, const char *unused, struct error *err)
{
    struct stat st;
    int fd = open(unused, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "cannot open %s", unused);
    int r = 0;
    if (same_file(path, unused) || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        r = error_set(err, -EBUSY, "%s is not a key that is out of use: it stays", unused);
    /* Another name means that a person keeps it: only ours goes. */
    else if (st.st_nlink == 1 && (r = overwrite(fd, st.st_size)) < 0)
        (void)error_set_errno(err, r, "cannot overwrite %s", unused);
    close(fd);
    if (r == 0 && unlink(unused) < 0)
        r = error_set_errno(err, -errno, "cannot remove %s", unused);
    return r < 0 ? r : file_sync_folder(unused, err);
}

/* ── looking ── */

bool keypair_has_fresh(const char *path)
{
    char fresh[SETTINGS_PATH_MAX];
    keypair_fresh_path(path, fresh);
    return access(fresh, F_OK) == 0;
}

bool keypair_has_old(const char *path, const char *old)
{
    return old[0] != '\0' && access(old, F_OK) == 0 && !same_file(path, old);
}

bool keypair_clean(const char *path, const char *old)
{
    char part[SETTINGS_PATH_MAX];
    part_path(path, part);
    bool found = unlink(part) == 0;
    if (old[0] != '\0' && same_file(path, old))
        found = unlink(old) == 0 || found;
    return found;
}
