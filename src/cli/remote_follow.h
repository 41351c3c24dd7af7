/* Following from afar: Debian 12's libcurl has no WebSocket, so what is new is asked for again and
 * again, from where the last answer ended. */
#ifndef RESUS_CLI_REMOTE_FOLLOW_H
#define RESUS_CLI_REMOTE_FOLLOW_H

#include <jansson.h>

#include "base/attr.h"
#include "base/error.h"
#include "cli/remote.h"

/* Events have no limit of calls; of logs 20 a minute are allowed. */
#define REMOTE_FOLLOW_EVENTS_MS 2000
#define REMOTE_FOLLOW_LOGS_MS 4000

struct remote_reader {
    void (*each)(void *context, json_t *line); /* borrowed */
    void *context;
};

/* `op` is "events_follow" or "logs_follow". Ends with an answer of 400 and above, with an error, or
 * when the reader of stdout has closed it (then the status is 200 and the body an empty object). */
int remote_follow(struct remote *r, const char *op, const char *service, const json_t *args,
                  const struct remote_reader *reader, int *ret_status, json_t **ret_body,
                  struct error *err) ATTR_MUST_USE;

#endif
