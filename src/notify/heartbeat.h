/* Requests to a dead-man service, which calls people when they stop: the one message that gets
 * through when Resus, its machine or its network is gone. */
#ifndef RESUS_NOTIFY_HEARTBEAT_H
#define RESUS_NOTIFY_HEARTBEAT_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "notify/channel.h"
#include "notify/http.h"
#include "settings/settings.h"

struct heartbeat;

/* Asked before each request: NULL = all is well; else what is wrong with Resus itself, in a few
 * words, and no request is made (or URL/fail is called, where the settings say so). */
typedef const char *heartbeat_ask(void *context);
/* After each request. */
typedef void heartbeat_done(void *context, const struct channel_verdict *verdict);

/* What its file holds, as address; mem_free(). The error names the key in `ret_key`. */
int heartbeat_address(const struct heartbeat_settings *settings, char **ret, const char **ret_key,
                      struct error *err) ATTR_MUST_USE;
/* The first request goes out at once. `ask` may be NULL. */
int heartbeat_new(uv_loop_t *loop, struct http *http, const struct heartbeat_settings *settings,
                  heartbeat_ask *ask, heartbeat_done *done, void *context, struct heartbeat **ret,
                  struct error *err) ATTR_MUST_USE;
/* No callback runs any longer. Memory goes when libuv has let go of it. Takes NULL. */
void heartbeat_free(struct heartbeat *h);

#endif
