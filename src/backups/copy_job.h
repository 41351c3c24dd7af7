/* What the daemon asks of its copier, and what the copier answers: JSON both ways. The copier is a
 * process of its own (copies/copier.h), so that a place that hangs holds nothing of the daemon. */
#ifndef RESUS_BACKUPS_COPY_JOB_H
#define RESUS_BACKUPS_COPY_JOB_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"
#include "core/retention.h"
#include "settings/settings.h"

#define COPY_UPLOADS_MAX 4   /* of one run: what was done is written down after it */
#define COPY_OUTCOMES_MAX 64 /* of one run */

enum copy_task {
    COPY_OUT,   /* sends what waits, applies the rules */
    COPY_LIST,  /* what is there */
    COPY_FETCH, /* brings `id` back into the catalog */
    COPY_TASK_COUNT
};
const char *copy_task_word(enum copy_task task); /* "out" */

struct copy_job {
    enum copy_task task;
    char id[MANIFEST_ID_SIZE]; /* COPY_FETCH */
    char service[SETTINGS_ID_MAX], directory[SETTINGS_PATH_MAX], timezone[64];
    struct retention_policy keep;
    bool known; /* copies were made there before */
    struct copy_settings target;
};

enum copy_outcome_state {
    COPY_MADE,    /* now */
    COPY_FOUND,   /* it was there, and not noted */
    COPY_REMOVED, /* by the rules, now */
    COPY_MISSING, /* it was noted, and is no longer there */
    COPY_OUTCOME_STATE_COUNT
};
const char *copy_outcome_word(enum copy_outcome_state state); /* "made" */

struct copy_outcome {
    enum copy_outcome_state state;
    enum backup_kind kind;
    char id[MANIFEST_ID_SIZE];
    char manifest_sha256[65]; /* COPY_MADE: of the manifest that lies there */
};

struct copy_report {
    size_t count;
    struct copy_outcome outcomes[COPY_OUTCOMES_MAX];
    bool more;                 /* COPY_UPLOADS_MAX or COPY_OUTCOMES_MAX: another run goes on */
    struct error error;        /* code 0 = all went well; `outcomes` holds either way */
    char note[ERROR_TEXT_MAX]; /* "" = none: what works, but is not as it should be */
    json_t *items;             /* COPY_LIST: {"id", "kind", "started_at", ...}; NULL = none */
};

/* New references; NULL on lack of memory. */
json_t *copy_job_json(const struct copy_job *job);
json_t *copy_report_json(const struct copy_report *report);
/* -EBADMSG when it is no such text. */
int copy_job_read(const char *text, size_t length, struct copy_job *ret,
                  struct error *err) ATTR_MUST_USE;
int copy_report_read(const char *text, size_t length, struct copy_report *ret,
                     struct error *err) ATTR_MUST_USE;

/* Frees what it points to. */
void copy_report_clear(struct copy_report *r);
/* Appends an outcome; false when there is no room. */
bool copy_report_add(struct copy_report *r, enum copy_outcome_state state, enum backup_kind kind,
                     const char *id);

#endif
