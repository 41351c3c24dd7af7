/* What Resus ticks on the checklist of a window: that it is planned and announced, that backups are
 * proved, and how the services are afterwards. */
#include <inttypes.h>

#include "alerts/maintenance_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define BACKUP_AGE_MAX_MS (INT64_C(24) * 3600 * 1000) /* an older one is not of this window */

struct checklist *occurrence_checklist(struct occurrence *o)
{
    if (o->record.checklist == NULL) { /* untouched so far: the usual one */
        o->record.checklist = mem_calloc(1, sizeof *o->record.checklist);
        if (o->record.checklist != NULL)
            checklist_usual(o->record.checklist);
    }
    return o->record.checklist;
}

static void tick(struct maintenance *m, struct occurrence *o, enum checklist_fact fact,
                 const char *evidence)
{
    struct checklist *list = occurrence_checklist(o);
    if (list != NULL)
        (void)checklist_tick(list, fact, evidence, maintenance_now(m).wall);
}

/* Every service of the window has a backup that was loaded and counted, within a day. */
static void tick_backup(struct maintenance *m, struct occurrence *o)
{
    const struct settings *s = m->ports.settings(m->ports.context);
    wall_ms now = maintenance_now(m).wall, oldest = now;
    size_t count = 0;
    char text[CHECKLIST_NOTE_SIZE], at[WALL_TEXT_SIZE];
    for (size_t i = 0; i < s->service_count; i++) {
        if (!occurrence_covers(o, s->services[i].id))
            continue;
        wall_ms proved =
            m->ports.proved == NULL ? WALL_NONE : m->ports.proved(m->ports.context, (int)i);
        if (proved.ms == 0 || wall_since(now, proved) > BACKUP_AGE_MAX_MS)
            return;
        oldest = proved.ms < oldest.ms ? proved : oldest;
        count++;
    }
    (void)str_format(text, sizeof text, "%zu proved backup%s, %s%s", count, count == 1 ? "" : "s",
                     count == 1 ? "of " : "the oldest of ", wall_text(oldest, at));
    if (count > 0)
        tick(m, o, CHECKLIST_IS_BACKED_UP, text);
}

static void tick_smoke(struct maintenance *m, struct occurrence *o)
{
    const char *service;
    const json_t *now;
    size_t passed = 0;
    char text[CHECKLIST_NOTE_SIZE];
    json_object_foreach(o->after, service, now) {
        if (!str_equal(json_text_or(now, "smoke", ""), smoke_result_word(SMOKE_PASSED)))
            return;
        passed++;
    }
    (void)str_format(text, sizeof text, "SET, GET and DEL of one key on %zu service%s", passed,
                     passed == 1 ? "" : "s");
    if (passed > 0)
        tick(m, o, CHECKLIST_SMOKE_PASSED, text);
}

void maintenance_ticks(struct maintenance *m, struct occurrence *o, enum maintenance_moment moment)
{
    const struct window_record *r = &o->record;
    char text[CHECKLIST_NOTE_SIZE], at[WALL_TEXT_SIZE];
    (void)str_format(text, sizeof text, "planned %s by %s", wall_text(r->planned, at),
                     r->planned_by[0] == '\0' ? "the settings" : r->planned_by);
    tick(m, o, CHECKLIST_IS_PLANNED, text);
    if (moment == MAINTENANCE_AT_NOTICE)
        tick(m, o, CHECKLIST_IS_ANNOUNCED, "announced to the channels and in the console");
    tick_backup(m, o);
    if (moment != MAINTENANCE_AT_END)
        return;
    (void)str_format(text, sizeof text, "checked at the end: %zu service%s",
                     json_object_size(o->after), json_object_size(o->after) == 1 ? "" : "s");
    if (r->state.verified == WINDOW_WELL)
        tick(m, o, CHECKLIST_IS_HEALTHY, text);
    tick_smoke(m, o);
    tick(m, o, CHECKLIST_END_IS_REPORTED, "the summary of what changed");
}
