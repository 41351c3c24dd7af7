#include "api/service_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

const char *const service_list_status_words[] = {"running",  "stopped", "failed",  "starting",
                                                 "stopping", "unknown", "healthy", "degraded",
                                                 "critical", "offline", NULL};

/* ── filter ── */

static bool has_tag(const json_t *item, const char *tag, bool whole)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(item, "tags"), i, value) {
        const char *text = json_string_value(value);
        if (text != NULL && (whole ? str_equal(text, tag) : strcasestr(text, tag) != NULL))
            return true;
    }
    return false;
}

static bool is_offline(const json_t *item)
{
    const char *status = json_text_or(item, "status", "");
    return str_equal(status, "stopped") || str_equal(status, "failed");
}

static bool has_status(const json_t *item, const char *word)
{
    return str_equal(word, "offline")
               ? is_offline(item)
               : str_equal(json_text_or(item, "status", ""), word) ||
                     str_equal(json_text_or(item, "overall_status", ""), word);
}

static bool mentions(const json_t *item, const char *text)
{
    static const char *const keys[] = {"name", "id", "address", "vm_name", "cause", "group"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (strcasestr(json_text_or(item, keys[i], ""), text) != NULL)
            return true;
    return has_tag(item, text, false);
}

static bool wanted(const json_t *item, const json_t *args)
{
    const char *group = json_text_or(args, "group", NULL);
    const char *tag = json_text_or(args, "tag", NULL);
    const char *status = json_text_or(args, "status", NULL);
    return (group == NULL || str_equal(json_text_or(item, "group", ""), group)) &&
           (tag == NULL || has_tag(item, tag, true)) &&
           (status == NULL || has_status(item, status)) &&
           mentions(item, json_text_or(args, "q", ""));
}

/* ── order ── */

static int severity(const json_t *item)
{
    static const char *const words[] = {"critical", "unknown", "degraded", "healthy"};
    return str_index(words, ARRAY_LENGTH(words), json_text_or(item, "overall_status", "unknown"));
}

static bool is_planned(const json_t *item)
{
    return json_object_get(item, "maintenance") != NULL ||
           str_equal(json_text_or(item, "cause", ""), "stopped_on_purpose");
}

static int compare(const void *a, const void *b)
{
    const json_t *x = *(const json_t *const *)a;
    const json_t *y = *(const json_t *const *)b;
    int order = severity(x) - severity(y);
    if (order == 0)
        order = (int)is_planned(x) - (int)is_planned(y);
    if (order == 0)
        order = strcasecmp(json_text_or(x, "name", json_text_or(x, "id", "")),
                           json_text_or(y, "name", json_text_or(y, "id", "")));
    return order != 0 ? order : strcmp(json_text_or(x, "id", ""), json_text_or(y, "id", ""));
}

json_t *service_list_pick(const json_t *visible, const json_t *args)
{
    const json_t *all = json_object_get(visible, "items");
    json_t **picked = mem_calloc(json_array_size(all) + 1, sizeof(json_t *));
    json_t *body = json_object();
    json_t *items = json_array();
    size_t count = 0;
    size_t i;
    json_t *item;
    if (picked != NULL && items != NULL) {
        json_array_foreach(all, i, item) {
            if (wanted(item, args))
                picked[count++] = item;
        }
        if (count > 0)
            qsort(picked, count, sizeof(json_t *), compare);
        for (i = 0; i < count; i++)
            (void)json_array_append(items, picked[i]);
    }
    bool good =
        picked != NULL && json_put(body, "items", items) && json_put_null(body, "next_cursor");
    mem_free(picked);
    if (good)
        return body;
    json_decref(body);
    return NULL;
}
