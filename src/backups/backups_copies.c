#include "backups/backups_copies.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backups/catalog.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/copies.h"
#include "io/child.h"
#include "io/clock.h"
#include "io/log.h"

static struct now now_of(const struct backups_service *s)
{
    return s->b->ports.now(s->b->ports.context);
}

/* ── what waits ── */

static struct copies_facts facts_of(const struct backup_shelf_entry *e, const char *target)
{
    struct copies_facts f = {.damaged = e->damaged || e->verdict == PROOF_BAD};
    for (size_t i = 0; i < e->copy_count; i++)
        if (str_equal(e->copies[i].target, target)) {
            f.noted_copied = e->copies[i].state == MANIFEST_COPIED;
            f.noted_removed = e->copies[i].state == MANIFEST_COPY_REMOVED;
        }
    return f;
}

int64_t copies_waiting(const struct copying *c, wall_ms *ret_since)
{
    const struct backup_shelf *shelf = &c->service->shelf;
    int64_t count = 0;
    *ret_since = WALL_NONE;
    for (size_t i = 0; i < shelf->count; i++) { /* newest first */
        const struct copies_facts f = facts_of(&shelf->items[i], c->name);
        if (!copies_waits(&f))
            continue;
        count++;
        *ret_since = shelf->items[i].finished;
    }
    return count;
}

void copies_unwell(const struct backups_service *s, wall_ms now, char *to, size_t size)
{
    to[0] = '\0';
    for (size_t i = 0; i < s->copy_count && to[0] == '\0'; i++) {
        const struct copying *c = s->copies[i];
        char at[WALL_TEXT_SIZE];
        wall_ms since;
        int64_t count = copies_waiting(c, &since);
        wall_ms from = since.ms > s->b->begun.ms ? since : s->b->begun;
        if (count > 0 && wall_since(now, from) > COPIES_LATE_MS)
            (void)str_format(to, size, "%" PRId64 " backups wait for a copy at %s, since %s%s%s",
                             count, c->name, wall_text(since, at), c->text[0] == '\0' ? "" : ": ",
                             c->text);
    }
}

/* ── the end of a copier ── */

static void plan_next(struct copying *c)
{
    wall_ms since;
    uint32_t random = 0;
    struct copies_times times = {.waiting = copies_waiting(c, &since) > 0,
                                 .more = c->more,
                                 .failures = c->failures,
                                 .ended = c->ended};
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    c->next_at = copies_due(&times, now_of(c->service).mono, random);
}

static struct audit_line line_of(const struct backups_service *s)
{
    struct audit_line line = {.event = AUDIT_BACKUP,
                              .at = now_of(s).wall,
                              .has_result = true,
                              .risk = AUDIT_RISK_LOW,
                              .ssh_key_used = -1};
    (void)str_copy(line.service, sizeof line.service, s->id);
    (void)str_copy(line.operation, sizeof line.operation, "backup_copy");
    (void)str_copy(line.user_id, sizeof line.user_id, "system");
    (void)str_copy(line.user_email, sizeof line.user_email, "system");
    (void)str_copy(line.user_role, sizeof line.user_role, "system");
    (void)str_copy(line.source_ip, sizeof line.source_ip, "local");
    return line;
}

static void publish(struct copying *c, const char *result, const char *text)
{
    const struct backups_ports *ports = &c->service->b->ports;
    json_t *body = json_object();
    (void)json_put_text(body, "event", "backup_copy");
    (void)json_put_text(body, "user", "system");
    (void)json_put_text(body, "result", result);
    (void)json_put_text(body, "message", text);
    ports->publish(ports->context, c->service->index, body);
}

/* A failure is written down once, and its repetitions are counted. */
static void note_failure(struct copying *c, const char *text)
{
    const struct backups_ports *ports = &c->service->b->ports;
    bool first = c->failures == 0 || !str_equal(c->text, text);
    c->failed++;
    if (c->failures++ == 0)
        c->failing_since = now_of(c->service).wall;
    (void)str_copy_clean(c->text, sizeof c->text, text, strlen(text));
    if (!first)
        return;
    log_warning("backups", "%s: no copy at %s: %s", c->service->id, c->name, c->text);
    struct audit_line line = line_of(c->service);
    (void)str_copy(line.reason, sizeof line.reason, c->name);
    (void)str_copy(line.error, sizeof line.error, c->text);
    ports->audit(ports->context, &line);
    char message[ERROR_TEXT_MAX];
    (void)str_format(message, sizeof message, "No copy at %s: %s", c->name, c->text);
    publish(c, "failure", message);
}

static void note_success(struct copying *c)
{
    if (c->failures > 0)
        log_info("backups", "%s: copies at %s work again", c->service->id, c->name);
    c->failures = 0;
    c->text[0] = '\0';
    c->failing_since = WALL_NONE;
    c->succeeded = now_of(c->service).wall;
}

static void take_report(struct copying *c, struct copy_report *report)
{
    c->more = report->more;
    (void)str_copy(c->note, sizeof c->note, report->note);
    if (report->error.code != 0)
        note_failure(c, report->error.text);
    else
        note_success(c);
    if (report->count > 0)
        c->report = report;
    else
        mem_free(report);
}

void copies_say_end(const struct child_result *r, char text[ERROR_TEXT_MAX])
{
    if (r->end == CHILD_SIGNALLED && r->signal == SIGALRM)
        (void)str_format(text, ERROR_TEXT_MAX, "the place does not answer: no byte in two minutes");
    else if (r->end == CHILD_SIGNALLED)
        (void)str_format(text, ERROR_TEXT_MAX, "the copier was ended by signal %d", r->signal);
    else if (r->end == CHILD_TIMED_OUT)
        (void)str_format(text, ERROR_TEXT_MAX, "not done within a day");
    else
        (void)str_format(text, ERROR_TEXT_MAX, "the copier ended with status %d: %.300s",
                         r->exit_code, r->err_length == 0 ? "no message" : r->err);
}

static void on_copied(void *context, const struct child_result *r)
{
    struct copying *c = context;
    struct copy_report *report = NULL;
    struct error err = {0};
    c->child = NULL;
    c->service->b->copiers--;
    c->ended = now_of(c->service).mono;
    c->more = false;
    if (r->end != CHILD_EXITED || r->exit_code != 0)
        copies_say_end(r, err.text);
    else if ((report = mem_calloc(1, sizeof *report)) == NULL)
        (void)error_set(&err, -ENOMEM, "out of memory");
    else if (copy_report_read(r->out, r->out_length, report, &err) == 0)
        take_report(c, report);
    if (err.text[0] != '\0') {
        mem_free(report);
        note_failure(c, err.text);
    }
    plan_next(c); /* with a report: once more when it is noted */
}

/* ── a run ── */

static const struct copy_settings *settings_of(const struct backups_service *s, const char *name)
{
    const struct settings *all = s->b->ports.settings(s->b->ports.context);
    const struct backup_settings *own = &backups_settings(s)->backup;
    for (size_t i = 0; i < own->copy_count; i++)
        if (str_equal(all->copies[own->copy_first + i].name, name))
            return &all->copies[own->copy_first + i];
    return NULL;
}

static bool known_before(const struct backups_service *s, const char *target)
{
    for (size_t i = 0; i < s->shelf.count; i++)
        if (facts_of(&s->shelf.items[i], target).noted_copied)
            return true;
    return false;
}

char *copies_job_text(const struct backups_service *s, const char *target, enum copy_task task,
                      const char *id)
{
    const struct copy_settings *settings = settings_of(s, target);
    const struct backup_settings *own = &backups_settings(s)->backup;
    ATTR_CLEANUP(mem_freep) struct copy_job *job = mem_calloc(1, sizeof *job);
    if (job == NULL || settings == NULL)
        return NULL;
    *job = (struct copy_job){
        .task = task, .keep = own->keep, .known = known_before(s, target), .target = *settings};
    (void)str_copy(job->id, sizeof job->id, id);
    (void)str_copy(job->service, sizeof job->service, s->id);
    (void)str_copy(job->directory, sizeof job->directory, own->directory);
    (void)str_copy(job->timezone, sizeof job->timezone,
                   s->b->ports.settings(s->b->ports.context)->security.timezone);
    JSON_CLEANUP json_t *o = copy_job_json(job);
    return o == NULL ? NULL : json_dumps(o, JSON_WRITE_FLAGS | JSON_COMPACT);
}

static void begin(struct copying *c, struct now now)
{
    struct backups *b = c->service->b;
    struct error err = {0};
    char *text = copies_job_text(c->service, c->name, COPY_OUT, NULL);
    const char *const argv[] = {b->ports.copier, "copy-out", text, NULL};
    const struct child_options options = {
        .argv = argv, .output_max = 256 * 1024, .deadline = mono_add(now.mono, COPIER_DEADLINE_MS)};
    if (text == NULL)
        (void)error_set(&err, -ENOMEM, "out of memory");
    else if (child_start(b->ports.loop, &options, on_copied, c, &c->child, &err) == 0)
        b->copiers++;
    free(text);
    if (err.code == 0)
        return;
    c->ended = now.mono;
    note_failure(c, err.text);
    plan_next(c);
}

void copies_turn(struct backups_service *s, struct now now)
{
    for (size_t i = 0; i < s->copy_count; i++) {
        struct copying *c = s->copies[i];
        if (s->loaded && c->child == NULL && c->report == NULL &&
            mono_reached(now.mono, c->next_at) && s->b->copiers < COPIES_AT_ONCE_MAX)
            begin(c, now);
    }
}

int copies_check_fetch(const struct backups_service *s, const struct backups_order *order,
                       struct error *err)
{
    if (settings_of(s, order->target) == NULL)
        return error_set(err, -ENOENT,
                         "there is no such place in backup.copies: resus backup status shows them");
    if (!manifest_id_valid(order->id))
        return error_set(err, -ENOENT, "that is not the name of a backup");
    if (backup_shelf_find(&s->shelf, order->id) != NULL)
        return error_set(err, -EEXIST, "%s is here already: resus backup verify proves it",
                         order->id);
    return 0;
}

/* ── in the manifests ── */

bool copies_to_note(const struct backups_service *s)
{
    for (size_t i = 0; i < s->copy_count; i++)
        if (s->copies[i]->report != NULL)
            return true;
    return false;
}

/* The first report that waits becomes the job's. */
void copies_give(struct job *j)
{
    struct backups_service *s = j->service;
    for (size_t i = 0; i < s->copy_count && j->report == NULL; i++) {
        j->report = s->copies[i]->report;
        s->copies[i]->report = NULL;
        (void)str_copy(j->target, sizeof j->target, s->copies[i]->name);
    }
}

static void note_outcome(struct manifest *m, const char *target, enum copy_outcome_state state)
{
    if (state == COPY_MISSING)
        manifest_forget_copy(m, target);
    else
        manifest_note_copy(m, target,
                           state == COPY_REMOVED ? MANIFEST_COPY_REMOVED : MANIFEST_COPIED,
                           clock_wall());
}

void copies_note_worker(struct job *j)
{
    struct error *err = &j->error;
    if (catalog_open(j->settings.directory, j->service->id, &j->catalog, err) < 0)
        return;
    for (size_t i = 0; j->report != NULL && i < j->report->count; i++) {
        struct copy_outcome *o = &j->report->outcomes[i];
        o->manifest_sha256[0] = '\0';
        if (catalog_read(j->catalog, o->kind, o->id, j->manifest, NULL) < 0)
            continue; /* it was removed meanwhile */
        note_outcome(j->manifest, j->target, o->state);
        if (catalog_update(j->catalog, j->manifest, o->manifest_sha256, err) < 0)
            return;
    }
}

void copies_audit(const struct job *j)
{
    const struct backups_service *s = j->service;
    for (size_t i = 0; j->report != NULL && i < j->report->count; i++) {
        const struct copy_outcome *o = &j->report->outcomes[i];
        struct audit_line line = line_of(s);
        line.success = true;
        if (o->state == COPY_FOUND)
            continue;
        (void)str_format(line.reason, sizeof line.reason, "%s: copy at %s %s%s%s", o->id, j->target,
                         copy_outcome_word(o->state),
                         o->manifest_sha256[0] == '\0' ? "" : "; manifest sha256 ",
                         o->manifest_sha256);
        s->b->ports.audit(s->b->ports.context, &line);
        if (o->state == COPY_MISSING)
            log_warning("backups", "%s: %s", s->id, line.reason);
        else
            log_info("backups", "%s: %s", s->id, line.reason);
    }
}

/* A new backup waits: now, unless the place fails. */
void copies_changed(struct backups_service *s)
{
    for (size_t i = 0; i < s->copy_count; i++)
        if (s->copies[i]->failures == 0 && s->copies[i]->child == NULL)
            plan_next(s->copies[i]);
}

/* ── which places there are ── */

static void let_go(struct copying *c)
{
    if (c->child != NULL) {
        c->service->b->copiers--;
        child_abandon(c->child);
    }
    mem_free(c->report);
    mem_free(c);
}

static struct copying *take_old(struct copying *old[SETTINGS_COPIES_MAX], size_t count,
                                const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (old[i] != NULL && str_equal(old[i]->name, name)) {
            struct copying *found = old[i];
            old[i] = NULL;
            return found;
        }
    return NULL;
}

void copies_bind(struct backups_service *s)
{
    const struct settings *all = s->b->ports.settings(s->b->ports.context);
    const struct backup_settings *own = &backups_settings(s)->backup;
    struct copying *old[SETTINGS_COPIES_MAX];
    size_t old_count = s->copy_count;
    memcpy(old, s->copies, sizeof old);
    s->copy_count = 0;
    for (size_t i = 0; i < own->copy_count; i++) {
        const struct copy_settings *target = &all->copies[own->copy_first + i];
        struct copying *c = take_old(old, old_count, target->name);
        if (c == NULL && (c = mem_calloc(1, sizeof *c)) != NULL) {
            c->service = s;
            c->ended = MONO_NEVER;
            (void)str_copy(c->name, sizeof c->name, target->name);
        }
        if (c == NULL) {
            log_error("backups", "%s: out of memory: no copies at %s", s->id, target->name);
            continue;
        }
        c->next_at = now_of(s).mono; /* a changed setting is tried at once */
        s->copies[s->copy_count++] = c;
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != NULL)
            let_go(old[i]);
}

void copies_close(struct backups_service *s)
{
    for (size_t i = 0; i < s->copy_count; i++)
        let_go(s->copies[i]);
    s->copy_count = 0;
}
