/* The section `maintenance`: its lists, and what one key alone cannot say. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/service_id.h"
#include "base/str.h"
#include "io/zone.h"
#include "settings/reader_state.h"

static void take_notice(struct reader *r, const struct key *row, const yaml_node_t *node,
                        const char *text)
{
    struct window_policy *policy = (void *)((char *)r->base[row->base] + row->offset);
    int64_t hours;
    char shown[32];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (parse_int(text, 1, WINDOW_NOTICE_HOURS_MAX, &hours, NULL) < 0) {
        reader_fail(r, node->start_mark, "`%s` must be whole hours from 1 to %d, not \"%s\"",
                    row->name, WINDOW_NOTICE_HOURS_MAX, shown);
        return;
    }
    for (size_t i = 0; i < policy->notice_count; i++)
        if (policy->notice_hours[i] == hours) {
            reader_fail(r, node->start_mark, "`%s` names %s twice", row->name, shown);
            return;
        }
    if (policy->notice_count == WINDOW_NOTICES_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    WINDOW_NOTICES_MAX);
    else
        policy->notice_hours[policy->notice_count++] = (int)hours;
}

/* `when` was read before: its row comes first in the table. */
static void take_exception(struct reader *r, const struct key *row, const yaml_node_t *node,
                           const char *text)
{
    struct schedule *schedule = (void *)((char *)r->base[row->base] + row->offset);
    const char *rest = text;
    struct date date;
    char shown[32];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (!date_read(&rest, &date) || *rest != '\0')
        reader_fail(r, node->start_mark, "`%s` must be dates such as 2026-12-27, not \"%s\"",
                    row->name, shown);
    else if (schedule_excepts(schedule, date))
        reader_fail(r, node->start_mark, "`%s` names %s twice", row->name, shown);
    else if (schedule->minutes > 0 && !schedule_matches(schedule, date))
        reader_fail(r, node->start_mark, "`%s` names %s, which is no date of `when`", row->name,
                    shown);
    else if (schedule->exception_count == SCHEDULE_EXCEPTIONS_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SCHEDULE_EXCEPTIONS_MAX);
    else
        schedule->exceptions[schedule->exception_count++] = date;
}

/* A window before `w` with its name, or NULL. */
static const struct window_settings *namesake(const struct maintenance_settings *m,
                                              const struct window_settings *w)
{
    for (const struct window_settings *other = m->windows; other < w; other++)
        if (str_equal(other->name, w->name))
            return other;
    return NULL;
}

void reader_check_window(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX])
{
    const struct window_settings *w = r->base[BASE_WINDOW];
    const struct found *name = &found[key_index(key_find(PLACE_WINDOW, "name"))];
    const struct found *except = &found[key_index(key_find(PLACE_WINDOW, "except"))];
    char shown[SETTINGS_WINDOW_NAME_MAX];
    (void)str_copy_clean(shown, sizeof shown, w->name, strlen(w->name));
    if (w->name[0] == '\0' || w->schedule.minutes == 0)
        reader_fail(r, map->start_mark, "a window needs `name` and `when`: `%s` is missing",
                    w->name[0] == '\0' ? "name" : "when");
    else if (!service_id_good(w->name))
        reader_fail(r, name->value->start_mark,
                    "\"%s\" cannot be a window's name: a-z, 0-9, _ and -, at most %d, a letter or "
                    "digit in front",
                    shown, SETTINGS_WINDOW_NAME_MAX - 1);
    else if (namesake(&r->settings->maintenance, w) != NULL)
        reader_fail(r, name->value->start_mark,
                    "there is another window `%s` before: give one of them another `name`", shown);
    else if (schedule_empty(&w->schedule))
        reader_fail(r, except->key->start_mark,
                    "the window `%s` has no date: `except` takes away the only one", shown);
}

void reader_check_maintenance(struct reader *r, const yaml_node_t *map,
                              const struct found found[KEYS_MAX])
{
    const struct maintenance_settings *m = &r->settings->maintenance;
    const struct found *name = &found[key_index(key_find(PLACE_MAINTENANCE, "timezone"))];
    struct zone *zone = NULL;
    struct error err = {0};
    int error = zone_load(m->timezone, &zone, &err);
    zone_free(zone);
    if (error == -ENOMEM)
        reader_fail_memory(r);
    else if (error < 0)
        reader_fail(r, name->key == NULL ? map->start_mark : name->value->start_mark, "%s",
                    err.text);
}

static void read_windows(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct maintenance_settings *m = &r->settings->maintenance;
    yaml_node_item_t *items = NULL;
    int count = reader_list_of_mappings(r, row, value, SETTINGS_WINDOWS_MAX, &items);
    m->windows = count <= 0 ? NULL : mem_calloc((size_t)count, sizeof m->windows[0]);
    if (m->windows == NULL) {
        if (count > 0)
            reader_fail_memory(r);
        return;
    }
    for (int i = 0; i < count && !r->stopped; i++) {
        struct window_settings *w = &m->windows[m->window_count++];
        r->base[BASE_WINDOW] = w;
        if (key_set_defaults(BASE_WINDOW, w, r->err) == 0)
            reader_mapping(r, reader_node(r, items[i]), PLACE_WINDOW);
    }
}

void reader_maintenance(struct reader *r, const struct key *row, yaml_node_t *value)
{
    switch (row->type) {
    case KEY_NOTICES:
        r->settings->maintenance.policy.notice_count = 0; /* not the default */
        reader_list(r, row, value, take_notice);
        break;
    case KEY_DATES:
        reader_list(r, row, value, take_exception);
        break;
    case KEY_WINDOWS:
        read_windows(r, row, value);
        break;
    default: /* reader.c reads the others */
        break;
    }
}
