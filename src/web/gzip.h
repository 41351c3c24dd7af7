/* A text that comes in pieces, as gzip: a piece is packed when it comes, so that a long text does not
 * hold the loop at its end. */
#ifndef RESUS_WEB_GZIP_H
#define RESUS_WEB_GZIP_H

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

struct gzip;

/* NULL without memory: some 270 KB. */
struct gzip *gzip_new(void) ATTR_MUST_USE;
void gzip_free(struct gzip *z);
/* Appends what there is to `out`. -ENOBUFS: past its limit, -ENOMEM. After `end` nothing follows. */
int gzip_put(struct gzip *z, const char *text, size_t length, bool end,
             struct buf *out) ATTR_MUST_USE;

#endif
