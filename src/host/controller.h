/* How Resus acts on a host: one interface, three controllers (ssh, systemd, process). A controller
 * runs one command of the whitelist at a time a channel and completes each exactly once, on the
 * engine's loop, never on the caller's stack. */
#ifndef RESUS_HOST_CONTROLLER_H
#define RESUS_HOST_CONTROLLER_H

#include <errno.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/time.h"
#include "host/command.h"
#include "settings/settings.h"

/* stdout and stderr each, cut beyond; 1 MB journal lines end here */
#define HOST_OUTPUT_MAX (256 * 1024)

/* The code of an error: the host was reached and does not accept our key. */
#define SSH_KEY_REFUSED (-EKEYREVOKED)

enum host_end {
    HOST_EXITED,      /* `exit_code` holds */
    HOST_SIGNALLED,   /* the command was ended by `signal` */
    HOST_TIMED_OUT,   /* our deadline: the effect is UNKNOWN, never "failed" */
    HOST_CUT_OFF,     /* the session died mid-flight: the effect is UNKNOWN */
    HOST_NOT_REACHED, /* nothing was sent: no session, refused, key or host key trouble; `error`
                         says which */
    HOST_CANCELLED, /* given up before anything was sent, or while it only reads: without effect */
};

struct host_result {
    enum host_end end;
    int exit_code;
    int signal;
    const char *out; /* NUL-terminated, valid during the callback */
    size_t out_length;
    const char *err;
    size_t err_length;
    bool truncated; /* output was cut at HOST_OUTPUT_MAX */
    int64_t duration_ms;
    struct error error; /* for NOT_REACHED and CUT_OFF: what and what to do */
};

typedef void host_done(void *context, uint64_t id, const struct host_result *result);
/* The service's process has ended, by whatever: only `process` sees that by itself. A hint, after
 * which a status says so. */
typedef void host_exited(void *context);

struct host_request {
    uint64_t id;
    enum host_command command;
    int number;     /* lines of HOST_JOURNAL and HOST_LOG_TAIL, the process of HOST_PROCESS */
    bool with_sudo; /* HOST_JOURNAL: plain first, then with sudo */
    mono_ms deadline;
};

/* One for each service. Sessions are shared below: services with the same host, port, user and key
 * use one session. */
struct controller;

struct controller_ops {
    void (*run)(struct controller *c, const struct host_request *request);
    /* Completes soon with HOST_CANCELLED if nothing was sent yet, else with its result. */
    void (*cancel)(struct controller *c, uint64_t id);
    /* No completion comes for it. HOST_CANCELLED: nothing of it was or will be sent;
     * HOST_CUT_OFF: something may have been. */
    enum host_end (*give_up)(struct controller *c, uint64_t id);
    /* Drops everything pending without completions, and frees: give up first what a caller waits
     * for. */
    void (*close)(struct controller *c);
};

struct controller {
    const struct controller_ops *ops;
    host_done *done;
    host_exited *exited; /* NULL, or set by whoever opened it */
    void *context;
};

/* Control ssh opens nothing yet: the first command connects, and from then on the session is kept.
 * The key file is checked here (mode, owner, size), so a bad one is an error at start that
 * names the command that fixes it. `ssh_pool` may be NULL unless control is ssh. */
struct ssh_pool;
int ssh_pool_new(uv_loop_t *loop, struct ssh_pool **ret, struct error *err) ATTR_MUST_USE;
void ssh_pool_free(struct ssh_pool *pool); /* joins the SSH thread; takes NULL */
int controller_open(uv_loop_t *loop, struct ssh_pool *pool, const struct service_settings *service,
                    host_done *done, void *context, struct controller **ret,
                    struct error *err) ATTR_MUST_USE;

/* A byte stream to the service's own loopback through the service's SSH session (direct-tcpip):
 * `done` gets one end of a socketpair (non-blocking, the caller's to close), or -1 and the error,
 * on a later turn of the loop. `context` is not NULL. The session is kept by the controllers that
 * use it. The error: -ECONNREFUSED and -EHOSTUNREACH are what the host met there, -EACCES what its
 * sshd does not permit; with any other the host could not be asked. */
typedef void ssh_tunnel_done(void *context, int fd, const struct error *error);
void ssh_tunnel_open(struct ssh_pool *pool, const struct ssh_settings *ssh, const char *host,
                     int port, mono_ms deadline, ssh_tunnel_done *done, void *context);
/* The same for a question that can wait: -EBUSY where it could be in the way of other streams. */
void ssh_tunnel_try(struct ssh_pool *pool, const struct ssh_settings *ssh, const char *host,
                    int port, mono_ms deadline, ssh_tunnel_done *done, void *context);
/* `context` goes away: its tunnels that are still opening are dropped without `done`. */
void ssh_tunnel_forget(struct ssh_pool *pool, const void *context);

/* The file `key` holds another key now. Every session that was opened with it takes no new work: a
 * new session is dialled for that at once, and the old one ends when its commands have ended and
 * its byte streams too, or after a minute. */
void ssh_pool_renew(struct ssh_pool *pool, const char *key);

/* Is a session to this host up now (vm_info.ssh_accessible)? TRI as in core/facts.h. */
int ssh_pool_state(struct ssh_pool *pool, const struct ssh_settings *ssh);

#endif
