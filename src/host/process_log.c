#include "host/process_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "settings/settings.h"

#define TAIL_TRIES 3 /* the beginning was taken away meanwhile, so that all moved */

/* --- its end --- */

/* False: it moved while it was read. */
static bool read_end(int fd, struct buf *out)
{
    struct stat before, after;
    if (fstat(fd, &before) < 0)
        return true;
    off_t want = (off_t)(out->limit - out->length);
    off_t from = before.st_size > want ? before.st_size - want : 0;
    char part[8192];
    ssize_t n;
    while ((n = pread(fd, part, sizeof part, from)) > 0) {
        from += n;
        if (!buf_append_cut(out, part, (size_t)n))
            break;
    }
    return fstat(fd, &after) < 0 || after.st_size >= before.st_size;
}

void process_log_tail(const char *log, int lines, struct buf *out)
{
    int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    for (int i = 0; i < TAIL_TRIES && !read_end(fd, out); i++)
        buf_clear(out);
    close(fd);
    size_t at = out->length;
    for (int seen = 0; at > 0; at--)
        if (out->data[at - 1] == '\n' && at < out->length && ++seen == lines)
            break;
    buf_consume(out, at);
}

/* --- its beginning --- */

struct bound {
    uv_work_t work; /* first */
    char log[SETTINGS_PATH_MAX + 80];
    int code;
};

static atomic_bool at_work; /* the next look finds what was left */

static bool is_long(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_size > PROCESS_LOG_MAX &&
           (int64_t)st->st_blocks * 512 > PROCESS_LOG_MAX;
}

static int take_beginning(int fd)
{
    struct stat st;
    /* Another daemon at the same log may have done it between our look and now. */
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!is_long(&st))
        return 0;
    off_t length = st.st_size - PROCESS_LOG_KEPT;
    length -= length % st.st_blksize; /* whole blocks only */
    if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, length) == 0 ||
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length) == 0)
        return 0;
    return -errno;
}

static void on_worker(uv_work_t *work)
{
    struct bound *b = (struct bound *)work;
    int fd = open(b->log, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    b->code = fd < 0 ? -errno : take_beginning(fd);
    if (fd >= 0)
        close(fd);
}

static void on_worked(uv_work_t *work, int status)
{
    static bool told;
    struct bound *b = (struct bound *)work;
    if (status == 0 && b->code < 0 && b->code != -EWOULDBLOCK && !told) {
        told = true;
        log_warning("process",
                    "%s is longer than %d MiB and cannot be shortened while Redis runs: %s", b->log,
                    PROCESS_LOG_MAX / 1024 / 1024, strerror(-b->code));
    }
    mem_free(b);
    atomic_store(&at_work, false);
}

void process_log_bound(uv_loop_t *loop, const char *log)
{
    struct stat st;
    if (stat(log, &st) < 0 || !is_long(&st) || atomic_exchange(&at_work, true))
        return;
    struct bound *b = mem_calloc(1, sizeof *b);
    if (b != NULL && str_copy(b->log, sizeof b->log, log) &&
        uv_queue_work(loop, &b->work, on_worker, on_worked) == 0)
        return;
    mem_free(b);
    atomic_store(&at_work, false);
}
