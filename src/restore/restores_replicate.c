/* By replication: the acts of the state machine (restore/restore.h). A server of ours serves the
 * backup, and the target becomes its replica until it has the data. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"

#define ASK_MS (30 * 1000)
#define ACCEPT_MS (30 * 1000) /* a replica tries to connect each second */
#define LINK_MS (60 * 1000)   /* also to fork for a copy */

/* ── the end of an act ── */

static void end(struct entry *e, enum restore_event outcome, const struct error *err)
{
    enum restore_act act = e->run->act;
    e->run->act = RESTORE_ACT_NONE;
    entry_end_act(e, act, outcome, NULL, err);
}

static bool loads(const struct run *run)
{
    return run->act == RESTORE_ACT_LOAD || run->act == RESTORE_ACT_LOAD_OLD;
}

static void drop(struct run *run)
{
    replica_cancel(run->replica);
    way_back_cancel(run->way);
    run->replica = NULL;
    run->way = NULL;
    serving_end(run);
}

static void fail(struct entry *e, const struct error *err)
{
    drop(e->run);
    end(e, RESTORE_FAILED, err);
}

static void on_guarded(struct entry *e, int result, const struct error *err)
{
    struct error why = {0};
    if (result < 0)
        (void)error_set(&why, result, "no safety backup could be made: %s", err->text);
    if (e->run->machine != NULL)
        end(e, result < 0 ? RESTORE_FAILED : RESTORE_OK, &why);
}

/* ── the way from the target to the server of the backup ── */

static void on_way_open(void *context, const char *address, int port)
{
    struct entry *e = context;
    const char *busy = e->r->ports.busy(e->r->ports.context, e->target);
    struct error err = {0};
    (void)str_copy(e->copy.address, sizeof e->copy.address, address);
    e->copy.port = port;
    if (!loads(e->run))
        return;
    if (busy != NULL) {
        (void)error_set(&err, -EBUSY, "under way on this service: %s", busy);
        fail(e, &err);
    } else {
        end(e, RESTORE_OK, NULL);
    }
}

static void on_way_ended(void *context, const struct error *err)
{
    struct entry *e = context;
    e->run->way = NULL;
    if (loads(e->run) || e->run->act == RESTORE_ACT_COPY)
        fail(e, err);
}

static void open_way(struct entry *e)
{
    struct run *run = e->run;
    struct error err = {0};
    bool by_ssh = run->redis.via == VIA_SSH;
    const struct way_back_options options = {
        .socket = run->source->socket,
        .redis = &run->redis,
        .remote = by_ssh ? e->r->ports.listen : NULL,
        .ssh = by_ssh ? &restores_settings(e->r, e->target)->ssh : NULL,
        .accept_ms = ACCEPT_MS,
    };
    if (way_back_start(e->r->ports.loop, &options, on_way_open, on_way_ended, e, &run->way, &err) <
        0)
        fail(e, &err);
}

/* ── both servers are fitted to each other ── */

/* How many of the commands not every server knows; how many are always sent; all. */
enum { FIT_OPTIONAL = 2, FIT_ALWAYS = 5, FIT_USER = 8 };

static void on_fitted(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct entry *e = context;
    struct error why = {0};
    size_t count = e->run->masteruser[0] == '\0' ? FIT_ALWAYS : FIT_USER;
    e->run->query = NULL;
    explicit_bzero(e->run->masterauth, sizeof e->run->masterauth);
    explicit_bzero(e->run->secret, sizeof e->run->secret);
    if (replies == NULL) {
        fail(e, err);
        return;
    }
    for (size_t i = FIT_OPTIONAL; i < count && why.code == 0; i++)
        if (replies[i]->type == RESP_ERROR)
            (void)error_set(&why, -EINVAL, "the server of the backup cannot be set up: %s",
                            replies[i]->text);
    if (why.code != 0)
        fail(e, &why);
    else
        open_way(e);
}

/* The target logs in as it would at its primary. Last, since we have no password for it after that. */
static void fit(struct entry *e)
{
    struct run *run = e->run;
    struct error err = {0};
    (void)str_format(run->secret, sizeof run->secret, ">%s", run->masterauth);
    const struct query_command commands[FIT_USER] = {
        /* Redis 8 and Valkey 8 would use a second connection, where one is let in. */
        {{"CONFIG", "SET", "repl-rdb-channel", "no"}},
        {{"CONFIG", "SET", "dual-channel-replication-enabled", "no"}},
        {{"CONFIG", "SET", "repl-diskless-sync", "yes"}},
        {{"CONFIG", "SET", "repl-diskless-sync-delay", "0"}},
        {{"CONFIG", "SET", "requirepass", run->masterauth}},
        {{"ACL", "SETUSER", run->masteruser, run->secret}},
        {{"ACL", "SETUSER", run->masteruser, "+@all"}},
        {{"ACL", "SETUSER", run->masteruser, "on"}},
    };
    const struct query_options options = {.redis = run->source,
                                          .commands = commands,
                                          .count =
                                              run->masteruser[0] == '\0' ? FIT_ALWAYS : FIT_USER,
                                          .within_ms = ASK_MS,
                                          .permit = &permit_alone}; /* it is our own */
    if (query_start(e->r->ports.loop, &options, on_fitted, e, &run->query, &err) < 0)
        fail(e, &err);
}

static void on_source(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct entry *e = context;
    e->run->query = NULL;
    if (replies == NULL) {
        fail(e, err);
        return;
    }
    query_info_text(replies[0], "master_replid", e->copy.id, sizeof e->copy.id);
    fit(e);
}

static void ask_source(struct entry *e)
{
    static const struct query_command info[] = {{{"INFO"}}};
    struct error err = {0};
    const struct query_options options = {
        .redis = e->run->source, .commands = info, .count = 1, .within_ms = ASK_MS};
    if (query_start(e->r->ports.loop, &options, on_source, e, &e->run->query, &err) < 0)
        fail(e, &err);
}

static int take_value(const struct redis_reply *reply, char *to, size_t size, struct error *err)
{
    bool pair = reply->type == RESP_LIST && reply->count == 2 && reply->items[1]->type == RESP_BULK;
    to[0] = '\0'; /* also when the account may not read it: then most likely none is set */
    if (!pair || str_copy(to, size, reply->items[1]->text))
        return 0;
    return error_set(err, -ENAMETOOLONG, "%s of Redis is longer than %zu bytes",
                     reply->items[0]->text, size - 1);
}

static void on_target(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct entry *e = context;
    struct run *run = e->run;
    struct error why = {0};
    run->query = NULL;
    if (replies == NULL) {
        fail(e, err);
        return;
    }
    e->copy.keys_before = query_info_keys(replies[0]);
    e->copy.expires_before = query_info_expires(replies[0]);
    if (take_value(replies[1], run->masterauth, sizeof run->masterauth, &why) < 0 ||
        take_value(replies[2], run->masteruser, sizeof run->masteruser, &why) < 0)
        fail(e, &why);
    else
        ask_source(e);
}

static int ask_target(struct entry *e, const struct query_command *commands, size_t count,
                      query_done *done, struct error *err)
{
    const struct query_options options = {.redis = &e->run->redis,
                                          .tunnel = entry_tunnel(e),
                                          .commands = commands,
                                          .count = count,
                                          .within_ms = ASK_MS};
    return query_start(e->r->ports.loop, &options, done, e, &e->run->query, err);
}

static void on_serving(struct entry *e, const struct error *err)
{
    static const struct query_command asked[] = {
        {{"INFO"}}, {{"CONFIG", "GET", "masterauth"}}, {{"CONFIG", "GET", "masteruser"}}};
    struct error why = {0};
    if (err == NULL && ask_target(e, asked, ARRAY_LENGTH(asked), on_target, &why) == 0)
        return;
    if (loads(e->run) || e->run->act == RESTORE_ACT_COPY)
        fail(e, err == NULL ? &why : err);
}

/* ── what may be read by the target, as it is now ── */

static void on_facts(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct entry *e = context;
    struct run *run = e->run;
    struct error why = {0};
    run->query = NULL;
    if (replies == NULL) {
        fail(e, err);
        return;
    }
    plan_facts_of_target(&run->facts, replies, &run->names);
    if (run->facts.replica && run->act == RESTORE_ACT_LOAD) {
        (void)error_set(&why, -EBUSY, "the server has become a replica meanwhile");
        fail(e, &why);
        return;
    }
    serving_begin(e, on_serving);
}

static void load(struct entry *e)
{
    struct error err = {0};
    if (ask_target(e, plan_commands, PLAN_COMMANDS, on_facts, &err) < 0)
        fail(e, &err);
}

/* ── the safety backup: its manifest is read again, since Resus may have ended meanwhile ── */

struct reading {
    uv_work_t work;
    struct restores *r;
    int64_t number;
    int orders;
    char root[SETTINGS_PATH_MAX], service[SETTINGS_ID_MAX], id[MANIFEST_ID_SIZE];
    struct manifest *manifest;
    struct error error;
};

static void on_read_worker(uv_work_t *work)
{
    struct reading *x = (struct reading *)work;
    struct catalog *catalog;
    if (catalog_peek(x->root, x->service, &catalog, &x->error) < 0)
        return;
    if (catalog_read(catalog, BACKUP_MANUAL, x->id, x->manifest, &x->error) < 0 &&
        x->error.code == 0)
        x->error.code = -ENOENT;
    catalog_close(catalog);
}

static int take_manifest(struct entry *e, struct reading *x, struct error *err)
{
    struct run *run = e->run;
    const struct service_settings *target = restores_settings(e->r, e->target);
    const struct settings *all = e->r->ports.settings(e->r->ports.context);
    struct manifest *m = x->manifest;
    struct rdb_counts *databases = mem_calloc(m->database_count + 1, sizeof databases[0]);
    if (databases == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    memcpy(databases, m->databases, m->database_count * sizeof databases[0]);
    mem_free(e->databases);
    e->databases = databases;
    e->database_count = m->database_count;
    mem_free(run->manifest);
    run->manifest = m;
    x->manifest = NULL;
    run->bytes = (uint64_t)m->files[0].bytes;
    (void)str_copy(run->sha256, sizeof run->sha256, m->files[0].sha256);
    (void)str_copy(run->server, sizeof run->server, target->backup.server);
    run->recipients.count = target->backup.recipient_count;
    for (size_t i = 0; i < run->recipients.count; i++)
        run->recipients.files[i] = all->recipients[target->backup.recipient_first + i];
    plan_facts_of_backup(&run->facts, m);
    if (!str_format(run->folder, sizeof run->folder, "%s/%s", x->root, x->service) ||
        !str_format(run->file, sizeof run->file, "%s/%s/%s/%s", run->folder,
                    backup_kind_word(BACKUP_MANUAL), x->id, m->files[0].name))
        return error_set(err, -ENAMETOOLONG, "the path of the backup is too long");
    return 0;
}

static void on_read(uv_work_t *work, int status)
{
    struct reading *x = (struct reading *)work;
    struct entry *e = x->r->closing ? NULL : restores_find(x->r, x->number);
    if (status < 0 && x->error.code == 0)
        (void)error_set(&x->error, status, "cancelled");
    if (e != NULL && e->run != NULL && e->orders == x->orders &&
        e->run->act == RESTORE_ACT_LOAD_OLD) {
        if (x->error.code == 0)
            (void)take_manifest(e, x, &x->error);
        if (x->error.code == 0)
            load(e);
        else
            fail(e, &x->error);
    }
    mem_free(x->manifest);
    mem_free(x);
}

static void load_old(struct entry *e)
{
    const struct service_settings *target = restores_settings(e->r, e->target);
    struct error err = {0};
    drop(e->run);
    struct reading *x = mem_must(mem_calloc(1, sizeof *x));
    x->manifest = mem_must(mem_calloc(1, sizeof *x->manifest));
    x->r = e->r;
    x->number = e->number;
    x->orders = e->orders;
    (void)str_copy(x->root, sizeof x->root, target->backup.directory);
    (void)str_copy(x->service, sizeof x->service, target->id);
    (void)str_copy(x->id, sizeof x->id, e->safety);
    if (e->safety[0] == '\0')
        (void)error_set(&err, -ENOENT, "there is no safety backup");
    else if (uv_queue_work(e->r->ports.loop, &x->work, on_read_worker, on_read) == 0)
        return;
    else
        (void)error_set(&err, -EAGAIN, "no worker takes it");
    mem_free(x->manifest);
    mem_free(x);
    fail(e, &err);
}

/* ── the copy ── */

static void move(struct entry *e);

struct starting {
    struct restores *r;
    int64_t number;
    int orders;
};

static void on_started(void *context, enum restore_event outcome, const char *text)
{
    struct starting *s = context;
    struct entry *e = s->r->closing ? NULL : restores_find(s->r, s->number);
    struct error err = {0};
    bool awaited =
        e != NULL && e->run != NULL && e->orders == s->orders && e->run->act == RESTORE_ACT_DETACH;
    mem_free(s);
    if (!awaited)
        return;
    (void)error_set(&err, -EIO, "Redis has ended meanwhile, and does not start: %s", text);
    if (outcome == RESTORE_OK)
        move(e);
    else
        end(e, RESTORE_UNKNOWN, &err);
}

/* Redis has ended: no files were exchanged, so that it starts with the data from before or with the
 * backup. */
static void start_again(struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    char reason[80];
    struct starting *s = mem_must(mem_calloc(1, sizeof *s));
    *s = (struct starting){.r = e->r, .number = e->number, .orders = e->orders};
    e->run->started = true;
    (void)str_format(reason, sizeof reason, "restore %" PRId64 " of backup %s", e->number,
                     e->backup);
    ports->operate(ports->context, e->target, RESTORES_START, &e->user, reason, on_started, s);
}

static void on_replica(void *context, enum restore_event outcome, const struct error *err)
{
    struct entry *e = context;
    e->run->replica = NULL;
    if (err != NULL)
        e->run->error = *err;
    if (e->run->act == RESTORE_ACT_DETACH && outcome == RESTORE_UNKNOWN && err != NULL &&
        err->code == -ECONNREFUSED && !e->run->started)
        start_again(e);
    else
        end(e, outcome, err);
}

/* No permit: a server that is to follow is left alone, and one that is to be independent is asked. */
static void move_under(struct entry *e, const struct permit *permit)
{
    struct run *run = e->run;
    struct error err = {0};
    bool detaches = run->act == RESTORE_ACT_DETACH;
    const struct replica_options options = {
        .permit = permit,
        .redis = &run->redis,
        .tunnel = entry_tunnel(e),
        .copy = &e->copy,
        .databases = e->databases,
        .database_count = e->database_count,
        .within_ms = detaches ? restore_limits_default.detach_ms : restore_limits_default.copy_ms,
        .link_ms = LINK_MS,
    };
    uv_loop_t *loop = e->r->ports.loop;
    int r = detaches ? replica_detach(loop, &options, on_replica, e, &run->replica, &err)
                     : replica_follow(loop, &options, on_replica, e, &run->replica, &err);
    if (r == 0)
        return;
    struct permit unused = permit == NULL ? (struct permit){0} : *permit;
    permit_end(&unused);
    end(e, detaches ? RESTORE_UNKNOWN : RESTORE_FAILED, &err);
}

/* The answer may come when the act has ended. */
struct permission {
    struct restores *r;
    int64_t number;
    int orders;
    enum restore_act act;
};

static void on_permitted(void *context, const struct permit *permit, const char *why)
{
    struct permission *asked = context;
    struct restores *r = asked->r;
    struct entry *e = restores_find(r, asked->number);
    bool awaited = !r->closing && e != NULL && e->run != NULL && e->orders == asked->orders &&
                   e->run->act == asked->act && e->run->replica == NULL;
    mem_free(asked);
    if (!awaited) {
        struct permit unused = permit == NULL ? (struct permit){0} : *permit;
        permit_end(&unused);
        return;
    }
    struct error refused = {0};
    (void)error_set(&refused, -EPERM, "nothing was done: %s", why);
    if (permit == NULL && e->run->act == RESTORE_ACT_COPY)
        end(e, RESTORE_FAILED, &refused);
    else
        move_under(e, permit);
}

static void move(struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    struct permission *asked = mem_must(mem_calloc(1, sizeof *asked));
    replica_cancel(e->run->replica);
    e->run->replica = NULL;
    *asked = (struct permission){e->r, e->number, e->orders, e->run->act};
    ports->permit(ports->context, e->target,
                  asked->act == RESTORE_ACT_DETACH ? "restore-detach" : "restore-replicate",
                  on_permitted, asked);
}

/* The way may have ended while the journal was written. */
static void copy(struct entry *e)
{
    struct error err = {0};
    if (e->run->way != NULL) {
        move(e);
        return;
    }
    (void)error_set(&err, -EPIPE, "the connection to the server of the backup has ended");
    fail(e, &err);
}

/* ── the ports ── */

void replicate_act(void *context, struct restore *r, enum restore_act act,
                   const struct restore_job *job)
{
    struct entry *e = context;
    (void)r;
    e->job = *job;
    e->run->act = act;
    switch (act) {
    case RESTORE_ACT_GUARD:
        entry_guard(e, on_guarded);
        break;
    case RESTORE_ACT_LOAD:
        load(e);
        break;
    case RESTORE_ACT_LOAD_OLD:
        load_old(e);
        break;
    case RESTORE_ACT_COPY:
        copy(e);
        break;
    default:
        move(e);
        break;
    }
}

void replicate_stop_act(void *context, enum restore_act act)
{
    struct entry *e = context;
    (void)act;
    if (e->run == NULL)
        return;
    e->run->act = RESTORE_ACT_NONE;
    drop(e->run);
}

static void released(struct entry *e, const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    const char *by = e->run->cancelled_by;
    if (by[0] != '\0')
        (void)str_format(text, sizeof text, "Cancelled by %s. Redis has the data from before.", by);
    else
        (void)str_format(text, sizeof text, "Redis has the data from before: %s",
                         err->code == 0 ? "Resus ended meanwhile" : err->text);
    entry_ended(e, by[0] != '\0' ? RESTORES_CANCELLED : RESTORES_FAILED, text);
}

void replicate_report(void *context, enum restore_act act, const struct restore_job *job,
                      const struct error *err)
{
    struct entry *e = context;
    char text[ERROR_TEXT_MAX];
    const char *why = err->code == 0 ? "Resus ended meanwhile" : err->text;
    const char *safety = e->safety[0] == '\0' ? "(none)" : e->safety;
    e->job = *job;
    switch (act) {
    case RESTORE_ACT_FINISH:
        (void)str_format(text, sizeof text,
                         "Redis serves the backup's %" PRId64 " keys. The safety backup %s has the "
                         "data from before.",
                         e->keys < 0 ? 0 : e->keys, safety);
        entry_ended(e, RESTORES_DONE, text);
        break;
    case RESTORE_ACT_RELEASE:
        released(e, err);
        break;
    case RESTORE_ACT_UNDONE:
        (void)str_format(text, sizeof text,
                         "The data of the safety backup %s are back. The restore failed: %s",
                         safety, why);
        entry_ended(e, RESTORES_UNDONE, text);
        break;
    case RESTORE_ACT_HOLD: /* why it cannot be asked, rather than why the copy failed */
        (void)str_format(text, sizeof text, "%s. It is not known which data Redis has.",
                         e->run->error.code == 0 ? why : e->run->error.text);
        entry_ended(e, RESTORES_HELD, text);
        break;
    default:
        (void)str_format(text, sizeof text,
                         "The undo failed: %s. Redis may have only a part of its data: the safety "
                         "backup %s has them.",
                         why, safety);
        entry_ended(e, RESTORES_NEEDS_HUMAN, text);
        break;
    }
}
