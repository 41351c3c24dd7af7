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

static void swap(struct appointment *a, struct appointment *b)
{
    struct appointment c = *a;
    *a = *b;
    *b = c;
}

void agenda_put_back(struct agenda *a, struct appointment item)
{
    assert(a->count < AGENDA_MAX);
    size_t i = a->count++;
    a->items[i] = item;
    while (i > 0 && before(&a->items[i], &a->items[(i - 1) / 2])) {
        swap(&a->items[i], &a->items[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
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
    a->items[0] = a->items[--a->count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < a->count && before(&a->items[child], &a->items[least]))
                least = child;
        if (least == i)
            return true;
        swap(&a->items[i], &a->items[least]);
        i = least;
    }
}
