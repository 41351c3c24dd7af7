#include "api/calendar.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

/* One property before it is folded. Its value is a title, details or a list of ids. */
#define PROPERTY_MAX (64 * 1024)

/* How the phases are called: by calendars, and by the convention. */
static const struct {
    const char *status, *maintenance;
} words[] = {
    [WINDOW_PLANNED] = {"TENTATIVE", "TENTATIVE"}, [WINDOW_ANNOUNCED] = {"CONFIRMED", "CONFIRMED"},
    [WINDOW_OPEN] = {"CONFIRMED", "IN-PROCESS"},   [WINDOW_VERIFYING] = {"CONFIRMED", "IN-PROCESS"},
    [WINDOW_ENDED] = {"CONFIRMED", "COMPLETED"},   [WINDOW_CANCELLED] = {"CANCELLED", "CANCELLED"},
};
static_assert(ARRAY_LENGTH(words) == WINDOW_PHASE_COUNT, "words for every phase");

static const char *const impacts[] = {
    [WINDOW_OUTAGE] = "OUTAGE",
    [WINDOW_DEGRADED] = "DEGRADED",
    [WINDOW_REDUCED_REDUNDANCY] = "REDUCED-REDUNDANCY",
    [WINDOW_NO_IMPACT] = "NO-IMPACT",
};
static_assert(ARRAY_LENGTH(impacts) == WINDOW_IMPACT_COUNT, "a word for every impact");

/* Lines of at most 75 bytes, cut between characters; each further one begins with a blank. */
static int put_folded(struct buf *out, const char *line, size_t length)
{
    size_t room = CALENDAR_LINE_MAX;
    while (length > room) {
        size_t cut = room;
        while (cut > 1 && ((unsigned char)line[cut] & 0xC0) == 0x80)
            cut--;
        int r = buf_printf(out, "%.*s\r\n ", (int)cut, line);
        if (r < 0)
            return r;
        line += cut;
        length -= cut;
        room = CALENDAR_LINE_MAX - 1;
    }
    return buf_printf(out, "%.*s\r\n", (int)length, line);
}

/* A value that needs no escapes. */
static int put_plain(struct buf *out, const char *name, const char *value)
{
    struct buf line ATTR_CLEANUP(buf_free) = BUF_LIMIT(PROPERTY_MAX);
    int r = buf_printf(&line, "%s:%s", name, value);
    return r < 0 ? r : put_folded(out, line.data, line.length);
}

/* Appends one character of a text, or its escape. */
static int put_escaped(struct buf *line, const char *character, size_t length)
{
    switch (*character) {
    case '\\':
    case ';':
    case ',':
        return buf_printf(line, "\\%c", *character);
    case '\n':
        return buf_append(line, "\\n", 2);
    default:
        return buf_append(line, character, length);
    }
}

static int put_text(struct buf *out, const char *name, const char *text)
{
    struct buf line ATTR_CLEANUP(buf_free) = BUF_LIMIT(PROPERTY_MAX);
    size_t left = strlen(text);
    int r = buf_printf(&line, "%s:", name);
    while (r == 0 && left > 0) {
        uint32_t code_point = 0;
        size_t n = 1;
        while (n < 4 && n < left && !str_utf8(text, n))
            n++;
        bool good = str_utf8(text, n);
        if (good)
            (void)str_code_point(text, &code_point);
        else
            n = 1;
        bool shown = good && (*text == '\n' || !str_misleading(code_point));
        if (*text != '\r' || left < 2 || text[1] != '\n') /* CRLF is one line end */
            r = shown ? put_escaped(&line, text, n) : buf_append(&line, "?", 1);
        text += n;
        left -= n;
    }
    return r < 0 ? r : put_folded(out, line.data, line.length);
}

/* "2026-12-06T02:00:00Z" without the marks between. */
static int put_time(struct buf *out, const char *name, wall_ms t)
{
    char text[WALL_TEXT_SIZE];
    char bare[WALL_TEXT_SIZE];
    size_t length = 0;
    for (const char *p = wall_text(t, text); *p != '\0'; p++)
        if (*p != '-' && *p != ':')
            bare[length++] = *p;
    bare[length] = '\0';
    return put_plain(out, name, bare);
}

static int put_number(struct buf *out, const char *name, int number)
{
    char text[16];
    (void)str_format(text, sizeof text, "%d", number);
    return put_plain(out, name, text);
}

/* What may stand in a property as it is: printable ASCII without blank and quotation mark. */
static bool address_good(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7F || *text == '"')
            return false;
    return true;
}

char *calendar_uid(const struct calendar *calendar, const struct calendar_event *event,
                   char buffer[CALENDAR_UID_SIZE])
{
    (void)str_format(buffer, CALENDAR_UID_SIZE, "%s/%s@%s", event->window, event->date,
                     calendar->instance);
    return buffer;
}

static int put_people(const struct calendar *c, struct buf *out)
{
    char organizer[512];
    int r = 0;
    if (c->organizer != NULL) {
        (void)str_format(organizer, sizeof organizer, "mailto:%s", c->organizer);
        r = put_plain(out, "ORGANIZER", organizer);
    }
    if (r == 0 && c->link != NULL)
        r = put_plain(out, "URL", c->link);
    return r;
}

static int put_convention(const struct calendar *c, const struct calendar_event *e, const char *uid,
                          struct buf *out)
{
    const struct {
        const char *name, *text;
    } rows[] = {
        {"X-MAINTNOTE-PROVIDER", c->instance},
        {"X-MAINTNOTE-ACCOUNT", c->instance},
        {"X-MAINTNOTE-MAINTENANCE-ID", uid},
        {"X-MAINTNOTE-IMPACT", impacts[e->impact]},
        {"X-MAINTNOTE-STATUS", words[e->phase].maintenance},
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && r == 0; i++)
        r = put_text(out, rows[i].name, rows[i].text);
    for (size_t i = 0; i < e->service_count && r == 0; i++)
        r = put_text(out, "X-MAINTNOTE-OBJECT-ID", e->services[i]);
    return r;
}

static int put_event(const struct calendar *c, const struct calendar_event *e, struct buf *out)
{
    char uid[CALENDAR_UID_SIZE];
    (void)calendar_uid(c, e, uid);
    int r = put_plain(out, "BEGIN", "VEVENT");
    r = r < 0 ? r : put_text(out, "UID", uid);
    r = r < 0 ? r : put_number(out, "SEQUENCE", e->sequence);
    r = r < 0 ? r : put_time(out, "DTSTAMP", e->changed);
    r = r < 0 ? r : put_time(out, "DTSTART", e->starts);
    r = r < 0 ? r : put_time(out, "DTEND", e->ends);
    r = r < 0 ? r : put_plain(out, "STATUS", words[e->phase].status);
    r = r < 0 ? r : put_plain(out, "TRANSP", "TRANSPARENT"); /* it blocks no time in a calendar */
    r = r < 0 ? r : put_text(out, "SUMMARY", e->title);
    if (r == 0 && e->details != NULL)
        r = put_text(out, "DESCRIPTION", e->details);
    r = r < 0 ? r : put_people(c, out);
    r = r < 0 ? r : put_convention(c, e, uid, out);
    return r < 0 ? r : put_plain(out, "END", "VEVENT");
}

int calendar_write(const struct calendar *c, const struct calendar_event *events, size_t count,
                   struct buf *out)
{
    if ((c->organizer != NULL && !address_good(c->organizer)) ||
        (c->link != NULL && !address_good(c->link)))
        return -EINVAL;
    int r = put_plain(out, "BEGIN", "VCALENDAR");
    r = r < 0 ? r : put_plain(out, "VERSION", "2.0");
    r = r < 0 ? r : put_plain(out, "PRODID", "-//Resus//maintenance//EN");
    r = r < 0 ? r : put_plain(out, "CALSCALE", "GREGORIAN");
    for (size_t i = 0; i < count && r == 0; i++)
        r = put_event(c, &events[i], out);
    return r < 0 ? r : put_plain(out, "END", "VCALENDAR");
}
