/* Passwords: which are taken, and their argon2id hashes (libsodium's). The hash functions take
 * about 0.1 s and PASSWORD_MEMORY: on a worker (password_work.h) or before the loop runs. */
#ifndef RESUS_ACCOUNTS_PASSWORD_H
#define RESUS_ACCOUNTS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

#define PASSWORD_LEAST 12   /* characters */
#define PASSWORD_DISTINCT 5 /* different characters at least */
#define PASSWORD_HASH_SIZE 128
/* libsodium's "interactive" figures; RFC 9106 asks 64 MiB with three passes for its small set. */
#define PASSWORD_PASSES 3
#define PASSWORD_MEMORY ((size_t)64 * 1024 * 1024)

/* -EINVAL and the rule that it breaks. */
int password_check(const char *password, const char *email, struct error *err) ATTR_MUST_USE;

int password_hash(const char *password, char ret[PASSWORD_HASH_SIZE],
                  struct error *err) ATTR_MUST_USE;
bool password_verify(const char *hash, const char *password) ATTR_MUST_USE;
/* A hash of nobody's password with the same cost: what a login as an unknown user is checked
 * against. */
extern const char password_nobody[];

#endif
