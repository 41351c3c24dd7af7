/* Refusals and readings in the audit log: the first of a user, address and operation is a line at
 * once, those that follow within a minute are counted and become one line at its end, so that
 * nobody rotates the log away. Pure: no clock, no I/O. */
#ifndef RESUS_ACCOUNTS_REFUSALS_H
#define RESUS_ACCOUNTS_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"
#include "settings/settings.h"

#define REFUSALS_MAX 256 /* addresses and operations at a time; more share one line */
#define REFUSALS_WINDOW_MS 60000

struct refusal_row {
    bool taken;       /* else the row is free */
    char address[64]; /* "" = not known; "various" when there were too many */
    char operation[48];
    char service[SETTINGS_ID_MAX]; /* "" = of none */
    bool success;
    char user_id[128]; /* a known user has lines of his own */
    char email[256], role[32];
    char error[256]; /* of the last one */
    int event;       /* the caller's word on what it was */
    size_t more;     /* after the first */
    mono_ms since;
};
struct refusals {
    struct refusal_row rows[REFUSALS_MAX];
};

/* `seen` has all but `taken`, `more` and `since`. True: write the line. False: counted. */
bool refusals_note(struct refusals *t, const struct refusal_row *seen, mono_ms now);
/* Takes a row whose minute is over; false when there is none. Rows without more are dropped. */
bool refusals_take(struct refusals *t, mono_ms now, struct refusal_row *ret);
mono_ms refusals_next(const struct refusals *t); /* MONO_NEVER = nothing to be taken */

#endif
