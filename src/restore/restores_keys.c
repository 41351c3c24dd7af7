/* By keys: a server of our own serves the backup, and its keys are copied into the target as it
 * runs. The safety backup comes first. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"

#define SILENCE_MS (60 * 1000)
#define ASK_MS (30 * 1000)
#define SERVE_MS (INT64_C(48) * 3600 * 1000)

static void fail(struct entry *e, const char *what, const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    (void)str_format(text, sizeof text, "%s%s%s", what, what[0] == '\0' ? "" : ": ",
                     err == NULL ? "" : err->text);
    entry_ended(e, RESTORES_FAILED, text);
}

/* ── the copy ── */

static void take_figures(struct entry *e, const struct pour_result *result)
{
    e->restored = result->restored;
    e->kept = result->kept;
    e->expired = result->expired;
    e->removed = result->removed;
}

/* Of a whole backup it is known how many keys there are; those with a TTL may be gone by now. */
static bool is_complete(const struct entry *e)
{
    int64_t wanted = 0;
    if (e->db >= 0 || e->match[0] != '\0')
        return true;
    for (size_t i = 0; i < e->database_count; i++)
        wanted += e->databases[i].keys - e->databases[i].expires;
    return e->restored + e->kept + e->expired >= wanted;
}

static void on_poured(void *context, const struct pour_result *result)
{
    struct entry *e = context;
    char text[ERROR_TEXT_MAX];
    e->run->pour = NULL;
    take_figures(e, result);
    (void)str_format(text, sizeof text,
                     "%" PRId64 " keys restored, %" PRId64 " kept as they were, %" PRId64
                     " expired meanwhile, %" PRId64 " removed",
                     e->restored, e->kept, e->expired, e->removed);
    if (result->error.code != 0) {
        (void)str_append(text, sizeof text, "; then it ended: %s. It may be repeated",
                         result->error.text);
        entry_ended(e, RESTORES_FAILED, text);
    } else if (!is_complete(e)) {
        (void)str_append(text, sizeof text, ": fewer than the %" PRId64 " of the backup", e->keys);
        entry_ended(e, RESTORES_FAILED, text);
    } else {
        entry_ended(e, RESTORES_DONE, text);
    }
}

/* The answer may come when the restore has ended. */
struct permission {
    struct restores *r;
    int64_t number;
    int orders;
};

static void pour_under(struct entry *e, const struct permit *permit)
{
    struct run *run = e->run;
    struct error err = {0};
    const struct pour_options options = {
        .permit = permit,
        .source = run->source,
        .target = &run->redis,
        .tunnel = entry_tunnel(e),
        .mode = e->mode,
        .db = e->db,
        .pattern = e->match,
        .silence_ms = SILENCE_MS,
    };
    const char *busy = e->r->ports.busy(e->r->ports.context, e->target);
    struct permit unused = *permit;
    if (busy == NULL &&
        pour_start(e->r->ports.loop, &options, on_poured, e, &run->pour, &err) == 0) {
        entry_stage(e, "pouring");
        return;
    }
    permit_end(&unused);
    if (busy != NULL)
        (void)error_set(&err, -EBUSY, "%s", busy);
    fail(e,
         busy != NULL ? "nothing was changed: under way on this service" : "the copy cannot begin",
         &err);
}

static void on_permitted(void *context, const struct permit *permit, const char *why)
{
    struct permission *asked = context;
    struct restores *r = asked->r;
    struct entry *e = restores_find(r, asked->number);
    bool awaited = !r->closing && e != NULL && e->run != NULL && e->orders == asked->orders;
    mem_free(asked);
    if (awaited && permit != NULL) {
        pour_under(e, permit);
        return;
    }
    struct permit unused = permit == NULL ? (struct permit){0} : *permit;
    permit_end(&unused);
    struct error refused = {0};
    (void)error_set(&refused, -EPERM, "%s", why);
    if (awaited)
        fail(e, "nothing was changed", &refused);
}

static void pour(struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    struct permission *asked = mem_must(mem_calloc(1, sizeof *asked));
    *asked = (struct permission){e->r, e->number, e->orders};
    ports->permit(ports->context, e->target, "restore-keys", on_permitted, asked);
}

/* ── the server of the backup ── */

/* What this server dumps has to be read by the target: known before a key is touched. */
static void on_source(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct entry *e = context;
    struct run *run = e->run;
    struct restore_plan_facts source = {0};
    struct plan_names names;
    char text[ERROR_TEXT_MAX];
    run->query = NULL;
    if (replies == NULL) {
        fail(e, "the server of the backup does not answer", err);
        return;
    }
    plan_facts_of_target(&source, replies, &names);
    run->facts.rdb_version = source.target_rdb_version;
    if (source.target_rdb_version != RESTORE_UNKNOWN_VALUE &&
        restore_version_fits(source.target_rdb_version, run->facts.target_rdb_version,
                             run->facts.valkey)) {
        pour(e);
        return;
    }
    restore_blocker_text(RESTORE_BLOCKED_RDB_VERSION, &run->facts, text, sizeof text);
    (void)str_append(text, sizeof text,
                     " Or name an older server in `backup.server`: %s serves the backup.",
                     run->server);
    fail(e, text, NULL);
}

static void on_served(void *context, const struct redis_settings *redis,
                      const struct proof_server_result *result)
{
    struct entry *e = context;
    struct run *run = e->run;
    struct error err = {0};
    const struct query_options options = {
        .redis = redis, .commands = plan_commands, .count = PLAN_COMMANDS, .within_ms = ASK_MS};
    (void)result;
    sealed_close(run); /* it is in the server's memory */
    run->source = redis;
    if (query_start(e->r->ports.loop, &options, on_source, e, &run->query, &err) < 0)
        fail(e, "the server of the backup cannot be asked", &err);
}

static void on_server_ended(void *context, const struct proof_server_result *result)
{
    struct entry *e = context;
    e->run->proof_server = NULL;
    if (result->end == PROOF_SERVER_LATE)
        fail(e, "the server of the backup did not load it in time", NULL);
    else
        fail(e, "the server of the backup ended",
             result->report.trouble == CHECK_NO_TROUBLE
                 ? &result->error
                 : &(struct error){.code = -ECHILD, .text = "it cannot load the file"});
}

static void serve(struct entry *e)
{
    struct run *run = e->run;
    struct error err = {0};
    const struct manifest *m = run->manifest;
    const struct proof_server_options options = {
        .server = run->server,
        .file = run->file,
        .folder = run->folder,
        .databases = run->facts.highest_db >= 0 ? run->facts.highest_db + 1 : 1,
        .memory_bytes = m->used_memory_bytes > 0 ? m->used_memory_bytes : 0,
        .within_ms = proof_limits_default.load_ms,
        .ready = on_served,
        .serve_ms = SERVE_MS,
    };
    entry_stage(e, "loading");
    if (proof_server_start(e->r->ports.loop, &options, on_server_ended, e, &run->proof_server,
                           &err) < 0)
        fail(e, "the server of the backup does not start", &err);
}

/* ── the file ── */

static void on_checked(void *context, const struct proof_result *result)
{
    struct entry *e = context;
    const struct proof_check *last = &result->checks[result->check_count - 1];
    e->run->proof = NULL;
    slot_give(&e->run->slot);
    if (last->verdict == PROOF_GOOD) {
        serve(e);
        return;
    }
    struct error err = {.code = -EBADMSG};
    (void)str_copy(err.text, sizeof err.text, last->text);
    fail(e, "the backup cannot be used", &err);
}

static void examine(struct entry *e)
{
    struct run *run = e->run;
    struct error err = {0};
    const struct proof_options options = {
        .file = run->file,
        .folder = run->folder,
        .server = run->server,
        .sha256 = run->sha256,
        .bytes = run->bytes,
        .upto = PROOF_FILE,
        .limits = proof_limits_default,
    };
    entry_stage(e, "checking");
    if (proof_start(e->r->ports.loop, &options, on_checked, e, &run->proof, &err) < 0)
        fail(e, "the backup cannot be checked", &err);
}

static void on_opened(struct entry *e, const struct error *err)
{
    if (err->code == 0) {
        examine(e);
        return;
    }
    slot_give(&e->run->slot);
    fail(e, "nothing was changed: the backup cannot be opened", err);
}

static void on_granted(void *context)
{
    struct entry *e = context;
    if (!sealed_is(e)) {
        examine(e);
        return;
    }
    entry_stage(e, "opening");
    sealed_open(e, on_opened);
}

static void check(struct entry *e)
{
    entry_stage(e, "waiting");
    slot_ask(e->r, &e->run->slot, on_granted, e);
}

/* ── the order ── */

static void on_guarded(struct entry *e, int result, const struct error *err)
{
    if (result < 0)
        fail(e, "no safety backup could be made, so nothing was changed", err);
    else
        check(e);
}

static void on_noted(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct restores *r = context;
    struct entry *e = restores_find(r, (int64_t)id);
    if (r->closing || e == NULL || e->run == NULL)
        return;
    if (outcome != STORE_DURABLE) {
        fail(e, "the restore cannot be written down, so nothing was changed", error);
    } else if (e->run->unguarded) {
        check(e);
    } else {
        entry_stage(e, "guarding");
        entry_guard(e, on_guarded);
    }
}

void keys_begin(struct entry *e)
{
    entry_stage(e, "planned");
    entry_save(e, on_noted);
}

void keys_late(struct entry *e, const struct error *err)
{
    fail(e, "nothing was changed", err);
}

void keys_cancel(struct entry *e, const struct engine_user *user)
{
    char text[ERROR_TEXT_MAX];
    if (e->run->pour != NULL)
        take_figures(e, pour_so_far(e->run->pour));
    (void)str_format(text, sizeof text,
                     "Cancelled by %s. %" PRId64 " keys were restored: they stay.", user->email,
                     e->restored);
    entry_ended(e, RESTORES_CANCELLED, text);
}
