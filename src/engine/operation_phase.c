/* Where a person's operation stands: questions that many files ask. */
#include <assert.h>

#include "base/attr.h"
#include "engine/commands.h"
#include "engine/service.h"
#include "engine/state.h"

static const char *const operation_words[] = {
    [OPERATION_START] = "start",
    [OPERATION_STOP] = "stop",
    [OPERATION_RESTART] = "restart",
    [OPERATION_RELOAD] = "reload",
};
static_assert(ARRAY_LENGTH(operation_words) == ENGINE_OPERATION_COUNT,
              "a word for every operation");

const char *engine_operation_word(enum engine_operation operation)
{
    return operation_words[operation];
}

static const char *const phase_words[] = {
    [OP_PHASE_NONE] = "none",           [OP_PHASE_CHECKING] = "checking",
    [OP_PHASE_SAVING] = "saving",       [OP_PHASE_DECIDING] = "saving",
    [OP_PHASE_INTENT] = "writing",      [OP_PHASE_RUNNING] = "running",
    [OP_PHASE_VERIFYING] = "verifying",
};
static_assert(ARRAY_LENGTH(phase_words) == OP_PHASE_COUNT, "a word for every phase");

const char *operation_phase_word(enum operation_phase phase)
{
    return phase_words[phase];
}

bool operation_running(const struct service *s)
{
    return s->operation.phase != OP_PHASE_NONE;
}

mono_ms operation_next(const struct service *s)
{
    return operation_running(s) ? s->operation.deadline : MONO_NEVER;
}

void operation_enter(struct service *s, enum operation_phase phase, mono_ms deadline)
{
    s->operation.phase = phase;
    s->operation.deadline = deadline;
}

/* Nothing was done: the desired state is what it was before. The store may still write the one that
 * it was late with, so the old one is given to it again. */
void operation_take_back(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    if (!o->desired_changed)
        return;
    state_restore_desired(s, &o->desired_before);
    state_store_desired(s, now);
}
