/* What has to be done before, during and after maintenance: items that people tick, with who did
 * it and when. */
#ifndef RESUS_CORE_CHECKLIST_H
#define RESUS_CORE_CHECKLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define CHECKLIST_ITEMS_MAX 64
#define CHECKLIST_TEXT_SIZE 128
#define CHECKLIST_NOTE_SIZE 256
#define CHECKLIST_WHO_SIZE 64

enum checklist_stage { CHECKLIST_BEFORE, CHECKLIST_DURING, CHECKLIST_AFTER, CHECKLIST_STAGE_COUNT };
const char *checklist_stage_word(enum checklist_stage stage); /* "before" */

/* What Resus knows by itself, each the fact behind one of the usual items. */
enum checklist_fact {
    CHECKLIST_NO_FACT,
    CHECKLIST_IS_PLANNED,
    CHECKLIST_IS_ANNOUNCED,
    CHECKLIST_IS_BACKED_UP,
    CHECKLIST_IS_HEALTHY,
    CHECKLIST_SMOKE_PASSED,
    CHECKLIST_END_IS_REPORTED
};
#define CHECKLIST_RESUS "Resus" /* who ticked it */

struct checklist_item {
    enum checklist_stage stage;
    char text[CHECKLIST_TEXT_SIZE];
    bool done;
    char who[CHECKLIST_WHO_SIZE]; /* who ticked it, or took the tick back; "" = never touched */
    wall_ms when;
    char note[CHECKLIST_NOTE_SIZE];
};

struct checklist {
    struct checklist_item items[CHECKLIST_ITEMS_MAX]; /* by stage */
    size_t count;
};

/* The items of the usual procedure: backup, rollback, verification, notice of completion ... */
void checklist_usual(struct checklist *ret);
/* Adds an item after those of its stage and of earlier ones. -EINVAL for a text that is empty or
 * too long, -ENOSPC when the list is full. */
int checklist_add(struct checklist *list, enum checklist_stage stage, const char *text,
                  struct error *err) ATTR_MUST_USE;
/* Ticks item `number` (from 1) or takes the tick back; `note` NULL keeps the one before. -ENOENT
 * when there is no such item, -EINVAL for a note that is too long: nothing is changed then. */
int checklist_mark(struct checklist *list, size_t number, bool done, const char *who,
                   const char *note, wall_ms now, struct error *err) ATTR_MUST_USE;
/* Ticks the item of a fact, with the evidence as its note; what a person has ticked, or taken the tick
 * from, stays. True when something has changed. */
bool checklist_tick(struct checklist *list, enum checklist_fact fact, const char *evidence,
                    wall_ms now);
/* Does anybody work with it: a person has touched an item, or it has items of its own? */
bool checklist_in_use(const struct checklist *list);
/* Items of that stage that are not done. */
size_t checklist_left(const struct checklist *list, enum checklist_stage stage);

#endif
