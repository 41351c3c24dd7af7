/* The steps of a person's operation, for the files that carry it out: operation.c,
 * operation_verify.c, operation_result.c. */
#ifndef RESUS_ENGINE_OPERATION_H
#define RESUS_ENGINE_OPERATION_H

#include "engine/service.h"

void operation_enter(struct service *s, enum operation_phase phase, mono_ms deadline);
/* The desired state is what it was before the operation. */
void operation_take_back(struct service *s, struct now now);

/* The command ended: what has it done? */
void operation_begin_verifying(struct service *s, struct now now);
void operation_verify(struct service *s, struct now now);

#endif
