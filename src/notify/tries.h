/* Can the receivers of the channels be reached? One connection to each, with TLS where the receiver
 * has it and through the channel's proxy, over which nothing is sent. The files that a channel names
 * are opened again, too. For the doctor; on the loop's thread. */
#ifndef RESUS_NOTIFY_TRIES_H
#define RESUS_NOTIFY_TRIES_H

#include <stdbool.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "notify/outgoing.h"
#include "settings/settings.h"

#define TRIES_MS 5000 /* for one connection; all are made at the same time */

struct tries;
/* All have ended. In the loop, or on the stack of tries_begin(). */
typedef void tries_done(void *context);

int tries_new(uv_loop_t *loop, tries_done *done, void *context, struct tries **ret,
              struct error *err) ATTR_MUST_USE;
/* Those that are under way already are waited for instead. */
void tries_begin(struct tries *t, const struct settings *settings);
bool tries_under_way(const struct tries *t);

enum try_end {
    TRY_UNKNOWN, /* not tried, or under way */
    TRY_REACHED,
    TRY_UNREACHED, /* `error` says why, without address or key */
    TRY_UNUSABLE   /* a file: `error` names it */
};
enum try_end tries_look(const struct tries *t, const char *channel, char error[OUTGOING_ERROR_MAX]);
/* Drops what is under way. Takes NULL; the loop must run once more. */
void tries_free(struct tries *t);

#endif
