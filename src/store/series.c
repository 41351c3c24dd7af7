#include "store/series.h"

#include <assert.h>
#include <string.h>

#define DAY_MS (86400LL * 1000)
#define POINTS_UNLESS_TOLD 300
#define ROW_FORMAT 1
#define VARINT_MAX 10
/* What a row may hold: far more than there can be, and so little that the numbers of all rows that
 * are ever added up fit. A figure comes from Redis, which may say anything. */
#define VALUE_MAX (INT64_C(1) << 53)
#define TIME_MAX (INT64_C(1) << 40) /* milliseconds; pings */
#define STEPS_MAX (INT64_C(1) << 20)

const struct series_tier series_tiers[SERIES_TIERS] = {
    {SERIES_STEP_SECONDS, DAY_MS},
    {300, 7 * DAY_MS},
    {3600, 90 * DAY_MS},
};

const struct series_kind series_kinds[SERIES_COUNT] = {
    [SERIES_PING_P50] = {"ping_p50_ms", "ms", 1000},
    [SERIES_PING_P99] = {"ping_p99_ms", "ms", 1000},
    [SERIES_PING_MAX] = {"ping_max_ms", "ms", 1000},
    [SERIES_MEMORY] = {"memory_bytes", "bytes", 1},
    [SERIES_MEMORY_RSS] = {"memory_rss_bytes", "bytes", 1},
    [SERIES_MAXMEMORY] = {"maxmemory_bytes", "bytes", 1},
    [SERIES_FRAGMENTATION] = {"fragmentation_ratio", "ratio", 100},
    [SERIES_CONNECTIONS] = {"connections", "clients", 1},
    [SERIES_MAXCLIENTS] = {"maxclients", "clients", 1},
    [SERIES_BLOCKED] = {"blocked_clients", "clients", 1},
    [SERIES_COMMANDS] = {"commands_per_second", "1/s", 100},
    [SERIES_CPU] = {"cpu_percent", "percent", 100},
    [SERIES_ERRORS] = {"errors_per_second", "1/s", 1000},
    [SERIES_HIT_RATE] = {"hit_rate_percent", "percent", 100},
    [SERIES_EVICTED] = {"evicted_per_second", "1/s", 1000},
    [SERIES_EXPIRED] = {"expired_per_second", "1/s", 1000},
    [SERIES_KEYS] = {"keys", "keys", 1},
    [SERIES_REPLICAS] = {"replicas", "replicas", 1},
    [SERIES_UNSAVED] = {"unsaved_changes", "changes", 1},
};

/* Every number at its longest fits. */
static_assert(2 + VARINT_MAX * (3 + SERIES_STATE_COUNT + 4 * SERIES_COUNT) <= SERIES_ROW_MAX,
              "a row fits");

void series_row_of(const struct series_sample *sample, struct series_row *ret)
{
    *ret =
        (struct series_row){.steps = 1, .pings = sample->pings, .fast_pings = sample->fast_pings};
    for (int i = 0; i < SERIES_STATE_COUNT; i++)
        ret->state_ms[i] = sample->state_ms[i];
    for (int i = 0; i < SERIES_COUNT; i++) {
        int64_t value = sample->values[i];
        if (value > VALUE_MAX)
            value = VALUE_MAX;
        if (value >= 0)
            ret->cells[i] = (struct series_cell){1, value, value, value};
    }
}

/* Sums of years of the largest values would not fit. */
static int64_t sum_of(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void series_row_add(struct series_row *to, const struct series_row *more)
{
    to->steps += more->steps;
    to->pings += more->pings;
    to->fast_pings += more->fast_pings;
    for (int i = 0; i < SERIES_STATE_COUNT; i++)
        to->state_ms[i] += more->state_ms[i];
    for (int i = 0; i < SERIES_COUNT; i++) {
        struct series_cell *a = &to->cells[i];
        const struct series_cell *b = &more->cells[i];
        if (b->count == 0)
            continue;
        if (a->count == 0) {
            *a = *b;
            continue;
        }
        a->count += b->count;
        a->sum = sum_of(a->sum, b->sum);
        a->min = b->min < a->min ? b->min : a->min;
        a->max = b->max > a->max ? b->max : a->max;
    }
}

/* ── packing: small numbers take few bytes ── */

static size_t put(unsigned char *to, size_t at, int64_t value)
{
    uint64_t rest = value < 0 ? 0 : (uint64_t)value;
    for (; rest >= 0x80; rest >>= 7)
        to[at++] = (unsigned char)(rest | 0x80);
    to[at++] = (unsigned char)rest;
    return at;
}

size_t series_row_pack(const struct series_row *row, unsigned char to[SERIES_ROW_MAX])
{
    size_t at = 0;
    to[at++] = ROW_FORMAT;
    at = put(to, at, row->steps);
    for (int i = 0; i < SERIES_STATE_COUNT; i++)
        at = put(to, at, row->state_ms[i]);
    at = put(to, at, row->pings);
    at = put(to, at, row->fast_pings);
    to[at++] = SERIES_COUNT;
    for (int i = 0; i < SERIES_COUNT; i++) {
        const struct series_cell *c = &row->cells[i];
        bool constant = c->min == c->max;
        at = put(to, at, c->count * 2 + (constant ? 1 : 0));
        if (c->count == 0)
            continue;
        at = put(to, at, c->min);
        if (constant)
            continue;
        at = put(to, at, c->max - c->min);
        /* Of values up to VALUE_MAX the product fits, unless others made the rows. */
        int64_t floor_sum;
        at = put(to, at,
                 __builtin_mul_overflow(c->min, c->count, &floor_sum) ? 0 : c->sum - floor_sum);
    }
    return at;
}

struct reading {
    const unsigned char *bytes;
    size_t length, at;
    bool bad;
};

static int64_t get(struct reading *r, int64_t max)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        if (r->at >= r->length)
            break;
        unsigned char byte = r->bytes[r->at++];
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if (value > (uint64_t)max)
            break;
        return (int64_t)value;
    }
    r->bad = true;
    return 0;
}

/* Only what a row can have been: least, mean and greatest in this order. */
static void get_cell(struct reading *r, struct series_cell *c)
{
    int64_t tag = get(r, 2 * STEPS_MAX + 1);
    c->count = tag / 2;
    if (c->count == 0)
        return;
    c->min = get(r, VALUE_MAX);
    c->max = c->min;
    int64_t above = 0;
    if (tag % 2 == 0) {
        int64_t width = get(r, VALUE_MAX - c->min);
        int64_t most;
        above = get(r, INT64_MAX);
        c->max = c->min + width;
        r->bad |= width == 0 || (!__builtin_mul_overflow(width, c->count, &most) && above > most);
    }
    int64_t floor_sum;
    r->bad |= __builtin_mul_overflow(c->min, c->count, &floor_sum) ||
              __builtin_add_overflow(floor_sum, above, &c->sum);
}

bool series_row_unpack(const unsigned char *bytes, size_t length, struct series_row *ret)
{
    struct reading r = {.bytes = bytes, .length = length, .at = 1};
    struct series_row row = {0};
    if (length < 2 || bytes[0] != ROW_FORMAT)
        return false;
    row.steps = get(&r, STEPS_MAX);
    for (int i = 0; i < SERIES_STATE_COUNT; i++)
        row.state_ms[i] = get(&r, TIME_MAX);
    row.pings = get(&r, TIME_MAX);
    row.fast_pings = get(&r, TIME_MAX);
    int64_t cells = get(&r, SERIES_COUNT); /* a row of an older program has fewer */
    for (int64_t i = 0; i < cells; i++)
        get_cell(&r, &row.cells[i]);
    if (r.bad || r.at != r.length)
        return false;
    *ret = row;
    return true;
}

/* ── the step of an answer ── */

static int64_t round_up(int64_t value, int64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* Steps of 30 s have one number each, others least, mean and greatest. */
static int64_t most_points(int64_t step, size_t series)
{
    size_t columns = (series < 1 ? 1 : series) * (step == SERIES_STEP_SECONDS ? 1 : 3);
    int64_t most = (int64_t)(SERIES_NUMBERS_MAX / columns);
    return most > SERIES_POINTS_MAX ? SERIES_POINTS_MAX : most;
}

int64_t series_step(wall_ms from, wall_ms to, wall_ms now, int64_t requested, size_t series)
{
    int64_t span = wall_since(to, from) / 1000;
    int64_t base = SERIES_STEP_SECONDS;
    for (int i = 0; i + 1 < SERIES_TIERS; i++)
        if (wall_since(now, from) > series_tiers[i].keep_ms)
            base = series_tiers[i + 1].seconds;
    int64_t step = requested > 0 ? requested : span / POINTS_UNLESS_TOLD;
    step = round_up(step < base ? base : step, base);
    /* One more: the first and the last step may stand over the ends of the span. */
    for (int64_t most; span / step + 2 > (most = most_points(step, series));)
        step = round_up(span / (most - 2) > step ? span / (most - 2) : step + 1, base);
    return step;
}
