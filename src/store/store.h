/* SQLite (WAL) behind one worker thread with a bounded queue. The engine reads once at start and
 * never waits for the disk afterwards; queries go through the same thread. What is stored has a
 * header for each subject: service_state.h, past_events.h, record.h, anchor.h.
 *
 * Writes are queued. id 0: no completion is wanted. A full queue completes with STORE_BUSY. */
#ifndef RESUS_STORE_STORE_H
#define RESUS_STORE_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/time.h"

/* Numbers of events that each start skips: as many may have been given out just before a crash. */
#define STORE_EVENTS_SKIPPED 1000
#define STORE_QUEUE_MAX 8192
#define STORE_BATCH_MAX 256  /* writes in one transaction */
#define STORE_RETRY_MS 1000  /* how often states that could not be saved are tried again */
#define STORE_SPARES_MAX 16  /* completions that need no memory when there is none */
#define STORE_THIN_ROWS 500  /* deleted in one transaction */
#define STORE_BODY_MAX 65536 /* bytes of an event's body or a recovery's evidence */
#define STORE_QUERY_ROWS_MAX 1000

enum store_class {
    STORE_NORMAL, /* synchronous=NORMAL: attempts, breaker, history; may lose the last moments of a
                     power cut */
    STORE_FULL,   /* synchronous=FULL: desired state, settings: on disk when the completion comes */
};
enum store_outcome {
    STORE_DURABLE,   /* committed, as durable as its class asks */
    STORE_BUSY,      /* the queue is full, or another process keeps the database locked */
    STORE_FULL_DISK, /* no space, quota or file size limit */
    STORE_FAILED,
    STORE_AWAY /* it is on this disk, and the store of the fleet did not confirm it */
};

struct store;
/* `error` NULL with STORE_DURABLE. */
typedef void store_done(void *context, uint64_t id, enum store_outcome outcome,
                        const struct error *error);
/* `rows` is an array, freed after the callback; NULL with an error. */
typedef void store_rows(void *context, uint64_t id, json_t *rows, const struct error *error);

/* Opens or creates `state_dir`/resus.db (0600, folder 0750), migrates, starts the thread. A
 * database of a newer version is an error that says so. */
int store_open(uv_loop_t *loop, const char *state_dir, store_done *done, store_rows *rows,
               void *context, struct store **ret, struct error *err) ATTR_MUST_USE;
/* What stands between memory and disk; from any thread, at once. */
struct store_state {
    size_t unsaved;         /* services whose latest state waits for the disk */
    size_t recoveries;      /* recoveries that wait for it */
    size_t records;         /* records of kinds that are kept which wait for it */
    size_t records_dropped; /* since the start: too many waited */
    struct error problem;   /* of the last write, code 0 = none */
};
void store_look(struct store *s, struct store_state *ret);

/* Deletes events older than `before`, recoveries older than `recoveries_before`, and the records
 * that their kind no longer keeps. */
void store_thin(struct store *s, wall_ms before, wall_ms recoveries_before);

/* Writes what is queued (bounded by wait_ms), joins, frees; outstanding completions are dropped. A
 * thread that a dead disk holds is left behind with its memory. Not from within a callback; the
 * loop must run once more before it is closed. */
void store_close(struct store *s, int64_t wait_ms);

#endif
