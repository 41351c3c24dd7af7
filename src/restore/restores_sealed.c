/* A sealed backup is opened beside the backups for as long as a restore reads it: by keys until our
 * server has loaded it, by file until it is staged. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"

struct opening {
    uv_work_t work;
    struct restores *r;
    int64_t number;
    int orders;
    struct slot slot;
    char folder[PATH_MAX], sealed[PATH_MAX], name[64];
    struct recipients recipients;
    struct manifest_file file;
    struct opened opened;
    struct error error;
    sealed_opened *done;
};

struct wiping {
    uv_work_t work;
    struct slot slot;
    struct opened opened;
};

static void on_wipe_worker(uv_work_t *work)
{
    struct wiping *w = (struct wiping *)work;
    opened_wipe(&w->opened);
}

static void on_wiped(uv_work_t *work, int status)
{
    struct wiping *w = (struct wiping *)work;
    (void)status;
    slot_give(&w->slot);
    mem_free(w);
}

/* On a worker: the disk may be slow. */
static void wipe(struct restores *r, struct opened *opened)
{
    struct wiping *w = opened->path[0] == '\0' ? NULL : mem_calloc(1, sizeof *w);
    if (w == NULL) {
        opened_wipe(opened);
        return;
    }
    w->opened = *opened;
    opened->path[0] = '\0';
    slot_try(r, &w->slot);
    if (uv_queue_work(r->ports.loop, &w->work, on_wipe_worker, on_wiped) == 0)
        return;
    opened_wipe(&w->opened);
    on_wiped(&w->work, 0);
}

static void on_open_worker(uv_work_t *work)
{
    struct opening *o = (struct opening *)work;
    struct seal_secret key;
    if (opened_key(o->recipients.files, o->recipients.count, &o->file, &key, &o->error) < 0)
        return;
    if (opened_make(o->folder, o->name, o->sealed, &o->file, &key, &o->opened, &o->error) < 0)
        o->opened.path[0] = '\0';
    seal_secret_wipe(&key);
}

static void on_open(uv_work_t *work, int status)
{
    struct opening *o = (struct opening *)work;
    struct entry *e = o->r->closing ? NULL : restores_find(o->r, o->number);
    if (status < 0)
        (void)error_set(&o->error, status, "cancelled");
    if (e != NULL && e->run != NULL && e->orders == o->orders) {
        struct run *run = e->run;
        run->slot = o->slot;
        run->opened = o->opened;
        if (o->error.code == 0) {
            (void)str_copy(run->file, sizeof run->file, o->opened.path);
            (void)str_copy(run->sha256, sizeof run->sha256, o->opened.sums.plain_sha256);
            run->bytes = o->opened.sums.plain_bytes;
        }
        o->done(e, &o->error);
    } else {
        slot_give(&o->slot);
        wipe(o->r, &o->opened);
    }
    mem_free(o);
}

bool sealed_is(const struct entry *e)
{
    return e->run->manifest->files[0].plain_sha256[0] != '\0';
}

void sealed_open(struct entry *e, sealed_opened *done)
{
    struct run *run = e->run;
    struct opening *o = mem_must(mem_calloc(1, sizeof *o));
    o->r = e->r;
    o->number = e->number;
    o->orders = e->orders;
    o->slot = run->slot;
    run->slot.held = false; /* it goes with the worker */
    o->recipients = run->recipients;
    o->file = run->manifest->files[0];
    o->done = done;
    (void)str_copy(o->folder, sizeof o->folder, run->folder);
    (void)str_copy(o->sealed, sizeof o->sealed, run->file);
    (void)str_format(o->name, sizeof o->name, OPENED_PREFIX "-%" PRId64 ".rdb", e->number);
    int r = uv_queue_work(e->r->ports.loop, &o->work, on_open_worker, on_open);
    if (r < 0)
        on_open(&o->work, r);
}

void sealed_close(struct run *run)
{
    wipe(run->entry->r, &run->opened);
}
