/* TOTP (RFC 6238: SHA-1, 6 digits, 30 s, as every app has it) and recovery codes. */
#ifndef RESUS_ACCOUNTS_SECOND_FACTOR_H
#define RESUS_ACCOUNTS_SECOND_FACTOR_H

#include "accounts/book.h"

#define TOTP_STEP_SECONDS 30
#define TOTP_DIGITS 6
#define TOTP_DRIFT 1          /* steps before and after that are taken: clocks of phones */
#define RECOVERY_CODE_SIZE 20 /* "xxxx-xxxx-xxxx-xxxx": 80 bits */

/* The step whose code it is, newer than `after`; 0 = none. */
int64_t totp_step(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, wall_ms now,
                  int64_t after);
/* Whoever tries so many codes has the password: the owner and the admins are told, and the wait
 * doubles from 1 s on. */
#define CODES_FREE 10
#define CODES_LONGEST_MS (INT64_C(3600) * 1000)

/* A code of the user's app or one of the recovery codes: used up, and saved. */
bool second_factor_use(struct accounts *a, struct user *u, const char *code);
/* It was none, though the password was right. */
void second_factor_missed(struct accounts *a, struct user *u, const struct engine_user *who);
/* Until the next one is looked at; 0 = now. */
int64_t second_factor_wait_ms(const struct accounts *a, const struct user *u);

/* A fresh secret, which no code has confirmed yet: {"secret", "uri"} for the app. */
json_t *second_factor_begin(struct user *u);
/* Fresh recovery codes, as a list; the user keeps their digests. */
json_t *second_factor_new_codes(struct user *u);
void totp_clear(struct user *u); /* off, and all that belongs to it */

#endif
