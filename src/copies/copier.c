#include "copies/copier.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "backups/catalog.h"
#include "backups/shelf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "copies/fetch.h"
#include "copies/store.h"
#include "core/copies.h"
#include "io/clock.h"
#include "io/file.h"

struct run {
    const struct copy_job *job;
    struct copy_report *report;
    struct catalog *catalog;
    struct backup_shelf here;
    struct copy_store *store;
    struct copy_ids there[BACKUP_KIND_COUNT];
    int sent;
};

static bool is_there(const struct run *r, enum backup_kind kind, const char *id)
{
    const struct copy_ids *ids = &r->there[kind];
    for (size_t i = 0; i < ids->count; i++)
        if (str_equal(ids->ids[i], id))
            return true;
    return false;
}

static struct copies_facts facts_of(const struct run *r, const struct backup_shelf_entry *e)
{
    struct copies_facts f = {.damaged = e->damaged || e->verdict == PROOF_BAD,
                             .there = is_there(r, e->kind, e->id)};
    for (size_t i = 0; i < e->copy_count; i++)
        if (str_equal(e->copies[i].target, r->job->target.name)) {
            f.noted_copied = e->copies[i].state == MANIFEST_COPIED;
            f.noted_removed = e->copies[i].state == MANIFEST_COPY_REMOVED;
        }
    return f;
}

/* ── sending ── */

static int sum_of(const struct buf *text, char ret[65], struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_Digest(text->data, text->length, digest, &length, EVP_sha256(), NULL) != 1)
        return error_set(err, -EIO, "SHA-256 failed");
    ret[0] = '\0';
    for (unsigned i = 0; i < length; i++)
        (void)str_append(ret, 65, "%02x", (unsigned)digest[i]);
    return 0;
}

static int send_files(struct run *r, const struct copy_place *at, const struct manifest *m,
                      struct error *err)
{
    char path[PATH_MAX];
    int result = 0;
    for (size_t i = 0; result == 0 && i < m->file_count; i++) {
        const struct manifest_file *f = &m->files[i];
        result = str_format(path, sizeof path, "%s/%s/%s/%s", catalog_path(r->catalog),
                            backup_kind_word(at->kind), at->id, f->name)
                     ? copy_store_put_file(r->store, at, f->name, path, f, err)
                     : error_set(err, -ENAMETOOLONG, "the path of %s is too long", at->id);
    }
    return result;
}

/* The files first, then the manifest, byte for byte: with it the copy is whole. */
static int send_one(struct run *r, const struct backup_shelf_entry *e, char sha256[65],
                    struct error *err)
{
    char path[PATH_MAX];
    struct copy_place at = {.kind = e->kind};
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    (void)str_copy(at.id, sizeof at.id, e->id);
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (!str_format(path, sizeof path, "%s/%s/%s/" MANIFEST_FILE, catalog_path(r->catalog),
                    backup_kind_word(e->kind), e->id))
        return error_set(err, -ENAMETOOLONG, "the path of %s is too long", e->id);
    int result = file_read(path, &text, err);
    if (result == 0)
        result = manifest_read(buf_text(&text), text.length, m, err);
    if (result == 0)
        result = sum_of(&text, sha256, err);
    if (result == 0)
        result = send_files(r, &at, m, err);
    return result < 0 ? result : copy_store_put_text(r->store, &at, MANIFEST_FILE, &text, err);
}

/* False: the run ends here. A backup that is damaged here, or was removed meanwhile, does not hold
 * up the others. */
static bool take_step(struct run *r, const struct backup_shelf_entry *e)
{
    const struct copies_facts f = facts_of(r, e);
    enum copies_step step = copies_step(&f);
    struct copy_report *report = r->report;
    struct error err = {0};
    char sha256[65] = "";
    if (step == COPIES_NOTHING)
        return true;
    if (report->count == COPY_OUTCOMES_MAX ||
        (step != COPIES_NOTE && r->sent == COPY_UPLOADS_MAX)) {
        report->more = true;
        return false;
    }
    if (step == COPIES_NOTE)
        return copy_report_add(report, COPY_FOUND, e->kind, e->id);
    int result = send_one(r, e, sha256, &err);
    if (result == 0) {
        (void)copy_report_add(report, COPY_MADE, e->kind, e->id);
        (void)str_copy(report->outcomes[report->count - 1].manifest_sha256, 65, sha256);
        r->sent++;
        return true;
    }
    if (access(catalog_path(r->catalog), F_OK) == 0 && result == -ENOENT)
        return true; /* removed here meanwhile */
    if (step == COPIES_SEND_AGAIN)
        (void)copy_report_add(report, COPY_MISSING, e->kind, e->id);
    report->error = err;
    return result == -EBADMSG;
}

/* ── the rules of `keep`, there ── */

static void overlay(const struct run *r, struct manifest *m)
{
    const struct backup_shelf_entry *e = backup_shelf_find(&r->here, m->id);
    if (e != NULL && !e->damaged) { /* what was learned and ordered since it was copied */
        m->pinned_until = e->pinned_until;
        m->suspicious = e->suspicious;
    }
}

static int read_there(struct run *r, struct backup_shelf *there, struct error *err)
{
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    const struct copy_ids *ids = &r->there[BACKUP_DAILY];
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < ids->count; i++) {
        ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
        struct copy_place at = {.kind = BACKUP_DAILY};
        (void)str_copy(at.id, sizeof at.id, ids->ids[i]);
        int result = copy_store_get_text(r->store, &at, MANIFEST_FILE, &text, err);
        if (result < 0)
            return result;
        if (manifest_read(buf_text(&text), text.length, m, NULL) < 0 || !str_equal(m->id, at.id))
            continue; /* it stays: what cannot be judged is not removed */
        overlay(r, m);
        result = backup_shelf_add(there, m, err);
        if (result < 0)
            return result;
    }
    return backup_shelf_judge(there, &r->job->keep, r->job->timezone, clock_wall(), err);
}

/* More than half at once only where a person has confirmed the same here. */
static bool may_trim(const struct run *r, const struct backup_shelf *there)
{
    int trusted = 0;
    for (size_t i = 0; i < r->here.count; i++)
        trusted += backup_shelf_trusted(&r->here.items[i]);
    return !there->refused || (trusted >= r->job->keep.minimum && !r->here.refused);
}

static void trim(struct run *r)
{
    struct backup_shelf there = {0};
    struct copy_report *report = r->report;
    int result = read_there(r, &there, &report->error);
    if (result == 0 && there.removable > 0 && !may_trim(r, &there)) {
        (void)str_format(report->note, sizeof report->note,
                         "more than half of the copies would go at once: none was removed. Run "
                         "resus backup prune here first");
        there.removable = 0;
    }
    for (size_t i = 0; result == 0 && there.removable > 0 && i < there.count; i++) {
        const struct backup_shelf_entry *e = &there.items[i];
        struct copy_place at = {.kind = e->kind};
        if (e->kept_by != 0 || report->count == COPY_OUTCOMES_MAX)
            continue;
        (void)str_copy(at.id, sizeof at.id, e->id);
        result = copy_store_remove(r->store, &at, &report->error);
        if (result == 0)
            (void)copy_report_add(report, COPY_REMOVED, e->kind, e->id);
    }
    if (result == -EACCES) { /* a place that takes and never gives up: old copies stay */
        (void)str_format(report->note, sizeof report->note, "old copies stay there: %.400s",
                         report->error.text);
        report->error = (struct error){0};
    }
    backup_shelf_free(&there);
}

/* ── one run ── */

static int open_both(struct run *r, void (*alive)(void))
{
    const struct copy_job *job = r->job;
    const struct copy_options options = {
        .target = &job->target,
        .service = job->service,
        .directory = job->directory,
        .known = job->known,
        .writes = true,
        .alive = alive,
    };
    struct error *err = &r->report->error;
    int result = catalog_peek(job->directory, job->service, &r->catalog, err);
    if (result == 0)
        result =
            backup_shelf_load(r->catalog, &job->keep, job->timezone, clock_wall(), &r->here, err);
    if (result == 0)
        result = copy_store_open(&options, &r->store, err);
    for (enum backup_kind k = 0; result == 0 && k < BACKUP_KIND_COUNT; k++)
        result = copy_store_list(r->store, k, &r->there[k], err);
    return result;
}

void copier_run(const struct copy_job *job, void (*alive)(void), struct copy_report *ret)
{
    struct run r = {.job = job, .report = ret};
    *ret = (struct copy_report){0};
    bool goes_on = open_both(&r, alive) == 0;
    for (size_t i = 0; goes_on && i < r.here.count; i++)
        goes_on = take_step(&r, &r.here.items[i]);
    if (goes_on && ret->error.code == 0)
        trim(&r);
    if (r.store != NULL && ret->note[0] == '\0')
        (void)str_copy(ret->note, sizeof ret->note, copy_store_note(r.store));
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++)
        mem_free(r.there[k].ids);
    copy_store_close(r.store);
    backup_shelf_free(&r.here);
    catalog_close(r.catalog);
}

/* ── the process ── */

static void still_alive(void)
{
    (void)alarm(COPIER_STALL_SECONDS);
}

/* The daemon's end is ours: the next one starts another copier, and two would write the same
 * files. */
static bool end_with_parent(void)
{
    pid_t parent = getppid();
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

int copier_main(const char *text)
{
    struct copy_job job;
    struct copy_report report = {0};
    struct error err = {0};
    (void)signal(SIGXFSZ, SIG_IGN); /* as an error of write() */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGALRM, SIG_DFL);
    if (!end_with_parent())
        return EXIT_FAILURE;
    still_alive();
    if (copy_job_read(text, strlen(text), &job, &err) < 0)
        report.error = err;
    else if (job.task == COPY_LIST)
        fetch_list(&job, still_alive, &report);
    else if (job.task == COPY_FETCH)
        fetch_one(&job, still_alive, &report);
    else
        copier_run(&job, still_alive, &report);
    JSON_CLEANUP json_t *o = copy_report_json(&report);
    copy_report_clear(&report);
    char *out = o == NULL ? NULL : json_dumps(o, JSON_WRITE_FLAGS);
    bool printed = out != NULL && puts(out) >= 0 && fflush(stdout) == 0;
    free(out);
    return printed ? EXIT_SUCCESS : EXIT_FAILURE;
}
