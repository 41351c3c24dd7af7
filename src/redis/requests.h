/* What each request says on the wire. */
#ifndef RESUS_REDIS_REQUESTS_H
#define RESUS_REDIS_REQUESTS_H

#include "base/attr.h"
#include "base/buf.h"
#include "redis/client.h"

#define REQUEST_BYTES_MAX (128 * 1024) /* of one command: a key may be long */

/* Appends the command with `args` (NULL, or ended by a NULL). -ENOMEM; -ENOBUFS when there are more
 * than REDIS_ARGS_MAX or they are too long. */
int request_format(enum redis_request request, const char *const *args,
                   struct buf *to) ATTR_MUST_USE;

#endif
