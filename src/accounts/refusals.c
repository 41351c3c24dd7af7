#include "accounts/refusals.h"

#include "base/str.h"

#define VARIOUS "various"

/* REFUSALS_MAX = none. */
static size_t find(const struct refusals *t, const struct refusal_row *seen)
{
    size_t i = 0;
    while (i < REFUSALS_MAX && !(t->rows[i].taken && str_equal(t->rows[i].address, seen->address) &&
                                 str_equal(t->rows[i].operation, seen->operation) &&
                                 str_equal(t->rows[i].service, seen->service) &&
                                 str_equal(t->rows[i].user_id, seen->user_id)))
        i++;
    return i;
}

static size_t find_free(const struct refusals *t)
{
    size_t i = 0;
    while (i < REFUSALS_MAX && t->rows[i].taken)
        i++;
    return i;
}

bool refusals_note(struct refusals *t, const struct refusal_row *seen, mono_ms now)
{
    struct refusal_row fresh = *seen;
    size_t at = find(t, seen);
    bool first = at == REFUSALS_MAX;
    if (first)
        at = find_free(t);
    if (at == REFUSALS_MAX) { /* the table is full: the last row counts all further addresses */
        at = REFUSALS_MAX - 1;
        first = !str_equal(t->rows[at].address, VARIOUS);
        (void)str_copy(fresh.address, sizeof fresh.address, VARIOUS);
    }
    fresh.taken = true;
    fresh.more = first ? 0 : t->rows[at].more + 1;
    fresh.since = first ? now : t->rows[at].since;
    t->rows[at] = fresh;
    return first;
}

bool refusals_take(struct refusals *t, mono_ms now, struct refusal_row *ret)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal_row *row = &t->rows[i];
        if (!row->taken || mono_since(now, row->since) < REFUSALS_WINDOW_MS)
            continue;
        *ret = *row;
        *row = (struct refusal_row){0};
        if (ret->more > 0)
            return true;
    }
    return false;
}

mono_ms refusals_next(const struct refusals *t)
{
    mono_ms at = MONO_NEVER;
    for (size_t i = 0; i < REFUSALS_MAX; i++)
        if (t->rows[i].taken)
            at = mono_min(at, mono_add(t->rows[i].since, REFUSALS_WINDOW_MS));
    return at;
}
