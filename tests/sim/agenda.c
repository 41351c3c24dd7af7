#include "agenda.h"

#include <assert.h>

static bool before(const struct appointment *a, const struct appointment *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->sequence < b->sequence;
}

void agenda_put_back(struct agenda *a, struct appointment item)
{
    assert(a->count < AGENDA_MAX);
    size_t i = a->count++;
    for (; i > 0 && before(&item, &a->items[(i - 1) / 2]); i = (i - 1) / 2)
        a->items[i] = a->items[(i - 1) / 2];
    a->items[i] = item;
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
    *ret = a->items[0];
    const struct appointment *last = &a->items[--a->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= a->count)
            break;
        child += child + 1 < a->count && before(&a->items[child + 1], &a->items[child]);
        if (!before(&a->items[child], last))
            break;
        a->items[i] = a->items[child];
        i = child;
    }
    a->items[i] = *last;
    return true;
}
