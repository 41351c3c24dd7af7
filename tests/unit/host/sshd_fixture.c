#include "sshd_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parse.h"
#include "base/str.h"
#include "support/test_folder.h"

#define SSHD "/usr/sbin/sshd"

/* Run by `exec`, so that the account's shell (dash stays, bash does not) is not between it and
 * sshd. */
static const char script[] = "#!/bin/sh\n"
                             "cd '%s'\n"
                             "sshd=$PPID\n"
                             "case \"$SSH_ORIGINAL_COMMAND\" in\n"
                             "*' ok') echo \"said: $SSH_ORIGINAL_COMMAND\" ;;\n"
                             "*'is-active proved') echo active ;;\n"
                             "*proved*) echo \"said: $SSH_ORIGINAL_COMMAND\" ;;\n"
                             "'cat /proc/'*) exec $SSH_ORIGINAL_COMMAND ;;\n"
                             "*' three') echo out; echo err >&2; exit 3 ;;\n"
                             "*' hang') echo $$ >>hung; echo begun; timeout 100 cat fifo ;;\n"
                             "*' big') head -c 1000000 /dev/zero | tr '\\000' x; echo told >&2 ;;\n"
                             "*' huge') head -c 8000000 /dev/zero | tr '\\000' x ;;\n"
                             "*' kill') kill -9 $sshd ;;\n"
                             "*' freeze') echo $sshd >frozen; kill -STOP $sshd ;;\n"
                             "*' signal') kill -TERM $$ ;;\n"
                             "*' late') exec >/dev/null 2>&1; timeout 100 cat fifo; exit 4 ;;\n"
                             "*) echo \"unknown: $SSH_ORIGINAL_COMMAND\" >&2; exit 127 ;;\n"
                             "esac\n";

bool sshd_fixture_available(void)
{
    return access(SSHD, X_OK) == 0;
}

static void path_in(const struct sshd_fixture *f, const char *name, char ret[512])
{
    assert_true(str_format(ret, 512, "%s/%s", f->folder, name));
}

static void write_file(const struct sshd_fixture *f, const char *name, mode_t mode,
                       const char *format, ...) ATTR_PRINTF(4, 5);
static void write_file(const struct sshd_fixture *f, const char *name, mode_t mode,
                       const char *format, ...)
{
    char path[512];
    path_in(f, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    va_list args;
    va_start(args, format);
    assert_true(vfprintf(file, format, args) >= 0);
    va_end(args);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_line(const struct sshd_fixture *f, const char *name, char *ret, size_t size)
{
    char path[512];
    path_in(f, name, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(ret, (int)size, file));
    (void)fclose(file);
    ret[strcspn(ret, "\n")] = '\0';
}

static void make_key(const struct sshd_fixture *f, const char *name)
{
    char path[512];
    path_in(f, name, path);
    const char *const argv[] = {
        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
    test_run(argv);
}

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void read_log(struct sshd_fixture *f)
{
    ssize_t n = read(f->log_fd, f->log + f->log_length, sizeof f->log - 1 - f->log_length);
    if (n > 0)
        f->log_length += (size_t)n;
    f->log[f->log_length] = '\0';
}

void sshd_fixture_resume_listener(struct sshd_fixture *f)
{
    char config[512];
    path_in(f, "sshd_config", config);
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        /* A test that fails leaves here by a jump: then sshd ends with the program. */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 0);
        (void)dup2(null, 1);
        (void)dup2(ends[1], 2);
        (void)execl(SSHD, SSHD, "-D", "-e", "-f", config, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (f->log_fd >= 0)
        close(f->log_fd);
    f->log_fd = ends[0];
    f->log_length = 0;
    f->log[0] = '\0';
    while (strstr(f->log, "Server listening on") == NULL) {
        size_t before = f->log_length;
        read_log(f);
        if (f->log_length == before)
            fail_msg("sshd did not start: %s", f->log);
    }
    assert_int_equal(fcntl(f->log_fd, F_SETFL, O_NONBLOCK), 0);
}

static void fill_service(struct sshd_fixture *f)
{
    struct service_settings *s = &f->service;
    memset(s, 0, sizeof *s);
    (void)str_copy(s->id, sizeof s->id, "redis");
    (void)str_copy(s->unit, sizeof s->unit, "ok");
    (void)str_copy(s->log_file, sizeof s->log_file, "/var/log/redis/redis-server.log");
    s->control = CONTROL_SSH;
    (void)str_copy(s->ssh.host, sizeof s->ssh.host, "127.0.0.1");
    s->ssh.port = f->port;
    (void)str_copy(s->ssh.user, sizeof s->ssh.user, getpwuid(geteuid())->pw_name);
    (void)str_format(s->ssh.key, sizeof s->ssh.key, "%s/client", f->folder);
    (void)str_format(s->ssh.known_hosts, sizeof s->ssh.known_hosts, "%s/known_hosts", f->folder);
}

void sshd_fixture_start(struct sshd_fixture *f, const char *extra)
{
    memset(f, 0, sizeof *f);
    f->log_fd = -1;
    (void)str_copy(f->folder, sizeof f->folder, "/tmp/resus-sshd-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    if (geteuid() == 0)
        (void)mkdir("/run/sshd", 0755); /* sshd wants it; a package's unit makes it at boot */
    make_key(f, "host");
    make_key(f, "client");
    make_key(f, "stranger");
    char public[512];
    read_line(f, "client.pub", public, sizeof public);
    write_file(f, "authorized_keys", 0600, "%s\n", public);
    read_line(f, "host.pub", public, sizeof public);
    f->port = free_port();
    write_file(f, "known_hosts", 0600, "[127.0.0.1]:%d %s\n", f->port, public);
    write_file(f, "command", 0755, script, f->folder);
    char fifo[512];
    path_in(f, "fifo", fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    write_file(f, "sshd_config", 0600,
               "ListenAddress 127.0.0.1:%d\nHostKey %s/host\nPidFile none\nUsePAM no\n"
               "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
               "PermitRootLogin prohibit-password\nForceCommand exec %s/command\n%s\n",
               f->port, f->folder, f->folder, f->folder, extra);
    sshd_fixture_resume_listener(f);
    fill_service(f);
}

void sshd_fixture_stop_listener(struct sshd_fixture *f)
{
    if (f->pid == 0)
        return;
    (void)kill(f->pid, SIGTERM);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    f->pid = 0;
}

void sshd_fixture_release(struct sshd_fixture *f)
{
    char fifo[512];
    path_in(f, "fifo", fifo);
    int fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC); /* its readers go on, and see the end */
    if (fd >= 0)
        close(fd);
}

unsigned sshd_fixture_logged(struct sshd_fixture *f, const char *text)
{
    read_log(f);
    unsigned n = 0;
    for (const char *p = f->log; (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

void sshd_fixture_end(struct sshd_fixture *f)
{
    char path[512];
    path_in(f, "frozen", path);
    if (access(path, F_OK) == 0) {
        char pid[32];
        read_line(f, "frozen", pid, sizeof pid);
        int64_t number = 0;
        assert_int_equal(parse_int(pid, 2, INT32_MAX, &number, NULL), 0);
        (void)kill((pid_t)number, SIGKILL);
    }
    sshd_fixture_release(f);
    sshd_fixture_stop_listener(f);
    if (f->log_fd >= 0)
        close(f->log_fd);
    const char *const argv[] = {"/bin/rm", "-rf", f->folder, NULL};
    test_run(argv);
}
