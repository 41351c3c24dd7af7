/* The moves that the cells of the recovery machine are made of: emit an effect, change the phase,
 * try, fail, succeed, call a human. Shared by recovery.c and recovery_step.c alone.
 */
#ifndef RESUS_CORE_RECOVERY_STEP_H
#define RESUS_CORE_RECOVERY_STEP_H

#include "core/recovery.h"

struct step {
    struct recovery *r;
    const struct recovery_policy *policy;
    const struct recovery_input *in;
    const struct recovery_facts *facts;
    mono_ms now;
    struct recovery_effects *out;
};

struct effect *step_emit(struct step *s, enum effect_kind kind);
void step_enter(struct step *s, enum recovery_phase phase, mono_ms deadline);
int64_t step_retry_delay_ms(const struct recovery_policy *policy, int attempts);
void step_wait_for_window(struct step *s);
void step_forget_attempts(struct recovery *r);
void step_call_human(struct step *s, enum cause cause);
void step_end_by_itself(struct step *s);
void step_end_superseded(struct step *s);
/* A waiting phase is over, and nothing was done: the recovery ends as the facts say, and what they
 * ask for now is considered. */
void step_stop_waiting(struct step *s);
void step_tell_outcome(struct step *s, bool success);
void step_attempt(struct step *s);
void step_succeed(struct step *s);
void step_attempt_failed(struct step *s);
bool step_window_needed(const struct step *s);
void step_to_human(struct step *s, enum cause cause);
void step_tell_withheld(struct step *s, enum withheld reason);
void step_consider(struct step *s);

#endif
