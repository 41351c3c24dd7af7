#include "core/drill.h"

const int64_t drill_retry_ms[DRILL_RETRY_COUNT] = {
    INT64_C(1) * 3600 * 1000, INT64_C(6) * 3600 * 1000, INT64_C(24) * 3600 * 1000};

/* What the next one is counted from. */
enum count_from { NOT_AT_ALL, FROM_START, FROM_LAST, FROM_FAILURE };

static const enum count_from table[DRILL_LAST_COUNT][2] = {
    /*                no backup   a proved one */
    [DRILL_NEVER] = {NOT_AT_ALL, FROM_START},
    [DRILL_PASSED] = {NOT_AT_ALL, FROM_LAST},
    [DRILL_FAILED] = {NOT_AT_ALL, FROM_FAILURE},
};

static wall_ms from_start(const struct drill_times *t)
{
    return wall_add(t->begun, DRILL_AFTER_START_MS + t->spread_ms);
}

/* One that was missed while Resus did not run is made up for after its start. */
static wall_ms from_last(const struct drill_times *t)
{
    wall_ms due = wall_add(t->passed, t->every_ms);
    return due.ms < t->begun.ms ? from_start(t) : due;
}

static wall_ms from_failure(const struct drill_times *t)
{
    int step = t->failures > DRILL_RETRY_COUNT ? DRILL_RETRY_COUNT : t->failures;
    return wall_add(t->tried, drill_retry_ms[step < 1 ? 0 : step - 1]);
}

wall_ms drill_due(const struct drill_times *t)
{
    switch (t->every_ms == 0 ? NOT_AT_ALL : table[t->last][t->there]) {
    case FROM_START:
        return from_start(t);
    case FROM_LAST:
        return from_last(t);
    case FROM_FAILURE:
        return from_failure(t);
    case NOT_AT_ALL:
        break;
    }
    return WALL_NONE;
}

int64_t drill_age_limit_ms(const struct drill_times *t)
{
    return t->every_ms + t->every_ms / 7;
}

bool drill_overdue(const struct drill_times *t, wall_ms now)
{
    wall_ms from = t->passed.ms == WALL_NONE.ms ? t->begun : t->passed;
    return t->every_ms > 0 && t->there && wall_since(now, from) > drill_age_limit_ms(t);
}
