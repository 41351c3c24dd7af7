/* Who is at the other end of the control socket: Unix name and access from the kernel's word on the
 * peer. Blocking (name service): call it on a worker thread. */
#ifndef RESUS_DAEMON_CONTROL_PEER_H
#define RESUS_DAEMON_CONTROL_PEER_H

#include "daemon/control.h"

/* Groups of one user that are looked at; whoever is in more may be refused. */
#define CONTROL_PEER_GROUPS_MAX 1024

void control_peer(uid_t uid, gid_t gid, struct control_principal *ret);

#endif
