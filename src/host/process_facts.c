#include "host/process_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "host/command.h"

/* Linux reports ticks of 1/100 s to programs (USER_HZ) on every architecture that we support, also
 * when its own clock runs at another rate. A remote host cannot be asked by sysconf(). */
#define TICK_MS 10
#define TICKS_MAX (INT64_C(1) << 50) /* so that percents of the time fit as well */
/* A process names itself with up to 15 bytes, kernel threads with up to 63. The fields after the
 * name are longer than that, so the last ')' among these bytes is the end of the name. */
#define NAME_MAX_BYTES 64
#define FIELD_STATE 3
#define FIELD_USER_TICKS 14
#define FIELD_SYSTEM_TICKS 15
#define NUMBER_MAX 24

static enum task_state state_of(char letter)
{
    switch (letter) {
    case 'R':
        return TASK_RUNNING;
    case 'S':
    case 'I':
        return TASK_SLEEPING;
    case 'D':
        return TASK_BLOCKED;
    case 'T':
        return TASK_STOPPED;
    case 't':
        return TASK_TRACED;
    case 'Z':
    case 'X':
    case 'x':
        return TASK_ENDED;
    default:
        return TASK_UNKNOWN;
    }
}

static bool number(const char *text, size_t length, int64_t max, int64_t *ret)
{
    char digits[NUMBER_MAX];
    return length > 0 && length < sizeof digits &&
           str_copy_n(digits, sizeof digits, text, length) &&
           parse_int(digits, 0, max, ret, NULL) == 0;
}

/* The fields from the state on, or NULL. The name in field 2 may hold blanks, parentheses and
 * newlines. */
static const char *after_name(const char *text, const char *end)
{
    const char *limit = end - text > NAME_MAX_BYTES + 2 ? text + NAME_MAX_BYTES + 2 : end;
    const char *close = NULL;
    for (const char *p = text; p < limit; p++)
        if (*p == ')')
            close = p;
    return close != NULL && end - close > 2 && close[1] == ' ' ? close + 2 : NULL;
}

/* Reads the fields of a line of stat; `*rest` is what follows the line. */
static void read_fields(const char *p, const char *end, struct process_facts *ret,
                        const char **rest)
{
    int64_t user = FACT_UNKNOWN;
    int64_t system = FACT_UNKNOWN;
    const char *line_end = memchr(p, '\n', (size_t)(end - p));
    *rest = line_end == NULL ? end : line_end + 1;
    if (line_end == NULL)
        return; /* cut: its last number may be cut as well */
    for (int field = FIELD_STATE; p < line_end && field <= FIELD_SYSTEM_TICKS; field++) {
        const char *blank = memchr(p, ' ', (size_t)(line_end - p));
        size_t n = (size_t)((blank == NULL ? line_end : blank) - p);
        if (field == FIELD_STATE && n == 1)
            ret->state = state_of(*p);
        else if (field == FIELD_USER_TICKS)
            (void)number(p, n, TICKS_MAX, &user);
        else if (field == FIELD_SYSTEM_TICKS)
            (void)number(p, n, TICKS_MAX, &system);
        p += n + 1;
    }
    if (user != FACT_UNKNOWN && system != FACT_UNKNOWN)
        ret->cpu_ms = (user + system) * TICK_MS;
}

/* "TracerPid:\t0" of status. */
static void read_tracer(const char *p, const char *end, struct process_facts *ret)
{
    static const char key[] = "TracerPid:\t";
    const char *newline = NULL;
    for (; p < end; p = newline + 1) {
        newline = memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL)
            return;
        size_t n = (size_t)(newline - p);
        if (n <= sizeof key - 1 || memcmp(p, key, sizeof key - 1) != 0)
            continue;
        (void)number(p + sizeof key - 1, n - (sizeof key - 1), HOST_PID_MAX, &ret->tracer_pid);
        return;
    }
}

void process_facts_parse(const char *out, size_t length, int64_t pid, struct process_facts *ret)
{
    *ret = (struct process_facts){.cpu_ms = FACT_UNKNOWN, .tracer_pid = FACT_UNKNOWN};
    const char *end = out + length;
    const char *blank = length == 0 ? NULL : memchr(out, ' ', length);
    int64_t found = 0;
    if (blank == NULL || end - blank < 2 || blank[1] != '(' ||
        !number(out, (size_t)(blank - out), HOST_PID_MAX, &found) || found != pid || pid < 2)
        return;
    const char *fields = after_name(blank + 1, end);
    if (fields == NULL)
        return;
    const char *rest = end;
    read_fields(fields, end, ret, &rest);
    if (ret->state == TASK_UNKNOWN && ret->cpu_ms == FACT_UNKNOWN)
        return;
    ret->pid = pid;
    read_tracer(rest, end, ret);
}

static int append_file(const char *path, struct buf *out)
{
    char text[PROCESS_FACTS_MAX / 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, sizeof text); /* the kernel gives each of them in one piece */
    int code = n < 0 ? -errno : 0;
    close(fd);
    return code < 0 ? code : buf_append(out, text, (size_t)n);
}

int process_facts_read(int64_t pid, struct buf *out)
{
    char path[40];
    if (pid < 2 || pid > HOST_PID_MAX)
        return -EINVAL;
    (void)str_format(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    int r = append_file(path, out);
    if (r < 0)
        return r;
    (void)str_format(path, sizeof path, "/proc/%lld/status", (long long)pid);
    return append_file(path, out);
}
