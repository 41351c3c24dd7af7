/* Backups as people see them. */
#include <inttypes.h>
#include <string.h>

#include "backups/backups_copies.h"
#include "backups/backups_inside.h"
#include "base/json.h"
#include "base/str.h"

static json_t *suspicions(const struct backup_shelf_entry *e)
{
    json_t *list = json_array();
    for (int i = 0; i < BACKUP_SUSPICION_COUNT; i++)
        if ((e->suspicious & 1u << i) != 0)
            (void)json_array_append_new(
                list, json_string(backup_suspicion_word((enum backup_suspicion)i)));
    return list;
}

static json_t *rules(const struct backup_shelf_entry *e)
{
    json_t *list = json_array();
    for (int i = 0; i < RETENTION_RULE_COUNT; i++)
        if ((e->kept_by & 1u << i) != 0)
            (void)json_array_append_new(list,
                                        json_string(retention_rule_word((enum retention_rule)i)));
    return list;
}

static json_t *source_json(const struct backup_shelf_entry *e)
{
    json_t *o = json_object();
    (void)json_put_text(o, "address", e->address);
    (void)json_put_text(o, "role", e->role);
    (void)json_put_text(o, "server", e->server);
    (void)json_put_text(o, "version", e->version);
    return o;
}

/* ── copies ── */

/* Of one backup at one place: a fact of the manifest, or what is going on. */
static json_t *copy_json(const struct backup_shelf_entry *e, const struct copying *c)
{
    const char *state = c->child != NULL ? "copying" : c->failures > 0 ? "failing" : "waiting";
    wall_ms when = WALL_NONE;
    json_t *o = json_object();
    for (size_t i = 0; i < e->copy_count; i++)
        if (str_equal(e->copies[i].target, c->name)) {
            state = manifest_copy_word(e->copies[i].state);
            when = e->copies[i].at;
        }
    if (when.ms == WALL_NONE.ms && (e->damaged || e->verdict == PROOF_BAD))
        state = "none";
    (void)json_put_text(o, "target", c->name);
    (void)json_put_text(o, "state", state);
    (void)json_put_wall(o, "at", when);
    return o;
}

static json_t *copies_json(const struct backups_service *s, const struct backup_shelf_entry *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->copy_count; i++)
        (void)json_array_append_new(list, copy_json(e, s->copies[i]));
    return list;
}

static const char *place_state(const struct copying *c, int64_t waiting)
{
    if (c->child != NULL)
        return "copying";
    if (c->failures > 0)
        return "failing";
    return waiting > 0 ? "waiting" : "up_to_date";
}

static json_t *place_json(const struct copying *c)
{
    struct now now = c->service->b->ports.now(c->service->b->ports.context);
    wall_ms since;
    int64_t waiting = copies_waiting(c, &since);
    json_t *o = json_object();
    (void)json_put_text(o, "target", c->name);
    (void)json_put_text(o, "state", place_state(c, waiting));
    (void)json_put_int(o, "waiting", waiting);
    (void)json_put_wall(o, "waiting_since", since);
    (void)json_put_wall(o, "last_success_at", c->succeeded);
    (void)json_put_wall(o, "failing_since", c->failing_since);
    (void)json_put_int(o, "failures", c->failures);
    (void)json_put_wall(o, "next_at",
                        c->child != NULL ? WALL_NONE
                                         : wall_add(now.wall, c->next_at.ms > now.mono.ms
                                                                  ? mono_since(c->next_at, now.mono)
                                                                  : 0));
    (void)json_put_text(o, "problem", c->text[0] == '\0' ? NULL : c->text);
    (void)json_put_text(o, "note", c->note[0] == '\0' ? NULL : c->note);
    return o;
}

static json_t *places_json(const struct backups_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->copy_count; i++)
        (void)json_array_append_new(list, place_json(s->copies[i]));
    return list;
}

/* ── one backup ── */

static json_t *entry_json(const struct backups_service *s, const struct backup_shelf_entry *e)
{
    char folder[PATH_MAX] = "";
    const char *why = proof_reason_word(e->why);
    json_t *o = json_object();
    (void)str_format(folder, sizeof folder, "%s/%s/%s/%s", backups_settings(s)->backup.directory,
                     s->id, backup_kind_word(e->kind), e->id);
    (void)json_put_text(o, "id", e->id);
    (void)json_put_text(o, "kind", backup_kind_word(e->kind));
    (void)json_put_text(o, "reason", e->reason[0] == '\0' ? NULL : e->reason);
    (void)json_put_text(o, "by", e->by[0] == '\0' ? NULL : e->by);
    (void)json_put(o, "source", e->address[0] == '\0' ? json_null() : source_json(e));
    (void)json_put_wall(o, "started_at", e->started);
    (void)json_put_wall(o, "finished_at", e->finished);
    (void)json_put_int(o, "bytes", e->bytes);
    (void)json_put_int(o, "keys", e->keys);
    (void)json_put_text(o, "proved", proof_level_word(e->proved));
    (void)json_put_bool(o, "latest", backup_shelf_latest(&s->shelf) == e);
    (void)json_put_wall(o, "checked_at", e->checked);
    (void)json_put_text(
        o, "check_result",
        e->checked.ms == WALL_NONE.ms && !e->damaged ? NULL : proof_verdict_word(e->verdict));
    (void)json_put_text(o, "check_reason", why[0] == '\0' ? NULL : why);
    (void)json_put_text(o, "check_text", e->text[0] == '\0' ? NULL : e->text);
    (void)json_put(o, "suspicious", suspicions(e));
    (void)json_put_wall(o, "accepted_at", e->accepted_at);
    (void)json_put_wall(o, "pinned_until", e->pinned_until);
    (void)json_put(o, "kept_by", rules(e));
    (void)json_put_bool(o, "sealed", e->sealed);
    (void)json_put(o, "copies", copies_json(s, e));
    (void)json_put_text(o, "folder", folder);
    return o;
}

json_t *backups_list(const struct backups *b, int service, const char *cursor, size_t limit)
{
    const struct backups_service *s = &b->services[service];
    json_t *items = json_array();
    json_t *body = json_object();
    const char *next = NULL;
    size_t count = 0;
    for (size_t i = 0; i < s->shelf.count; i++) {
        const struct backup_shelf_entry *e = &s->shelf.items[i];
        if (cursor != NULL && strcmp(e->id, cursor) >= 0)
            continue;
        if (count == limit) {
            next = s->shelf.items[i - 1].id;
            break;
        }
        (void)json_array_append_new(items, entry_json(s, e));
        count++;
    }
    (void)json_put(body, "items", items);
    (void)json_put_text(body, "next_cursor", next);
    return body;
}

json_t *backups_one(const struct backups *b, int service, const char *id)
{
    const struct backups_service *s = &b->services[service];
    const struct backup_shelf_entry *e = backup_shelf_find(&s->shelf, id);
    return e == NULL ? NULL : entry_json(s, e);
}

json_t *backups_prunable(const struct backups *b, int service)
{
    const struct backups_service *s = &b->services[service];
    json_t *items = json_array();
    json_t *body = json_object();
    int64_t bytes = 0;
    for (size_t i = 0; i < s->shelf.count; i++) {
        const struct backup_shelf_entry *e = &s->shelf.items[i];
        if (e->kind != BACKUP_DAILY || e->kept_by != 0)
            continue;
        (void)json_array_append_new(items, entry_json(s, e));
        bytes += e->bytes;
    }
    (void)json_put(body, "items", items);
    (void)json_put_int(body, "bytes", bytes);
    (void)json_put_bool(body, "needs_confirmation", s->shelf.refused);
    return body;
}

static void put_schedule(json_t *o, const struct backups_service *s)
{
    const struct backup_settings *settings = &backups_settings(s)->backup;
    const char *zone = s->b->ports.settings(s->b->ports.context)->security.timezone;
    char text[128];
    char span[DURATION_TEXT_SIZE];
    int minute = settings->minute - 1;
    if (settings->every_ms > 0)
        (void)str_format(text, sizeof text, "every %s", duration_text(settings->every_ms, span));
    else if (minute >= 0)
        (void)str_format(text, sizeof text, "daily at %02d:%02d %s", minute / 60, minute % 60,
                         zone[0] == '\0' ? "UTC" : zone);
    (void)json_put_text(o, "schedule", backups_is_scheduled(s) ? text : NULL);
    (void)json_put_wall(o, "next_at", s->due);
}

static const char *stage_of(const struct job *j)
{
    if (j->waiting)
        return "waiting";
    if (j->backup != NULL)
        return backup_stage_word(backup_stage(j->backup));
    if (j->child != NULL)
        return "fetching";
    return j->proof != NULL ? "proving" : "working";
}

static json_t *job_json(const struct job *j)
{
    json_t *o = json_object();
    (void)json_put_int(o, "number", j->number);
    (void)json_put_text(o, "task", backups_task_word(j->task));
    (void)json_put_text(o, "backup", j->id[0] == '\0' ? NULL : j->id);
    (void)json_put_text(o, "stage", stage_of(j));
    (void)json_put_text(o, "waits_for", j->waiting ? j->waits_for : NULL);
    (void)json_put_int(o, "bytes", j->backup == NULL ? 0 : (int64_t)backup_bytes(j->backup));
    (void)json_put_text(o, "user", j->user.email[0] == '\0' ? "system" : j->user.email);
    (void)json_put_wall(o, "since", j->since);
    return o;
}

static json_t *last_json(const struct last_job *l)
{
    json_t *o = json_object();
    (void)json_put_int(o, "number", l->number);
    (void)json_put_text(o, "task", backups_task_word(l->task));
    (void)json_put_text(o, "backup", l->id[0] == '\0' ? NULL : l->id);
    (void)json_put_text(o, "result", l->end);
    (void)json_put_text(o, "cause", l->cause[0] == '\0' ? NULL : l->cause);
    (void)json_put_text(o, "message", l->text);
    (void)json_put_text(o, "user", l->user[0] == '\0' ? "system" : l->user);
    (void)json_put_wall(o, "ended_at", l->ended);
    (void)json_put_real(o, "duration_seconds", (double)wall_since(l->ended, l->began) / 1000);
    return o;
}

static void put_figures(json_t *o, const struct backups_service *s)
{
    const struct backup_shelf_entry *latest = backup_shelf_latest(&s->shelf);
    const struct backup_shelf_entry *newest = s->shelf.count == 0 ? NULL : &s->shelf.items[0];
    int64_t proved = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < s->shelf.count; i++) {
        proved += backup_shelf_trusted(&s->shelf.items[i]);
        bytes += s->shelf.items[i].bytes;
    }
    (void)json_put_wall(o, "last_at", newest == NULL ? WALL_NONE : newest->started);
    (void)json_put_wall(o, "last_proved_at", latest == NULL ? WALL_NONE : latest->started);
    (void)json_put_text(o, "last_proved", latest == NULL ? NULL : latest->id);
    (void)json_put_int(o, "count", (int64_t)s->shelf.count);
    (void)json_put_int(o, "proved_count", proved);
    (void)json_put_int(o, "bytes", bytes);
    (void)json_put_int(o, "removable_count", (int64_t)s->shelf.removable);
    if (s->free_bytes < 0)
        (void)json_put_null(o, "free_bytes");
    else
        (void)json_put_int(o, "free_bytes", s->free_bytes);
}

json_t *backups_status(const struct backups *b, int service)
{
    const struct backups_service *s = &b->services[service];
    json_t *o = json_object();
    (void)json_put_text(o, "service", s->id);
    put_schedule(o, s);
    put_figures(o, s);
    (void)json_put_bool(o, "overdue", s->overdue);
    (void)json_put_text(o, "problem", backups_unwell(b, service));
    (void)json_put_text(o, "directory", backups_settings(s)->backup.directory);
    (void)json_put(o, "drill", drills_json(s));
    const struct job *job = job_shown(s);
    (void)json_put(o, "copies", places_json(s));
    (void)json_put(o, "job", job == NULL ? json_null() : job_json(job));
    (void)json_put(o, "last", s->last.number == 0 ? json_null() : last_json(&s->last));
    (void)json_put(o, "failure", s->failure.number == 0 ? json_null() : last_json(&s->failure));
    return o;
}
