/* One kept SSH session, on the SSH thread (docs/internals/field-facts.md). Inside host/ only.
 *
 * A session and its channels stay on this thread and its loop. ssh_pool.c is the door to the
 * engine's thread; ssh_dial.c makes a session (resolve, connect, key exchange, host key, log in);
 * ssh_link.c keeps it, with its queue, deadlines and keepalive; ssh_command.c runs commands on it,
 * ssh_tunnel.c byte streams.
 *
 * A job travels: the engine fills it, posts it, the SSH thread fills the answer and posts it back.
 * Whoever has it may touch it, nobody else; `owner` and the engine's list are the engine's always.
 */
#ifndef RESUS_HOST_SSH_LINK_H
#define RESUS_HOST_SSH_LINK_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "core/facts.h"
#include "host/controller.h"
#include "host/fd_watch.h"
#include "settings/settings.h"

#define SSH_CHANNELS_MAX 8 /* commands at once on a session: sshd's MaxSessions is 10 */
#define SSH_TUNNELS_MAX 64 /* byte streams at once on a session */
#define SSH_TUNNELS_UNANSWERED                                                                     \
    8                          /* given up and not answered by sshd: no more are tried for now     \
                                */
#define SSH_STUCK_MAX 4        /* timed-out commands that still hold a channel: then reconnect */
#define SSH_STUCK_FULL 6       /* with so many nothing new is begun until the others are done */
#define SSH_REFUSALS_MAX 100   /* of one command's channel, on a host that opens channels */
#define SSH_QUEUE_MAX 1024     /* jobs that wait for a session or a channel of it */
#define SSH_DIAL_MS 10000      /* from name to logged in */
#define SSH_KEEPALIVE_MS 3000  /* silence after which we ask */
#define SSH_DEAD_MS 9000       /* silence after which the session is dead: two answers missed */
#define SSH_TICK_MS 1000       /* how often silence is looked at */
#define SSH_BACKOFF_MIN_MS 200 /* doubles up to the maximum, spread by a random half */
#define SSH_BACKOFF_MAX_MS 30000
#define SSH_RETRY_AT_ONCE_MS 1000 /* a request may try again when the last attempt is this old */
#define SSH_BRIEF_MS 10000  /* a session that ends sooner may be followed by others as brief */
#define SSH_RETIRE_MS 60000 /* how long a retired session keeps its byte streams */
#define SSH_LINE_MAX 1800
#define SSH_ADDRESSES_MAX 8 /* of one name */

enum ssh_job_kind {
    SSH_JOB_COMMAND,
    SSH_JOB_TUNNEL,
    SSH_JOB_CANCEL,  /* of the job with `serial`; nothing comes back */
    SSH_JOB_HANG_UP, /* the link is no longer used: close it; nothing comes back */
    SSH_JOB_WAKE,    /* dial, without anything to do yet; nothing comes back */
    SSH_JOB_RETIRE,  /* finish what was begun and close; nothing comes back */
    SSH_JOB_STOP     /* the thread ends; nothing comes back */
};

/* How far a command has come. Both threads move it on from JOB_WAITS, and the first one wins. */
enum ssh_job_step {
    JOB_WAITS,
    JOB_SENT,    /* by the SSH thread: it may have reached the host */
    JOB_GIVEN_UP /* by the engine: it is never sent */
};

struct ssh_job {
    enum ssh_job_kind kind;
    atomic_int step; /* enum ssh_job_step */
    uint64_t serial; /* of the pool: never given twice */
    struct ssh_link *link;
    /* the engine's */
    void *owner; /* NULL: no caller waits for it now */
    void (*deliver)(void *owner, struct ssh_job *job);
    ssh_tunnel_done *tunnel_done; /* TUNNEL */
    struct ssh_job *engine_next, *engine_previous;
    uint64_t id;
    /* the request */
    char line[SSH_LINE_MAX]; /* COMMAND */
    char host[SETTINGS_HOST_MAX];
    int port;    /* TUNNEL */
    bool yields; /* TUNNEL: ends at once where it could be in the way of others */
    mono_ms deadline;
    /* the answer */
    mono_ms begun;
    enum host_end end;
    int exit_code, signal;
    bool truncated;
    struct buf out, err; /* limit HOST_OUTPUT_MAX */
    struct error error;
    int fd;        /* TUNNEL: -1 or the caller's end */
    bool answered; /* TUNNEL: sshd has answered: `error` is about the place that was asked for */
    /* the SSH thread's */
    unsigned refusals;
    struct ssh_job *next;
};

enum link_state {
    LINK_IDLE, /* no session; a retry may be due */
    LINK_DIALLING,
    LINK_READY
};

struct ssh_channel_slot; /* ssh_command.c */
struct ssh_tunnel;       /* ssh_tunnel.c */
struct ssh_dial;         /* ssh_dial.c */

/* What the SSH thread has in common. */
struct ssh_thread {
    uv_loop_t loop;
    void (*finish)(void *context, struct ssh_job *job); /* posts the answered job back */
    void *context;
};

struct ssh_link {
    /* written once by the engine, before the first job */
    struct ssh_thread *thread;
    struct ssh_settings settings;
    char name[SETTINGS_HOST_MAX + 80]; /* "user@host:port" for texts */
    struct ssh_link *next;             /* the pool's list, the engine's */
    unsigned users;                    /* controllers, the engine's */
    bool retired;                      /* another one has taken its place; the engine's */
    /* read by the engine at any time: enum tri */
    atomic_int reached;
    /* the SSH thread's */
    enum link_state state;
    bool wanted;   /* a caller has asked and not hung up: keep it up */
    bool retiring; /* it ends when nothing is under way, or at `retire_at` */
    mono_ms retire_at;
    bool timer_open, shut;
    uv_timer_t timer;
    struct ssh_dial *dial;
    struct fd_watch *poll; /* NULL unless READY */
    ssh_session session;
    ssh_event event;
    bool pumping;
    bool no_commands; /* this login runs none: its password or account has expired */
    struct ssh_counter_struct socket_bytes, raw_bytes;
    uint64_t bytes_seen;
    mono_ms heard, asked, ticked;
    mono_ms attempt_ended, retry_at;
    int64_t backoff_ms;
    mono_ms opened;
    unsigned brief; /* sessions in a row that ended within SSH_BRIEF_MS */
    struct error last_error;
    struct ssh_job *queue_first, *queue_last;
    size_t queued;
    struct ssh_channel_slot *slots[SSH_CHANNELS_MAX];
    size_t slot_limit; /* what this sshd allows, at most SSH_CHANNELS_MAX */
    size_t most_open;  /* channels that were open at once on this session */
    struct ssh_tunnel *tunnels[SSH_TUNNELS_MAX];
};

/* On the SSH thread. */
void ssh_link_submit(struct ssh_link *link, struct ssh_job *job);
void ssh_link_cancel(struct ssh_link *link, uint64_t serial);
void ssh_link_hang_up(struct ssh_link *link);
void ssh_link_wake(struct ssh_link *link);
void ssh_link_retire(struct ssh_link *link);
/* Closes everything and drops the jobs without answers: before the loop ends. */
void ssh_link_shut(struct ssh_link *link);
/* Gives the job its end and sends it back. */
void ssh_link_finish(struct ssh_link *link, struct ssh_job *job, enum host_end end);
/* Back to the front of the queue: nothing of it was sent. */
void ssh_link_requeue(struct ssh_link *link, struct ssh_job *job);
/* Drives the session: call when the fd is readable and after every call into libssh. Not
 * re-entrant: inner calls return at once. May end the session. */
void ssh_link_pump(struct ssh_link *link);

/* ssh_dial.c: one attempt; ends with ssh_link_dialled exactly once unless it is dropped. */
int ssh_dial_start(struct ssh_link *link, struct ssh_dial **ret, struct error *err) ATTR_MUST_USE;
void ssh_dial_drop(struct ssh_dial *dial); /* takes NULL */
/* `session` NULL: it failed, `err` says why; else it is logged in, non-blocking, and `poll` (a
 * watcher of its socket, stopped) and it are the link's now. */
void ssh_link_dialled(struct ssh_link *link, ssh_session session, struct fd_watch *poll,
                      const struct error *err);

/* ssh_command.c. `ssh_command_step` returns true when something moved. */
int ssh_command_start(struct ssh_link *link, struct ssh_job *job) ATTR_MUST_USE; /* -EAGAIN: full */
bool ssh_command_step(struct ssh_link *link);
void ssh_command_expire(struct ssh_link *link, mono_ms now);
mono_ms ssh_command_deadline(const struct ssh_link *link);
bool ssh_command_cancel(struct ssh_link *link, uint64_t serial);
/* Commands that wait for an answer, and channels whose command was given up. */
size_t ssh_command_live(const struct ssh_link *link);
size_t ssh_command_stuck(const struct ssh_link *link);
/* The session ended: completes what is in flight (`why` NULL: drops it). */
void ssh_command_end(struct ssh_link *link, const struct error *why);

/* ssh_tunnel.c, the same. */
int ssh_tunnel_start(struct ssh_link *link, struct ssh_job *job) ATTR_MUST_USE;
bool ssh_tunnel_step(struct ssh_link *link);
void ssh_tunnel_expire(struct ssh_link *link, mono_ms now);
mono_ms ssh_tunnel_deadline(const struct ssh_link *link);
void ssh_tunnel_end(struct ssh_link *link, const struct error *why);

#endif
