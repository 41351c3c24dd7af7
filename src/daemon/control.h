/* The control socket: where the command line and other local programs speak to the daemon. A Unix
 * socket of frames (api/frame.h). Who speaks is known from the kernel (SO_PEERCRED), so there is no
 * password: root, the daemon's own user and members of group `resus-admin` act as admin, members of
 * `resus-monitor` as viewer, everybody else is told which group is missing.
 *
 * Everything runs on the loop's thread, but for the look-up of a peer's groups (it may ask a
 * directory server), which a libuv worker does. */
#ifndef RESUS_DAEMON_CONTROL_H
#define RESUS_DAEMON_CONTROL_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "api/frame.h"
#include "api/operations.h"
#include "base/attr.h"
#include "base/error.h"

#define CONTROL_CONNECTIONS_MAX 64
/* Of them for viewers: a monitoring agent that leaks connections cannot lock the admins out. */
#define CONTROL_VIEWERS_MAX 48
#define CONTROL_CALLS_MAX 32            /* requests in flight on one connection */
#define CONTROL_OUT_MAX (4 * FRAME_MAX) /* bytes that wait for a reader before it is dropped */
#define CONTROL_ADMIN_GROUP "resus-admin"
#define CONTROL_MONITOR_GROUP "resus-monitor"

struct control_principal {
    char name[64]; /* Unix name, "uid:1234" when the machine knows none */
    enum access access;
    uid_t uid;
};

/* One request. It stays valid until control_answer(), also when its client or the server is gone
 * meanwhile. */
struct control_call {
    int64_t id;
    const char *op;      /* as it came: not looked up yet */
    const char *service; /* NULL: none named */
    const json_t *args;  /* an object, never NULL; borrowed */
    struct control_principal principal;
    /* The handler's own. `cancelled` (may stay NULL) is called once, on the loop, never from inside
     * control_push or control_answer, when the client has gone before its answer; the call must
     * still be answered. */
    void (*cancelled)(struct control_call *call);
    void *data;
};

typedef void control_handler(void *context, struct control_call *call);
struct control_server;

/* Makes the folder (0755) if it is missing, takes away a stale socket (only if nobody answers on
 * it), binds, listens. -EADDRINUSE when a daemon answers there; -EEXIST when the path is no socket.
 */
int control_open(uv_loop_t *loop, const char *path, control_handler *handler, void *context,
                 struct control_server **ret, struct error *err) ATTR_MUST_USE;

/* Ends the call: exactly once for each. Takes the reference of `body` (an object; NULL = {}). */
void control_answer(struct control_call *call, int status, json_t *body);
/* Pushes one line of a follow before the answer; takes the reference. A reader that lets more than
 * CONTROL_OUT_MAX wait is dropped (`cancelled` follows). */
void control_push(struct control_call *call, json_t *line);

/* Stops listening, removes the socket if it is still this server's, drops the connections; what
 * libuv still holds is freed when the loop has run once more. Calls that are still open are told by
 * `cancelled` and must be answered (which then only frees them). Takes NULL. */
void control_close(struct control_server *server);

/* Which access a peer has: pure, for tests. `admin`/`monitor` are (gid_t)-1 when the machine has no
 * such group. ACCESS_ANONYMOUS = refused. */
enum access control_access(uid_t peer, uid_t own, const gid_t *groups, size_t count, gid_t admin,
                           gid_t monitor);

#endif
