/* The signed link of a message, with which the person who reads it acknowledges the incident.
 *
 * A link is for one incident, one channel and one purpose, and ends. Its holder can stop the calls of
 * that incident for a while, and nothing else; whoever reads the channel has it. Pure. */
#ifndef RESUS_ALERTS_ACK_LINK_H
#define RESUS_ALERTS_ACK_LINK_H

#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"

#define ACK_LINK_KEY_SIZE 32
#define ACK_LINK_MS (INT64_C(4) * 3600 * 1000) /* from the sending on */
#define ACK_LINK_SIZE 48                       /* A-Z a-z 0-9 _ - and the NUL */

struct ack_link {
    int64_t incident;
    wall_ms expires; /* whole seconds */
};

/* `channel` is signed and does not stand in the link. Returns ret. */
char *ack_link_write(const uint8_t key[ACK_LINK_KEY_SIZE], const char *channel,
                     const struct ack_link *link, char ret[ACK_LINK_SIZE]);
/* -EINVAL: not made with this key for this channel; -ETIME: it was, and is over. */
int ack_link_read(const uint8_t key[ACK_LINK_KEY_SIZE], const char *channel, const char *text,
                  wall_ms now, struct ack_link *ret) ATTR_MUST_USE;

#endif
