/* Errors with context: returned, never logged below the top.
 *
 * A function that can fail returns 0 or a negative errno value and, when `err` is not NULL, a
 * sentence in it that says what was tried, where, and if possible what to do. `ret_x` outputs stay
 * untouched on failure. */
#ifndef RESUS_BASE_ERROR_H
#define RESUS_BASE_ERROR_H

#include "base/attr.h"

#define ERROR_TEXT_MAX 512

struct error {
    int code; /* negative errno value, 0 = none */
    char text[ERROR_TEXT_MAX];
};

/* Fills `err` (may be NULL) and returns `code`, so that `return error_set(err, -EINVAL, "...")`
 * reads well. `code` must be negative. */
int error_set(struct error *err, int code, const char *format, ...) ATTR_PRINTF(3, 4);

/* The same with ": strerror(-code)" behind it. */
int error_set_errno(struct error *err, int code, const char *format, ...) ATTR_PRINTF(3, 4);

/* Puts "context: " before the text that is there. Returns err's code (or -EIO when err is NULL). */
int error_prefix(struct error *err, const char *format, ...) ATTR_PRINTF(2, 3);

#endif
