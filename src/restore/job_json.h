/* A restore as it is kept on disk. Read back by a later Resus: format 1. */
#ifndef RESUS_RESTORE_JOB_JSON_H
#define RESUS_RESTORE_JOB_JSON_H

#include "base/json.h"
#include "restore/restore.h"

#define JOB_FORMAT 1

/* NULL: out of memory. */
json_t *job_json(const struct restore_job *job) ATTR_MUST_USE;
/* -EBADMSG when it is not a restore of this format. */
int job_read(const json_t *json, struct restore_job *ret, struct error *err) ATTR_MUST_USE;

#endif
