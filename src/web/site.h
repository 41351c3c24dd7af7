/* What the requests mean: operations, the console's files, conversations. */
#ifndef RESUS_WEB_SITE_H
#define RESUS_WEB_SITE_H

#include <jansson.h>

#include "api/rate.h"
#include "web/console.h"
#include "web/link.h"
#include "web/server.h"
#include "web/snapshot.h"
#include "web/who.h"

#define SITE_COOKIE "__Host-resus"

struct hub;

struct site {
    struct link *link;
    struct server *server;
    struct who *who;
    struct rate_limiter *rate; /* status and health, which are answered here */
    struct snapshots *snapshots;
    struct hub *hub;
    struct console *console;
    bool metrics_anonymous, public_status;
    char *openapi; /* the document as text, made when it is first asked for */
};

/* A frame of the engine without an id, after the first setup. */
void site_told(struct site *site, const json_t *frame);
void site_setup(struct site *site, const json_t *setup);
/* server_events */
void site_request(void *context, struct exchange *x);
void site_gone(void *context, struct exchange *x);
void site_opened(void *context, struct conversation *c);
void site_closed(void *context, struct conversation *c);
void site_unopened(void *context, void *data);

#endif
