/* The identity behind a request: what the web process knows of a login token by itself, from what the engine sent it
 * (public keys, users, revocations). The engine checks each forwarded request again; this is for
 * what is answered from copies, and for WebSockets. */
#ifndef RESUS_WEB_IDENTITY_H
#define RESUS_WEB_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>

#include "api/operations.h"
#include "api/token.h"
#include "base/time.h"

#define IDENTITY_NAME_MAX 80
#define IDENTITY_TOKEN_MAX TOKEN_FOREIGN_MAX

/* What it takes to know one: public keys, users and revocations. */
struct identities;

struct identity {
    enum access access;
    char name[IDENTITY_NAME_MAX]; /* "user:7", "address:10.0.0.1" (a /64 of IPv6): who is counted */
    char sub[24], session[TOKEN_SESSION_SIZE]; /* "" = anonymous */
    int64_t issued_at, expires_at;
};

enum identity_verdict {
    IDENTITY_KNOWN,   /* `ret` is filled: a user who is logged in */
    IDENTITY_NOBODY,  /* no credential: anonymous, `ret` is filled */
    IDENTITY_OPAQUE,  /* an API token, or another server's: only the engine knows */
    IDENTITY_EXPIRED, /* 401 */
    IDENTITY_INVALID, /* 401 */
};

struct identities *identities_new(void); /* NULL: out of memory */
void identities_free(struct identities *w);
/* {"setup"}, {"users"}, {"revoked"} of api/link.h: their values, borrowed. */
void identities_setup(struct identities *w, const json_t *setup);
void identities_users(struct identities *w, const json_t *users);
void identities_revoked(struct identities *w, const json_t *revoked);

/* `token` "" = none. */
enum identity_verdict identity_of(struct identities *w, const char *token, const char *address,
                                  wall_ms now, struct identity *ret);
/* The sessions that callers came with since the last time; NULL = none. The caller's. */
json_t *identities_take_used(struct identities *w);
/* Is a login that was good still good? Its role may be another by now. */
bool identity_still_good(const struct identities *w, struct identity *identity, wall_ms now);

#endif
