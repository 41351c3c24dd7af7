/* A plan: the manifest and the data folder are read by a worker, then the server is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/file.h"
#include "restore/helper_facts.h"
#include "restore/restores_inside.h"

#define ASK_MS (10 * 1000)
#define HELPER_MS (15 * 1000)
#define SLOT_MS (20 * 1000) /* a folder of backups that another task reads */

static void finish(struct planning *p, int result, json_t *body, const struct error *err)
{
    struct restores *r = p->r;
    struct planning **at = &r->plannings;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    r->planning_count--;
    slot_give(&p->slot);
    if (!p->gone)
        p->done(p->context, p->ticket, result, body, err);
    else
        json_decref(body);
    mem_free(p->manifest);
    mem_free(p);
}

static void fail(struct planning *p)
{
    finish(p, p->error.code, NULL, &p->error);
}

/* ── the verdict ── */

/* How long the last proof took to load it. */
static int64_t load_ms(const struct manifest *m)
{
    for (size_t i = m->check_count; i > 0; i--)
        if (m->checks[i - 1].level == PROOF_LOADED && m->checks[i - 1].verdict == PROOF_GOOD)
            return m->checks[i - 1].milliseconds;
    return RESTORE_UNKNOWN_VALUE;
}

/* No one can be asked which version is installed there: it made the backup. Should it have become
 * an older one since, the start fails and the restore is undone. */
static void take_for_the_same(struct planning *p)
{
    const struct manifest *m = p->manifest;
    int64_t major = RESTORE_UNKNOWN_VALUE;
    char digits[8] = "";
    (void)str_copy_n(digits, sizeof digits, m->source.version,
                     strspn(m->source.version, "0123456789"));
    if (parse_int(digits, 1, 1000, &major, NULL) == 0)
        p->facts.target_major = major;
    p->facts.target_rdb_version = m->rdb_version;
    p->facts.valkey = str_equal(m->source.server, "valkey");
    p->facts.target_modules = m->source.modules;
    p->facts.target_module_count = m->source.module_count;
}

static void facts_of_place(struct planning *p)
{
    struct restore_plan_facts *f = &p->facts;
    f->can_place = (p->local || p->remote) && p->place_result == PLACEMENT_OK;
    f->disk_free_bytes = f->can_place ? (int64_t)p->place_facts.free_bytes : RESTORE_UNKNOWN_VALUE;
    f->disk_reserve_bytes = (int64_t)p->place.reserve_bytes;
    f->aof_start = !f->can_place                            ? RESTORE_NOT_KNOWN
                   : p->local && p->place.config[0] == '\0' ? RESTORE_NO /* Redis' default */
                   : p->conf_aof == REDIS_CONF_AOF_ON       ? RESTORE_YES
                   : p->conf_aof == REDIS_CONF_AOF_OFF      ? RESTORE_NO
                                                            : RESTORE_NOT_KNOWN;
    if (f->answers || !f->can_place)
        return;
    if (p->remote && p->source == p->target)
        take_for_the_same(p);
    /* A server that is down: the next start decides. */
    f->aof = f->aof_start;
    f->databases = p->conf_databases;
    f->maxmemory_bytes = p->conf_maxmemory;
}

static bool is_busy(const struct planning *p)
{
    const struct restores *r = p->r;
    return r->ports.busy(r->ports.context, p->target) != NULL ||
           backups_at_work(r->ports.backups, p->target) || restores_running(r) != NULL ||
           restores_holder(r, p->target) != NULL;
}

static enum restore_method method_of(struct planning *p)
{
    const struct restore_choice choice = {.part = p->part || p->mode_given,
                                          .local = p->local,
                                          .helper = p->remote,
                                          .answers = p->facts.answers};
    if (p->method != RESTORES_METHOD_CHOSEN)
        return (enum restore_method)p->method;
    return restore_choose(&choice, &p->why);
}

/* Unencrypted data would cross a network that needs encryption. */
static bool over_a_network(const struct redis_settings *redis)
{
    return redis->via == VIA_DIRECT && redis->tls.enabled;
}

static void judge(struct planning *p)
{
    struct restore_plan_facts *f = &p->facts;
    f->method = method_of(p);
    f->part = p->part;
    f->load_ms = load_ms(p->manifest);
    const struct restores_ports *ports = &p->r->ports;
    f->start_timeout_ms = p->local || ports->start_timeout_ms == NULL
                              ? 0 /* Resus runs it: systemd ends no start */
                              : ports->start_timeout_ms(ports->context, p->target);
    facts_of_place(p);
    f->busy = is_busy(p);
    f->tls = f->tls || over_a_network(&p->redis);
    restore_plan(f, &p->plan);
    p->method = (int)f->method;
    struct entry *e = NULL;
    struct error err = {0};
    if (p->plan.blockers != 0) {
        finish(p, p->begins ? -EPERM : 0, plan_json(p), NULL);
        return;
    }
    if (!p->begins) {
        finish(p, 0, plan_json(p), NULL);
        return;
    }
    int result = restores_take(p, &e, &err);
    json_t *body = result == 0 ? entry_json(e) : NULL;
    finish(p, result, body, &err);
}

/* ── a server that is down: its program is asked, with an empty file ── */

static void on_version(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct planning *p = context;
    (void)err;
    p->query = NULL;
    if (replies != NULL) {
        plan_facts_of_target(&p->facts, replies, &p->names);
        p->facts.answers = false;
        p->facts.target_keys = RESTORE_UNKNOWN_VALUE;
    }
    proof_server_cancel(p->probe);
    p->probe = NULL;
    judge(p);
}

static void on_probe(void *context, const struct redis_settings *redis,
                     const struct proof_server_result *result)
{
    struct planning *p = context;
    const struct query_options options = {
        .redis = redis, .commands = plan_commands, .count = PLAN_COMMANDS, .within_ms = ASK_MS};
    (void)result;
    if (query_start(p->r->ports.loop, &options, on_version, p, &p->query, &p->error) < 0)
        on_version(p, NULL, NULL);
}

static void on_probe_ended(void *context, const struct proof_server_result *result)
{
    struct planning *p = context;
    (void)result; /* the version stays unknown, which blocks */
    query_cancel(p->query);
    p->query = NULL;
    p->probe = NULL;
    judge(p);
}

static bool ask_program(struct planning *p)
{
    const struct service_settings *s = restores_settings(p->r, p->target);
    const struct proof_server_options options = {
        .server = s->process.program,
        .file = p->probe_file,
        .folder = s->process.records,
        .databases = 1,
        .within_ms = ASK_MS,
        .ready = on_probe,
        .serve_ms = ASK_MS,
    };
    struct error err = {0};
    return p->probe_file[0] != '\0' &&
           proof_server_start(p->r->ports.loop, &options, on_probe_ended, p, &p->probe, &err) == 0;
}

static void on_replies(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct planning *p = context;
    (void)err; /* it does not answer: a fact among the others */
    p->query = NULL;
    plan_facts_of_target(&p->facts, replies, &p->names);
    if (replies != NULL || !p->local || !ask_program(p))
        judge(p);
}

static void ask(struct planning *p)
{
    const struct restores_ports *ports = &p->r->ports;
    const struct query_options options = {
        .redis = &p->redis,
        .tunnel = p->redis.via == VIA_SSH ? ports->tunnel(ports->context, p->target) : NULL,
        .commands = plan_commands,
        .count = PLAN_COMMANDS,
        .within_ms = ASK_MS,
    };
    if (query_start(ports->loop, &options, on_replies, p, &p->query, &p->error) < 0)
        fail(p);
}

/* ── the worker ── */

static void take_figure(void *context, const char *name, const char *value)
{
    struct planning *p = context;
    if (strcasecmp(name, "databases") == 0 &&
        parse_int(value, 1, INT32_MAX, &p->conf_databases, NULL) < 0)
        p->conf_databases = RESTORE_UNKNOWN_VALUE;
    if (strcasecmp(name, "maxmemory") == 0 && parse_size(value, &p->conf_maxmemory, NULL) < 0)
        p->conf_maxmemory = RESTORE_UNKNOWN_VALUE;
}

static void take_line(void *context, const char *name, const char *value)
{
    struct planning *p = context;
    struct placement_place *place = &p->place;
    const struct {
        const char *name;
        char *to;
    } rows[] = {{"dbfilename", place->dump},
                {"appenddirname", place->aof_folder},
                {"appendfilename", place->aof_name}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcasecmp(rows[i].name, name) == 0)
            (void)str_copy(rows[i].to, PLACEMENT_NAME_MAX, value);
    take_figure(context, name, value);
}

/* An RDB file without a key, of a version that every server reads: magic, end, and no checksum. */
static void write_probe(struct planning *p)
{
    static const char empty[] = "REDIS0006\xff\0\0\0\0\0\0\0";
    char path[PATH_MAX];
    struct error err = {0};
    if (str_format(path, sizeof path, "%s/empty.rdb", p->records) &&
        file_write_atomic(path, empty, sizeof empty, 0600, &err) == 0)
        (void)str_copy(p->probe_file, sizeof p->probe_file, path);
}

static void read_place(struct planning *p)
{
    size_t length = 0;
    char *text = redis_conf_load(p->place.config, &length);
    p->conf_aof = REDIS_CONF_AOF_UNKNOWN;
    if (text != NULL)
        p->conf_aof = redis_conf_read(text, length, take_line, p);
    free(text);
    p->place_result = placement_facts(&p->place, &p->place_facts, &p->place_error);
    if (p->place_result != PLACEMENT_OK || !p->place_facts.running)
        write_probe(p);
}

static int run_helper(struct planning *p, struct helper_ran *ran, struct error *err)
{
    const struct helper_run run = {.line = "", .fd = -1, .within_ms = HELPER_MS};
    int r = p->r->ports.helper(&p->host, FILES_FACTS, &run, ran, err);
    if (r == 0 && ran->status != 0)
        r = error_set(err, -EIO, "%s",
                      ran->err[0] != '\0' ? ran->err : "the helper ended without a word");
    return r < 0 ? r
                 : helper_facts_read(ran->out, &p->place, &p->place_facts, &p->conf_aof,
                                     take_figure, p, err);
}

/* What the helper of the host says of the data folder. */
static void ask_helper(struct planning *p)
{
    struct helper_ran *ran = mem_calloc(1, sizeof *ran);
    struct error err = {0};
    int r = ran == NULL ? error_set(&err, -ENOMEM, "out of memory") : run_helper(p, ran, &err);
    mem_free(ran);
    p->place_result = r == 0 ? PLACEMENT_OK : PLACEMENT_FAILED;
    (void)str_copy_clean(p->place_error.text, sizeof p->place_error.text, err.text,
                         strlen(err.text));
}

/* Can it be opened here, with room for what is inside? */
static void look_inside(struct planning *p)
{
    struct seal_secret key;
    struct statvfs disk;
    struct error ignored = {0};
    p->facts.sealed = true;
    p->facts.key_absent = opened_key(p->recipients.files, p->recipients.count,
                                     &p->manifest->files[0], &key, &ignored) < 0;
    if (!p->facts.key_absent)
        seal_secret_wipe(&key);
    if (statvfs(p->root, &disk) == 0)
        p->facts.open_free_bytes =
            (int64_t)disk.f_bavail * (int64_t)disk.f_frsize - OPENED_RESERVE_BYTES;
}

static void on_worker(uv_work_t *work)
{
    struct planning *p = (struct planning *)work;
    struct catalog *catalog;
    int r = catalog_peek(p->root, p->source_id, &catalog, &p->error);
    if (r == 0) {
        r = catalog_read(catalog, p->kind, p->backup, p->manifest, &p->error);
        catalog_close(catalog);
    }
    if (r == 0 && p->manifest->files[0].plain_sha256[0] != '\0')
        look_inside(p);
    if (r == 0 && p->local)
        read_place(p);
    else if (r == 0 && p->remote &&
             (p->method == RESTORES_METHOD_CHOSEN || p->method == (int)RESTORE_BY_FILE))
        ask_helper(p);
}

static void on_read(uv_work_t *work, int status)
{
    struct planning *p = (struct planning *)work;
    p->in_worker = false;
    slot_give(&p->slot);
    if (status < 0 && p->error.code == 0)
        (void)error_set(&p->error, status, "the plan was cancelled");
    if (p->gone && p->error.code == 0)
        (void)error_set(&p->error, -ECANCELED, "Resus is stopping");
    if (p->error.code != 0) {
        fail(p);
        return;
    }
    plan_facts_of_backup(&p->facts, p->manifest);
    ask(p);
}

static void on_granted(void *context)
{
    struct planning *p = context;
    p->in_worker = true;
    (void)uv_queue_work(p->r->ports.loop, &p->work, on_worker, on_read);
}

/* ── the order ── */

void planning_turn(struct planning *p)
{
    if (!p->slot.waits || mono_since(restores_now(p->r).mono, p->since) < SLOT_MS)
        return;
    (void)error_set(&p->error, -EBUSY,
                    "the folder of backups is in use by another task: try again later");
    fail(p);
}

void planning_drop(struct planning *p)
{
    p->gone = true;
    query_cancel(p->query);
    p->query = NULL;
    proof_server_cancel(p->probe);
    p->probe = NULL;
    if (!p->in_worker)
        finish(p, -ECANCELED, NULL, NULL);
}

static void copy_settings(struct planning *p)
{
    const struct service_settings *source = restores_settings(p->r, p->source);
    const struct service_settings *target = restores_settings(p->r, p->target);
    const struct settings *all = p->r->ports.settings(p->r->ports.context);
    p->recipients.count = source->backup.recipient_count;
    for (size_t i = 0; i < p->recipients.count; i++)
        p->recipients.files[i] = all->recipients[source->backup.recipient_first + i];
    (void)str_copy(p->root, sizeof p->root, source->backup.directory);
    (void)str_copy(p->source_id, sizeof p->source_id, source->id);
    (void)str_copy(p->server, sizeof p->server, source->backup.server);
    p->redis = target->redis;
    p->local = target->control == CONTROL_PROCESS;
    p->remote = restores_remote(p->r, p->target, &p->host);
    p->conf_databases = 16; /* Redis' default */
    (void)str_copy(p->records, sizeof p->records, target->process.records);
    placement_defaults(&p->place);
    (void)str_copy(p->place.dir, sizeof p->place.dir, target->process.directory);
    (void)str_copy(p->place.config, sizeof p->place.config, target->process.config_file);
}

static int check(const struct restores *r, const struct restores_wanted *w, enum backup_kind *ret,
                 struct error *err)
{
    bool whole = w->method == (int)RESTORE_BY_FILE || w->method == (int)RESTORE_BY_REPLICATION;
    bool part = w->db >= 0 || w->match[0] != '\0' || w->mode_given;
    if (r->closing)
        return error_set(err, -EBUSY, "Resus is stopping");
    if (r->planning_count >= RESTORES_PLANS_MAX)
        return error_set(err, -EBUSY, "%d plans are being made: try again later",
                         RESTORES_PLANS_MAX);
    if (whole && part)
        return error_set(err, -EINVAL,
                         "by file and by replication the whole backup takes the place of all data: "
                         "mode, db and match "
                         "are for the method keys");
    return backups_find(r->ports.backups, w->source, w->backup, ret, err);
}

static int make(struct restores *r, const struct restores_wanted *w, bool begins,
                restores_done *done, void *context, uint64_t ticket, struct error *err)
{
    enum backup_kind kind = BACKUP_MANUAL;
    int result = check(r, w, &kind, err);
    if (result < 0)
        return result;
    struct planning *p = mem_calloc(1, sizeof *p);
    struct manifest *m = mem_calloc(1, sizeof *m);
    if (p == NULL || m == NULL) {
        mem_free(p);
        mem_free(m);
        return error_set(err, -ENOMEM, "out of memory");
    }
    *p = (struct planning){.r = r,
                           .next = r->plannings,
                           .since = restores_now(r).mono,
                           .begins = begins,
                           .source = w->source,
                           .target = w->target,
                           .method = w->method,
                           .mode = w->mode,
                           .mode_given = w->mode_given,
                           .db = w->db,
                           .part = w->db >= 0 || w->match[0] != '\0',
                           .unguarded = w->unguarded,
                           .kind = kind,
                           .manifest = m,
                           .facts = {.forced = w->forced},
                           .done = done,
                           .context = context,
                           .ticket = ticket};
    if (w->user != NULL)
        p->user = *w->user;
    (void)str_copy(p->backup, sizeof p->backup, w->backup);
    (void)str_copy(p->match, sizeof p->match, w->match);
    (void)str_copy_clean(p->reason, sizeof p->reason, w->reason, strlen(w->reason));
    (void)str_copy(p->request_id, sizeof p->request_id, w->request_id);
    copy_settings(p);
    r->plannings = p;
    r->planning_count++;
    slot_ask(r, &p->slot, on_granted, p);
    return 0;
}

int restores_plan(struct restores *r, const struct restores_wanted *wanted, restores_done *done,
                  void *context, uint64_t ticket, struct error *err)
{
    return make(r, wanted, false, done, context, ticket, err);
}

int restores_begin(struct restores *r, const struct restores_wanted *wanted, restores_done *done,
                   void *context, uint64_t ticket, struct error *err)
{
    return make(r, wanted, true, done, context, ticket, err);
}
