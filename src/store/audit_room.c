/* The audit log's thread: rotation, packing, and whether there is room. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/str.h"
#include "io/clock.h"
#include "store/audit_inside.h"
#include "store/audit_pack.h"
#include "store/audit_read.h"

static bool pack_stopped(void *context)
{
    struct audit *a = context;
    (void)pthread_mutex_lock(&a->packer.lock);
    bool stop = a->packer.stop;
    (void)pthread_mutex_unlock(&a->packer.lock);
    return stop;
}

void audit_set_upkeep(struct audit *a, const struct error *err)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    a->state.upkeep = *err;
    (void)pthread_mutex_unlock(&a->worker.lock);
}

static void run_packer(void *context)
{
    struct audit *a = context;
    struct error err = {0};
    int r = nice(10); /* of this thread alone on Linux */
    (void)r;
    r = audit_pack(a->pack_path, pack_stopped, a, &err);
    if (r != -ECANCELED)
        audit_set_upkeep(a, &err);
}

/* False while the last one is not through: then the file grows past max_size instead. */
static bool packer_idle(struct audit *a)
{
    if (!a->packing)
        return true;
    (void)pthread_mutex_lock(&a->packer.lock);
    bool finished = a->packer.finished;
    (void)pthread_mutex_unlock(&a->packer.lock);
    if (finished && worker_stop(&a->packer, 0)) {
        worker_free(&a->packer);
        a->packing = false;
    }
    return !a->packing;
}

void audit_start_packer(struct audit *a)
{
    struct error err = {0};
    audit_source_path(a->file.path, 1, false, a->pack_path, sizeof a->pack_path);
    if (!a->gzip || access(a->pack_path, F_OK) < 0)
        return;
    a->packing = worker_start(&a->packer, "resus-audit-gz", run_packer, a, &err) == 0;
    if (!a->packing)
        audit_set_upkeep(a, &err);
}

void audit_look_for_room(struct audit *a)
{
    struct error crowded = {0};
    bool is = audit_file_crowded(&a->file, &crowded);
    a->room_at = is ? mono_add(clock_mono(), a->guard.report_ms) : MONO_NEVER;
    (void)pthread_mutex_lock(&a->worker.lock);
    bool was = a->state.crowded.code != 0;
    a->state.crowded = crowded;
    if (is != was)
        audit_ring(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

void audit_put_first(struct audit *a, const struct audit_list *list)
{
    if (list->first == NULL)
        return;
    (void)pthread_mutex_lock(&a->worker.lock);
    list->last->next = a->pending.first;
    a->pending.first = list->first;
    if (a->pending.last == NULL)
        a->pending.last = list->last;
    a->pending.count += list->count;
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* Writes a line that names the removed files. It comes first in the new file, so it always fits. */
static void report_rotation(struct audit *a, bool rotated)
{
    const struct audit_dropped *d = &a->dropped;
    struct audit_line line;
    char reason[300];
    if (!rotated && d->files == 0)
        return;
    if (d->files == 0)
        (void)str_copy(reason, sizeof reason, "started a new file; removed no old file");
    else
        (void)str_format(reason, sizeof reason,
                         "removed %d old file%s to make room: seq %" PRIu64 " to %" PRIu64,
                         d->files, d->files == 1 ? "" : "s", d->first_seq, d->last_seq);
    audit_own_line(&line, AUDIT_MAINTENANCE, "audit-rotated", reason);
    struct audit_entry *e = audit_entry_new(&line, true);
    if (e == NULL)
        return; /* `dropped` remains: reported next time */
    e->of_rotation = true;
    a->dropped = (struct audit_dropped){0};
    audit_put_first(a, &(struct audit_list){.first = e, .last = e, .count = 1});
}

/* Before files are removed: up to which line the head is recorded outside of the log. */
static void learn_kept(struct audit *a)
{
    struct audit_anchor anchor = {0};
    (void)pthread_mutex_lock(&a->worker.lock);
    if (a->guard.kept != NULL) {
        a->guard.kept(a->guard.context, &anchor);
        a->file.kept_seq = str_equal(anchor.file, a->file.path) ? anchor.head.seq : 0;
    }
    (void)pthread_mutex_unlock(&a->worker.lock);
}

void audit_rotate(struct audit *a)
{
    struct error err = {0};
    if (a->fresh_file || !packer_idle(a))
        return;
    learn_kept(a);
    int r = audit_file_rotate(&a->file, &a->dropped, &err);
    audit_set_upkeep(a, &err);
    if (r == 0) {
        a->fresh_file = true;
        a->unreported = true;
        a->report_at = clock_mono();
        audit_start_packer(a);
    }
    report_rotation(a, r == 0);
    audit_look_for_room(a);
}

void audit_prune(struct audit *a)
{
    learn_kept(a);
    audit_file_prune(&a->file, &a->dropped);
    report_rotation(a, false);
    audit_look_for_room(a);
}
