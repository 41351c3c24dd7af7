/* What a backup knows of its host, read for people. */
#include <errno.h>

#include "backups/backups_inside.h"
#include "backups/host_file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

struct reading {
    uv_work_t work; /* first */
    struct backups *b;
    struct backups_service *service; /* NULL: forgotten */
    char id[MANIFEST_ID_SIZE], path[PATH_MAX];
    json_t *host;
    struct error error;
    bool over; /* the answer may be taken */
    backups_done *done;
    void *context;
    uint64_t ticket;
};

static void free_reading(struct reading *r)
{
    json_decref(r->host);
    mem_free(r);
}

static void on_read_worker(uv_work_t *w)
{
    struct reading *r = (struct reading *)w;
    r->host = host_file_read(r->path, &r->error);
}

static void on_read(uv_work_t *w, int status)
{
    struct reading *r = (struct reading *)w;
    struct backups *b = r->b;
    const struct error error = r->error; /* the answer may be taken, and freed, in `done` */
    (void)status;
    r->over = true;
    if (r->service == NULL)
        free_reading(r);
    else
        r->done(r->context, r->ticket, r->host == NULL ? error.code : 0, &error);
    backups_worker_give(b);
}

int backups_host(struct backups *b, int service, const char *id, backups_done *done, void *context,
                 uint64_t ticket, struct error *err)
{
    struct backups_service *s = &b->services[service];
    const struct backup_shelf_entry *e =
        id == NULL ? backup_shelf_latest(&s->shelf) : backup_shelf_find(&s->shelf, id);
    if (e == NULL)
        return error_set(err, -ENOENT,
                         id == NULL ? "No backup was proved yet: run resus backup create first."
                                    : "There is no such backup: resus backup list shows them.");
    struct reading *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (s->reading != NULL || !backups_worker_take(b)) {
        mem_free(r);
        return error_set(err, -EBUSY, "the backups are being changed: try again in a moment");
    }
    *r = (struct reading){.b = b, .service = s, .done = done, .context = context, .ticket = ticket};
    (void)str_copy(r->id, sizeof r->id, e->id);
    (void)str_format(r->path, sizeof r->path, "%s/%s/%s/%s/" HOST_FILE,
                     backups_settings(s)->backup.directory, s->id, backup_kind_word(e->kind),
                     e->id);
    s->reading = r;
    (void)uv_queue_work(b->ports.loop, &r->work, on_read_worker, on_read);
    return 0;
}

json_t *backups_host_taken(struct backups *b, int service)
{
    struct backups_service *s = &b->services[service];
    struct reading *r = s->reading;
    if (r == NULL || !r->over)
        return NULL;
    s->reading = NULL;
    json_t *body = json_object();
    (void)json_put(body, "backup", backups_one(b, service, r->id));
    (void)json_put(body, "host", r->host == NULL ? json_null() : json_incref(r->host));
    free_reading(r);
    return body;
}

void reading_forget(struct backups_service *s)
{
    if (s->reading == NULL)
        return;
    if (s->reading->over)
        free_reading(s->reading);
    else
        s->reading->service = NULL;
    s->reading = NULL;
}
