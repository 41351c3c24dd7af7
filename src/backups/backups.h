/* Backups in the daemon: the schedule, what a person orders, and what is known of each service's
 * backups. On the loop's thread; whatever blocks is done on libuv's workers. Recovery comes first: a
 * service in trouble loses its running copy at once. */
#ifndef RESUS_BACKUPS_BACKUPS_H
#define RESUS_BACKUPS_BACKUPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "api/user.h"
#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "redis/client.h"
#include "settings/settings.h"
#include "store/audit.h"

#define BACKUPS_AT_ONCE_MAX 2 /* copies and proofs */
/* Other tasks. With the copies it leaves one of libuv's four workers free, even where a folder
 * hangs: names are looked up by those, too. */
#define BACKUPS_CHANGES_MAX 1
#define BACKUPS_WAIT_MS (INT64_C(10) * 60 * 1000) /* for an operation or a recovery to end */
#define BACKUPS_GUARD_REASON "before restore "    /* and its number: of a safety backup */

struct backups;

/* What is reported to the alerts: one of each service and subject. */
enum backups_trouble {
    BACKUPS_OVERDUE,
    BACKUPS_FAILED,
    BACKUPS_SUSPICIOUS,
    BACKUPS_UNCOPIED, /* a backup waits for its copy for a day */
    BACKUPS_DRILL_FAILED,
    BACKUPS_DRILL_OVERDUE,
    BACKUPS_TROUBLE_COUNT
};
const char *backups_trouble_word(enum backups_trouble trouble); /* "overdue" */

struct backups_ports {
    void *context;
    uv_loop_t *loop;
    struct store *store; /* keeps the results of drills; outlives the backups */
    const char *copier;  /* the program that copies: COPIER copy-out JOB */
    struct now (*now)(void *context);
    const struct settings *(*settings)(void *context);
    /* For `via: ssh`; outlives the backups. */
    const struct redis_tunnel *(*tunnel)(void *context, int service);
    /* What is known of the service's host, for host.json: a new reference, or NULL. */
    json_t *(*known)(void *context, int service);
    /* Why no copy should begin now, in a few words; NULL = it may. */
    const char *(*busy)(void *context, int service);
    /* Does another engine run the schedule of the service? */
    bool (*elsewhere)(void *context, int service);
    /* Is the service in a trouble that recovery treats? Then a running copy ends. */
    bool (*troubled)(void *context, int service);
    void (*audit)(void *context, const struct audit_line *line);
    /* Takes `body`: an event `service_event` of the service. */
    void (*publish)(void *context, int service, json_t *body);
    /* `text` NULL: there is no such trouble. */
    void (*report)(void *context, int service, enum backups_trouble trouble, const char *text);
};

int backups_open(const struct backups_ports *ports, struct backups **ret,
                 struct error *err) ATTR_MUST_USE;
void backups_start(struct backups *b);
/* Cancels what runs; the loop must run until it is empty. Takes NULL. */
void backups_close(struct backups *b);
/* The settings have changed. */
void backups_reload(struct backups *b);

/* ── what people see; new references, NULL on lack of memory ── */

/* {"items", "next_cursor"}, newest first, older than `cursor` (NULL = from the newest). */
json_t *backups_list(const struct backups *b, int service, const char *cursor, size_t limit);
/* One of them; NULL also when there is none. */
json_t *backups_one(const struct backups *b, int service, const char *id);
json_t *backups_status(const struct backups *b, int service);
/* The scheduled ones that no rule keeps: what a prune would remove. */
json_t *backups_prunable(const struct backups *b, int service);
/* {"items"}: the drills that are kept, newest first. */
json_t *backups_drills(const struct backups *b, int service);
/* A sentence for `check` and the status; NULL = nothing is wrong. */
const char *backups_unwell(const struct backups *b, int service);

/* ── what people order ── */

/* On the loop, once: 0 or a negative error. */
typedef void backups_done(void *context, uint64_t ticket, int result, const struct error *err);

enum backups_task {
    BACKUPS_LOAD, /* the daemon's own */
    BACKUPS_MAKE,
    BACKUPS_VERIFY,
    BACKUPS_PIN,
    BACKUPS_UNPIN,
    BACKUPS_ACCEPT, /* that it has much fewer data was meant */
    BACKUPS_REMOVE,
    BACKUPS_PRUNE,
    BACKUPS_FETCH,
    BACKUPS_REHEARSE, /* loads one with backup.next_server; an error when it does not */
    BACKUPS_DRILL,    /* loads one and measures the time */
    BACKUPS_NOTE,     /* the daemon's own: what copiers did */
    BACKUPS_TASK_COUNT
};
const char *backups_task_word(enum backups_task task); /* "create" */

struct backups_order {
    enum backups_task task;
    const char *id;     /* of a backup; NULL for MAKE and PRUNE; for FETCH one that is not here;
                       DRILL: NULL = the newest proved one */
    const char *target; /* FETCH: a place of backup.copies */
    const char *reason; /* NULL = none */
    const struct engine_user *user;
    const char *request_id;
    wall_ms until; /* PIN */
    bool guards;   /* MAKE: the safety backup of a restore, which does not wait for that restore */
    /* When the task has ended; NULL: it goes on by itself. A MAKE that ends without an error has
     * left a backup, proved or not: backups_last_id(). */
    backups_done *done;
    void *context;
    uint64_t ticket;
};
/* -ENOENT no such backup; -EBUSY something else runs, `err` says what; -EPERM it is kept: by a pin
 * or as one of the `minimum`; -EALREADY ACCEPT: nothing about it can be accepted; otherwise 0, and `ret_number` (may be NULL) is the task's number. */
int backups_order(struct backups *b, int service, const struct backups_order *order,
                  int64_t *ret_number, struct error *err) ATTR_MUST_USE;

/* Visits every place for copies now. -ENOENT: none is configured. */
int backups_copy_now(struct backups *b, int service, struct error *err) ATTR_MUST_USE;
/* Asks a place what it has: `done` comes with 0 when backups_elsewhere_taken() has the answer. -ENOENT
 * no such place, -EBUSY it is asked already. */
int backups_elsewhere(struct backups *b, int service, const char *target, backups_done *done,
                      void *context, uint64_t ticket, struct error *err) ATTR_MUST_USE;
/* {"target", "items"}: a new reference, once after each `done`. */
json_t *backups_elsewhere_taken(struct backups *b, int service);
/* Does a copier run, or begin within seconds? */
bool backups_copying(const struct backups *b, int service);
/* Reads what a backup knows of its host (backups/host_file.h): NULL = the newest proved one. `done`
 * comes with 0 when backups_host_taken() has the answer. -ENOENT no such backup, -EBUSY ask again. */
int backups_host(struct backups *b, int service, const char *id, backups_done *done, void *context,
                 uint64_t ticket, struct error *err) ATTR_MUST_USE;
/* {"backup": as backups_one(), "host"}: a new reference, once after each `done`. */
json_t *backups_host_taken(struct backups *b, int service);

/* ── for restores ── */

/* Which kind a backup is of. -ENOENT no such backup; -EBUSY a task of the service is under way, or
 * its folder cannot be read: `err` says what. */
int backups_find(const struct backups *b, int service, const char *id, enum backup_kind *ret,
                 struct error *err) ATTR_MUST_USE;
/* Is a task of the service under way? */
bool backups_at_work(const struct backups *b, int service);
/* The backup that the last task was about. */
const char *backups_last_id(const struct backups *b, int service);
/* How the last task ended, and the version of the server that loaded a backup in it; "" = none. */
const char *backups_last_text(const struct backups *b, int service);
const char *backups_last_version(const struct backups *b, int service);
/* The restore reads a folder of backups on a worker: it takes the place of one of the other tasks
 * (BACKUPS_CHANGES_MAX). False: ask again later. Given back once, when the worker has ended. */
bool backups_worker_take(struct backups *b) ATTR_MUST_USE;
void backups_worker_give(struct backups *b);

/* ── figures for /metrics ── */

struct backups_figures {
    wall_ms success, proved;          /* WALL_NONE = none */
    int64_t bytes, keys, duration_ms; /* of the newest; -1 = there is none */
    uint64_t made, failed;            /* since the start of the daemon */
    bool overdue;
    int64_t rpo_ms;  /* the age of the newest proved one: what a loss would cost; -1 = all */
    int64_t rto_ms;  /* what the newest drill that passed took; -1 = none passed */
    wall_ms drilled; /* when that one began; WALL_NONE */
    bool drill_failed, drill_overdue;
};
/* False: the service has neither a schedule nor a backup. */
bool backups_figures(const struct backups *b, int service, struct backups_figures *ret);

struct backups_copy_figures {
    const char *target;
    int64_t waiting;   /* backups without a copy there */
    wall_ms succeeded; /* the last run without an error; WALL_NONE */
    uint64_t failed;   /* runs, since the start of the daemon */
};
/* False: the service has no place with that number, from 0. */
bool backups_copy_figures(const struct backups *b, int service, size_t number,
                          struct backups_copy_figures *ret);

#endif
