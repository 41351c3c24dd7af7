/* The WebSockets: who follows which service's events or log, what each role
 * may see of an event, resuming from the last events, the end of a login. */
#ifndef RESUS_WEB_FOLLOWERS_H
#define RESUS_WEB_FOLLOWERS_H

#include "web/engine_link.h"
#include "web/forward.h"
#include "web/identity.h"
#include "web/server.h"
#include "web/snapshot.h"

#define FOLLOWERS_EVENTS_MAX 4096                      /* kept for resuming, of all services */
#define FOLLOWERS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of them */
/* Of what one client missed; more would be taken for a slow reader. It gets a `resync` instead. */
#define FOLLOWERS_RESUME_BYTES_MAX (SERVER_QUEUE_MAX / 2)
#define FOLLOWERS_LOOK_MS 1000  /* how often logins are looked at */
#define FOLLOWERS_USED_LOOKS 20 /* and the engine learns which of them are in use */

struct followers;

struct followers *followers_new(uv_loop_t *loop, struct engine_link *link,
                                struct snapshots *snapshots,
                                struct identities *identities); /* NULL: out of memory */

/* A request to upgrade was found good (or, with an API token, is to be judged by the engine):
 * accepts it. Takes `args`. `identity` NULL: the engine has to be asked who it is. */
void followers_accept(struct followers *followers, struct request *x, const struct route *route,
                      int service, json_t *args, const struct given *given,
                      const struct identity *identity);
void followers_opened(struct followers *followers, struct websocket *c);
void followers_closed(struct followers *followers, struct websocket *c);
/* Accepted, but never opened. */
void followers_unopened(void *data);
/* An event of the engine; borrowed. */
void followers_event(struct followers *followers, int service, const json_t *event);
/* Users or revocations changed. */
void followers_look(struct followers *followers);

#endif
