/* One task of a service's backups, from its order to its audit line. Steps that block are done by
 * workers, one at a time; between them the loop decides. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backups/backups_copies.h"
#include "backups/backups_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/child.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "io/trust.h"

void job_work(struct job *j, uv_work_cb worker, uv_after_work_cb after)
{
    (void)uv_queue_work(j->service->b->ports.loop, &j->work, worker, after);
}

/* Keeps the result of a step whose error is `j->error`. */
void job_note(struct job *j, int r)
{
    if (r < 0 && j->error.code == 0)
        j->error.code = r;
}

static const char *worded(const struct job *j, const char *word)
{
    return j->outranked ? "cancelled" : word;
}

/* ── the end ── */

static void audit_job(const struct job *j, bool success)
{
    const struct backups_ports *ports = &j->service->b->ports;
    wall_ms now = ports->now(ports->context).wall;
    struct audit_line line = {.event = AUDIT_BACKUP,
                              .at = now,
                              .has_result = true,
                              .success = success,
                              .duration_seconds = (double)wall_since(now, j->since) / 1000,
                              .risk = j->task == BACKUPS_REMOVE ? AUDIT_RISK_HIGH : AUDIT_RISK_LOW,
                              .ssh_key_used = -1};
    bool system = j->user.id[0] == '\0';
    (void)str_copy(line.service, sizeof line.service, j->service->id);
    (void)str_format(line.operation, sizeof line.operation, "backup_%s",
                     backups_task_word(j->task));
    (void)str_copy(line.user_id, sizeof line.user_id, system ? "system" : j->user.id);
    (void)str_copy(line.user_email, sizeof line.user_email, system ? "system" : j->user.email);
    (void)str_copy(line.user_role, sizeof line.user_role, system ? "system" : j->user.role);
    (void)str_copy(line.source_ip, sizeof line.source_ip, system ? "local" : j->user.source_ip);
    (void)str_copy(line.request_id, sizeof line.request_id, j->request_id);
    if (!success)
        (void)str_copy(line.error, sizeof line.error, j->text);
    (void)str_format(line.reason, sizeof line.reason, "%s%s%s%s%s", j->id,
                     j->reason[0] == '\0' ? "" : ": ", j->reason,
                     j->sha256[0] == '\0' ? "" : "; manifest sha256 ", j->sha256);
    ports->audit(ports->context, &line);
}

static size_t *under_way(const struct job *j)
{
    struct backups *b = j->service->b;
    return job_copies(j) ? &b->running : &b->changing;
}

/* Whoever waits for the place that has become free need not wait for the next turn. */
static void let_next_begin(struct backups *b)
{
    for (size_t i = 0; i < b->count && !b->closing; i++)
        if (b->services[i].job != NULL)
            job_turn(b->services[i].job);
}

bool job_ended_well(const struct job *j)
{
    static const char *const words[] = {"proved", "not_proved", "good", "done"};
    return str_index(words, ARRAY_LENGTH(words), j->end) >= 0 ||
           (j->guards && str_equal(j->end, "suspicious")); /* what it guards is what is lost */
}

static void job_end(struct job *j)
{
    struct backups_service *s = j->service;
    struct backups *b = s->b;
    if (j->loaded) {
        backup_shelf_free(&s->shelf);
        s->shelf = j->shelf;
        j->shelf = (struct backup_shelf){0};
    }
    if (!job_internal(j)) {
        if (job_ended_well(j))
            log_info("backups", "%s: %s: %s", s->id, backups_task_word(j->task), j->text);
        else
            log_warning("backups", "%s: %s %s: %s", s->id, backups_task_word(j->task), j->end,
                        j->text);
        if (!b->closing) /* then the log is closed, too */
            audit_job(j, job_ended_well(j));
    } else if (!b->closing) {
        copies_audit(j);
    }
    bool freed = !j->waiting;
    if (freed)
        (*under_way(j))--;
    if (s->after == j) {
        s->after = NULL;
    } else {
        s->job = s->after;
        s->after = NULL;
    }
    backups_job_ended(s, j);
    if (j->done != NULL && !b->closing)
        j->done(j->context, j->ticket, j->error.code, &j->error);
    backup_shelf_free(&j->shelf);
    mem_free(j->manifest);
    mem_free(j->report);
    mem_free(j);
    if (freed)
        let_next_begin(b);
    b->pending--;
    backups_let_go(b);
}

static void fail(struct job *j, const struct error *err)
{
    j->end = worded(j, "failed");
    if (j->text[0] == '\0')
        (void)str_copy(j->text, sizeof j->text, err->text);
}

/* ── the last step: the folder as it is now ── */

static void read_folder(struct job *j, struct error *err)
{
    j->loaded = backup_shelf_load(j->catalog, &j->settings.keep, j->timezone, clock_wall(),
                                  &j->shelf, err) == 0;
}

/* Only after a scheduled backup that was proved: a month without one removes nothing. */
static void remove_old(struct job *j, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < j->shelf.count; i++) {
        const struct backup_shelf_entry *e = &j->shelf.items[i];
        if (e->kind != BACKUP_DAILY || e->kept_by != 0)
            continue;
        r = catalog_remove(j->catalog, e->kind, e->id, err);
        j->removed += r == 0;
    }
    if (j->removed > 0)
        read_folder(j, err);
}

/* -1 = not known. Blocks where the folder hangs. */
static int64_t free_of(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) < 0 ? -1 : (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

void job_settle_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    struct error err = {0};
    opened_wipe(&j->opened);
    if (j->catalog == NULL &&
        catalog_open(j->settings.directory, j->service->id, &j->catalog, &err) < 0) {
        if (j->error.code == 0)
            j->error = err;
        return;
    }
    read_folder(j, &err);
    if (j->loaded && j->scheduled && j->end != NULL && str_equal(j->end, "proved") &&
        !j->shelf.refused)
        remove_old(j, &err);
    j->free_bytes = free_of(j->settings.directory);
    if (!j->loaded && j->error.code == 0)
        j->error = err;
    catalog_close(j->catalog);
    j->catalog = NULL;
}

/* What was well up to the last step, and has a text that says so. */
static void say_late(struct job *j)
{
    bool known = j->end != NULL && str_equal(j->end, worded(j, "failed"));
    if (j->text[0] != '\0' && !known)
        (void)str_append(j->text, sizeof j->text, "; but the last step failed: %s", j->error.text);
}

void job_settled(uv_work_t *w, int status)
{
    struct job *j = (struct job *)w;
    (void)status;
    if (j->error.code != 0) {
        say_late(j);
        fail(j, &j->error);
    } else if (j->end == NULL) {
        j->end = "done";
    }
    if (j->removed > 0)
        (void)str_append(j->text, sizeof j->text, "%s%zu old ones removed",
                         j->text[0] == '\0' ? "" : "; ", j->removed);
    job_end(j);
}

static void settle(struct job *j)
{
    job_work(j, job_settle_worker, job_settled);
}

void job_settle_failed(struct job *j, const struct error *err)
{
    fail(j, err);
    settle(j);
}

/* Between two steps: true when the task ends here. */
bool job_stops(struct job *j)
{
    if (!j->outranked)
        return false;
    job_settle_failed(j, &j->error);
    return true;
}

/* ── a new backup ── */

static void say_suspicion(struct job *j, const struct backup_result *r)
{
    const struct backup_figures now = manifest_figures(r->manifest);
    struct backup_figures last = {0};
    char text[300];
    if (r->last != NULL)
        last = manifest_figures(r->last);
    for (int i = 0; i < BACKUP_SUSPICION_COUNT; i++)
        if ((r->manifest->suspicious & 1u << i) != 0) {
            backup_suspicion_text((enum backup_suspicion)i, &now, r->last == NULL ? NULL : &last,
                                  text, sizeof text);
            (void)str_append(j->text, sizeof j->text, "%s%s", j->text[0] == '\0' ? "" : ". ", text);
        }
    if ((r->manifest->suspicious & 1u << BACKUP_OUTSIDE_LIVE) == 0)
        (void)str_append(j->text, sizeof j->text, ". If it was meant: resus backup accept %s",
                         r->manifest->id);
}

static void say_made(struct job *j, const struct backup_result *r)
{
    const struct backup_figures f = manifest_figures(r->manifest);
    const struct manifest *m = r->manifest;
    const char *why = m->check_count == 0 ? "" : m->checks[m->check_count - 1].text;
    if (r->end == BACKUP_SUSPICIOUS) {
        say_suspicion(j, r);
        return;
    }
    (void)str_format(j->text, sizeof j->text, "%" PRId64 " keys, %" PRId64 " bytes, %s%s", f.keys,
                     f.bytes, r->end == BACKUP_PROVED ? "proved by loading" : "not proved: ",
                     r->end == BACKUP_PROVED ? "" : why);
    if (r->source_changed)
        (void)str_append(j->text, sizeof j->text,
                         "; the source changed meanwhile (a failover): make another one");
}

static void on_made(void *context, const struct backup_result *r)
{
    struct job *j = context;
    j->backup = NULL;
    j->end = worded(j, backup_end_word(r->end));
    if (r->end == BACKUP_FAILED || r->end == BACKUP_CANCELLED) {
        j->cause = j->outranked          ? "unreachable"
                   : r->cause == PULL_OK ? ""
                                         : pull_cause_word(r->cause);
        if (!j->outranked)
            j->error = r->error;
        job_settle_failed(j, &j->error);
        return;
    }
    (void)str_copy(j->id, sizeof j->id, r->manifest->id);
    (void)str_copy(j->sha256, sizeof j->sha256, r->manifest_sha256);
    say_made(j, r);
    settle(j);
}

/* Twice the last size: the data may have grown. */
static void check_space(const struct job *j, struct error *err)
{
    int64_t have = free_of(j->settings.directory);
    int64_t need = j->expected_bytes * 2 + pull_limits_default.reserve_bytes;
    if (have >= 0 && have < need)
        (void)error_set(err, -ENOSPC,
                        "%s has %" PRId64 " MiB free, a backup needs %" PRId64
                        " MiB: remove old ones (resus backup prune) or enlarge the disk",
                        j->settings.directory, have >> 20, need >> 20);
}

static void on_check_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    if (trust_check(j->settings.server, NULL, &j->error) < 0 ||
        file_make_folders(j->settings.directory, 0700, &j->error) < 0)
        return;
    /* Now and not after the copy: without all its keys no backup is made. */
    for (size_t i = 0; i < j->recipient_count && j->error.code == 0; i++)
        job_note(j, seal_public_load(j->recipients[i].file, &j->seal_for[i], &j->error));
    if (j->error.code == 0)
        check_space(j, &j->error);
}

static void on_checked(uv_work_t *w, int status)
{
    struct job *j = (struct job *)w;
    const struct backups_ports *ports = &j->service->b->ports;
    (void)status;
    if (job_stops(j))
        return;
    JSON_CLEANUP json_t *known =
        ports->known == NULL ? NULL : ports->known(ports->context, j->service->index);
    const struct backup_options options = {
        .host = known,
        .redis = &j->redis,
        .tunnel = j->redis.via == VIA_SSH ? ports->tunnel(ports->context, j->service->index) : NULL,
        .root = j->settings.directory,
        .service = j->service->id,
        .server = j->settings.server,
        .reason = j->reason,
        .by = j->user.email,
        .kind = j->kind,
        .recipients = j->seal_for,
        .recipient_count = j->recipient_count,
        .pull = pull_limits_default,
        .proof = proof_limits_default,
    };
    if (j->error.code == 0)
        job_note(j, backup_start(ports->loop, &options, on_made, j, &j->backup, &j->error));
    if (j->error.code != 0) {
        j->cause = j->error.code == -ENOSPC ? "disk" : "local";
        job_settle_failed(j, &j->error);
    }
}

/* ── changes that are done at once ── */

static void change(const struct job *j, struct manifest *m)
{
    if (j->task == BACKUPS_ACCEPT) {
        m->accepted_at = j->since;
        (void)str_copy_clean(m->accepted_by, sizeof m->accepted_by, j->user.email,
                             strlen(j->user.email));
    } else {
        m->pinned_until = j->task == BACKUPS_PIN ? j->until : WALL_NONE;
    }
}

static void on_change_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    struct error *err = &j->error;
    if (catalog_open(j->settings.directory, j->service->id, &j->catalog, err) < 0)
        return;
    if (j->task == BACKUPS_REMOVE) {
        job_note(j, catalog_remove(j->catalog, j->kind, j->id, err));
    } else if (j->task == BACKUPS_PRUNE) {
        read_folder(j, err);
        if (j->loaded)
            remove_old(j, err);
    } else if (catalog_read(j->catalog, j->kind, j->id, j->manifest, err) == 0) {
        change(j, j->manifest);
        job_note(j, catalog_update(j->catalog, j->manifest, j->sha256, err));
    }
    job_settle_worker(w);
}

static void on_note_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    copies_note_worker(j);
    job_settle_worker(w);
}

/* ── the order ── */

bool job_internal(const struct job *j)
{
    return j->task == BACKUPS_LOAD || j->task == BACKUPS_NOTE;
}

const struct job *job_shown(const struct backups_service *s)
{
    return s->job != NULL && job_internal(s->job) ? s->after : s->job;
}

bool job_copies(const struct job *j)
{
    return j->task == BACKUPS_MAKE || j->task == BACKUPS_VERIFY || j->task == BACKUPS_FETCH ||
           j->task == BACKUPS_DRILL || j->task == BACKUPS_REHEARSE;
}

static void fill(struct job *j, const struct backups_order *order)
{
    const struct backups *b = j->service->b;
    const struct service_settings *settings = backups_settings(j->service);
    const struct settings *all = b->ports.settings(b->ports.context);
    const struct backup_shelf_entry *latest = backup_shelf_latest(&j->service->shelf);
    j->task = order->task;
    j->kind = j->scheduled ? BACKUP_DAILY : BACKUP_MANUAL;
    j->redis = settings->redis;
    j->settings = settings->backup;
    if (j->task == BACKUPS_REHEARSE)
        (void)str_copy(j->settings.server, sizeof j->settings.server, j->settings.next_server);
    (void)str_copy(j->timezone, sizeof j->timezone, all->security.timezone);
    j->recipient_count = j->settings.recipient_count;
    for (size_t i = 0; i < j->recipient_count; i++)
        j->recipients[i] = all->recipients[j->settings.recipient_first + i];
    if (latest != NULL)
        j->expected_bytes = latest->bytes;
    if (order->user != NULL)
        j->user = *order->user;
    if (order->reason != NULL)
        (void)str_copy_clean(j->reason, sizeof j->reason, order->reason, strlen(order->reason));
    if (order->request_id != NULL)
        (void)str_copy(j->request_id, sizeof j->request_id, order->request_id);
    j->until = order->until;
    j->guards = order->guards;
    j->done = order->done;
    j->context = order->context;
    j->ticket = order->ticket;
    j->cause = "";
    (void)str_copy(j->target, sizeof j->target, order->target);
    if (order->id == NULL && order->task != BACKUPS_DRILL)
        return;
    const struct backup_shelf_entry *e =
        order->id == NULL ? latest : backup_shelf_find(&j->service->shelf, order->id);
    (void)str_copy(j->id, sizeof j->id, order->id != NULL ? order->id : e == NULL ? "" : e->id);
    j->kind = e == NULL ? BACKUP_MANUAL : e->kind;
}

int job_new(struct backups_service *s, const struct backups_order *order, bool scheduled,
            struct error *err)
{
    struct backups *b = s->b;
    struct job *j = mem_calloc(1, sizeof *j);
    struct manifest *m = mem_calloc(1, sizeof *m);
    if (j == NULL || m == NULL) {
        mem_free(j);
        mem_free(m);
        return error_set(err, -ENOMEM, "out of memory");
    }
    struct now now = b->ports.now(b->ports.context);
    j->service = s;
    j->free_bytes = -1;
    j->manifest = m;
    j->scheduled = scheduled;
    j->since = now.wall;
    j->waits_since = now.mono;
    fill(j, order);
    if (!job_internal(j))
        j->number = ++b->last_number;
    else if (j->task == BACKUPS_NOTE)
        copies_give(j);
    b->pending++;
    j->waiting = true;
    if (s->job != NULL) {
        s->after = j;
        return 0;
    }
    s->job = j;
    job_turn(j);
    return 0;
}

static void begin(struct job *j)
{
    j->waiting = false;
    (*under_way(j))++;
    if (j->task == BACKUPS_MAKE)
        job_work(j, on_check_worker, on_checked);
    else if (j->task == BACKUPS_VERIFY || j->task == BACKUPS_DRILL || j->task == BACKUPS_REHEARSE)
        job_verify(j);
    else if (j->task == BACKUPS_LOAD)
        settle(j);
    else if (j->task == BACKUPS_FETCH)
        job_fetch(j);
    else if (j->task == BACKUPS_NOTE)
        job_work(j, on_note_worker, job_settled);
    else
        job_work(j, on_change_worker, job_settled);
}

static const char *what_it_waits_for(const struct job *j)
{
    const struct backups_ports *ports = &j->service->b->ports;
    if (*under_way(j) >= (job_copies(j) ? BACKUPS_AT_ONCE_MAX : BACKUPS_CHANGES_MAX))
        return "other backups";
    return j->task == BACKUPS_MAKE && !j->guards ? ports->busy(ports->context, j->service->index)
                                                 : NULL;
}

void job_turn(struct job *j)
{
    struct backups *b = j->service->b;
    if (!j->waiting) {
        if (j->backup != NULL && b->ports.troubled(b->ports.context, j->service->index))
            job_cancel(j, "Redis is in trouble: recovery comes before a backup");
        return;
    }
    j->waits_for = what_it_waits_for(j);
    if (j->waits_for == NULL) {
        begin(j);
    } else if (mono_since(b->ports.now(b->ports.context).mono, j->waits_since) > BACKUPS_WAIT_MS) {
        (void)error_set(&j->error, -EBUSY, "waited for 10 minutes for %s", j->waits_for);
        fail(j, &j->error);
        job_end(j);
    }
}

void job_cancel(struct job *j, const char *why)
{
    if (j->outranked)
        return;
    j->outranked = true;
    if (j->error.code == 0)
        (void)error_set(&j->error, -ECANCELED, "%s", why);
    if (j->waiting) {
        fail(j, &j->error);
        job_end(j);
    } else if (j->backup != NULL) {
        backup_cancel(j->backup); /* on_made ends it */
    } else if (j->child != NULL) {
        child_abandon(j->child);
        j->child = NULL;
        job_settle_failed(j, &j->error);
    } else if (j->proof != NULL) {
        proof_cancel(j->proof);
        j->proof = NULL;
        job_settle_failed(j, &j->error);
    } /* else the end of the worker's step does */
}

/* One that comes to this engine may have backups of the owner before, where the folder is shared. */
void job_note_owner(struct backups_service *s, struct now now)
{
    const struct backups_ports *ports = &s->b->ports;
    bool elsewhere = ports->elsewhere(ports->context, s->index);
    if (s->of_another && !elsewhere)
        s->load_at = now.mono;
    s->of_another = elsewhere;
    if (elsewhere && s->job != NULL && s->job->scheduled)
        job_cancel(s->job, "another engine of the fleet owns the service");
}
