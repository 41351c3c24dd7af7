/* Who is at the other end of the control socket. Access follows from what the kernel says about the
 * peer; a name service is asked for the name alone, which the audit log shows. */
#ifndef RESUS_DAEMON_CONTROL_PEER_H
#define RESUS_DAEMON_CONTROL_PEER_H

#include "daemon/control.h"

/* A peer in more groups than these is judged by its first group alone. */
#define CONTROL_PEER_GROUPS_MAX 1024

struct control_peer {
    uid_t uid;
    gid_t gid;
    enum access access;
};

/* Who has connected, and with which access; `fd` is the connection. Does not block. */
int control_peer(int fd, gid_t admin, gid_t monitor, struct control_peer *ret) ATTR_MUST_USE;
/* The number of a group, (gid_t)-1 when the machine has none of that name. Blocks (name service).
 */
gid_t control_group(const char *name);
/* The account's name, "uid:1234" when the machine knows none. Blocks (name service). */
void control_peer_name(uid_t uid, char *ret, size_t size);

#endif
