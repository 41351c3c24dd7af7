/* The audit log's thread: everything that may wait for a disk. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"
#include "store/audit_inside.h"

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

/* Under the lock, before it lets a completion through: the owner of a line finds its state here. */
static void note_state(struct audit *a, const struct error *problem)
{
    a->state.seq = a->file.seq;
    a->state.owed = a->owed + (a->file.doubtful ? audit_file_unsynced(&a->file) : 0);
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
    anchor.lost = a->untold;
    anchor.lost_at = a->guard.anchor.lost_at;
    a->kept = anchor;
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
    struct audit_entry *e = a->pending.first;
    for (size_t i = 0; i < count; i++, e = e->next)
        a->untold -= e->tells;
    note_written(a, durable);
    for (; count > 0; count--) {
        e = audit_list_take(&a->pending);
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
    audit_own_line(&line, AUDIT_MAINTENANCE, AUDIT_LOST_OPERATION, reason);
    struct audit_entry *e = audit_entry_new(&line, true);
    if (e == NULL)
        return; /* `lost` stays: reported next time */
    e->tells = a->lost;
    (void)pthread_mutex_lock(&a->worker.lock);
    a->untold += a->lost;
    a->lost = a->state.lost = 0;
    audit_list_add(&a->pending, e);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

static void set_finding(struct audit *a, const char *finding)
{
    if (finding[0] == '\0')
        return;
    (void)pthread_mutex_lock(&a->worker.lock);
    (void)str_copy(a->finding, sizeof a->finding, finding);
    a->state.missing = true;
    audit_ring(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* Reports what another program took away from the open file, before the lines that follow the gap. */
static void take_cut(struct audit *a)
{
    struct audit_line line;
    if (a->file.cut[0] == '\0')
        return;
    log_error("audit", "%s", a->file.cut);
    set_finding(a, a->file.cut);
    audit_missing_line(&line, a->file.cut);
    struct audit_entry *e = audit_entry_new(&line, true);
    if (e == NULL)
        return; /* next time */
    a->file.cut[0] = '\0';
    audit_put_first(a, &(struct audit_list){.first = e, .last = e, .count = 1});
}

static void write_pending(struct audit *a)
{
    struct error err = {0};
    while (a->pending.first != NULL) {
        if (audit_file_look(&a->file, &err) < 0) {
            fail(a, &err);
            break;
        }
        take_cut(a);
        audit_file_begin(&a->file);
        if (audit_file_full(&a->file, a->pending.first->length + AUDIT_SEAL_MAX))
            audit_rotate(a);
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
        audit_set_upkeep(a, err);
    a->care_failed = err->code != 0;
}

static void sync_file(struct audit *a)
{
    struct error err = {0};
    int r = audit_file_sync(&a->file, &err);
    a->sync_at = mono_add(clock_mono(), AUDIT_RETRY_MS);
    take_cut(a);
    note_care(a, &err);
    (void)pthread_mutex_lock(&a->worker.lock);
    if (r == 0)
        keep_head(a);
    note_state(a, &err);
    (void)pthread_mutex_unlock(&a->worker.lock);
    write_pending(a); /* the line about a cut */
}

/* In a batch of its own; on disk when it returns 0. */
static int write_alone(struct audit *a, const char *body, size_t length, struct error *err)
{
    audit_file_begin(&a->file);
    int r = audit_file_add(&a->file, body, length);
    if (r < 0)
        return error_set(err, r, "the audit line could not be prepared: out of memory");
    r = audit_file_commit(&a->file, true, err);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&a->worker.lock);
    keep_head(a);
    a->state.seq = a->file.seq;
    (void)pthread_mutex_unlock(&a->worker.lock);
    return 0;
}

/* Alone, because the MAC covers the hash of the line before. If the next key cannot be stored, this
 * one is used again: verification accepts two seals with the same number. */
static int write_seal(struct audit *a, struct error *err)
{
    struct buf body ATTR_CLEANUP(buf_free) = BUF_LIMIT(AUDIT_LINE_MAX);
    struct audit_line line;
    struct audit_seal next = a->seal;
    char said[256];
    if (a->seal.id[0] == '\0' || a->file.seq == 0)
        return 0;
    audit_seal_say(&a->seal, a->file.seq + 1, a->file.hash, said, sizeof said);
    audit_own_line(&line, AUDIT_MAINTENANCE, AUDIT_SEAL_OPERATION, said);
    int r = audit_line_body(&line, &body);
    if (r < 0)
        return error_set(err, r, "the audit log's seal could not be prepared: out of memory");
    r = write_alone(a, body.data, body.length, err);
    if (r == 0) {
        (void)pthread_mutex_lock(&a->worker.lock);
        a->state.seal_number = a->seal.number;
        (void)pthread_mutex_unlock(&a->worker.lock);
        audit_seal_next(&next);
        if (audit_seal_save(a->state_dir, &next, err) == 0)
            a->seal = next;
    }
    mem_wipe(&next, sizeof next);
    return r;
}

/* The journal then has a copy of the head that an intruder cannot change through the file. */
static void report_head(struct audit *a)
{
    char seal[64] = "none";
    struct error err = {0};
    (void)write_seal(a, &err);
    note_care(a, &err);
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
    audit_prune(a);
    write_pending(a);
}

static void answer_key(struct audit *a, struct audit_entry *line, const struct error *why)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    audit_complete(a, line->done, why == NULL ? AUDIT_DURABLE : AUDIT_FAILED, why);
    (void)pthread_mutex_unlock(&a->worker.lock);
    mem_free(line);
}

/* The line of a new key is on disk, and the key could not be stored. */
static void tell_old_key(struct audit *a, const struct error *why)
{
    struct audit_line line;
    char reason[ERROR_TEXT_MAX + 80];
    (void)str_format(reason, sizeof reason, "no new key: %s. Seals go on with the key before",
                     why->text);
    audit_own_line(&line, AUDIT_CONFIGURATION, "audit-key-kept", reason);
    struct audit_entry *e = audit_entry_new(&line, true);
    if (e == NULL)
        return;
    audit_put_first(a, &(struct audit_list){.first = e, .last = e, .count = 1});
    write_pending(a);
}

/* Ends the old seal chain with a seal, so that no line remains unsealed between the two. The line
 * comes before the key: a kill in between leaves the old chain, which its owner can verify. */
static void take_key(struct audit *a, struct audit_entry *line, const uint8_t *key)
{
    struct audit_seal fresh;
    struct error err = {0};
    if (write_seal(a, &err) < 0 || write_alone(a, line->body, line->length, &err) < 0) {
        answer_key(a, line, &err);
        return;
    }
    audit_seal_first(&fresh, key);
    if (audit_seal_save(a->state_dir, &fresh, &err) < 0) {
        tell_old_key(a, &err);
        answer_key(a, line, &err);
        mem_wipe(&fresh, sizeof fresh);
        return;
    }
    a->seal = fresh;
    mem_wipe(&fresh, sizeof fresh);
    (void)pthread_mutex_lock(&a->worker.lock);
    (void)str_copy(a->state.seal_key, sizeof a->state.seal_key, a->seal.id);
    a->state.seal_number = 0;
    (void)pthread_mutex_unlock(&a->worker.lock);
    answer_key(a, line, NULL);
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
    if (a->owed > 0 || !audit_file_is_open(&a->file)) /* everything else has to wait for it */
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

/* A file that could not be opened is a disk that refuses: it is tried again, and then reports what
 * it found as at a start. */
static bool open_file(struct audit *a, bool now, struct error *err)
{
    char finding[ERROR_TEXT_MAX];
    struct audit_list first = {0};
    if (audit_file_is_open(&a->file))
        return true;
    if (!now && !mono_reached(clock_mono(), a->retry_at)) {
        *err = a->state.problem; /* this thread alone writes it */
        return false;
    }
    if (audit_file_open(&a->file, err) < 0)
        return false;
    log_info("audit", "%s is open and can be written", a->file.path);
    audit_check_start(a, finding);
    set_finding(a, finding);
    audit_first_lines(a, finding, &first);
    audit_put_first(a, &first);
    const struct error none = {0};
    (void)pthread_mutex_lock(&a->worker.lock);
    note_state(a, &none);
    (void)pthread_mutex_unlock(&a->worker.lock);
    audit_look_for_room(a);
    return true;
}

/* Without the lock. */
static void work(struct audit *a, bool reopen, struct audit_entry *rekey, const uint8_t *key)
{
    struct error err = {0};
    if (!open_file(a, reopen, &err)) {
        fail(a, &err);
        if (rekey != NULL)
            answer_key(a, rekey, &err);
        return;
    }
    if (reopen && audit_file_reopen(&a->file, &err) < 0)
        audit_set_upkeep(a, &err);
    if (reopen) /* an administrator may have moved files away */
        audit_look_for_room(a);
    write_pending(a);
    if (rekey != NULL && a->pending.first == NULL)
        take_key(a, rekey, key);
    else if (rekey != NULL)
        answer_key(a, rekey, &a->state.problem); /* this thread alone writes it */
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
    audit_start_packer(a);
    audit_look_for_room(a);
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
        a->state.lost = a->lost;
        a->refused = 0;
        a->busy_since = clock_mono();
        (void)pthread_mutex_unlock(&a->worker.lock);
        work(a, reopen, rekey, key);
        mem_wipe(key, sizeof key);
        (void)pthread_mutex_lock(&a->worker.lock);
        a->busy_since = MONO_NEVER;
    }
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (a->owed > 0 && audit_file_is_open(&a->file))
        write_pending(a); /* the last chance */
    if (a->pending.first == NULL && audit_file_is_open(&a->file) && (a->unreported || a->unsynced))
        report_head(a);
}
