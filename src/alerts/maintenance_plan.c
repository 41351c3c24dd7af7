/* The windows of the settings as occurrences: what core/window_plan.h says is to be done. */
#include <errno.h>
#include <inttypes.h>

#include "alerts/maintenance_inside.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/window_plan.h"
#include "io/log.h"
#include "io/zone.h"

#define AGAIN_MS (INT64_C(3600) * 1000) /* when it could not be planned */

/* What is there of one window, and what is to be done. */
struct planning {
    struct window_row *rows;
    struct occurrence **of; /* by row */
    size_t count;
    struct window_plan_step *steps;
};

static const struct window_settings *window_named(const struct maintenance_settings *s,
                                                  const char *name)
{
    for (size_t i = 0; i < s->window_count; i++)
        if (str_equal(s->windows[i].name, name))
            return &s->windows[i];
    return NULL;
}

static bool waits(const struct occurrence *o)
{
    return o->record.state.phase == WINDOW_PLANNED || o->record.state.phase == WINDOW_ANNOUNCED;
}

static void gather(const struct maintenance *m, const char *name, struct planning *p)
{
    p->count = 0;
    for (size_t i = 0; i < m->count && p->count < MAINTENANCE_MAX; i++) {
        struct occurrence *o = m->items[i];
        if (!str_equal(o->record.window, name))
            continue;
        p->of[p->count] = o;
        p->rows[p->count++] = (struct window_row){.date = o->record.date,
                                                  .phase = o->record.state.phase,
                                                  .starts = o->record.state.starts,
                                                  .ends = o->record.state.ends,
                                                  .by_hand = o->record.by_hand};
    }
}

static void add(struct maintenance *m, const struct window_settings *w,
                const struct schedule_occurrence *when)
{
    struct error err = {0};
    struct occurrence *o = maintenance_add(m, &err);
    if (o == NULL) {
        if (!m->full_told)
            log_warning("maintenance", "not all windows are planned: %s", err.text);
        m->full_told = true;
        return;
    }
    struct window_record *r = &o->record;
    (void)str_copy(r->window, sizeof r->window, w->name);
    (void)str_copy(r->title, sizeof r->title, w->name);
    r->date = when->date;
    r->services = w->services;
    r->impact = w->impact;
    r->planned = maintenance_now(m).wall;
    window_init(&r->state, when->starts, when->ends);
    maintenance_save(m, o, false, 0);
}

static void cancel(struct maintenance *m, struct occurrence *o)
{
    const struct window_input input = {.event = WINDOW_CANCEL};
    struct error err = {0};
    maintenance_audit(m, o, "maintenance-withdrawn", true, "The settings no longer have it.");
    if (maintenance_step(m, o, &input, 0, &err) < 0)
        log_warning("maintenance", "window %" PRId64 ": %s", o->number, err.text);
}

static void carry_out(struct maintenance *m, const struct window_settings *w,
                      const struct planning *p, const struct window_plan_step *step)
{
    const struct schedule_occurrence *when = &step->occurrence;
    const struct window_input input = {
        .event = WINDOW_CHANGE, .starts = when->starts, .ends = when->ends};
    struct error err = {0};
    switch (step->act) {
    case WINDOW_PLAN_ADD:
        add(m, w, when);
        break;
    case WINDOW_PLAN_CHANGE:
        if (maintenance_step(m, p->of[step->row], &input, 0, &err) < 0)
            log_warning("maintenance", "window %" PRId64 ": %s", p->of[step->row]->number,
                        err.text);
        break;
    default:
        cancel(m, p->of[step->row]);
        break;
    }
}

static bool same_services(const struct service_patterns *a, const struct service_patterns *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!str_equal(a->patterns[i], b->patterns[i]))
            return false;
    return true;
}

/* Services and impact follow the settings, too. */
static void follow(struct maintenance *m, const struct window_settings *w, const struct planning *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct window_record *r = &p->of[i]->record;
        if (!waits(p->of[i]) || r->by_hand ||
            (r->impact == w->impact && same_services(&r->services, &w->services)))
            continue;
        r->impact = w->impact;
        r->services = w->services;
        maintenance_save(m, p->of[i], false, 0);
    }
}

static void plan_window(struct maintenance *m, const struct window_settings *w,
                        const struct zone_table *zone, struct planning *p)
{
    struct schedule_occurrence coming[SCHEDULE_OCCURRENCES_MAX];
    size_t count = schedule_occurrences(&w->schedule, zone, maintenance_now(m).wall, coming);
    gather(m, w->name, p);
    follow(m, w, p);
    size_t steps = window_plan(p->rows, p->count, &w->schedule, coming, count, p->steps);
    for (size_t i = 0; i < steps; i++)
        carry_out(m, w, p, &p->steps[i]);
}

/* Windows that the settings no longer have. */
static void plan_gone(struct maintenance *m, const struct maintenance_settings *s)
{
    for (size_t i = 0; i < m->count; i++) {
        struct occurrence *o = m->items[i];
        if (o->record.window[0] != '\0' && waits(o) && window_named(s, o->record.window) == NULL)
            cancel(m, o);
    }
}

static int zone_of(const struct maintenance *m, const struct maintenance_settings *s,
                   struct zone_table *ret, struct error *err)
{
    wall_ms now = maintenance_now(m).wall;
    struct zone *zone = NULL;
    int r = zone_load(s->timezone, &zone, err);
    if (r == 0)
        r = zone_changes(zone, schedule_zone_from(now), schedule_zone_until(now), ret);
    zone_free(zone);
    return r;
}

static int plan_with(struct maintenance *m, struct planning *p, struct error *err)
{
    const struct maintenance_settings *s = &m->ports.settings(m->ports.context)->maintenance;
    struct zone_table zone = {0};
    if (p->rows == NULL || p->of == NULL || p->steps == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = zone_of(m, s, &zone, err);
    if (r < 0)
        return err->code != 0 ? r : error_set(err, r, "the time zone changes too often");
    maintenance_thin(m);
    plan_gone(m, s);
    for (size_t i = 0; i < s->window_count; i++)
        plan_window(m, &s->windows[i], &zone, p);
    return 0;
}

void maintenance_plan_all(struct maintenance *m)
{
    struct error err = {0};
    struct planning p = {
        .rows = mem_calloc(MAINTENANCE_MAX, sizeof p.rows[0]),
        .of = mem_calloc(MAINTENANCE_MAX, sizeof p.of[0]),
        .steps = mem_calloc(MAINTENANCE_MAX + SCHEDULE_OCCURRENCES_MAX, sizeof p.steps[0]),
    };
    int r = plan_with(m, &p, &err);
    m->plan_at = mono_add(maintenance_now(m).mono, r == 0 ? MAINTENANCE_PLAN_EVERY_MS : AGAIN_MS);
    if (r < 0)
        log_error("maintenance", "the windows cannot be planned: %s", err.text);
    mem_free(p.rows);
    mem_free(p.of);
    mem_free(p.steps);
}
