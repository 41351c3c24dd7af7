/* What a person orders: a restore that the plan allows, its safety backup, and later resume, undo
 * or cancel. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"
#include "store/record.h"

/* ── a restore begins ── */

static void fill(struct entry *e, struct planning *p)
{
    const struct restores *r = p->r;
    e->target = p->target;
    e->method = (enum restore_method)p->method;
    e->mode = e->method == RESTORE_BY_KEYS ? p->mode : RESTORE_EXACT;
    e->db = p->db;
    (void)str_copy(e->match, sizeof e->match, p->match);
    (void)str_copy(e->service, sizeof e->service, restores_settings(r, p->target)->id);
    (void)str_copy(e->source, sizeof e->source, p->source_id);
    (void)str_copy(e->backup, sizeof e->backup, p->backup);
    (void)str_copy(e->reason, sizeof e->reason, p->reason);
    e->began = restores_now(r).wall;
    e->keys = p->facts.keys;
    e->keys_before = p->facts.target_keys;
    e->place = p->place;
    e->job = (struct restore_job){.state = e->method == RESTORE_BY_REPLICATION ? REPLICATE_PLANNED
                                                                               : RESTORE_PLANNED,
                                  .place_aof = p->plan.place_aof,
                                  .was_running = p->facts.answers || p->place_facts.running};
}

static int fill_run(struct entry *e, struct planning *p, struct error *err)
{
    struct run *run = run_new(e, err);
    if (run == NULL)
        return err->code;
    run->redis = p->redis;
    run->facts = p->facts;
    run->names = p->names;
    run->facts.target_modules = (const char(*)[64])run->names.modules;
    run->unguarded = p->unguarded || !p->facts.answers;
    (void)str_copy(run->server, sizeof run->server, p->server);
    run->recipients = p->recipients;
    const struct manifest_file *f = &p->manifest->files[0];
    (void)str_copy(run->sha256, sizeof run->sha256, f->sha256);
    run->bytes = (uint64_t)f->bytes;
    if (!str_format(run->folder, sizeof run->folder, "%s/%s", p->root, p->source_id) ||
        !str_format(run->file, sizeof run->file, "%s/%s/%s/%s", run->folder,
                    backup_kind_word(p->kind), p->backup, f->name))
        return error_set(err, -ENAMETOOLONG, "the path of the backup is too long");
    run->manifest = p->manifest;
    p->manifest = NULL;
    run->facts.modules = (const char(*)[64])run->manifest->source.modules;
    e->database_count = run->manifest->database_count;
    e->databases = mem_calloc(e->database_count + 1, sizeof e->databases[0]);
    if (e->databases == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    memcpy(e->databases, run->manifest->databases, e->database_count * sizeof e->databases[0]);
    return 0;
}

int restores_take(struct planning *p, struct entry **ret, struct error *err)
{
    struct restores *r = p->r;
    int result = restores_make_room(r, err);
    if (result < 0)
        return result;
    struct entry *e = mem_calloc(1, sizeof *e);
    if (e == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    e->r = r;
    fill(e, p);
    result = fill_run(e, p, err);
    if (result < 0) {
        entry_free(e);
        return result;
    }
    e->number = record_next(r->ports.store, RECORD_RESTORE);
    r->entries[r->count++] = e;
    *ret = e;
    entry_order(e, "restore", &p->user, p->request_id);
    if (e->method == RESTORE_BY_KEYS)
        keys_begin(e);
    else
        result = machine_begin(e, err);
    if (result < 0) /* it is in the list, with its end */
        entry_ended(e, RESTORES_FAILED, err->text);
    return result;
}

static void on_guarded(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct restores *r = context;
    struct entry *e = restores_find(r, (int64_t)ticket);
    if (r->closing || e == NULL || e->run == NULL || e->run->guarded == NULL)
        return;
    if (result == 0)
        (void)str_copy(e->safety, sizeof e->safety, backups_last_id(r->ports.backups, e->target));
    e->run->guarded(e, result, err);
}

void entry_guard(struct entry *e, guard_ended *ended)
{
    struct restores *r = e->r;
    char reason[80];
    struct error err = {0};
    (void)str_format(reason, sizeof reason, BACKUPS_GUARD_REASON "%" PRId64, e->number);
    const struct backups_order order = {.task = BACKUPS_MAKE,
                                        .reason = reason,
                                        .user = &e->user,
                                        .request_id = "",
                                        .guards = true,
                                        .done = on_guarded,
                                        .context = r,
                                        .ticket = (uint64_t)e->number};
    e->run->guarded = ended;
    int result = backups_order(r->ports.backups, e->target, &order, NULL, &err);
    if (result < 0)
        ended(e, result, &err);
}

/* ── orders ── */

/* The placement undoes the newest restore of a folder only: known before the service is stopped. */
static const struct entry *newer_done(const struct restores *r, const struct entry *e)
{
    for (size_t i = r->count; i > 0 && r->entries[i - 1] != e; i--) {
        const struct entry *other = r->entries[i - 1];
        if (other->target == e->target && other->method == RESTORE_BY_FILE &&
            other->state == RESTORES_DONE)
            return other;
    }
    return NULL;
}

static int cancel(struct entry *e, const struct engine_user *user, struct error *err)
{
    if (e->state != RESTORES_RUNNING || !str_equal(e->order, "restore"))
        return error_set(err, -EBUSY, "This restore is not under way.");
    if (e->method != RESTORE_BY_KEYS)
        return machine_cancel(e, user, err);
    keys_cancel(e, user);
    return 0;
}

/* What forbids to resume or undo it now. */
static int check_order(const struct restores *r, const struct entry *e, enum restore_event order,
                       struct error *err)
{
    const struct entry *running = restores_running(r);
    const struct entry *holder = restores_holder(r, e->target);
    const struct entry *newer = newer_done(r, e);
    const struct restore_step step = restore_step(e->job.state, order);
    const char *why = r->ports.busy(r->ports.context, e->target);
    if (e->method == RESTORE_BY_KEYS ||
        (e->method == RESTORE_BY_REPLICATION && e->state == RESTORES_DONE))
        return error_set(
            err, -EBUSY, "A restore by %s is not %s: repeat it, or restore the safety backup %s.",
            e->method == RESTORE_BY_KEYS ? "keys" : "replication",
            e->method == RESTORE_BY_KEYS ? "resumed or undone" : "undone once it is done",
            e->safety[0] == '\0' ? "(none was made)" : e->safety);
    if (running != NULL)
        return error_set(err, -EBUSY, "Restore %" PRId64 " is under way: wait for its end.",
                         running->number);
    if (holder != NULL && holder != e)
        return error_set(err, -EBUSY, "Restore %" PRId64 " holds the service: end it first.",
                         holder->number);
    if (restore_refused(step.act))
        return error_set(err, -EBUSY, "%s", restore_refusal_text(step.act));
    if (newer != NULL)
        return error_set(err, -EBUSY, "Restore %" PRId64 " came after it: undo that one first.",
                         newer->number);
    if (why != NULL)
        return error_set(err, -EBUSY, "Under way on this service: %s. Wait for its end.", why);
    return 0;
}

int restores_order(struct restores *r, int service, int64_t number, enum restore_event order,
                   const struct engine_user *user, const char *request_id, struct error *err)
{
    struct entry *e = restores_find(r, number);
    if (r->closing)
        return error_set(err, -EBUSY, "Resus is stopping");
    if (e == NULL || e->target != service)
        return error_set(err, -ENOENT, "There is no such restore: resus restore list shows them.");
    if (order == RESTORE_CANCEL)
        return cancel(e, user, err);
    int result = check_order(r, e, order, err);
    if (result == 0 && e->method == RESTORE_BY_FILE)
        result = file_reach(e, err);
    if (result < 0)
        return result;
    const enum restores_state before = e->state;
    entry_order(e, order == RESTORE_UNDO ? "restore_undo" : "restore_resume", user, request_id);
    result = machine_order(e, order, err);
    if (result < 0)
        entry_ended(e, before, err->text);
    return result;
}
