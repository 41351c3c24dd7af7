#include "backups/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/file.h"

#define FILE_BYTES_MAX 65536
#define CGROUPS "/sys/fs/cgroup"

/* The number at the front of `text`, after blanks; -1 when there is none. */
static int64_t leading_number(const char *text)
{
    char digits[24];
    int64_t value = -1;
    text += strspn(text, " \t");
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length >= sizeof digits)
        return -1;
    (void)str_copy_n(digits, sizeof digits, text, length);
    return parse_int(digits, 0, INT64_MAX, &value, NULL) < 0 ? -1 : value;
}

static bool read_text(struct buf *text, const char *root, const char *folder, const char *name)
{
    char path[PATH_MAX];
    return str_format(path, sizeof path, "%s%s/%s", root, folder, name) &&
           file_read(path, text, NULL) == 0;
}

static int64_t read_number(const char *root, const char *folder, const char *name)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(FILE_BYTES_MAX);
    return read_text(&text, root, folder, name) ? leading_number(buf_text(&text)) : -1;
}

static int64_t of_the_machine(const char *root)
{
    static const char name[] = "MemAvailable:";
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(FILE_BYTES_MAX);
    if (!read_text(&text, root, "/proc", "meminfo"))
        return INT64_MAX;
    const char *line = strstr(buf_text(&text), name);
    int64_t kib = line == NULL ? -1 : leading_number(line + strlen(name));
    return kib < 0 || kib > INT64_MAX / 1024 ? INT64_MAX : kib * 1024;
}

/* What the group at `folder` leaves; "max" and a missing file mean no limit. */
static int64_t of_group(const char *root, const char *folder)
{
    int64_t limit = read_number(root, folder, "memory.max");
    int64_t used = read_number(root, folder, "memory.current");
    if (limit < 0 || used < 0)
        return INT64_MAX;
    return limit > used ? limit - used : 0;
}

/* The path of this process' group in the unified hierarchy: the line "0::/path". */
static bool own_group(const char *root, char folder[PATH_MAX])
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(FILE_BYTES_MAX);
    if (!read_text(&text, root, "/proc/self", "cgroup"))
        return false;
    const char *line = buf_text(&text);
    while (line != NULL && !str_starts(line, "0::")) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return line != NULL &&
           str_format(folder, PATH_MAX, CGROUPS "%.*s", (int)strcspn(line + strlen("0::"), "\n"),
                      line + strlen("0::"));
}

int64_t memory_available(const char *root)
{
    char folder[PATH_MAX];
    int64_t least = of_the_machine(root);
    if (!own_group(root, folder))
        return least;
    while (strlen(folder) >= strlen(CGROUPS)) {
        int64_t left = of_group(root, folder);
        least = left < least ? left : least;
        *strrchr(folder, '/') = '\0'; /* the group above */
    }
    return least;
}
