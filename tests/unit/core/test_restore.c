/* A restore by file and by replication: every cell of the tables. What the orders of events promise by
 * file is in tests/sim/restoresim.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/restore.h"

/* One row a state, one column an event in the order of the enum: what happens, as next state and
 * act. Written out so that a change of the table is a change here too. */
static const struct restore_step expected[RESTORE_FILE_STATES][RESTORE_FILE_EVENTS] = {
    /* BEGIN, BEGIN_UNGUARDED, OK, FAILED, UNKNOWN, RESTARTED, RESUME, UNDO, CANCEL */
    /* planned */
    {{RESTORE_GUARDING, RESTORE_ACT_GUARD},
     {RESTORE_STAGING, RESTORE_ACT_STAGE},
     {RESTORE_PLANNED, RESTORE_ACT_NONE},
     {RESTORE_PLANNED, RESTORE_ACT_NONE},
     {RESTORE_PLANNED, RESTORE_ACT_NONE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_PLANNED, RESTORE_REFUSE_NOTHING},
     {RESTORE_PLANNED, RESTORE_REFUSE_NOTHING},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE}},
    /* guarding */
    {{RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
     {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
     {RESTORE_STAGING, RESTORE_ACT_STAGE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
     {RESTORE_GUARDING, RESTORE_REFUSE_BUSY},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE}},
    /* staging */
    {{RESTORE_STAGING, RESTORE_REFUSE_BUSY},
     {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
     {RESTORE_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
     {RESTORE_STAGING, RESTORE_REFUSE_BUSY},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE}},
    /* stopping */
    {{RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACING, RESTORE_ACT_PLACE},
     {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
     {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
     {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
     {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_RETURNING, RESTORE_ACT_START_OLD}},
    /* placing */
    {{RESTORE_PLACING, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
     {RESTORE_STARTING, RESTORE_ACT_START},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACING, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACING, RESTORE_REFUSE_LATE}},
    /* starting */
    {{RESTORE_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_PROVING, RESTORE_ACT_PROVE},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_START_HELD, RESTORE_ACT_HOLD},
     {RESTORE_START_HELD, RESTORE_ACT_HOLD},
     {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_STARTING, RESTORE_REFUSE_LATE}},
    /* proving */
    {{RESTORE_PROVING, RESTORE_REFUSE_BUSY},
     {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
     {RESTORE_DONE, RESTORE_ACT_FINISH},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
     {RESTORE_PROVING, RESTORE_REFUSE_BUSY},
     {RESTORE_PROVING, RESTORE_REFUSE_LATE}},
    /* returning */
    {{RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
     {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RELEASED, RESTORE_ACT_RELEASE},
     {RESTORE_RETURNING, RESTORE_ACT_START_OLD},
     {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
     {RESTORE_RETURNING, RESTORE_REFUSE_BUSY},
     {RESTORE_RETURNING, RESTORE_REFUSE_LATE}},
    /* place_held */
    {{RESTORE_PLACE_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACE_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
     {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
     {RESTORE_PLACE_HELD, RESTORE_ACT_NONE},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_RESUMING, RESTORE_ACT_STOP},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_PLACE_HELD, RESTORE_REFUSE_LATE}},
    /* resuming */
    {{RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
     {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
     {RESTORE_PLACING, RESTORE_ACT_PLACE},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PLACE_HELD, RESTORE_ACT_HOLD},
     {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
     {RESTORE_RESUMING, RESTORE_REFUSE_BUSY},
     {RESTORE_RESUMING, RESTORE_REFUSE_LATE}},
    /* start_held */
    {{RESTORE_START_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_START_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_START_HELD, RESTORE_ACT_NONE},
     {RESTORE_START_HELD, RESTORE_ACT_NONE},
     {RESTORE_START_HELD, RESTORE_ACT_NONE},
     {RESTORE_START_HELD, RESTORE_ACT_HOLD},
     {RESTORE_STARTING, RESTORE_ACT_START},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_START_HELD, RESTORE_REFUSE_LATE}},
    /* proof_held */
    {{RESTORE_PROOF_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_PROOF_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
     {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
     {RESTORE_PROOF_HELD, RESTORE_ACT_NONE},
     {RESTORE_PROOF_HELD, RESTORE_ACT_HOLD},
     {RESTORE_PROVING, RESTORE_ACT_PROVE},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_PROOF_HELD, RESTORE_REFUSE_LATE}},
    /* undo_stopping */
    {{RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDOING, RESTORE_ACT_UNDO},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STOPPING, RESTORE_REFUSE_LATE}},
    /* undoing */
    {{RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STARTING, RESTORE_ACT_START_OLD},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDOING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDOING, RESTORE_REFUSE_LATE}},
    /* undo_starting */
    {{RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDONE, RESTORE_ACT_UNDONE},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STARTING, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_STARTING, RESTORE_REFUSE_LATE}},
    /* undo_held */
    {{RESTORE_UNDO_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_HELD, RESTORE_REFUSE_BUSY},
     {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
     {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
     {RESTORE_UNDO_HELD, RESTORE_ACT_NONE},
     {RESTORE_UNDO_HELD, RESTORE_ACT_HOLD},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_UNDO_HELD, RESTORE_REFUSE_LATE}},
    /* needs_human */
    {{RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
     {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_NONE},
     {RESTORE_NEEDS_HUMAN, RESTORE_ACT_CALL},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_NEEDS_HUMAN, RESTORE_REFUSE_LATE}},
    /* done */
    {{RESTORE_DONE, RESTORE_REFUSE_OVER},
     {RESTORE_DONE, RESTORE_REFUSE_OVER},
     {RESTORE_DONE, RESTORE_ACT_NONE},
     {RESTORE_DONE, RESTORE_ACT_NONE},
     {RESTORE_DONE, RESTORE_ACT_NONE},
     {RESTORE_DONE, RESTORE_ACT_NONE},
     {RESTORE_DONE, RESTORE_REFUSE_OVER},
     {RESTORE_UNDO_STOPPING, RESTORE_ACT_STOP},
     {RESTORE_DONE, RESTORE_REFUSE_OVER}},
    /* undone */
    {{RESTORE_UNDONE, RESTORE_REFUSE_OVER},
     {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
     {RESTORE_UNDONE, RESTORE_ACT_NONE},
     {RESTORE_UNDONE, RESTORE_ACT_NONE},
     {RESTORE_UNDONE, RESTORE_ACT_NONE},
     {RESTORE_UNDONE, RESTORE_ACT_NONE},
     {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
     {RESTORE_UNDONE, RESTORE_REFUSE_OVER},
     {RESTORE_UNDONE, RESTORE_REFUSE_OVER}},
    /* released */
    {{RESTORE_RELEASED, RESTORE_REFUSE_OVER},
     {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
     {RESTORE_RELEASED, RESTORE_ACT_NONE},
     {RESTORE_RELEASED, RESTORE_ACT_NONE},
     {RESTORE_RELEASED, RESTORE_ACT_NONE},
     {RESTORE_RELEASED, RESTORE_ACT_NONE},
     {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
     {RESTORE_RELEASED, RESTORE_REFUSE_OVER},
     {RESTORE_RELEASED, RESTORE_REFUSE_OVER}},
};

/* By replication, the same with HAS_OLD and HAS_NEITHER at the end. */
static const struct restore_step by_replication[RESTORE_STATE_COUNT - REPLICATE_PLANNED]
                                               [RESTORE_EVENT_COUNT] = {
                                                   /* planned */
                                                   {{REPLICATE_GUARDING, RESTORE_ACT_GUARD},
                                                    {REPLICATE_LOADING, RESTORE_ACT_LOAD},
                                                    {REPLICATE_PLANNED, RESTORE_ACT_NONE},
                                                    {REPLICATE_PLANNED, RESTORE_ACT_NONE},
                                                    {REPLICATE_PLANNED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_PLANNED, RESTORE_REFUSE_NOTHING},
                                                    {REPLICATE_PLANNED, RESTORE_REFUSE_NOTHING},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_PLANNED, RESTORE_ACT_NONE},
                                                    {REPLICATE_PLANNED, RESTORE_ACT_NONE}},
                                                   /* guarding */
                                                   {{REPLICATE_GUARDING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_GUARDING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_LOADING, RESTORE_ACT_LOAD},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_GUARDING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_GUARDING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_GUARDING, RESTORE_ACT_NONE},
                                                    {REPLICATE_GUARDING, RESTORE_ACT_NONE}},
                                                   /* loading */
                                                   {{REPLICATE_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_COPYING, RESTORE_ACT_COPY},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_LOADING, RESTORE_ACT_NONE},
                                                    {REPLICATE_LOADING, RESTORE_ACT_NONE}},
                                                   /* copying */
                                                   {{REPLICATE_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_COPYING, RESTORE_ACT_NONE},
                                                    {REPLICATE_COPYING, RESTORE_ACT_NONE}},
                                                   /* detaching */
                                                   {{REPLICATE_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DONE, RESTORE_ACT_FINISH},
                                                    {REPLICATE_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_DETACHING, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_RELEASE},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_LOAD_OLD}},
                                                   /* held */
                                                   {{REPLICATE_HELD, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_HELD, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_LOAD_OLD},
                                                    {REPLICATE_HELD, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_HELD, RESTORE_ACT_NONE}},
                                                   /* undo_loading */
                                                   {{REPLICATE_UNDO_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_ACT_COPY},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_NONE}},
                                                   /* undo_copying */
                                                   {{REPLICATE_UNDO_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_COPYING, RESTORE_ACT_NONE}},
                                                   /* undo_detaching */
                                                   {{REPLICATE_UNDO_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_UNDONE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_CALL}},
                                                   /* undo_held */
                                                   {{REPLICATE_UNDO_HELD, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_HELD, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_HOLD},
                                                    {REPLICATE_UNDO_DETACHING, RESTORE_ACT_DETACH},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_LOAD_OLD},
                                                    {REPLICATE_UNDO_HELD, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDO_HELD, RESTORE_ACT_NONE}},
                                                   /* needs_human */
                                                   {{REPLICATE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_REFUSE_BUSY},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_CALL},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_LOAD_OLD},
                                                    {REPLICATE_UNDO_LOADING, RESTORE_ACT_LOAD_OLD},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_REFUSE_LATE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_NONE},
                                                    {REPLICATE_NEEDS_HUMAN, RESTORE_ACT_NONE}},
                                                   /* done */
                                                   {{REPLICATE_DONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_DONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_DONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_DONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_DONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_DONE, RESTORE_ACT_NONE}},
                                                   /* undone */
                                                   {{REPLICATE_UNDONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_UNDONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_UNDONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_UNDONE, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE},
                                                    {REPLICATE_UNDONE, RESTORE_ACT_NONE}},
                                                   /* released */
                                                   {{REPLICATE_RELEASED, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_RELEASED, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_RELEASED, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_RELEASED, RESTORE_REFUSE_OVER},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE},
                                                    {REPLICATE_RELEASED, RESTORE_ACT_NONE}},
};

static void compare(enum restore_state s, enum restore_event e, struct restore_step wanted)
{
    struct restore_step is = restore_step(s, e);
    if (is.next != wanted.next || is.act != wanted.act)
        fail_msg("%s, %s: %s, %s", restore_state_word(s), restore_event_word(e),
                 restore_state_word(is.next), restore_act_word(is.act));
}

static void every_cell_is_as_written_down(void **context)
{
    (void)context;
    for (int s = 0; s < RESTORE_FILE_STATES; s++)
        for (int e = 0; e < RESTORE_EVENT_COUNT; e++)
            compare((enum restore_state)s, (enum restore_event)e,
                    e < RESTORE_FILE_EVENTS
                        ? expected[s][e]
                        : (struct restore_step){(enum restore_state)s, RESTORE_ACT_NONE});
    for (int s = REPLICATE_PLANNED; s < RESTORE_STATE_COUNT; s++)
        for (int e = 0; e < RESTORE_EVENT_COUNT; e++)
            compare((enum restore_state)s, (enum restore_event)e,
                    by_replication[s - REPLICATE_PLANNED][e]);
}

/* What the server is, while a restore by replication works on it. */
enum server { OLD, OLD_FOLLOWS, NEITHER_FOLLOWS, NEITHER, NEW_FOLLOWS, NEW, SERVERS };

static bool follows(int server)
{
    return server == OLD_FOLLOWS || server == NEITHER_FOLLOWS || server == NEW_FOLLOWS;
}

/* What may become of the server when the act is carried out, or cut off at any point. The backup and
 * the safety backup are both a copy: NEW is the one that was loaded last. */
static int outcomes(enum restore_act act, int server, int to[SERVERS])
{
    int count = 0;
    to[count++] = server;
    if (act == RESTORE_ACT_COPY) {
        to[count++] = server == OLD ? OLD_FOLLOWS : NEITHER_FOLLOWS;
        to[count++] = NEITHER_FOLLOWS;
        to[count++] = NEW_FOLLOWS;
    }
    if (act == RESTORE_ACT_DETACH)
        to[count++] = server == OLD_FOLLOWS       ? OLD
                      : server == NEITHER_FOLLOWS ? NEITHER
                      : server == NEW_FOLLOWS     ? NEW
                                                  : server;
    return count;
}

/* What is promised of an end: done and undone serve the copy, released the data from before, and none
 * leaves the server a replica. From wherever it waits for a person, an order goes on. */
static void walk(enum restore_state state, enum restore_act act, int server, bool seen[][SERVERS])
{
    int to[SERVERS];
    if (seen[state][server])
        return;
    seen[state][server] = true;
    if (restore_over(state)) {
        assert_false(follows(server));
        assert_int_equal(server, state == REPLICATE_RELEASED ? OLD : NEW);
        return;
    }
    if (restore_held(state)) {
        struct restore_step undo = restore_step(state, RESTORE_UNDO);
        assert_false(restore_refused(undo.act));
        walk(undo.next, undo.act, server, seen);
        undo = restore_step(state, RESTORE_RESUME);
        assert_false(restore_refused(undo.act));
        walk(undo.next, undo.act, server, seen);
    }
    int count = outcomes(act, server, to);
    for (int e = RESTORE_OK; e < RESTORE_EVENT_COUNT && restore_busy(state); e++)
        for (int i = 0; i < count; i++) {
            struct restore_step step = restore_step(state, (enum restore_event)e);
            bool detach = act == RESTORE_ACT_DETACH;
            bool tells = e == RESTORE_OK || e == RESTORE_HAS_OLD || e == RESTORE_HAS_NEITHER;
            enum restore_event is = to[i] == NEW   ? RESTORE_OK
                                    : to[i] == OLD ? RESTORE_HAS_OLD
                                                   : RESTORE_HAS_NEITHER;
            if (restore_refused(step.act) ||
                (detach && tells && (follows(to[i]) || (int)is != e)) ||
                (!detach && (e == RESTORE_HAS_OLD || e == RESTORE_HAS_NEITHER)))
                continue;
            /* Once the safety backup is loaded, the data before count as neither. */
            int now = step.act == RESTORE_ACT_LOAD_OLD && to[i] == NEW ? NEITHER : to[i];
            walk(step.next, step.act == RESTORE_ACT_NONE ? act : step.act, now, seen);
        }
}

static void by_replication_it_serves_the_old_data_or_the_copy(void **context)
{
    static bool seen[RESTORE_STATE_COUNT][SERVERS];
    (void)context;
    struct restore_step first = restore_step(REPLICATE_PLANNED, RESTORE_BEGIN);
    walk(first.next, first.act, OLD, seen);
    for (int s = REPLICATE_GUARDING; s < RESTORE_STATE_COUNT; s++) {
        bool reached = false;
        for (int i = 0; i < SERVERS; i++)
            reached = reached || seen[s][i];
        assert_true(reached);
    }
}

static void the_data_of_a_server_are_told_apart(void **context)
{
    (void)context;
    const struct {
        struct replicate_seen seen;
        enum restore_event wanted;
    } rows[] = {
        {{.was_copied = true, .complete = true}, RESTORE_OK},
        {{.was_copied = true, .keys = 100, .keys_before = 100}, RESTORE_HAS_NEITHER},
        {{.keys = 100, .keys_before = 100, .complete = true}, RESTORE_HAS_OLD},
        {{.keys = 60, .keys_before = 100, .expires_before = 40}, RESTORE_HAS_OLD},
        {{.keys = 0, .keys_before = 100, .expires_before = 40}, RESTORE_HAS_NEITHER},
        {{.keys = 0, .keys_before = 100}, RESTORE_HAS_NEITHER},
        {{.keys = 95, .keys_before = 100}, RESTORE_HAS_OLD},
        {{.keys = 94, .keys_before = 100}, RESTORE_HAS_NEITHER},
        {{.keys = 0, .keys_before = 0}, RESTORE_HAS_OLD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(replicate_found(&rows[i].seen), rows[i].wanted);
}

static void a_refused_order_changes_nothing_and_says_why(void **context)
{
    (void)context;
    for (int s = 0; s < RESTORE_STATE_COUNT; s++)
        for (int e = 0; e < RESTORE_EVENT_COUNT; e++) {
            struct restore_step is = restore_step((enum restore_state)s, (enum restore_event)e);
            bool order = e == RESTORE_RESUME || e == RESTORE_UNDO || e == RESTORE_CANCEL ||
                         e == RESTORE_BEGIN || e == RESTORE_BEGIN_UNGUARDED;
            assert_true(!restore_refused(is.act) || (order && (int)is.next == s));
            assert_true(restore_refused(is.act) == (restore_refusal_text(is.act)[0] != '\0'));
            assert_true(!order || is.act != RESTORE_ACT_NONE);
        }
}

static void each_state_waits_for_an_act_or_for_a_person_or_has_ended(void **context)
{
    (void)context;
    for (int s = 0; s < RESTORE_STATE_COUNT; s++) {
        enum restore_state state = (enum restore_state)s;
        int kinds = restore_busy(state) + restore_held(state) + restore_over(state);
        bool planned = state == RESTORE_PLANNED || state == REPLICATE_PLANNED;
        assert_int_equal(kinds, planned ? 0 : 1);
        bool copies = state == RESTORE_GUARDING || state == RESTORE_STAGING ||
                      state == REPLICATE_GUARDING || state == REPLICATE_LOADING;
        assert_int_equal(restore_withholds(state),
                         (restore_busy(state) && !copies) ||
                             (restore_held(state) && state < RESTORE_FILE_STATES));
    }
    assert_true(restore_held(RESTORE_PLACE_HELD) && restore_held(RESTORE_NEEDS_HUMAN));
    assert_false(restore_held(RESTORE_PLACING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_written_down),
        cmocka_unit_test(by_replication_it_serves_the_old_data_or_the_copy),
        cmocka_unit_test(the_data_of_a_server_are_told_apart),
        cmocka_unit_test(a_refused_order_changes_nothing_and_says_why),
        cmocka_unit_test(each_state_waits_for_an_act_or_for_a_person_or_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
