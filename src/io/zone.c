#include "io/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

/* "M3.5.0/2", "J60", "59": when a year's change happens. */
struct change {
    enum { CHANGE_WEEKDAY, CHANGE_JULIAN, CHANGE_DAY } kind;
    int month, week, day;
    int time_s; /* local time before the change; may be negative or beyond a day */
};

struct zone {
    size_t count;
    int64_t *times; /* rising, Unix seconds */
    int *offsets;   /* from times[i] on */
    int first;      /* before all of them */
    bool rule;      /* the footer holds after the last */
    bool summer;
    int standard_s, summer_s;
    struct change start, end;
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* --- the footer: a POSIX TZ text --- */

static bool read_number(const char **p, int max, int *ret)
{
    int v = 0;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        v = v * 10 + (**p - '0');
        if (v > max)
            return false;
    }
    *ret = v;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_hours(const char **p, int *ret_s)
{
    int sign = **p == '-' ? -1 : 1;
    int part[3] = {0};
    if (**p == '-' || **p == '+')
        (*p)++;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && **p != ':')
            break;
        if (i > 0)
            (*p)++;
        if (!read_number(p, i == 0 ? 167 : 59, &part[i]))
            return false;
    }
    *ret_s = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool skip_name(const char **p)
{
    const char *start = *p;
    if (**p == '<') {
        const char *close = strchr(*p, '>');
        if (close == NULL)
            return false;
        *p = close + 1;
        return true;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - start >= 3;
}

static bool read_change(const char **p, struct change *c)
{
    *c = (struct change){.kind = CHANGE_DAY, .time_s = 7200};
    if (**p == 'M') {
        c->kind = CHANGE_WEEKDAY;
        (*p)++;
        if (!read_number(p, 12, &c->month) || c->month < 1 || *(*p)++ != '.' ||
            !read_number(p, 5, &c->week) || c->week < 1 || *(*p)++ != '.' ||
            !read_number(p, 6, &c->day))
            return false;
    } else {
        if (**p == 'J') {
            c->kind = CHANGE_JULIAN;
            (*p)++;
        }
        if (!read_number(p, 365, &c->day))
            return false;
    }
    if (**p != '/')
        return true;
    (*p)++;
    return read_hours(p, &c->time_s);
}

/* True when the whole text is understood. POSIX counts west of Greenwich as positive. */
static bool read_rule(const char *p, struct zone *z)
{
    if (!skip_name(&p) || !read_hours(&p, &z->standard_s))
        return false;
    z->standard_s = -z->standard_s;
    if (*p == '\0')
        return true;
    z->summer = true;
    z->summer_s = z->standard_s + 3600;
    if (!skip_name(&p))
        return false;
    if (*p != ',') {
        if (!read_hours(&p, &z->summer_s))
            return false;
        z->summer_s = -z->summer_s;
    }
    return *p++ == ',' && read_change(&p, &z->start) && *p++ == ',' && read_change(&p, &z->end) &&
           *p == '\0';
}

static int64_t year_start(int64_t year)
{
    return date_days((struct date){(int)year, 1, 1});
}

/* Days into the year. */
static int64_t change_day(const struct change *c, int64_t year)
{
    if (c->kind == CHANGE_DAY)
        return c->day;
    if (c->kind == CHANGE_JULIAN) /* 1..365, the 29th of February is never counted */
        return c->day - 1 + (c->day > 59 && date_month_length((int)year, 2) == 29);
    int64_t first = date_days((struct date){(int)year, c->month, 1});
    int64_t weekday = (date_weekday(first) + 1) % 7; /* the file counts from Sunday */
    int64_t day = (c->day - weekday + 7) % 7 + (c->week - 1) * 7;
    while (day >= date_month_length((int)year, c->month)) /* week 5 is the last */
        day -= 7;
    return first - year_start(year) + day;
}

static int64_t change_s(const struct change *c, int64_t year, int offset_before_s)
{
    return (year_start(year) + change_day(c, year)) * 86400 + c->time_s - offset_before_s;
}

/* The footer's two changes of a year, in Unix seconds. */
static int64_t summer_start_s(const struct zone *z, int64_t year)
{
    return change_s(&z->start, year, z->standard_s);
}

static int64_t summer_end_s(const struct zone *z, int64_t year)
{
    return change_s(&z->end, year, z->summer_s);
}

/* The year by standard time. */
static int64_t rule_year(const struct zone *z, int64_t s)
{
    return date_of_days(date_days_of_seconds(s + z->standard_s)).year;
}

static int rule_offset(const struct zone *z, int64_t s)
{
    if (!z->summer)
        return z->standard_s;
    int64_t year = rule_year(z, s);
    int64_t start = summer_start_s(z, year);
    int64_t end = summer_end_s(z, year);
    bool summer = start < end ? s >= start && s < end : s >= start || s < end;
    return summer ? z->summer_s : z->standard_s;
}

/* --- the file --- */

#define HEAD 44

struct head {
    size_t utc, std, leap, time, type, chars;
};

static bool read_head(const unsigned char *p, size_t length, struct head *h)
{
    if (length < HEAD || memcmp(p, "TZif", 4) != 0)
        return false;
    *h = (struct head){be32(p + 20), be32(p + 24), be32(p + 28),
                       be32(p + 32), be32(p + 36), be32(p + 40)};
    size_t all[] = {h->utc, h->std, h->leap, h->time, h->type, h->chars};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (all[i] > ZONE_FILE_MAX)
            return false;
    return h->type > 0;
}

static size_t body_size(const struct head *h, size_t time_size)
{
    return h->time * (time_size + 1) + h->type * 6 + h->chars + h->leap * (time_size + 4) + h->std +
           h->utc;
}

static int read_body(const unsigned char *p, const struct head *h, struct zone *z)
{
    const unsigned char *index = p + h->time * 8;
    const unsigned char *types = index + h->time;
    z->first = (int)be32(types);
    if (h->time == 0)
        return 0;
    z->times = mem_calloc(h->time, sizeof *z->times);
    z->offsets = mem_calloc(h->time, sizeof *z->offsets);
    if (z->times == NULL || z->offsets == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < h->time; i++) {
        z->times[i] = be64(p + i * 8);
        if (index[i] >= h->type || (i > 0 && z->times[i] <= z->times[i - 1]))
            return -EINVAL;
        z->offsets[i] = (int)be32(types + (size_t)index[i] * 6);
    }
    z->count = h->time;
    return 0;
}

static int read_footer(const unsigned char *p, size_t length, struct zone *z)
{
    char text[128];
    if (length < 2 || p[0] != '\n')
        return -EINVAL;
    const unsigned char *close = memchr(p + 1, '\n', length - 1);
    if (close == NULL || (size_t)(close - p) > sizeof text)
        return -EINVAL;
    if (close == p + 1)
        return 0;
    (void)str_copy_n(text, sizeof text, (const char *)p + 1, (size_t)(close - p) - 1);
    z->rule = read_rule(text, z);
    return z->rule ? 0 : -EINVAL;
}

static bool offsets_sane(const struct zone *z)
{
    /* RFC 8536: within -25 and +26 hours. */
    bool sane = z->first > -93600 && z->first < 93600;
    for (size_t i = 0; i < z->count; i++)
        sane = sane && z->offsets[i] > -93600 && z->offsets[i] < 93600;
    return sane && abs(z->standard_s) < 93600 && abs(z->summer_s) < 93600 + 3600;
}

int zone_parse(const void *bytes, size_t length, struct zone **ret)
{
    const unsigned char *p = bytes;
    struct head h;
    if (!read_head(p, length, &h) || p[4] < '2')
        return -EINVAL;
    size_t skip = HEAD + body_size(&h, 4); /* the 32-bit block of old readers */
    if (skip > length || !read_head(p + skip, length - skip, &h))
        return -EINVAL;
    skip += HEAD;
    size_t body = body_size(&h, 8);
    if (body > length - skip)
        return -EINVAL;
    struct zone *z = mem_calloc(1, sizeof *z);
    if (z == NULL)
        return -ENOMEM;
    int r = read_body(p + skip, &h, z);
    if (r == 0)
        r = read_footer(p + skip + body, length - skip - body, z);
    if (r == 0 && !offsets_sane(z))
        r = -EINVAL;
    if (r < 0) {
        zone_free(z);
        return r;
    }
    *ret = z;
    return 0;
}

static bool name_ok(const char *name)
{
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               strlen(name) &&
           name[0] != '/' && strlen(name) < 64;
}

int zone_load(const char *name, struct zone **ret, struct error *err)
{
    if (*name == '\0' || str_equal(name, "UTC")) {
        *ret = mem_calloc(1, sizeof **ret);
        return *ret == NULL ? error_set(err, -ENOMEM, "out of memory") : 0;
    }
    char path[128];
    struct buf file ATTR_CLEANUP(buf_free) = BUF_LIMIT(ZONE_FILE_MAX);
    int r = -ENOENT;
    if (name_ok(name) && str_format(path, sizeof path, ZONE_FOLDER "/%s", name))
        r = file_read(path, &file, NULL);
    if (r == -ENOMEM)
        return error_set(err, r, "out of memory");
    if (r < 0)
        return error_set(err, -ENOENT,
                         "there is no time zone \"%.64s\" in " ZONE_FOLDER
                         ": write it like Europe/Berlin (package tzdata)",
                         name);
    r = zone_parse(file.data, file.length, ret);
    return r < 0 ? error_set(err, r, "%s is not a time zone", path) : 0;
}

void zone_free(struct zone *z)
{
    if (z == NULL)
        return;
    mem_free(z->times);
    mem_free(z->offsets);
    mem_free(z);
}

/* The years 1 to 9999: date arithmetic takes no others. */
#define EARLIEST_S (-62135596800LL)
#define LATEST_S 253402300799LL

static int64_t within_years(wall_ms t)
{
    int64_t s = t.ms / 1000 - (t.ms % 1000 < 0);
    return s < EARLIEST_S ? EARLIEST_S : s > LATEST_S ? LATEST_S : s;
}

static int offset_at(const struct zone *z, int64_t s)
{
    if (z->count == 0 || s < z->times[0])
        return z->count == 0 && z->rule ? rule_offset(z, s) : z->first;
    if (z->rule && s >= z->times[z->count - 1])
        return rule_offset(z, s);
    size_t low = 0;
    size_t high = z->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->times[middle] <= s)
            low = middle;
        else
            high = middle;
    }
    return z->offsets[low];
}

int zone_offset_s(const struct zone *z, wall_ms t)
{
    return offset_at(z, within_years(t));
}

/* The first instant after `s` at which the offset may change: the file's next one, the rule's, or a
 * turn of the year, which the rule counts from. */
static int64_t next_turn(const struct zone *z, int64_t s)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < z->count && next == INT64_MAX; i++)
        if (z->times[i] > s)
            next = z->times[i];
    if (!z->rule || !z->summer)
        return next;
    int64_t year = rule_year(z, s);
    for (int64_t y = year - 1; y <= year + 1; y++) {
        const int64_t turns[] = {summer_start_s(z, y), summer_end_s(z, y),
                                 year_start(y) * 86400 - z->standard_s};
        for (size_t i = 0; i < ARRAY_LENGTH(turns); i++)
            if (turns[i] > s && turns[i] < next)
                next = turns[i];
    }
    return next;
}

int zone_changes(const struct zone *z, wall_ms from, wall_ms until, struct zone_table *ret)
{
    int64_t s = within_years(from);
    int64_t last = within_years(until);
    struct zone_table table = {.first_offset_s = offset_at(z, s)};
    int offset = table.first_offset_s;
    for (s = next_turn(z, s); s <= last; s = next_turn(z, s)) {
        if (offset_at(z, s) == offset)
            continue;
        if (table.count == ZONE_CHANGES_MAX)
            return -E2BIG;
        offset = offset_at(z, s);
        table.changes[table.count++] = (struct zone_change){s, offset};
    }
    *ret = table;
    return 0;
}
