/* What an administrator changes of a user. */
#ifndef RESUS_ACCOUNTS_USER_CHANGE_H
#define RESUS_ACCOUNTS_USER_CHANGE_H

#include "accounts/book.h"

/* One @ with something on both sides, printable ASCII without blanks: what mail takes in practice,
 * and admin@localhost. */
bool user_email_good(const char *text);
/* Would `args` take the last administrator away? */
bool user_change_harms(const struct accounts *a, const struct user *u, const json_t *args);
/* Carries out `args` (role, disabled, reset_totp) and the hash of a new password ("" = none); `text`
 * gets what was done: "alice@example.org: role viewer -> operator, disabled". */
void user_change(struct accounts *a, struct user *u, const json_t *args, const char *hash,
                 char *text, size_t size);

#endif
