#include "alerts/cases.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

void case_free(struct case_entry *e)
{
    json_decref(e->timeline);
    json_decref(e->texts);
    json_decref(e->calls);
    mem_free(e);
}

void cases_close(struct cases *c)
{
    while (c->first != NULL) {
        struct case_entry *e = c->first;
        c->first = e->next;
        case_free(e);
    }
}

struct case_entry *case_add(struct cases *c, const char *subject, int service)
{
    struct case_entry *e = c->count >= CASES_MAX ? NULL : mem_calloc(1, sizeof *e);
    if (e == NULL) {
        log_error("alerts", "an incident of %s is not opened: %s", subject,
                  c->count >= CASES_MAX ? "too many are open" : "out of memory");
        return NULL;
    }
    (void)str_copy(e->subject, sizeof e->subject, subject);
    e->service = service;
    e->timeline = json_array();
    e->texts = json_object();
    e->calls = json_array();
    e->wake = MONO_NEVER;
    incident_init(&e->incident);
    escalation_init(&e->escalation);
    e->next = c->first;
    c->first = e;
    c->count++;
    return e;
}

struct case_entry *case_of(const struct cases *c, const char *subject)
{
    for (struct case_entry *e = c->first; e != NULL; e = e->next)
        if (str_equal(e->subject, subject))
            return e;
    return NULL;
}

struct case_entry *case_by_number(const struct cases *c, int64_t number)
{
    for (struct case_entry *e = c->first; e != NULL; e = e->next)
        if (e->number == number)
            return e;
    return NULL;
}

void case_drop(struct cases *c, struct case_entry *e)
{
    for (struct case_entry **p = &c->first; *p != NULL; p = &(*p)->next)
        if (*p == e) {
            *p = e->next;
            c->count--;
            case_free(e);
            return;
        }
}

void case_note_opening(struct cases *c, const struct case_entry *e)
{
    struct case_opening *o = &c->recent[c->recent_next++ % CASE_RECENT_MAX];
    (void)str_copy(o->subject, sizeof o->subject, e->subject);
    o->cause = e->cause;
    o->at = e->incident.opened;
}

bool case_recurs(const struct cases *c, const struct case_entry *e, wall_ms now)
{
    int count = 0;
    for (size_t i = 0; e->cause > CAUSE_OK && i < CASE_RECENT_MAX; i++)
        count += c->recent[i].at.ms != 0 && c->recent[i].cause == e->cause &&
                 wall_since(now, c->recent[i].at) < CASE_RECENT_MS &&
                 str_equal(c->recent[i].subject, e->subject);
    return count >= CASE_RECURS;
}

void case_note(struct case_entry *e, struct now now, const char *kind, const char *actor,
               const char *text)
{
    json_t *entry = json_object();
    (void)(json_put_int(entry, "seq", ++e->entry_last) && json_put_wall(entry, "at", now.wall) &&
           json_put_text(entry, "kind", kind) && json_put_text(entry, "actor", actor) &&
           json_put_text(entry, "text", text));
    (void)json_array_append_new(e->timeline, entry);
    if (json_array_size(e->timeline) > CASE_ENTRIES_MAX) {
        (void)json_array_remove(e->timeline, 1);
        e->left_out++;
    }
}
