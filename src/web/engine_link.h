/* The web process' end of the socket to the engine (api/link.h). When it breaks the process ends:
 * the engine starts another. */
#ifndef RESUS_WEB_ENGINE_LINK_H
#define RESUS_WEB_ENGINE_LINK_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

struct engine_link;

struct engine_link_events {
    void *context;
    /* A frame without an id: {"setup"}, {"users"}, {"revoked"}, {"event", "service"}. Borrowed. */
    void (*told)(void *context, const json_t *frame);
    void (*lost)(void *context, const char *why); /* the loop is to be left */
};

/* {"id", "status", "body"} once, after any number of {"id", "line"}. Borrowed. */
typedef void engine_link_answer(void *context, const json_t *frame);

int engine_link_open(uv_loop_t *loop, int fd, const struct engine_link_events *events,
                     struct engine_link **ret, struct error *err) ATTR_MUST_USE;
/* Takes `request` and puts the id in. 0 when as many as may be are in flight, or for lack of
 * memory: nothing is answered then. */
uint64_t engine_link_ask(struct engine_link *link, json_t *request, engine_link_answer *answer,
                         void *context);
/* The caller no longer waits for it. An id that was answered is passed over. */
void engine_link_forget(struct engine_link *link, uint64_t id);
/* Takes `frame`. */
void engine_link_tell(struct engine_link *link, json_t *frame);
void engine_link_close(struct engine_link *link); /* takes NULL */

#endif
