#include "core/window_plan.h"

static bool same_date(struct date a, struct date b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

static const struct schedule_occurrence *
occurrence_of(const struct window_row *row, const struct schedule_occurrence *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (same_date(list[i].date, row->date))
            return &list[i];
    return NULL;
}

static bool has_row(const struct window_row *rows, size_t count, struct date date)
{
    for (size_t i = 0; i < count; i++)
        if (same_date(rows[i].date, date))
            return true;
    return false;
}

size_t window_plan(const struct window_row *rows, size_t row_count, const struct schedule *schedule,
                   const struct schedule_occurrence *occurrences, size_t occurrence_count,
                   struct window_plan_step *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++) {
        const struct window_row *row = &rows[i];
        const struct schedule_occurrence *o = occurrence_of(row, occurrences, occurrence_count);
        if (row->phase != WINDOW_PLANNED && row->phase != WINDOW_ANNOUNCED)
            continue;
        if (schedule == NULL || !schedule_matches(schedule, row->date))
            ret[count++] = (struct window_plan_step){.act = WINDOW_PLAN_CANCEL, .row = i};
        else if (o != NULL && !row->by_hand &&
                 (o->starts.ms != row->starts.ms || o->ends.ms != row->ends.ms))
            ret[count++] =
                (struct window_plan_step){.act = WINDOW_PLAN_CHANGE, .row = i, .occurrence = *o};
    }
    for (size_t i = 0; i < occurrence_count; i++)
        if (!has_row(rows, row_count, occurrences[i].date))
            ret[count++] =
                (struct window_plan_step){.act = WINDOW_PLAN_ADD, .occurrence = occurrences[i]};
    return count;
}
