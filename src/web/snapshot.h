/* Copies of what everybody asks for: the list of services, and status and health of each. A copy is
 * fetched from the engine when a caller asks and it is older than a second or an event came after
 * it; those who ask meanwhile share the one fetch. Cut by role (api/visible.h). */
#ifndef RESUS_WEB_SNAPSHOT_H
#define RESUS_WEB_SNAPSHOT_H

#include <jansson.h>

#include "api/operations.h"
#include "web/engine_link.h"
#include "web/server.h"

#define SNAPSHOT_MAX_AGE_MS 1000
#define SNAPSHOT_REFRESH_AGE_MS 500 /* from then on a fetch goes out beside the answer */

enum snapshot_kind { SNAPSHOT_STATUS, SNAPSHOT_HEALTH, SNAPSHOT_LIST, SNAPSHOT_KIND_COUNT };

struct snapshots;

/* `services`: the engine's answer to "services". NULL: out of memory. */
struct snapshots *snapshots_new(struct engine_link *link, const json_t *services);
int snapshots_find(const struct snapshots *s, const char *id); /* -1 none */
const char *snapshots_id(const struct snapshots *s, int service);
size_t snapshots_count(const struct snapshots *s);
/* Answers now or when the copy is there. `filter`: of the list, as service_list_pick() takes it;
 * NULL or empty for all of it. `lines` are copied. */
void snapshots_answer(struct snapshots *s, struct request *x, enum snapshot_kind kind, int service,
                      enum access access, json_t *filter, const char *lines);
/* The request is gone. */
void snapshots_forget(struct snapshots *s, const struct request *x);
/* An event came: the copy is of yesterday. */
void snapshots_event(struct snapshots *s, int service);
/* `body` of the engine's "snapshot", NULL when it could not be had; borrowed. */
typedef void snapshot_taken(void *context, const json_t *body);
/* For a WebSocket that opens: a copy of now. */
void snapshots_take(struct snapshots *s, int service, snapshot_taken *taken, void *context);
/* Drops what `context` waits for. */
void snapshots_leave(struct snapshots *s, const void *context);

#endif
