#include "core/key_rotation.h"

#include <assert.h>

/* Rows are complete: a cell that is not named would be KEY_IDLE and no act, which the unit test
 * finds. */
static const struct key_step table[KEY_PHASE_COUNT][KEY_EVENT_COUNT] =
    {
        [KEY_IDLE] =
            {
                [KEY_BEGIN] = {KEY_MAKING, KEY_MAKE},
                [KEY_CONTINUE] = {KEY_IDLE, KEY_REFUSE_NOTHING},
                [KEY_DUE] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_DONE] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_FAILED] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_OLD_ACCEPTED] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_MADE, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_SWITCHED, KEY_NO_ACT},
            },
        [KEY_MAKING] =
            {
                [KEY_BEGIN] = {KEY_MAKING, KEY_REFUSE_BUSY},
                [KEY_CONTINUE] = {KEY_MAKING, KEY_REFUSE_BUSY},
                [KEY_DUE] = {KEY_MAKING, KEY_NO_ACT},
                [KEY_DONE] = {KEY_MADE, KEY_SHOW_LINE},
                [KEY_FAILED] = {KEY_IDLE, KEY_KEEP_OLD},
                [KEY_OLD_ACCEPTED] = {KEY_MAKING, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_MAKING, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_MAKING, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_MAKING, KEY_NO_ACT},
            },
        [KEY_MADE] =
            {
                [KEY_BEGIN] = {KEY_MADE, KEY_SHOW_LINE},
                [KEY_CONTINUE] = {KEY_PROVING, KEY_PROVE},
                [KEY_DUE] = {KEY_MADE, KEY_NO_ACT},
                [KEY_DONE] = {KEY_MADE, KEY_NO_ACT},
                [KEY_FAILED] = {KEY_MADE, KEY_NO_ACT},
                [KEY_OLD_ACCEPTED] = {KEY_MADE, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_MADE, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_SWITCHED, KEY_NO_ACT},
            },
        [KEY_PROVING] =
            {
                [KEY_BEGIN] = {KEY_PROVING, KEY_REFUSE_BUSY},
                [KEY_CONTINUE] = {KEY_PROVING, KEY_REFUSE_BUSY},
                [KEY_DUE] = {KEY_PROVING, KEY_NO_ACT},
                [KEY_DONE] = {KEY_SWITCHING, KEY_SWITCH},
                [KEY_FAILED] = {KEY_MADE, KEY_KEEP_OLD},
                [KEY_OLD_ACCEPTED] = {KEY_PROVING, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_PROVING, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_PROVING, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_PROVING, KEY_NO_ACT},
            },
        [KEY_SWITCHING] =
            {
                [KEY_BEGIN] = {KEY_SWITCHING, KEY_REFUSE_BUSY},
                [KEY_CONTINUE] = {KEY_SWITCHING, KEY_REFUSE_BUSY},
                [KEY_DUE] = {KEY_SWITCHING, KEY_NO_ACT},
                [KEY_DONE] = {KEY_SWITCHED, KEY_REMIND},
                [KEY_FAILED] = {KEY_MADE, KEY_KEEP_OLD},
                [KEY_OLD_ACCEPTED] = {KEY_SWITCHING, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_SWITCHING, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_SWITCHING, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_SWITCHING, KEY_NO_ACT},
            },
        [KEY_SWITCHED] =
            {
                [KEY_BEGIN] = {KEY_SWITCHED, KEY_REFUSE_KEPT},
                [KEY_CONTINUE] = {KEY_SWITCHED, KEY_REMIND},
                [KEY_DUE] = {KEY_ASKING, KEY_ASK_OLD},
                [KEY_DONE] = {KEY_SWITCHED, KEY_NO_ACT},
                [KEY_FAILED] = {KEY_SWITCHED, KEY_NO_ACT},
                [KEY_OLD_ACCEPTED] = {KEY_SWITCHED, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_IDLE, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_MADE, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_SWITCHED, KEY_NO_ACT},
            },
        [KEY_ASKING] =
            {
                [KEY_BEGIN] = {KEY_ASKING, KEY_REFUSE_BUSY},
                [KEY_CONTINUE] = {KEY_ASKING, KEY_REFUSE_BUSY},
                [KEY_DUE] = {KEY_ASKING, KEY_NO_ACT},
                [KEY_DONE] = {KEY_REMOVING, KEY_REMOVE_OLD},
                [KEY_FAILED] = {KEY_SWITCHED, KEY_ASK_LATER},
                [KEY_OLD_ACCEPTED] = {KEY_SWITCHED, KEY_WARN},
                [KEY_FOUND_NOTHING] = {KEY_ASKING, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_ASKING, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_ASKING, KEY_NO_ACT},
            },
        [KEY_REMOVING] =
            {
                [KEY_BEGIN] = {KEY_REMOVING, KEY_REFUSE_BUSY},
                [KEY_CONTINUE] = {KEY_REMOVING, KEY_REFUSE_BUSY},
                [KEY_DUE] = {KEY_REMOVING, KEY_NO_ACT},
                [KEY_DONE] = {KEY_IDLE, KEY_TELL_END},
                [KEY_FAILED] = {KEY_SWITCHED, KEY_ASK_LATER},
                [KEY_OLD_ACCEPTED] = {KEY_REMOVING, KEY_NO_ACT},
                [KEY_FOUND_NOTHING] = {KEY_REMOVING, KEY_NO_ACT},
                [KEY_FOUND_NEW] = {KEY_REMOVING, KEY_NO_ACT},
                [KEY_FOUND_OLD] = {KEY_REMOVING, KEY_NO_ACT},
            },
};
static_assert(KEY_PHASE_COUNT == 8 && KEY_EVENT_COUNT == 9, "the table has a cell for each");

struct key_step key_rotation_step(enum key_phase phase, enum key_event event)
{
    return table[phase][event];
}

bool key_rotation_busy(enum key_phase phase)
{
    return table[phase][KEY_BEGIN].act == KEY_REFUSE_BUSY;
}

enum key_event key_rotation_found(enum key_phase recorded, bool fresh, bool kept)
{
    switch (recorded) {
    case KEY_MAKING:
    case KEY_MADE:
        return fresh ? KEY_FOUND_NEW : KEY_FOUND_NOTHING;
    case KEY_SWITCHING: /* the rename takes FILE.new away: while it is there, nothing was switched
                         */
        return fresh ? KEY_FOUND_NEW : kept ? KEY_FOUND_OLD : KEY_FOUND_NOTHING;
    case KEY_SWITCHED:
        return kept ? KEY_FOUND_OLD : KEY_FOUND_NOTHING;
    default:
        return KEY_FOUND_NOTHING;
    }
}

wall_ms key_rotation_due(wall_ms switched, int64_t keep_ms, wall_ms asked)
{
    wall_ms due = wall_add(switched, keep_ms);
    wall_ms again = wall_add(asked, KEY_ASK_EVERY_MS);
    return asked.ms != 0 && again.ms > due.ms ? again : due;
}

const char *key_phase_word(enum key_phase phase)
{
    static const char *const words[] = {
        [KEY_IDLE] = "idle",       [KEY_MAKING] = "making",       [KEY_MADE] = "made",
        [KEY_PROVING] = "proving", [KEY_SWITCHING] = "switching", [KEY_SWITCHED] = "switched",
        [KEY_ASKING] = "asking",   [KEY_REMOVING] = "removing",
    };
    static_assert(ARRAY_LENGTH(words) == KEY_PHASE_COUNT, "a word for every phase");
    return words[phase];
}
