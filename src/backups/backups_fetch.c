/* What other places have, and one backup brought back from there: a copier does both. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backups/backups_copies.h"
#include "backups/backups_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/child.h"

#define LIST_WITHIN_MS (INT64_C(150) * 1000)
#define ANSWER_MAX ((size_t)1024 * 1024)

static int start(const struct backups_service *s, const char *target, enum copy_task task,
                 const char *id, child_done *done, void *context, struct child **ret,
                 struct error *err)
{
    int64_t within_ms = task == COPY_LIST ? LIST_WITHIN_MS : COPIER_DEADLINE_MS;
    const struct backups *b = s->b;
    char *text = copies_job_text(s, target, task, id);
    const char *const argv[] = {b->ports.copier, "copy-out", text, NULL};
    const struct child_options options = {
        .argv = argv,
        .output_max = ANSWER_MAX,
        .deadline = mono_add(b->ports.now(b->ports.context).mono, within_ms)};
    int r = text == NULL ? error_set(err, -ENOENT, "there is no such place in backup.copies")
                         : child_start(b->ports.loop, &options, done, context, ret, err);
    free(text);
    return r;
}

/* What the copier reported; `err` has its error, or why there is no report. */
static struct copy_report *take(const struct child_result *r, struct error *err)
{
    struct copy_report *report = mem_calloc(1, sizeof *report);
    if (report == NULL) {
        (void)error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    if (r->end != CHILD_EXITED || r->exit_code != 0) {
        copies_say_end(r, err->text);
        err->code = -EIO;
    } else if (copy_report_read(r->out, r->out_length, report, err) == 0) {
        *err = report->error;
    }
    return report;
}

static void drop(struct copy_report *report)
{
    if (report == NULL)
        return;
    copy_report_clear(report);
    mem_free(report);
}

/* ── one comes back ── */

static void on_fetched(void *context, const struct child_result *r)
{
    struct job *j = context;
    j->child = NULL;
    struct copy_report *report = take(r, &j->error);
    bool good = j->error.code == 0 && report->count == 1;
    if (good)
        j->kind = report->outcomes[0].kind;
    else if (j->error.code == 0)
        (void)error_set(&j->error, -EIO, "the copier brought nothing");
    drop(report);
    if (good)
        job_verify(j); /* whatever its manifest says, it is proved here */
    else
        job_settle_failed(j, &j->error);
}

void job_fetch(struct job *j)
{
    if (start(j->service, j->target, COPY_FETCH, j->id, on_fetched, j, &j->child, &j->error) < 0)
        job_settle_failed(j, &j->error);
}

/* ── what is there ── */

struct elsewhere {
    struct backups_service *service;
    struct child *child;
    char target[SETTINGS_COPY_NAME_MAX];
    backups_done *done;
    void *context;
    uint64_t ticket;
};

static void on_listed(void *context, const struct child_result *r)
{
    struct elsewhere *e = context;
    struct backups_service *s = e->service;
    struct error err = {0};
    struct copy_report *report = take(r, &err);
    if (err.code == 0) {
        json_decref(s->elsewhere_answer);
        s->elsewhere_answer = json_object();
        (void)json_put_text(s->elsewhere_answer, "target", e->target);
        (void)json_put(s->elsewhere_answer, "items",
                       report->items == NULL ? json_array() : json_incref(report->items));
    }
    drop(report);
    s->elsewhere = NULL;
    e->done(e->context, e->ticket, err.code, &err);
    mem_free(e);
}

int backups_elsewhere(struct backups *b, int service, const char *target, backups_done *done,
                      void *context, uint64_t ticket, struct error *err)
{
    struct backups_service *s = &b->services[service];
    if (s->elsewhere != NULL)
        return error_set(err, -EBUSY, "%s is asked already: try again in a moment",
                         s->elsewhere->target);
    struct elsewhere *e = mem_calloc(1, sizeof *e);
    if (e == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *e = (struct elsewhere){.service = s, .done = done, .context = context, .ticket = ticket};
    (void)str_copy(e->target, sizeof e->target, target);
    int r = start(s, target, COPY_LIST, NULL, on_listed, e, &e->child, err);
    if (r < 0)
        mem_free(e);
    else
        s->elsewhere = e;
    return r;
}

json_t *backups_elsewhere_taken(struct backups *b, int service)
{
    struct backups_service *s = &b->services[service];
    json_t *answer = s->elsewhere_answer;
    s->elsewhere_answer = NULL;
    return answer;
}

void elsewhere_close(struct backups_service *s)
{
    if (s->elsewhere != NULL)
        child_abandon(s->elsewhere->child);
    mem_free(s->elsewhere);
    s->elsewhere = NULL;
    json_decref(s->elsewhere_answer);
    s->elsewhere_answer = NULL;
}
