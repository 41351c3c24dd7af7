/* The last events that were published, for a web process that is started again: it gets them
 * before anything else, so that a WebSocket that comes back with its `since` misses none. */
#ifndef RESUS_DAEMON_WEB_EVENTS_H
#define RESUS_DAEMON_WEB_EVENTS_H

#include <jansson.h>

#define WEB_EVENTS_MAX 512                    /* of all services */
#define WEB_EVENTS_BYTES_MAX ((size_t)524288) /* of them; what is older is resynchronised */

struct web_events;

struct web_events *web_events_new(void);         /* NULL: out of memory */
void web_events_free(struct web_events *events); /* takes NULL */
/* `event` is borrowed. For lack of memory all is forgotten: what is there has
 * no gap in any case. */
void web_events_keep(struct web_events *events, const json_t *event);
/* Each of them, oldest first; a new reference. */
void web_events_each(const struct web_events *events, void (*each)(void *context, json_t *event),
                     void *context);

#endif
