/* The tokens of a login server elsewhere (OpenID Connect), that the configuration trusts: JWT with
 * RS256 or ES256, `iss`, `aud`, `exp`, `nbf` and the claim that gives the role, all checked here.
 */
#ifndef RESUS_ACCOUNTS_OIDC_TOKEN_H
#define RESUS_ACCOUNTS_OIDC_TOKEN_H

#include "accounts/jwks.h"
#include "api/operations.h"
#include "api/token.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

#define OIDC_LIFETIME_SECONDS 86400 /* Resus cannot revoke one: longer is not taken */

struct oidc_claims {
    char sub[112];
    char email[256]; /* that the server has verified; "" = none */
    enum access role;
};

/* -ENOKEY: no such key (it may be a new one). -EACCES: not a token of that issuer for us. -ETIME:
 * good, but expired. -EPERM: good, but gives no role. The reason is for the log. */
int oidc_token_check(const struct oidc_settings *settings, const struct jwks *keys,
                     const char *token, wall_ms now, struct oidc_claims *ret,
                     struct error *err) ATTR_MUST_USE;

#endif
