/* May Resus act on the host at all? What sudo lists, and what the host refused. */
#ifndef RESUS_ENGINE_GUARD_H
#define RESUS_ENGINE_GUARD_H

#include <stdbool.h>

#include "base/time.h"
#include "core/facts.h"
#include "core/recovery.h"
#include "engine/part.h"
#include "host/command.h"

struct service;

/* The host's words and ours around them, with a unit's name: the remedy comes last. */
#define GUARD_TEXT_MAX (FACT_TEXT_MAX * 2)

struct guard {
    mono_ms due;                  /* when the rights are looked at next; MONO_NEVER = not yet */
    enum tri rights;              /* all that recovery needs, by the last look */
    int missing;                  /* RECOVERY_BIT()s of what sudo does not list */
    mono_ms back;                 /* when what was missing was listed again */
    char listed[GUARD_TEXT_MAX];  /* what is missing, in words; "" = nothing */
    char unit[GUARD_TEXT_MAX];    /* why systemd would not start it again; "" = it would */
    char refused[GUARD_TEXT_MAX]; /* what the host refused, in words; "" = nothing */
    enum host_command refused_command;
    char script[GUARD_TEXT_MAX]; /* why Redis did not let us end its script, until it is well; "" */
    char command_failed[FACT_TEXT_MAX * 2]; /* the last command that failed, until Redis is well */
};

int guard_init(struct service *s, struct now now);
void guard_control(struct service *s, enum tri reached, struct now now); /* by a look at the unit */
void guard_unit(struct service *s, struct now now);                      /* ... that showed it */
bool guard_turn(struct service *s, struct now now);
mono_ms guard_next(const struct service *s);
void guard_look(struct service *s, struct now now); /* at the rights, now */
bool guard_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                    struct now now);
void guard_after_answer(struct service *s, const struct pending *p, struct now now);
/* A command of recovery or of a person has ended: remembers that it failed, or was refused. `word` is
 * what they call it. */
void guard_command_ended(struct service *s, const char *word, const struct host_outcome *o,
                         enum action_end end, struct now now);
void guard_redis_refused(struct service *s, const char *words); /* to end a script; "" = not */

#endif
