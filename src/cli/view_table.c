#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/view_table.h"

#define COLUMNS_MAX 12
#define COLUMN_WIDTH_MAX 60 /* the last column may be longer */
#define CELL_MAX 1024
#define NESTING_MAX 4

const char *view_value(const json_t *value, char *buffer, size_t size)
{
    char number[64];
    if (json_is_string(value)) {
        (void)str_copy(buffer, size, json_string_value(value));
    } else if (json_is_integer(value)) {
        (void)str_format(buffer, size, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)str_copy(buffer, size, metric_text(json_real_value(value), number));
    } else if (json_is_boolean(value)) {
        (void)str_copy(buffer, size, json_is_true(value) ? "yes" : "no");
    } else if (value == NULL || json_is_null(value)) {
        (void)str_copy(buffer, size, "-");
    } else {
        char *text = json_dumps(value, JSON_COMPACT);
        (void)str_copy(buffer, size, text);
        free(text);
    }
    return buffer;
}

void view_table(struct page *p, const json_t *items, const char *const *keys)
{
    size_t width[COLUMNS_MAX] = {0}, columns = 0, row;
    char cell[CELL_MAX];
    json_t *item;
    while (columns < COLUMNS_MAX && keys[columns] != NULL)
        columns++;
    for (size_t k = 0; k < columns; k++) {
        width[k] = page_width(keys[k]);
        json_array_foreach(items, row, item) {
            size_t w = page_width(view_value(json_object_get(item, keys[k]), cell, sizeof(cell)));
            width[k] = w > width[k] ? w : width[k];
        }
        width[k] = width[k] > COLUMN_WIDTH_MAX ? COLUMN_WIDTH_MAX : width[k];
    }
    for (size_t k = 0; k < columns; k++) {
        page_tone(p, TONE_DIM, "%s", keys[k]);
        page_pad(p, page_width(keys[k]), k + 1 < columns ? width[k] + 2 : 0);
    }
    page_put(p, "\n");
    json_array_foreach(items, row, item) {
        for (size_t k = 0; k < columns; k++) {
            const json_t *value = json_object_get(item, keys[k]);
            view_value(value, cell, sizeof(cell));
            size_t used = page_width(cell);
            bool last = k + 1 == columns;
            if (json_is_number(value) && !last)
                page_pad(p, used, width[k]);
            page_put(p, "%s", cell);
            if (!last)
                page_put(p, "  ");
            if (!last && !json_is_number(value))
                page_pad(p, used, width[k]);
        }
        page_put(p, "\n");
    }
}

static void anything(struct page *p, const json_t *value, size_t depth);

static void table_of(struct page *p, const json_t *items)
{
    const char *keys[COLUMNS_MAX + 1] = {0};
    size_t count = 0;
    const char *key;
    json_t *member;
    json_object_foreach(json_array_get(items, 0), key, member) {
        if (count < COLUMNS_MAX)
            keys[count++] = key;
    }
    view_table(p, items, keys);
}

static void object(struct page *p, const json_t *value, size_t depth)
{
    char cell[CELL_MAX];
    const char *key;
    json_t *member;
    size_t width = 0;
    json_object_foreach((json_t *)value, key, member) {
        size_t w = page_width(key);
        width = w > width ? w : width;
    }
    json_object_foreach((json_t *)value, key, member) {
        bool nested = (json_is_object(member) || json_is_array(member)) && depth < NESTING_MAX;
        if (json_is_null(member))
            continue;
        page_put(p, "%*s", (int)(2 * depth), "");
        page_tone(p, nested ? TONE_BOLD : TONE_DIM, "%s", key);
        if (nested) {
            page_put(p, "\n");
            anything(p, member, depth + 1);
            continue;
        }
        page_pad(p, page_width(key), width + 2);
        page_put(p, "%s\n", view_value(member, cell, sizeof(cell)));
    }
}

static void anything(struct page *p, const json_t *value, size_t depth)
{
    char cell[CELL_MAX];
    if (json_is_object(value)) {
        object(p, value, depth);
    } else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
        table_of(p, value);
    } else if (json_is_array(value)) {
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item) {
            page_put(p, "%*s%s\n", (int)(2 * depth), "", view_value(item, cell, sizeof(cell)));
        }
        if (json_array_size(value) == 0)
            page_put(p, "%*snone\n", (int)(2 * depth), "");
    } else {
        page_put(p, "%s\n", view_value(value, cell, sizeof(cell)));
    }
}

/* What stands beside a list: "keys measured: 2". */
static void rest_of_list(struct page *p, const json_t *body)
{
    char cell[CELL_MAX];
    char name[64];
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)body, key, member) {
        if (json_is_null(member) || json_is_object(member) || json_is_array(member))
            continue;
        (void)str_copy(name, sizeof name, key);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '_' ? ' ' : *c;
        page_tone(p, TONE_DIM, "%s", name);
        page_put(p, ": %s\n", view_value(member, cell, sizeof cell));
    }
}

void view_anything(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const json_t *items = json_object_get(body, "items");
    if (json_is_array(items) && json_array_size(items) == 0)
        page_put(p, "nothing found\n");
    else
        anything(p, json_is_array(items) ? items : body, 0);
    if (json_is_array(items))
        rest_of_list(p, body);
}
