/* The audit log's thread: everything that may wait for a disk. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"
#include "store/audit_inside.h"
#include "store/audit_pack.h"
#include "store/audit_read.h"
#include "store/audit_verify.h"

static bool pack_stopped(void *context)
{
    struct audit *a = context;
    (void)pthread_mutex_lock(&a->packer.lock);
    bool stop = a->packer.stop;
    (void)pthread_mutex_unlock(&a->packer.lock);
    return stop;
}

static void set_upkeep(struct audit *a, const struct error *err)
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
        set_upkeep(a, &err);
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

/* Packs FILE.1 when it is there: after a rotation, and at the start after a crash in between. */
static void start_packer(struct audit *a)
{
    struct error err = {0};
    audit_source_path(a->file.path, 1, false, a->pack_path, sizeof a->pack_path);
    if (!a->gzip || access(a->pack_path, F_OK) < 0)
        return;
    a->packing = worker_start(&a->packer, "resus-audit-gz", run_packer, a, &err) == 0;
    if (!a->packing)
        set_upkeep(a, &err);
}

/* Checks whether rotation can make room without removing young lines. */
static void look_for_room(struct audit *a)
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
    (void)pthread_mutex_lock(&a->worker.lock);
    e->next = a->pending.first;
    a->pending.first = e;
    if (a->pending.last == NULL)
        a->pending.last = e;
    a->pending.count++;
    (void)pthread_mutex_unlock(&a->worker.lock);
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

static void rotate(struct audit *a)
{
    struct error err = {0};
    if (a->fresh_file || !packer_idle(a))
        return;
    learn_kept(a);
    int r = audit_file_rotate(&a->file, &a->dropped, &err);
    set_upkeep(a, &err);
    if (r == 0) {
        a->fresh_file = true;
        a->unreported = true;
        a->report_at = clock_mono();
        start_packer(a);
    }
    report_rotation(a, r == 0);
    look_for_room(a);
}

/* Puts the oldest lines into the batch; returns how many. `ret_durable`: one of them wants it. */
static size_t fill_batch(struct audit *a, bool *ret_durable, int *ret_error)
{
    size_t count = 0;
    *ret_durable = false;
    *ret_error = 0;
    audit_file_begin(&a->file);
    for (struct audit_entry *e = a->pending.first; e != NULL; e = e->next) {
        if (count > 0 && audit_file_full(&a->file, e->length + AUDIT_SEAL_MAX))
            break;
        int r = audit_file_add(&a->file, e->body, e->length);
        if (r < 0) {
            if (count == 0)
                *ret_error = r;
            break;
        }
        *ret_durable |= e->durable;
        count++;
    }
    return count;
}

/* Under the lock, before it lets a completion through: the owner of a line finds its state here.
 */
static void note_state(struct audit *a, const struct error *problem)
{
    a->state.seq = a->file.seq;
    a->state.owed = a->owed;
    a->state.lost = a->lost;
    a->state.problem = *problem;
}

/* Under the lock: all written lines are on disk. */
static void keep_head(struct audit *a)
{
    struct audit_anchor anchor = {.head.seq = a->file.seq, .at = clock_wall()};
    a->unsynced = false;
    if (a->guard.keep == NULL || a->file.seq == 0)
        return;
    memcpy(anchor.head.hash, a->file.hash, sizeof anchor.head.hash);
    (void)str_copy(anchor.file, sizeof anchor.file, a->file.path);
    a->guard.keep(a->guard.context, &anchor);
}

static void note_written(struct audit *a, bool durable)
{
    mono_ms now = clock_mono();
    if (durable) {
        keep_head(a);
    } else if (!a->unsynced) {
        a->unsynced = true;
        a->sync_at = mono_add(now, AUDIT_SYNC_MS);
    }
    if (!a->unreported) {
        a->unreported = true;
        a->report_at = mono_add(now, a->guard.report_ms);
    }
}

static void succeed(struct audit *a, size_t count, bool durable)
{
    const struct error none = {0};
    (void)pthread_mutex_lock(&a->worker.lock);
    note_written(a, durable);
    for (; count > 0; count--) {
        struct audit_entry *e = audit_list_take(&a->pending);
        if (e->owed)
            a->owed--;
        a->fresh_file &= e->of_rotation;
        audit_complete(a, e->done, AUDIT_DURABLE, NULL);
        mem_free(e);
    }
    note_state(a, &none);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* What cannot be written now is reported to its owner and to syslog, and kept: the first
 * AUDIT_OWED_MAX lines of an outage, then they are only counted. */
static void fail(struct audit *a, const struct error *err)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    struct audit_list all = a->pending;
    a->pending = (struct audit_list){0};
    for (struct audit_entry *e; (e = audit_list_take(&all)) != NULL;) {
        if (!e->owed) {
            (void)audit_entry_syslog(e, err->text);
            audit_complete(a, e->done, AUDIT_FAILED, err);
            e->done = NULL;
            if (a->owed == AUDIT_OWED_MAX) {
                a->lost++;
                mem_free(e);
                continue;
            }
            e->owed = true;
            a->owed++;
        }
        audit_list_add(&a->pending, e);
    }
    note_state(a, err);
    (void)pthread_mutex_unlock(&a->worker.lock);
    a->retry_at = mono_add(clock_mono(), AUDIT_RETRY_MS);
}

static void tell_loss(struct audit *a)
{
    struct audit_line line;
    char reason[160];
    (void)str_format(reason, sizeof reason,
                     "%" PRIu64 " lines could not be kept while the file could not be written",
                     a->lost);
    audit_own_line(&line, AUDIT_MAINTENANCE, "audit-lines-lost", reason);
    struct audit_entry *e = audit_entry_new(&line, true);
    if (e == NULL)
        return; /* `lost` stays: reported next time */
    a->lost = 0;
    (void)pthread_mutex_lock(&a->worker.lock);
    audit_list_add(&a->pending, e);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

static void write_pending(struct audit *a)
{
    struct error err = {0};
    while (a->pending.first != NULL) {
        audit_file_begin(&a->file);
        if (audit_file_full(&a->file, a->pending.first->length + AUDIT_SEAL_MAX))
            rotate(a);
        bool durable;
        int r;
        size_t count = fill_batch(a, &durable, &r);
        if (r < 0)
            (void)error_set(&err, r, "the audit lines could not be prepared: out of memory");
        else
            r = audit_file_commit(&a->file, durable, &err);
        if (r < 0) {
            fail(a, &err);
            break;
        }
        succeed(a, count, durable);
        if (a->pending.first == NULL && a->lost > 0)
            tell_loss(a);
    }
}

/* ── after writing: flush, seal, report ── */

/* Records a failure to flush or seal, or its end. */
static void note_care(struct audit *a, const struct error *err)
{
    if (err->code != 0 || a->care_failed)
        set_upkeep(a, err);
    a->care_failed = err->code != 0;
}

static void sync_file(struct audit *a)
{
    struct error err = {0};
    int r = audit_file_sync(&a->file, &err);
    a->sync_at = mono_add(clock_mono(), AUDIT_RETRY_MS);
    note_care(a, &err);
    if (r < 0)
        return;
    (void)pthread_mutex_lock(&a->worker.lock);
    keep_head(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* In a batch of its own, because the MAC covers the hash of the line before. If the next key cannot
 * be stored, this one is used again: verification accepts two seals with the same number. */
static void write_seal(struct audit *a)
{
    struct buf body ATTR_CLEANUP(buf_free) = BUF_LIMIT(AUDIT_LINE_MAX);
    struct audit_line line;
    struct audit_seal next = a->seal;
    char said[256];
    struct error err = {0};
    if (a->seal.id[0] == '\0' || a->file.seq == 0)
        return;
    audit_seal_say(&a->seal, a->file.seq + 1, a->file.hash, said, sizeof said);
    audit_own_line(&line, AUDIT_MAINTENANCE, AUDIT_SEAL_OPERATION, said);
    audit_file_begin(&a->file);
    int r = audit_line_body(&line, &body);
    if (r == 0)
        r = audit_file_add(&a->file, body.data, body.length);
    if (r == 0)
        r = audit_file_commit(&a->file, true, &err);
    if (r == 0) {
        audit_seal_next(&next);
        r = audit_seal_save(a->state_dir, &next, &err);
        (void)pthread_mutex_lock(&a->worker.lock);
        keep_head(a);
        a->state.seq = a->file.seq;
        a->state.seal_number = a->seal.number;
        (void)pthread_mutex_unlock(&a->worker.lock);
        if (r == 0)
            a->seal = next;
    }
    mem_wipe(&next, sizeof next);
    note_care(a, &err);
}

/* The journal then has a copy of the head that an intruder cannot change through the file. */
static void report_head(struct audit *a)
{
    char seal[64] = "none";
    write_seal(a);
    if (a->unsynced)
        sync_file(a);
    a->unreported = a->unsynced;
    a->report_at = mono_add(clock_mono(), AUDIT_RETRY_MS);
    if (a->unsynced || a->file.seq == 0)
        return;
    (void)pthread_mutex_lock(&a->worker.lock);
    a->state.reported.seq = a->file.seq;
    memcpy(a->state.reported.hash, a->file.hash, sizeof a->state.reported.hash);
    if (a->seal.id[0] != '\0')
        (void)str_format(seal, sizeof seal, "%s/%" PRIu64, a->state.seal_key, a->state.seal_number);
    audit_ring(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
    log_info("audit", "audit-head %" PRIu64 ":%s seal %s", a->file.seq, a->file.hash, seal);
}

static void make_room(struct audit *a)
{
    learn_kept(a);
    audit_file_prune(&a->file, &a->dropped);
    report_rotation(a, false);
    look_for_room(a);
    write_pending(a);
}

static void refuse_key(struct audit *a, struct audit_entry *line, const struct error *why)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    audit_complete(a, line->done, AUDIT_FAILED, why);
    (void)pthread_mutex_unlock(&a->worker.lock);
    mem_free(line);
}

/* Ends the old seal chain with a seal, so that no line remains unsealed between the two. */
static void take_key(struct audit *a, struct audit_entry *line, const uint8_t *key)
{
    struct audit_seal fresh;
    struct error err = {0};
    write_seal(a);
    audit_seal_first(&fresh, key);
    if (audit_seal_save(a->state_dir, &fresh, &err) < 0) {
        refuse_key(a, line, &err);
        mem_wipe(&fresh, sizeof fresh);
        return;
    }
    a->seal = fresh;
    mem_wipe(&fresh, sizeof fresh);
    (void)pthread_mutex_lock(&a->worker.lock);
    (void)str_copy(a->state.seal_key, sizeof a->state.seal_key, a->seal.id);
    a->state.seal_number = 0;
    audit_list_add(&a->pending, line);
    (void)pthread_mutex_unlock(&a->worker.lock);
    write_pending(a);
    a->unreported = true;
    a->report_at = clock_mono();
}

static bool due(bool wanted, mono_ms at)
{
    return wanted && mono_reached(clock_mono(), at);
}

static mono_ms next_due(const struct audit *a)
{
    mono_ms at = a->room_at;
    if (a->owed > 0) /* everything else has to wait for it */
        return a->retry_at;
    if (a->unsynced)
        at = mono_min(at, a->sync_at);
    if (a->unreported)
        at = mono_min(at, a->report_at);
    return at;
}

/* Under the lock: until there is something to do. Returns false when it is time to end. */
static bool wait_for_work(struct audit *a)
{
    struct worker *w = &a->worker;
    while (!w->stop && !a->reopen && a->rekey == NULL && a->queue.first == NULL) {
        mono_ms at = next_due(a);
        int64_t wait_ms = at.ms == MONO_NEVER.ms ? -1 : mono_since(at, clock_mono());
        if (at.ms != MONO_NEVER.ms && wait_ms <= 0)
            return true;
        worker_wait(w, wait_ms);
    }
    return !w->stop || a->queue.first != NULL;
}

/* Without the lock. */
static void work(struct audit *a, bool reopen, struct audit_entry *rekey, const uint8_t *key)
{
    struct error err = {0};
    if (reopen && audit_file_reopen(&a->file, &err) < 0)
        set_upkeep(a, &err);
    if (reopen) /* an administrator may have moved files away */
        look_for_room(a);
    write_pending(a);
    if (rekey != NULL && a->pending.first == NULL)
        take_key(a, rekey, key);
    else if (rekey != NULL)
        refuse_key(a, rekey, &a->state.problem); /* this thread alone writes it */
    if (a->pending.first != NULL)                /* the disk is not writable */
        return;
    if (due(a->unsynced, a->sync_at))
        sync_file(a);
    if (due(a->unreported, a->report_at))
        report_head(a);
    if (due(a->room_at.ms != MONO_NEVER.ms, a->room_at))
        make_room(a);
}

void audit_run(void *context)
{
    struct audit *a = context;
    uint8_t key[AUDIT_KEY_BYTES];
    start_packer(a);
    look_for_room(a);
    (void)pthread_mutex_lock(&a->worker.lock);
    while (wait_for_work(a)) {
        for (struct audit_entry *e; (e = audit_list_take(&a->queue)) != NULL;)
            audit_list_add(&a->pending, e);
        bool reopen = a->reopen;
        struct audit_entry *rekey = a->rekey;
        memcpy(key, a->fresh_key, sizeof key);
        mem_wipe(a->fresh_key, sizeof a->fresh_key);
        a->reopen = false;
        a->rekey = NULL;
        a->lost += a->refused;
        a->refused = 0;
        a->busy_since = clock_mono();
        (void)pthread_mutex_unlock(&a->worker.lock);
        work(a, reopen, rekey, key);
        mem_wipe(key, sizeof key);
        (void)pthread_mutex_lock(&a->worker.lock);
        a->busy_since = MONO_NEVER;
    }
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (a->owed > 0)
        write_pending(a); /* the last chance */
    if (a->pending.first == NULL && (a->unreported || a->unsynced))
        report_head(a);
}

/* ── at the start ── */

/* The file must contain the anchor's line. It may be ahead of it: a line is flushed before its head
 * is recorded. */
void audit_check_start(struct audit *a)
{
    struct audit_file *f = &a->file;
    const struct audit_anchor *anchor = &a->guard.anchor;
    const struct audit_head *head = &anchor->head;
    struct error err = {0};
    /* Has the thread record the head: the anchor may be older, or missing. */
    a->unsynced = a->guard.keep != NULL && f->seq > 0;
    if (head->seq == 0 && f->seq == 0 && a->seal.number > 0)
        (void)str_format(a->finding, sizeof a->finding,
                         "the audit log is empty and the state database has no recorded head, but "
                         "seals were made with the key %s: their lines are missing",
                         a->seal.id);
    if (head->seq == 0 || !str_equal(anchor->file, f->path)) {
        if (a->finding[0] != '\0')
            log_error("audit", "%s", a->finding);
        else if (a->guard.keep != NULL && f->seq > 0)
            log_warning(
                "audit",
                "the state database has no recorded head of %s (new machine, restored state or "
                "upgrade): recording starts at seq %" PRIu64,
                f->path, f->seq);
        return;
    }
    if (f->seq == head->seq && str_equal(f->hash, head->hash))
        return;
    if (f->seq < head->seq) {
        audit_missing_text(f->seq, f->hash, head, a->finding, sizeof a->finding);
    } else if (f->seq == head->seq) {
        (void)str_format(a->finding, sizeof a->finding,
                         "the last line of the audit log (seq %" PRIu64
                         ") is not the line that was "
                         "written: its hash is %s, expected %s",
                         f->seq, f->hash, head->hash);
    } else {
        const struct audit_check check = {.anchor = anchor, .from = head};
        struct audit_verdict v = {0};
        if (audit_verify(f->path, &check, &v, &err) < 0)
            (void)str_copy(a->finding, sizeof a->finding, err.text);
        else if (!v.intact && v.bad_line == 0)
            (void)str_copy(a->finding, sizeof a->finding, v.why);
        else if (!v.intact)
            (void)str_format(a->finding, sizeof a->finding, "%s line %" PRIu64 ": %s", v.bad_file,
                             v.bad_line, v.why);
    }
    if (a->finding[0] == '\0')
        return;
    log_error("audit", "%s", a->finding);
    /* Continue the chain from the anchor, so that the gap remains visible. */
    if (f->seq <= head->seq) {
        f->seq = head->seq;
        memcpy(f->hash, head->hash, sizeof f->hash);
    }
}
