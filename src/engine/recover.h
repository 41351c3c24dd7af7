/* Carries out what core/recovery decides: evidence, intent, action, outcome, words. */
#ifndef RESUS_ENGINE_RECOVER_H
#define RESUS_ENGINE_RECOVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"
#include "core/cause.h"
#include "core/recovery.h"
#include "engine/engine.h"
#include "engine/part.h"
#include "engine/request.h"

struct service;

#define RECOVER_EVIDENCE_MAX 16384

/* What its requests are for. */
enum recover_purpose {
    RECOVER_INTENT,   /* the intent line */
    RECOVER_EVIDENCE, /* INFO, SLOWLOG, CLIENT LIST before an action */
    RECOVER_ACTION,   /* the host command, the script kill or the BGSAVE */
    RECOVER_ACTION_2, /* its second half: FUNCTION KILL, start after reset-failed */
    RECOVER_SAVED,    /* INFO persistence while its BGSAVE runs */
    RECOVER_STOP_LOG, /* the journal after a restart: how did the process before end? */
};

/* The recovery that is open, or the last one, beside core's own state of it. */
struct recovering {
    mono_ms wake;                  /* when core wants to be asked again */
    char id[SETTINGS_ID_MAX + 24]; /* of the open or last recovery */
    int actions;                   /* of it: those that took effect or failed */
    wall_ms began;
    mono_ms began_mono;
    enum cause cause;
    char words[CAUSE_WORDS_MAX]; /* the sentence about it */
    wall_ms action_began;
    char action_error[FACT_TEXT_MAX]; /* what the last action's command said */
    bool first_start;                 /* what is recovered was not started yet */
    char stop_loss[FACT_TEXT_MAX]; /* what the stop that is being undone has cost, "" = nothing */
    char cut_loss[FACT_TEXT_MAX];  /* what recovery's own restart costs if its stop is cut */
    json_t *evidence;              /* texts such as "unit: failed"; NULL = none yet */
    size_t evidence_bytes;
    wall_ms times[ENGINE_RECALL_MAX]; /* newest first; those before the start recalled */
    struct {
        bool any;
        wall_ms at;
        double duration_seconds;
        enum recovery_level level;
        enum recovery_end end;
        int attempts;
    } last;
};

int recover_init(struct service *s, struct now now);
bool recover_turn(struct service *s, struct now now);
mono_ms recover_next(const struct service *s);
bool recover_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                      struct now now);
void recover_judged(struct service *s, struct now now);
void recover_free(struct service *s);
void recover_event(struct service *s, enum recovery_event event, uint64_t action_id,
                   enum action_end end, struct now now);
enum action_end recover_end_of(const struct host_outcome *o);

/* capture.c */
void recover_gather(struct service *s, struct now now);
void recover_capture(struct service *s, const char *what, const char *text, size_t length);

/* recover_history.c: writes the entry, again when it has changed; duration < 0: it has not ended */
void recover_save_history(struct service *s, const char *result, double duration_seconds,
                          int attempts);

#endif
