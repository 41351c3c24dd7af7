#include "alerts/maintenance_read.h"

#include <errno.h>

#include "base/json.h"
#include "base/service_id.h"
#include "base/str.h"

#define MINUTE_MS 60000

static int read_services(const struct engine *engine, const json_t *list,
                         struct service_patterns *ret, struct error *err)
{
    size_t i;
    json_t *item;
    if (json_array_size(list) == 0)
        return error_set(err, -EINVAL, "`services` names no service: [\"*\"] is all of them");
    json_array_foreach(list, i, item) {
        const char *id = json_string_value(item);
        bool known =
            str_equal(id, "*") || (service_id_good(id) && engine_service_index(engine, id) >= 0);
        if (!known)
            return error_set(err, -EINVAL, "`services`: there is no service \"%s\"", id);
        if (ret->count == SETTINGS_ROUTE_SERVICES_MAX)
            return error_set(err, -EINVAL, "`services` has more than %d entries",
                             SETTINGS_ROUTE_SERVICES_MAX);
        (void)str_copy(ret->patterns[ret->count++], SETTINGS_ID_MAX, id);
    }
    return 0;
}

/* {"before": [text, ...], "during": [...], "after": [...]} */
static int read_checklist(const json_t *object, struct checklist *ret, struct error *err)
{
    const char *stage;
    json_t *items;
    json_object_foreach((json_t *)object, stage, items) {
        int found = -1;
        size_t i;
        json_t *item;
        for (int k = 0; k < CHECKLIST_STAGE_COUNT; k++)
            if (str_equal(stage, checklist_stage_word((enum checklist_stage)k)))
                found = k;
        if (found < 0 || !json_is_array(items))
            return error_set(err, -EINVAL,
                             "`checklist` has lists of texts `before`, `during` and `after`");
        json_array_foreach(items, i, item) {
            if (!json_is_string(item))
                return error_set(err, -EINVAL, "`checklist` has texts only");
            if (checklist_add(ret, (enum checklist_stage)found, json_string_value(item), err) < 0) {
                (void)error_prefix(err, "`checklist`");
                return -EINVAL;
            }
        }
    }
    return 0;
}

int maintenance_read(const struct engine *engine, const json_t *args,
                     struct maintenance_request *ret, struct error *err)
{
    struct maintenance_wish *wish = &ret->wish;
    const json_t *services = json_object_get(args, "services");
    const json_t *checklist = json_object_get(args, "checklist");
    const char *impact = json_text_or(args, "impact", NULL);
    const char *starts = json_text_or(args, "starts_at", NULL);
    int r = 0;
    wish->title = json_text_or(args, "title", NULL);
    wish->impact =
        impact == NULL ? -1 : str_index(window_impact_words, WINDOW_IMPACT_COUNT, impact);
    if (starts != NULL)
        (void)wall_parse(starts, &wish->starts); /* operation_check() has read it */
    if (json_is_array(services)) {
        r = read_services(engine, services, &ret->services, err);
        wish->services = &ret->services;
    }
    if (r == 0 && json_is_object(checklist)) {
        r = read_checklist(checklist, &ret->checklist, err);
        wish->checklist = &ret->checklist;
    }
    return r;
}

static int64_t length_ms(const json_t *args)
{
    return (int64_t)(json_real_or(args, "duration_minutes", 0) * MINUTE_MS);
}

void maintenance_read_end(const json_t *args, struct maintenance_wish *wish, const json_t *now)
{
    wall_ms starts = WALL_NONE;
    wall_ms ends = WALL_NONE;
    bool length = json_is_number(json_object_get(args, "duration_minutes"));
    if (now == NULL) {
        wish->ends = wall_add(wish->starts, length_ms(args));
        return;
    }
    (void)wall_parse(json_text_or(now, "starts_at", ""), &starts);
    (void)wall_parse(json_text_or(now, "ends_at", ""), &ends);
    if (wish->starts.ms == WALL_NONE.ms && !length)
        return;
    if (wish->starts.ms == WALL_NONE.ms)
        wish->starts = starts;
    wish->ends = wall_add(wish->starts, length ? length_ms(args) : wall_since(ends, starts));
}

void maintenance_times_text(const struct maintenance_wish *wish, char *text, size_t size)
{
    char from[WALL_TEXT_SIZE];
    char until[WALL_TEXT_SIZE];
    if (wish->starts.ms != WALL_NONE.ms && wish->ends.ms != WALL_NONE.ms)
        (void)str_format(text, size, "%s until %s", wall_text(wish->starts, from),
                         wall_text(wish->ends, until));
}
