/* Frames between the engine, the command line and the web process: a 4-byte big-endian length, then
 * one JSON object of at most FRAME_MAX bytes (architecture.md, "frames"). request  {"id", "op",
 * "service"?, "args"?}          (the control socket's principal comes from the peer's credentials)
 *   answer   {"id", "status", "body"}                   status as in HTTP (200, 202, 400 ... 503)
 *   pushed   {"id", "line": {...}}                      of a follow (logs -f, events), ended by an
 * answer */
#ifndef RESUS_API_FRAME_H
#define RESUS_API_FRAME_H

#include <jansson.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

#define FRAME_MAX (1024 * 1024)

/* Appends the frame of `object` to `out`. -EMSGSIZE past FRAME_MAX. */
int frame_write(const json_t *object, struct buf *out, struct error *err) ATTR_MUST_USE;
/* Takes one frame from the front of `in`: 1 and the object, 0 when more bytes are needed, negative
 * for a frame that is too long or not a JSON object (the stream is unusable then). */
int frame_read(struct buf *in, json_t **ret, struct error *err) ATTR_MUST_USE;

#endif
