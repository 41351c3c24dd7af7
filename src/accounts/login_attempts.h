/* How often a login may be tried, from where, and what failures cost. */
#ifndef RESUS_ACCOUNTS_LOGIN_ATTEMPTS_H
#define RESUS_ACCOUNTS_LOGIN_ATTEMPTS_H

#include "accounts/book.h"

/* Has the user (NULL = unknown) logged in from the address's network before? */
bool login_address_known(const struct user *u, const char *address);
/* The newest known address from now on. True when that is a change to be saved. */
bool login_address_remember(struct user *u, const char *address);
/* Milliseconds until the next try is looked at, 0 = now; `limit` gets the failures that are free. */
int64_t login_wait_ms(const struct accounts *a, const char *address, const char *email,
                      const struct user *u, int *limit);
/* Counts a failure; `u` (NULL = unknown) may be locked for a while. */
void login_missed(struct accounts *a, const char *address, const char *email, struct user *u);
void login_succeeded(struct accounts *a, const char *address, const char *email);

#endif
