/* Which occurrences of a window have to be added, moved or cancelled, so that what is kept agrees
 * with its rule: at the start, at a reload, when time zones change, and once a day.
 *
 * An occurrence is made once for each local date. What is open or over is never touched, and a
 * cancelled one never comes back. Times that a person gave stay. A date that the rule no longer has
 * is cancelled. Nothing depends on how far ahead the clock stands, so one that is set back removes
 * no occurrence. */
#ifndef RESUS_CORE_WINDOW_PLAN_H
#define RESUS_CORE_WINDOW_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/schedule.h"
#include "core/window.h"

/* What is kept of an occurrence, in short. */
struct window_row {
    struct date date;
    enum window_phase phase;
    wall_ms starts, ends;
    bool by_hand; /* a person gave the times */
};

enum window_plan_act {
    WINDOW_PLAN_ADD,    /* `occurrence` */
    WINDOW_PLAN_CHANGE, /* row `row` to the times of `occurrence`: WINDOW_CHANGE */
    WINDOW_PLAN_CANCEL, /* row `row`: WINDOW_CANCEL */
    WINDOW_PLAN_ACT_COUNT
};

struct window_plan_step {
    enum window_plan_act act;
    size_t row;
    struct schedule_occurrence occurrence;
};

/* `rows` are all of one window, in any order; `schedule` NULL: it is no longer in the settings, and
 * `occurrences` (of schedule_occurrences()) are none. `ret` has room for row_count +
 * occurrence_count. Returns the number of steps. */
size_t window_plan(const struct window_row *rows, size_t row_count, const struct schedule *schedule,
                   const struct schedule_occurrence *occurrences, size_t occurrence_count,
                   struct window_plan_step *ret);

#endif
