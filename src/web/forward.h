/* A request on its way to the engine and its answer on the way back. */
#ifndef RESUS_WEB_FORWARD_H
#define RESUS_WEB_FORWARD_H

#include "api/route.h"
#include "web/router.h"

struct given {                          /* the credential as it came */
    char token[IDENTITY_TOKEN_MAX + 1]; /* "" = none */
    bool cookie;
    char csrf[256];
};

/* The frame of api/link.h without its id. Takes `args`. NULL: out of memory. */
json_t *forward_frame(const char *op, const char *service, json_t *args,
                      const struct request_info *request, const struct given *given);
/* Asks the engine and answers the request. Takes `args`. */
void forward(struct router *router, struct request *x, const struct route *route, json_t *args,
             const struct given *given);
/* The request is gone. */
void forward_forget(struct router *router, struct request *x);

#endif
