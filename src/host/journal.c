#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "host/systemctl.h"

#define PRIORITY_INFO 6

static void set_message(struct journal_line *line, const char *text, size_t length)
{
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    (void)str_copy_clean(line->message, sizeof line->message, text, length);
}

/* journald gives MESSAGE as bytes when it is no clean UTF-8. */
static void set_message_bytes(struct journal_line *line, const json_t *array)
{
    char bytes[JOURNAL_MESSAGE_MAX];
    size_t n = 0;
    for (; n < json_array_size(array) && n < sizeof bytes; n++) {
        const json_t *item = json_array_get(array, n);
        json_int_t value = json_integer_value(item);
        bytes[n] = json_is_integer(item) && value >= 0 && value <= 255 ? (char)value : '?';
    }
    set_message(line, bytes, n);
}

static wall_ms entry_time(const json_t *entry)
{
    const char *text = json_text_or(entry, "__REALTIME_TIMESTAMP", "");
    int64_t us = 0;
    for (; *text >= '0' && *text <= '9' && us < INT64_MAX / 10 - 9; text++)
        us = us * 10 + (*text - '0');
    if (*text != '\0')
        return WALL_NONE;
    return (wall_ms){us / 1000};
}

static bool read_json(const char *text, size_t length, struct journal_line *line)
{
    json_t *entry JSON_CLEANUP = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(entry))
        return false;
    const json_t *message = json_object_get(entry, "MESSAGE");
    if (json_is_array(message) && json_is_string(json_array_get(message, 0)))
        message = json_array_get(message, 0); /* the field came more than once */
    if (json_is_string(message))
        set_message(line, json_string_value(message), json_string_length(message));
    else if (json_is_array(message))
        set_message_bytes(line, message);
    else if (json_is_null(message)) /* past journalctl's own field limit */
        (void)str_copy(line->message, sizeof line->message, "(message too long for journalctl)");
    line->at = entry_time(entry);
    const char *priority = json_text_or(entry, "PRIORITY", "");
    if (priority[0] >= '0' && priority[0] <= '7' && priority[1] == '\0')
        line->priority = priority[0] - '0';
    return true;
}

/* "Nov 22 15:52:06 host redis-server[123]: text": the year is not told, so no time. */
static bool read_short(const char *text, size_t length, struct journal_line *line)
{
    if (length < 16 || text[3] != ' ' || text[6] != ' ' || text[9] != ':' || text[12] != ':' ||
        text[15] != ' ')
        return false;
    const char *colon = str_find(text + 16, length - 16, ": ");
    if (colon == NULL)
        return false;
    set_message(line, colon + 2, length - (size_t)(colon + 2 - text));
    return true;
}

/* One line of foreign output into `line`; false: nothing to hand on. `complete`: had its newline.
 */
typedef bool line_reader(const char *text, size_t length, bool complete, struct journal_line *line);

static size_t each_line(const char *out, size_t length, line_reader *read,
                        journal_line_handler *handler, void *context)
{
    size_t count = 0;
    wall_ms last =
        WALL_NONE; /* a crash report's lines have no time: they belong to the one before */
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(out + at, '\n', length - at);
        size_t n = newline == NULL ? length - at : (size_t)(newline - (out + at));
        struct journal_line line = {.at = WALL_NONE, .priority = PRIORITY_INFO};
        if (n > 0 && read(out + at, n, newline != NULL, &line)) {
            if (line.at.ms == 0 && out[at] != '{') /* journald tells one, or there is none */
                line.at = last;
            last = line.at;
            handler(context, &line);
            count++;
        }
        at += n + 1;
    }
    return count;
}

/* "22 Nov 2026 15:52:06.123" at `text`, 24 bytes: the host's local time, of which nothing tells the
 * zone. Ours is the best guess, and no guess at all for a Redis of this machine. */
static wall_ms redis_time(const char *text)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char month[4];
    (void)str_copy_n(month, sizeof month, text + 3, 3);
    int m = str_index(months, ARRAY_LENGTH(months), month);
    char rfc[40];
    wall_ms t;
    struct tm local;
    if (m < 0 ||
        !str_format(rfc, sizeof rfc, "%.4s-%02d-%.2sT%.12sZ", text + 7, m + 1, text, text + 12) ||
        wall_parse(rfc, &t) < 0)
        return WALL_NONE;
    time_t as_utc = (time_t)(t.ms / 1000);
    if (gmtime_r(&as_utc, &local) == NULL)
        return WALL_NONE;
    local.tm_isdst = -1;
    time_t at = mktime(&local);
    return at == (time_t)-1 ? t : (wall_ms){(int64_t)at * 1000 + t.ms % 1000};
}

#define REDIS_TIME_LENGTH 24 /* "22 Nov 2026 15:52:06.123" */

static bool read_redis_line(const char *text, size_t length, bool complete,
                            struct journal_line *line)
{
    (void)complete;
    size_t i = 0;
    while (i < length && text[i] >= '0' && text[i] <= '9')
        i++;
    /* PID ':' ROLE ' ' time ' ' LEVEL ' ' message */
    size_t head = i + 2 + 1 + REDIS_TIME_LENGTH + 1 + 1 + 1;
    if (i > 0 && i < 11 && length >= head && text[i] == ':' && text[i + 2] == ' ') {
        static const char levels[] = ".-*#";
        static const int priorities[] = {7, 6, 5, 4};
        const char *time = text + i + 3;
        const char *level = strchr(levels, time[REDIS_TIME_LENGTH + 1]);
        if (level != NULL && *level != '\0' && time[REDIS_TIME_LENGTH] == ' ' &&
            time[REDIS_TIME_LENGTH + 2] == ' ') {
            line->at = redis_time(time);
            line->priority = priorities[level - levels];
            set_message(line, text + head, length - head);
            return true;
        }
    }
    set_message(line, text, length);
    return true;
}

static bool read_journal_line(const char *text, size_t length, bool complete,
                              struct journal_line *line)
{
    if (length >= 3 && memcmp(text, "-- ", 3) == 0) /* "-- No entries --", "-- Boot ... --" */
        return false;
    if (text[0] == '{') {
        if (read_json(text, length, line))
            return true;
        if (!complete) /* the output was cut in this entry */
            return false;
    } else if (read_short(text, length, line)) {
        return true;
    }
    return read_redis_line(text, length, complete, line); /* a process that Resus runs itself */
}

size_t journal_parse(const char *out, size_t length, journal_line_handler *handler, void *context)
{
    return each_line(out, length, read_journal_line, handler, context);
}

size_t redis_log_parse(const char *out, size_t length, journal_line_handler *handler, void *context)
{
    return each_line(out, length, read_redis_line, handler, context);
}
