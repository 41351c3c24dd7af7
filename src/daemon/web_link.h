/* The engine's end of the socket to the web process (api/link.h): frames to calls of the handlers
 * and back, and what is pushed. Never waits: a web process that does not read is given up. */
#ifndef RESUS_DAEMON_WEB_LINK_H
#define RESUS_DAEMON_WEB_LINK_H

#include <jansson.h>
#include <uv.h>

#include "accounts/accounts.h"
#include "api/rate.h"
#include "base/attr.h"
#include "base/error.h"
#include "engine/engine.h"
#include "handlers/handlers.h"

struct web_link;

struct web_link_options {
    uv_loop_t *loop;
    struct engine *engine;
    struct handlers *handlers;
    struct accounts *accounts;
    struct rate_limiter *rate; /* outlives the link */
    void *context;
    void (*ready)(void *context);                  /* the web process serves */
    void (*ended)(void *context, const char *why); /* at most once, never on the caller's stack of
                                                      web_link_send or web_link_close */
};

/* Takes `fd` in any case. */
int web_link_open(const struct web_link_options *options, int fd, struct web_link **ret,
                  struct error *err) ATTR_MUST_USE;
/* Takes the reference of `frame`. */
void web_link_send(struct web_link *link, json_t *frame);
/* `ended` is no longer called; calls under way learn that no caller waits. Takes NULL. */
void web_link_close(struct web_link *link);

#endif
