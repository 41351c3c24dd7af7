/* What the requests mean: operations, the console's files, WebSockets. */
#ifndef RESUS_WEB_ROUTER_H
#define RESUS_WEB_ROUTER_H

#include <jansson.h>

#include "api/rate.h"
#include "base/buf.h"
#include "web/engine_link.h"
#include "web/identity.h"
#include "web/server.h"
#include "web/snapshot.h"
#include "web/static_files.h"

#define ROUTER_COOKIE "__Host-resus"

struct followers;

struct router {
    struct engine_link *link;
    struct server *server;
    struct identities *identities;
    struct rate_limiter *rate; /* status and health, which are answered here */
    struct snapshots *snapshots;
    struct followers *followers;
    struct static_files *files;
    bool metrics_anonymous, public_status, some_public;
    json_t *private_services;  /* ids of those that strangers do not see */
    char *openapi;             /* the document as text, made when it is first asked for */
    struct buf openapi_packed; /* the same as gzip */
};

/* A frame of the engine without an id, after the first setup. */
void router_told(struct router *router, const json_t *frame);
void router_setup(struct router *router, const json_t *setup);
/* server_events */
void router_request(void *context, struct request *x);
void router_gone(void *context, struct request *x);
void router_opened(void *context, struct websocket *c);
void router_closed(void *context, struct websocket *c);
void router_unopened(void *context, void *data);

#endif
