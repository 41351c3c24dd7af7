#include "backups/transfer.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "base/parse.h"
#include "base/str.h"

static int garbage(const struct transfer *t, struct error *err)
{
    char line[128];
    (void)str_copy_clean(line, sizeof line, t->line, t->line_length);
    return error_set(err, -EPROTO, "the server's answer to PSYNC is not known: %s", line);
}

/* "+FULLRESYNC replid offset" */
static int take_fullresync(struct transfer *t, struct error *err)
{
    const char *id = t->line + strlen("+FULLRESYNC ");
    size_t length = strcspn(id, " ");
    if (length != TRANSFER_REPLID_SIZE - 1 || id[length] != ' ' ||
        strspn(id, "0123456789abcdefABCDEF") != length)
        return garbage(t, err);
    if (parse_int(id + length + 1, -1, INT64_MAX, &t->repl_offset, NULL) < 0)
        return garbage(t, err);
    (void)str_copy_n(t->replid, sizeof t->replid, id, length);
    t->phase = TRANSFER_FORKING;
    return 0;
}

/* "$EOF:mark" or "$length" */
static int take_size(struct transfer *t, struct error *err)
{
    int64_t bytes = 0;
    if (str_starts(t->line, "$EOF:")) {
        if (t->line_length != strlen("$EOF:") + TRANSFER_MARK_LENGTH)
            return garbage(t, err);
        memcpy(t->mark, t->line + strlen("$EOF:"), TRANSFER_MARK_LENGTH);
        t->by_mark = true;
    } else {
        if (parse_int(t->line + 1, 1, INT64_MAX, &bytes, NULL) < 0)
            return garbage(t, err);
        t->expected_bytes = (uint64_t)bytes;
    }
    t->phase = TRANSFER_RECEIVING;
    return 0;
}

static int take_line(struct transfer *t, struct error *err)
{
    if (t->line_length > 0 && t->line[t->line_length - 1] == '\r')
        t->line_length--;
    t->line[t->line_length] = '\0';
    if (t->line_length == 0)
        return 0; /* still at work */
    if (t->line[0] == '-') {
        (void)str_copy_clean(t->refusal, sizeof t->refusal, t->line + 1, t->line_length - 1);
        return error_set(err, -ECONNREFUSED, "%s", t->refusal);
    }
    if (t->phase == TRANSFER_ASKED && str_starts(t->line, "+FULLRESYNC "))
        return take_fullresync(t, err);
    if (t->phase == TRANSFER_FORKING && t->line[0] == '$')
        return take_size(t, err);
    return garbage(t, err);
}

/* Returns the bytes taken, or an error. */
static ssize_t take_text(struct transfer *t, const char *bytes, size_t length, struct error *err)
{
    const char *end = memchr(bytes, '\n', length);
    size_t n = end == NULL ? length : (size_t)(end - bytes);
    if (n >= sizeof t->line - t->line_length) {
        t->line_length = 0;
        return error_set(err, -EPROTO,
                         "the server's answer to PSYNC has a line of more than %d "
                         "bytes",
                         TRANSFER_LINE_MAX - 1);
    }
    memcpy(t->line + t->line_length, bytes, n);
    t->line_length += n;
    if (end == NULL)
        return (ssize_t)n;
    int r = take_line(t, err);
    t->line_length = 0;
    return r < 0 ? r : (ssize_t)n + 1;
}

static int pass(struct transfer *t, const unsigned char *bytes, size_t length, struct error *err)
{
    if (length == 0)
        return 0;
    int r = rdb_head_feed(&t->head, bytes, length, err);
    if (r < 0)
        return r;
    rdb_tail_feed(&t->tail, bytes, length);
    return t->sink(t->context, bytes, length, err);
}

static int take_by_length(struct transfer *t, const unsigned char *bytes, size_t length,
                          struct error *err)
{
    uint64_t left = t->expected_bytes - t->tail.bytes;
    size_t n = length < left ? length : (size_t)left;
    int r = pass(t, bytes, n, err);
    if (r < 0 || n < left)
        return r;
    enum rdb_end end = rdb_tail_end(&t->tail);
    if (!rdb_end_whole(end))
        return error_set(err, -EBADMSG,
                         "the RDB arrived with its full length, but its checksum is %s: the server "
                         "sent a damaged file",
                         rdb_end_word(end));
    t->phase = TRANSFER_WHOLE;
    return 0;
}

/* Passes on what cannot be the beginning of the mark; a mark that completes the RDB ends it. */
static int take_by_mark(struct transfer *t, const unsigned char *bytes, size_t length,
                        struct error *err)
{
    unsigned char window[sizeof t->held + TRANSFER_FEED_MAX];
    size_t filled = t->held_length + length;
    size_t from = 0; /* passed on */
    size_t at = 0;   /* no mark begins before */
    int r = 0;
    memcpy(window, t->held, t->held_length);
    memcpy(window + t->held_length, bytes, length);
    for (;;) {
        const unsigned char *found =
            memmem(window + at, filled - at, t->mark, TRANSFER_MARK_LENGTH);
        if (found == NULL)
            break;
        at = (size_t)(found - window);
        r = pass(t, window + from, at - from, err);
        if (r < 0)
            return r;
        from = at;
        if (rdb_end_whole(rdb_tail_end(&t->tail))) {
            t->phase = TRANSFER_WHOLE;
            return 0;
        }
        at++;
    }
    size_t keep = filled - from < sizeof t->held ? filled - from : sizeof t->held;
    r = pass(t, window + from, filled - from - keep, err);
    memcpy(t->held, window + filled - keep, keep);
    t->held_length = keep;
    return r;
}

int transfer_feed(struct transfer *t, const void *bytes, size_t length, struct error *err)
{
    const unsigned char *p = bytes;
    while (length > 0 && t->phase != TRANSFER_WHOLE) {
        size_t n = length < TRANSFER_FEED_MAX ? length : TRANSFER_FEED_MAX;
        int r = 0;
        if (t->phase != TRANSFER_RECEIVING) {
            ssize_t taken = take_text(t, (const char *)p, n, err);
            r = taken < 0 ? (int)taken : 0;
            n = taken < 0 ? 0 : (size_t)taken;
        } else if (t->by_mark) {
            r = take_by_mark(t, p, n, err);
        } else {
            uint64_t left = t->expected_bytes - t->tail.bytes;
            r = take_by_length(t, p, n < left ? n : (size_t)left, err);
        }
        if (r < 0)
            return r;
        p += n;
        length -= n;
    }
    return 0;
}

uint64_t transfer_bytes(const struct transfer *t)
{
    return t->tail.bytes;
}
