/* A login server elsewhere whose tokens are trusted (configuration `oidc`): its keys are read from
 * a file or fetched over HTTPS, again every hour, and when a token names a key that is not among
 * them. What cannot be read is tried again, later and later; the keys that are there stay. */
#ifndef RESUS_ACCOUNTS_OIDC_H
#define RESUS_ACCOUNTS_OIDC_H

#include <uv.h>

#include "accounts/oidc_token.h"
#include "base/attr.h"
#include "base/error.h"

#define OIDC_REFRESH_MS 3600000
#define OIDC_RETRY_MS 5000       /* after a failure; doubled up to */
#define OIDC_RETRY_MS_MAX 300000 /* this */
#define OIDC_ASK_AGAIN_MS 10000  /* an unknown key asks for new ones no more often */
#define OIDC_FETCH_MS 10000      /* from beginning to end */

struct oidc;

int oidc_new(uv_loop_t *loop, struct oidc **ret, struct error *err) ATTR_MUST_USE;
/* Takes the settings over (copied) and reads the keys on the next turn of the loop. Without an
 * issuer nobody is trusted. */
void oidc_configure(struct oidc *o, const struct oidc_settings *settings);
bool oidc_trusts_anybody(const struct oidc *o);
/* As oidc_token_check(). */
int oidc_check(struct oidc *o, const char *token, wall_ms now, struct oidc_claims *ret,
               struct error *err) ATTR_MUST_USE;
/* The loop must run until it is empty. Takes NULL. */
void oidc_close(struct oidc *o);

#endif
