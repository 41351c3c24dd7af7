/* A person's operation on one service: one at a time, pre-flight, save, intent, command,
 * verification. */
#ifndef RESUS_ENGINE_OPERATION_H
#define RESUS_ENGINE_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "core/recovery.h"
#include "engine/commands.h"
#include "engine/part.h"
#include "engine/request.h"
#include "engine/state.h"

struct service;

/* What its requests are for. */
enum operate_purpose {
    OPERATE_SAVE,  /* BGSAVE */
    OPERATE_SAVED, /* INFO persistence while it saves */
    OPERATE_DESIRED,
    OPERATE_INTENT,
    OPERATE_COMMAND,
    OPERATE_LOG, /* the journal: how did the stop end? */
};

enum operation_phase {
    OP_PHASE_NONE,
    OP_PHASE_CHECKING,
    OP_PHASE_SAVING,
    OP_PHASE_DECIDING, /* desired state on its way to the disk */
    OP_PHASE_INTENT,
    OP_PHASE_RUNNING,
    OP_PHASE_VERIFYING,
    OP_PHASE_COUNT
};

/* How a stop ended, as far as it is known. */
enum stop_end {
    STOP_END_UNKNOWN,
    STOP_END_CLEAN,
    STOP_END_CUT /* the process was killed before it had ended by itself */
};

struct operation {
    enum operation_phase phase;
    uint64_t serial; /* an answer to an operation before is not for this one */
    struct engine_request request;
    char id[32];
    mono_ms began, deadline, command_ended;
    wall_ms since;
    struct info_facts before; /* INFO before: connections, uptime, pid */
    bool was_well;
    enum action_end end;
    int64_t process; /* of the unit, before the command: 0 = none or not known */
    int exit_code;
    char error[FACT_TEXT_MAX];
    bool answered;         /* 202 was given already */
    int64_t load_progress; /* the farthest that a load was seen, */
    mono_ms load_moved;    /* ... and when; 0 = none was */
    bool desired_changed;
    struct desired desired_before;
    mono_ms log_asked;      /* 0 = not asked */
    bool log_read;          /* the journal, for how a stop ended */
    enum stop_end stop_end; /* of the process before */
    int64_t unsaved;        /* changes that no save had when the command was sent */
    mono_ms command_sent;
    wall_ms unit_since_before; /* of the unit's state when the command was sent */
    enum unit_active unit_before;
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
const char *operation_phase_word(enum operation_phase phase);
void operation_enter(struct service *s, enum operation_phase phase, mono_ms deadline);
/* The desired state is what it was before the operation. */
void operation_take_back(struct service *s, struct now now);

/* operation_verify.c: the command ended; what has it done? */
void operation_begin_verifying(struct service *s, struct now now);
void operation_verify(struct service *s, struct now now);
void operation_log(struct service *s, const struct host_outcome *o, struct now now);
bool operation_load_moves(struct service *s, struct now now); /* operation_load.c */

#endif
