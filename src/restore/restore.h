/* Drives a restore by file or by replication (core/restore.h): writes each state down, asks for the act, and takes its
 * outcome. It stops, copies and starts nothing itself: whoever owns the service and its host gives
 * the ports, be it this machine, `control: process`, or SSH. */
#ifndef RESUS_RESTORE_RESTORE_H
#define RESUS_RESTORE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "core/restore.h"
#include "placement/placement.h"

/* What is kept of a restore, so that the next Resus can resume or undo it. */
struct restore_job {
    enum restore_state state;
    char staged[PLACEMENT_ID_SIZE]; /* what the stage answered; "" = not staged */
    bool place_aof;                 /* restore_plan() says so */
    bool was_running;               /* else an undo leaves the server stopped */
};

struct restore;

struct restore_ports {
    void *context;
    /* Writes the job down; answers with restore_saved(), later or at once. */
    void (*save)(void *context, struct restore *r, const struct restore_job *job);
    /* Begins the act; answers with restore_acted(), later or at once. Acts that may be repeated:
     *   GUARD          a safety backup
     *   STAGE          copies the backup onto the disk of the server; answers its id
     *   STOP           answers OK when the server is known to be stopped
     *   PLACE, UNDO    of job->staged
     *   START, START_OLD  answers OK when the server accepts connections, or loads
     *   PROVE          answers OK when the server serves the keys of the backup
     * and by replication:
     *   LOAD, LOAD_OLD answers OK when a server of our own serves the backup, or the safety backup
     *   COPY           answers OK when the server is its replica and has all data
     *   DETACH         answers OK, HAS_OLD or HAS_NEITHER when the server is independent again */
    void (*act)(void *context, struct restore *r, enum restore_act act,
                const struct restore_job *job);
    /* The act under way is no longer waited for: end it if that can be done. */
    void (*cancel)(void *context, enum restore_act act);
    /* FINISH, RELEASE, UNDONE, HOLD, CALL. RELEASE also drops what was staged. `err` has the cause,
     * or code 0. */
    void (*report)(void *context, enum restore_act act, const struct restore_job *job,
                   const struct error *err);
};

/* How long the outcome of an act is awaited until it counts as unknown. */
struct restore_limits {
    int64_t guard_ms, stage_ms, stop_ms, place_ms, start_ms, prove_ms;
    int64_t copy_ms, detach_ms; /* by replication; LOAD has `stage_ms` */
};
/* 2 h, 2 h, 10 min, 10 min, 1 h, 1 h, 2 h, 20 min */
extern const struct restore_limits restore_limits_default;

/* The ports are called from the loop and from the functions below. */
int restore_new(uv_loop_t *loop, const struct restore_ports *ports,
                const struct restore_limits *limits, const struct restore_job *job,
                struct restore **ret, struct error *err) ATTR_MUST_USE;
/* Cancels the act under way; its outcome is no longer taken. Takes NULL. */
void restore_free(struct restore *r);

/* BEGIN, BEGIN_UNGUARDED, RESUME, UNDO, CANCEL, and RESTARTED after the job was read from the disk.
 * -EBUSY with a sentence when it is refused. */
int restore_order(struct restore *r, enum restore_event order, struct error *err) ATTR_MUST_USE;
/* `code` 0, or negative: the disk did not take the job. */
void restore_saved(struct restore *r, int code);
/* OK, FAILED, UNKNOWN, HAS_OLD or HAS_NEITHER of the act that was asked for last; ignored when it is no longer awaited.
 * `staged` of a stage that is OK; `err` may be NULL. */
void restore_acted(struct restore *r, enum restore_act act, enum restore_event outcome,
                   const char *staged, const struct error *err);

#endif
