/* What a place has, and one backup back from it into the catalog. Part of the copier. */
#ifndef RESUS_COPIES_FETCH_H
#define RESUS_COPIES_FETCH_H

#include "backups/copy_job.h"

#define FETCH_LISTED_MAX 200                         /* newest copies whose manifests are read */
#define FETCH_PIN_MS (INT64_C(7) * 24 * 3600 * 1000) /* no rule removes it before */

/* Fills ret->items, newest first. */
void fetch_list(const struct copy_job *job, void (*alive)(void), struct copy_report *ret);
/* Brings job->id back. What its manifest says of proofs is not taken over: the caller proves it. */
void fetch_one(const struct copy_job *job, void (*alive)(void), struct copy_report *ret);

#endif
