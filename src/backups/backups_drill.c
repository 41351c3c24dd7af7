/* Drills of one service: a proof of its newest proved backup whose times are kept, because they are
 * what is known about how long a restore takes. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "backups/backups_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/record.h"

static bool passed(const struct drill *d)
{
    return str_equal(d->result, "good");
}

int64_t drill_rto_ms(const struct drill *d)
{
    return passed(d) && d->read_ms >= 0 && d->load_ms >= 0 ? d->read_ms + d->load_ms : -1;
}

const struct drill *drills_passed(const struct backups_service *s)
{
    for (size_t i = 0; i < s->drills.count; i++)
        if (passed(&s->drills.items[i]))
            return &s->drills.items[i];
    return NULL;
}

bool drills_failed(const struct backups_service *s)
{
    return s->drills.count > 0 && !passed(&s->drills.items[0]);
}

/* ── the schedule ── */

static enum drill_last last_of(const struct backups_service *s)
{
    if (s->drills.failures > 0)
        return DRILL_FAILED;
    return s->drills.count > 0 ? DRILL_PASSED : DRILL_NEVER;
}

void drills_judge(struct backups_service *s, wall_ms now)
{
    const struct drill *good = drills_passed(s);
    const struct drill_times t = {
        .every_ms = backups_is_scheduled(s) ? backups_settings(s)->backup.drill_ms : 0,
        .spread_ms = backup_spread_ms(s->id),
        .there = backup_shelf_latest(&s->shelf) != NULL,
        .last = last_of(s),
        .begun = s->b->begun,
        .passed = good == NULL ? WALL_NONE : good->began,
        .tried = s->drills.tried,
        .failures = s->drills.failures,
    };
    s->drills.due = drill_due(&t);
    s->drills.overdue = s->loaded && drill_overdue(&t, now);
}

void drills_unwell(const struct backups_service *s, char *to, size_t size)
{
    char at[WALL_TEXT_SIZE];
    const struct drill *good = drills_passed(s);
    to[0] = '\0';
    if (drills_failed(s))
        (void)str_format(to, size, "The last drill of a restore failed: %s",
                         s->drills.items[0].text);
    else if (s->drills.overdue)
        (void)str_format(to, size,
                         "No drill of a restore has passed since %s. Run: resus backup "
                         "drill %s",
                         good == NULL ? "the start of Resus" : wall_text(good->began, at), s->id);
}

/* ── the results that are kept ── */

static json_t *record_of(const struct backups_service *s, const struct drill *d)
{
    json_t *o = json_object();
    bool ok = json_put_text(o, "service", s->id) && json_put_int(o, "at", d->began.ms) &&
              json_put_int(o, "ended", d->ended.ms) &&
              json_put_int(o, "backup_began", d->backup_began.ms) &&
              json_put_text(o, "backup", d->backup) && json_put_text(o, "result", d->result) &&
              json_put_text(o, "reason", d->reason) && json_put_text(o, "text", d->text) &&
              json_put_text(o, "user", d->user) && json_put_int(o, "keys", d->keys) &&
              json_put_int(o, "bytes", d->bytes) && json_put_int(o, "read_ms", d->read_ms) &&
              json_put_int(o, "load_ms", d->load_ms);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static bool make_room(struct drills *drills)
{
    if (drills->items == NULL)
        drills->items = mem_calloc(DRILLS_KEPT_MAX, sizeof drills->items[0]);
    return drills->items != NULL;
}

/* In front; the oldest one goes when there are too many. */
static void add(struct drills *drills, const struct drill *d)
{
    size_t kept = drills->count < DRILLS_KEPT_MAX ? drills->count : DRILLS_KEPT_MAX - 1;
    memmove(&drills->items[1], &drills->items[0], kept * sizeof drills->items[0]);
    drills->items[0] = *d;
    drills->count = kept + 1;
}

static void keep(struct backups_service *s, const struct drill *d)
{
    struct drills *drills = &s->drills;
    JSON_CLEANUP json_t *body = record_of(s, d);
    bool full = drills->count == DRILLS_KEPT_MAX;
    const struct record_change changes[] = {
        {.kind = RECORD_DRILL, .number = d->number, .body = body},
        {.kind = RECORD_DRILL,
         .number = full ? drills->items[DRILLS_KEPT_MAX - 1].number : 0,
         .remove = true},
    };
    record_write(s->b->ports.store,
                 &(struct record_write){.changes = changes, .count = full ? 2 : 1});
    add(drills, d);
}

static void read_drill(struct drill *d, const json_t *body)
{
    d->began.ms = json_int_or(body, "at", 0);
    d->ended.ms = json_int_or(body, "ended", 0);
    d->backup_began.ms = json_int_or(body, "backup_began", 0);
    d->keys = json_int_or(body, "keys", -1);
    d->bytes = json_int_or(body, "bytes", 0);
    d->read_ms = json_int_or(body, "read_ms", -1);
    d->load_ms = json_int_or(body, "load_ms", -1);
    (void)str_copy(d->backup, sizeof d->backup, json_text_or(body, "backup", ""));
    (void)str_copy(d->user, sizeof d->user, json_text_or(body, "user", ""));
    (void)str_copy(d->result, sizeof d->result, json_text_or(body, "result", "failed"));
    (void)str_copy(d->reason, sizeof d->reason, json_text_or(body, "reason", ""));
    (void)str_copy(d->text, sizeof d->text, json_text_or(body, "text", ""));
}

static void on_record(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct backups *b = context;
    struct drill d = {.number = number};
    (void)kind;
    if (body == NULL)
        return;
    read_drill(&d, body);
    for (size_t i = 0; i < b->count; i++) {
        struct backups_service *s = &b->services[i];
        if (!str_equal(s->id, json_text_or(body, "service", "")) || !make_room(&s->drills))
            continue;
        add(&s->drills, &d);
        s->drills.failures = passed(&d) ? 0 : s->drills.failures + 1;
        s->drills.tried = d.ended;
    }
}

int drills_load(struct backups *b, struct error *err)
{
    return record_load(b->ports.store, RECORD_DRILL, NULL, on_record, b, err);
}

void drills_free(struct backups_service *s)
{
    mem_free(s->drills.items);
}

/* ── one of them ── */

void job_drilled(struct job *j, const struct proof_result *result)
{
    char age[DURATION_TEXT_SIZE];
    char took[DURATION_TEXT_SIZE];
    struct drill *d = &j->drill;
    const struct proof_check *last = &result->checks[result->check_count - 1];
    d->load_ms = -1;
    d->keys = result->counted ? result->keys : -1;
    (void)str_copy(d->reason, sizeof d->reason, proof_reason_word(last->reason));
    for (size_t i = 0; i < result->check_count; i++) {
        const struct proof_check *c = &result->checks[i];
        if (c->level == PROOF_FILE)
            d->read_ms += c->milliseconds;
        else if (c->level == PROOF_LOADED && c->verdict == PROOF_GOOD)
            d->load_ms = c->milliseconds;
    }
    if (last->verdict != PROOF_GOOD)
        return;
    (void)str_format(j->text, sizeof j->text,
                     "%" PRId64 " keys are back after %s; the data are %s old", d->keys,
                     duration_text(d->read_ms + d->load_ms, took),
                     duration_text(wall_since(j->since, j->manifest->started), age));
}

void drills_note(struct backups_service *s, const struct job *j)
{
    struct drill d = j->drill;
    const struct backup_shelf_entry *e = backup_shelf_find(&s->shelf, j->id);
    bool good = str_equal(j->end, "good");
    s->drills.failures = good ? 0 : s->drills.failures + 1;
    s->drills.tried = s->last.ended;
    if (j->waiting || !make_room(&s->drills)) /* it had no turn: nothing was learned */
        return;
    d.number = record_next(s->b->ports.store, RECORD_DRILL);
    d.began = j->since;
    d.ended = s->last.ended;
    d.backup_began = e == NULL ? WALL_NONE : e->started;
    d.bytes = e == NULL ? 0 : e->bytes;
    if (!good)
        d.load_ms = -1;
    (void)str_copy(d.backup, sizeof d.backup, j->id);
    (void)str_copy(d.user, sizeof d.user, j->user.email);
    (void)str_copy(d.result, sizeof d.result, j->end);
    (void)str_copy(d.text, sizeof d.text, j->text);
    keep(s, &d);
}

/* ── what people see ── */

static void put_seconds(json_t *o, const char *key, int64_t ms)
{
    if (ms < 0)
        (void)json_put_null(o, key);
    else
        (void)json_put_real(o, key, (double)ms / 1000);
}

static json_t *drill_json(const struct drill *d)
{
    json_t *o = json_object();
    (void)json_put_int(o, "number", d->number);
    (void)json_put_text(o, "backup", d->backup);
    (void)json_put_wall(o, "backup_at", d->backup_began);
    (void)json_put_wall(o, "started_at", d->began);
    (void)json_put_wall(o, "ended_at", d->ended);
    (void)json_put_text(o, "result", d->result);
    (void)json_put_text(o, "check_reason", d->reason[0] == '\0' ? NULL : d->reason);
    (void)json_put_text(o, "message", d->text);
    (void)json_put_text(o, "user", d->user[0] == '\0' ? "system" : d->user);
    (void)json_put_int(o, "bytes", d->bytes);
    if (d->keys < 0)
        (void)json_put_null(o, "keys");
    else
        (void)json_put_int(o, "keys", d->keys);
    put_seconds(o, "read_seconds", d->read_ms);
    put_seconds(o, "load_seconds", d->load_ms);
    put_seconds(o, "rto_seconds", drill_rto_ms(d));
    put_seconds(o, "rpo_seconds",
                d->backup_began.ms == WALL_NONE.ms ? -1 : wall_since(d->began, d->backup_began));
    return o;
}

json_t *drills_json(const struct backups_service *s)
{
    const struct drill *good = drills_passed(s);
    int64_t every = backups_is_scheduled(s) ? backups_settings(s)->backup.drill_ms : 0;
    json_t *o = json_object();
    if (every == 0)
        (void)json_put_null(o, "every_seconds");
    else
        (void)json_put_int(o, "every_seconds", every / 1000);
    (void)json_put_wall(o, "next_at", s->drills.due);
    (void)json_put_bool(o, "overdue", s->drills.overdue);
    (void)json_put(o, "last", s->drills.count == 0 ? json_null() : drill_json(s->drills.items));
    (void)json_put(o, "passed", good == NULL ? json_null() : drill_json(good));
    return o;
}

json_t *backups_drills(const struct backups *b, int service)
{
    const struct backups_service *s = &b->services[service];
    json_t *items = json_array();
    json_t *body = json_object();
    for (size_t i = 0; i < s->drills.count; i++)
        (void)json_array_append_new(items, drill_json(&s->drills.items[i]));
    (void)json_put(body, "items", items);
    return body;
}
