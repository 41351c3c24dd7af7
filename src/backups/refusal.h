/* What an error reply to AUTH, REPLCONF or PSYNC means for a backup, and what to do about it. */
#ifndef RESUS_BACKUPS_REFUSAL_H
#define RESUS_BACKUPS_REFUSAL_H

#include "backups/pull.h"

/* `line` without the '-'. `user` is NULL or "" for the default user. Fills `err` with a sentence
 * that names the remedy. */
enum pull_cause refusal_of(const char *line, const char *user, struct error *err);

#endif
