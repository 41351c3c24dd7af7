/* The recovery machine with every promise of recovery.h checked around each step: what an attempt
 * may do, when, and how often. Any violation fails the running test with the step that did it. */
#ifndef RESUS_TESTS_UNIT_CORE_RECOVERY_MODEL_H
#define RESUS_TESTS_UNIT_CORE_RECOVERY_MODEL_H

#include "core/recovery.h"

struct recovery_model {
    struct recovery r;
    struct recovery_policy policy;
    mono_ms now;
    wall_ms wall;
    struct recovery_effects out; /* of the last step */
    bool reset;                  /* is what the step does */
    uint64_t intent;             /* id of the newest intent, 0 = none */
    bool intent_closed;          /* its outcome was written */
    bool ran;                    /* its action was run */
    bool effective;              /* an attempt that took effect is remembered */
    mono_ms last_effective;      /* its end */
    bool open;                   /* a recovery is under way */
    bool acted;                  /* ... in which an attempt was made */
    bool announced;              /* that others stopped it, in this recovery */
    mono_ms announced_at;
    int effective_runs; /* in this failure */
    int humans, breakers, runs;
};

void model_init(struct recovery_model *m);
/* Continues from a given state: nothing is known of what was before. */
void model_adopt(struct recovery_model *m, const struct recovery *r);
void model_step(struct recovery_model *m, enum recovery_event event, uint64_t action_id,
                enum action_end end, const struct recovery_facts *facts);
/* The number of effects of this kind in the last step. */
int model_count(const struct recovery_model *m, enum effect_kind kind);

#endif
