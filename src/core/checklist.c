#include "core/checklist.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

static const struct {
    enum checklist_stage stage;
    const char *text;
} usual[] = {
    {CHECKLIST_BEFORE, "Schedule the maintenance window"},
    {CHECKLIST_BEFORE, "Notify the users"},
    {CHECKLIST_BEFORE, "Create a backup"},
    {CHECKLIST_BEFORE, "Review the change plan"},
    {CHECKLIST_BEFORE, "Prepare the rollback"},
    {CHECKLIST_BEFORE, "Verify access and credentials"},
    {CHECKLIST_DURING, "Execute the change step by step"},
    {CHECKLIST_DURING, "Monitor for issues"},
    {CHECKLIST_DURING, "Document deviations from the plan"},
    {CHECKLIST_DURING, "Capture the logs"},
    {CHECKLIST_AFTER, "Verify that the service is healthy"},
    {CHECKLIST_AFTER, "Run the smoke test"},
    {CHECKLIST_AFTER, "Monitor for 30 minutes"},
    {CHECKLIST_AFTER, "Update the documentation"},
    {CHECKLIST_AFTER, "Send the notice of completion"},
    {CHECKLIST_AFTER, "Hold a post-mortem if there were issues"},
};
static_assert(ARRAY_LENGTH(usual) <= CHECKLIST_ITEMS_MAX, "the usual items fit");

void checklist_usual(struct checklist *ret)
{
    *ret = (struct checklist){.count = ARRAY_LENGTH(usual)};
    for (size_t i = 0; i < ret->count; i++) {
        ret->items[i].stage = usual[i].stage;
        (void)str_copy(ret->items[i].text, sizeof ret->items[i].text, usual[i].text);
    }
}

int checklist_add(struct checklist *list, enum checklist_stage stage, const char *text,
                  struct error *err)
{
    if (text[strspn(text, " ")] == '\0' || strlen(text) >= CHECKLIST_TEXT_SIZE)
        return error_set(err, -EINVAL, "an item has 1 to %d bytes", CHECKLIST_TEXT_SIZE - 1);
    if (list->count == CHECKLIST_ITEMS_MAX)
        return error_set(err, -ENOSPC, "a checklist has at most %d items", CHECKLIST_ITEMS_MAX);
    size_t at = list->count;
    for (; at > 0 && list->items[at - 1].stage > stage; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = (struct checklist_item){.stage = stage};
    (void)str_copy_clean(list->items[at].text, CHECKLIST_TEXT_SIZE, text, strlen(text));
    list->count++;
    return 0;
}

int checklist_mark(struct checklist *list, size_t number, bool done, const char *who,
                   const char *note, wall_ms now, struct error *err)
{
    if (number < 1 || number > list->count)
        return error_set(err, -ENOENT, "there is no item %zu: the checklist has %zu", number,
                         list->count);
    if (note != NULL && strlen(note) >= CHECKLIST_NOTE_SIZE)
        return error_set(err, -EINVAL, "a note has at most %d bytes", CHECKLIST_NOTE_SIZE - 1);
    struct checklist_item *item = &list->items[number - 1];
    item->done = done;
    item->when = now;
    (void)str_copy(item->who, sizeof item->who, who);
    if (note != NULL)
        (void)str_copy_clean(item->note, sizeof item->note, note, strlen(note));
    return 0;
}

size_t checklist_left(const struct checklist *list, enum checklist_stage stage)
{
    size_t left = 0;
    for (size_t i = 0; i < list->count; i++)
        left += list->items[i].stage == stage && !list->items[i].done;
    return left;
}

const char *checklist_stage_word(enum checklist_stage stage)
{
    static const char *const stages[] = {
        [CHECKLIST_BEFORE] = "before", [CHECKLIST_DURING] = "during", [CHECKLIST_AFTER] = "after"};
    static_assert(ARRAY_LENGTH(stages) == CHECKLIST_STAGE_COUNT, "a word for every stage");
    return stages[stage];
}
