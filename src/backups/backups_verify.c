/* A proof of a backup that is there: its file, or what is inside of a sealed one. */
#include <errno.h>
#include <string.h>

#include "backups/backups_inside.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/trust.h"

static void on_store_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    job_note(j, catalog_update(j->catalog, j->manifest, j->sha256, &j->error));
    job_settle_worker(w);
}

/* Says nothing about the backup: its manifest stays as it is. */
static void on_rehearsed(struct job *j, const struct proof_check *last)
{
    char took[DURATION_TEXT_SIZE];
    if (last->verdict != PROOF_GOOD) {
        (void)error_set(&j->error, -EBADMSG, "%s cannot load it: %s", j->settings.server,
                        last->text);
        job_settle_failed(j, &j->error);
        return;
    }
    j->end = "good";
    (void)str_format(j->text, sizeof j->text, "%s loads %lld keys in %s", j->version,
                     (long long)last->keys, duration_text(last->milliseconds, took));
    job_work(j, job_settle_worker, job_settled);
}

static void on_proved(void *context, const struct proof_result *result)
{
    struct job *j = context;
    const struct proof_check *last = &result->checks[result->check_count - 1];
    enum proof_level before = j->manifest->proved;
    j->proof = NULL;
    (void)str_copy(j->version, sizeof j->version, result->version);
    if (j->task == BACKUPS_REHEARSE) {
        on_rehearsed(j, last);
        return;
    }
    manifest_take_proof(j->manifest, result);
    /* What is missing here and now takes no earlier proof away. */
    if (last->verdict != PROOF_BAD && before > j->manifest->proved)
        j->manifest->proved = before;
    j->end = proof_verdict_word(last->verdict);
    (void)str_copy(j->text, sizeof j->text, last->text);
    if (last->verdict == PROOF_GOOD)
        (void)str_format(j->text, sizeof j->text, "proved (%s)", proof_level_word(last->level));
    if (j->task == BACKUPS_DRILL)
        job_drilled(j, result);
    job_work(j, on_store_worker, job_settled);
}

/* ── of a sealed one ── */

/* Without a key the sealed file itself is judged. */
static void open_sealed(struct job *j)
{
    struct seal_secret key;
    char sealed[PATH_MAX];
    struct error err = {0};
    const struct manifest_file *f = &j->manifest->files[0];
    if (opened_key(j->recipients, j->recipient_count, f, &key, &err) < 0)
        return;
    int r = str_format(sealed, sizeof sealed, "%s/%s/%s/%s", catalog_path(j->catalog),
                       backup_kind_word(j->kind), j->id, f->name)
                ? opened_make(catalog_path(j->catalog), OPENED_PREFIX ".rdb", sealed, f, &key,
                              &j->opened, &err)
                : error_set(&err, -ENAMETOOLONG, "the path of the backup is too long");
    seal_secret_wipe(&key);
    if (r < 0 && r != -EBADMSG) /* damaged: the proof of the sealed file says so */
        j->error = err;
}

static void on_read_worker(uv_work_t *w)
{
    struct job *j = (struct job *)w;
    if (trust_check(j->settings.server, NULL, &j->error) < 0 ||
        catalog_open(j->settings.directory, j->service->id, &j->catalog, &j->error) < 0)
        return;
    job_note(j, catalog_read(j->catalog, j->kind, j->id, j->manifest, &j->error));
    mono_ms began = clock_mono();
    if (j->error.code == 0 && j->manifest->files[0].plain_sha256[0] != '\0')
        open_sealed(j);
    j->drill.read_ms = mono_since(clock_mono(), began);
}

static void on_read(uv_work_t *w, int status)
{
    struct job *j = (struct job *)w;
    const struct manifest_file *f = &j->manifest->files[0];
    char file[PATH_MAX] = "";
    (void)status;
    if (job_stops(j))
        return;
    if (j->error.code == 0 &&
        !str_format(file, sizeof file, "%s/%s/%s/%s", catalog_path(j->catalog),
                    backup_kind_word(j->kind), j->id, f->name))
        (void)error_set(&j->error, -ENAMETOOLONG, "the path of the backup is too long");
    if (j->error.code == 0) {
        bool opened = j->opened.path[0] != '\0';
        const struct proof_options options = {
            .file = opened ? j->opened.path : file,
            .folder = catalog_path(j->catalog),
            .server = j->settings.server,
            .sha256 = opened ? f->plain_sha256 : f->sha256,
            .bytes = opened ? j->opened.sums.plain_bytes : (uint64_t)f->bytes,
            .upto = PROOF_LOADED,
            .limits = proof_limits_default,
        };
        job_note(j, proof_start(j->service->b->ports.loop, &options, on_proved, j, &j->proof,
                                &j->error));
    }
    if (j->error.code != 0)
        job_settle_failed(j, &j->error);
}

void job_verify(struct job *j)
{
    job_work(j, on_read_worker, on_read);
}
