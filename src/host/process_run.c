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
#include "host/process_record.h"
#include "io/child.h"
#include "io/file.h"
#include "io/trust.h"

void process_files_set(struct process_files *files, const struct process_settings *process,
                       const char *program, uid_t uid, const char *id)
{
    (void)str_copy(files->directory, sizeof files->directory, process->directory);
    (void)str_copy(files->program, sizeof files->program, program);
    (void)str_format(files->pid, sizeof files->pid, "%s/%s.pid", process->records, id);
    (void)str_format(files->pid_new, sizeof files->pid_new, "%s/%s.new", process->records, id);
    (void)str_format(files->lock, sizeof files->lock, "%s/%s.lock", process->records, id);
    (void)str_format(files->log, sizeof files->log, "%s/%s.log", process->directory, id);
    (void)str_format(files->old_pid, sizeof files->old_pid, "%s/%s.pid", process->directory, id);
    (void)str_format(files->old_lock, sizeof files->old_lock, "%s/%s.lock", process->directory, id);
    files->uid = uid;
}

int process_adopt(const struct process_files *files, pid_t *ret_pid, int *ret_pidfd)
{
    int fd = process_record_find(files, ret_pid);
    if (fd < 0)
        return fd;
    *ret_pidfd = fd;
    return 0;
}

void process_forget(const struct process_files *files)
{
    (void)unlink(files->pid);
}

/* --- starting --- */

enum stage { STAGE_RECORD, STAGE_ACCOUNT, STAGE_FOLDER, STAGE_RUN };

struct trouble {
    enum stage stage;
    int code;
};

struct launch {
    const struct process_files *files;
    const struct process_account *account;
    const char *const *argv;
    char identity[128];
    int lock_fd, log_fd, null_fd, tell_fd;
};

/* After fork: async-signal-safe calls only. Returns how far it came. */
static enum stage run(const struct launch *l)
{
    static char *const environment[] = {
        "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    if (setsid() < 0 || process_record_write(l->files, l->identity) < 0 ||
        dup2(l->null_fd, 0) < 0 || dup2(l->log_fd, 1) < 0 || dup2(l->log_fd, 2) < 0 ||
        fcntl(l->lock_fd, F_SETFD, 0) < 0)
        return STAGE_RECORD;
    if (process_account_become(l->account) < 0)
        return STAGE_ACCOUNT;
    if (chdir(l->files->directory) < 0)
        return STAGE_FOLDER;
    (void)execve(l->argv[0], (char **)(uintptr_t)l->argv, environment);
    return STAGE_RUN;
}

static void become(const struct launch *l)
{
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    (void)sigemptyset(&none);
    for (int i = 1; i < 32; i++)
        (void)sigaction(i, &plain, NULL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    struct trouble trouble = {.stage = run(l)};
    trouble.code = errno;
    if (write(l->tell_fd, &trouble, sizeof trouble) < 0)
        _exit(126);
    _exit(127);
}

static int open_lock(const char *path, int flags, struct error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return error_set(err, -EBUSY, "a redis-server that Resus started runs already (%s)", path);
}

/* Does one hold the lock of version 0.1.0? Without the file there is none. */
static int old_lock_is_free(const struct process_files *f, struct error *err)
{
    if (access(f->old_lock, F_OK) != 0)
        return 0;
    int fd = open_lock(f->old_lock, 0, err);
    if (fd < 0)
        return fd;
    (void)unlink(f->old_lock);
    close(fd);
    return 0;
}

/* Redis' account may write the folder: no link leads us elsewhere, and no second name of a file. */
static int open_log(const struct process_files *f, struct error *err)
{
    struct stat st;
    if (lstat(f->log, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > PROCESS_LOG_MAX) {
        char old[SETTINGS_PATH_MAX + 96];
        (void)str_format(old, sizeof old, "%s.1", f->log);
        (void)rename(f->log, old);
    }
    int fd =
        open(f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", f->log);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        (st.st_uid == 0 || st.st_uid == geteuid() || st.st_uid == f->uid) &&
        fcntl(fd, F_SETFL, O_APPEND) == 0)
        return fd;
    close(fd);
    return error_set(err, -EPERM,
                     "%s is not a plain file of Resus or of Redis: move it away and start again",
                     f->log);
}

static int open_files(struct launch *l, struct error *err)
{
    const struct process_files *f = l->files;
    int r = old_lock_is_free(f, err);
    if (r < 0)
        return r;
    l->lock_fd = open_lock(f->lock, O_CREAT, err);
    if (l->lock_fd < 0)
        return l->lock_fd;
    l->log_fd = open_log(f, err);
    if (l->log_fd < 0)
        return l->log_fd;
    l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return l->null_fd < 0 ? error_set_errno(err, -errno, "cannot open /dev/null") : 0;
}

static int explain(const struct launch *l, const struct trouble *trouble, struct error *err)
{
    const char *user = l->account->name;
    const char *folder = l->files->directory;
    switch (trouble->stage) {
    case STAGE_RECORD:
        return error_set_errno(err, -trouble->code, "cannot write %s", l->files->pid);
    case STAGE_ACCOUNT:
        return error_set_errno(err, -trouble->code, "cannot become user %s", user);
    case STAGE_FOLDER:
        return error_set_errno(err, -trouble->code,
                               "cannot enter %s%s%s: make `process.directory` a folder of that "
                               "account, in folders that it may enter",
                               folder, user[0] == '\0' ? "" : " as user ", user);
    case STAGE_RUN:
        break;
    }
    return error_set_errno(err, -trouble->code, "cannot run %s", l->argv[0]);
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
    struct trouble trouble = {.stage = STAGE_RUN, .code = pid < 0 ? errno : 0};
    close(ends[1]);
    /* Ends at once: the other end is closed by exec, or tells why there was none. */
    if (pid > 0 && read(ends[0], &trouble, sizeof trouble) < 0)
        trouble.code = errno;
    close(ends[0]);
    if (trouble.code != 0) {
        if (pid > 0)
            (void)waitpid(pid, NULL, 0);
        return explain(l, &trouble, err);
    }
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
        int code = errno;
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

int process_start(const struct process_files *files, const struct process_account *account,
                  const char *const *argv, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
    struct launch l = {.files = files,
                       .account = account,
                       .argv = argv,
                       .lock_fd = -1,
                       .log_fd = -1,
                       .null_fd = -1,
                       .tell_fd = -1};
    if (!process_record_identity(argv[0], account->uid, l.identity, sizeof l.identity))
        return error_set_errno(err, -errno, "cannot run %s", argv[0]);
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
        return trust_check(ret, NULL, err);
    }
    while (*rest != '\0') {
        size_t n = strcspn(rest, ":");
        if (str_format(path, sizeof path, "%.*s/%s", (int)n, rest, program) &&
            access(path, X_OK) == 0) {
            (void)str_copy(ret, SETTINGS_PATH_MAX, path);
            return trust_check(ret, NULL, err);
        }
        rest += n + (rest[n] == ':');
    }
    return error_set(err, -ENOENT,
                     "%s is not in %s: install it (apt install redis-server) or set "
                     "`process: {program: ...}`",
                     program, child_path);
}

static int make_folders(const struct process_settings *process,
                        const struct process_account *account, struct error *err)
{
    const struct trust_also also = {account->uid, account->gid};
    const char *folder = process->directory;
    bool there = access(folder, F_OK) == 0;
    int r = file_make_folders(folder, 0750, err);
    if (r == 0 && !there && account->other && chown(folder, account->uid, account->gid) < 0)
        r = error_set_errno(err, -errno, "cannot give %s to user %s", folder, account->name);
    if (r == 0)
        r = trust_check(folder, &also, err);
    return r < 0 ? r : file_make_folders(process->records, 0700, err);
}

int process_prepare(const struct process_settings *process, char ret_program[SETTINGS_PATH_MAX],
                    struct process_account *ret_account, struct error *err)
{
    int r = process_find(process->program, ret_program, err);
    if (r == 0)
        r = process_account_find(process->user, ret_account, err);
    return r < 0 ? r : make_folders(process, ret_account, err);
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
