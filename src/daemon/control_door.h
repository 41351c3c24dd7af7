/* A listening socket of the control server: accepts a bounded number of connections, so that a
 * program that connects in a loop takes no time from the engine. */
#ifndef RESUS_DAEMON_CONTROL_DOOR_H
#define RESUS_DAEMON_CONTROL_DOOR_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

#define CONTROL_ACCEPTS_A_TURN 16 /* of the loop */
/* How long a door stays shut when its budget is used up, or descriptors are short. */
#define CONTROL_DOOR_PAUSE_MS 100

struct control_door_options {
    const char *path;
    gid_t group; /* may connect besides the socket's owner and root; (gid_t)-1: none */
    int budget;  /* accepted connections in CONTROL_DOOR_PAUSE_MS; 0: no limit */
};

struct control_door;
typedef void control_arrived(void *context, int fd); /* non-blocking; the callee's to close */
typedef void control_door_closed(void *context);

/* As control_socket_bind(). `ret_grouped`: members of the group may connect. */
int control_door_open(uv_loop_t *loop, const struct control_door_options *options,
                      control_arrived *arrived, void *context, struct control_door **ret,
                      bool *ret_grouped, struct error *err) ATTR_MUST_USE;
/* Removes the socket; `closed` (may be NULL) is called on a later turn of the loop. */
void control_door_close(struct control_door *door, control_door_closed *closed);

#endif
