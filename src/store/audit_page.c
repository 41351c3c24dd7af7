#include "store/audit_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "store/audit_read.h"

/* The last lines before a seq, as far as they fit. */
struct window {
    char *bytes;
    size_t length;
    bool dropped; /* older ones did not fit */
};

struct search {
    const struct audit_filter *filter;
    uint64_t before;
    size_t limit, bytes;
    mono_ms deadline;
    const atomic_bool *stop;
    json_t *items;
    uint64_t oldest; /* seq of the oldest line looked at */
    bool full;
};

/* Without parsing: seq, prev and hash are the last members. 0 when there is none. */
static uint64_t seq_of(const char *line, size_t length)
{
    static const char key[] = "\"seq\": ";
    size_t tail = length < AUDIT_SEAL_MAX ? length : AUDIT_SEAL_MAX;
    const char *at = memmem(line + length - tail, tail, key, sizeof key - 1);
    uint64_t seq = 0;
    if (at == NULL)
        return 0;
    for (at += sizeof key - 1; at < line + length && *at >= '0' && *at <= '9'; at++)
        seq = seq * 10 + (uint64_t)(*at - '0');
    return seq;
}

static void keep_line(struct window *w, const char *line, size_t length)
{
    if (w->length + length + 1 > AUDIT_PAGE_WINDOW) {
        /* The older half goes, up to a whole line. */
        const char *half = w->bytes + w->length / 2;
        const char *newline = memchr(half, '\n', (size_t)(w->bytes + w->length - half));
        size_t gone = newline == NULL ? w->length : (size_t)(newline + 1 - w->bytes);
        memmove(w->bytes, w->bytes + gone, w->length - gone);
        w->length -= gone;
        w->dropped = true;
    }
    memcpy(w->bytes + w->length, line, length);
    w->bytes[w->length + length] = '\n';
    w->length += length + 1;
}

static bool over(const struct search *s)
{
    return (s->stop != NULL && atomic_load(s->stop)) || mono_reached(clock_mono(), s->deadline);
}

/* Reads a file from its beginning, up to the first line that is too young. */
static int fill(struct search *s, const struct audit_source *source, struct window *w,
                struct error *err)
{
    struct audit_source again = *source;
    struct audit_reader *reader = NULL;
    const char *line;
    size_t length;
    enum audit_read kind;
    w->length = 0;
    w->dropped = false;
    again.fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    int r = again.fd < 0 || lseek(again.fd, 0, SEEK_SET) < 0
                ? error_set_errno(err, -errno, "cannot read the audit file")
                : audit_reader_open(&again, &reader, err);
    if (r < 0) {
        if (again.fd >= 0)
            (void)close(again.fd);
        return r;
    }
    while ((kind = audit_reader_next(reader, &line, &length, err)) != AUDIT_READ_END &&
           kind != AUDIT_READ_FAILED) {
        uint64_t seq = seq_of(line, length);
        if (s->before != 0 && seq >= s->before)
            break;
        if (length > 0)
            keep_line(w, line, length);
        if (s->stop != NULL && atomic_load(s->stop))
            break;
    }
    audit_reader_close(reader);
    return kind == AUDIT_READ_FAILED ? -EIO : 0;
}

static void take_line(struct search *s, const char *line, size_t length)
{
    JSON_CLEANUP json_t *parsed = json_loadb(line, length, JSON_READ_FLAGS, NULL);
    if (!json_is_object(parsed) || !audit_filter_passes(s->filter, parsed) ||
        json_array_append(s->items, parsed) < 0)
        return;
    s->bytes += length;
    s->full = json_array_size(s->items) >= s->limit || s->bytes >= AUDIT_PAGE_BYTES;
}

static void take_window(struct search *s, const struct window *w)
{
    for (size_t end = w->length; end > 0 && !s->full;) {
        const char *before = end < 2 ? NULL : memrchr(w->bytes, '\n', end - 1);
        size_t start = before == NULL ? 0 : (size_t)(before + 1 - w->bytes);
        uint64_t seq = seq_of(w->bytes + start, end - 1 - start);
        if (seq != 0)
            s->oldest = seq;
        take_line(s, w->bytes + start, end - 1 - start);
        end = start;
    }
}

/* One file, window by window, from its end to its beginning. */
static int search_file(struct search *s, const struct audit_source *source, struct window *w,
                       struct error *err)
{
    do {
        int r = fill(s, source, w, err);
        if (r < 0)
            return r;
        take_window(s, w);
        if (w->length > 0)
            s->before = s->oldest;
    } while (w->dropped && w->length > 0 && !s->full && !over(s));
    return 0;
}

static int search_all(struct search *s, const struct audit_set *set, struct audit_page *ret,
                      struct error *err)
{
    struct window w = {.bytes = mem_calloc(1, AUDIT_PAGE_WINDOW)};
    if (w.bytes == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = 0;
    size_t i = set->count;
    while (r == 0 && i > 0 && !s->full) {
        r = search_file(s, &set->sources[i - 1], &w, err);
        if (w.dropped && !s->full)
            break; /* time is up inside this file */
        i--;
        if (over(s))
            break;
    }
    mem_free(w.bytes);
    bool more = i > 0 || s->full || w.dropped;
    ret->next = more && s->before > 1 ? s->before : 0;
    return r;
}

int audit_page(const char *file, const struct audit_filter *filter, uint64_t before, size_t limit,
               const atomic_bool *stop, struct audit_page *ret, struct error *err)
{
    struct audit_set set;
    struct audit_page page = {.items = json_array()};
    struct search s = {
        .filter = filter,
        .before = before,
        .limit = limit < 1 || limit > AUDIT_PAGE_MAX ? AUDIT_PAGE_MAX : limit,
        .deadline = mono_add(clock_mono(), AUDIT_PAGE_MS),
        .stop = stop,
        .items = page.items,
        .oldest = before,
    };
    int r = audit_set_open(file, &set, err);
    if (r == 0) {
        r = search_all(&s, &set, &page, err);
        audit_set_close(&set);
    } else if (r == -ENOENT) {
        r = 0;
    }
    if (r < 0) {
        json_decref(page.items);
        return r;
    }
    *ret = page;
    return 0;
}
