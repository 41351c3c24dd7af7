#include "restore/restore.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/str.h"

#define MINUTE_MS (INT64_C(60) * 1000)

const struct restore_limits restore_limits_default = {
    .guard_ms = 120 * MINUTE_MS,
    .stage_ms = 120 * MINUTE_MS,
    .stop_ms = 10 * MINUTE_MS,
    .place_ms = 10 * MINUTE_MS,
    .start_ms = 60 * MINUTE_MS,
    .prove_ms = 60 * MINUTE_MS,
    .copy_ms = 120 * MINUTE_MS,
    .detach_ms = 20 * MINUTE_MS,
};

struct restore {
    uv_timer_t timer;
    struct restore_ports ports;
    struct restore_limits limits;
    struct restore_job job;
    enum restore_act act; /* to be done once the job is saved, or awaited; NONE */
    bool saving;
    struct error error; /* the first failure */
};

static void take(struct restore *r, enum restore_event event);

static int64_t limit_of(const struct restore *r, enum restore_act act)
{
    switch (act) {
    case RESTORE_ACT_GUARD:
        return r->limits.guard_ms;
    case RESTORE_ACT_STAGE:
    case RESTORE_ACT_LOAD:
    case RESTORE_ACT_LOAD_OLD:
        return r->limits.stage_ms;
    case RESTORE_ACT_COPY:
        return r->limits.copy_ms;
    case RESTORE_ACT_DETACH:
        return r->limits.detach_ms;
    case RESTORE_ACT_STOP:
        return r->limits.stop_ms;
    case RESTORE_ACT_START:
    case RESTORE_ACT_START_OLD:
        return r->limits.start_ms;
    case RESTORE_ACT_PROVE:
        return r->limits.prove_ms;
    default:
        return r->limits.place_ms;
    }
}

/* On the way forward nothing is done that is not written down. On the way back the old data come
 * first: an undo that was not written down is undone once more. */
static bool needs_journal(enum restore_state state)
{
    return state <= RESTORE_PROVING || state == RESTORE_RESUMING ||
           (state >= REPLICATE_PLANNED && state <= REPLICATE_COPYING) ||
           state == REPLICATE_UNDO_COPYING;
}

static void on_late(uv_timer_t *timer)
{
    struct restore *r = timer->data;
    struct error err;
    (void)error_set(&err, -ETIMEDOUT, "no answer to %s within %lld s", restore_act_word(r->act),
                    (long long)(limit_of(r, r->act) / 1000));
    if (r->ports.cancel != NULL)
        r->ports.cancel(r->ports.context, r->act);
    restore_acted(r, r->act, RESTORE_UNKNOWN, NULL, &err);
}

static void carry_out(struct restore *r)
{
    enum restore_act act = r->act;
    if (!restore_busy(r->job.state)) {
        r->act = RESTORE_ACT_NONE;
        r->ports.report(r->ports.context, act, &r->job, &r->error);
        return;
    }
    uv_update_time(r->timer.loop);
    (void)uv_timer_start(&r->timer, on_late, (uint64_t)limit_of(r, act), 0);
    r->ports.act(r->ports.context, r, act, &r->job);
}

void restore_saved(struct restore *r, int code)
{
    if (!r->saving)
        return;
    r->saving = false;
    if (code < 0 && r->error.code == 0)
        (void)error_set_errno(&r->error, code, "cannot write down what the restore does");
    if (code < 0 && needs_journal(r->job.state))
        take(r, RESTORE_FAILED);
    else
        carry_out(r);
}

static void take(struct restore *r, enum restore_event event)
{
    struct restore_step step = restore_step(r->job.state, event);
    if (step.act == RESTORE_ACT_NONE)
        return;
    r->job.state = step.next;
    r->act = step.act;
    r->saving = true;
    r->ports.save(r->ports.context, r, &r->job);
}

void restore_acted(struct restore *r, enum restore_act act, enum restore_event outcome,
                   const char *staged, const struct error *err)
{
    assert(outcome == RESTORE_OK || outcome == RESTORE_FAILED || outcome == RESTORE_UNKNOWN ||
           outcome == RESTORE_HAS_OLD || outcome == RESTORE_HAS_NEITHER);
    if (r->saving || r->act == RESTORE_ACT_NONE || act != r->act)
        return;
    (void)uv_timer_stop(&r->timer);
    r->act = RESTORE_ACT_NONE;
    if (outcome != RESTORE_OK && err != NULL && r->error.code == 0)
        r->error = *err;
    if (act == RESTORE_ACT_STAGE && outcome == RESTORE_OK &&
        (staged == NULL || !placement_id_valid(staged)))
        outcome = RESTORE_FAILED;
    else if (act == RESTORE_ACT_STAGE && outcome == RESTORE_OK)
        (void)str_copy(r->job.staged, sizeof r->job.staged, staged);
    take(r, outcome);
}

int restore_order(struct restore *r, enum restore_event order, struct error *err)
{
    struct restore_step step = restore_step(r->job.state, order);
    if (restore_refused(step.act))
        return error_set(err, -EBUSY, "%s", restore_refusal_text(step.act));
    if (r->saving)
        return error_set(err, -EBUSY, "%s", restore_refusal_text(RESTORE_REFUSE_BUSY));
    (void)uv_timer_stop(&r->timer);
    if (r->act != RESTORE_ACT_NONE && r->ports.cancel != NULL)
        r->ports.cancel(r->ports.context, r->act);
    r->act = RESTORE_ACT_NONE;
    if (order != RESTORE_RESTARTED)
        r->error = (struct error){0};
    take(r, order);
    return 0;
}

int restore_new(uv_loop_t *loop, const struct restore_ports *ports,
                const struct restore_limits *limits, const struct restore_job *job,
                struct restore **ret, struct error *err)
{
    struct restore *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r->ports = *ports;
    r->limits = *limits;
    r->job = *job;
    (void)uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    *ret = r;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void restore_free(struct restore *r)
{
    if (r == NULL)
        return;
    if (r->act != RESTORE_ACT_NONE && !r->saving && r->ports.cancel != NULL)
        r->ports.cancel(r->ports.context, r->act);
    r->act = RESTORE_ACT_NONE;
    uv_close((uv_handle_t *)&r->timer, on_closed);
}
