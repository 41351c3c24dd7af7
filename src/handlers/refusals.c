#include "handlers/refusals.h"

#include "base/str.h"

#define VARIOUS "various"

static struct refusal_row *find(struct refusals *t, const struct refusal_row *seen)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal_row *row = &t->rows[i];
        if (str_equal(row->address, seen->address) && str_equal(row->operation, seen->operation) &&
            str_equal(row->user_id, seen->user_id))
            return row;
    }
    return NULL;
}

bool refusals_note(struct refusals *t, const struct refusal_row *seen, mono_ms now)
{
    static const struct refusal_row unused = {0};
    struct refusal_row fresh = *seen;
    struct refusal_row *row = find(t, seen);
    bool first = false;
    if (row == NULL) {
        row = find(t, &unused);
        first = true;
    }
    if (row == NULL) { /* the last row is everybody's who does not fit any more */
        row = &t->rows[REFUSALS_MAX - 1];
        first = !str_equal(row->address, VARIOUS);
        (void)str_copy(fresh.address, sizeof fresh.address, VARIOUS);
    }
    fresh.more = first ? 0 : row->more + 1;
    fresh.since = first ? now : row->since;
    *row = fresh;
    return first;
}

bool refusals_take(struct refusals *t, mono_ms now, struct refusal_row *ret)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusal_row *row = &t->rows[i];
        if (row->address[0] == '\0' || mono_since(now, row->since) < REFUSALS_WINDOW_MS)
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
        if (t->rows[i].address[0] != '\0')
            at = mono_min(at, mono_add(t->rows[i].since, REFUSALS_WINDOW_MS));
    return at;
}
