#include "host/process_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "io/log.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define STATUS_MAX 4096
#define PARTS 3              /* of a record: the line of stat, the boot, the identity */
#define DELETED " (deleted)" /* what the kernel adds to a program that was replaced on the disk */

struct identity {
    uintmax_t uid, device, inode;
};

struct record {
    pid_t pid;
    uint64_t ticks;
    struct identity identity;
    bool complete; /* has an identity: version 0.1.0 wrote none */
};

/* --- reading --- */

static ssize_t read_some(const char *path, char *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, to, size);
    close(fd);
    return n;
}

/* Only a plain file that no account but root and ours can have written. */
static ssize_t read_own(const char *path, char *to, size_t size)
{
    static bool logged;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0)
        return -1;
    bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                (st.st_uid == 0 || st.st_uid == geteuid()) &&
                (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    ssize_t n = ours ? read(fd, to, size) : -1;
    close(fd);
    if (!ours && !logged) {
        logged = true; /* the record is read again and again */
        log_warning("process", "%s is not believed: another account may have written it", path);
    }
    return n;
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

/* The number after `word`; false: it is not there. */
static bool number_after(const char *text, const char *word, uintmax_t *ret)
{
    const char *at = strstr(text, word);
    char *end = NULL;
    if (at == NULL)
        return false;
    at += strlen(word);
    *ret = strtoumax(at, &end, 10);
    return end != at;
}

static bool read_identity(const char *line, struct identity *ret)
{
    return number_after(line, "uid ", &ret->uid) && number_after(line, "device ", &ret->device) &&
           number_after(line, "inode ", &ret->inode);
}

static int read_record(const char *path, struct record *ret)
{
    char text[PROCESS_RECORD_MAX + 1] = "";
    char boot[64] = "";
    ssize_t n = read_own(path, text, sizeof text - 1);
    ssize_t b = read_some(BOOT_ID, boot, sizeof boot - 1);
    if (n <= 0 || b <= 0)
        return -ESRCH;
    char *newline = strchr(text, '\n');
    if (newline == NULL || !str_starts(newline + 1, boot))
        return -ESRCH; /* of an earlier boot */
    *newline = '\0';
    *ret = (struct record){.pid = (pid_t)strtol(text, NULL, 10), .ticks = start_ticks(text)};
    ret->complete = read_identity(newline + 1 + b, &ret->identity);
    return ret->pid > 1 && ret->ticks > 0 ? 0 : -ESRCH;
}

/* --- writing --- */

bool process_record_identity(const char *program, uid_t uid, char *ret, size_t size)
{
    struct stat st;
    return stat(program, &st) == 0 &&
           str_format(ret, size, "uid %ju device %ju inode %ju\n", (uintmax_t)uid,
                      (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

static bool write_text(int fd, const char *text, size_t length)
{
    ssize_t n = length > 0 ? write(fd, text, length) : 0;
    if (n >= 0 && n < (ssize_t)length)
        errno = ENOSPC; /* cut short */
    return n > 0 && n == (ssize_t)length;
}

/* On a full disk: the record of the process before has its room already. */
static int overwrite(const char *path, const char *const *texts, const size_t *lengths)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    off_t at = 0;
    bool written = fd >= 0;
    for (int i = 0; written && i < PARTS; i++) {
        written = pwrite(fd, texts[i], lengths[i], at) == (ssize_t)lengths[i];
        at += (off_t)lengths[i];
    }
    written = written && ftruncate(fd, at) == 0;
    if (fd >= 0)
        close(fd);
    return written ? 0 : -1;
}

/* Async-signal-safe. Not synced: after a power cut no process of this boot is left. */
static int store(const struct process_files *files, const char *stat_path, const char *identity)
{
    char stat[PROCESS_RECORD_MAX], boot[64];
    ssize_t n = read_some(stat_path, stat, sizeof stat);
    ssize_t b = read_some(BOOT_ID, boot, sizeof boot);
    if (n <= 0 || b <= 0)
        return -1;
    const char *const texts[PARTS] = {stat, boot, identity};
    const size_t lengths[PARTS] = {(size_t)n, (size_t)b, strlen(identity)};
    (void)unlink(files->pid_new);
    int fd = open(files->pid_new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0;
    for (int i = 0; written && i < PARTS; i++)
        written = write_text(fd, texts[i], lengths[i]);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (written)
        return rename(files->pid_new, files->pid);
    (void)unlink(files->pid_new);
    int r = code == ENOSPC || code == EDQUOT ? overwrite(files->pid, texts, lengths) : -1;
    errno = code;
    return r;
}

int process_record_write(const struct process_files *files, const char *identity)
{
    return store(files, "/proc/self/stat", identity);
}

static void program_of(pid_t pid, char *ret, size_t size)
{
    (void)str_format(ret, size, "/proc/%d/exe", (int)pid);
}

void process_record_renew(const struct process_files *files, pid_t pid, uid_t uid)
{
    char path[64];
    char identity[128];
    program_of(pid, path, sizeof path);
    if (!process_record_identity(path, uid, identity, sizeof identity))
        return;
    (void)str_format(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (store(files, path, identity) < 0)
        log_warning("process", "cannot write %s: %s", files->pid, strerror(errno));
}

/* --- is it that process? --- */

/* "Uid:\treal\teffective\tsaved\tfs" of status: all of them this one. */
static bool runs_as(pid_t pid, uintmax_t uid)
{
    char path[64];
    char status[STATUS_MAX] = "";
    (void)str_format(path, sizeof path, "/proc/%d/status", (int)pid);
    if (read_some(path, status, sizeof status - 1) <= 0)
        return false;
    const char *p = strstr(status, "\nUid:");
    for (int i = 0; p != NULL && i < 4; i++) {
        char *end = NULL;
        p = i == 0 ? p + 5 : p;
        if (strtoumax(p, &end, 10) != uid || end == p)
            return false;
        p = end;
    }
    return p != NULL;
}

static bool is_program(pid_t pid, const struct identity *identity)
{
    char path[64];
    struct stat st;
    program_of(pid, path, sizeof path);
    return stat(path, &st) == 0 && (uintmax_t)st.st_dev == identity->device &&
           (uintmax_t)st.st_ino == identity->inode;
}

/* The record of version 0.1.0 says nothing of the program: it must be the one that would be started
 * now, or the one that was at its place before an upgrade. */
static bool is_old_program(const struct process_files *files, pid_t pid)
{
    char path[64], runs[PATH_MAX], wanted[PATH_MAX];
    struct stat now, then;
    program_of(pid, path, sizeof path);
    if (stat(path, &now) == 0 && stat(files->program, &then) == 0 && now.st_dev == then.st_dev &&
        now.st_ino == then.st_ino)
        return true;
    ssize_t n = readlink(path, runs, sizeof runs - 1);
    if (n <= 0 || realpath(files->program, wanted) == NULL)
        return false;
    runs[n] = '\0';
    size_t length = strlen(wanted);
    return strncmp(runs, wanted, length) == 0 && str_equal(runs + length, DELETED);
}

static bool confirms(const struct process_files *files, const struct record *r)
{
    if (!r->complete)
        return runs_as(r->pid, geteuid()) && is_old_program(files, r->pid);
    return (r->identity.uid == geteuid() || r->identity.uid == files->uid) &&
           runs_as(r->pid, r->identity.uid) && is_program(r->pid, &r->identity);
}

/* A pidfd or -ESRCH. */
static int confirmed(const struct process_files *files, const struct record *record)
{
    static pid_t logged;
    int fd = (int)syscall(SYS_pidfd_open, record->pid, 0);
    if (fd < 0)
        return -ESRCH;
    /* Read after the pidfd was taken: the number can no longer become another process. */
    char path[64];
    char stat[PROCESS_RECORD_MAX + 1] = "";
    (void)str_format(path, sizeof path, "/proc/%d/stat", (int)record->pid);
    bool same = read_some(path, stat, sizeof stat - 1) > 0 && start_ticks(stat) == record->ticks;
    const char *name_end = strrchr(stat, ')');
    bool ended = name_end != NULL && (str_starts(name_end, ") Z") || str_starts(name_end, ") X"));
    if (same && ended) { /* if it is ours, it is buried here */
        int code;
        (void)process_reap(fd, &code);
    }
    if (same && !ended && confirms(files, record))
        return fd;
    if (same && !ended && logged != record->pid) {
        logged = record->pid; /* the record is read again and again */
        log_warning("process",
                    "process %d is left alone: its account or its program is not the one that "
                    "Resus started",
                    (int)record->pid);
    }
    close(fd);
    return -ESRCH;
}

/* What version 0.1.0 left in Redis' folder is looked at once, and its record taken over. */
static int find_old(const struct process_files *files, pid_t *ret_pid)
{
    struct record record;
    struct stat st;
    if (lstat(files->old_pid, &st) < 0)
        return -ESRCH;
    int r = read_record(files->old_pid, &record);
    int fd = r < 0 ? r : confirmed(files, &record);
    if (r == 0)
        *ret_pid = record.pid;
    if (fd >= 0)
        process_record_renew(files, record.pid, geteuid());
    if (fd < 0 || access(files->pid, F_OK) == 0) /* else the disk is full: it is all there is */
        (void)unlink(files->old_pid);
    return fd;
}

int process_record_find(const struct process_files *files, pid_t *ret_pid)
{
    struct record record;
    *ret_pid = 0;
    if (access(files->pid, F_OK) != 0)
        return find_old(files, ret_pid);
    if (read_record(files->pid, &record) < 0 || !record.complete)
        return -ESRCH;
    *ret_pid = record.pid;
    return confirmed(files, &record);
}
