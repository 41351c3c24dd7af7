#include "store/state_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/limits.h"
#include "store/database.h"

#define CHUNK 65536
#define MANIFEST_MAX ((size_t)32 * 1024 * 1024) /* bytes */
#define HEX_SIZE (2 * 32 + 1)                   /* of a SHA-256 */

/* ---- one file ------------------------------------------------------------------------------- */

static void hex_of(EVP_MD_CTX *digest, char hex[HEX_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    hex[0] = '\0';
    (void)EVP_DigestFinal_ex(digest, bytes, &length);
    for (unsigned i = 0; i < length; i++)
        (void)str_append(hex, HEX_SIZE, "%02x", bytes[i]);
}

/* Reads `in` to its end; what is read goes to `out` (-1: nowhere). */
static int pump(int in, int out, int64_t *ret_bytes, char hex[HEX_SIZE])
{
    char chunk[CHUNK];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int rc = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
    *ret_bytes = 0;
    while (rc == 0) {
        ssize_t n = read(in, chunk, sizeof chunk);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            rc = -errno;
        if (n < 0)
            continue;
        (void)EVP_DigestUpdate(digest, chunk, (size_t)n);
        *ret_bytes += n;
        if (out >= 0)
            rc = file_write_all(out, chunk, (size_t)n);
    }
    if (rc == 0)
        hex_of(digest, hex);
    EVP_MD_CTX_free(digest);
    return rc;
}

/* `to` NULL: only reads. */
static int copy_file(const char *from, const char *to, int64_t *ret_bytes, char hex[HEX_SIZE],
                     struct error *err)
{
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return error_set_errno(err, -errno, "%s", from);
    int rc = fstat(in, &info) < 0 ? -errno : 0;
    int out = -1;
    if (rc == 0 && to != NULL) {
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0750);
        rc = out < 0 ? -errno : 0;
    }
    if (rc == 0)
        rc = pump(in, out, ret_bytes, hex);
    if (rc == 0 && out >= 0 && fsync(out) < 0)
        rc = -errno;
    if (out >= 0)
        (void)close(out);
    (void)close(in);
    return rc == 0 ? 0 : error_set_errno(err, rc, "%s", to == NULL ? from : to);
}

/* Closes and takes over the error of whichever failed. */
static int end_copy(sqlite3 *source, sqlite3 *target, int rc, const char *path, struct error *err)
{
    if (source != NULL)
        (void)sqlite3_close(source);
    if (target != NULL && sqlite3_close(target) != SQLITE_OK && rc == 0)
        rc = error_set(err, -EIO, "%s cannot be closed", path);
    return rc;
}

/* One file is left, without a log beside it. */
static int copy_database(const char *from, const char *to, struct error *err)
{
    sqlite3 *source = NULL, *target = NULL;
    int rc = 0;
    if (sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        rc = database_error(source, err, from);
    else if (sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
             SQLITE_OK)
        rc = database_error(target, err, to);
    if (rc < 0)
        return end_copy(source, target, rc, to, err);
    (void)sqlite3_busy_timeout(source, DATABASE_BUSY_MS);
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    if (backup == NULL)
        rc = database_error(target, err, to);
    /* All pages in one step: under one read lock, so of one moment. */
    int step = backup == NULL ? SQLITE_ERROR : sqlite3_backup_step(backup, -1);
    if (backup != NULL && sqlite3_backup_finish(backup) != SQLITE_OK)
        rc = database_error(target, err, from);
    else if (backup != NULL && step != SQLITE_DONE)
        rc = error_set(err, -EBUSY, "%s is locked: try again", from);
    if (rc == 0)
        rc = database_run(target, "PRAGMA journal_mode=DELETE", err);
    rc = end_copy(source, target, rc, to, err);
    if (rc == 0 && chmod(to, 0600) < 0)
        rc = error_set_errno(err, -errno, "%s", to);
    return rc;
}

/* ---- the folder ----------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && str_equal(text + length - tail, end);
}

/* `path` is below the state folder. */
static bool left_out(const char *path)
{
    static const char *const names[] = {"backups", "processes", "daemon.lock", "audit-seal.key"};
    static const char *const ends[] = {"-wal", "-shm", "-journal", ".new", ".tmp", ".lock"};
    if (str_index(names, ARRAY_LENGTH(names), path) >= 0)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (ends_with(path, ends[i]))
            return true;
    return false;
}

struct walk {
    const char *from, *to;
    json_t *files;
    struct error *err;
};

static int take_file(struct walk *w, const char *path)
{
    char from[SETTINGS_PATH_MAX], to[SETTINGS_PATH_MAX], hex[HEX_SIZE];
    int64_t bytes = 0;
    if (json_array_size(w->files) >= STATE_COPY_FILES_MAX)
        return error_set(w->err, -E2BIG, "%s has more than %d files", w->from,
                         STATE_COPY_FILES_MAX);
    if (!str_format(from, sizeof from, "%s/%s", w->from, path) ||
        !str_format(to, sizeof to, "%s/%s", w->to, path))
        return error_set(w->err, -ENAMETOOLONG, "the path of %s is too long", path);
    int rc;
    if (ends_with(path, ".db")) {
        rc = copy_database(from, to, w->err);
        if (rc == 0)
            rc = copy_file(to, NULL, &bytes, hex, w->err);
    } else {
        rc = copy_file(from, to, &bytes, hex, w->err);
    }
    if (rc < 0)
        return rc;
    json_t *file = json_object();
    (void)json_put_text(file, "path", path);
    (void)json_put_int(file, "bytes", bytes);
    (void)json_put_text(file, "sha256", hex);
    return json_array_append_new(w->files, file) == 0 ? 0
                                                      : error_set(w->err, -ENOMEM, "out of memory");
}

static int take_folder(struct walk *w, const char *path, int depth);

static int take_entry(struct walk *w, const char *folder, const char *name, int depth)
{
    char path[SETTINGS_PATH_MAX], whole[SETTINGS_PATH_MAX];
    struct stat info;
    if (!str_format(path, sizeof path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name) ||
        !str_format(whole, sizeof whole, "%s/%s", w->from, path))
        return error_set(w->err, -ENAMETOOLONG, "the path of %s is too long", name);
    if (left_out(path))
        return 0;
    if (lstat(whole, &info) < 0) /* gone meanwhile: an old incident was removed */
        return errno == ENOENT ? 0 : error_set_errno(w->err, -errno, "%s", whole);
    if (S_ISDIR(info.st_mode))
        return depth < STATE_COPY_DEPTH_MAX ? take_folder(w, path, depth + 1) : 0;
    return S_ISREG(info.st_mode) ? take_file(w, path) : 0;
}

static int take_folder(struct walk *w, const char *path, int depth)
{
    char from[SETTINGS_PATH_MAX], to[SETTINGS_PATH_MAX];
    if (!str_format(from, sizeof from, "%s/%s", w->from, path) ||
        !str_format(to, sizeof to, "%s/%s", w->to, path))
        return error_set(w->err, -ENAMETOOLONG, "the path of %s is too long", path);
    if (mkdir(to, 0700) < 0 && errno != EEXIST)
        return error_set_errno(w->err, -errno, "%s", to);
    DIR *open_folder = opendir(from);
    if (open_folder == NULL)
        return error_set_errno(w->err, -errno, "%s", from);
    int rc = 0;
    for (const struct dirent *e; rc == 0 && (e = readdir(open_folder)) != NULL;)
        if (!str_equal(e->d_name, ".") && !str_equal(e->d_name, ".."))
            rc = take_entry(w, path, e->d_name, depth);
    (void)closedir(open_folder);
    return rc;
}

/* Of our own making: what is in it came from one of the two functions below. */
static void remove_tree(const char *path, int depth)
{
    DIR *folder = depth > STATE_COPY_DEPTH_MAX + 1 ? NULL : opendir(path);
    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;) {
        char inside[SETTINGS_PATH_MAX];
        if (str_equal(e->d_name, ".") || str_equal(e->d_name, "..") ||
            !str_format(inside, sizeof inside, "%s/%s", path, e->d_name))
            continue;
        if (unlink(inside) < 0)
            remove_tree(inside, depth + 1);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(path);
}

/* ---- making --------------------------------------------------------------------------------- */

static int write_manifest(const char *folder, const json_t *manifest, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    char *text = json_dumps(manifest, JSON_INDENT(2));
    int rc = 0;
    if (text == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (!str_format(path, sizeof path, "%s/" STATE_COPY_MANIFEST, folder))
        rc = error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
    if (rc == 0)
        rc = file_write_atomic(path, text, strlen(text), 0600, err);
    free(text);
    return rc;
}

int state_copy_make(const char *state_dir, const char *to, wall_ms now, json_t **ret_manifest,
                    struct error *err)
{
    struct stat info;
    if (stat(state_dir, &info) < 0)
        return error_set_errno(err, -errno, "%s", state_dir);
    if (mkdir(to, 0700) < 0)
        return errno == EEXIST
                   ? error_set(err, -EEXIST, "%s is there already: name a new folder", to)
                   : error_set_errno(err, -errno, "%s", to);
    JSON_CLEANUP json_t *manifest = json_object();
    json_t *files = json_array();
    struct walk walk = {.from = state_dir, .to = to, .files = files, .err = err};
    (void)json_put_int(manifest, "format", STATE_COPY_FORMAT);
    (void)json_put_text(manifest, "version", RESUS_VERSION);
    (void)json_put_int(manifest, "schema", schema_version());
    (void)json_put_wall(manifest, "made_at", now);
    int rc = json_put(manifest, "files", files) ? 0 : error_set(err, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = take_folder(&walk, "", 0);
    if (rc == 0 && json_array_size(files) == 0)
        rc = error_set(err, -ENOENT, "%s has no state in it", state_dir);
    if (rc == 0)
        rc = write_manifest(to, manifest, err);
    if (rc < 0)
        remove_tree(to, 0);
    else
        *ret_manifest = json_incref(manifest);
    return rc;
}

/* ---- restoring ------------------------------------------------------------------------------ */

static int read_manifest(const char *from, json_t **ret, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    struct buf text = BUF_LIMIT(MANIFEST_MAX);
    if (!str_format(path, sizeof path, "%s/" STATE_COPY_MANIFEST, from))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", from);
    int rc = file_read(path, &text, err);
    json_t *manifest =
        rc < 0 ? NULL : json_loadb(buf_text(&text), text.length, JSON_READ_FLAGS, NULL);
    buf_free(&text);
    if (rc < 0)
        return rc;
    int64_t schema = json_int_or(manifest, "schema", -1);
    if (json_int_or(manifest, "format", 0) != STATE_COPY_FORMAT || schema < 0 ||
        !json_is_array(json_object_get(manifest, "files")))
        rc = error_set(err, -EILSEQ, "%s is not what `resus state backup` writes", path);
    else if (schema > schema_version())
        rc = error_set(err, -ENOTSUP,
                       "%s is of Resus %s, which is newer than this one: install that first", from,
                       json_text_or(manifest, "version", "?"));
    if (rc < 0)
        json_decref(manifest);
    else
        *ret = manifest;
    return rc;
}

/* No way out of the folder: the manifest may be another's. */
static bool inside(const char *path)
{
    return path[0] != '\0' && path[0] != '/' && strstr(path, "..") == NULL &&
           strstr(path, "//") == NULL;
}

/* `to` NULL: verifies only. */
static int put_file(const json_t *file, const char *from, const char *to, const struct stat *owner,
                    struct error *err)
{
    char source[SETTINGS_PATH_MAX], target[SETTINGS_PATH_MAX] = "", hex[HEX_SIZE] = "";
    const char *path = json_text_or(file, "path", "");
    int64_t bytes = 0;
    if (!inside(path))
        return error_set(err, -EILSEQ, "the manifest names a file outside of the copy");
    if (!str_format(source, sizeof source, "%s/%s", from, path) ||
        (to != NULL && !str_format(target, sizeof target, "%s/%s", to, path)))
        return error_set(err, -ENAMETOOLONG, "the path of %s is too long", path);
    int rc = to == NULL ? 0 : file_make_folder_of(target, 0750, err);
    if (rc == 0)
        rc = copy_file(source, to == NULL ? NULL : target, &bytes, hex, err);
    if (rc == 0 && (bytes != json_int_or(file, "bytes", -1) ||
                    !str_equal(hex, json_text_or(file, "sha256", ""))))
        rc = error_set(err, -EILSEQ, "%s is not what the manifest says: the copy is damaged",
                       source);
    if (rc < 0 || to == NULL || owner == NULL || geteuid() != 0)
        return rc;
    char *slash = strrchr(target, '/');
    if (lchown(target, owner->st_uid, owner->st_gid) < 0)
        return error_set_errno(err, -errno, "%s", target);
    *slash = '\0';
    return lchown(target, owner->st_uid, owner->st_gid) < 0
               ? error_set_errno(err, -errno, "%s", target)
               : 0;
}

static int put_files(const json_t *manifest, const char *from, const char *to,
                     const struct stat *owner, struct error *err)
{
    int rc = 0;
    const json_t *files = json_object_get(manifest, "files");
    for (size_t i = 0; rc == 0 && i < json_array_size(files); i++)
        rc = put_file(json_array_get(files, i), from, to, owner, err);
    return rc;
}

/* Folders may be there: systemd and the package make some. */
static int check_without_files(const char *path, int depth, struct error *err)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "%s", path);
    int rc = 0;
    for (const struct dirent *e; rc == 0 && (e = readdir(folder)) != NULL;) {
        char whole[SETTINGS_PATH_MAX];
        struct stat info;
        if (str_equal(e->d_name, ".") || str_equal(e->d_name, "..") ||
            !str_format(whole, sizeof whole, "%s/%s", path, e->d_name))
            continue;
        if (lstat(whole, &info) == 0 && S_ISDIR(info.st_mode) && depth < STATE_COPY_DEPTH_MAX)
            rc = check_without_files(whole, depth + 1, err);
        else
            rc = error_set(err, -EEXIST,
                           "%s is there: stop Resus and move the state folder away first", whole);
    }
    (void)closedir(folder);
    return rc;
}

static void take_back(const json_t *manifest, const char *state_dir)
{
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(manifest, "files"), i, file) {
        char path[SETTINGS_PATH_MAX];
        if (inside(json_text_or(file, "path", "")) &&
            str_format(path, sizeof path, "%s/%s", state_dir, json_text_or(file, "path", "")))
            (void)unlink(path);
    }
}

int state_copy_restore(const char *from, const char *state_dir, json_t **ret_manifest,
                       struct error *err)
{
    struct stat owner = {0};
    JSON_CLEANUP json_t *manifest = NULL;
    int rc = read_manifest(from, &manifest, err);
    if (rc == 0)
        rc = check_without_files(state_dir, 0, err);
    if (rc == 0)
        rc = put_files(manifest, from, NULL, NULL, err);
    if (rc == 0)
        rc = file_make_folders(state_dir, 0750, err);
    if (rc == 0 && stat(state_dir, &owner) < 0)
        rc = error_set_errno(err, -errno, "%s", state_dir);
    if (rc < 0)
        return rc;
    rc = put_files(manifest, from, state_dir, &owner, err);
    if (rc < 0)
        take_back(manifest, state_dir);
    else
        *ret_manifest = json_incref(manifest);
    return rc;
}
