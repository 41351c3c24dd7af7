#include "base/permit.h"

#include <stddef.h>

static enum permit_state always(void *context, int service, uint64_t number)
{
    (void)context, (void)service, (void)number;
    return PERMIT_GOOD;
}

const struct permit permit_alone = {.look = always};

enum permit_state permit_look(const struct permit *permit)
{
    return permit == NULL || permit->look == NULL
               ? PERMIT_OVER
               : permit->look(permit->context, permit->service, permit->number);
}

void permit_end(struct permit *permit)
{
    if (permit == NULL)
        return;
    if (permit->end != NULL)
        permit->end(permit->context, permit->service, permit->number);
    *permit = (struct permit){0};
}
