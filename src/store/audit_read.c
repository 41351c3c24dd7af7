#include "store/audit_read.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/audit_line.h"

#define FIRST_LINES_MAX 100 /* searched for the first line of the chain */

void audit_source_path(const char *file, int index, bool gzip, char *ret, size_t size)
{
    if (index == 0)
        (void)str_copy(ret, size, file);
    else
        (void)str_format(ret, size, "%s.%d%s", file, index, gzip ? ".gz" : "");
}

static bool in_set(const struct audit_set *set, int fd)
{
    struct stat mine;
    struct stat other;
    if (fstat(fd, &mine) < 0)
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (fstat(set->sources[i].fd, &other) == 0 && mine.st_dev == other.st_dev &&
            mine.st_ino == other.st_ino)
            return true;
    return false;
}

/* 1 opened, 0 not there. */
static int open_source(const char *file, int index, bool gzip, struct audit_set *set,
                       struct error *err)
{
    char path[SETTINGS_PATH_MAX + 16];
    audit_source_path(file, index, gzip, path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "cannot open %s", path);
    if (in_set(set, fd)) {
        (void)close(fd);
        return 1;
    }
    set->sources[set->count++] = (struct audit_source){.index = index, .gzip = gzip, .fd = fd};
    return 1;
}

int audit_set_open(const char *file, struct audit_set *ret, struct error *err)
{
    struct audit_set set = {0};
    int r = 0;
    for (int i = 0; r >= 0 && i <= AUDIT_BACKUPS_MAX; i++) {
        r = open_source(file, i, false, &set, err);
        if (r == 0 && i > 0)
            r = open_source(file, i, true, &set, err);
    }
    if (r >= 0 && set.count == 0)
        r = error_set_errno(err, -ENOENT, "cannot open %s", file);
    if (r < 0) {
        audit_set_close(&set);
        return r;
    }
    for (size_t i = 0; i < set.count; i++)
        ret->sources[i] = set.sources[set.count - 1 - i];
    ret->count = set.count;
    return 0;
}

void audit_set_close(struct audit_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->sources[i].fd >= 0)
            (void)close(set->sources[i].fd);
    set->count = 0;
}

int audit_reader_open(struct audit_source *source, struct audit_reader **ret, struct error *err)
{
    struct audit_reader *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r->stream = gzdopen(source->fd, "rb");
    if (r->stream == NULL) {
        mem_free(r);
        return error_set(err, -ENOMEM, "out of memory");
    }
    source->fd = -1;
    *ret = r;
    return 0;
}

void audit_reader_close(struct audit_reader *r)
{
    if (r == NULL)
        return;
    (void)gzclose(r->stream);
    mem_free(r);
}

bool audit_source_first(const struct audit_source *source, struct audit_link *ret)
{
    struct audit_source copy = *source;
    struct audit_reader *reader = NULL;
    bool found = false;
    copy.fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    if (copy.fd < 0)
        return false;
    if (audit_reader_open(&copy, &reader, NULL) == 0) {
        const char *text;
        size_t length;
        enum audit_read kind = AUDIT_READ_LINE;
        for (int i = 0;
             !found && i < FIRST_LINES_MAX && kind != AUDIT_READ_END && kind != AUDIT_READ_FAILED;
             i++) {
            kind = audit_reader_next(reader, &text, &length, NULL);
            found =
                kind == AUDIT_READ_LINE && audit_line_read(text, length, ret) == AUDIT_FLAW_NONE;
        }
        audit_reader_close(reader);
    } else {
        (void)close(copy.fd);
    }
    (void)lseek(source->fd, 0, SEEK_SET);
    return found;
}

/* 0, or a negative error; sets `ended`. */
static int refill(struct audit_reader *r, struct error *err)
{
    if (r->start > 0) {
        memmove(r->bytes, r->bytes + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    int n = gzread(r->stream, r->bytes + r->end, (unsigned)(sizeof r->bytes - r->end));
    int code = Z_OK;
    const char *text = gzerror(r->stream, &code);
    if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END)) {
        r->ended = true;
        r->start = r->end = 0;
        return error_set(err, -EIO, "cannot be read further: %s",
                         code == Z_ERRNO ? strerror(errno) : text);
    }
    r->ended = n == 0;
    r->end += (size_t)n;
    return 0;
}

static enum audit_read last_line(struct audit_reader *r, const char **ret, size_t *ret_length)
{
    if (r->start == r->end && !r->skipping)
        return AUDIT_READ_END;
    bool skipped = r->skipping;
    *ret = r->bytes + r->start;
    *ret_length = skipped ? 0 : r->end - r->start;
    r->start = r->end;
    r->skipping = false;
    r->line_number++;
    return skipped ? AUDIT_READ_LONG : AUDIT_READ_TORN;
}

enum audit_read audit_reader_next(struct audit_reader *r, const char **ret, size_t *ret_length,
                                  struct error *err)
{
    for (;;) {
        char *line = r->bytes + r->start;
        char *newline = memchr(line, '\n', r->end - r->start);
        if (newline != NULL) {
            bool skipped = r->skipping || newline - line > AUDIT_LINE_MAX;
            r->skipping = false;
            r->start += (size_t)(newline - line) + 1;
            r->line_number++;
            *ret = line;
            *ret_length = skipped ? 0 : (size_t)(newline - line);
            return skipped ? AUDIT_READ_LONG : AUDIT_READ_LINE;
        }
        if (r->end - r->start > AUDIT_LINE_MAX) {
            r->skipping = true;
            r->start = r->end;
        }
        if (r->ended)
            return last_line(r, ret, ret_length);
        if (refill(r, err) < 0)
            return AUDIT_READ_FAILED;
    }
}

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    return wanted == NULL || str_equal(json_text_or(object, key, ""), wanted);
}

bool audit_filter_passes(const struct audit_filter *filter, const json_t *line)
{
    bool intent = str_equal(json_text_or(line, "event_type", ""), "intent");
    if (filter == NULL)
        return !intent;
    if (intent && !filter->intents)
        return false;
    wall_ms at = WALL_NONE;
    if (filter->since.ms != 0 || filter->until.ms != 0) {
        if (wall_parse(json_text_or(line, "timestamp", ""), &at) < 0)
            return false;
        /* Lines know whole seconds. */
        if ((filter->since.ms != 0 && at.ms < filter->since.ms / 1000 * 1000) ||
            (filter->until.ms != 0 && at.ms > filter->until.ms))
            return false;
    }
    const json_t *success = json_object_get(json_object_get(line, "result"), "success");
    if (filter->result >= 0 &&
        (!json_is_boolean(success) || json_is_true(success) != (filter->result == 1)))
        return false;
    const json_t *user = json_object_get(line, "user");
    return text_is(line, "operation", filter->operation) &&
           text_is(line, "service", filter->service) &&
           text_is(line, "event_type", filter->event) &&
           (text_is(user, "id", filter->user) || text_is(user, "email", filter->user));
}

/* 1 = go on, 0 = `each` has enough. Lines that are no JSON are audit_verify's business. */
static int walk_source(const char *path, struct audit_reader *r, const struct audit_filter *filter,
                       audit_walk_each *each, void *context, struct error *err)
{
    for (;;) {
        const char *text;
        size_t length;
        if (filter != NULL && filter->stop != NULL && atomic_load(filter->stop))
            return error_set(err, -ECANCELED, "the reading was given up");
        enum audit_read kind = audit_reader_next(r, &text, &length, err);
        if (kind == AUDIT_READ_END)
            return 1;
        if (kind == AUDIT_READ_FAILED)
            return error_prefix(err, "%s", path);
        if (kind == AUDIT_READ_LONG)
            continue;
        JSON_CLEANUP json_t *line = json_loadb(text, length, JSON_READ_FLAGS, NULL);
        if (json_is_object(line) && audit_filter_passes(filter, line) &&
            !each(context, line, path, r->line_number))
            return 0;
    }
}

int audit_walk(const char *file, const struct audit_filter *filter, audit_walk_each *each,
               void *context, struct error *err)
{
    struct audit_set set;
    int r = audit_set_open(file, &set, err);
    if (r < 0)
        return r;
    r = 1;
    for (size_t i = 0; r > 0 && i < set.count; i++) {
        char path[SETTINGS_PATH_MAX + 16];
        audit_source_path(file, set.sources[i].index, set.sources[i].gzip, path, sizeof path);
        struct audit_reader *reader = NULL;
        r = audit_reader_open(&set.sources[i], &reader, err);
        if (r < 0)
            break;
        assert(reader != NULL);
        r = walk_source(path, reader, filter, each, context, err);
        audit_reader_close(reader);
    }
    audit_set_close(&set);
    return r < 0 ? r : 0;
}

struct tail {
    size_t capacity, count, next; /* ring of texts */
    char *lines[];
};

static int tail_source(struct tail *tail, struct audit_reader *r, struct error *err)
{
    for (;;) {
        const char *text;
        size_t length;
        enum audit_read kind = audit_reader_next(r, &text, &length, err);
        if (kind == AUDIT_READ_END || kind == AUDIT_READ_FAILED)
            return 0; /* a damaged old file must not stop the start */
        if (kind == AUDIT_READ_LONG)
            continue;
        char *copy = mem_strndup(text, length);
        if (copy == NULL)
            return error_set(err, -ENOMEM, "out of memory");
        mem_free(tail->lines[tail->next]);
        tail->lines[tail->next] = copy;
        tail->next = (tail->next + 1) % tail->capacity;
        if (tail->count < tail->capacity)
            tail->count++;
    }
}

int audit_tail(const char *file, size_t lines, audit_each *each, void *context, struct error *err)
{
    if (lines == 0 || lines > AUDIT_TAIL_MAX)
        return error_set(err, -EINVAL, "1 to %d lines can be read", AUDIT_TAIL_MAX);
    struct tail *tail = mem_calloc(1, sizeof *tail + lines * sizeof tail->lines[0]);
    if (tail == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    tail->capacity = lines;
    struct audit_set set = {0};
    int r = audit_set_open(file, &set, err);
    for (size_t i = set.count > 2 ? set.count - 2 : 0; r == 0 && i < set.count; i++) {
        struct audit_reader *reader = NULL;
        r = audit_reader_open(&set.sources[i], &reader, err);
        if (r < 0)
            break;
        assert(reader != NULL);
        r = tail_source(tail, reader, err);
        audit_reader_close(reader);
    }
    for (size_t i = 0; i < tail->count; i++) {
        size_t at = (tail->next + tail->capacity - tail->count + i) % tail->capacity;
        JSON_CLEANUP json_t *line =
            r < 0 ? NULL : json_loads(tail->lines[at], JSON_READ_FLAGS, NULL);
        if (json_is_object(line))
            each(context, line);
        mem_free(tail->lines[at]);
    }
    mem_free(tail);
    audit_set_close(&set);
    return r;
}
