#include "daemon/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "io/file.h"

#define LOCK_FILE "daemon.lock"

static int refuse(struct error *err, const char *where, int pid)
{
    char process[48] = "another process";
    if (pid > 0)
        (void)str_format(process, sizeof process, "process %d", pid);
    return error_set(err, -EADDRINUSE,
                     "Resus runs already: %s uses %s. Nothing was started or changed. To see it, "
                     "run: resus status; to read its settings again: systemctl reload resus; to "
                     "end it first: systemctl stop resus",
                     process, where);
}

/* Anything but "no listener" is a daemon, also one that is too busy to accept. */
static int ask_socket(const char *path, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    if (!str_copy(address.sun_path, sizeof address.sun_path, path))
        return 0; /* control_socket_bind() has the words */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set_errno(err, -errno, "control socket %s", path);
    bool answers = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ||
                   errno == EAGAIN || errno == EINPROGRESS;
    int r = 0;
    if (answers) {
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        r = refuse(err, path, peer.pid);
    }
    (void)close(fd);
    return r;
}

int instance_lock(const struct server_settings *server, struct error *err)
{
    char path[SETTINGS_PATH_MAX + 16];
    if (ask_socket(server->control_socket, err) < 0)
        return err->code;
    int r = file_make_folders(server->state_dir, 0750, err);
    if (r < 0)
        return r;
    (void)str_format(path, sizeof path, "%s/" LOCK_FILE, server->state_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? refuse(err, server->state_dir, 0)
                                 : error_set_errno(err, -errno, "cannot lock %s", path);
        (void)close(fd);
        return r;
    }
    return fd;
}
