#include "core/checklist.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"

static const struct {
    enum checklist_stage stage;
    const char *text;
    enum checklist_fact fact;
} usual[] = {
    {CHECKLIST_BEFORE, "Schedule the maintenance window", CHECKLIST_IS_PLANNED},
    {CHECKLIST_BEFORE, "Notify the users", CHECKLIST_IS_ANNOUNCED},
    {CHECKLIST_BEFORE, "Create a backup", CHECKLIST_IS_BACKED_UP},
    {CHECKLIST_BEFORE, "Review the change plan", CHECKLIST_NO_FACT},
    {CHECKLIST_BEFORE, "Prepare the rollback", CHECKLIST_NO_FACT},
    {CHECKLIST_BEFORE, "Verify access and credentials", CHECKLIST_NO_FACT},
    {CHECKLIST_DURING, "Execute the change step by step", CHECKLIST_NO_FACT},
    {CHECKLIST_DURING, "Monitor for issues", CHECKLIST_NO_FACT},
    {CHECKLIST_DURING, "Document deviations from the plan", CHECKLIST_NO_FACT},
    {CHECKLIST_DURING, "Capture the logs", CHECKLIST_NO_FACT},
    {CHECKLIST_AFTER, "Verify that the service is healthy", CHECKLIST_IS_HEALTHY},
    {CHECKLIST_AFTER, "Run the smoke test", CHECKLIST_SMOKE_PASSED},
    {CHECKLIST_AFTER, "Monitor for 30 minutes", CHECKLIST_NO_FACT},
    {CHECKLIST_AFTER, "Update the documentation", CHECKLIST_NO_FACT},
    {CHECKLIST_AFTER, "Send the notice of completion", CHECKLIST_END_IS_REPORTED},
    {CHECKLIST_AFTER, "Hold a post-mortem if there were issues", CHECKLIST_NO_FACT},
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

/* -1 = not a usual one */
static int usual_index(const struct checklist_item *item)
{
    for (size_t i = 0; i < ARRAY_LENGTH(usual); i++)
        if (usual[i].stage == item->stage && str_equal(usual[i].text, item->text))
            return (int)i;
    return -1;
}

static enum checklist_fact fact_of(const struct checklist_item *item)
{
    int i = usual_index(item);
    return i < 0 ? CHECKLIST_NO_FACT : usual[i].fact;
}

bool checklist_in_use(const struct checklist *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *who = list->items[i].who;
        if ((who[0] != '\0' && !str_equal(who, CHECKLIST_RESUS)) ||
            usual_index(&list->items[i]) < 0)
            return true;
    }
    return false;
}

bool checklist_tick(struct checklist *list, enum checklist_fact fact, const char *evidence,
                    wall_ms now)
{
    bool changed = false;
    assert(fact != CHECKLIST_NO_FACT);
    for (size_t i = 0; i < list->count; i++) {
        struct checklist_item *item = &list->items[i];
        if (item->who[0] != '\0' || fact_of(item) != fact)
            continue;
        item->done = changed = true;
        item->when = now;
        (void)str_copy(item->who, sizeof item->who, CHECKLIST_RESUS);
        (void)str_copy_clean(item->note, sizeof item->note, evidence, strlen(evidence));
    }
    return changed;
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
