/* The usage lines of a verb, and usage errors: one line of why and the usage, on stderr. */
#ifndef RESUS_CLI_USAGE_H
#define RESUS_CLI_USAGE_H

#include "cli/arguments.h"
#include "cli/page.h"

#define USAGE_COLUMNS_MAX 80

/* Returns the exit status: 64, or 3 for `check` (plugins know no other for "wrong use"). */
int usage_error(const struct invocation *in, const char *why);

/* "usage: resus " and `usage`: each alternative (" | " outside of brackets) on its own line, with
 * the verb in front, and wrapped at USAGE_COLUMNS_MAX between words, never inside of brackets. */
void usage_put(struct page *p, const char *usage);

#endif
