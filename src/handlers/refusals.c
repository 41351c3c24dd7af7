#include "handlers/refusals.h"

#include "base/str.h"

#define VARIOUS "various"

static struct refusal_row *find(struct refusals *t, const char *address, const char *operation)
{
    for (size_t i = 0; i < REFUSALS_MAX; i++)
        if (str_equal(t->rows[i].address, address) && str_equal(t->rows[i].operation, operation))
            return &t->rows[i];
    return NULL;
}

bool refusals_note(struct refusals *t, const char *address, const char *operation,
                   const char *email, const char *error, mono_ms now)
{
    struct refusal_row *row = find(t, address, operation);
    bool first = row == NULL;
    if (first)
        row = find(t, "", "");
    if (row == NULL) { /* the last row is everybody's who does not fit any more */
        row = &t->rows[REFUSALS_MAX - 1];
        first = !str_equal(row->address, VARIOUS);
        (void)str_copy(row->address, sizeof row->address, VARIOUS);
    } else if (first) {
        (void)str_copy(row->address, sizeof row->address, address);
    }
    if (first) {
        (void)str_copy(row->operation, sizeof row->operation, operation);
        row->since = now;
        row->more = 0;
    } else {
        row->more++;
    }
    (void)str_copy(row->email, sizeof row->email, email);
    (void)str_copy(row->error, sizeof row->error, error);
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
