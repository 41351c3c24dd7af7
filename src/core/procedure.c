#include "core/procedure.h"

#include <assert.h>
#include <stddef.h>

#include "base/str.h"

const char *procedure_kind_word(enum procedure_kind kind)
{
    static const char *const words[] = {
        [PROCEDURE_UPDATE] = "update", [PROCEDURE_CONFIG] = "config"};
    static_assert(ARRAY_LENGTH(words) == PROCEDURE_KIND_COUNT, "a word for every kind");
    return words[kind];
}

const char *procedure_phase_word(enum procedure_phase phase)
{
    static const char *const words[] = {
        [PROCEDURE_CHECKING] = "checking",   [PROCEDURE_BLOCKED] = "blocked",
        [PROCEDURE_GUARDING] = "guarding",   [PROCEDURE_REHEARSING] = "rehearsing",
        [PROCEDURE_READY] = "ready",         [PROCEDURE_APPLYING] = "applying",
        [PROCEDURE_VERIFYING] = "verifying", [PROCEDURE_WATCHING] = "watching",
        [PROCEDURE_UNDOING] = "undoing",     [PROCEDURE_NEEDS_HUMAN] = "needs_human",
        [PROCEDURE_DONE] = "done",           [PROCEDURE_UNDONE] = "undone",
        [PROCEDURE_CANCELLED] = "cancelled",
    };
    static_assert(ARRAY_LENGTH(words) == PROCEDURE_PHASE_COUNT, "a word for every phase");
    return words[phase];
}

const char *procedure_event_word(enum procedure_event event)
{
    static const char *const words[] = {
        [PROCEDURE_GOOD] = "good",       [PROCEDURE_BAD] = "bad",
        [PROCEDURE_UNKNOWN] = "unknown", [PROCEDURE_TROUBLE] = "trouble",
        [PROCEDURE_TIME] = "time",       [PROCEDURE_RESTART] = "restart",
        [PROCEDURE_GO] = "go",           [PROCEDURE_RECHECK] = "recheck",
        [PROCEDURE_ACCEPT] = "accept",   [PROCEDURE_UNDO] = "undo",
        [PROCEDURE_CANCEL] = "cancel",
    };
    static_assert(ARRAY_LENGTH(words) == PROCEDURE_EVENT_COUNT, "a word for every event");
    return words[event];
}

bool procedure_over(enum procedure_phase phase)
{
    return phase >= PROCEDURE_DONE;
}

bool procedure_works(enum procedure_phase phase)
{
    static const bool works[PROCEDURE_PHASE_COUNT] = {
        [PROCEDURE_CHECKING] = true, [PROCEDURE_GUARDING] = true,  [PROCEDURE_REHEARSING] = true,
        [PROCEDURE_APPLYING] = true, [PROCEDURE_VERIFYING] = true, [PROCEDURE_UNDOING] = true,
    };
    return works[phase];
}

/* ── the table ── */

/* Short for the table alone. What a kind does not have is passed: see passed(). */
enum {
    CHECK = PROCEDURE_CHECKING,
    BLOCK = PROCEDURE_BLOCKED,
    GUARD = PROCEDURE_GUARDING,
    REHRS = PROCEDURE_REHEARSING,
    READY = PROCEDURE_READY,
    APPLY = PROCEDURE_APPLYING,
    VERIF = PROCEDURE_VERIFYING,
    WATCH = PROCEDURE_WATCHING,
    HUMAN = PROCEDURE_NEEDS_HUMAN,
    UNDO_ = PROCEDURE_UNDOING,
    DONE_ = PROCEDURE_DONE,
    UNDNE = PROCEDURE_UNDONE,
    CANCL = PROCEDURE_CANCELLED,
    AGAIN = 100, /* this phase begins once more */
    STAYS,       /* nothing happens */
    NOT__,       /* refused */
};

/* clang-format off */
static const unsigned char table[PROCEDURE_PHASE_COUNT][PROCEDURE_EVENT_COUNT] = {
    /*                          GOOD   BAD    UNKNOWN TROUBLE TIME  RESTART  GO     RECHECK ACCEPT UNDO   CANCEL */
    [PROCEDURE_CHECKING]    = {GUARD, BLOCK, BLOCK,  STAYS,  STAYS, AGAIN,  NOT__, NOT__,  NOT__, NOT__, CANCL},
    [PROCEDURE_BLOCKED]     = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  NOT__, CHECK,  NOT__, NOT__, CANCL},
    [PROCEDURE_GUARDING]    = {REHRS, BLOCK, BLOCK,  STAYS,  STAYS, AGAIN,  NOT__, NOT__,  NOT__, NOT__, CANCL},
    [PROCEDURE_REHEARSING]  = {READY, BLOCK, BLOCK,  STAYS,  STAYS, AGAIN,  NOT__, NOT__,  NOT__, NOT__, CANCL},
    [PROCEDURE_READY]       = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  APPLY, CHECK,  NOT__, NOT__, CANCL},
    [PROCEDURE_APPLYING]    = {VERIF, BLOCK, VERIF,  STAYS,  STAYS, VERIF,  NOT__, NOT__,  NOT__, NOT__, NOT__},
    [PROCEDURE_VERIFYING]   = {WATCH, HUMAN, HUMAN,  STAYS,  STAYS, AGAIN,  NOT__, NOT__,  NOT__, NOT__, NOT__},
    [PROCEDURE_WATCHING]    = {STAYS, STAYS, STAYS,  HUMAN,  DONE_, STAYS,  NOT__, VERIF,  DONE_, UNDO_, NOT__},
    [PROCEDURE_NEEDS_HUMAN] = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  NOT__, VERIF,  WATCH, UNDO_, NOT__},
    [PROCEDURE_UNDOING]     = {UNDNE, HUMAN, HUMAN,  STAYS,  STAYS, AGAIN,  NOT__, NOT__,  NOT__, NOT__, NOT__},
    [PROCEDURE_DONE]        = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  NOT__, NOT__,  NOT__, UNDO_, NOT__},
    [PROCEDURE_UNDONE]      = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  NOT__, NOT__,  NOT__, NOT__, NOT__},
    [PROCEDURE_CANCELLED]   = {STAYS, STAYS, STAYS,  STAYS,  STAYS, STAYS,  NOT__, NOT__,  NOT__, NOT__, NOT__},
};
/* clang-format on */

/* A phase that this kind does not have, and the one that comes instead. */
static enum procedure_phase passed(enum procedure_kind kind, enum procedure_phase to)
{
    if (kind == PROCEDURE_CONFIG)
        return to == PROCEDURE_REHEARSING ? PROCEDURE_READY : to;
    /* People install an update, and take it back. */
    return to == PROCEDURE_APPLYING  ? PROCEDURE_VERIFYING
           : to == PROCEDURE_UNDOING ? PROCEDURE_UNDONE
                                     : to;
}

struct procedure_step procedure_event(enum procedure_kind kind, enum procedure_phase phase,
                                      enum procedure_event event)
{
    unsigned char cell = table[phase][event];
    if (cell == NOT__)
        return (struct procedure_step){.refused = true, .phase = phase};
    if (cell == STAYS || cell == AGAIN)
        return (struct procedure_step){.entered = cell == AGAIN, .phase = phase};
    return (struct procedure_step){.entered = true,
                                   .phase = passed(kind, (enum procedure_phase)cell)};
}

/* ── the checklists ── */

#define PERSON PROCEDURE_PHASE_COUNT /* a person's */

static const struct {
    enum procedure_kind kind;
    enum checklist_stage stage;
    enum procedure_phase phase; /* whose good end ticks it */
    const char *text;
} items[] = {
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PERSON, "Read the release notes"},
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PROCEDURE_CHECKING, "Compare versions, modules and role"},
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PROCEDURE_GUARDING, "Make a safety backup"},
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PROCEDURE_REHEARSING,
     "Rehearse: load it with the new version"},
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PERSON, "Plan a maintenance window, notify the users"},
    {PROCEDURE_UPDATE, CHECKLIST_BEFORE, PERSON, "Have the way back at hand"},
    {PROCEDURE_UPDATE, CHECKLIST_DURING, PROCEDURE_READY, "Install the new version"},
    {PROCEDURE_UPDATE, CHECKLIST_AFTER, PROCEDURE_VERIFYING, "Verify version, keys and health"},
    {PROCEDURE_UPDATE, CHECKLIST_AFTER, PROCEDURE_WATCHING, "Watch for 30 minutes"},
    {PROCEDURE_UPDATE, CHECKLIST_AFTER, PERSON, "Test the services that depend on it"},
    {PROCEDURE_UPDATE, CHECKLIST_AFTER, PERSON, "Update the documentation"},
    {PROCEDURE_CONFIG, CHECKLIST_BEFORE, PROCEDURE_CHECKING, "Look at the value of now"},
    {PROCEDURE_CONFIG, CHECKLIST_BEFORE, PROCEDURE_GUARDING, "Make a safety backup"},
    {PROCEDURE_CONFIG, CHECKLIST_BEFORE, PERSON, "Have the change reviewed"},
    {PROCEDURE_CONFIG, CHECKLIST_DURING, PROCEDURE_APPLYING, "Set the value"},
    {PROCEDURE_CONFIG, CHECKLIST_AFTER, PROCEDURE_VERIFYING, "Verify the value and health"},
    {PROCEDURE_CONFIG, CHECKLIST_AFTER, PROCEDURE_WATCHING, "Watch for 30 minutes"},
    {PROCEDURE_CONFIG, CHECKLIST_AFTER, PERSON, "Test the services that depend on it"},
    {PROCEDURE_CONFIG, CHECKLIST_AFTER, PERSON, "Document the change"},
};

void procedure_checklist(enum procedure_kind kind, struct checklist *ret)
{
    *ret = (struct checklist){0};
    for (size_t i = 0; i < ARRAY_LENGTH(items); i++)
        if (items[i].kind == kind) {
            struct checklist_item *item = &ret->items[ret->count++];
            item->stage = items[i].stage;
            (void)str_copy(item->text, sizeof item->text, items[i].text);
        }
}

int procedure_item(enum procedure_kind kind, enum procedure_phase phase)
{
    int number = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(items); i++) {
        number += items[i].kind == kind;
        if (items[i].kind == kind && items[i].phase == phase)
            return number;
    }
    return 0;
}
