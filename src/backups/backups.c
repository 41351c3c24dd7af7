#include "backups/backups.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "backups/backups_copies.h"
#include "backups/backups_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

#define TURN_MS 1000
#define LOAD_AGAIN_MS 60000 /* a folder that cannot be read */
#define REPORT_MS 60000
#define FAILURES_ALERT 4 /* the first try and those after 1, 5 and 15 minutes */
#define ZONE_SPAN_MS (INT64_C(4) * 24 * 3600 * 1000)

const char *backups_trouble_word(enum backups_trouble trouble)
{
    static const char *const words[] = {
        [BACKUPS_OVERDUE] = "overdue",       [BACKUPS_FAILED] = "failed",
        [BACKUPS_SUSPICIOUS] = "suspicious", [BACKUPS_UNCOPIED] = "uncopied",
        [BACKUPS_DRILL_FAILED] = "drill",    [BACKUPS_DRILL_OVERDUE] = "drill_overdue"};
    static_assert(ARRAY_LENGTH(words) == BACKUPS_TROUBLE_COUNT, "a word for every trouble");
    return words[trouble];
}

const char *backups_task_word(enum backups_task task)
{
    static const char *const words[] = {
        [BACKUPS_LOAD] = "load",     [BACKUPS_MAKE] = "create", [BACKUPS_VERIFY] = "verify",
        [BACKUPS_PIN] = "pin",       [BACKUPS_UNPIN] = "unpin", [BACKUPS_REMOVE] = "delete",
        [BACKUPS_ACCEPT] = "accept", [BACKUPS_PRUNE] = "prune", [BACKUPS_NOTE] = "note",
        [BACKUPS_FETCH] = "fetch",   [BACKUPS_DRILL] = "drill", [BACKUPS_REHEARSE] = "rehearse",
    };
    static_assert(ARRAY_LENGTH(words) == BACKUPS_TASK_COUNT, "a word for every task");
    return words[task];
}

static struct now now_of(const struct backups *b)
{
    return b->ports.now(b->ports.context);
}

const struct service_settings *backups_settings(const struct backups_service *s)
{
    return &s->b->ports.settings(s->b->ports.context)->services[s->index];
}

bool backups_is_scheduled(const struct backups_service *s)
{
    const struct backup_settings *settings = &backups_settings(s)->backup;
    return settings->minute > 0 || settings->every_ms > 0;
}

struct backup_times backups_times(const struct backups_service *s)
{
    const struct backup_settings *settings = &backups_settings(s)->backup;
    const struct backup_shelf_entry *made = backup_shelf_scheduled(&s->shelf);
    return (struct backup_times){
        .minute = settings->minute,
        .every_ms = settings->every_ms,
        .spread_ms = backup_spread_ms(s->id),
        .made = made == NULL ? WALL_NONE : made->started,
        .begun = s->b->begun,
        .tried = s->tried,
        .failures = s->failures,
    };
}

/* ── news ── */

static void judge(struct backups_service *s)
{
    const struct backup_times times = backups_times(s);
    const struct backup_shelf_entry *latest = backup_shelf_latest(&s->shelf);
    char at[WALL_TEXT_SIZE];
    s->overdue = s->loaded && backup_overdue(&times, latest == NULL ? WALL_NONE : latest->started,
                                             now_of(s->b).wall);
    s->unwell[0] = '\0';
    if (s->of_another) { /* its owner's backups count */
        s->overdue = s->drills.overdue = false;
        return;
    }
    if (s->problem.code != 0)
        (void)str_format(s->unwell, sizeof s->unwell, "The backups cannot be read: %s",
                         s->problem.text);
    else if (s->overdue)
        (void)str_format(s->unwell, sizeof s->unwell,
                         "No backup was proved since %s%s%s. Run: resus backup create %s",
                         latest == NULL ? "the start of Resus" : wall_text(latest->started, at),
                         s->failure.number == 0 ? "" : "; the last attempt: ", s->failure.text,
                         s->id);
    else if (s->failures > 0)
        (void)str_format(s->unwell, sizeof s->unwell, "The last backup failed: %s",
                         s->failure.text);
    else
        copies_unwell(s, now_of(s->b).wall, s->unwell, sizeof s->unwell);
    drills_judge(s, now_of(s->b).wall);
    if (s->unwell[0] == '\0')
        drills_unwell(s, s->unwell, sizeof s->unwell);
}

/* Without safety backups: that data are missing is why there was a restore. */
static const struct backup_shelf_entry *newest_of(const struct backups_service *s)
{
    for (size_t i = 0; i < s->shelf.count; i++)
        if (!str_starts(s->shelf.items[i].reason, BACKUPS_GUARD_REASON))
            return &s->shelf.items[i];
    return NULL;
}

static void report(struct backups_service *s)
{
    const struct backups_ports *ports = &s->b->ports;
    if (!backups_is_scheduled(s) && s->shelf.count == 0)
        return;
    ports->report(ports->context, s->index, BACKUPS_OVERDUE, s->overdue ? s->unwell : NULL);
    ports->report(ports->context, s->index, BACKUPS_FAILED,
                  s->failures >= FAILURES_ALERT || s->problem.code != 0 ? s->unwell : NULL);
    char uncopied[ERROR_TEXT_MAX];
    copies_unwell(s, now_of(s->b).wall, uncopied, sizeof uncopied);
    ports->report(ports->context, s->index, BACKUPS_UNCOPIED,
                  uncopied[0] == '\0' ? NULL : uncopied);
    char drilled[ERROR_TEXT_MAX];
    drills_unwell(s, drilled, sizeof drilled);
    bool failed = drills_failed(s);
    ports->report(ports->context, s->index, BACKUPS_DRILL_FAILED, failed ? drilled : NULL);
    ports->report(ports->context, s->index, BACKUPS_DRILL_OVERDUE,
                  s->drills.overdue && !failed ? drilled : NULL);
    const struct backup_shelf_entry *newest = newest_of(s);
    ports->report(
        ports->context, s->index, BACKUPS_SUSPICIOUS,
        newest != NULL && newest->suspicious != 0
            ? "The newest backup is suspicious: much fewer data than the one before, or "
              "other key counts than the server's. `resus backup show` says why. If fewer "
              "data were meant: `resus backup accept`"
            : NULL);
}

static void publish(struct backups_service *s, enum backups_task task, const char *user,
                    const char *result, const char *text, int64_t ms)
{
    json_t *body = json_object();
    char event[32];
    (void)str_format(event, sizeof event, "backup_%s", backups_task_word(task));
    (void)json_put_text(body, "event", event);
    (void)json_put_text(body, "user", user[0] == '\0' ? "system" : user);
    (void)json_put_text(body, "result", result);
    (void)json_put_text(body, "message", text);
    if (ms >= 0)
        (void)json_put_real(body, "duration_seconds", (double)ms / 1000);
    s->b->ports.publish(s->b->ports.context, s->index, body);
}

static void note_last(struct backups_service *s, const struct job *j)
{
    s->last = (struct last_job){.number = j->number,
                                .task = j->task,
                                .end = j->end,
                                .cause = j->cause,
                                .began = j->since,
                                .ended = now_of(s->b).wall};
    (void)str_copy(s->last.id, sizeof s->last.id, j->id);
    (void)str_copy(s->last.user, sizeof s->last.user, j->user.email);
    (void)str_copy(s->last.text, sizeof s->last.text, j->text);
    (void)str_copy(s->last.version, sizeof s->last.version, j->version);
}

static void count_made(struct backups_service *s, const struct job *j)
{
    bool kept = str_equal(j->end, "proved") || str_equal(j->end, "not_proved") ||
                str_equal(j->end, "suspicious");
    s->failure = s->last;
    if (kept)
        s->failure.number = 0;
    s->made += kept;
    s->failed += !kept;
    if (kept) {
        s->failures = 0;
    } else if (j->scheduled) {
        s->failures++;
        s->tried = now_of(s->b).wall;
    }
}

void backups_job_ended(struct backups_service *s, const struct job *j)
{
    mono_ms now = now_of(s->b).mono;
    if (j->loaded) {
        s->loaded = true;
        s->problem = (struct error){0};
    } else if (j->task == BACKUPS_LOAD) {
        s->problem = j->error;
    }
    s->load_at = s->loaded ? MONO_NEVER : mono_add(now, LOAD_AGAIN_MS);
    if (s->b->closing)
        return;
    if (j->free_bytes >= 0)
        s->free_bytes = j->free_bytes;
    if (!job_internal(j))
        note_last(s, j);
    if (j->task == BACKUPS_MAKE)
        count_made(s, j);
    if (j->task == BACKUPS_DRILL)
        drills_note(s, j);
    if (s->loaded)
        copies_changed(s);
    if (!job_internal(j)) {
        publish(s, j->task, j->user.email, job_ended_well(j) ? "success" : "failure", j->text,
                wall_since(s->last.ended, j->since));
    }
    judge(s);
    report(s);
}

/* ── the schedule ── */

static void refresh_due(struct backups_service *s, wall_ms now)
{
    const struct backup_times times = backups_times(s);
    struct zone_table table = {0};
    if (s->b->zone != NULL && zone_changes(s->b->zone, wall_add(now, -ZONE_SPAN_MS),
                                           wall_add(now, ZONE_SPAN_MS), &table) < 0)
        table = (struct zone_table){.first_offset_s = zone_offset_s(s->b->zone, now)};
    s->due = backup_due(&times, &table, now);
}

static void begin(struct backups_service *s, enum backups_task task)
{
    struct error err = {0};
    const struct backups_order order = {.task = task, .reason = ""};
    bool planned = task == BACKUPS_MAKE || task == BACKUPS_DRILL;
    if (job_new(s, &order, planned, &err) < 0)
        log_error("backups", "%s: %s", s->id, err.text);
    else if (planned)
        publish(s, task, "", "started",
                task == BACKUPS_MAKE ? "The scheduled backup has begun."
                                     : "The scheduled drill has begun.",
                -1);
}

static void turn(struct backups_service *s, struct now now)
{
    job_note_owner(s, now);
    copies_turn(s, now);
    if (s->job != NULL) {
        job_turn(s->job);
    } else if (copies_to_note(s)) {
        begin(s, BACKUPS_NOTE);
    } else if (mono_reached(now.mono, s->load_at)) {
        s->load_at = MONO_NEVER;
        begin(s, BACKUPS_LOAD);
    } else if (s->loaded && !s->of_another && backups_is_scheduled(s)) {
        refresh_due(s, now.wall);
        drills_judge(s, now.wall);
        if (s->due.ms <= now.wall.ms)
            begin(s, BACKUPS_MAKE);
        else if (s->drills.due.ms != WALL_NONE.ms && s->drills.due.ms <= now.wall.ms)
            begin(s, BACKUPS_DRILL);
    } else {
        s->due = WALL_NONE;
    }
    if (!mono_reached(now.mono, s->report_at))
        return;
    s->report_at = mono_add(now.mono, REPORT_MS);
    judge(s);
    report(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct backups *b = timer->data;
    struct now now = now_of(b);
    for (size_t i = 0; i < b->count; i++)
        turn(&b->services[i], now);
}

/* ── orders ── */

static const struct backups_service *at(const struct backups *b, int service)
{
    return &b->services[service];
}

static int check_kept(const struct backup_shelf_entry *e, struct error *err)
{
    if ((e->kept_by & 1u << RETENTION_PINNED) != 0)
        return error_set(err, -EPERM, "%s is pinned: run resus backup unpin %s first", e->id,
                         e->id);
    if ((e->kept_by & 1u << RETENTION_MINIMUM) != 0)
        return error_set(err, -EPERM,
                         "%s is one of the newest proved backups that `backup.minimum` keeps: make "
                         "another one first",
                         e->id);
    return 0;
}

static int check_acceptable(const struct backup_shelf_entry *e, struct error *err)
{
    if (e->damaged || e->verdict == PROOF_BAD)
        return error_set(err, -EALREADY, "%s is damaged: make another one", e->id);
    if ((e->suspicious & 1u << BACKUP_OUTSIDE_LIVE) != 0)
        return error_set(err, -EALREADY,
                         "%s has other key counts than the server had: no one meant that. Make "
                         "another one",
                         e->id);
    if (e->suspicious == 0)
        return error_set(err, -EALREADY, "%s is not suspicious: there is nothing to accept", e->id);
    return 0;
}

static int check_order(const struct backups_service *s, const struct backups_order *order,
                       struct error *err)
{
    char since[WALL_TEXT_SIZE];
    const struct job *runs = job_shown(s);
    if (runs != NULL)
        return error_set(err, -EBUSY, "%s runs since %s, by %s: try again when it has ended",
                         backups_task_word(runs->task), wall_text(runs->since, since),
                         runs->user.email[0] == '\0' ? "Resus" : runs->user.email);
    if (s->problem.code != 0 && order->task != BACKUPS_MAKE)
        return error_set(err, s->problem.code, "%s", s->problem.text);
    if (order->task == BACKUPS_FETCH)
        return copies_check_fetch(s, order, err);
    if (order->task == BACKUPS_DRILL && order->id == NULL && backup_shelf_latest(&s->shelf) == NULL)
        return error_set(err, -ENOENT,
                         "No backup was proved yet: run resus backup create %s first.", s->id);
    if (order->id == NULL)
        return 0;
    const struct backup_shelf_entry *e = backup_shelf_find(&s->shelf, order->id);
    if (e == NULL)
        return error_set(err, -ENOENT, "There is no such backup: resus backup list shows them.");
    return order->task == BACKUPS_REMOVE   ? check_kept(e, err)
           : order->task == BACKUPS_ACCEPT ? check_acceptable(e, err)
                                           : 0;
}

/* Of those that take long; NULL of the others. */
static const char *begun_text(enum backups_task task)
{
    static const char *const texts[BACKUPS_TASK_COUNT] = {
        [BACKUPS_MAKE] = "A backup has begun.",        [BACKUPS_VERIFY] = "A proof has begun.",
        [BACKUPS_FETCH] = "A copy is brought back.",   [BACKUPS_DRILL] = "A drill has begun.",
        [BACKUPS_REHEARSE] = "A rehearsal has begun.",
    };
    return texts[task];
}

int backups_order(struct backups *b, int service, const struct backups_order *order,
                  int64_t *ret_number, struct error *err)
{
    struct backups_service *s = &b->services[service];
    int r = b->closing ? error_set(err, -EBUSY, "Resus is stopping") : check_order(s, order, err);
    if (r < 0)
        return r;
    const char *begun = begun_text(order->task);
    if (begun != NULL)
        publish(s, order->task, order->user == NULL ? "" : order->user->email, "started", begun,
                -1);
    r = job_new(s, order, false, err);
    if (r == 0 && ret_number != NULL)
        *ret_number = b->last_number;
    return r;
}

int backups_find(const struct backups *b, int service, const char *id, enum backup_kind *ret,
                 struct error *err)
{
    const struct backups_order order = {.task = BACKUPS_VERIFY, .id = id};
    int r = b->closing ? error_set(err, -EBUSY, "Resus is stopping")
                       : check_order(at(b, service), &order, err);
    if (r == 0)
        *ret = backup_shelf_find(&at(b, service)->shelf, id)->kind;
    return r;
}

bool backups_at_work(const struct backups *b, int service)
{
    return at(b, service)->job != NULL;
}

const char *backups_last_id(const struct backups *b, int service)
{
    return at(b, service)->last.id;
}

const char *backups_last_text(const struct backups *b, int service)
{
    return at(b, service)->last.text;
}

const char *backups_last_version(const struct backups *b, int service)
{
    return at(b, service)->last.version;
}

bool backups_worker_take(struct backups *b)
{
    if (b->closing || b->changing >= BACKUPS_CHANGES_MAX)
        return false;
    b->changing++;
    b->pending++;
    return true;
}

void backups_worker_give(struct backups *b)
{
    b->changing--;
    for (size_t i = 0; i < b->count && !b->closing; i++)
        if (b->services[i].job != NULL)
            job_turn(b->services[i].job);
    b->pending--;
    backups_let_go(b);
}

const char *backups_unwell(const struct backups *b, int service)
{
    const char *text = at(b, service)->unwell;
    return text[0] == '\0' ? NULL : text;
}

int backups_copy_now(struct backups *b, int service, struct error *err)
{
    struct backups_service *s = &b->services[service];
    mono_ms now = now_of(b).mono;
    if (s->copy_count == 0)
        return error_set(err, -ENOENT,
                         "there is no place for copies: name one in backup.copies of the settings");
    for (size_t i = 0; i < s->copy_count; i++)
        s->copies[i]->next_at = now;
    return 0;
}

bool backups_copying(const struct backups *b, int service)
{
    const struct backups_service *s = at(b, service);
    mono_ms now = now_of(b).mono;
    bool busy = s->job != NULL && s->job->task == BACKUPS_NOTE;
    for (size_t i = 0; i < s->copy_count; i++)
        busy = busy || s->copies[i]->child != NULL || s->copies[i]->report != NULL ||
               mono_reached(now, s->copies[i]->next_at);
    return busy;
}

bool backups_copy_figures(const struct backups *b, int service, size_t number,
                          struct backups_copy_figures *ret)
{
    const struct backups_service *s = at(b, service);
    wall_ms since;
    if (number >= s->copy_count)
        return false;
    const struct copying *c = s->copies[number];
    *ret = (struct backups_copy_figures){.target = c->name,
                                         .waiting = copies_waiting(c, &since),
                                         .succeeded = c->succeeded,
                                         .failed = c->failed};
    return true;
}

bool backups_figures(const struct backups *b, int service, struct backups_figures *ret)
{
    const struct backups_service *s = at(b, service);
    const struct backup_shelf_entry *newest = s->shelf.count == 0 ? NULL : &s->shelf.items[0];
    const struct backup_shelf_entry *latest = backup_shelf_latest(&s->shelf);
    const struct drill *passed = drills_passed(s);
    *ret = (struct backups_figures){
        .success = newest == NULL ? WALL_NONE : newest->started,
        .proved = latest == NULL ? WALL_NONE : latest->started,
        .bytes = newest == NULL ? -1 : newest->bytes,
        .keys = newest == NULL ? -1 : newest->keys,
        .duration_ms = newest == NULL ? -1 : wall_since(newest->finished, newest->started),
        .made = s->made,
        .failed = s->failed,
        .overdue = s->overdue,
        .rpo_ms = latest == NULL ? -1 : wall_since(now_of(b).wall, latest->started),
        .rto_ms = passed == NULL ? -1 : drill_rto_ms(passed),
        .drilled = passed == NULL ? WALL_NONE : passed->began,
        .drill_failed = drills_failed(s),
        .drill_overdue = s->drills.overdue,
    };
    return newest != NULL || backups_is_scheduled(s);
}

/* ── opening and closing ── */

static void load_zone(struct backups *b)
{
    struct error err = {0};
    struct zone *zone = NULL;
    const char *name = b->ports.settings(b->ports.context)->security.timezone;
    if (zone_load(name, &zone, &err) < 0)
        log_error("backups", "%s: the schedule of backups is read in UTC", err.text);
    zone_free(b->zone);
    b->zone = zone;
}

int backups_open(const struct backups_ports *ports, struct backups **ret, struct error *err)
{
    const struct settings *settings = ports->settings(ports->context);
    struct backups *b = mem_calloc(1, sizeof *b);
    if (b == NULL ||
        (b->services = mem_calloc(settings->service_count + 1, sizeof b->services[0])) == NULL) {
        mem_free(b);
        return error_set(err, -ENOMEM, "out of memory");
    }
    b->ports = *ports;
    b->count = settings->service_count;
    for (size_t i = 0; i < b->count; i++) {
        struct backups_service *s = &b->services[i];
        *s = (struct backups_service){.b = b, .index = (int)i, .free_bytes = -1};
        (void)str_copy(s->id, sizeof s->id, settings->services[i].id);
    }
    int r = drills_load(b, err);
    if (r < 0) {
        b->closing = true;
        backups_let_go(b);
        return r;
    }
    load_zone(b);
    *ret = b;
    return 0;
}

void backups_start(struct backups *b)
{
    struct now now = now_of(b);
    b->begun = now.wall;
    b->timer.data = b;
    for (size_t i = 0; i < b->count; i++) {
        b->services[i].load_at = now.mono;
        b->services[i].report_at = mono_add(now.mono, REPORT_MS);
        copies_bind(&b->services[i]);
    }
    (void)uv_timer_init(b->ports.loop, &b->timer);
    (void)uv_timer_start(&b->timer, on_timer, 0, TURN_MS);
    b->started = true;
}

void backups_reload(struct backups *b)
{
    mono_ms now = now_of(b).mono;
    load_zone(b);
    for (size_t i = 0; i < b->count; i++) {
        b->services[i].load_at = now;
        copies_bind(&b->services[i]);
    }
}

void backups_let_go(struct backups *b)
{
    if (!b->closing || b->pending > 0)
        return;
    for (size_t i = 0; i < b->count; i++) {
        backup_shelf_free(&b->services[i].shelf);
        drills_free(&b->services[i]);
    }
    zone_free(b->zone);
    mem_free(b->services);
    mem_free(b);
}

static void on_closed(uv_handle_t *handle)
{
    struct backups *b = handle->data;
    b->pending--;
    backups_let_go(b);
}

void backups_close(struct backups *b)
{
    if (b == NULL)
        return;
    b->closing = true;
    b->pending++;
    for (size_t i = 0; i < b->count; i++) {
        struct backups_service *s = &b->services[i];
        copies_close(s);
        elsewhere_close(s);
        reading_forget(s);
        if (s->after != NULL)
            job_cancel(s->after, "Resus was stopped");
        if (s->job != NULL)
            job_cancel(s->job, "Resus was stopped");
    }
    if (b->started) {
        uv_close((uv_handle_t *)&b->timer, on_closed);
        return;
    }
    b->pending--;
    backups_let_go(b);
}
