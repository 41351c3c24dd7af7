/* A server of our own loads the backup and serves it: of it keys are copied, or the server that is
 * restored becomes its replica. A sealed backup is opened for it. */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "restore/restores_inside.h"

#define ASK_MS (30 * 1000)
#define SERVE_MS (INT64_C(48) * 3600 * 1000)

static void fail(struct entry *e, const char *what, const struct error *err)
{
    struct error why = {.code = err == NULL ? -EINVAL : err->code};
    (void)str_format(why.text, sizeof why.text, "%s%s%s", what, err == NULL ? "" : ": ",
                     err == NULL ? "" : err->text);
    e->run->serving(e, &why);
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
        run->serving(e, NULL);
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

void serving_begin(struct entry *e, serving_done *done)
{
    e->run->serving = done;
    entry_stage(e, "waiting");
    slot_ask(e->r, &e->run->slot, on_granted, e);
}

void serving_late(struct entry *e, const struct error *err)
{
    fail(e, "nothing was changed", err);
}

void serving_end(struct run *run)
{
    slot_give(&run->slot);
    proof_cancel(run->proof);
    query_cancel(run->query);
    proof_server_cancel(run->proof_server);
    run->proof = NULL;
    run->query = NULL;
    run->proof_server = NULL;
    sealed_close(run);
}
