/* A person's operation on one service: one at a time, pre-flight, save, intent, command,
 * verification. */
#ifndef RESUS_ENGINE_OPERATION_H
#define RESUS_ENGINE_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "core/operate.h"
#include "engine/commands.h"
#include "engine/part.h"
#include "engine/request.h"
#include "engine/state.h"

struct service;

/* What its requests are for. */
enum operation_purpose {
    OPERATION_FOR_SAVE,  /* BGSAVE */
    OPERATION_FOR_SAVED, /* INFO persistence while it saves */
    OPERATION_FOR_DESIRED,
    OPERATION_FOR_INTENT,
    OPERATION_FOR_COMMAND,
    OPERATION_FOR_LOG, /* the journal: how did the stop end? */
};

struct operation {
    struct operate core; /* where it stands */
    uint64_t serial;     /* an answer to an operation before is not for this one */
    struct engine_request request;
    char id[32];
    wall_ms since;
    struct info_facts before; /* INFO before: connections, uptime, pid */
    struct desired desired_before;
    int exit_code; /* of the command; -1 = none */
    char error[FACT_TEXT_MAX];
    bool away; /* the store of the fleet did not confirm what is desired now */
    /* when the command was sent */
    int64_t process; /* of the unit: 0 = none or not known */
    int64_t unsaved; /* changes that no save had */
    enum unit_active unit_before;
    wall_ms unit_since_before;
};

int operation_init(struct service *s, struct now now);
void operation_begin(struct service *s, const struct engine_request *request, struct now now);
bool operation_turn(struct service *s, struct now now);
void operation_judged(struct service *s, struct now now); /* new facts or time */
bool operation_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                        struct now now);

/* operation_phase.c */
bool operation_running(const struct service *s);
mono_ms operation_next(const struct service *s);

/* operation_facts.c */
void operation_facts(const struct service *s, struct now now, struct operate_facts *ret);
bool operation_final_save_matters(const struct service *s); /* for the process before */

#endif
