#include "core/trend.h"

/* What has come down again does not grow: the newest value is to stand this far above the mean,
 * as a share of the line's rise. On the line itself it stands half the rise above. */
#define NEWEST_ABOVE_MEAN 0.25

struct sums {
    double n, x, y, xx, xy, yy;
};

static bool fits(const struct sums *s, double hours, double first, double newest, double *ret_slope)
{
    double spread_x = s->xx - s->x * s->x / s->n;
    double spread_y = s->yy - s->y * s->y / s->n;
    double both = s->xy - s->x * s->y / s->n;
    if (spread_x <= 0 || spread_y <= 0 || both <= 0)
        return false;
    double slope = both / spread_x;
    double rise = slope * hours;
    *ret_slope = slope;
    return both * both / (spread_x * spread_y) >= TREND_FIT_MIN && rise >= first * TREND_RISE_MIN &&
           newest >= s->y / s->n + rise * NEWEST_ABOVE_MEAN;
}

struct trend trend_of(const int64_t *values, size_t count)
{
    struct sums s = {0};
    struct trend best = {0};
    if (count == 0 || values[count - 1] < 0)
        return best;
    double newest = (double)values[count - 1];
    for (size_t back = 0; back < count; back++) {
        int64_t value = values[count - 1 - back];
        if (value < 0)
            continue;
        double x = -(double)back;
        double y = (double)value;
        double slope;
        s = (struct sums){s.n + 1, s.x + x, s.y + y, s.xx + x * x, s.xy + x * y, s.yy + y * y};
        /* Half of the hours at least were measured. */
        if (back < TREND_HOURS_MIN || s.n * 2 <= (double)back)
            continue;
        if (fits(&s, (double)back, y, newest, &slope))
            best = (struct trend){true, (int)back, slope, y, newest};
    }
    return best;
}

double trend_hours_to(const struct trend *trend, double limit)
{
    if (!trend->growing || limit <= trend->last)
        return -1;
    return (limit - trend->last) / trend->per_hour;
}
