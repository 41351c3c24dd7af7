/* The OpenAPI 3.1 document of the API: nothing in it is written twice, all of it comes
 * from the table of operations and from the shapes of the answers. Pure; some 60 KB of text, made
 * in about a millisecond: make it once.
 *
 * OpenAPI knows no WebSocket: those rows stand as a GET that is answered by 101, with
 * `x-websocket: true` and, as `x-message`, the shape of what is sent. `x-least-role` and
 * `x-rate-limit` (the class) say what the table says. */
#ifndef RESUS_API_OPENAPI_H
#define RESUS_API_OPENAPI_H

#include <jansson.h>

#include "base/attr.h"

/* A new reference. */
json_t *openapi_document(void) ATTR_MUST_USE;

#endif
