/* The WebSockets: who follows which service's events or log, what each role
 * may see of an event, resuming from the last events, the end of a login. */
#ifndef RESUS_WEB_HUB_H
#define RESUS_WEB_HUB_H

#include "web/forward.h"
#include "web/link.h"
#include "web/server.h"
#include "web/snapshot.h"
#include "web/who.h"

#define HUB_EVENTS_MAX 4096                      /* kept for resuming, of all services */
#define HUB_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of them */
/* Of what one client missed; more would be taken for a slow reader. It gets a `resync` instead. */
#define HUB_RESUME_BYTES_MAX (SERVER_QUEUE_MAX / 2)
#define HUB_LOOK_MS 1000  /* how often logins are looked at */
#define HUB_USED_LOOKS 20 /* and the engine is told which of them are in use */

struct hub;

struct hub *hub_new(uv_loop_t *loop, struct link *link, struct snapshots *snapshots,
                    struct who *who); /* NULL: out of memory */

/* A request to upgrade was found good (or, with an API token, is to be judged by the engine):
 * accepts it. Takes `args`. `identity` NULL: the engine has to be asked who it is. */
void hub_accept(struct hub *hub, struct exchange *x, const struct route *route, int service,
                json_t *args, const struct given *given, const struct identity *identity);
void hub_opened(struct hub *hub, struct conversation *c);
void hub_closed(struct hub *hub, struct conversation *c);
/* Accepted, but never opened. */
void hub_unopened(void *data);
/* An event of the engine; borrowed. */
void hub_event(struct hub *hub, int service, const json_t *event);
/* Users or revocations changed. */
void hub_look(struct hub *hub);

#endif
