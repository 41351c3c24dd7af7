#include "daemon/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/control.h"
#include "io/file.h"

#define OWNER_MODE 0600
#define GROUP_MODE 0660
#define FOLDER_MODE 0755
#define BACKLOG 64 /* the daemon accepts at every loop turn */

/* Opens and locks the socket's folder: two daemons that start at once must not both find the same
 * stale socket and remove each other's. */
static int folder_lock(const char *path, struct error *err)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    (void)str_copy(folder, sizeof(folder), path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return error_set(err, -EINVAL, "control socket %s: the path must be absolute", path);
    slash[slash == folder ? 1 : 0] = '\0';
    int rc = file_make_folders(folder, FOLDER_MODE, err);
    if (rc < 0)
        return error_prefix(err, "control socket %s", path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, -errno, "control socket: folder %s", folder);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = -errno;
        (void)close(fd);
        return error_set_errno(err, rc, "control socket: another daemon is starting in %s", folder);
    }
    return fd;
}

/* 0 when nothing is left in the way. */
static int stale_remove(const struct sockaddr_un *address, struct error *err)
{
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "control socket %s", path);
    if (!S_ISSOCK(status.st_mode))
        return error_set(err, -EEXIST, "control socket %s: there is a file of another kind", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set_errno(err, -errno, "control socket %s", path);
    int answer = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    (void)close(fd);
    /* Only a refused connection makes it stale; a full queue (EAGAIN) means a daemon that is busy. */
    if (answer != ECONNREFUSED && answer != ENOENT)
        return error_set(err, -EADDRINUSE,
                         "control socket %s: another daemon uses it; stop that one first", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return error_set_errno(err, -errno, "control socket %s: cannot remove the stale one", path);
    return 0;
}

/* Gives the socket to the group. False: it stays the owner's alone. */
static bool open_to_group(const char *path, gid_t group)
{
    return group != (gid_t)-1 && lchown(path, (uid_t)-1, group) == 0 &&
           chmod(path, GROUP_MODE) == 0;
}

static int bind_here(const struct sockaddr_un *address, gid_t group, struct control_socket *ret,
                     struct error *err)
{
    const char *path = address->sun_path;
    int rc = stale_remove(address, err);
    if (rc < 0)
        return rc;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set_errno(err, -errno, "control socket %s", path);
    struct control_socket made = {0};
    struct stat status;
    /* The file takes its mode from the descriptor: there is no moment in which others may connect.
     */
    if (fchmod(fd, OWNER_MODE) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        rc = error_set_errno(err, -errno, "control socket %s", path);
    } else if (listen(fd, BACKLOG) != 0 || lstat(path, &status) != 0) {
        rc = error_set_errno(err, -errno, "control socket %s", path);
        (void)unlink(path);
    } else {
        made.grouped = open_to_group(path, group);
        (void)str_copy(made.path, sizeof(made.path), path);
        made.device = status.st_dev;
        made.inode = status.st_ino;
        *ret = made;
        return fd;
    }
    (void)close(fd);
    return rc;
}

int control_socket_bind(const char *path, gid_t group, struct control_socket *ret,
                        struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!str_copy(address.sun_path, sizeof(address.sun_path), path))
        return error_set(err, -ENAMETOOLONG,
                         "control socket %s: the path is too long (at most %zu bytes)", path,
                         sizeof(address.sun_path) - 1);
    int folder = folder_lock(path, err);
    if (folder < 0)
        return folder;
    int fd = bind_here(&address, group, ret, err);
    (void)close(folder);
    return fd;
}

void control_socket_remove(const struct control_socket *socket)
{
    struct stat status;
    if (lstat(socket->path, &status) == 0 && status.st_dev == socket->device &&
        status.st_ino == socket->inode)
        (void)unlink(socket->path);
}

bool control_monitor_path(const char *path, char *ret, size_t size)
{
    static const char usual[] = "/control.sock", monitor[] = "/monitor.sock";
    size_t length = strlen(path), end = sizeof usual - 1;
    if (length >= end && str_equal(path + length - end, usual))
        return str_format(ret, size, "%.*s%s", (int)(length - end), path, monitor);
    return str_format(ret, size, "%s.monitor", path);
}
