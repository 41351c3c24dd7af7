#include "host/process_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "host/process_log.h"
#include "io/child.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define RECORD_MAX 1024 /* a line of stat is about 300 bytes, a boot id 37 */

void process_files_set(struct process_files *files, const char *directory, const char *id)
{
    (void)str_copy(files->directory, sizeof files->directory, directory);
    (void)str_format(files->pid, sizeof files->pid, "%s/%s.pid", directory, id);
    (void)str_format(files->lock, sizeof files->lock, "%s/%s.lock", directory, id);
    (void)str_format(files->log, sizeof files->log, "%s/%s.log", directory, id);
}

/* --- the record: async-signal-safe, for it is written between fork and exec --- */

static ssize_t read_some(const char *path, char *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, to, size);
    close(fd);
    return n;
}

static int write_record(const char *path, const char *temporary)
{
    char record[RECORD_MAX];
    ssize_t n = read_some("/proc/self/stat", record, sizeof record);
    if (n <= 0)
        return -1;
    ssize_t more = read_some(BOOT_ID, record + n, sizeof record - (size_t)n);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (more <= 0 || fd < 0)
        return -1;
    size_t length = (size_t)(n + more);
    int r = write(fd, record, length) == (ssize_t)length ? 0 : -1;
    close(fd);
    return r < 0 ? r : rename(temporary, path);
}

/* Field 22 (start time in ticks since boot) of a line of stat: counted from the last ')', for the
 * name in field 2 may hold anything. */
static uint64_t start_ticks(const char *stat)
{
    const char *p = strrchr(stat, ')');
    for (int field = 2; p != NULL && field < 22; field++) {
        p = strchr(p, ' ');
        p = p == NULL ? NULL : p + 1;
    }
    return p == NULL ? 0 : strtoull(p, NULL, 10);
}

struct record {
    pid_t pid;
    uint64_t ticks;
};

static int read_record(const char *path, struct record *ret)
{
    char text[RECORD_MAX + 1] = "";
    char boot[64] = "";
    ssize_t n = read_some(path, text, sizeof text - 1);
    ssize_t b = read_some(BOOT_ID, boot, sizeof boot - 1);
    if (n <= 0 || b <= 0)
        return -ESRCH;
    char *newline = strchr(text, '\n');
    if (newline == NULL || strcmp(newline + 1, boot) != 0)
        return -ESRCH; /* of an earlier boot */
    *newline = '\0';
    ret->pid = (pid_t)strtol(text, NULL, 10);
    ret->ticks = start_ticks(text);
    return ret->pid > 1 && ret->ticks > 0 ? 0 : -ESRCH;
}

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int process_adopt(const struct process_files *files, pid_t *ret_pid, int *ret_pidfd)
{
    struct record record;
    *ret_pid = 0;
    if (read_record(files->pid, &record) < 0)
        return -ESRCH;
    *ret_pid = record.pid;
    int fd = open_pidfd(record.pid);
    if (fd < 0)
        return -ESRCH;
    /* Looked at after the pidfd was taken: it cannot become another process any more. */
    char path[64];
    char stat[RECORD_MAX + 1] = "";
    (void)str_format(path, sizeof path, "/proc/%d/stat", (int)record.pid);
    bool same = read_some(path, stat, sizeof stat - 1) > 0 && start_ticks(stat) == record.ticks;
    const char *name_end = strrchr(stat, ')');
    bool ended = name_end != NULL && (str_starts(name_end, ") Z") || str_starts(name_end, ") X"));
    if (same && ended) { /* if it is ours, it is buried here */
        int code;
        (void)process_reap(fd, &code);
    }
    if (!same || ended) {
        close(fd);
        return -ESRCH;
    }
    *ret_pidfd = fd;
    return 0;
}

void process_forget(const struct process_files *files)
{
    (void)unlink(files->pid);
}

/* --- starting --- */

struct launch {
    const struct process_files *files;
    const char *const *argv;
    char temporary[SETTINGS_PATH_MAX + 96];
    int lock_fd, log_fd, null_fd, tell_fd;
};

/* After fork: async-signal-safe calls only. */
static void become(const struct launch *l)
{
    static char *const environment[] = {
        "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    (void)sigemptyset(&none);
    for (int i = 1; i < 32; i++)
        (void)sigaction(i, &plain, NULL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() >= 0 && write_record(l->files->pid, l->temporary) == 0 &&
        dup2(l->null_fd, 0) >= 0 && dup2(l->log_fd, 1) >= 0 && dup2(l->log_fd, 2) >= 0 &&
        fcntl(l->lock_fd, F_SETFD, 0) == 0 && chdir(l->files->directory) == 0)
        (void)execve(l->argv[0], (char **)(uintptr_t)l->argv, environment);
    int code = errno;
    if (write(l->tell_fd, &code, sizeof code) < 0)
        _exit(126);
    _exit(127);
}

static int open_files(struct launch *l, struct error *err)
{
    const struct process_files *f = l->files;
    l->lock_fd = open(f->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (l->lock_fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", f->lock);
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return error_set(err, -EBUSY, "a redis-server that Resus started runs already (%s)",
                         f->lock);
    struct stat st;
    if (stat(f->log, &st) == 0 && st.st_size > PROCESS_LOG_MAX) {
        char old[SETTINGS_PATH_MAX + 96];
        (void)str_format(old, sizeof old, "%s.1", f->log);
        (void)rename(f->log, old);
    }
    l->log_fd = open(f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (l->log_fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", f->log);
    l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return l->null_fd < 0 ? error_set_errno(err, -errno, "cannot open /dev/null") : 0;
}

static int launch(struct launch *l, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set_errno(err, -errno, "pipe");
    l->tell_fd = ends[1];
    pid_t pid = fork();
    if (pid == 0)
        become(l);
    int code = pid < 0 ? errno : 0;
    close(ends[1]);
    /* Ends at once: the other end is closed by exec, or tells why there was none. */
    if (pid > 0 && read(ends[0], &code, sizeof code) < 0)
        code = errno;
    close(ends[0]);
    if (code != 0) {
        if (pid > 0)
            (void)waitpid(pid, NULL, 0);
        return error_set_errno(err, -code, "cannot run %s", l->argv[0]);
    }
    int fd = open_pidfd(pid);
    if (fd < 0) {
        code = errno;
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return error_set_errno(err, -code, "pidfd of %s", l->argv[0]);
    }
    *ret_pid = pid;
    *ret_pidfd = fd;
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

int process_start(const struct process_files *files, const char *const *argv, pid_t *ret_pid,
                  int *ret_pidfd, struct error *err)
{
    struct launch l = {
        .files = files, .argv = argv, .lock_fd = -1, .log_fd = -1, .null_fd = -1, .tell_fd = -1};
    (void)str_format(l.temporary, sizeof l.temporary, "%s.new", files->pid);
    int r = open_files(&l, err);
    if (r == 0)
        r = launch(&l, ret_pid, ret_pidfd, err);
    close_if_open(l.lock_fd); /* the child's copy keeps the lock */
    close_if_open(l.log_fd);
    close_if_open(l.null_fd);
    return r;
}

int process_find(const char *program, char ret[SETTINGS_PATH_MAX], struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    const char *rest = child_path;
    if (strchr(program, '/') != NULL) {
        if (access(program, X_OK) < 0)
            return error_set_errno(err, -errno, "cannot run %s", program);
        (void)str_copy(ret, SETTINGS_PATH_MAX, program);
        return 0;
    }
    while (*rest != '\0') {
        size_t n = strcspn(rest, ":");
        if (str_format(path, sizeof path, "%.*s/%s", (int)n, rest, program) &&
            access(path, X_OK) == 0) {
            (void)str_copy(ret, SETTINGS_PATH_MAX, path);
            return 0;
        }
        rest += n + (rest[n] == ':');
    }
    return error_set(err, -ENOENT,
                     "%s is not in %s: install it (apt install redis-server) or set "
                     "`process: {program: ...}`",
                     program, child_path);
}

/* --- its end --- */

enum process_end process_reap(int pidfd, int *ret_code)
{
    siginfo_t info = {0};
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return PROCESS_END_UNKNOWN;
    *ret_code = info.si_status;
    return info.si_code == CLD_EXITED ? PROCESS_END_EXITED : PROCESS_END_SIGNALLED;
}

int process_signal(int pidfd, int signal)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
