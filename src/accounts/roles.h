/* What a user may do now, and how that ends. */
#ifndef RESUS_ACCOUNTS_ROLES_H
#define RESUS_ACCOUNTS_ROLES_H

#include "accounts/book.h"

/* Role, raised by grants that hold now. */
enum access user_role(const struct accounts *a, const struct user *u);
/* Its role needs a second factor that it does not have: it may set one up, and no more. */
bool user_needs_factor(const struct accounts *a, const struct user *u);
bool user_is_last_admin(const struct accounts *a, const struct user *u);
const struct access_request *user_grant(const struct accounts *a, const struct user *u);
/* Ends the sessions of a user but `except` (NULL = none); their number. */
size_t sessions_end(struct accounts *a, const struct user *u, const struct session *except);
void session_revoke(struct accounts *a, struct session *s);
/* Neither revoked nor disabled nor expired. */
bool api_token_works(const struct api_token *t, wall_ms now);

#endif
