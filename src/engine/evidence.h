/* Evidence from the Redis host while Redis does not answer here: what its process does, and whether
 * it answers there. */
#ifndef RESUS_ENGINE_EVIDENCE_H
#define RESUS_ENGINE_EVIDENCE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "engine/request.h"

/* What its requests are for. */
enum evidence_purpose {
    EVIDENCE_PROCESS, /* what the kernel says about the main process */
    EVIDENCE_WITNESS, /* PING from the Redis host itself */
};

void evidence_ask(struct service *s, struct now now);     /* what is missing and not under way */
void evidence_prove(struct service *s, struct now now);   /* while all is well */
void evidence_overdue(struct service *s, struct now now); /* an answer that has not come */
void evidence_unit(struct service *s, const struct host_outcome *o, mono_ms asked, struct now now);
bool evidence_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now);

/* evidence_text.c */
bool evidence_process_offered(const struct service *s);
void evidence_settings(struct service *s); /* they may have changed */
void evidence_texts(const struct service *s, struct now now, json_t *array);
/* What the verdict that Redis hangs did without; "" = nothing, or it is another verdict. */
const char *evidence_blind_text(const struct service *s, struct now now);

#endif
