/* Records: JSON objects of any number of kinds, in one table of the state database.
 *
 * A write is a transaction: all of its records are stored, or none. What is indexed, how durable a
 * record is and how long it is kept is a row of record_kinds[]. The store copies the indexed
 * members out of the body; it does not look at the rest, so a new member needs no new schema. */
#ifndef RESUS_STORE_RECORD_H
#define RESUS_STORE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "store/store.h"

#define RECORD_BATCH_MAX 96  /* records of one transaction */
#define RECORD_INDEX_MAX 128 /* bytes of an indexed text with its NUL */
#define RECORD_LIVE_MAX 4
#define RECORD_KEPT_MAX 1024 /* records that wait in memory for the disk to come back */
#define RECORD_KEPT_BYTES_MAX ((size_t)8 * 1024 * 1024)

enum record_kind {
    RECORD_USER,
    RECORD_SESSION,
    RECORD_API_TOKEN,
    RECORD_ACCESS_REQUEST,
    RECORD_MESSAGE,
    RECORD_DELIVERY,
    RECORD_ALERT,
    RECORD_INCIDENT,
    RECORD_MAINTENANCE,
    RECORD_REPORT,
    RECORD_RESTORE,
    RECORD_DRILL,
    RECORD_PROCEDURE,
    RECORD_KIND_COUNT
};

/* A kind of record. A kind with a limit of age or count has `time`. */
struct record_kind_row {
    const char *word;       /* its name in the database: never changed once released */
    enum store_class class; /* of a transaction: the strictest of its records */
    /* Members of the body that can be asked for: two texts, and a time as Unix milliseconds or in
     * RFC 3339. NULL = not indexed. */
    const char *service, *state, *time;
    /* Numbers reserved on disk in advance, so that one that was given out and not stored is not
     * given out again after a crash. 0: numbers are used only once their record is stored. */
    int64_t numbers_ahead;
    int64_t keep_ms;                   /* older records are removed; 0 = no limit */
    int64_t keep_max;                  /* the newest so many stay; 0 = no limit */
    const char *live[RECORD_LIVE_MAX]; /* states in which a record is never removed for its age */
    /* What the disk did not take is kept in memory and stored when it does, the newest state of
     * each record, up to RECORD_KEPT_MAX records; then the oldest are dropped. */
    bool kept;
};
extern const struct record_kind_row record_kinds[RECORD_KIND_COUNT];

struct record_change {
    enum record_kind kind;
    int64_t number;     /* unique within its kind, above 0 */
    bool remove;        /* an absent record is no error */
    const json_t *body; /* an object, at most STORE_BODY_MAX bytes as text; copied */
};

struct record_write {
    const struct record_change *changes; /* a later change of the same record wins */
    size_t count;                        /* at most RECORD_BATCH_MAX */
    bool full;                           /* STORE_FULL, also where the kinds ask for less */
    uint64_t id;                         /* for the completion */
    store_done *done; /* NULL: the store's, which gets no id 0. Dropped by store_close() */
    void *context;
};

/* Queues a transaction. It completes with an error and without a change when the queue is full,
 * when an indexed member has the wrong type or is too long, or when a body is missing (a caller
 * that had no memory) or too large. Never completes on the caller's stack. */
void record_write(struct store *s, const struct record_write *write);

/* Would record_write() take these? 0, or what it would complete with. */
int record_check(const struct record_change *changes, size_t count,
                 struct error *err) ATTR_MUST_USE;

/* A number that no record of the kind has had, also after a crash. */
int64_t record_next(struct store *s, enum record_kind kind);
/* The highest number of the kind so far, 0 = none. */
int64_t record_last(struct store *s, enum record_kind kind);

/* `body` is borrowed; NULL when it cannot be read. */
typedef void record_each(void *context, enum record_kind kind, int64_t number, const json_t *body);
/* Before the loop runs: the records of a kind, by number; those in one state, or NULL = all. */
int record_load(struct store *s, enum record_kind kind, const char *state, record_each *each,
                void *context, struct error *err) ATTR_MUST_USE;

enum record_field {
    RECORD_BY_TIME,
    RECORD_BY_SERVICE,
    RECORD_BY_STATE,
    RECORD_BY_NUMBER, /* the one record, also one without a time */
    RECORD_FIELD_COUNT
};

struct record_cursor { /* of the last row of a page; zero = from the newest */
    wall_ms at;
    int64_t number;
};

struct record_query {
    enum record_kind kind;
    enum record_field field;
    char value[RECORD_INDEX_MAX]; /* of a service or a state */
    int64_t number;               /* with RECORD_BY_NUMBER */
    wall_ms since;                /* WALL_NONE = all */
    struct record_cursor before;
    int limit; /* at most STORE_QUERY_ROWS_MAX, 0 = that */
};
/* Queues a question about a kind with `time`; answered with an array of {number, at, body}, newest
 * first. It sees every write queued before, but not what waits in memory for the disk. `rows` NULL
 * = the store's. */
void record_find(struct store *s, uint64_t id, const struct record_query *query, store_rows *rows,
                 void *context);

#endif
