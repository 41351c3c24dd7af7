#include "agenda.h"

#include <assert.h>

#define RANK_SHIFT 62

static bool before(const struct agenda_place *a, const struct agenda_place *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void agenda_clear(struct agenda *a)
{
    a->count = a->slots = a->free_count = 0;
    a->sequence = 0;
}

void agenda_put_back(struct agenda *a, struct appointment item)
{
    assert(a->count < AGENDA_MAX);
    uint32_t slot = a->free_count > 0 ? a->free[--a->free_count] : (uint32_t)a->slots++;
    struct agenda_place place = {item.at, (uint64_t)item.rank << RANK_SHIFT | item.sequence, slot};
    a->items[slot] = item;
    size_t i = a->count++;
    for (; i > 0 && before(&place, &a->places[(i - 1) / 2]); i = (i - 1) / 2)
        a->places[i] = a->places[(i - 1) / 2];
    a->places[i] = place;
}

void agenda_add(struct agenda *a, struct appointment item)
{
    item.sequence = ++a->sequence;
    agenda_put_back(a, item);
}

bool agenda_take(struct agenda *a, struct appointment *ret)
{
    if (a->count == 0)
        return false;
    *ret = a->items[a->places[0].slot];
    a->free[a->free_count++] = a->places[0].slot;
    const struct agenda_place last = a->places[--a->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= a->count)
            break;
        child += child + 1 < a->count && before(&a->places[child + 1], &a->places[child]);
        if (!before(&a->places[child], &last))
            break;
        a->places[i] = a->places[child];
        i = child;
    }
    a->places[i] = last;
    return true;
}
