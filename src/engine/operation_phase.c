/* Where a person's operation stands: questions that many files ask. */
#include <assert.h>

#include "base/attr.h"
#include "engine/commands.h"
#include "engine/service.h"

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

bool operation_running(const struct service *s)
{
    return s->operation.core.phase != OPERATE_NONE;
}

mono_ms operation_next(const struct service *s)
{
    return operation_running(s) ? s->operation.core.deadline : MONO_NEVER;
}
