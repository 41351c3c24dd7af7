/* The rules for a unit that is active while nothing answers here: busy is not hung, and unreachable
 * is not dead. Part of cause_judge(). */
#ifndef RESUS_CORE_SILENCE_H
#define RESUS_CORE_SILENCE_H

#include "core/cause.h"

/* A process that is younger may not listen yet. */
#define SILENCE_YOUNG_MS 10000

/* A process that is traced has so long before a human is called. */
#define SILENCE_TRACED_MS 600000

struct verdict silence_judge(const struct observations *observations,
                             const struct probe_facts *probe, mono_ms now);

/* Which of its two facts a verdict of CAUSE_HUNG did without, because it waited for them in vain. */
enum blind { BLIND_NOT, BLIND_PROCESS, BLIND_WITNESS, BLIND_BOTH };
enum blind silence_blind(const struct observations *observations, mono_ms now);

/* Has the cause lasted so long that a human should know? True for those that do not wait. */
bool silence_call_due(const struct observations *observations, enum cause cause, mono_ms now);

#endif
