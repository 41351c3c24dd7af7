/* Occurrences of maintenance windows as records of the database. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/maintenance_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

#define OVER_KEPT_MS (INT64_C(3) * 24 * 3600 * 1000) /* a rule may name the date again */

void occurrence_free(struct occurrence *o)
{
    window_record_clear(&o->record);
    json_decref(o->before);
    json_decref(o->after);
    mem_free(o->summary);
    mem_free(o);
}

/* ── the list ── */

static int put(struct maintenance *m, struct occurrence *o)
{
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        struct occurrence **items = mem_calloc(room, sizeof items[0]);
        if (items == NULL)
            return -ENOMEM;
        if (m->count > 0)
            memcpy(items, m->items, m->count * sizeof items[0]);
        mem_free(m->items);
        m->items = items;
        m->room = room;
    }
    m->items[m->count++] = o;
    return 0;
}

struct occurrence *maintenance_add(struct maintenance *m, struct error *err)
{
    if (m->count >= MAINTENANCE_MAX) {
        (void)error_set(err, -ENOBUFS, "There are %d maintenance windows already.",
                        MAINTENANCE_MAX);
        return NULL;
    }
    struct occurrence *o = mem_calloc(1, sizeof *o);
    if (o == NULL || put(m, o) < 0) {
        mem_free(o);
        (void)error_set(err, -ENOMEM, "Out of memory.");
        return NULL;
    }
    o->number = record_next(m->ports.store, RECORD_MAINTENANCE);
    return o;
}

void maintenance_drop(struct maintenance *m, struct occurrence *o)
{
    if (m->count > 0 && m->items[m->count - 1] == o)
        m->count--;
    occurrence_free(o);
}

static bool is_over(const struct occurrence *o)
{
    return o->record.state.phase == WINDOW_ENDED || o->record.state.phase == WINDOW_CANCELLED;
}

/* By number, so the newest ones are at the end. */
void maintenance_thin(struct maintenance *m)
{
    wall_ms now = maintenance_now(m).wall;
    size_t over = 0, kept = 0;
    for (size_t i = 0; i < m->count; i++)
        over += is_over(m->items[i]);
    for (size_t i = 0; i < m->count; i++) {
        struct occurrence *o = m->items[i];
        const struct window *w = &o->record.state;
        bool past = wall_since(now, w->ends) > OVER_KEPT_MS;
        if (is_over(o) && past && over > MAINTENANCE_OVER_MAX) {
            over--;
            occurrence_free(o);
        } else {
            m->items[kept++] = o;
        }
    }
    m->count = kept;
}

/* ── writing ── */

json_t *occurrence_body(const struct occurrence *o)
{
    json_t *body = window_json_make(&o->record);
    if (body == NULL)
        return NULL;
    bool good = json_put_int(body, "changed_ms", o->changed.ms) &&
                (o->before == NULL || json_put(body, "before", json_incref(o->before))) &&
                (o->after == NULL || json_put(body, "after", json_incref(o->after))) &&
                (o->summary == NULL || json_put_text(body, "summary", o->summary));
    if (good)
        return body;
    json_decref(body);
    return NULL;
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct maintenance *m = context;
    if (outcome != STORE_DURABLE)
        log_error("maintenance", "a window is not stored yet: %s",
                  error == NULL ? "the disk does not take it" : error->text);
    if (id != 0)
        m->ports.saved(m->ports.context, id, outcome, error);
}

void maintenance_save(struct maintenance *m, struct occurrence *o, bool full, uint64_t id)
{
    o->changed = maintenance_now(m).wall;
    JSON_CLEANUP json_t *body = occurrence_body(o);
    const struct record_change change = {
        .kind = RECORD_MAINTENANCE, .number = o->number, .body = body};
    record_write(m->ports.store, &(struct record_write){.changes = &change,
                                                        .count = 1,
                                                        .full = full,
                                                        .id = id,
                                                        .done = on_saved,
                                                        .context = m});
}

/* ── reading ── */

struct loading {
    struct maintenance *m;
    struct error *err;
    int result;
};

static int take_rest(struct occurrence *o, const json_t *body)
{
    const char *summary = json_text_or(body, "summary", NULL);
    json_t *before = json_object_get(body, "before");
    json_t *after = json_object_get(body, "after");
    o->changed.ms = json_int_or(body, "changed_ms", o->record.planned.ms);
    o->before = json_is_object(before) ? json_deep_copy(before) : NULL;
    o->after = json_is_object(after) ? json_deep_copy(after) : NULL;
    if (summary == NULL)
        return 0;
    o->summary = mem_calloc(1, MAINTENANCE_TEXT_SIZE);
    if (o->summary == NULL)
        return -ENOMEM;
    (void)str_copy(o->summary, MAINTENANCE_TEXT_SIZE, summary);
    return 0;
}

static void load_one(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct loading *l = context;
    struct error err = {0};
    (void)kind;
    if (l->result < 0)
        return;
    struct occurrence *o = mem_calloc(1, sizeof *o);
    int r = o == NULL ? -ENOMEM : window_json_read(body, &o->record, &err);
    if (r == -EINVAL) {
        log_error("maintenance", "window %" PRId64 " is left out: %s", number, err.text);
        mem_free(o);
        return;
    }
    if (r == 0)
        r = take_rest(o, body);
    if (r == 0) {
        o->number = number;
        r = put(l->m, o);
    }
    if (r < 0) {
        l->result = error_set(l->err, r, "maintenance: out of memory");
        if (o != NULL)
            occurrence_free(o);
    }
    if (r == 0 && l->m->count >= MAINTENANCE_MAX)
        maintenance_thin(l->m);
}

int maintenance_load(struct maintenance *m, struct error *err)
{
    struct loading l = {.m = m, .err = err};
    int r = record_load(m->ports.store, RECORD_MAINTENANCE, NULL, load_one, &l, err);
    maintenance_thin(m);
    return r < 0 ? r : l.result;
}
