/* Login tokens: JWT, ES256. The engine signs, both processes check; libjwt decodes, and
 * what it does not check is checked here: alg is ES256 and nothing else, iss, sub, role, jti, iat
 * and exp are there and in time. Secret-free: only public keys. */
#ifndef RESUS_API_TOKEN_H
#define RESUS_API_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "api/operations.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define TOKEN_MAX 2048         /* bytes of a token that is looked at */
#define TOKEN_FOREIGN_MAX 4000 /* of one that a login server elsewhere signed */
#define TOKEN_SECONDS 3600     /* as long as `expires_in` says */
#define TOKEN_SKEW_SECONDS 5   /* iat and nbf may lie ahead: clocks were stepped */
#define TOKEN_SESSION_SIZE 96  /* number, "-", SHA-256 in hex */
#define TOKEN_KEYS_MAX 4       /* the signing key and those before it that are still valid */
#define TOKEN_ISSUER "resus"
#define API_TOKEN_PREFIX "resus_" /* an API token is opaque: only the engine knows it */

struct token_key {
    char kid[32];
    char pem[512]; /* public */
};
struct token_keys {
    size_t count;
    struct token_key keys[TOKEN_KEYS_MAX];
};

struct token_claims {
    char sub[24]; /* the user's number */
    char email[256];
    enum access role;
    char jti[48];
    int64_t issued_at, expires_at; /* Unix seconds */
};

/* -EACCES with a reason for the log (never for the caller): not a token, wrong algorithm, unknown
 * key, bad signature, not ours. -ETIME: ours and good, but expired. */
int token_check(const struct token_keys *keys, const char *text, size_t length, wall_ms now,
                struct token_claims *ret, struct error *err) ATTR_MUST_USE;
/* What a session is known by wherever it is kept or told of: its number and the digest of its jti,
 * so that who reads that cannot make a token of the session. "" for what is no jti of ours. */
void token_session(const char *jti, char ret[TOKEN_SESSION_SIZE]);

#endif
