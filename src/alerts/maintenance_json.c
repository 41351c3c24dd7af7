/* Maintenance windows for those who read them: the API's JSON and the calendar. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/maintenance_inside.h"
#include "api/calendar.h"
#include "api/checklist_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define MINUTE_MS 60000.0

static const char *const verified_words[] = {
    [WINDOW_UNVERIFIED] = "unverified", [WINDOW_WELL] = "well", [WINDOW_NOT_WELL] = "not_well"};

/* Does the window hold any service that the reader sees? */
static bool seen(const struct maintenance *m, const struct occurrence *o,
                 const struct maintenance_reader *reader)
{
    const struct settings *s = m->ports.settings(m->ports.context);
    if (reader == NULL || reader->sees == NULL)
        return true;
    for (size_t i = 0; i < s->service_count; i++)
        if (occurrence_covers(o, s->services[i].id) &&
            reader->sees(reader->context, s->services[i].id))
            return true;
    return false;
}

static json_t *services_json(const struct service_patterns *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->count; i++)
        (void)json_array_append_new(list, json_string(p->patterns[i]));
    if (p->count == 0)
        (void)json_array_append_new(list, json_string("*"));
    return list;
}

static json_t *window_json(const struct occurrence *o)
{
    const struct window_record *r = &o->record;
    const struct window *w = &r->state;
    json_t *body = json_object();
    (void)json_put_int(body, "id", o->number);
    (void)json_put_text(body, "title", r->title);
    (void)json_put_text(body, "window", r->window[0] == '\0' ? NULL : r->window);
    (void)json_put_text(body, "state", window_phase_word(w->phase));
    (void)json_put_wall(body, "starts_at", w->starts);
    (void)json_put_wall(body, "ends_at", w->ends);
    (void)json_put(body, "duration_minutes",
                   json_rounded((double)wall_since(w->ends, w->starts) / MINUTE_MS, 2));
    (void)json_put(body, "services", services_json(&r->services));
    (void)json_put_text(body, "impact", window_impact_words[r->impact]);
    (void)json_put_bool(body, "by_hand", r->by_hand);
    (void)json_put_text(body, "planned_by", r->planned_by[0] == '\0' ? NULL : r->planned_by);
    (void)json_put_wall(body, "planned_at", r->planned);
    (void)json_put_int(body, "sequence", w->sequence);
    (void)json_put_wall(body, "opened_at", w->opened);
    (void)json_put_wall(body, "closed_at", w->closed);
    (void)json_put_text(body, "verified", verified_words[w->verified]);
    (void)json_put_text(body, "summary", o->summary);
    return body;
}

json_t *maintenance_show(const struct maintenance *m, int64_t number,
                         const struct maintenance_reader *reader)
{
    const struct occurrence *o = maintenance_find(m, number);
    if (o == NULL || !seen(m, o, reader))
        return NULL;
    struct checklist *usual = NULL;
    if (o->record.checklist == NULL && (usual = mem_calloc(1, sizeof *usual)) != NULL)
        checklist_usual(usual);
    const struct checklist *list = o->record.checklist == NULL ? usual : o->record.checklist;
    json_t *body = window_json(o);
    (void)json_put(body, "checklist", list == NULL ? json_array() : checklist_json_show(list));
    (void)json_put(body, "before", o->before == NULL ? json_null() : json_deep_copy(o->before));
    (void)json_put(body, "after", o->after == NULL ? json_null() : json_deep_copy(o->after));
    mem_free(usual);
    return body;
}

/* ── the list ── */

static int by_start(const void *a, const void *b)
{
    const struct occurrence *one = *(const struct occurrence *const *)a;
    const struct occurrence *other = *(const struct occurrence *const *)b;
    bool over = one->record.state.phase >= WINDOW_ENDED;
    bool other_over = other->record.state.phase >= WINDOW_ENDED;
    if (over != other_over)
        return over ? 1 : -1;
    int64_t apart = one->record.state.starts.ms - other->record.state.starts.ms;
    if (apart == 0)
        apart = one->number - other->number;
    if (over)
        apart = -apart;
    return apart < 0 ? -1 : apart > 0;
}

/* Sorted, `ret_count` of them; NULL without memory. */
static const struct occurrence **sorted(const struct maintenance *m, const char *state,
                                        const struct maintenance_reader *reader, size_t *ret_count)
{
    const struct occurrence **list = mem_calloc(m->count + 1, sizeof list[0]);
    size_t count = 0;
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < m->count; i++) {
        const struct occurrence *o = m->items[i];
        if ((state == NULL || str_equal(state, window_phase_word(o->record.state.phase))) &&
            seen(m, o, reader))
            list[count++] = o;
    }
    qsort(list, count, sizeof list[0], by_start);
    *ret_count = count;
    return list;
}

json_t *maintenance_list(const struct maintenance *m, const char *state, size_t limit,
                         const struct maintenance_reader *reader)
{
    size_t count = 0;
    const struct occurrence **list = sorted(m, state, reader, &count);
    if (list == NULL)
        return NULL;
    json_t *items = json_array();
    for (size_t i = 0; i < count && i < limit; i++)
        (void)json_array_append_new(items, window_json(list[i]));
    mem_free(list);
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    (void)json_put_null(body, "next_cursor");
    return body;
}

/* ── the calendar ── */

/* A calendar's names are texts that live as long as the events. */
struct entry {
    char name[SETTINGS_WINDOW_NAME_MAX], date[DATE_TEXT_SIZE];
    const char *services[SETTINGS_ROUTE_SERVICES_MAX];
};

static void fill(const struct occurrence *o, struct entry *entry, struct calendar_event *event)
{
    const struct window_record *r = &o->record;
    if (r->window[0] != '\0')
        (void)str_copy(entry->name, sizeof entry->name, r->window);
    else
        (void)str_format(entry->name, sizeof entry->name, "%" PRId64, o->number);
    size_t count = 0;
    for (; count < r->services.count; count++)
        entry->services[count] = r->services.patterns[count];
    if (count == 0)
        entry->services[count++] = "*";
    *event = (struct calendar_event){
        .window = entry->name,
        .date = date_text(r->date, entry->date),
        .title = r->title,
        .details = o->summary,
        .phase = r->state.phase,
        .impact = r->impact,
        .sequence = r->state.sequence,
        .changed = o->changed,
        .starts = r->state.starts,
        .ends = r->state.ends,
        .services = entry->services,
        .service_count = count,
    };
}

int maintenance_calendar(const struct maintenance *m, const struct maintenance_reader *reader,
                         struct buf *out)
{
    size_t count = 0;
    const struct settings *settings = m->ports.settings(m->ports.context);
    const struct calendar calendar = {.instance = settings->server.name};
    const struct occurrence **list = sorted(m, NULL, reader, &count);
    count = count > MAINTENANCE_LIST_MAX ? MAINTENANCE_LIST_MAX : count;
    struct entry *entries = mem_calloc(count + 1, sizeof entries[0]);
    struct calendar_event *events = mem_calloc(count + 1, sizeof events[0]);
    int r = list == NULL || entries == NULL || events == NULL ? -ENOMEM : 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        fill(list[i], &entries[i], &events[i]);
    if (r == 0)
        r = calendar_write(&calendar, events, count, out);
    mem_free(list);
    mem_free(entries);
    mem_free(events);
    return r;
}

int maintenance_calendar_of(const struct maintenance *m, const struct occurrence *o,
                            struct buf *out)
{
    const struct settings *settings = m->ports.settings(m->ports.context);
    const struct calendar calendar = {.instance = settings->server.name};
    struct entry entry;
    struct calendar_event event;
    fill(o, &entry, &event);
    return calendar_write(&calendar, &event, 1, out);
}
