/* The web process' end of the socket to the engine (api/link.h). When it breaks the process ends:
 * the engine starts another. */
#ifndef RESUS_WEB_LINK_H
#define RESUS_WEB_LINK_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

struct link;

struct link_events {
    void *context;
    /* A frame without an id: {"setup"}, {"users"}, {"revoked"}, {"event", "service"}. Borrowed. */
    void (*told)(void *context, const json_t *frame);
    void (*lost)(void *context, const char *why); /* the loop is to be left */
};

/* {"id", "status", "body"} once, after any number of {"id", "line"}. Borrowed. */
typedef void link_answer(void *context, const json_t *frame);

int link_open(uv_loop_t *loop, int fd, const struct link_events *events, struct link **ret,
              struct error *err) ATTR_MUST_USE;
/* Takes `request` and puts the id in. 0 when as many as may be are in flight, or for lack of
 * memory: nothing is answered then. */
uint64_t link_ask(struct link *link, json_t *request, link_answer *answer, void *context);
/* Nobody waits for it any more. An id that was answered is passed over. */
void link_forget(struct link *link, uint64_t id);
/* Takes `frame`. */
void link_tell(struct link *link, json_t *frame);
void link_close(struct link *link); /* takes NULL */

#endif
