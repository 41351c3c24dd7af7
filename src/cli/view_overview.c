#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/overview.h"
#include "cli/view_overview.h"

#define CELL_MAX 192
#define ID_LIKED 20  /* a longer id is cut to make room for figures */
#define ID_LEAST 12  /* and further to make room for the reason */
#define WHY_LEAST 12 /* and then the reason */
#define GAP 2
#define LINE_MAX_CELLS 79

/* "3 min", "2 h", "12 days"; "" for what is no time. */
static const char *for_how_long(const struct page *p, const char *rfc3339, char buffer[64])
{
    const char *ago = rfc3339 == NULL ? "never" : page_ago(p, rfc3339, buffer);
    char *end = str_equal(ago, "never") ? NULL : strstr(buffer, " ago");
    if (end == NULL)
        end = buffer;
    *end = '\0';
    return buffer;
}

static void why_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    const char *cause = json_text_or(item, "cause", "ok");
    const json_t *open = json_object_get(item, "not_guarded");
    bool held = json_is_object(json_object_get(item, "maintenance"));
    (void)p;
    (void)str_copy(cell, CELL_MAX, str_equal(cause, "ok") ? "" : cause);
    if (held)
        (void)str_append(cell, CELL_MAX, "%sin maintenance", cell[0] == '\0' ? "" : ", ");
    else if (json_is_object(open))
        (void)str_append(cell, CELL_MAX, "%snot guarded: %s", cell[0] == '\0' ? "" : ", ",
                         json_text_or(open, "reason_code", json_text_or(open, "text", "")));
}

static void since_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    char text[64];
    bool well = str_equal(json_text_or(item, "cause", "ok"), "ok");
    (void)str_copy(cell, CELL_MAX,
                   well ? "" : for_how_long(p, json_text_or(item, "cause_since", NULL), text));
}

static void id_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    (void)str_copy(cell, CELL_MAX, json_text_or(item, "id", ""));
}

static void name_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    (void)str_copy(cell, CELL_MAX, json_text_or(item, "name", ""));
}

static void group_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    (void)str_copy(cell, CELL_MAX, json_text_or(item, "group", ""));
}

static void health_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    (void)str_copy(cell, CELL_MAX, json_text_or(item, "overall_status", "unknown"));
}

static void status_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    (void)str_copy(cell, CELL_MAX, json_text_or(item, "status", "unknown"));
}

static void checked_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    char text[64];
    (void)str_copy(cell, CELL_MAX, page_ago(p, json_text_or(item, "last_check", NULL), text));
}

static void ping_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    char text[32];
    double ping = json_real_or(item, "response_time_ms", NAN);
    (void)p;
    cell[0] = '\0';
    if (!isnan(ping))
        (void)str_format(cell, CELL_MAX, "%s ms", metric_text(ping, text));
}

static void memory_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    double mb = json_real_or(item, "memory_mb", NAN);
    (void)p;
    cell[0] = '\0';
    if (mb >= 1000)
        (void)str_format(cell, CELL_MAX, "%.1f GB", mb / 1024);
    else if (!isnan(mb))
        (void)str_format(cell, CELL_MAX, "%.1f MB", mb);
}

/* "812", "12.3k", "1.2M": no wider than six. */
static void short_count(double value, char cell[CELL_MAX])
{
    cell[0] = '\0';
    if (isnan(value))
        return;
    if (value >= 999950)
        (void)str_format(cell, CELL_MAX, "%.1fM", value / 1e6);
    else if (value >= 9999.5)
        (void)str_format(cell, CELL_MAX, "%.1fk", value / 1e3);
    else
        (void)str_format(cell, CELL_MAX, "%.0f", value);
}

static void load_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    short_count(json_real_or(item, "commands_per_second", NAN), cell);
}

static void clients_cell(const struct page *p, const json_t *item, char cell[CELL_MAX])
{
    (void)p;
    short_count(json_real_or(item, "connections", NAN), cell);
}

/* In the order in which they stand. */
enum column_id {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_GROUP,
    COLUMN_HEALTH,
    COLUMN_STATUS,
    COLUMN_LOAD,
    COLUMN_MEMORY,
    COLUMN_CLIENTS,
    COLUMN_PING,
    COLUMN_CHECKED,
    COLUMN_SINCE,
    COLUMN_WHY,
    COLUMN_COUNT
};

static const struct column {
    const char *head;
    const char *key; /* shown where some item has it */
    bool right;
    void (*cell)(const struct page *p, const json_t *item, char cell[CELL_MAX]);
} columns[] = {
    [COLUMN_ID] = {"SERVICE", "id", false, id_cell},
    [COLUMN_NAME] = {"NAME", "name", false, name_cell},
    [COLUMN_GROUP] = {"GROUP", "group", false, group_cell},
    [COLUMN_HEALTH] = {"HEALTH", "overall_status", false, health_cell},
    [COLUMN_STATUS] = {"STATUS", "status", false, status_cell},
    [COLUMN_LOAD] = {"OPS/S", "commands_per_second", true, load_cell},
    [COLUMN_MEMORY] = {"MEMORY", "memory_mb", true, memory_cell},
    [COLUMN_CLIENTS] = {"CLIENTS", "connections", true, clients_cell},
    [COLUMN_PING] = {"PING", "response_time_ms", true, ping_cell},
    [COLUMN_CHECKED] = {"CHECKED", "last_check", true, checked_cell},
    [COLUMN_SINCE] = {"FOR", "cause_since", true, since_cell},
    [COLUMN_WHY] = {"WHY", "cause", false, why_cell},
};

/* What is given up last comes first; the id, the health and the reason are never given up. */
static const enum column_id by_worth[] = {COLUMN_SINCE,   COLUMN_LOAD,    COLUMN_MEMORY,
                                          COLUMN_CLIENTS, COLUMN_PING,    COLUMN_STATUS,
                                          COLUMN_NAME,    COLUMN_CHECKED, COLUMN_GROUP};

struct layout {
    size_t width[COLUMN_COUNT]; /* 0: not shown */
};

static void measure(const struct page *p, const json_t *items, struct layout *l)
{
    char cell[CELL_MAX];
    size_t i;
    json_t *item;
    memset(l, 0, sizeof *l);
    for (int c = 0; c < COLUMN_COUNT; c++) {
        bool any = false, differs = c != COLUMN_NAME;
        size_t width = page_width(columns[c].head);
        json_array_foreach(items, i, item) {
            columns[c].cell(p, item, cell);
            size_t w = page_width(cell);
            width = w > width ? w : width;
            any = any || cell[0] != '\0';
            differs = differs || !str_equal(cell, json_text_or(item, "id", ""));
        }
        l->width[c] = any && differs ? width : 0;
    }
    if (l->width[COLUMN_HEALTH] > 0) /* a change of health moves nothing */
        l->width[COLUMN_HEALTH] = strlen("critical");
}

static size_t needed(const struct layout *l, int c)
{
    return l->width[c] == 0 ? 0 : GAP + l->width[c];
}

/* Makes the columns fit: first the fixed three, then those that have room. */
static void fit(struct layout *l, size_t room)
{
    struct layout whole = *l;
    size_t all = 0;
    for (int c = 0; c < COLUMN_COUNT; c++)
        all += needed(l, c);
    if (all > room && l->width[COLUMN_ID] > ID_LIKED)
        l->width[COLUMN_ID] = ID_LIKED;
    for (size_t i = 0; i < ARRAY_LENGTH(by_worth); i++)
        l->width[by_worth[i]] = 0;
    size_t fixed = needed(l, COLUMN_ID) + needed(l, COLUMN_HEALTH) + needed(l, COLUMN_WHY);
    size_t *id = &l->width[COLUMN_ID], *why = &l->width[COLUMN_WHY];
    while (fixed > room && *id > ID_LEAST) {
        (*id)--;
        fixed--;
    }
    while (fixed > room && *why > WHY_LEAST) {
        (*why)--;
        fixed--;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(by_worth); i++) {
        enum column_id c = by_worth[i];
        if (whole.width[c] == 0 || fixed + needed(&whole, c) > room)
            continue;
        l->width[c] = whole.width[c];
        fixed += needed(&whole, c);
    }
}

/* Cuts the text to `width` cells, with "…" at its end. */
static void shorten(char cell[CELL_MAX], size_t width)
{
    if (page_width(cell) <= width)
        return;
    for (size_t end = strlen(cell); end > 0; end--) {
        char kept = cell[end];
        cell[end] = '\0';
        bool whole = ((unsigned char)kept & 0xC0) != 0x80; /* not in the middle of a sequence */
        if (whole && page_width(cell) + 1 <= width)
            break;
        if (end == 1)
            cell[0] = '\0';
    }
    (void)str_append(cell, CELL_MAX, "…");
}

static void put_cell(struct page *p, const struct layout *l, int c, const char *text,
                     enum tone tone, bool last)
{
    size_t used = page_width(text);
    page_put(p, "%*s", c == COLUMN_ID ? 0 : GAP, "");
    if (columns[c].right)
        page_pad(p, used, l->width[c]);
    page_tone(p, tone, "%s", text);
    if (!columns[c].right && !last)
        page_pad(p, used, l->width[c]);
}

static int last_column(const struct layout *l)
{
    int last = COLUMN_COUNT - 1;
    while (last > 0 && l->width[last] == 0)
        last--;
    return last;
}

static void head(struct page *p, const struct layout *l)
{
    page_put(p, "  ");
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (l->width[c] > 0)
            put_cell(p, l, c, columns[c].head, TONE_DIM, c == last_column(l));
    page_put(p, "\n");
}

static enum tone row_tone(const json_t *item)
{
    switch (overview_rank(item)) {
    case RANK_CRITICAL:
        return TONE_BAD;
    case RANK_DEGRADED:
    case RANK_NOT_GUARDED:
        return TONE_WARNING;
    case RANK_HEALTHY:
        return TONE_GOOD;
    case RANK_PLANNED:
        return TONE_BUSY;
    default:
        return TONE_DIM;
    }
}

static void row(struct page *p, const struct layout *l, const json_t *item)
{
    char cell[CELL_MAX];
    enum tone tone = row_tone(item);
    int last = COLUMN_COUNT - 1;
    while (last > 0) { /* nothing but blanks behind the last text */
        columns[last].cell(p, item, cell);
        if (l->width[last] > 0 && cell[0] != '\0')
            break;
        last--;
    }
    page_tone(p, tone, "%s", overview_rank(item) == RANK_UNKNOWN ? "○" : "●");
    page_put(p, " ");
    for (int c = 0; c <= last; c++) {
        if (l->width[c] == 0)
            continue;
        columns[c].cell(p, item, cell);
        shorten(cell, l->width[c]);
        put_cell(p, l, c, cell, c == COLUMN_HEALTH ? tone : TONE_PLAIN, c == last);
    }
    page_put(p, "\n");
}

/* Goes on after `used` more cells and a blank, or on a new line where `length` cells do not fit. */
static void flow(struct page *p, size_t *column, size_t used, size_t length)
{
    bool fits = *column + used + 1 + length <= LINE_MAX_CELLS;
    page_put(p, fits ? " " : "\n  ");
    *column = fits ? *column + used + 1 + length : 2 + length;
}

void view_counts(struct page *p, const json_t *items)
{
    static const struct {
        enum overview_rank rank;
        enum tone tone;
        const char *word;
    } rows[] = {
        {RANK_CRITICAL, TONE_BAD, "critical"},
        {RANK_UNKNOWN, TONE_DIM, "unknown"},
        {RANK_DEGRADED, TONE_WARNING, "degraded"},
        {RANK_NOT_GUARDED, TONE_WARNING, "not guarded"},
        {RANK_PLANNED, TONE_BUSY, "down as planned"},
        {RANK_HEALTHY, TONE_GOOD, "healthy"},
    };
    size_t counts[RANK_COUNT], all = json_array_size(items);
    const char *between = ":";
    char piece[64], zone[64];
    overview_count(items, counts);
    (void)str_format(piece, sizeof piece, "%zu service%s", all, all == 1 ? "" : "s");
    size_t column = strlen(piece);
    page_tone(p, TONE_BOLD, "%s", piece);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t count = counts[rows[i].rank];
        if (count == 0)
            continue;
        (void)str_format(piece, sizeof piece, "%zu %s", count, rows[i].word);
        page_put(p, "%s", between);
        flow(p, &column, strlen(between), strlen(piece));
        page_tone(p, rows[i].tone, "%s", piece);
        between = ",";
    }
    page_put(p, ";");
    (void)page_time(p, zone);
    flow(p, &column, 1, strlen(zone));
    page_tone(p, TONE_DIM, "%s", zone);
    page_put(p, "\n");
}

void view_overview_rows(struct page *p, const json_t *items, size_t room, size_t from, size_t count)
{
    struct layout layout;
    measure(p, items, &layout);
    if (room > 0)
        fit(&layout, room);
    head(p, &layout);
    for (size_t i = from; i < json_array_size(items) && i - from < count; i++)
        row(p, &layout, json_array_get(items, i));
}

void view_overview(struct page *p, const json_t *all, const json_t *shown, size_t room)
{
    const json_t *items = json_object_get(shown, "items");
    size_t known = json_array_size(json_object_get(all, "items")), count = json_array_size(items);
    if (known == 0) {
        page_put(p, "no service is configured\n");
        return;
    }
    view_counts(p, json_object_get(all, "items"));
    if (count < known)
        page_put(p, "%zu of them %s%s\n", count, count == 1 ? "matches" : "match",
                 count == 0 ? "" : ":");
    if (count > 0)
        view_overview_rows(p, items, room, 0, count);
}
