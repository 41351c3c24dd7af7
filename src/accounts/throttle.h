/* How often a login may be tried: after a number of free failures the wait doubles, for one key
 * (an account from an address, an address, an account) at a time. Pure: no clock, no I/O. */
#ifndef RESUS_ACCOUNTS_THROTTLE_H
#define RESUS_ACCOUNTS_THROTTLE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define THROTTLE_KEYS_MAX 4096 /* the one that failed longest ago gives way */
#define THROTTLE_FORGET_SECONDS 1800

struct throttle_rule {
    int free;           /* failures without a wait */
    int64_t longest_ms; /* the wait doubles from 1 s up to this */
};

struct throttle;
int throttle_new(struct throttle **ret, struct error *err) ATTR_MUST_USE;
void throttle_free(struct throttle *t); /* takes NULL */

/* `key` is any text; only its hash is kept. Milliseconds until the next try is looked at; 0 = now.
 */
int64_t throttle_wait_ms(const struct throttle *t, const char *key,
                         const struct throttle_rule *rule, mono_ms now);
/* Counts a failure; how many there have been. */
int throttle_failed(struct throttle *t, const char *key, mono_ms now);
void throttle_forget(struct throttle *t, const char *key);

#endif
