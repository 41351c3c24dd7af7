/* Where the figures over time are kept: SQLite in a file of its own (`series.db`), behind a thread
 * of its own, so that neither its size nor its upkeep can delay what recovery must not forget. It
 * is history, not state: losing the last half minute in a crash is fine. */
#ifndef RESUS_STORE_SERIES_STORE_H
#define RESUS_STORE_SERIES_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "store/series.h"

#define SERIES_WAITING_MAX 8192  /* samples that wait for the disk; younger ones are dropped */
#define SERIES_QUESTIONS_MAX 256 /* queries that wait */
#define SERIES_FLUSH_MS 30000    /* a sample waits at most this long for others */
#define SERIES_UPKEEP_MS 600000  /* how often rows are merged and thinned */
#define SERIES_OUTAGES_MAX 1000  /* of an answer */
#define SERIES_LOWS_HOURS 24

/* A time in which the service could not be reached by a PING, as far as that is proven. */
struct outage_record {
    char service[SETTINGS_ID_MAX];
    wall_ms began, ended;
    char cause[32];
    char ended_by[16]; /* "recovery" Resus', "operation" a person through Resus, "systemd", "itself"
                        */
};

struct series_store;
/* `answer` is freed after the callback; NULL with an error. */
typedef void series_answer(void *context, uint64_t id, json_t *answer, const struct error *error);

/* Opens or creates `state_dir`/series.db (0600) and starts the thread. A damaged file is renamed to
 * series.db.damaged and a new one begun; `ret_note` (static text, or NULL) says so. */
int series_store_open(uv_loop_t *loop, const char *state_dir, series_answer *answer, void *context,
                      struct series_store **ret, const char **ret_note,
                      struct error *err) ATTR_MUST_USE;

/* At once, from the loop; written together with others, in one transaction. */
void series_store_add(struct series_store *s, const struct series_sample *sample);
/* One of the same service that began and ended at the same times is replaced. */
void series_store_outage(struct series_store *s, const struct outage_record *outage);

struct series_figures {
    size_t waiting; /* samples not on the disk yet */
    uint64_t written, dropped;
    int64_t bytes;        /* of the database, -1 = unknown */
    struct error problem; /* of the last write, code 0 = none */
};
/* From any thread, at once. */
void series_store_look(struct series_store *s, struct series_figures *ret);

/* ── questions: they see every sample added before ── */

/* {from, to, step_seconds, times: [Unix seconds], states: {up, down, planned, unknown: [seconds]},
 *  series: {name: {unit, values: []} or {unit, min: [], mean: [], max: []}}, outages: [...]}.
 * Every array is as long as `times`; null where nothing is known. Steps of 30 s have `values`.
 * `wanted`: a bit per enum series, 0 = all. `step` as series_step() takes it. */
struct series_question {
    char service[SETTINGS_ID_MAX];
    wall_ms from, to, now;
    int64_t step;
    uint64_t wanted;
};
void series_store_ask(struct series_store *s, uint64_t id, const struct series_question *question);

/* Service levels over 1, 7, 30 and 90 days that end at question->now: [{days, watched_seconds,
 * up_seconds, down_seconds, planned_seconds, unknown_seconds, unwatched_seconds, pings, fast_pings,
 * outages: {count, longest_seconds, operation: {count, within, longest_seconds}}}]. `within` counts
 * those that a person ended within `limit_seconds`. */
void series_store_ask_levels(struct series_store *s, uint64_t id,
                             const struct series_question *question, int64_t limit_seconds);

/* {service, hour, lows: [...], maximum}: the lowest used memory (bytes, null = unknown) of each of
 * the last SERIES_LOWS_HOURS hours, oldest first; the last one belongs to Unix hour `hour`. */
void series_store_ask_lows(struct series_store *s, uint64_t id,
                           const struct series_question *question);

/* Merges and thins all that is due at `now`, at once and on the caller's thread: for tests, with a
 * store that is otherwise idle. */
int series_store_upkeep(struct series_store *s, wall_ms now, struct error *err) ATTR_MUST_USE;

/* Writes what waits (bounded by wait_ms), joins, frees; answers still owed are dropped. Takes NULL.
 * Not from within a callback; the loop must run once more. */
void series_store_close(struct series_store *s, int64_t wait_ms);

#endif
