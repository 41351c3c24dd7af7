#include "restore/helper_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "io/child.h"
#include "io/clock.h"

#define BLOCK ((size_t)64 * 1024)

/* Ours of its three streams; -1 = closed. */
struct streams {
    int in, out, err;
};

struct feeding {
    const char *line;
    size_t line_left;
    char block[BLOCK];
    size_t at, length;
};

static void shut(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void shut_both(int fds[2])
{
    shut(&fds[0]);
    shut(&fds[1]);
}

/* The file of a program, looked up where children find theirs. */
static int find_program(const char *name, char *to, size_t size)
{
    if (strchr(name, '/') != NULL)
        return str_copy(to, size, name) ? 0 : -ENAMETOOLONG;
    for (const char *at = child_path; *at != '\0';) {
        size_t length = strcspn(at, ":");
        if (str_format(to, size, "%.*s/%s", (int)length, at, name) && access(to, X_OK) == 0)
            return 0;
        at += length + (at[length] == ':' ? 1 : 0);
    }
    return -ENOENT;
}

static int spawn(const struct helper_run *run, struct streams *s, pid_t *ret_pid)
{
    static char lc[] = "LC_ALL=C";
    char path[256];
    char program[512];
    char *const environment[] = {lc, path, NULL};
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    posix_spawn_file_actions_t actions;
    (void)str_format(path, sizeof path, "PATH=%s", child_path);
    int found = find_program(run->argv[0], program, sizeof program);
    if (found < 0)
        return found;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
        pipe2(err, O_CLOEXEC) < 0) {
        int code = -errno;
        shut_both(in);
        shut_both(out);
        shut_both(err);
        return code;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in[1], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    /* argv is const by this house's manner; posix_spawn does not write to it. */
    int r = posix_spawn(ret_pid, program, &actions, NULL, (char *const *)(uintptr_t)run->argv,
                        environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    shut(&in[1]);
    shut(&out[1]);
    shut(&err[1]);
    *s = (struct streams){in[0], out[0], err[0]};
    return -r;
}

/* Sends what its input takes; closes it at the end, or when it reads no more. */
static int feed(const struct helper_run *run, struct feeding *f, struct streams *s)
{
    if (f->line_left > 0) {
        ssize_t n = send(s->in, f->line, f->line_left, MSG_NOSIGNAL | MSG_DONTWAIT);
        f->line += n > 0 ? n : 0;
        f->line_left -= n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EAGAIN)
            shut(&s->in);
        return 0;
    }
    if (f->at == f->length) {
        ssize_t n = run->fd < 0 ? 0 : read(run->fd, f->block, sizeof f->block);
        if (n < 0)
            return -errno;
        f->at = 0;
        f->length = (size_t)n;
        if (n == 0) {
            shut(&s->in);
            return 0;
        }
    }
    ssize_t n = send(s->in, f->block + f->at, f->length - f->at, MSG_NOSIGNAL | MSG_DONTWAIT);
    f->at += n > 0 ? (size_t)n : 0;
    if (n < 0 && errno != EAGAIN)
        shut(&s->in); /* it says why on stderr */
    return 0;
}

/* Appends to the text; what does not fit is read and dropped. */
static void take(int *fd, char text[HELPER_OUT_MAX])
{
    char block[HELPER_OUT_MAX];
    ssize_t n = read(*fd, block, sizeof block);
    size_t have = strlen(text);
    if (n <= 0) {
        shut(fd);
        return;
    }
    size_t fits = HELPER_OUT_MAX - 1 - have < (size_t)n ? HELPER_OUT_MAX - 1 - have : (size_t)n;
    memcpy(text + have, block, fits);
    text[have + fits] = '\0';
}

static int talk(const struct helper_run *run, struct streams *s, struct helper_ran *ret)
{
    struct feeding f = {.line = run->line, .line_left = strlen(run->line)};
    mono_ms deadline = mono_add(clock_mono(), run->within_ms);
    while (s->out >= 0 || s->err >= 0) {
        struct pollfd fds[] = {{.fd = s->in, .events = POLLOUT},
                               {.fd = s->out, .events = POLLIN},
                               {.fd = s->err, .events = POLLIN}};
        int64_t left = mono_since(deadline, clock_mono());
        if (left <= 0)
            return -ETIMEDOUT;
        int n = poll(fds, 3, left > 60000 ? 60000 : (int)left);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n <= 0)
            continue;
        int r = s->in >= 0 && fds[0].revents != 0 ? feed(run, &f, s) : 0;
        if (r < 0)
            return r;
        if (s->out >= 0 && fds[1].revents != 0)
            take(&s->out, ret->out);
        if (s->err >= 0 && fds[2].revents != 0)
            take(&s->err, ret->err);
    }
    return 0;
}

int helper_run(const struct helper_run *run, struct helper_ran *ret, struct error *err)
{
    struct streams s = {-1, -1, -1};
    pid_t pid = 0;
    int status = 0;
    *ret = (struct helper_ran){.status = -1};
    int r = spawn(run, &s, &pid);
    bool started = r == 0;
    if (started)
        r = talk(run, &s, ret);
    shut(&s.in);
    shut(&s.out);
    shut(&s.err);
    if (!started)
        return error_set_errno(err, r, "cannot run %s", run->argv[0]);
    if (r < 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r == -ETIMEDOUT)
        return error_set(err, r, "%s did not end within %lld s", run->argv[0],
                         (long long)(run->within_ms / 1000));
    if (r < 0)
        return error_set_errno(err, r, "cannot feed %s", run->argv[0]);
    ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return 0;
}
