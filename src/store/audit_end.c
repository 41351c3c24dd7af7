#include "store/audit_end.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "store/audit_read.h"

/* The newest line of a rotated file that belongs to a chain. False: none. */
static bool head_of_rotated(const char *file, struct audit_link *ret)
{
    struct audit_set set = {0};
    bool found = false;
    if (audit_set_open(file, &set, NULL) < 0)
        return false;
    for (size_t i = set.count; !found && i-- > 0;) {
        struct audit_reader *reader;
        if (set.sources[i].index == 0 || audit_reader_open(&set.sources[i], &reader, NULL) < 0)
            continue;
        const char *text;
        size_t length;
        enum audit_read kind;
        while ((kind = audit_reader_next(reader, &text, &length, NULL)) != AUDIT_READ_END &&
               kind != AUDIT_READ_FAILED)
            found |= audit_line_read(text, length, ret) == AUDIT_FLAW_NONE;
        audit_reader_close(reader);
    }
    audit_set_close(&set);
    return found;
}

#define BLOCK 4096

ssize_t audit_end_read(int fd, int64_t end, char *block, size_t size)
{
    size_t want = end < (int64_t)size ? (size_t)end : size;
    size_t got = 0;
    while (got < want) {
        ssize_t n = pread(fd, block + got, want - got, end - (int64_t)want + (int64_t)got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        got += (size_t)n;
    }
    return (ssize_t)want;
}

int64_t audit_end_line(int fd, int64_t end)
{
    char block[BLOCK];
    while (end > 0) {
        ssize_t n = audit_end_read(fd, end, block, sizeof block);
        if (n < 0)
            return n;
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline != NULL)
            return end - n + (newline - block) + 1;
        end -= n;
    }
    return 0;
}

int audit_end_link(int fd, int64_t from, int64_t to, struct audit_link *ret)
{
    char line[AUDIT_LINE_MAX];
    if (to - from > AUDIT_LINE_MAX)
        return 0;
    ssize_t n = audit_end_read(fd, to, line, (size_t)(to - from));
    return n < 0 ? (int)n : audit_line_read(line, (size_t)n, ret) == AUDIT_FLAW_NONE;
}

/* Lines looked at from the end for one that belongs to the chain: foreign lines behind it are
 * audit_verify's to name. */
#define HEAD_LINES_MAX 1000

int audit_end_last(int fd, const char *path, int64_t end, struct audit_link *ret)
{
    int found = 0;
    for (int i = 0; found == 0 && end > 0 && i < HEAD_LINES_MAX; i++) {
        int64_t start = audit_end_line(fd, end - 1);
        if (start < 0)
            return (int)start;
        found = audit_end_link(fd, start, end - 1, ret);
        end = start;
    }
    return found != 0 ? found : head_of_rotated(path, ret);
}
