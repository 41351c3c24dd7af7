#include "support/redis_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

#define START_TIMEOUT_MS 30000
#define SAY_TIMEOUT_MS 30000

int redis_server_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(close(fd), 0);
    return ntohs(address.sin_port);
}

void redis_server_prepare(struct redis_server *server)
{
    *server = (struct redis_server){0};
    test_folder_make(&server->folder);
    (void)str_copy(server->socket, sizeof server->socket,
                   test_folder_path(&server->folder, "redis.sock"));
    server->port = redis_server_free_port();
}

static void write_config(const struct redis_server *server, const char *config)
{
    char text[8192];
    assert_true(str_format(text, sizeof text,
                           "port %d\nbind 127.0.0.1\ndir %s\nunixsocket %s\nlogfile %s/redis.log\n"
                           "save \"\"\nappendonly no\ndaemonize no\nmaxclients 100\n%s\n",
                           server->port, server->folder.path, server->socket, server->folder.path,
                           config == NULL ? "" : config));
    test_folder_write(&server->folder, "redis.conf", text, 0600);
}

static void run_server(const char *config_path, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || setpgid(0, 0) < 0)
        _exit(127);
    int null = open("/dev/null", O_RDWR);
    (void)dup2(null, 0);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    (void)execlp("redis-server", "redis-server", config_path, (char *)NULL);
    _exit(127);
}

static int dial(const struct redis_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_true(str_copy(address.sun_path, sizeof address.sun_path, server->socket));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* Redis makes its Unix socket last, so its appearance in the folder is the event; between bind and
 * listen lie microseconds, for which the next event (chmod, the log) or a short wait serves. */
static void wait_ready(struct redis_server *server, int watch)
{
    struct pollfd p = {.fd = watch, .events = POLLIN};
    for (int left = START_TIMEOUT_MS; left > 0; left -= 20) {
        int fd = dial(server);
        if (fd >= 0) {
            (void)close(fd);
            return;
        }
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            fail_msg("redis-server ended at once: see %s", server->folder.path);
        }
        char events[4096];
        if (poll(&p, 1, 20) > 0)
            (void)!read(watch, events, sizeof events);
    }
    fail_msg("redis-server does not listen");
}

void redis_server_start(struct redis_server *server, const char *config)
{
    write_config(server, config);
    (void)unlink(server->socket);
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    assert_true(watch >= 0);
    assert_true(inotify_add_watch(watch, server->folder.path, IN_CREATE | IN_MODIFY) >= 0);
    pid_t parent = getpid();
    /* A child that saves outlives its server: it becomes ours, to be waited for. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const char *path = test_folder_path(&server->folder, "redis.conf");
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        run_server(path, parent);
    wait_ready(server, watch);
    assert_int_equal(close(watch), 0);
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid == 0)
        return;
    (void)kill(-server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    while (waitpid(-server->pid, NULL, 0) > 0)
        continue;
    server->pid = 0;
}

void redis_server_end(struct redis_server *server)
{
    redis_server_kill(server);
    test_folder_remove(&server->folder);
}

int redis_server_send(const struct redis_server *server, const char *line)
{
    char text[1024];
    int fd = dial(server);
    assert_true(fd >= 0);
    assert_true(str_format(text, sizeof text, "%s\r\n", line));
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

const char *redis_server_say(const struct redis_server *server, const char *line)
{
    static char reply[4096];
    int fd = redis_server_send(server, line);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, SAY_TIMEOUT_MS), 1);
    ssize_t n = read(fd, reply, sizeof reply - 1);
    assert_true(n >= 0);
    reply[n] = '\0';
    assert_int_equal(close(fd), 0);
    return reply;
}
