#include "base/zone_table.h"

int zone_table_offset_s(const struct zone_table *zone, int64_t utc_s)
{
    int offset_s = zone->first_offset_s;
    for (size_t i = 0; i < zone->count && zone->changes[i].at_s <= utc_s; i++)
        offset_s = zone->changes[i].offset_s;
    return offset_s;
}

/* Periods are numbered by the change that ends them: 0 .. count. */
static int period_offset_s(const struct zone_table *zone, size_t period)
{
    return period == 0 ? zone->first_offset_s : zone->changes[period - 1].offset_s;
}

static int64_t period_start_s(const struct zone_table *zone, size_t period)
{
    return period == 0 ? INT64_MIN : zone->changes[period - 1].at_s;
}

static int64_t period_end_s(const struct zone_table *zone, size_t period)
{
    return period == zone->count ? INT64_MAX : zone->changes[period].at_s;
}

int64_t zone_table_utc_s(const struct zone_table *zone, int64_t local_s, enum local_kind *ret_kind)
{
    size_t found = 0;
    int64_t first_s = 0;
    int64_t gap_end_s = INT64_MAX;
    for (size_t i = 0; i <= zone->count; i++) {
        int64_t utc_s = local_s - period_offset_s(zone, i);
        if (utc_s < period_start_s(zone, i)) {
            /* Clocks are past it already when this period begins. */
            if (period_start_s(zone, i) < gap_end_s)
                gap_end_s = period_start_s(zone, i);
        } else if (utc_s < period_end_s(zone, i) && found++ == 0) {
            first_s = utc_s;
        }
    }
    if (ret_kind != NULL)
        *ret_kind = found == 0 ? LOCAL_SKIPPED : found == 1 ? LOCAL_ONCE : LOCAL_TWICE;
    return found > 0 ? first_s : gap_end_s;
}
