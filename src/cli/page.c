#include "cli/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/terminal.h"

#define PAGE_LINE_MAX 4096 /* bytes of a line that is broken */

static const char *const tone_codes[] = {
    [TONE_PLAIN] = "",        [TONE_BOLD] = "\x1b[1m",     [TONE_DIM] = "\x1b[2m",
    [TONE_GOOD] = "\x1b[32m", [TONE_WARNING] = "\x1b[33m", [TONE_BAD] = "\x1b[31m",
    [TONE_BUSY] = "\x1b[34m",
};
static_assert(ARRAY_LENGTH(tone_codes) == TONE_COUNT, "every tone has its code");

struct page page_new(bool colour, wall_ms now)
{
    return (struct page){.text = BUF_LIMIT(PAGE_BYTES_MAX), .colour = colour, .now = now};
}

bool page_colour(int fd)
{
    const char *no = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(fd) == 1 && (no == NULL || no[0] == '\0') && terminal != NULL &&
           !str_equal(terminal, "dumb");
}

ATTR_PRINTF(2, 0) static void append(struct page *p, const char *format, va_list args)
{
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    if (length < 0) {
        p->cut = true;
        return;
    }
    if (!buf_append_cut(&p->text, text, (size_t)length))
        p->cut = true;
    free(text);
}

void page_put(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(p, format, args);
    va_end(args);
}

void page_tone(struct page *p, enum tone tone, const char *format, ...)
{
    bool coloured = p->colour && tone != TONE_PLAIN;
    if (coloured)
        page_put(p, "%s", tone_codes[tone]);
    va_list args;
    va_start(args, format);
    append(p, format, args);
    va_end(args);
    if (coloured)
        page_put(p, "\x1b[0m");
}

/* Cells of a terminal, roughly as wcwidth(3) has them, whose answer depends on the locale: East
 * Asian characters and pictures take two, combining marks none (Unicode 15, the blocks in one
 * piece). */
static const struct {
    uint32_t first, last;
    size_t cells;
} cells[] = {
    {0x0300, 0x036F, 0},   {0x200B, 0x200D, 0},   {0x20D0, 0x20F0, 0},   {0xFE00, 0xFE0F, 0},
    {0x1100, 0x115F, 2},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},   {0x3400, 0x4DBF, 2},
    {0x4E00, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE30, 0xFE6F, 2},
    {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2},
    {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
};

static size_t cells_of(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++)
        if (c >= cells[i].first && c <= cells[i].last)
            return cells[i].cells;
    return 1;
}

size_t page_width(const char *text)
{
    size_t width = 0;
    for (const char *end = text + strlen(text); text < end;) {
        uint32_t c;
        /* A sequence that is cut short must not lead beyond the end. */
        size_t n =
            end - text < 4 && !str_utf8(text, (size_t)(end - text)) ? 1 : str_code_point(text, &c);
        width += n == 1 ? 1 : cells_of(c);
        text += n;
    }
    return width;
}

void page_pad(struct page *p, size_t used, size_t width)
{
    if (used < width)
        page_put(p, "%*s", (int)(width - used), "");
}

void page_label(struct page *p, const char *label)
{
    page_put(p, "  ");
    page_tone(p, TONE_DIM, "%s", label);
    page_pad(p, page_width(label), PAGE_LABEL_WIDTH);
}

void page_field(struct page *p, const char *label, const char *format, ...)
{
    page_label(p, label);
    va_list args;
    va_start(args, format);
    append(p, format, args);
    va_end(args);
    page_put(p, "\n");
}

const char *page_ago(const struct page *p, const char *rfc3339, char buffer[64])
{
    wall_ms then;
    if (rfc3339 == NULL || wall_parse(rfc3339, &then) != 0)
        return "never";
    int64_t s = wall_since(p->now, then) / 1000;
    if (s < 0)
        s = 0; /* whole seconds on the wire: "just now" can lie ahead */
    if (s < 120)
        (void)str_format(buffer, 64, "%d s ago", (int)s);
    else if (s < 2 * 3600)
        (void)str_format(buffer, 64, "%d min ago", (int)(s / 60));
    else if (s < 2 * 86400)
        (void)str_format(buffer, 64, "%d h ago", (int)(s / 3600));
    else
        (void)str_format(buffer, 64, "%lld days ago", (long long)(s / 86400));
    return buffer;
}

const char *page_clock(struct page *p, const char *rfc3339, char buffer[64])
{
    wall_ms then;
    char zone[16];
    if (rfc3339 == NULL || wall_parse(rfc3339, &then) != 0)
        return "-";
    time_t seconds = (time_t)(then.ms / 1000), today = (time_t)(p->now.ms / 1000);
    struct tm at, now;
    if (localtime_r(&seconds, &at) == NULL || localtime_r(&today, &now) == NULL)
        return "-";
    bool same_day = at.tm_year == now.tm_year && at.tm_yday == now.tm_yday;
    if (strftime(buffer, 64, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &at) == 0)
        return "-";
    if (at.tm_gmtoff != now.tm_gmtoff && strftime(zone, sizeof zone, "%Z", &at) > 0)
        (void)str_append(buffer, 64, " %s", zone);
    p->clocks = true;
    return buffer;
}

/* "CET (UTC+01:00)"; "" for a zone without a name. */
static const char *zone_text(const struct page *p, char buffer[64])
{
    time_t seconds = (time_t)(p->now.ms / 1000);
    struct tm at;
    char name[16], offset[16];
    buffer[0] = '\0';
    if (localtime_r(&seconds, &at) == NULL || strftime(name, sizeof name, "%Z", &at) == 0 ||
        strftime(offset, sizeof offset, "%z", &at) != strlen("+0100"))
        return buffer;
    /* Zones without a name of their own are called by their offset: "+03". */
    bool named = name[0] != '+' && name[0] != '-';
    if (str_equal(name, "UTC") || str_equal(name, "GMT"))
        (void)str_copy(buffer, 64, name);
    else
        (void)str_format(buffer, 64, "%s%sUTC%.3s:%s%s", named ? name : "", named ? " (" : "",
                         offset, offset + 3, named ? ")" : "");
    return buffer;
}

void page_zone(struct page *p)
{
    char zone[64];
    if (p->clocks && !p->zone_told && zone_text(p, zone)[0] != '\0')
        page_tone(p, TONE_DIM, "Times are %s.", zone);
    if (p->clocks && !p->zone_told)
        page_put(p, "\n");
    p->zone_told = true;
}

const char *page_time(const struct page *p, char buffer[64])
{
    time_t seconds = (time_t)(p->now.ms / 1000);
    struct tm at;
    char zone[64];
    if (localtime_r(&seconds, &at) == NULL || strftime(buffer, 64, "%H:%M:%S", &at) == 0 ||
        zone_text(p, zone)[0] == '\0')
        return "";
    (void)str_append(buffer, 64, " %s", zone);
    return buffer;
}

const char *page_uptime(int64_t s, char buffer[64])
{
    long long d = s / 86400, h = s / 3600 % 24, m = s / 60 % 60;
    if (s >= 86400)
        (void)str_format(buffer, 64, "%lldd %lldh %lldm", d, h, m);
    else if (s >= 3600)
        (void)str_format(buffer, 64, "%lldh %lldm", h, m);
    else if (s >= 60)
        (void)str_format(buffer, 64, "%lldm %llds", m, (long long)(s % 60));
    else
        (void)str_format(buffer, 64, "%llds", (long long)s);
    return buffer;
}

const char *page_count(int64_t value, char buffer[64])
{
    char digits[32];
    (void)str_format(digits, sizeof(digits), "%lld", (long long)value);
    size_t length = strlen(digits), used = 0;
    for (size_t i = 0; i < length; i++) {
        size_t left = length - i;
        if (i > 0 && left % 3 == 0 && digits[i - 1] != '-')
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    buffer[used] = '\0';
    return buffer;
}

/* Cells of `length` bytes without the codes of colours, which end with "m". */
static size_t shown_width(const char *text, size_t length)
{
    char plain[PAGE_LINE_MAX];
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < sizeof plain; i++) {
        if (text[i] == '\x1b')
            while (i < length && text[i] != 'm')
                i++;
        else
            plain[used++] = text[i];
    }
    plain[used] = '\0';
    return page_width(plain);
}

/* Where the text of a field or of the last column begins: behind the last gap of two blanks and more
 * in the first three fifths of the line. Else two cells behind the first text. */
static size_t hanging(const char *line, size_t length, size_t columns)
{
    size_t blanks = strspn(line, " "), found = 0;
    for (size_t i = 2; i < length; i++) {
        bool begins = line[i] != ' ' && line[i - 1] == ' ' && line[i - 2] == ' ';
        size_t cell = begins ? shown_width(line, i) : 0;
        if (cell > columns * 3 / 5)
            break;
        found = begins ? cell : found;
    }
    return found > PAGE_LABEL_WIDTH ? found : blanks + 2;
}

/* The last blank before `columns` cells are full, with text before and behind it; 0: none. */
static size_t last_blank(const char *line, size_t length, size_t from, size_t columns)
{
    size_t found = 0;
    for (size_t i = from; i < length; i++) {
        if (shown_width(line, i) > columns)
            break;
        if (line[i] == ' ' && i > from)
            found = i;
    }
    return found;
}

static void wrap_line(struct page *to, const char *line, size_t length, size_t columns)
{
    size_t indent = hanging(line, length, columns);
    size_t from = strspn(line, " ");
    if (length >= PAGE_LINE_MAX || indent >= columns) {
        page_put(to, "%.*s\n", (int)length, line);
        return;
    }
    size_t room = columns;
    while (shown_width(line, length) > room) {
        size_t blank = last_blank(line, length, from, room);
        if (blank == 0)
            break;
        page_put(to, "%.*s\n%*s", (int)blank, line, (int)indent, "");
        while (blank < length && line[blank] == ' ')
            blank++;
        line += blank;
        length -= blank;
        from = 0;
        room = columns - indent;
    }
    page_put(to, "%.*s\n", (int)length, line);
}

void page_wrap(struct page *p, size_t columns)
{
    struct page wrapped = page_new(p->colour, p->now);
    const char *line = buf_text(&p->text);
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        wrap_line(&wrapped, line, (size_t)(end - line), columns);
    page_put(&wrapped, "%s", line);
    wrapped.cut = wrapped.cut || p->cut;
    buf_free(&p->text);
    *p = wrapped;
}

void page_print(struct page *p, FILE *to)
{
    size_t columns = p->narrow ? terminal_size(fileno(to)).columns : 0;
    if (columns > 0)
        page_wrap(p, columns);
    page_zone(p);
    if (p->text.length > 0)
        (void)fwrite(p->text.data, 1, p->text.length, to);
    if (p->cut)
        (void)fputs("\n(the rest does not fit)\n", to);
    (void)fflush(to);
    buf_free(&p->text);
}

char *page_clean_text(const char *text)
{
    size_t length = strlen(text);
    char *copy = mem_calloc(length + 1, 1);
    if (copy != NULL)
        (void)str_copy_clean(copy, length + 1, text, length);
    return copy;
}

static json_t *clean_string(const json_t *value)
{
    char *text = page_clean_text(json_string_value(value));
    json_t *made = text == NULL ? NULL : json_string(text);
    mem_free(text);
    return made;
}

static json_t *clean_object(const json_t *value)
{
    json_t *made = json_object();
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)value, key, member) {
        char *name = page_clean_text(key);
        bool ok = name != NULL && json_put(made, name, page_clean(member));
        mem_free(name);
        if (!ok) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}

/* jansson bounds the depth of what it reads (2048), so this recursion ends in time. */
json_t *page_clean(const json_t *value)
{
    if (json_is_string(value))
        return clean_string(value);
    if (json_is_object(value))
        return clean_object(value);
    if (!json_is_array(value))
        return json_deep_copy(value);
    json_t *made = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) {
        if (json_array_append_new(made, page_clean(item)) != 0) {
            json_decref(made);
            return NULL;
        }
    }
    return made;
}
