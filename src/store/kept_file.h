/* Recoveries that the disk refuses, safe from the end of the daemon. Two files whose room on the disk
 * is taken beforehand, so that they can be written when the disk is full: the one that counts, and
 * a spare that is written, flushed and put in its place. A kill or a power cut at any moment leaves
 * the old records or the new ones. Without the evidence: that may be large. */
#ifndef RESUS_STORE_KEPT_FILE_H
#define RESUS_STORE_KEPT_FILE_H

#include "settings/settings.h"
#include "store/kept_recoveries.h"

/* STORE_RECOVERIES_KEPT_MAX records of usual length; what does not fit is the oldest. */
#define KEPT_FILE_BYTES 131072

struct kept_file {
    int spare; /* -1 = there is no room for it */
    char path[SETTINGS_PATH_MAX], spare_path[SETTINGS_PATH_MAX];
};

/* What a daemon before could not store goes into `ret`, with the serials from 1; one that ran is
 * interrupted. That there is no room for the files is logged. */
void kept_file_open(struct kept_file *f, const char *state_dir, struct kept_recoveries *ret);
/* Whether they are safe. */
bool kept_file_write(struct kept_file *f, const struct kept_recoveries *k);
void kept_file_close(struct kept_file *f);

#endif
