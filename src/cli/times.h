/* Times as people type them. */
#ifndef RESUS_CLI_TIMES_H
#define RESUS_CLI_TIMES_H

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

/* "2h" (so long ago), "2025-10-10" (local midnight), RFC 3339. */
int times_read(const char *text, wall_ms now, wall_ms *ret, struct error *err) ATTR_MUST_USE;

#endif
