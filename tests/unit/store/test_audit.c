#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "store/audit.h"
#include "store/audit_line.h"
#include "store/audit_read.h"
#include "store/audit_syslog.h"
#include "store/audit_verify.h"

#define OUTCOMES_MAX 20000

/* The disk of these tests: stands in front of the C library's. */
/* DISK_DROPS: the next flush fails, the bytes it should have written are gone, and from then on the
 * disk is sound, as the kernel does it. */
enum disk { DISK_SOUND, DISK_BROKEN, DISK_HANGS, DISK_DROPS };
static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t disk_changed = PTHREAD_COND_INITIALIZER;
static enum disk disk;
static int disk_waiting;   /* threads that hang */
static off_t disk_flushed; /* size of the file at its last good flush */

/* Under disk_lock. */
static void drop_unflushed(int fd)
{
    static const char zeros[65536];
    char path[64];
    struct stat st;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int plain = open(path, O_WRONLY | O_CLOEXEC); /* not to append */
    assert_true(plain >= 0 && fstat(fd, &st) == 0);
    ssize_t size = (ssize_t)(st.st_size - disk_flushed);
    assert_true(size > 0 && size < (ssize_t)sizeof zeros);
    assert_int_equal(pwrite(plain, zeros, (size_t)size, disk_flushed), size);
    (void)close(plain);
    disk = DISK_SOUND;
    (void)pthread_cond_broadcast(&disk_changed);
}

int fdatasync(int fd)
{
    struct stat st;
    (void)pthread_mutex_lock(&disk_lock);
    disk_waiting++;
    (void)pthread_cond_broadcast(&disk_changed);
    while (disk == DISK_HANGS)
        (void)pthread_cond_wait(&disk_changed, &disk_lock);
    disk_waiting--;
    bool broken = disk == DISK_BROKEN || disk == DISK_DROPS;
    if (disk == DISK_DROPS)
        drop_unflushed(fd);
    else if (!broken && fstat(fd, &st) == 0)
        disk_flushed = st.st_size;
    (void)pthread_mutex_unlock(&disk_lock);
    if (!broken)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

static void set_disk(enum disk state)
{
    (void)pthread_mutex_lock(&disk_lock);
    disk = state;
    (void)pthread_cond_broadcast(&disk_changed);
    (void)pthread_mutex_unlock(&disk_lock);
}

static void await_hanging(void)
{
    (void)pthread_mutex_lock(&disk_lock);
    while (disk_waiting == 0)
        (void)pthread_cond_wait(&disk_changed, &disk_lock);
    (void)pthread_mutex_unlock(&disk_lock);
}

struct bench {
    char folder[64];
    struct audit_settings settings;
    uv_loop_t loop;
    struct audit *audit;
    int durable, failed, total;
    int wanted; /* the loop stops when `total` reaches it */
    unsigned char seen[OUTCOMES_MAX];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    /* In memory where there is some: these tests flush thousands of times. */
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-audit-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->settings.file, sizeof b->settings.file, "%s/log/audit.log", b->folder);
    b->settings.max_size = 100 << 20;
    b->settings.backup_count = 10;
    b->settings.gzip = true;
    assert_int_equal(uv_loop_init(&b->loop), 0);
    *state = b;
    return 0;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char inner[512];
        if (str_equal(d->d_name, ".") || str_equal(d->d_name, ".."))
            continue;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, d->d_name);
        if (unlink(inner) < 0)
            remove_folder(inner);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(path), 0);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    audit_close(b->audit, 10000);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    char log[200];
    (void)snprintf(log, sizeof log, "%s/log", b->folder);
    (void)umount(log); /* left by a test that failed half-way */
    remove_folder(b->folder);
    free(b);
    return 0;
}

static void on_done(void *context, uint64_t id, enum audit_outcome outcome,
                    const struct error *error)
{
    struct bench *b = context;
    assert_true(id < OUTCOMES_MAX);
    assert_int_equal(b->seen[id], 0); /* exactly once */
    b->seen[id] = 1;
    if (outcome == AUDIT_DURABLE) {
        assert_null(error);
        b->durable++;
    } else {
        assert_non_null(error);
        assert_int_not_equal(error->code, 0);
        b->failed++;
    }
    b->total++;
    if (b->total == b->wanted)
        uv_stop(&b->loop);
}

static void open_log(struct bench *b)
{
    struct error err = {0};
    int r = audit_open(&b->loop, &b->settings, NULL, on_done, b, &b->audit, &err);
    if (r < 0)
        fail_msg("%s", err.text);
}

static void close_log(struct bench *b)
{
    audit_close(b->audit, 10000);
    b->audit = NULL;
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

static void keep(uv_timer_t *timer)
{
    (void)timer;
}

/* Runs the loop until `total` completions are there: an idle timer keeps it alive. */
static void await(struct bench *b, int total)
{
    uv_timer_t alive;
    b->wanted = total;
    if (b->total >= total)
        return;
    assert_int_equal(uv_timer_init(&b->loop, &alive), 0);
    assert_int_equal(uv_timer_start(&alive, keep, 3600000, 0), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->total, total);
}

static struct audit_line sample(enum audit_event event)
{
    struct audit_line line = {
        .event = event,
        .at = {1760106600000},
        .service = "redis",
        .operation = "restart",
        .user_id = "user-123",
        .user_email = "admin@autobot.local",
        .user_role = "admin",
        .source_ip = "172.16.168.20",
        .has_result = event != AUDIT_INTENT,
        .success = true,
        .duration_seconds = 15.7,
        .has_exit_code = true,
        .command_validated = true,
        .has_command_validated = true,
        .risk = AUDIT_RISK_MODERATE,
        .ssh_key_used = 1,
        .request_id = "r-1",
    };
    if (event == AUDIT_AUTO_RECOVERY)
        (void)str_copy(line.recovery_level, sizeof line.recovery_level, "standard");
    return line;
}

static struct audit_verdict verify(struct bench *b)
{
    struct audit_verdict v = {0};
    struct error err = {0};
    if (audit_verify(b->settings.file, NULL, &v, &err) < 0)
        fail_msg("%s", err.text);
    return v;
}

static void assert_intact(struct bench *b, uint64_t lines)
{
    struct audit_verdict v = verify(b);
    if (!v.intact)
        fail_msg("%s:%llu %s", v.bad_file, (unsigned long long)v.bad_line, v.why);
    assert_int_equal(v.lines, lines);
}

static bool count_line(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)line;
    (void)file;
    (void)number;
    (*(uint64_t *)context)++;
    return true;
}

/* Each rotation is told by a line. */
static uint64_t rotations(struct bench *b)
{
    const struct audit_filter filter = {.operation = "audit-rotated", .result = -1};
    struct error err = {0};
    uint64_t count = 0;
    assert_int_equal(audit_walk(b->settings.file, &filter, count_line, &count, &err), 0);
    return count;
}

static char *read_text(const char *path)
{
    struct buf text = BUF_LIMIT(64 << 20);
    struct error err = {0};
    if (file_read(path, &text, &err) < 0)
        fail_msg("%s", err.text);
    return text.data == NULL ? mem_strdup("") : text.data;
}

static void write_text(const char *path, const void *bytes, size_t length)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static void a_line_is_on_disk_when_it_completes_and_the_file_has_its_mode(void **state)
{
    struct bench *b = *state;
    struct stat st;
    open_log(b);
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    audit_append(b->audit, 1, &line, true);
    assert_int_equal(b->total, 0); /* never on the caller's stack */
    await(b, 1);
    assert_int_equal(b->durable, 1);
    assert_int_equal(stat(b->settings.file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    char *text = read_text(b->settings.file);
    assert_true(strlen(text) > 0 && text[strlen(text) - 1] == '\n');
    mem_free(text);
    assert_intact(b, 1);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    for (int i = 0; i < 3; i++) {
        open_log(b);
        audit_append(b->audit, (uint64_t)i + 1, &line, true);
        await(b, i + 1);
        assert_string_equal(audit_note(b->audit), "");
        close_log(b);
    }
    assert_intact(b, 3);
}

static void what_is_queued_is_written_before_close_returns(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    for (uint64_t i = 0; i < 1000; i++)
        audit_append(b->audit, i, &line, false);
    close_log(b);
    assert_intact(b, 1000);
    assert_int_equal(b->total, 0); /* dropped: no callback after close */
}

static void rotation_keeps_every_line_the_count_and_the_chain(void **state)
{
    struct bench *b = *state;
    b->settings.max_size = 4000;
    b->settings.backup_count = 50;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    for (int i = 0; i < 200; i++) {
        audit_append(b->audit, (uint64_t)i + 1, &line, i % 10 == 0);
        await(b, i + 1); /* one by one: the packer gets its turns */
    }
    close_log(b);
    assert_true(rotations(b) > 1);
    assert_intact(b, 200 + rotations(b));
    char path[1200];
    struct stat st;
    open_log(b); /* takes up what the close interrupted */
    (void)snprintf(path, sizeof path, "%s.1.gz", b->settings.file);
    while (access(path, F_OK) < 0)
        (void)sched_yield();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    audit_append(b->audit, 500, &line, true);
    await(b, 201);
    assert_intact(b, 201 + rotations(b));
}

static void no_more_files_are_kept_than_wanted(void **state)
{
    struct bench *b = *state;
    b->settings.max_size = 2000;
    b->settings.backup_count = 3;
    b->settings.gzip = false;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    for (int i = 0; i < 100; i++)
        audit_append(b->audit, (uint64_t)i + 1, &line, false);
    await(b, 100);
    struct audit_verdict v = verify(b);
    assert_true(v.intact);
    assert_true(v.last_seq > 100);
    assert_true(v.first_seq > v.last_seq - 20);
    char path[1200];
    (void)snprintf(path, sizeof path, "%s.3", b->settings.file);
    assert_int_equal(access(path, F_OK), 0);
    (void)snprintf(path, sizeof path, "%s.4", b->settings.file);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_file_left_unpacked_by_a_crash_is_packed_at_the_next_start(void **state)
{
    struct bench *b = *state;
    char first[1200];
    char packed[1210];
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    close_log(b);
    (void)snprintf(first, sizeof first, "%s.1", b->settings.file);
    (void)snprintf(packed, sizeof packed, "%s.gz", first);
    assert_int_equal(rename(b->settings.file, first), 0); /* the crash: no new file, not packed */
    write_text(packed, "half", 4);
    open_log(b);
    audit_append(b->audit, 2, &line, true);
    await(b, 2);
    assert_intact(b, 2);
    close_log(b);
    open_log(b); /* packing may have been cancelled by the close: another start takes it up */
    while (access(first, F_OK) == 0)
        (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_intact(b, 2);
}

static void logrotate_may_move_the_file_away(void **state)
{
    struct bench *b = *state;
    char first[1200];
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    (void)snprintf(first, sizeof first, "%s.1", b->settings.file);
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    assert_int_equal(rename(b->settings.file, first), 0);
    write_text(b->settings.file, "", 0); /* logrotate's `create` */
    audit_append(b->audit, 2, &line, true);
    await(b, 2); /* still goes to the moved file */
    audit_reopen(b->audit);
    audit_append(b->audit, 3, &line, true);
    await(b, 3);
    assert_intact(b, 3);
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "\"seq\": 3"));
    assert_null(strstr(text, "\"seq\": 2"));
    mem_free(text);
}

static void a_deleted_file_is_made_anew(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    assert_int_equal(unlink(b->settings.file), 0);
    audit_append(b->audit, 2, &line, true);
    await(b, 2);
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "\"seq\": 2"));
    mem_free(text);
}

static void a_last_line_cut_at_any_byte_is_cut_away_and_reported(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    for (int i = 0; i < 3; i++)
        audit_append(b->audit, (uint64_t)i + 1, &line, true);
    await(b, 3);
    close_log(b);
    char *text = read_text(b->settings.file);
    size_t whole = strlen(text);
    size_t second = 2 * (whole / 3); /* equal length: seq 1 to 3 */
    for (size_t cut = second; cut <= whole; cut += cut + 20 > whole || cut < second + 20 ? 1 : 7) {
        write_text(b->settings.file, text, cut);
        open_log(b);
        bool torn = cut > second && cut < whole - 1;
        assert_int_equal(audit_note(b->audit)[0] != '\0', torn);
        close_log(b);
        assert_intact(b, cut == second ? 2 : 3);
        char *mended = read_text(b->settings.file);
        assert_int_equal(strstr(mended, "audit-line-torn") != NULL, torn);
        mem_free(mended);
    }
    mem_free(text);
}

static void foreign_bytes_at_the_end_do_not_stop_the_start(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    close_log(b);
    FILE *f = fopen(b->settings.file, "a");
    assert_non_null(f);
    (void)fputs("not json\n{}\n\n", f);
    for (int i = 0; i < 200000; i++)
        (void)fputc(0, f);
    (void)fclose(f);
    open_log(b);
    audit_append(b->audit, 2, &line, true);
    await(b, 2);
    struct audit_verdict v = verify(b);
    assert_false(v.intact);
    assert_int_equal(v.bad_line, 2); /* named, and the chain goes on behind it */
    assert_int_equal(v.lines, 1);
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "\"seq\": 3"));
    mem_free(text);
}

static void a_kill_at_any_moment_leaves_a_sound_chain(void **state)
{
    struct bench *b = *state;
    b->settings.max_size = 6000;
    b->settings.backup_count = 100;
    for (int round = 0; round < 12; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) { /* writes without end; tells each durable line */
            struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
            struct error err = {0};
            uv_loop_t loop;
            struct audit *a;
            struct bench mute = {.wanted = -1};
            mute.loop = b->loop;
            if (uv_loop_init(&loop) != 0 ||
                audit_open(&loop, &b->settings, NULL, on_done, &mute, &a, &err) < 0)
                _exit(1);
            for (int i = 0;; i++) {
                audit_append(a, 0, &line, i % 3 == 0);
                if (i % 40 == 0 && write(pipes[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        (void)close(pipes[1]);
        char byte;
        for (int i = 0; i <= round; i++)
            assert_int_equal(read(pipes[0], &byte, 1), 1);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        (void)close(pipes[0]);
        open_log(b); /* repairs the end */
        struct audit_verdict v = verify(b);
        if (!v.intact)
            fail_msg("%s:%llu %s", v.bad_file, (unsigned long long)v.bad_line, v.why);
        close_log(b);
    }
}

static void verifying_beside_a_writer_that_rotates_finds_no_fault(void **state)
{
    struct bench *b = *state;
    b->settings.max_size = 60000;
    b->settings.backup_count = 20;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    int n = 0;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 100; i++) /* the thread works on while we look */
            audit_append(b->audit, (uint64_t)++n, &line, i == 50);
        struct audit_verdict v = {0};
        struct error err = {0};
        assert_int_equal(audit_verify(b->settings.file, NULL, &v, &err), 0);
        if (!v.intact)
            fail_msg("%s:%llu %s", v.bad_file, (unsigned long long)v.bad_line, v.why);
        await(b, n);
    }
    assert_true(verify(b).intact);
}

static void a_full_disk_fails_the_line_keeps_it_and_writes_it_later(void **state)
{
    struct bench *b = *state;
    char log[200];
    (void)snprintf(log, sizeof log, "%s/log", b->folder);
    assert_int_equal(mkdir(log, 0750), 0);
    if (mount("tmpfs", log, "tmpfs", 0, "size=64k") < 0)
        skip(); /* needs root */
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    int n = 0;
    while (b->failed == 0) {
        audit_append(b->audit, (uint64_t)++n, &line, true);
        await(b, n);
    }
    int written = b->durable;
    for (int i = 0; i < 5; i++)
        audit_append(b->audit, (uint64_t)++n, &line, true);
    await(b, n);
    assert_int_equal(b->failed, 6);
    assert_intact(b, (uint64_t)written); /* nothing half remains */
    struct audit_state look;
    audit_look(b->audit, &look);
    assert_int_equal(look.owed, 6);
    assert_int_equal(look.problem.code, -ENOSPC);
    assert_int_equal(mount("tmpfs", log, "tmpfs", MS_REMOUNT, "size=1m"), 0);
    do /* by the thread's own retry: nothing is appended */
        audit_look(b->audit, &look);
    while (look.owed > 0 && sched_yield() == 0);
    assert_intact(b, (uint64_t)n);
    line.duration_seconds = 1;
    audit_append(b->audit, (uint64_t)++n, &line, true);
    await(b, n);
    assert_intact(b, (uint64_t)n);
    close_log(b);
    assert_int_equal(umount(log), 0);
}

static void lines_beyond_the_limit_of_an_outage_are_counted_in_the_file(void **state)
{
    struct bench *b = *state;
    struct rlimit old;
    struct rlimit tight = {4096, RLIM_INFINITY};
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    (void)signal(SIGXFSZ, SIG_IGN);
    open_log(b);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    int n = 0;
    while (b->failed < AUDIT_OWED_MAX + 10) {
        audit_append(b->audit, (uint64_t)n + 1, &line, true);
        if (++n % 512 == 0 || b->failed > AUDIT_OWED_MAX - 600)
            await(b, n);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    struct audit_state look;
    audit_look(b->audit, &look);
    uint64_t lost = look.lost;
    assert_true(lost >= 10);
    audit_append(b->audit, (uint64_t)n + 1, &line, true);
    await(b, n + 1);
    close_log(b);
    assert_intact(b, (uint64_t)n + 1 - lost + 1); /* and the line that tells it */
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "audit-lines-lost"));
    mem_free(text);
}

static void a_full_queue_and_lack_of_memory_complete_with_failed(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    for (unsigned long n = 1; n <= 12; n++) {
        mem_fail_from(n);
        audit_append(b->audit, n, &line, true);
        mem_fail_from(0);
        await(b, (int)n);
    }
    assert_true(b->failed > 0);
    struct error err = {0};
    struct audit *other = NULL;
    for (unsigned long n = 1; n < 4; n++) {
        mem_fail_from(n);
        int r = audit_open(&b->loop, &b->settings, NULL, on_done, b, &other, &err);
        mem_fail_from(0);
        if (r == 0)
            audit_close(other, 10000);
        else
            assert_int_equal(r, -ENOMEM);
    }
}

static void await_no_debt(struct bench *b)
{
    struct audit_state look;
    do
        audit_look(b->audit, &look);
    while ((look.owed > 0 || look.problem.code != 0) && sched_yield() == 0);
}

static void collect(void *context, const json_t *line)
{
    struct bench *b = context;
    b->wanted = (int)json_integer_value(json_object_get(line, "seq"));
    b->total++;
}

static void the_tail_reads_across_a_rotation(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    b->settings.max_size = 3000;
    struct audit_line line = sample(AUDIT_INTENT);
    open_log(b);
    for (int i = 0; i < 20; i++) {
        audit_append(b->audit, (uint64_t)i + 1, &line, true);
        await(b, i + 1);
    }
    close_log(b);
    b->total = 0;
    assert_int_equal(audit_tail(b->settings.file, 7, collect, b, &err), 0);
    assert_int_equal(b->total, 7);
    assert_int_equal(b->wanted, 20 + (int)rotations(b));
    assert_int_equal(audit_tail("/nonexistent", 7, collect, b, &err), -ENOENT);
    assert_int_equal(audit_tail(b->settings.file, 0, collect, b, &err), -EINVAL);
}

static void a_failed_flush_writes_the_same_line_again_and_once(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    struct audit_state look;
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    set_disk(DISK_BROKEN);
    audit_append(b->audit, 2, &line, true);
    audit_append(b->audit, 3, &line, false);
    await(b, 3);
    assert_true(b->failed >= 1);
    audit_look(b->audit, &look);
    assert_int_equal(look.problem.code, -EIO);
    set_disk(DISK_SOUND);
    do
        audit_look(b->audit, &look);
    while (look.owed > 0 && sched_yield() == 0);
    assert_int_equal(look.problem.code, 0);
    assert_intact(b, 3);
}

static void await_dropped(void)
{
    (void)pthread_mutex_lock(&disk_lock);
    while (disk == DISK_DROPS)
        (void)pthread_cond_wait(&disk_changed, &disk_lock);
    (void)pthread_mutex_unlock(&disk_lock);
}

/* After a failed flush the kernel holds the pages for clean: the next one succeeds and says nothing
 * of them. */
static void lines_that_a_failed_flush_dropped_are_written_again(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    audit_append(b->audit, 1, &line, true);
    await(b, 1);
    set_disk(DISK_DROPS);
    for (uint64_t i = 2; i <= 4; i++)
        audit_append(b->audit, i, &line, false);
    await(b, 4); /* nothing waits for their flush */
    await_dropped();
    audit_append(b->audit, 5, &line, true); /* written after them */
    await(b, 5);
    assert_intact(b, 5);
    for (uint64_t i = 6; i <= 8; i++)
        audit_append(b->audit, i, &line, false);
    await(b, 8);
    set_disk(DISK_DROPS);
    audit_append(b->audit, 9, &line, true); /* its flush fails for all of them */
    await(b, 9);
    await_no_debt(b);
    assert_intact(b, 9);
}

static void a_hanging_disk_fills_the_queue_and_loses_no_completion(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    open_log(b);
    set_disk(DISK_HANGS);
    audit_append(b->audit, 1, &line, true);
    await_hanging();
    int n = 1;
    for (int i = 0; i < AUDIT_QUEUE_MAX + 20; i++)
        audit_append(b->audit, (uint64_t)++n, &line, true);
    await(b, 20); /* those that met the full queue, at once */
    assert_int_equal(b->failed, 20);
    set_disk(DISK_SOUND);
    await(b, n);
    assert_int_equal(b->durable, n - 20);
    close_log(b);
    struct audit_verdict v = verify(b);
    assert_true(v.intact);
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "20 lines could not be kept"));
    mem_free(text);
}

static void note_lost(void *context, const struct audit_anchor *anchor)
{
    uint64_t *lost = context;
    *lost = anchor->lost;
}

static void closing_on_a_dead_disk_is_bounded_and_counts_the_lost_lines(void **state)
{
    struct bench *b = *state;
    struct audit_line line = sample(AUDIT_SERVICE_OPERATION);
    struct error err = {0};
    uint64_t lost = 0;
    const struct audit_guard guard = {.context = &lost, .keep = note_lost};
    assert_int_equal(audit_open(&b->loop, &b->settings, &guard, on_done, b, &b->audit, &err), 0);
    set_disk(DISK_HANGS); /* until the process ends: the last test */
    audit_append(b->audit, 1, &line, true);
    await_hanging();
    audit_append(b->audit, 2, &line, true);
    audit_append(b->audit, 3, &line, false);
    audit_close(b->audit, 20);
    b->audit = NULL;
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(b->total, 0);
    assert_int_equal(lost, 3);
}

static void syslog_gets_the_line_and_never_makes_anybody_wait(void **state)
{
    struct bench *b = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/log.sock", b->folder);
    assert_false(audit_syslog(at.sun_path, "why", "line")); /* nobody there */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_true(audit_syslog(at.sun_path, "disk full", "{\"seq\": 1}"));
    char got[AUDIT_SYSLOG_MAX];
    ssize_t n = read(fd, got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = '\0';
    char wanted[200];
    (void)snprintf(wanted, sizeof wanted,
                   "<36>resus[%ld]: audit line not written (disk full): {\"seq\": 1}",
                   (long)getpid());
    assert_string_equal(got, wanted);
    while (audit_syslog(at.sun_path, "flood", "x")) /* nobody reads: it fills, and returns */
        ;
    (void)close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_on_disk_when_it_completes_and_the_file_has_its_mode),
        TEST(the_chain_goes_on_after_a_restart),
        TEST(what_is_queued_is_written_before_close_returns),
        TEST(rotation_keeps_every_line_the_count_and_the_chain),
        TEST(no_more_files_are_kept_than_wanted),
        TEST(a_file_left_unpacked_by_a_crash_is_packed_at_the_next_start),
        TEST(logrotate_may_move_the_file_away),
        TEST(a_deleted_file_is_made_anew),
        TEST(a_last_line_cut_at_any_byte_is_cut_away_and_reported),
        TEST(foreign_bytes_at_the_end_do_not_stop_the_start),
        TEST(a_kill_at_any_moment_leaves_a_sound_chain),
        TEST(verifying_beside_a_writer_that_rotates_finds_no_fault),
        TEST(a_full_disk_fails_the_line_keeps_it_and_writes_it_later),
        TEST(lines_beyond_the_limit_of_an_outage_are_counted_in_the_file),
        TEST(a_full_queue_and_lack_of_memory_complete_with_failed),
        TEST(syslog_gets_the_line_and_never_makes_anybody_wait),
        TEST(lines_that_a_failed_flush_dropped_are_written_again),
        TEST(the_tail_reads_across_a_rotation),
        TEST(a_failed_flush_writes_the_same_line_again_and_once),
        TEST(a_hanging_disk_fills_the_queue_and_loses_no_completion),
        TEST(closing_on_a_dead_disk_is_bounded_and_counts_the_lost_lines), /* last */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
