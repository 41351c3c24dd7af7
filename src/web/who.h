/* Who asks: what the web process can tell of a login token by itself, from what the engine told it
 * (public keys, users, revocations). The engine checks each forwarded request again; this is for
 * what is answered from copies, and for WebSockets. */
#ifndef RESUS_WEB_WHO_H
#define RESUS_WEB_WHO_H

#include <jansson.h>
#include <stdbool.h>

#include "api/operations.h"
#include "api/token.h"
#include "base/time.h"

#define WHO_NAME_MAX 80
#define WHO_TOKEN_MAX TOKEN_FOREIGN_MAX

struct who;

struct identity {
    enum access access;
    char name[WHO_NAME_MAX]; /* "user:7", "address:10.0.0.1" (a /64 of IPv6): who is counted */
    char sub[24], session[TOKEN_SESSION_SIZE]; /* "" = nobody's */
    int64_t issued_at, expires_at;
};

enum who_verdict {
    WHO_KNOWN,   /* `ret` is filled: somebody who is logged in */
    WHO_NOBODY,  /* no credential: anonymous, `ret` is filled */
    WHO_OPAQUE,  /* an API token, or another server's: only the engine knows */
    WHO_EXPIRED, /* 401 */
    WHO_INVALID, /* 401 */
};

/* The role of that name; nobody's for any other word. */
enum access who_access(const char *role);
struct who *who_new(void); /* NULL: out of memory */
void who_free(struct who *w);
/* {"setup"}, {"users"}, {"revoked"} of api/link.h: their values, borrowed. */
void who_setup(struct who *w, const json_t *setup);
void who_users(struct who *w, const json_t *users);
void who_revoked(struct who *w, const json_t *revoked);

/* `token` "" = none. */
enum who_verdict who_is(struct who *w, const char *token, const char *address, wall_ms now,
                        struct identity *ret);
/* The sessions that somebody came with since the last time; NULL = none. The caller's. */
json_t *who_take_used(struct who *w);
/* Is a login that was good still good? Its role may be another by now. */
bool who_still(const struct who *w, struct identity *identity, wall_ms now);

#endif
