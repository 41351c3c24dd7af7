#include "store/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"
#include "store/audit_inside.h"
#include "store/audit_line.h"
#include "store/audit_syslog.h"

void audit_list_add(struct audit_list *list, struct audit_entry *e)
{
    e->next = NULL;
    if (list->last == NULL)
        list->first = e;
    else
        list->last->next = e;
    list->last = e;
    list->count++;
}

struct audit_entry *audit_list_take(struct audit_list *list)
{
    struct audit_entry *e = list->first;
    if (e == NULL)
        return NULL;
    list->first = e->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    return e;
}

static void drop_completion(struct delivery *item)
{
    struct completion *c = (struct completion *)item;
    if (!c->spare)
        mem_free(c);
}

static struct completion *new_completion(struct audit *a, uint64_t id)
{
    struct completion *c = mem_calloc(1, sizeof *c);
    if (c == NULL) {
        (void)pthread_mutex_lock(&a->worker.lock);
        for (size_t i = 0; c == NULL && i < AUDIT_SPARES_MAX; i++)
            if (!a->spares[i].used)
                c = &a->spares[i];
        if (c != NULL)
            *c = (struct completion){.spare = true, .used = true};
        (void)pthread_mutex_unlock(&a->worker.lock);
    }
    if (c != NULL)
        c->id = id;
    return c;
}

static void on_delivery(void *context, struct delivery *item)
{
    struct audit *a = context;
    struct completion *c = (struct completion *)item;
    struct completion copy = *c;
    if (c == &a->bell) {
        (void)pthread_mutex_lock(&a->worker.lock);
        a->rung = false;
        (void)pthread_mutex_unlock(&a->worker.lock);
        a->guard.news(a->guard.context);
        return;
    }
    if (c->spare) {
        (void)pthread_mutex_lock(&a->worker.lock);
        c->used = false;
        (void)pthread_mutex_unlock(&a->worker.lock);
    } else {
        mem_free(c);
    }
    a->done(a->context, copy.id, copy.outcome, copy.outcome == AUDIT_DURABLE ? NULL : &copy.error);
}

void audit_complete(struct audit *a, struct completion *c, enum audit_outcome outcome,
                    const struct error *error)
{
    if (c == NULL)
        return;
    c->outcome = outcome;
    if (error != NULL)
        c->error = *error;
    deliver_post(a->deliver, &c->link);
}

struct audit_entry *audit_entry_new(const struct audit_line *line, bool durable)
{
    struct buf body ATTR_CLEANUP(buf_free) = BUF_LIMIT(AUDIT_LINE_MAX);
    if (audit_line_body(line, &body) < 0)
        return NULL;
    struct audit_entry *e = mem_calloc(1, sizeof *e + body.length + 1);
    if (e == NULL)
        return NULL;
    e->durable = durable;
    e->length = body.length;
    memcpy(e->body, body.data, body.length);
    return e;
}

/* Once a line, whether it was heard or not. Returns 1 when it was tried now. */
int audit_entry_syslog(struct audit_entry *e, const char *why)
{
    if (e->told)
        return 0;
    (void)audit_syslog(AUDIT_SYSLOG_SOCKET, why, e->body);
    e->told = true;
    return 1;
}

/* Under the lock. A disk that hangs is no error, it just never answers: then the thread cannot
 * write to syslog, so whoever appends does, some lines at a time. */
static void tell_if_hung(struct audit *a)
{
    int left = AUDIT_TELL_MAX;
    if (mono_since(clock_mono(), a->busy_since) < AUDIT_HUNG_MS)
        return;
    for (struct audit_entry *e = a->pending.first; e != NULL && left > 0; e = e->next)
        left -= audit_entry_syslog(e, "the disk hangs");
    for (struct audit_entry *e = a->queue.first; e != NULL && left > 0; e = e->next)
        left -= audit_entry_syslog(e, "the disk hangs");
}

void audit_append(struct audit *a, uint64_t id, const struct audit_line *line, bool durable)
{
    struct completion *c = id == 0 ? NULL : new_completion(a, id);
    struct audit_entry *e = audit_entry_new(line, durable);
    struct error err = {0};
    if (e == NULL) {
        (void)error_set(&err, -ENOMEM, "the audit line could not be queued: out of memory");
        audit_complete(a, c, AUDIT_FAILED, &err);
        return;
    }
    (void)pthread_mutex_lock(&a->worker.lock);
    bool full = a->queue.count >= AUDIT_QUEUE_MAX;
    if (!full) {
        e->done = c;
        audit_list_add(&a->queue, e);
        (void)pthread_cond_signal(&a->worker.wake);
    } else {
        a->refused++;
        (void)audit_entry_syslog(e, "the queue is full");
    }
    tell_if_hung(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (full) {
        mem_free(e);
        (void)error_set(&err, -ENOBUFS, "the audit queue is full (%d lines): the disk is stuck",
                        AUDIT_QUEUE_MAX);
        audit_complete(a, c, AUDIT_FAILED, &err);
    }
}

void audit_ring(struct audit *a)
{
    if (a->guard.news == NULL || a->rung)
        return;
    a->rung = true;
    deliver_post(a->deliver, &a->bell.link);
}

void audit_own_line(struct audit_line *line, enum audit_event event, const char *operation,
                    const char *reason)
{
    *line = (struct audit_line){
        .event = event,
        .at = clock_wall(),
        .user_id = "system",
        .user_email = "system",
        .user_role = "system",
        .source_ip = "local",
        .ssh_key_used = -1,
    };
    (void)str_copy(line->operation, sizeof line->operation, operation);
    (void)str_copy(line->reason, sizeof line->reason, reason);
}

void audit_missing_line(struct audit_line *line, const char *finding)
{
    audit_own_line(line, AUDIT_INCIDENT, AUDIT_MISSING_OPERATION, finding);
    line->has_result = true;
    line->duration_seconds = -1;
    line->risk = AUDIT_RISK_CRITICAL;
}

static void queue_own(struct audit_list *list, struct audit_line *line, uint64_t tells)
{
    struct audit_entry *e = audit_entry_new(line, true);
    if (e == NULL)
        return;
    e->tells = tells;
    audit_list_add(list, e);
}

static void queue_lost(struct audit *a, struct audit_list *list)
{
    struct audit_line line;
    char reason[160], at[WALL_TEXT_SIZE];
    (void)str_format(reason, sizeof reason,
                     "%" PRIu64 " lines could not be written before Resus stopped at %s", a->untold,
                     wall_text(a->guard.anchor.lost_at, at));
    audit_own_line(&line, AUDIT_MAINTENANCE, AUDIT_LOST_OPERATION, reason);
    queue_own(list, &line, a->untold);
}

void audit_first_lines(struct audit *a, const char *finding, struct audit_list *list)
{
    const struct audit_anchor *anchor = &a->guard.anchor;
    struct audit_line line;
    if (a->untold > 0)
        queue_lost(a, list);
    if (a->file.note[0] != '\0') {
        audit_own_line(&line, AUDIT_MAINTENANCE, "audit-line-torn", a->file.note);
        queue_own(list, &line, 0);
    }
    if (finding[0] != '\0') {
        audit_missing_line(&line, finding);
        queue_own(list, &line, 0);
    }
    if (anchor->head.seq > 0 && !str_equal(anchor->file, a->file.path)) {
        char reason[SETTINGS_PATH_MAX + 200];
        (void)str_format(reason, sizeof reason,
                         "the audit log was %s before; its last line was seq %" PRIu64 " (hash %s)",
                         anchor->file, anchor->head.seq, anchor->head.hash);
        audit_own_line(&line, AUDIT_CONFIGURATION, "audit-file-changed", reason);
        queue_own(list, &line, 0);
    }
}

static void take_guard(struct audit *a, const struct audit_guard *guard)
{
    struct error err = {0};
    if (guard != NULL)
        a->guard = *guard;
    if (a->guard.report_ms == 0)
        a->guard.report_ms = AUDIT_REPORT_MS;
    (void)str_copy(a->state_dir, sizeof a->state_dir, a->guard.state_dir);
    a->guard.state_dir = NULL; /* the caller's */
    a->untold = a->guard.anchor.lost;
    a->kept = a->guard.anchor;
    if (a->state_dir[0] != '\0' && audit_seal_load(a->state_dir, &a->seal, &err) < 0) {
        a->state.upkeep = err;
        log_error("audit", "%s", err.text);
    }
    (void)str_copy(a->state.seal_key, sizeof a->state.seal_key, a->seal.id);
    a->state.seal_number = a->seal.number;
}

static void forget(struct audit *a)
{
    while (a->queue.first != NULL)
        mem_free(audit_list_take(&a->queue));
    audit_file_close(&a->file);
    mem_wipe(&a->seal, sizeof a->seal);
    mem_free(a);
}

static void open_first(struct audit *a)
{
    if (audit_file_open(&a->file, &a->state.problem) < 0) {
        a->retry_at = mono_add(clock_mono(), AUDIT_RETRY_MS);
        log_error("audit",
                  "%s. Resus watches and recovers; lines wait in memory, people's operations are "
                  "refused, and opening is retried",
                  a->state.problem.text);
        return;
    }
    audit_check_start(a, a->finding);
    a->state.seq = a->file.seq;
    a->state.missing = a->finding[0] != '\0';
    audit_first_lines(a, a->finding, &a->queue);
}

int audit_open(uv_loop_t *loop, const struct audit_settings *settings,
               const struct audit_guard *guard, audit_done *done, void *context, struct audit **ret,
               struct error *err)
{
    struct audit *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    a->done = done;
    a->context = context;
    a->gzip = settings->gzip;
    a->busy_since = a->room_at = MONO_NEVER;
    a->bell.spare = true;
    int r = audit_file_set(&a->file, settings, err);
    if (r < 0) {
        mem_free(a);
        return r;
    }
    take_guard(a, guard);
    open_first(a);
    r = deliver_new(loop, on_delivery, a, drop_completion, &a->deliver, err);
    if (r == 0) {
        r = worker_start(&a->worker, "resus-audit", audit_run, a, err);
        if (r < 0) {
            deliver_close(a->deliver);
            deliver_free(a->deliver);
        }
    }
    if (r < 0) {
        forget(a);
        return r;
    }
    *ret = a;
    return 0;
}

void audit_rekey(struct audit *a, uint64_t id, const uint8_t key[AUDIT_KEY_BYTES],
                 const struct audit_line *line)
{
    struct completion *c = id == 0 ? NULL : new_completion(a, id);
    struct audit_entry *e = audit_entry_new(line, true);
    struct error err = {0};
    bool taken = false;
    if (e == NULL) {
        (void)error_set(&err, -ENOMEM, "cannot change the key: out of memory");
    } else if (a->state_dir[0] == '\0') {
        (void)error_set(&err, -EINVAL, "this audit log does not support seals");
    } else {
        (void)pthread_mutex_lock(&a->worker.lock);
        taken = a->rekey == NULL;
        if (taken) {
            e->done = c;
            a->rekey = e;
            memcpy(a->fresh_key, key, sizeof a->fresh_key);
            (void)pthread_cond_signal(&a->worker.wake);
        } else {
            (void)error_set(&err, -EBUSY, "another key change is in progress. Try again");
        }
        (void)pthread_mutex_unlock(&a->worker.lock);
    }
    if (!taken) {
        mem_free(e);
        audit_complete(a, c, AUDIT_FAILED, &err);
    }
}

const char *audit_note(const struct audit *a)
{
    return a->file.note;
}

void audit_finding(struct audit *a, char *to, size_t size)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    (void)str_copy(to, size, a->finding);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

void audit_look(struct audit *a, struct audit_state *ret)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    *ret = a->state;
    (void)pthread_mutex_unlock(&a->worker.lock);
}

void audit_reopen(struct audit *a)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    a->reopen = true;
    (void)pthread_cond_signal(&a->worker.wake);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

static void free_list(struct audit_list *list)
{
    for (struct audit_entry *e; (e = audit_list_take(list)) != NULL;) {
        if (e->done != NULL)
            drop_completion(&e->done->link);
        mem_free(e);
    }
}

/* How many lines of a list nothing will write; syslog gets them. */
static uint64_t lose(struct audit_list *list)
{
    uint64_t count = 0;
    for (struct audit_entry *e = list->first; e != NULL; e = e->next) {
        if (e->tells > 0)
            continue; /* the lines that it reports are counted as untold */
        (void)audit_entry_syslog(e, "Resus stops");
        count++;
    }
    return count;
}

/* Under the lock, when the thread has ended or hangs. */
static void report_lost(struct audit *a, const char *why)
{
    uint64_t lost = lose(&a->pending) + lose(&a->queue) + a->state.lost + a->refused + a->untold;
    if (lost == 0)
        return;
    log_error("audit",
              "%" PRIu64 " lines of the audit log could not be written before Resus stopped: %s. "
              "Syslog has those of this run. The next start writes their number into the log",
              lost, why);
    a->kept.lost = lost;
    a->kept.lost_at = clock_wall();
    if (a->guard.keep != NULL)
        a->guard.keep(a->guard.context, &a->kept);
}

void audit_close(struct audit *a, int64_t wait_ms)
{
    if (a == NULL)
        return;
    mono_ms until = mono_add(clock_mono(), wait_ms);
    deliver_close(a->deliver);
    bool ended = worker_stop(&a->worker, wait_ms);
    (void)pthread_mutex_lock(&a->worker.lock);
    if (ended && a->file.doubtful)
        log_error("audit", "%" PRIu64 " lines are in the audit log, but may not be on the disk: %s",
                  audit_file_unsynced(&a->file), a->state.problem.text);
    const char *why = a->state.problem.code != 0 ? a->state.problem.text : "they came too late";
    report_lost(a, ended ? why : "the disk does not answer");
    if (!ended) {
        /* A dead disk holds the thread, and the thread this memory. Its listeners may be freed. */
        a->guard.keep = NULL;
        a->guard.kept = NULL;
        a->guard.news = NULL;
    }
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (!ended || (a->packing && !worker_stop(&a->packer, mono_since(until, clock_mono()))))
        return;
    if (a->packing)
        worker_free(&a->packer);
    worker_free(&a->worker);
    if (a->rekey != NULL)
        audit_list_add(&a->queue, a->rekey);
    free_list(&a->queue);
    free_list(&a->pending);
    audit_file_close(&a->file);
    deliver_free(a->deliver);
    mem_wipe(&a->seal, sizeof a->seal);
    mem_wipe(a->fresh_key, sizeof a->fresh_key);
    mem_free(a);
}
