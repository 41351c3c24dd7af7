#include "placement/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "placement/redis_conf.h"

#define FOLDER_MODE 0750
#define FILE_MODE 0640

enum placement_result refuse(const struct folder *f, enum placement_result result,
                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->err->text, sizeof f->err->text, format, args);
    va_end(args);
    return result;
}

enum placement_result failed(const struct folder *f, const char *what, const char *name)
{
    int code = errno;
    enum placement_result result = code == ENOSPC || code == EDQUOT   ? PLACEMENT_NO_ROOM
                                   : code == ELOOP || code == ENOTDIR ? PLACEMENT_UNSAFE
                                                                      : PLACEMENT_FAILED;
    return refuse(f, result, "cannot %s %s in %s: %s", what, name, f->place->dir, strerror(code));
}

static int open_path(const char *path)
{
    char part[PLACEMENT_DIR_MAX];
    int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && *path != '\0') {
        size_t length = strcspn(++path, "/");
        memcpy(part, path, length);
        part[length] = '\0';
        path += length;
        int next = openat(
            at, part, (*path == '\0' ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int code = errno;
        (void)close(at);
        errno = code;
        at = next;
    }
    return at;
}

enum placement_result folder_open(const struct placement_place *place, struct folder *ret,
                                  struct placement_error *err)
{
    struct stat s;
    struct folder f = {.fd = -1, .place = place, .err = err};
    if (!placement_dir_valid(place->dir) || !placement_name_valid(place->dump) ||
        !placement_name_valid(place->aof_folder) || !placement_name_valid(place->aof_name))
        return refuse(&f, PLACEMENT_SETTINGS, "the data folder or a file name is not a plain path");
    f.fd = open_path(place->dir);
    if (f.fd < 0 || fstat(f.fd, &s) < 0)
        return refuse(&f, errno == ELOOP || errno == ENOTDIR ? PLACEMENT_UNSAFE : PLACEMENT_FAILED,
                      "cannot open the data folder %s: %s", place->dir,
                      errno == ENOTDIR || errno == ELOOP ? "a part of it is a link or no folder"
                                                         : strerror(errno));
    enum placement_result r = PLACEMENT_OK;
    if (s.st_uid != geteuid() || (s.st_mode & S_IWOTH) != 0)
        r = refuse(&f, PLACEMENT_UNSAFE,
                   "the data folder %s does not belong to this user alone: run as its owner",
                   place->dir);
    else if (flock(f.fd, LOCK_EX | LOCK_NB) < 0)
        r = refuse(&f, PLACEMENT_BUSY, "another restore works in %s", place->dir);
    if (r != PLACEMENT_OK)
        (void)close(f.fd);
    else
        *ret = f;
    return r;
}

void folder_close(struct folder *f)
{
    (void)close(f->fd);
    f->fd = -1;
}

struct pidfile {
    bool named;
    char path[REDIS_CONF_LINE_MAX];
};

static void take_pidfile(void *context, const char *name, const char *value)
{
    struct pidfile *p = context;
    if (strcasecmp(name, "pidfile") != 0)
        return;
    p->named = true;
    (void)snprintf(p->path, sizeof p->path, "%s", value);
}

static bool read_short(const char *path, char text[64])
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, 63);
    if (fd >= 0)
        (void)close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return n > 0;
}

/* A service with PrivateUsers= hides its working folder from its own user. Such a server counts as
 * running here unless the pidfile of redis.conf names another process. */
static bool hidden_server(const struct folder *f, const char *process)
{
    char path[300];
    char text[64];
    struct stat s;
    struct pidfile pidfile = {0};
    size_t length = 0;
    (void)snprintf(path, sizeof path, "/proc/%s", process);
    if (stat(path, &s) < 0 || s.st_uid != geteuid())
        return false;
    (void)snprintf(path, sizeof path, "/proc/%s/comm", process);
    if (!read_short(path, text) ||
        (strncmp(text, "redis-server", 12) != 0 && strncmp(text, "valkey-server", 13) != 0))
        return false;
    char *config = redis_conf_load(f->place->config, &length);
    if (config != NULL)
        (void)redis_conf_read(config, length, take_pidfile, &pidfile);
    free(config);
    return !pidfile.named || !read_short(pidfile.path, text) ||
           strtol(text, NULL, 10) == strtol(process, NULL, 10);
}

bool folder_running(const struct folder *f)
{
    struct stat folder;
    bool found = false;
    DIR *processes = opendir("/proc");
    if (processes == NULL || fstat(f->fd, &folder) < 0)
        return true; /* it cannot be ruled out */
    for (struct dirent *e = readdir(processes); e != NULL && !found; e = readdir(processes)) {
        char path[300];
        struct stat s;
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        (void)snprintf(path, sizeof path, "/proc/%s/cwd", e->d_name);
        if (strtol(e->d_name, NULL, 10) == (long)getpid())
            continue;
        found = stat(path, &s) == 0 ? s.st_dev == folder.st_dev && s.st_ino == folder.st_ino
                                    : errno == EACCES && hidden_server(f, e->d_name);
    }
    (void)closedir(processes);
    return found;
}

enum kind kind_of(int fd, const char *name)
{
    struct stat s;
    struct stat folder;
    if (fstatat(fd, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? KIND_ABSENT : KIND_UNSAFE;
    if (fstat(fd, &folder) < 0 || s.st_uid != geteuid() || s.st_dev != folder.st_dev)
        return KIND_UNSAFE;
    return S_ISREG(s.st_mode) ? KIND_FILE : S_ISDIR(s.st_mode) ? KIND_FOLDER : KIND_UNSAFE;
}

bool same_file(int a, const char *a_name, int b, const char *b_name)
{
    struct stat x;
    struct stat y;
    return fstatat(a, a_name, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(b, b_name, &y, AT_SYMLINK_NOFOLLOW) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

enum placement_result open_folder(const struct folder *f, int at, const char *name, bool make,
                                  int *ret)
{
    if (make && mkdirat(at, name, FOLDER_MODE) < 0 && errno != EEXIST)
        return failed(f, "make the folder", name);
    if (kind_of(at, name) == KIND_UNSAFE)
        return refuse(f, PLACEMENT_UNSAFE, "%s in %s is a link or belongs to another user", name,
                      f->place->dir);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed(f, "open the folder", name);
    *ret = fd;
    return PLACEMENT_OK;
}

enum placement_result link_to(const struct folder *f, int from, const char *name, int to,
                              const char *as)
{
    if (kind_of(from, name) != KIND_FILE)
        return refuse(f, PLACEMENT_UNSAFE, "%s in %s is missing, a link, or of another user", name,
                      f->place->dir);
    if (linkat(from, name, to, as, 0) == 0 || (errno == EEXIST && same_file(from, name, to, as)))
        return PLACEMENT_OK;
    return failed(f, errno == EPERM ? "hard-link (a file system without them?)" : "link", name);
}

enum placement_result remove_file(const struct folder *f, int at, const char *name)
{
    if (unlinkat(at, name, 0) < 0 && errno != ENOENT)
        return failed(f, "remove", name);
    return PLACEMENT_OK;
}

/* A rename onto another name of the same file does nothing: the first name is removed then. */
enum placement_result move_over(const struct folder *f, int from, const char *name, int to,
                                const char *as)
{
    if (same_file(from, name, to, as))
        return remove_file(f, from, name);
    if (renameat(from, name, to, as) < 0)
        return failed(f, "rename", name);
    return PLACEMENT_OK;
}

enum placement_result sync_folder(const struct folder *f, int fd)
{
    return fsync(fd) < 0 ? failed(f, "sync", "the folder") : PLACEMENT_OK;
}

enum placement_result write_text(const struct folder *f, int at, const char *name, const char *text)
{
    char part[PLACEMENT_NAME_MAX + 64];
    size_t length = strlen(text);
    (void)snprintf(part, sizeof part, "resus-part-%s", name);
    (void)unlinkat(at, part, 0);
    int fd = openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return failed(f, "make", name);
    ssize_t n = length == 0 ? 0 : write(fd, text, length);
    if (n >= 0 && (size_t)n < length)
        errno = ENOSPC;
    enum placement_result r =
        n < 0 || (size_t)n < length || fsync(fd) < 0 ? failed(f, "write", name) : PLACEMENT_OK;
    if (close(fd) < 0 && r == PLACEMENT_OK)
        r = failed(f, "write", name);
    if (r == PLACEMENT_OK && renameat(at, part, at, name) < 0)
        r = failed(f, "rename", name);
    return r == PLACEMENT_OK ? sync_folder(f, at) : r;
}

enum placement_result read_text(const struct folder *f, int at, const char *name,
                                char text[FOLDER_TEXT_MAX])
{
    text[0] = '\0';
    if (kind_of(at, name) == KIND_ABSENT)
        return PLACEMENT_OK;
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return failed(f, "open", name);
    ssize_t n = read(fd, text, FOLDER_TEXT_MAX - 1);
    text[n < 0 ? 0 : n] = '\0';
    enum placement_result r = n < 0 ? failed(f, "read", name) : PLACEMENT_OK;
    (void)close(fd);
    return r;
}

enum placement_result each_file(const struct folder *f, int fd, each_name *each, void *context)
{
    enum placement_result r = PLACEMENT_OK;
    int count = 0;
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* with a position of its own */
    DIR *files = own < 0 ? NULL : fdopendir(own);
    if (files == NULL) {
        r = failed(f, "list", "the folder");
        if (own >= 0)
            (void)close(own);
        return r;
    }
    for (struct dirent *e = readdir(files); e != NULL && r == PLACEMENT_OK; e = readdir(files)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        r = ++count > PLACEMENT_FILES_MAX
                ? refuse(f, PLACEMENT_UNSAFE, "a folder in %s has more than %d files",
                         f->place->dir, PLACEMENT_FILES_MAX)
                : each(context, e->d_name);
    }
    (void)closedir(files);
    return r;
}
