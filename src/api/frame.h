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
#define FRAME_HEADER 4
/* What a buffer for reading must be able to hold. */
#define FRAME_BYTES_MAX (FRAME_HEADER + FRAME_MAX)

/* Appends the frame of `object` to `out`; on failure `out` is as it was. -EMSGSIZE past FRAME_MAX,
 * -ENOBUFS past the buffer's own limit. */
int frame_write(const json_t *object, struct buf *out, struct error *err) ATTR_MUST_USE;
/* Takes one frame from the front of `in`: 1 and the object, 0 when more bytes are needed, negative
 * for a frame that is too long (-EMSGSIZE) or not a JSON object (-EBADMSG): the stream is unusable
 * then. A frame is taken in one piece of at most FRAME_BYTES_MAX bytes. */
int frame_read(struct buf *in, json_t **ret, struct error *err) ATTR_MUST_USE;
/* The same for one of at most `most` bytes: of a side that has no reason to send longer ones. */
int frame_read_most(struct buf *in, size_t most, json_t **ret, struct error *err) ATTR_MUST_USE;

#endif
