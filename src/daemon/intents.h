/* What a crash left behind: intents in the audit file that have no outcome. */
#ifndef RESUS_DAEMON_INTENTS_H
#define RESUS_DAEMON_INTENTS_H

#include "store/audit.h"

/* At start: for each intent of the file's last lines that has no outcome, an outcome line that says
 * that the result is not known, instead of guessing. */
void intents_close(const char *file, struct audit *audit);

#endif
