#include "daemon/incidents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/file.h"
#include "io/log.h"

#define FOLDER_MAX 512
#define NAME_MAX_BYTES 128
#define SUFFIX ".jsonl"

struct writer {
    char id[64];
    uint64_t number;  /* of the incident whose lines wait */
    uint64_t refused; /* of the one that began meanwhile: without its beginning it is of no use */
    struct buf waiting;
    bool broken; /* a line of this incident was dropped: none of it may follow */
};

struct incidents {
    uv_loop_t *loop;
    uv_work_t work;
    char folder[FOLDER_MAX];
    bool busy, closing, complained;
    /* the job under way: the worker's while it is busy */
    char path[FOLDER_MAX + NAME_MAX_BYTES];
    struct buf job;
    int job_of; /* the writer that it came from, */
    uint64_t job_number;
    struct error error;
    int count;
    struct writer writers[];
};

/* ── on a worker's thread ── */

/* The number in SERVICE-NUMBER.jsonl, 0 = not a file of ours. */
static uint64_t number_of(const char *name)
{
    const char *dash = strrchr(name, '-');
    size_t length = strlen(name);
    char digits[32];
    int64_t number = 0;
    struct error err;
    if (dash == NULL || length < sizeof SUFFIX ||
        !str_equal(name + length - (sizeof SUFFIX - 1), SUFFIX) ||
        !str_copy_n(digits, sizeof digits, dash + 1,
                    (size_t)(name + length - (sizeof SUFFIX - 1) - (dash + 1))) ||
        parse_int(digits, 1, INT64_MAX, &number, &err) < 0)
        return 0;
    return (uint64_t)number;
}

/* Removes the oldest file while there are too many; each call removes one. */
static bool remove_oldest(const char *folder)
{
    char oldest[NAME_MAX_BYTES] = "";
    char path[FOLDER_MAX + NAME_MAX_BYTES];
    uint64_t least = UINT64_MAX;
    int count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return false;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        uint64_t number = number_of(entry->d_name);
        if (number == 0)
            continue;
        count++;
        if (number < least && str_copy(oldest, sizeof oldest, entry->d_name))
            least = number;
    }
    (void)closedir(dir);
    return count > INCIDENTS_FILES_MAX && oldest[0] != '\0' &&
           str_format(path, sizeof path, "%s/%s", folder, oldest) && unlink(path) == 0;
}

static void write_job(struct incidents *i)
{
    i->error = (struct error){0};
    bool fresh = access(i->path, F_OK) != 0;
    if (fresh && file_make_folders(i->folder, 0750, &i->error) < 0)
        return;
    int fd = open(i->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    int r = fd < 0 ? -errno : file_write_all(fd, i->job.data, i->job.length);
    if (fd >= 0)
        (void)close(fd);
    if (r < 0)
        (void)error_set(&i->error, r, "%s: %s", i->path, strerror(-r));
    while (fresh && remove_oldest(i->folder))
        continue;
}

static void on_work(uv_work_t *work)
{
    write_job(work->data);
}

/* ── on the loop ── */

static bool take_job(struct incidents *i)
{
    for (int k = 0; k < i->count; k++) {
        struct writer *w = &i->writers[k];
        if (w->waiting.length == 0)
            continue;
        struct buf empty = i->job;
        i->job = w->waiting;
        w->waiting = empty;
        i->job_of = k;
        i->job_number = w->number;
        (void)str_format(i->path, sizeof i->path, "%s/%s-%" PRIu64 SUFFIX, i->folder, w->id,
                         w->number);
        return true;
    }
    return false;
}

static void end_job(struct incidents *i)
{
    struct writer *w = &i->writers[i->job_of];
    buf_clear(&i->job);
    if (i->error.code != 0 && w->number == i->job_number) {
        w->broken = true; /* a recording with a hole plays differently */
        buf_clear(&w->waiting);
    }
    if (i->error.code != 0 && !i->complained)
        log_warning("incidents", "an incident is not recorded whole: %s", i->error.text);
    i->complained = i->error.code != 0;
}

static void release(struct incidents *i)
{
    for (int k = 0; k < i->count; k++)
        buf_free(&i->writers[k].waiting);
    buf_free(&i->job);
    mem_free(i);
}

static void finish(struct incidents *i)
{
    while (take_job(i)) {
        write_job(i);
        end_job(i);
    }
    release(i);
}

static void on_written(uv_work_t *work, int status);

static void kick(struct incidents *i)
{
    if (i->busy || !take_job(i))
        return;
    i->busy = uv_queue_work(i->loop, &i->work, on_work, on_written) == 0;
    if (!i->busy)
        buf_clear(&i->job);
}

static void on_written(uv_work_t *work, int status)
{
    struct incidents *i = work->data;
    (void)status;
    i->busy = false;
    end_job(i);
    if (i->closing)
        finish(i);
    else
        kick(i);
}

void incidents_line(struct incidents *i, int service, uint64_t number, const char *line, bool last)
{
    struct writer *w = &i->writers[service];
    (void)last;
    if (w->number != number && w->waiting.length > 0)
        w->refused = number;
    if (w->refused == number)
        return;
    if (w->number != number) {
        w->number = number;
        w->broken = false;
    }
    if (line == NULL || w->broken)
        return;
    size_t before = w->waiting.length;
    if (buf_append(&w->waiting, line, strlen(line)) < 0 || buf_append(&w->waiting, "\n", 1) < 0) {
        w->waiting.length = before;
        w->broken = true;
    }
    kick(i);
}

int incidents_open(uv_loop_t *loop, const struct settings *settings, struct incidents **ret,
                   struct error *err)
{
    struct incidents *i =
        mem_calloc(1, sizeof *i + settings->service_count * sizeof(struct writer));
    if (i == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    i->loop = loop;
    i->work.data = i;
    i->count = (int)settings->service_count;
    i->job = BUF_LIMIT(INCIDENTS_WAITING_MAX);
    for (int k = 0; k < i->count; k++) {
        i->writers[k].waiting = BUF_LIMIT(INCIDENTS_WAITING_MAX);
        (void)str_copy(i->writers[k].id, sizeof i->writers[k].id, settings->services[k].id);
    }
    if (!str_format(i->folder, sizeof i->folder, "%s/incidents", settings->server.state_dir)) {
        mem_free(i);
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", settings->server.state_dir);
    }
    *ret = i;
    return 0;
}

void incidents_close(struct incidents *i)
{
    if (i == NULL)
        return;
    i->closing = true;
    if (!i->busy)
        finish(i);
}
