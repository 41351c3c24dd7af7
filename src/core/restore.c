#include "core/restore.h"

#include <assert.h>

#include "base/attr.h"

/* Rows are complete: a cell that is not named would lead back to RESTORE_PLANNED, which the unit test
 * finds. */
static const struct restore_step table[RESTORE_FILE_STATES][RESTORE_FILE_EVENTS] =
    {
        [RESTORE_PLANNED] =
            {
                [RESTORE_BEGIN] = {RESTORE_GUARDING, RESTORE_ACT_GUARD},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_STAGING, RESTORE_ACT_STAGE},
                [RESTORE_OK] = {RESTORE_PLANNED, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_PLANNED, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_PLANNED, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESUME] = {RESTORE_PLANNED, RESTORE_REFUSE_NOTHING},
                [RESTORE_UNDO] = {RESTORE_PLANNED, RESTORE_REFUSE_NOTHING},
                [RESTORE_CANCEL] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
            },
        [RESTORE_GUARDING] =
            {
                [RESTORE_BEGIN] = {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_STAGING, RESTORE_ACT_STAGE},
                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_UNKNOWN] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESTARTED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESUME] = {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
            },
        [RESTORE_STAGING] =
            {
                [RESTORE_BEGIN] = {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_UNKNOWN] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESTARTED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESUME] = {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
            },
        [RESTORE_STOPPING] =
            {
                [RESTORE_BEGIN] = {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_PLACING, RESTORE_ACT_PLACE},
                [RESTORE_FAILED] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
                [RESTORE_UNKNOWN] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
                [RESTORE_RESTARTED] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
                [RESTORE_RESUME] = {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
            },
        [RESTORE_PLACING] =
            {
                [RESTORE_BEGIN] = {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_STARTING, RESTORE_ACT_START},
                [RESTORE_FAILED] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_UNKNOWN] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_PLACING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_STARTING] =
            {
                [RESTORE_BEGIN] = {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_PROVING, RESTORE_ACT_PROVE},
                [RESTORE_FAILED] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_UNKNOWN] = {RESTORE_START_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_START_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_STARTING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_PROVING] =
            {
                [RESTORE_BEGIN] = {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_DONE, RESTORE_ACT_FINISH},
                [RESTORE_FAILED] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_UNKNOWN] = {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_PROVING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_RETURNING] =
            {
                [RESTORE_BEGIN] = {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_UNKNOWN] = {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
                [RESTORE_RESTARTED] = {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
                [RESTORE_RESUME] = {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_RETURNING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_PLACE_HELD] =
            {
                [RESTORE_BEGIN] = {RESTORE_PLACE_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_PLACE_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_RESUMING, RESTORE_ACT_STOP},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_PLACE_HELD, RESTORE_REFUSE_LATE},
            },
        [RESTORE_RESUMING] =
            {
                [RESTORE_BEGIN] = {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_PLACING, RESTORE_ACT_PLACE},
                [RESTORE_FAILED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_UNKNOWN] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_RESUMING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_START_HELD] =
            {
                [RESTORE_BEGIN] = {RESTORE_START_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_START_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_START_HELD, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_START_HELD, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_START_HELD, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_START_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_STARTING, RESTORE_ACT_START},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_START_HELD, RESTORE_REFUSE_LATE},
            },
        [RESTORE_PROOF_HELD] =
            {
                [RESTORE_BEGIN] = {RESTORE_PROOF_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_PROOF_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_PROVING, RESTORE_ACT_PROVE},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_PROOF_HELD, RESTORE_REFUSE_LATE},
            },
        [RESTORE_UNDO_STOPPING] =
            {
                [RESTORE_BEGIN] = {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_UNDOING, RESTORE_ACT_UNDO},
                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                [RESTORE_UNKNOWN] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_UNDOING] =
            {
                [RESTORE_BEGIN] = {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},
                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                [RESTORE_UNKNOWN] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_UNDOING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_UNDO_STARTING] =
            {
                [RESTORE_BEGIN] = {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_UNDONE, RESTORE_ACT_UNDONE},
                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                [RESTORE_UNKNOWN] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESTARTED] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_UNDO] = {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
                [RESTORE_CANCEL] = {RESTORE_UNDO_STARTING, RESTORE_REFUSE_LATE},
            },
        [RESTORE_UNDO_HELD] =
            {
                [RESTORE_BEGIN] = {RESTORE_UNDO_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_UNDO_HELD, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
                [RESTORE_RESUME] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_UNDO_HELD, RESTORE_REFUSE_LATE},
            },
        [RESTORE_NEEDS_HUMAN] =
            {
                [RESTORE_BEGIN] = {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
                [RESTORE_OK] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                [RESTORE_RESUME] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_LATE},
            },
        [RESTORE_DONE] =
            {
                [RESTORE_BEGIN] = {RESTORE_DONE, RESTORE_REFUSE_OVER},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_DONE, RESTORE_REFUSE_OVER},
                [RESTORE_OK] = {RESTORE_DONE, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_DONE, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_DONE, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_DONE, RESTORE_ACT_NONE},
                [RESTORE_RESUME] = {RESTORE_DONE, RESTORE_REFUSE_OVER},
                [RESTORE_UNDO] = {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
                [RESTORE_CANCEL] = {RESTORE_DONE, RESTORE_REFUSE_OVER},
            },
        [RESTORE_UNDONE] =
            {
                [RESTORE_BEGIN] = {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
                [RESTORE_OK] = {RESTORE_UNDONE, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_UNDONE, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_UNDONE, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_UNDONE, RESTORE_ACT_NONE},
                [RESTORE_RESUME] = {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
                [RESTORE_UNDO] = {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
                [RESTORE_CANCEL] = {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
            },
        [RESTORE_RELEASED] =
            {
                [RESTORE_BEGIN] = {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
                [RESTORE_BEGIN_UNGUARDED] = {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
                [RESTORE_OK] = {RESTORE_RELEASED, RESTORE_ACT_NONE},
                [RESTORE_FAILED] = {RESTORE_RELEASED, RESTORE_ACT_NONE},
                [RESTORE_UNKNOWN] = {RESTORE_RELEASED, RESTORE_ACT_NONE},
                [RESTORE_RESTARTED] = {RESTORE_RELEASED, RESTORE_ACT_NONE},
                [RESTORE_RESUME] = {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
                [RESTORE_UNDO] = {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
                [RESTORE_CANCEL] = {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
            },
};
static_assert(RESTORE_FILE_STATES == 20 && RESTORE_FILE_EVENTS == 9,
              "the table has a cell for each");

struct restore_step restore_step(enum restore_state state, enum restore_event event)
{
    if (state >= RESTORE_FILE_STATES)
        return replicate_step(state, event);
    return event < RESTORE_FILE_EVENTS ? table[state][event]
                                       : (struct restore_step){state, RESTORE_ACT_NONE};
}

static bool planned(enum restore_state state)
{
    return state == RESTORE_PLANNED || state == REPLICATE_PLANNED;
}

bool restore_busy(enum restore_state state)
{
    return !restore_held(state) && !restore_over(state) && !planned(state);
}

bool restore_held(enum restore_state state)
{
    const struct restore_step step = restore_step(state, RESTORE_RESTARTED);
    return step.act == RESTORE_ACT_CALL || (step.act == RESTORE_ACT_HOLD && step.next == state);
}

bool restore_over(enum restore_state state)
{
    return state == RESTORE_DONE || state == RESTORE_UNDONE || state == RESTORE_RELEASED ||
           state == REPLICATE_DONE || state == REPLICATE_UNDONE || state == REPLICATE_RELEASED;
}

bool restore_withholds(enum restore_state state)
{
    if (state >= RESTORE_FILE_STATES)
        return restore_busy(state) && state != REPLICATE_GUARDING && state != REPLICATE_LOADING;
    return !restore_over(state) && !planned(state) && state != RESTORE_GUARDING &&
           state != RESTORE_STAGING;
}

bool restore_refused(enum restore_act act)
{
    return act >= RESTORE_REFUSE_BUSY && act <= RESTORE_REFUSE_OVER;
}

const char *restore_state_word(enum restore_state state)
{
    static const char *const words[] = {
        [RESTORE_PLANNED] = "planned",
        [RESTORE_GUARDING] = "guarding",
        [RESTORE_STAGING] = "staging",
        [RESTORE_STOPPING] = "stopping",
        [RESTORE_PLACING] = "placing",
        [RESTORE_STARTING] = "starting",
        [RESTORE_PROVING] = "proving",
        [RESTORE_RETURNING] = "returning",
        [RESTORE_PLACE_HELD] = "place_held",
        [RESTORE_RESUMING] = "resuming",
        [RESTORE_START_HELD] = "start_held",
        [RESTORE_PROOF_HELD] = "proof_held",
        [RESTORE_UNDO_STOPPING] = "undo_stopping",
        [RESTORE_UNDOING] = "undoing",
        [RESTORE_UNDO_STARTING] = "undo_starting",
        [RESTORE_UNDO_HELD] = "undo_held",
        [RESTORE_NEEDS_HUMAN] = "needs_human",
        [RESTORE_DONE] = "done",
        [RESTORE_UNDONE] = "undone",
        [RESTORE_RELEASED] = "released",
        [REPLICATE_PLANNED] = "replicate_planned",
        [REPLICATE_GUARDING] = "replicate_guarding",
        [REPLICATE_LOADING] = "replicate_loading",
        [REPLICATE_COPYING] = "replicate_copying",
        [REPLICATE_DETACHING] = "replicate_detaching",
        [REPLICATE_HELD] = "replicate_held",
        [REPLICATE_UNDO_LOADING] = "replicate_undo_loading",
        [REPLICATE_UNDO_COPYING] = "replicate_undo_copying",
        [REPLICATE_UNDO_DETACHING] = "replicate_undo_detaching",
        [REPLICATE_UNDO_HELD] = "replicate_undo_held",
        [REPLICATE_NEEDS_HUMAN] = "replicate_needs_human",
        [REPLICATE_DONE] = "replicate_done",
        [REPLICATE_UNDONE] = "replicate_undone",
        [REPLICATE_RELEASED] = "replicate_released",
    };
    static_assert(ARRAY_LENGTH(words) == RESTORE_STATE_COUNT, "a word for every state");
    return words[state];
}

const char *restore_event_word(enum restore_event event)
{
    static const char *const words[] = {
        [RESTORE_BEGIN] = "begin",
        [RESTORE_BEGIN_UNGUARDED] = "begin_unguarded",
        [RESTORE_OK] = "ok",
        [RESTORE_FAILED] = "failed",
        [RESTORE_UNKNOWN] = "unknown",
        [RESTORE_RESTARTED] = "restarted",
        [RESTORE_RESUME] = "resume",
        [RESTORE_UNDO] = "undo",
        [RESTORE_CANCEL] = "cancel",
        [RESTORE_HAS_OLD] = "has_old",
        [RESTORE_HAS_NEITHER] = "has_neither",
    };
    static_assert(ARRAY_LENGTH(words) == RESTORE_EVENT_COUNT, "a word for every event");
    return words[event];
}

const char *restore_act_word(enum restore_act act)
{
    static const char *const words[] = {
        [RESTORE_ACT_NONE] = "none",
        [RESTORE_ACT_GUARD] = "guard",
        [RESTORE_ACT_STAGE] = "stage",
        [RESTORE_ACT_STOP] = "stop",
        [RESTORE_ACT_PLACE] = "place",
        [RESTORE_ACT_START] = "start",
        [RESTORE_ACT_PROVE] = "prove",
        [RESTORE_ACT_UNDO] = "undo",
        [RESTORE_ACT_START_OLD] = "start_old",
        [RESTORE_ACT_LOAD] = "load",
        [RESTORE_ACT_LOAD_OLD] = "load_old",
        [RESTORE_ACT_COPY] = "copy",
        [RESTORE_ACT_DETACH] = "detach",
        [RESTORE_ACT_FINISH] = "finish",
        [RESTORE_ACT_RELEASE] = "release",
        [RESTORE_ACT_UNDONE] = "undone",
        [RESTORE_ACT_HOLD] = "hold",
        [RESTORE_ACT_CALL] = "call",
        [RESTORE_REFUSE_BUSY] = "refuse_busy",
        [RESTORE_REFUSE_LATE] = "refuse_late",
        [RESTORE_REFUSE_NOTHING] = "refuse_nothing",
        [RESTORE_REFUSE_OVER] = "refuse_over",
    };
    static_assert(ARRAY_LENGTH(words) == RESTORE_ACT_COUNT, "a word for every act");
    return words[act];
}

const char *restore_refusal_text(enum restore_act act)
{
    switch (act) {
    case RESTORE_REFUSE_BUSY:
        return "A step of this restore is under way. Wait for its end.";
    case RESTORE_REFUSE_LATE:
        return "The backup is already being put in place: this restore can no longer be cancelled. "
               "Undo it instead.";
    case RESTORE_REFUSE_NOTHING:
        return "This restore has not begun: there is nothing to resume or undo.";
    case RESTORE_REFUSE_OVER:
        return "This restore has ended.";
    default:
        return "";
    }
}
