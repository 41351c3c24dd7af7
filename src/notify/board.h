/* The alerts that a channel of state is told again and again: open ones as long as they are open,
 * and for a while that they are over. */
#ifndef RESUS_NOTIFY_BOARD_H
#define RESUS_NOTIFY_BOARD_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "notify/channel.h"

#define BOARD_ALERTS_MAX 512
#define BOARD_RESEND_MS INT64_C(60000)
#define BOARD_FIRES_MS (4 * BOARD_RESEND_MS) /* what is not repeated for so long is over */
#define BOARD_OVER_MS (5 * BOARD_RESEND_MS)  /* so long it is said that it is over */

struct board;

int board_new(struct board **ret, struct error *err) ATTR_MUST_USE;
void board_free(struct board *b); /* takes NULL */
/* Takes an alert in, by its key; RESOLVE ends it, messages that are no alerts pass by. -ENOBUFS:
 * BOARD_ALERTS_MAX are open; the new one is not repeated. */
int board_note(struct board *b, const struct message *m, wall_ms now,
               struct error *err) ATTR_MUST_USE;
/* Of a RESOLVE: the same alert in a later episode that is open, as message_write() has it; the
 * receiver takes both for one. NULL = none. */
const json_t *board_open_again(const struct board *b, const struct message *m);
/* Everything as one body, and drops what has been over for long enough. Its number. */
int board_render(struct board *b, const struct channel *c, wall_ms now, struct buf *body,
                 struct error *err) ATTR_MUST_USE;

#endif
