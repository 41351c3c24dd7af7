/* One Redis as the watch sees it: a kept connection and, on demand, fresh ones; one deadline per
 * request from name resolution to the last byte of the reply; exactly one completion per request,
 * on the loop, never on the caller's stack. Carried by TCP, TLS, a Unix socket or an SSH tunnel:
 * the caller cannot see the difference. */
#ifndef RESUS_REDIS_CLIENT_H
#define RESUS_REDIS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/time.h"
#include "core/facts.h"
#include "settings/settings.h"

#define REDIS_REPLY_BYTES_MAX                                                                      \
    (4 * 1024 * 1024) /* of one reply; past it the connection is closed: REPLY_GARBAGE */
#define REDIS_REPLY_ELEMENTS_MAX 65536 /* of one reply, nested ones counted in */
#define REDIS_REPLY_DEPTH_MAX 7        /* arrays in arrays; what Redis says has three */
#define REDIS_REPLY_LINE_MAX 65536     /* bytes of a status, error or number */
#define REDIS_PENDING_MAX 64           /* replies a connection awaits; requests a client holds */
#define REDIS_ARGS_MAX 8

enum redis_request {
    REDIS_PING,
    REDIS_INFO, /* INFO everything the parser reads (plain INFO, errorstats, commandstats left out)
                 */
    REDIS_CONFIG, /* CONFIG GET of what info_facts needs (maxclients, maxmemory, save, busy
                     threshold) */
    REDIS_SCRIPT_KILL,
    REDIS_FUNCTION_KILL,
    REDIS_BGSAVE,
    REDIS_SLOWLOG, /* SLOWLOG GET 128 */
    REDIS_CLIENT_LIST,
    REDIS_COMMANDSTATS,  /* INFO commandstats */
    REDIS_CLUSTER_INFO,  /* CLUSTER INFO */
    REDIS_LASTSAVE_INFO, /* INFO persistence: watched while a save is awaited */
    REDIS_SCAN,          /* SCAN cursor COUNT n */
    REDIS_MEMORY_USAGE,  /* MEMORY USAGE key */
    REDIS_TYPE,          /* TYPE key */
    REDIS_CONFIG_GET,    /* CONFIG GET name */
    REDIS_TIME,          /* TIME */
    REDIS_ACL_WHOAMI,    /* ACL WHOAMI */
    REDIS_ACL_DRYRUN,    /* ACL DRYRUN user command ...: since 7.0, and itself a right */
    REDIS_CANARY,        /* PING, then SET, GET and DEL of the key in args[0]; always fresh */
    REDIS_STRANGER_PING, /* PING on a connection of its own that shows no password */
    REDIS_SMOKE,         /* a command of the smoke test (core/smoke.h): its words are `args` */
    REDIS_REQUEST_COUNT
};

struct redis_reply;

/* A reply as the engine wants it. `text` and `rows` live during the callback. */
struct redis_answer {
    uint64_t id;
    enum redis_request request;
    struct probe_facts probe; /* class of the reply, times, reply line: filled for every request */
    struct info_facts
        info; /* REDIS_INFO, REDIS_LASTSAVE_INFO: parsed; REDIS_CONFIG: the fields it knows */
    const char *text; /* INFO, CLIENT LIST, bulk replies as they came; NULL else */
    size_t text_length;
    const struct redis_reply *reply; /* redis/reply.h: of any type; NULL when none came */
    struct canary_facts canary;      /* REDIS_CANARY; `probe` is its PING */
    int own_errors; /* error replies that Resus itself caused since the last answer */
};

struct redis_client;

struct redis_client_events {
    void *context;
    void (*answer)(void *context, const struct redis_answer *answer);
    /* The kept connection that was open ended: closed by the peer, reset, keepalive or
     * TCP_USER_TIMEOUT. After the answers of what was pending on it. Not called for our own close.
     */
    void (*lost)(void *context, const char *why);
};

/* How to reach a Redis through another part's session (host/ssh): `done` gets a connected fd (ours
 * to close) or -1. */
struct redis_tunnel {
    void *context;
    void (*open)(void *context, const char *host, int port, mono_ms deadline,
                 void (*done)(void *done_context, int fd, const struct error *error),
                 void *done_context);
};

/* Reads the password file at once (mode checked) and again before each connect; TLS files are
 * checked at once. */
int redis_client_new(uv_loop_t *loop, const struct redis_tunnel *tunnel,
                     const struct service_settings *service,
                     const struct redis_client_events *events, struct redis_client **ret,
                     struct error *err) ATTR_MUST_USE;

/* Sends a request on the kept connection (opened when it is not) or on one of its own that is
 * closed after it (`fresh`). `args` (NULL, or up to REDIS_ARGS_MAX strings, NULL at the end) follow
 * the command's words. After connecting, the connection authenticates, sets its name (CLIENT
 * SETNAME resus) and CLIENT NO-EVICT / NO-TOUCH where the server knows them, all in the same
 * deadline; an AUTH refusal is the request's answer. REDIS_STRANGER_PING is always fresh, and
 * does not authenticate. */
void redis_client_request(struct redis_client *c, uint64_t id, enum redis_request request,
                          const char *const *args, bool fresh, mono_ms deadline);
/* The request completes soon with REPLY_NONE. */
void redis_client_cancel(struct redis_client *c, uint64_t id);
/* Is the kept connection open and authenticated? */
bool redis_client_connected(const struct redis_client *c);
/* Closes the kept connection (address changed, probing began): pending requests complete with REPLY_NONE.
 * No `lost`. */
void redis_client_disconnect(struct redis_client *c);
/* Drops everything without completions; memory goes when libuv has let go. Takes NULL. */
void redis_client_free(struct redis_client *c);

#endif
