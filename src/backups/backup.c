#include "backups/backup.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backups/catalog.h"
#include "backups/host_file.h"
#include "backups/query.h"
#include "backups/source.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

struct backup {
    uv_work_t work; /* first; one at a time */
    uv_loop_t *loop;
    const struct redis_settings *redis;
    const struct redis_tunnel *tunnel;
    char root[PATH_MAX], service[SETTINGS_ID_MAX], server[PATH_MAX], file[PATH_MAX];
    struct pull_limits pull_limits;
    struct proof_limits proof_limits;
    struct seal_public recipients[SEAL_SLOTS_MAX];
    size_t recipient_count;
    enum backup_stage stage;
    bool cancelled, working, has_last, begun;
    struct query *query;
    json_t *known, *host;
    struct pull *pull;
    struct proof *proof;
    /* the worker's while `working` */
    struct catalog *catalog;
    struct manifest manifest, last;
    struct backup_result result;
    backup_done *done;
    void *context;
};

const char *backup_stage_word(enum backup_stage stage)
{
    static const char *const words[] = {
        [BACKUP_OPENING] = "opening",       [BACKUP_LOOKING] = "looking",
        [BACKUP_PULLING] = "pulling",       [BACKUP_COUNTING] = "counting",
        [BACKUP_PROVING] = "proving",       [BACKUP_SEALING] = "sealing",
        [BACKUP_PUBLISHING] = "publishing", [BACKUP_CLEANING] = "cleaning",
    };
    static_assert(ARRAY_LENGTH(words) == BACKUP_STAGE_COUNT, "a word for every stage");
    return words[stage];
}

const char *backup_end_word(enum backup_end end)
{
    static const char *const words[] = {
        [BACKUP_PROVED] = "proved",         [BACKUP_NOT_PROVED] = "not_proved",
        [BACKUP_SUSPICIOUS] = "suspicious", [BACKUP_FAILED] = "failed",
        [BACKUP_CANCELLED] = "cancelled",
    };
    static_assert(ARRAY_LENGTH(words) == BACKUP_END_COUNT, "a word for every end");
    return words[end];
}

/* --- the end --- */

static void finish(struct backup *b)
{
    b->result.manifest = &b->manifest;
    b->result.last = b->has_last ? &b->last : NULL;
    b->done(b->context, &b->result);
    json_decref(b->known);
    json_decref(b->host);
    mem_free(b);
}

static void on_clean_worker(uv_work_t *work)
{
    struct backup *b = (struct backup *)work;
    if (b->begun)
        catalog_drop(b->catalog, &b->manifest);
    catalog_close(b->catalog);
    b->catalog = NULL;
}

static void on_clean(uv_work_t *work, int status)
{
    (void)status;
    finish((struct backup *)work);
}

static void clean(struct backup *b)
{
    b->stage = BACKUP_CLEANING;
    b->working = true;
    (void)uv_queue_work(b->loop, &b->work, on_clean_worker, on_clean);
}

static void fail(struct backup *b, const struct error *err)
{
    b->result.end = b->cancelled ? BACKUP_CANCELLED : BACKUP_FAILED;
    b->result.error = *err;
    clean(b);
}

/* Between two steps: true when the backup ends here. */
static bool stops(struct backup *b)
{
    struct error err;
    if (!b->cancelled)
        return false;
    (void)error_set(&err, -ECANCELED, "cancelled");
    fail(b, &err);
    return true;
}

/* --- publishing --- */

static void on_publish_worker(uv_work_t *work)
{
    struct backup *b = (struct backup *)work;
    struct error *err = &b->result.error;
    char folder[PATH_MAX] = "";
    (void)str_copy_n(folder, sizeof folder, b->file,
                     strlen(b->file) - strlen("/" CATALOG_DUMP_FILE));
    if ((b->host != NULL && host_file_write(b->host, folder, &b->manifest, err) < 0) ||
        catalog_publish(b->catalog, &b->manifest, b->result.manifest_sha256, err) < 0) {
        b->result.end = BACKUP_FAILED;
        on_clean_worker(work);
        return;
    }
    (void)str_format(b->result.folder, sizeof b->result.folder, "%s/%s/%s",
                     catalog_path(b->catalog), backup_kind_word(b->manifest.kind), b->manifest.id);
    catalog_close(b->catalog);
    b->catalog = NULL;
}

static void publish(struct backup *b)
{
    struct manifest *m = &b->manifest;
    const struct backup_figures now = manifest_figures(m);
    const struct backup_figures before = manifest_figures(&b->last);
    /* Without counts of the file there is nothing to compare. */
    bool counted = m->proved >= PROOF_STRUCTURE;
    m->suspicious = counted ? backup_suspicions(&now, b->has_last ? &before : NULL) : 0;
    m->finished = clock_wall();
    b->result.end = m->suspicious != 0          ? BACKUP_SUSPICIOUS
                    : m->proved >= PROOF_LOADED ? BACKUP_PROVED
                                                : BACKUP_NOT_PROVED;
    b->stage = BACKUP_PUBLISHING;
    b->working = true;
    (void)uv_queue_work(b->loop, &b->work, on_publish_worker, on_clean);
}

/* --- sealing --- */

/* What is published is the sealed file alone. */
static void on_seal_worker(uv_work_t *work)
{
    struct backup *b = (struct backup *)work;
    struct manifest_file *f = &b->manifest.files[0];
    struct error *err = &b->result.error;
    struct seal_sums sums;
    char sealed[PATH_MAX];
    if (!str_format(sealed, sizeof sealed, "%s" SEAL_SUFFIX, b->file)) {
        (void)error_set(err, -ENAMETOOLONG, "the path %s is too long", b->file);
        return;
    }
    if (seal_file(b->file, sealed, b->recipients, b->recipient_count, &sums, err) < 0)
        return;
    if (!str_equal(sums.plain_sha256, f->sha256)) {
        (void)error_set(err, -EBADMSG, "the data changed on the disk between proof and sealing");
        return;
    }
    if (unlink(b->file) < 0) {
        (void)error_set_errno(err, -errno, "cannot remove %s", b->file);
        return;
    }
    *f = (struct manifest_file){.bytes = (int64_t)sums.sealed_bytes,
                                .sealed_for_count = b->recipient_count};
    (void)str_copy(f->name, sizeof f->name, CATALOG_DUMP_FILE SEAL_SUFFIX);
    (void)str_copy(f->sha256, sizeof f->sha256, sums.sealed_sha256);
    (void)str_copy(f->plain_sha256, sizeof f->plain_sha256, sums.plain_sha256);
    for (size_t i = 0; i < b->recipient_count; i++)
        (void)str_copy(f->sealed_for[i], sizeof f->sealed_for[i], b->recipients[i].id);
}

static void on_sealed(uv_work_t *work, int status)
{
    struct backup *b = (struct backup *)work;
    struct error err = b->result.error;
    (void)status;
    b->working = false;
    if (stops(b))
        return;
    if (err.code < 0)
        fail(b, &err);
    else
        publish(b);
}

static void seal(struct backup *b)
{
    if (b->recipient_count == 0) {
        publish(b);
        return;
    }
    b->stage = BACKUP_SEALING;
    b->working = true;
    (void)uv_queue_work(b->loop, &b->work, on_seal_worker, on_sealed);
}

/* --- proving --- */

static void on_proved(void *context, const struct proof_result *proof)
{
    struct backup *b = context;
    b->proof = NULL;
    if (stops(b))
        return;
    const struct proof_check *last = &proof->checks[proof->check_count - 1];
    manifest_take_proof(&b->manifest, proof);
    host_file_compare(b->host, proof->config);
    if (last->verdict == PROOF_BAD) {
        struct error err;
        (void)error_set(&err, -EBADMSG, "the new backup failed verification (%s): %s",
                        proof_level_word(last->level), last->text);
        fail(b, &err);
        return;
    }
    seal(b);
}

static void prove(struct backup *b)
{
    const struct proof_options options = {
        .file = b->file,
        .folder = catalog_path(b->catalog),
        .server = b->server,
        .sha256 = b->manifest.files[0].sha256,
        .bytes = (uint64_t)b->manifest.files[0].bytes,
        .upto = PROOF_LOADED,
        .limits = b->proof_limits,
    };
    struct error err = {0};
    b->stage = BACKUP_PROVING;
    if (proof_start(b->loop, &options, on_proved, b, &b->proof, &err) < 0)
        fail(b, &err);
}

/* --- the source, after --- */

static void on_after(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct backup *b = context;
    (void)err; /* the copy is here all the same */
    b->query = NULL;
    if (stops(b))
        return;
    if (replies != NULL)
        b->result.source_changed = source_after(&b->manifest, replies[0]);
    prove(b);
}

static void query(struct backup *b, const struct query_command *commands, size_t count,
                  enum backup_stage stage, query_done *done)
{
    const struct query_options options = {
        .redis = b->redis,
        .tunnel = b->tunnel,
        .commands = commands,
        .count = count,
        .within_ms = BACKUP_ASK_MS,
    };
    struct error err = {0};
    b->stage = stage;
    if (query_start(b->loop, &options, done, b, &b->query, &err) < 0)
        fail(b, &err);
}

/* --- the pull --- */

static void take_pull(struct manifest *m, const struct pull_result *r)
{
    m->rdb_only = r->rdb_only;
    m->by_mark = r->by_mark;
    (void)str_copy(m->source.replid, sizeof m->source.replid, r->replid);
    m->source.repl_offset = r->repl_offset;
    (void)str_copy(m->magic, sizeof m->magic, r->head.magic);
    m->rdb_version = r->head.version;
    m->checksum = r->end == RDB_END_OK;
    m->functions = r->head.functions;
    m->used_memory_bytes = r->head.used_memory_bytes;
    m->file_count = 1;
    (void)str_copy(m->files[0].name, sizeof m->files[0].name, CATALOG_DUMP_FILE);
    m->files[0].bytes = (int64_t)r->bytes;
    (void)str_copy(m->files[0].sha256, sizeof m->files[0].sha256, r->sha256);
}

static void on_pulled(void *context, const struct pull_result *r)
{
    struct backup *b = context;
    b->pull = NULL;
    b->result.cause = r->cause;
    if (r->cause != PULL_OK) {
        fail(b, &r->error);
        return;
    }
    if (stops(b))
        return;
    take_pull(&b->manifest, r);
    query(b, source_commands, 1, BACKUP_COUNTING, on_after);
}

static void pull(struct backup *b)
{
    const struct pull_options options = {
        .redis = b->redis, .tunnel = b->tunnel, .path = b->file, .limits = b->pull_limits};
    struct error err = {0};
    b->stage = BACKUP_PULLING;
    if (pull_start(b->loop, &options, on_pulled, b, &b->pull, &err) < 0) {
        b->result.cause = PULL_LOCAL;
        fail(b, &err);
    }
}

/* --- the beginning --- */

/* What this does not know is a gap in host.json, and no reason to make no backup. */
static void on_host(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct backup *b = context;
    b->query = NULL;
    if (stops(b))
        return;
    b->host = host_file_new(&b->manifest, replies, err == NULL ? "" : err->text, b->known);
    pull(b);
}

static void on_before(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct backup *b = context;
    (void)err; /* the pull says exactly why a server cannot be reached */
    b->query = NULL;
    if (stops(b))
        return;
    source_before(&b->manifest, b->redis, replies);
    query(b, host_commands, HOST_COMMANDS, BACKUP_LOOKING, on_host);
}

static void on_open_worker(uv_work_t *work)
{
    struct backup *b = (struct backup *)work;
    struct error *err = &b->result.error;
    char folder[PATH_MAX];
    if (catalog_open(b->root, b->service, &b->catalog, err) < 0)
        return;
    int found = catalog_latest(b->catalog, &b->last, err);
    b->has_last = found == 1;
    if (found < 0 || catalog_begin(b->catalog, b->manifest.kind, b->manifest.started, &b->manifest,
                                   folder, err) < 0)
        return;
    b->begun = true;
    if (!str_format(b->file, sizeof b->file, "%s/" CATALOG_DUMP_FILE, folder))
        (void)error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
}

static void on_open(uv_work_t *work, int status)
{
    struct backup *b = (struct backup *)work;
    (void)status;
    b->working = false;
    if (stops(b))
        return;
    struct error err = b->result.error;
    if (err.code < 0) {
        b->result.cause = PULL_LOCAL;
        fail(b, &err);
        return;
    }
    query(b, source_commands, SOURCE_COMMANDS, BACKUP_LOOKING, on_before);
}

int backup_start(uv_loop_t *loop, const struct backup_options *options, backup_done *done,
                 void *context, struct backup **ret, struct error *err)
{
    struct backup *b = mem_calloc(1, sizeof *b);
    if (b == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (!str_copy(b->root, sizeof b->root, options->root) ||
        !str_copy(b->service, sizeof b->service, options->service) ||
        !str_copy(b->server, sizeof b->server, options->server)) {
        mem_free(b);
        return error_set(err, -ENAMETOOLONG, "a path or the name of the service is too long");
    }
    b->loop = loop;
    b->redis = options->redis;
    b->known = options->host == NULL ? NULL : json_incref((json_t *)options->host);
    b->tunnel = options->tunnel;
    b->pull_limits = options->pull;
    b->proof_limits = options->proof;
    b->recipient_count = options->recipient_count;
    for (size_t i = 0; i < b->recipient_count; i++)
        b->recipients[i] = options->recipients[i];
    b->manifest.kind = options->kind;
    b->manifest.started = clock_wall();
    (void)str_copy(b->manifest.reason, sizeof b->manifest.reason, options->reason);
    (void)str_copy(b->manifest.by, sizeof b->manifest.by, options->by);
    b->done = done;
    b->context = context;
    b->working = true;
    (void)uv_queue_work(loop, &b->work, on_open_worker, on_open);
    *ret = b;
    return 0;
}

void backup_cancel(struct backup *b)
{
    if (b->cancelled || b->stage >= BACKUP_PUBLISHING)
        return;
    b->cancelled = true;
    if (b->pull != NULL) {
        pull_cancel(b->pull); /* on_pulled ends it */
        return;
    }
    if (b->working)
        return; /* the worker's end does */
    query_cancel(b->query);
    b->query = NULL;
    proof_cancel(b->proof);
    b->proof = NULL;
    (void)stops(b);
}

enum backup_stage backup_stage(const struct backup *b)
{
    return b->stage;
}

enum pull_stage backup_pull_stage(const struct backup *b)
{
    return b->pull != NULL ? pull_stage(b->pull) : PULL_ENDED;
}

uint64_t backup_bytes(const struct backup *b)
{
    return b->pull != NULL ? pull_bytes(b->pull) : (uint64_t)b->manifest.files[0].bytes;
}
