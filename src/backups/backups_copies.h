/* The copies of one service's backups at other places. Each place has a copier of its own, which
 * runs as a process and is waited for by no one: a place that hangs delays no backup. Shared by the
 * files of the daemon's backups, and by no other. */
#ifndef RESUS_BACKUPS_BACKUPS_COPIES_H
#define RESUS_BACKUPS_BACKUPS_COPIES_H

#include "backups/backups_inside.h"
#include "backups/copy_job.h"
#include "io/child.h"

#define COPIES_AT_ONCE_MAX 2 /* copiers */
#define COPIER_DEADLINE_MS (INT64_C(24) * 3600 * 1000)

/* One place of one service. */
struct copying {
    struct backups_service *service;
    char name[SETTINGS_COPY_NAME_MAX];
    struct child *child;        /* NULL = none runs */
    struct copy_report *report; /* not yet noted in the manifests; NULL = none */
    bool more;
    int failures; /* runs in a row */
    mono_ms next_at, ended;
    wall_ms succeeded, failing_since; /* WALL_NONE */
    uint64_t made, failed;            /* since the daemon's start */
    char text[ERROR_TEXT_MAX];        /* why the last run failed; "" = it did not */
    char note[ERROR_TEXT_MAX];
};

/* After the settings were read, and at the start. */
void copies_bind(struct backups_service *s);
void copies_turn(struct backups_service *s, struct now now);
/* Ends the copiers. */
void copies_close(struct backups_service *s);
/* Something is to be noted in the manifests: job_new() with BACKUPS_NOTE. */
bool copies_to_note(const struct backups_service *s);
/* The job takes the first report that waits. */
void copies_give(struct job *j);
/* On a worker: notes what the job's report says. */
void copies_note_worker(struct job *j);
/* The backups have changed. */
void copies_changed(struct backups_service *s);
/* One audit line for each copy that was made or removed. */
void copies_audit(const struct job *j);
/* -ENOENT no such place; -EEXIST the backup is here. */
int copies_check_fetch(const struct backups_service *s, const struct backups_order *order,
                       struct error *err) ATTR_MUST_USE;
/* The order for a copier, as JSON text from malloc(); NULL = no such place, or no memory. `id`
 * NULL = none. */
char *copies_job_text(const struct backups_service *s, const char *target, enum copy_task task,
                      const char *id);
/* Why a copier ended that reported nothing. */
void copies_say_end(const struct child_result *r, char text[ERROR_TEXT_MAX]);
/* Backups that wait for a copy there, and since when the oldest does (WALL_NONE). */
int64_t copies_waiting(const struct copying *c, wall_ms *ret_since);
/* A sentence about a place without a copy for too long; "" = there is none. */
void copies_unwell(const struct backups_service *s, wall_ms now, char *to, size_t size);

#endif
