#include "store/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "store/audit_file.h"
#include "store/audit_line.h"
#include "store/audit_pack.h"
#include "store/audit_read.h"
#include "store/audit_syslog.h"
#include "store/deliver.h"
#include "store/worker.h"

struct completion {
    struct delivery link; /* first */
    uint64_t id;
    enum audit_outcome outcome;
    bool spare; /* belongs to audit.spares */
    bool used;
    struct error error;
};

struct entry {
    struct entry *next;
    struct completion *done; /* NULL: none wanted, or delivered */
    bool durable;
    bool owed; /* failed once; is written when the disk is back */
    bool told; /* syslog has it (under worker.lock) */
    size_t length;
    char body[];
};

struct list {
    struct entry *first, *last;
    size_t count;
};

struct audit {
    audit_done *done;
    void *context;
    struct deliver *deliver;
    struct worker worker;
    struct completion spares[AUDIT_SPARES_MAX]; /* under worker.lock */

    /* under worker.lock */
    struct list queue;
    bool reopen;
    uint64_t refused;   /* lines that met a full queue */
    mono_ms busy_since; /* the thread is in the file, MONO_NEVER = it is not */
    struct audit_state state;

    /* the thread's own; `pending` is changed under the lock only */
    struct list pending; /* owed ones first: order is the order of appending */
    size_t owed;
    uint64_t lost;
    mono_ms retry_at;
    struct audit_file file;

    bool gzip;
    bool packing; /* the packer exists: joined before the next one starts */
    struct worker packer;
    char pack_path[SETTINGS_PATH_MAX + 16];
};

static void list_add(struct list *list, struct entry *e)
{
    e->next = NULL;
    if (list->last == NULL)
        list->first = e;
    else
        list->last->next = e;
    list->last = e;
    list->count++;
}

static struct entry *list_take(struct list *list)
{
    struct entry *e = list->first;
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
    if (c->spare) {
        (void)pthread_mutex_lock(&a->worker.lock);
        c->used = false;
        (void)pthread_mutex_unlock(&a->worker.lock);
    } else {
        mem_free(c);
    }
    a->done(a->context, copy.id, copy.outcome, copy.outcome == AUDIT_DURABLE ? NULL : &copy.error);
}

static void complete(struct audit *a, struct completion *c, enum audit_outcome outcome,
                     const struct error *error)
{
    if (c == NULL)
        return;
    c->outcome = outcome;
    if (error != NULL)
        c->error = *error;
    deliver_post(a->deliver, &c->link);
}

static struct entry *new_entry(const struct audit_line *line, bool durable)
{
    struct buf body ATTR_CLEANUP(buf_free) = BUF_LIMIT(AUDIT_LINE_MAX);
    if (audit_line_body(line, &body) < 0)
        return NULL;
    struct entry *e = mem_calloc(1, sizeof *e + body.length + 1);
    if (e == NULL)
        return NULL;
    e->durable = durable;
    e->length = body.length;
    memcpy(e->body, body.data, body.length);
    return e;
}

/* Once a line, whether it was heard or not. Returns 1 when it was tried now. */
static int tell_syslog(struct entry *e, const char *why)
{
    if (e->told)
        return 0;
    (void)audit_syslog(AUDIT_SYSLOG_SOCKET, why, e->body);
    e->told = true;
    return 1;
}

/* Under the lock. A disk that hangs is no error, it just never answers: then the thread cannot
 * tell syslog, so whoever appends does, some lines at a time. */
static void tell_if_hung(struct audit *a)
{
    int left = AUDIT_TELL_MAX;
    if (mono_since(clock_mono(), a->busy_since) < AUDIT_HUNG_MS)
        return;
    for (struct entry *e = a->pending.first; e != NULL && left > 0; e = e->next)
        left -= tell_syslog(e, "the disk hangs");
    for (struct entry *e = a->queue.first; e != NULL && left > 0; e = e->next)
        left -= tell_syslog(e, "the disk hangs");
}

void audit_append(struct audit *a, uint64_t id, const struct audit_line *line, bool durable)
{
    struct completion *c = id == 0 ? NULL : new_completion(a, id);
    struct entry *e = new_entry(line, durable);
    struct error err = {0};
    if (e == NULL) {
        (void)error_set(&err, -ENOMEM, "the audit line could not be queued: out of memory");
        complete(a, c, AUDIT_FAILED, &err);
        return;
    }
    (void)pthread_mutex_lock(&a->worker.lock);
    bool full = a->queue.count >= AUDIT_QUEUE_MAX;
    if (!full) {
        e->done = c;
        list_add(&a->queue, e);
        (void)pthread_cond_signal(&a->worker.wake);
    } else {
        a->refused++;
        (void)tell_syslog(e, "the queue is full");
    }
    tell_if_hung(a);
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (full) {
        mem_free(e);
        (void)error_set(&err, -ENOBUFS, "the audit queue is full (%d lines): the disk is stuck",
                        AUDIT_QUEUE_MAX);
        complete(a, c, AUDIT_FAILED, &err);
    }
}

/* A line about the log itself. */
static void own_line(struct audit_line *line, const char *operation, const char *reason)
{
    *line = (struct audit_line){
        .event = AUDIT_MAINTENANCE,
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

static void rotate(struct audit *a)
{
    struct error err = {0};
    if (!packer_idle(a))
        return;
    int r = audit_file_rotate(&a->file, &err);
    set_upkeep(a, &err);
    if (r == 0)
        start_packer(a);
}

/* Puts the oldest lines into the batch; returns how many. `ret_durable`: one of them wants it. */
static size_t fill_batch(struct audit *a, bool *ret_durable, int *ret_error)
{
    size_t count = 0;
    *ret_durable = false;
    *ret_error = 0;
    audit_file_begin(&a->file);
    for (struct entry *e = a->pending.first; e != NULL; e = e->next) {
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

/* Under the lock, before it lets a completion through: who is told of a line finds its state here.
 */
static void note_state(struct audit *a, const struct error *problem)
{
    a->state.seq = a->file.seq;
    a->state.owed = a->owed;
    a->state.lost = a->lost;
    a->state.problem = *problem;
}

static void succeed(struct audit *a, size_t count)
{
    const struct error none = {0};
    (void)pthread_mutex_lock(&a->worker.lock);
    for (; count > 0; count--) {
        struct entry *e = list_take(&a->pending);
        if (e->owed)
            a->owed--;
        complete(a, e->done, AUDIT_DURABLE, NULL);
        mem_free(e);
    }
    note_state(a, &none);
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* What cannot be written now is told to its owner and to syslog, and kept: the first
 * AUDIT_OWED_MAX lines of an outage, then they are only counted. */
static void fail(struct audit *a, const struct error *err)
{
    (void)pthread_mutex_lock(&a->worker.lock);
    struct list all = a->pending;
    a->pending = (struct list){0};
    for (struct entry *e; (e = list_take(&all)) != NULL;) {
        if (!e->owed) {
            (void)tell_syslog(e, err->text);
            complete(a, e->done, AUDIT_FAILED, err);
            e->done = NULL;
            if (a->owed == AUDIT_OWED_MAX) {
                a->lost++;
                mem_free(e);
                continue;
            }
            e->owed = true;
            a->owed++;
        }
        list_add(&a->pending, e);
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
    own_line(&line, "audit-lines-lost", reason);
    struct entry *e = new_entry(&line, true);
    if (e == NULL)
        return; /* `lost` stays: told next time */
    a->lost = 0;
    (void)pthread_mutex_lock(&a->worker.lock);
    list_add(&a->pending, e);
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
        succeed(a, count);
        if (a->pending.first == NULL && a->lost > 0)
            tell_loss(a);
    }
    (void)pthread_mutex_lock(&a->worker.lock);
    a->busy_since = MONO_NEVER;
    (void)pthread_mutex_unlock(&a->worker.lock);
}

/* Under the lock: until there is something to do. Returns false when it is time to end. */
static bool wait_for_work(struct audit *a)
{
    struct worker *w = &a->worker;
    while (!w->stop && !a->reopen && a->queue.first == NULL) {
        int64_t wait_ms = -1;
        if (a->owed > 0) {
            wait_ms = mono_since(a->retry_at, clock_mono());
            if (wait_ms <= 0)
                return true;
        }
        worker_wait(w, wait_ms);
    }
    return !w->stop || a->queue.first != NULL;
}

static void run(void *context)
{
    struct audit *a = context;
    start_packer(a);
    (void)pthread_mutex_lock(&a->worker.lock);
    while (wait_for_work(a)) {
        for (struct entry *e; (e = list_take(&a->queue)) != NULL;)
            list_add(&a->pending, e);
        bool reopen = a->reopen;
        a->reopen = false;
        a->lost += a->refused;
        a->refused = 0;
        a->busy_since = clock_mono();
        (void)pthread_mutex_unlock(&a->worker.lock);
        struct error err = {0};
        if (reopen && audit_file_reopen(&a->file, &err) < 0)
            set_upkeep(a, &err);
        write_pending(a);
        (void)pthread_mutex_lock(&a->worker.lock);
    }
    (void)pthread_mutex_unlock(&a->worker.lock);
    if (a->owed > 0)
        write_pending(a); /* the last chance */
}

int audit_open(uv_loop_t *loop, const struct audit_settings *settings, audit_done *done,
               void *context, struct audit **ret, struct error *err)
{
    struct audit *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    a->done = done;
    a->context = context;
    a->gzip = settings->gzip;
    a->busy_since = MONO_NEVER;
    int r = audit_file_open(&a->file, settings, err);
    if (r < 0) {
        mem_free(a);
        return r;
    }
    a->state.seq = a->file.seq;
    if (a->file.note[0] != '\0') {
        struct audit_line line;
        own_line(&line, "audit-line-torn", a->file.note);
        struct entry *e = new_entry(&line, true);
        if (e != NULL)
            list_add(&a->queue, e);
    }
    r = deliver_new(loop, on_delivery, a, drop_completion, &a->deliver, err);
    if (r == 0) {
        r = worker_start(&a->worker, "resus-audit", run, a, err);
        if (r < 0) {
            deliver_close(a->deliver);
            deliver_free(a->deliver);
        }
    }
    if (r < 0) {
        mem_free(list_take(&a->queue));
        audit_file_close(&a->file);
        mem_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

const char *audit_note(const struct audit *a)
{
    return a->file.note;
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

static void free_list(struct list *list)
{
    for (struct entry *e; (e = list_take(list)) != NULL;) {
        if (e->done != NULL)
            drop_completion(&e->done->link);
        mem_free(e);
    }
}

void audit_close(struct audit *a, int64_t wait_ms)
{
    if (a == NULL)
        return;
    mono_ms until = mono_add(clock_mono(), wait_ms);
    deliver_close(a->deliver);
    if (!worker_stop(&a->worker, wait_ms))
        return; /* a dead disk holds the thread, and it holds this memory */
    if (a->packing && !worker_stop(&a->packer, mono_since(until, clock_mono())))
        return;
    if (a->packing)
        worker_free(&a->packer);
    worker_free(&a->worker);
    free_list(&a->queue);
    free_list(&a->pending);
    audit_file_close(&a->file);
    deliver_free(a->deliver);
    mem_free(a);
}
