#include "api/checklist_json.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

/* ── as it is kept ── */

static json_t *item_json(const struct checklist_item *item)
{
    json_t *o = json_object();
    if (json_put_text(o, "stage", checklist_stage_word(item->stage)) &&
        json_put_text(o, "text", item->text) && json_put_bool(o, "done", item->done) &&
        json_put_text(o, "who", item->who) && json_put_int(o, "when_ms", item->when.ms) &&
        json_put_text(o, "note", item->note))
        return o;
    json_decref(o);
    return NULL;
}

json_t *checklist_json_make(const struct checklist *checklist)
{
    json_t *list = json_array();
    for (size_t i = 0; i < checklist->count; i++)
        if (json_array_append_new(list, item_json(&checklist->items[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool take_text(const json_t *o, const char *member, char *to, size_t size)
{
    const json_t *text = json_object_get(o, member);
    return json_is_string(text) && json_string_length(text) == strlen(json_string_value(text)) &&
           str_copy(to, size, json_string_value(text));
}

static bool take_time(const json_t *o, const char *member, wall_ms *ret)
{
    ret->ms = json_int_or(o, member, -1);
    return ret->ms >= 0;
}

static bool take_item(const json_t *o, struct checklist_item *item)
{
    for (int i = 0; i < CHECKLIST_STAGE_COUNT; i++)
        if (str_equal(json_text_or(o, "stage", ""),
                      checklist_stage_word((enum checklist_stage)i))) {
            item->stage = (enum checklist_stage)i;
            item->done = json_bool_or(o, "done", false);
            return take_text(o, "text", item->text, sizeof item->text) &&
                   take_text(o, "who", item->who, sizeof item->who) &&
                   take_text(o, "note", item->note, sizeof item->note) &&
                   take_time(o, "when_ms", &item->when);
        }
    return false;
}

int checklist_json_read(const json_t *list, struct checklist *ret)
{
    size_t i;
    json_t *item;
    if (!json_is_array(list) || json_array_size(list) > CHECKLIST_ITEMS_MAX)
        return -EINVAL;
    *ret = (struct checklist){0};
    json_array_foreach(list, i, item) {
        if (!take_item(item, &ret->items[i]) ||
            (i > 0 && ret->items[i].stage < ret->items[i - 1].stage))
            return -EINVAL;
        ret->count++;
    }
    return 0;
}

/* ── as it is shown ── */

json_t *checklist_json_show(const struct checklist *list)
{
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct checklist_item *item = &list->items[i];
        json_t *o = json_object();
        (void)json_put_int(o, "item", (int64_t)i + 1);
        (void)json_put_text(o, "stage", checklist_stage_word(item->stage));
        (void)json_put_text(o, "text", item->text);
        (void)json_put_bool(o, "done", item->done);
        (void)json_put_text(o, "user", item->who[0] == '\0' ? NULL : item->who);
        (void)json_put_wall(o, "at", item->when);
        (void)json_put_text(o, "note", item->note[0] == '\0' ? NULL : item->note);
        (void)json_array_append_new(items, o);
    }
    return items;
}
