/* The control socket: where the command line and other local programs speak to the daemon. Two Unix
 * sockets of frames (api/frame.h): one for group `resus-admin`, whose members act as admin, and one
 * beside it for `resus-monitor`, whose members act as viewer. The files' modes keep every other
 * account out, except root and the daemon's own user, who act as admin. The kernel says who speaks,
 * so there is no password.
 *
 * Everything runs on the loop's thread, but for the look-up of a peer's name (it may ask a
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
/* Of them for root alone: its call gets through whatever the others do. */
#define CONTROL_ROOT_PLACES 8
/* Of them for viewers: a monitoring agent that leaks connections cannot lock the admins out. */
#define CONTROL_VIEWERS_MAX 40
/* Of them for one account that is not root. */
#define CONTROL_ACCOUNT_MAX 16
/* Accepted connections of viewers in CONTROL_DOOR_PAUSE_MS; more wait in the kernel's queue. */
#define CONTROL_VIEWER_ACCEPTS 20
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

/* Makes the folder (0755) if it is missing, takes away stale sockets (only if no daemon answers on
 * them), binds, listens. -EADDRINUSE when a daemon answers there; -EEXIST when the path is no
 * socket. Asks the name service for the two groups. */
int control_open(uv_loop_t *loop, const char *path, control_handler *handler, void *context,
                 struct control_server **ret, struct error *err) ATTR_MUST_USE;

/* Ends the call: exactly once for each. Takes the reference of `body` (an object; NULL = {}). */
void control_answer(struct control_call *call, int status, json_t *body);
/* Pushes one line of a follow before the answer; takes the reference. A reader that lets more than
 * CONTROL_OUT_MAX wait is dropped (`cancelled` follows). */
void control_push(struct control_call *call, json_t *line);

/* Where the socket for monitors is: monitor.sock beside control.sock, otherwise PATH.monitor.
 * False: it does not fit. */
bool control_monitor_path(const char *path, char *ret, size_t size) ATTR_MUST_USE;

/* Stops listening, removes the sockets if they are still this server's, drops the connections; what
 * libuv still holds is freed when the loop has run once more. Calls that are still open are reported by
 * `cancelled` and must be answered (which then only frees them). Takes NULL. */
void control_close(struct control_server *server);

/* Which access a peer has: pure, for tests. `admin`/`monitor` are (gid_t)-1 when the machine has no
 * such group. ACCESS_ANONYMOUS = refused. */
enum access control_access(uid_t peer, uid_t own, const gid_t *groups, size_t count, gid_t admin,
                           gid_t monitor);

#endif
