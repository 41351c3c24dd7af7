/* What a restore by file and one by replication have in common: the state machine (restore/restore.h)
 * with its journal, and the orders of people. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "restore/restores_inside.h"

void entry_end_act(struct entry *e, enum restore_act act, enum restore_event outcome,
                   const char *staged, const struct error *err)
{
    restore_acted(e->run->machine, act, outcome, staged, err);
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct restores *r = context;
    struct entry *e = restores_find(r, (int64_t)id);
    if (r->closing || e == NULL || e->run == NULL || e->run->machine == NULL)
        return;
    if (outcome != STORE_DURABLE)
        log_error("restore", "%s: %s", e->service,
                  error == NULL ? "the journal is not stored" : error->text);
    restore_saved(e->run->machine, outcome == STORE_DURABLE     ? 0
                                   : outcome == STORE_FULL_DISK ? -ENOSPC
                                                                : -EIO);
}

/* As people see it: which way it is, the restore says elsewhere. */
static const char *stage_word(enum restore_state state)
{
    static const char prefix[] = "replicate_";
    const char *word = restore_state_word(state);
    return strncmp(word, prefix, sizeof prefix - 1) == 0 ? word + sizeof prefix - 1 : word;
}

static void port_save(void *context, struct restore *r, const struct restore_job *job)
{
    struct entry *e = context;
    (void)r;
    e->job = *job;
    entry_stage(e, stage_word(job->state));
    entry_save(e, on_saved);
}

static int open_machine(struct entry *e, struct error *err)
{
    bool by_file = e->method == RESTORE_BY_FILE;
    const struct restore_ports ports = {
        .context = e,
        .save = port_save,
        .act = by_file ? file_act : replicate_act,
        .cancel = by_file ? file_stop_act : replicate_stop_act,
        .report = by_file ? file_report : replicate_report,
    };
    return restore_new(e->r->ports.loop, &ports, &restore_limits_default, &e->job, &e->run->machine,
                       err);
}

int machine_begin(struct entry *e, struct error *err)
{
    int r = open_machine(e, err);
    return r < 0 ? r
                 : restore_order(e->run->machine,
                                 e->run->unguarded ? RESTORE_BEGIN_UNGUARDED : RESTORE_BEGIN, err);
}

int machine_order(struct entry *e, enum restore_event order, struct error *err)
{
    struct run *run = run_new(e, err);
    if (run == NULL)
        return err->code;
    run->redis = restores_settings(e->r, e->target)->redis;
    int r = open_machine(e, err);
    return r < 0 ? r : restore_order(run->machine, order, err);
}

int machine_continue(struct entry *e, struct error *err)
{
    return machine_order(e, RESTORE_RESTARTED, err);
}

int machine_cancel(struct entry *e, const struct engine_user *user, struct error *err)
{
    const struct restore_step step = restore_step(e->job.state, RESTORE_CANCEL);
    if (restore_refused(step.act))
        return error_set(err, -EBUSY, "%s", restore_refusal_text(step.act));
    (void)str_copy(e->run->cancelled_by, sizeof e->run->cancelled_by, user->email);
    return restore_order(e->run->machine, RESTORE_CANCEL, err);
}

/* ── what all ways have ── */

struct run *run_new(struct entry *e, struct error *err)
{
    struct run *run = mem_calloc(1, sizeof *run);
    if (run == NULL) {
        (void)error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    run_free(e->run);
    run->entry = e;
    run->slot.r = e->r;
    e->run = run;
    return run;
}

void run_free(struct run *run)
{
    if (run == NULL)
        return;
    run->entry->run = NULL; /* no port reaches it again */
    sealed_close(run);
    slot_give(&run->slot);
    restore_free(run->machine);
    proof_cancel(run->proof);
    query_cancel(run->query);
    pour_cancel(run->pour);
    served_cancel(run->served);
    replica_cancel(run->replica);
    way_back_cancel(run->way);
    proof_server_cancel(run->proof_server);
    explicit_bzero(run->masterauth, sizeof run->masterauth);
    explicit_bzero(run->secret, sizeof run->secret);
    mem_free(run->manifest);
    mem_free(run);
}
