/* Usage errors: one line of why and the usage line, on stderr. */
#ifndef RESUS_CLI_USAGE_H
#define RESUS_CLI_USAGE_H

#include "cli/arguments.h"

/* Returns the exit status: 64, or 3 for `check` (plugins know no other for "wrong use"). */
int usage_error(const struct invocation *in, const char *why);

#endif
