#include "io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static struct {
    enum log_level least;
    int fd;
    bool terminal;
    bool colour;
} log_state = {.least = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

static const struct {
    const char *name, *priority, *colour;
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", "<7>", "\033[2m"},
    [LOG_LEVEL_INFO] = {"info ", "<6>", ""},
    [LOG_LEVEL_WARNING] = {"warn ", "<4>", "\033[33m"},
    [LOG_LEVEL_ERROR] = {"error", "<3>", "\033[31m"},
};

void log_init(enum log_level least)
{
    log_state.least = least;
    log_state.terminal = isatty(log_state.fd) == 1;
    const char *no_color = getenv("NO_COLOR");
    log_state.colour = log_state.terminal && (no_color == NULL || *no_color == '\0');
}

void log_set_fd(int fd)
{
    log_state.fd = fd;
    log_state.terminal = isatty(fd) == 1;
    log_state.colour = false;
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
    if (level < log_state.least)
        return;
    char text[LOG_LINE_MAX - 128];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char clean[sizeof text];
    (void)str_copy_clean(clean, sizeof clean, text, strlen(text));

    char line[LOG_LINE_MAX];
    if (log_state.terminal) {
        struct timespec t;
        struct tm tm;
        (void)clock_gettime(CLOCK_REALTIME, &t);
        (void)localtime_r(&t.tv_sec, &tm);
        (void)snprintf(line, sizeof line, "%02d:%02d:%02d %s%s%s %s: %s\n", tm.tm_hour, tm.tm_min,
                       tm.tm_sec, log_state.colour ? levels[level].colour : "", levels[level].name,
                       log_state.colour ? "\033[0m" : "", area, clean);
    } else if (log_state.least == LOG_LEVEL_DEBUG) {
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        (void)snprintf(line, sizeof line, "%s%lld.%06ld %s: %s\n", levels[level].priority,
                       (long long)t.tv_sec, t.tv_nsec / 1000, area, clean);
    } else {
        (void)snprintf(line, sizeof line, "%s%s: %s\n", levels[level].priority, area, clean);
    }
    ssize_t written = write(log_state.fd, line, strlen(line));
    (void)written; /* there is nowhere to report a log that cannot be written */
}
