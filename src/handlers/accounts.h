/* Who somebody is: users, sessions, API tokens and temporary grants (rows D2 to D5). Kept in memory
 * and written through to the store (STORE_FULL); nothing here waits for a disk or for argon2id.
 *
 * A cookie's unsafe requests need the CSRF token: base64url(HMAC-SHA256(secret of the daemon,
 * jti)), given by login and `me`. */
#ifndef RESUS_HANDLERS_ACCOUNTS_H
#define RESUS_HANDLERS_ACCOUNTS_H

#include <jansson.h>

#include "api/operations.h"
#include "api/token.h"
#include "base/attr.h"
#include "base/error.h"
#include "handlers/call.h"

struct accounts;

struct credential {
    const char *token; /* NULL = none; a JWT or an API token */
    bool cookie;       /* it came as a cookie: unsafe methods need `csrf` */
    const char *csrf;  /* NULL = none */
};

/* Fills user, access, user_number, session and services of the call (operation is set already).
 * No credential is anonymous. A bad one is refused, never taken for anonymous: 401 with
 * `invalid_token` or `token_expired`, 403 with `csrf_required`; 0 when it is good. `ret_code` and
 * `ret_message` are static texts. */
int accounts_identify(struct accounts *a, const struct credential *credential,
                      const char *source_ip, struct call *call, const char **ret_code,
                      const char **ret_message) ATTR_MUST_USE;

/* For the web process (api/link.h): the values of "users", "revoked" and of setup's "token_keys";
 * new references. `changed` is called, on the loop, whenever one of them is another. */
json_t *accounts_users_map(const struct accounts *a);
json_t *accounts_revoked(const struct accounts *a);
json_t *accounts_token_keys(const struct accounts *a);
void accounts_watch(struct accounts *a, void (*changed)(void *context), void *context);

#endif
