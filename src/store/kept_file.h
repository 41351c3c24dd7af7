/* Recoveries that the disk refuses, safe from the end of the daemon: a file whose room on the disk
 * is taken beforehand, so that it can be written over when the disk is full. Without the evidence:
 * that may be large. */
#ifndef RESUS_STORE_KEPT_FILE_H
#define RESUS_STORE_KEPT_FILE_H

#include "store/kept_recoveries.h"

/* STORE_RECOVERIES_KEPT_MAX records of usual length; what does not fit is the oldest. */
#define KEPT_FILE_BYTES 131072

/* What a daemon before could not store goes into `ret`, with the serials from 1; one that ran is
 * interrupted. The file, or -1 when there is no room for it: logged. */
int kept_file_open(const char *state_dir, struct kept_recoveries *ret);
/* Whether they are safe. */
bool kept_file_write(int fd, const struct kept_recoveries *k);

#endif
