/* Shared by the files of the daemon's backups, and by no other. */
#ifndef RESUS_BACKUPS_BACKUPS_INSIDE_H
#define RESUS_BACKUPS_BACKUPS_INSIDE_H

#include "backups/backup.h"
#include "backups/backups.h"
#include "backups/opened.h"
#include "backups/seal.h"
#include "backups/shelf.h"
#include "core/backup_plan.h"
#include "core/drill.h"
#include "io/zone.h"

struct backups_service;
struct copying;
struct elsewhere;
struct copy_report;
struct reading;

#define DRILLS_KEPT_MAX 60 /* of each service: a year of weekly ones */

/* One drill, and its record in the state database. */
struct drill {
    int64_t number;
    char backup[MANIFEST_ID_SIZE], user[128]; /* "" = the schedule */
    wall_ms began, ended, backup_began;
    char result[16]; /* as of a proof, or "failed" */
    char reason[32], text[ERROR_TEXT_MAX];
    int64_t keys, bytes;
    int64_t read_ms, load_ms; /* opened and compared; loaded. -1 = not so far */
};

struct drills {
    struct drill *items; /* newest first; NULL until the first one */
    size_t count;
    wall_ms tried; /* the last one that failed, or had no turn, ended */
    int failures;  /* in a row */
    wall_ms due;
    bool overdue;
};

struct job {
    uv_work_t work; /* first; one at a time */
    struct backups_service *service;
    enum backups_task task;
    enum backup_kind kind;
    int64_t number;
    struct engine_user user;
    char request_id[48], reason[256], id[MANIFEST_ID_SIZE];
    wall_ms since, until;
    mono_ms waits_since;
    bool waiting; /* nothing has begun */
    bool scheduled, outranked;
    bool guards;
    const char *waits_for; /* NULL = for nothing */
    backups_done *done;
    void *context;
    uint64_t ticket;
    /* copies of the settings: a reload replaces those */
    struct redis_settings redis;
    struct backup_settings settings;
    char timezone[64];
    int64_t expected_bytes;
    /* under way */
    struct backup *backup;
    struct proof *proof;
    struct catalog *catalog;
    struct manifest *manifest;
    struct backup_shelf shelf;
    bool loaded;
    struct error error; /* of the task, or of the worker's step */
    const char *end;    /* a word, see job_end() */
    const char *cause;  /* of a failed copy; "" = none */
    char text[ERROR_TEXT_MAX];
    char sha256[65];
    size_t removed;
    int64_t free_bytes; /* of the folder's disk; -1 = not known */
    /* whom a new one is sealed for, and whose keys may open an old one */
    struct recipient_settings recipients[SETTINGS_RECIPIENTS_OF_MAX];
    struct seal_public seal_for[SETTINGS_RECIPIENTS_OF_MAX];
    size_t recipient_count;
    char version[32];     /* of the server that loaded it */
    struct opened opened; /* wiped at the end */
    struct child *child;  /* FETCH: the copier */
    struct drill drill;   /* DRILL: what was measured so far */
    /* NOTE */
    struct copy_report *report;
    char target[SETTINGS_COPY_NAME_MAX];
};

/* The last task that a person or the schedule has ordered. */
struct last_job {
    int64_t number; /* 0 = none since the daemon's start */
    enum backups_task task;
    char id[MANIFEST_ID_SIZE], user[256], text[ERROR_TEXT_MAX];
    char version[32];
    const char *end, *cause;
    wall_ms began, ended;
};

struct backups_service {
    struct backups *b;
    int index;
    char id[SETTINGS_ID_MAX];
    struct backup_shelf shelf;
    bool loaded;
    mono_ms load_at;      /* MONO_NEVER = not again */
    struct error problem; /* why the folder cannot be read; code 0 = it can */
    struct job *job;
    struct job *after; /* waits for a job of the daemon's own; NULL = none */
    struct copying *copies[SETTINGS_COPIES_MAX];
    size_t copy_count;
    struct elsewhere *elsewhere; /* a place is asked what it has; NULL = none is */
    json_t *elsewhere_answer;    /* not yet taken */
    struct reading *reading;     /* of a host.json; NULL = none is */
    struct last_job last;
    struct drills drills;
    struct last_job failure; /* of the newest attempt at a backup; number 0 = it did not fail */
    int64_t free_bytes;      /* when the folder was read last; -1 = not known */
    int failures;            /* of scheduled ones, in a row */
    wall_ms tried, due;
    uint64_t made, failed;
    bool overdue;
    bool of_another; /* another engine of a fleet owns it */
    mono_ms report_at;
    char unwell[ERROR_TEXT_MAX]; /* "" = nothing is wrong */
};

struct backups {
    struct backups_ports ports;
    uv_timer_t timer;
    bool started, closing;
    size_t pending; /* jobs and the timer: freed when they are gone */
    struct zone *zone;
    wall_ms begun;
    int64_t last_number;
    size_t running;  /* copies and proofs */
    size_t copiers;  /* processes */
    size_t changing; /* other tasks: both are few, because their workers are the daemon's */
    struct backups_service *services;
    size_t count;
};

const struct service_settings *backups_settings(const struct backups_service *s);
struct backup_times backups_times(const struct backups_service *s);
bool backups_is_scheduled(const struct backups_service *s);

/* backups_job.c */
/* Begins, or waits for its turn: job_turn(). The job frees itself. */
int job_new(struct backups_service *s, const struct backups_order *order, bool scheduled,
            struct error *err) ATTR_MUST_USE;
void job_turn(struct job *j);
/* The service is in trouble, or the daemon ends. */
void job_cancel(struct job *j, const char *why);
/* Who owns the service now: a scheduled job of another engine's ends. */
void job_note_owner(struct backups_service *s, struct now now);
bool job_copies(const struct job *j);
/* The daemon's own, which people do not see: an order waits for its end. */
bool job_internal(const struct job *j);
/* The job that people see; NULL = none. */
const struct job *job_shown(const struct backups_service *s);

/* Between the files of a job: a step on a worker; its error, which the first one keeps; whether the
 * job ends between two steps; the last step, which reads the folder again. */
void job_work(struct job *j, uv_work_cb worker, uv_after_work_cb after);
void job_note(struct job *j, int r);
bool job_stops(struct job *j);
void job_settle_worker(uv_work_t *w);
void job_settled(uv_work_t *w, int status);
void job_settle_failed(struct job *j, const struct error *err);

/* backups_fetch.c */
void job_fetch(struct job *j);
/* Ends what is asked of places. */
void elsewhere_close(struct backups_service *s);

/* backups_drill.c */
int drills_load(struct backups *b, struct error *err) ATTR_MUST_USE;
void drills_free(struct backups_service *s);
/* `due` and `overdue` as they are now. */
void drills_judge(struct backups_service *s, wall_ms now);
/* A sentence about what is wrong with them; "" = nothing. */
void drills_unwell(const struct backups_service *s, char *to, size_t size);
/* The newest that passed; NULL = none did. */
const struct drill *drills_passed(const struct backups_service *s);
/* That the newest one failed. */
bool drills_failed(const struct backups_service *s);
int64_t drill_rto_ms(const struct drill *d);          /* -1 = it did not pass */
json_t *drills_json(const struct backups_service *s); /* as a member of the status */
void job_drilled(struct job *j, const struct proof_result *result);
/* The task is over: keeps the result. */
void drills_note(struct backups_service *s, const struct job *j);

/* backups_host.c: Resus stops. */
void reading_forget(struct backups_service *s);

/* backups_verify.c */
void job_verify(struct job *j);
bool job_ended_well(const struct job *j);

/* backups.c: the job is over and freed after it. */
void backups_job_ended(struct backups_service *s, const struct job *j);
void backups_let_go(struct backups *b);

#endif
