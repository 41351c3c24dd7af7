/* The audit log newest first, a page at a time. Reads whole files, so it is for a thread
 * beside the loop; what is held in memory and the time it takes are bounded. */
#ifndef RESUS_STORE_AUDIT_PAGE_H
#define RESUS_STORE_AUDIT_PAGE_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "store/audit.h"

#define AUDIT_PAGE_WINDOW ((size_t)4 * 1024 * 1024) /* bytes of lines looked at together */
#define AUDIT_PAGE_MAX 1000                         /* lines of a page */
#define AUDIT_PAGE_MS 3000            /* afterwards the page is what was found so far */
#define AUDIT_PAGE_BYTES (600 * 1024) /* of a page: it has to fit a frame */

struct audit_page {
    json_t *items; /* lines as they are in the file; a new reference */
    uint64_t next; /* the cursor of the next page, 0 = that was all */
};

/* Lines with seq < `before` (0 = the newest) that pass `filter`. A page may be short, or empty, and
 * still have a next one. `stop`, when set, makes it return soon. No file at all is an empty page.
 */
int audit_page(const char *file, const struct audit_filter *filter, uint64_t before, size_t limit,
               const atomic_bool *stop, struct audit_page *ret, struct error *err) ATTR_MUST_USE;

#endif
