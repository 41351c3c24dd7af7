/* The figures of a service over time: what a step of 30 s was like, kept for 90 days,
 * coarser with age, with nothing but the detail lost: counts and times add up exactly.
 *
 *   age      step      rows of a service
 *   1 day    30 s      2880
 *   7 days   5 min     1728
 *   90 days  1 h       1992
 *
 * A row is 60 to 200 bytes: below 0.8 MB for a service in all. */
#ifndef RESUS_STORE_SERIES_H
#define RESUS_STORE_SERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"
#include "settings/settings.h"

#define SERIES_STEP_SECONDS 30
#define SERIES_TIERS 3
#define SERIES_UNKNOWN (-1)
#define SERIES_ROW_MAX 1024      /* bytes of a packed row */
#define SERIES_POINTS_MAX 2000   /* of an answer */
#define SERIES_NUMBERS_MAX 60000 /* of an answer, all series together: it has to fit a frame */
#define SERIES_BATCH_MAX 512     /* samples that are written together */

struct series_tier {
    int64_t seconds; /* of one row */
    int64_t keep_ms; /* older ones are merged into the next tier's, the last tier's deleted */
};
extern const struct series_tier series_tiers[SERIES_TIERS];

enum series {
    SERIES_PING_P50,
    SERIES_PING_P99,
    SERIES_PING_MAX,
    SERIES_MEMORY,
    SERIES_MEMORY_RSS,
    SERIES_MAXMEMORY,
    SERIES_FRAGMENTATION,
    SERIES_CONNECTIONS,
    SERIES_MAXCLIENTS,
    SERIES_BLOCKED,
    SERIES_COMMANDS,
    SERIES_CPU,
    SERIES_ERRORS,
    SERIES_HIT_RATE,
    SERIES_EVICTED,
    SERIES_EXPIRED,
    SERIES_KEYS,
    SERIES_REPLICAS,
    SERIES_UNSAVED,
    SERIES_COUNT
};

/* Stored as whole numbers: value x scale. Names and order are on the disk: add at the end. */
struct series_kind {
    const char *name, *unit;
    int64_t scale;
};
extern const struct series_kind series_kinds[SERIES_COUNT];

/* Where the time of a step went. */
enum series_state {
    SERIES_UP,
    SERIES_DOWN,
    SERIES_PLANNED,    /* stopped through Resus */
    SERIES_CANNOT_SAY, /* host unreachable, self-doubt, not judged yet */
    SERIES_STATE_COUNT
};

/* One step of one service, as the engine saw it. */
struct series_sample {
    char service[SETTINGS_ID_MAX];
    wall_ms at; /* its beginning, a whole multiple of the step */
    int64_t state_ms[SERIES_STATE_COUNT];
    int64_t pings, fast_pings;    /* answered; of them faster than the service level asks */
    int64_t values[SERIES_COUNT]; /* scaled; SERIES_UNKNOWN */
};

/* One or many steps together. */
struct series_cell {
    int64_t count, sum, min, max; /* count 0 = unknown, and the others 0 */
};
struct series_row {
    int64_t steps;
    int64_t state_ms[SERIES_STATE_COUNT];
    int64_t pings, fast_pings;
    struct series_cell cells[SERIES_COUNT];
};

void series_row_of(const struct series_sample *sample, struct series_row *ret);
void series_row_add(struct series_row *to, const struct series_row *more);
/* Bytes written to `to`. */
size_t series_row_pack(const struct series_row *row, unsigned char to[SERIES_ROW_MAX]);
/* False for bytes that are no row; `ret` is then as it was. */
bool series_row_unpack(const unsigned char *bytes, size_t length,
                       struct series_row *ret) ATTR_MUST_USE;

/* The step of an answer about [from, to) at `now`: the requested one (0 = so that some 300 points come
 * out), made as coarse as what is kept of that time, and so that `series` of them fit. Seconds. */
int64_t series_step(wall_ms from, wall_ms to, wall_ms now, int64_t requested, size_t series);

#endif
