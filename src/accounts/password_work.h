/* argon2id beside the loop: one at a time on a libuv worker (each takes 64 MiB and a core), the
 * rest in two bounded queues. Those who are known have their turn before all strangers: nobody can
 * keep a user waiting with invented names. */
#ifndef RESUS_ACCOUNTS_PASSWORD_WORK_H
#define RESUS_ACCOUNTS_PASSWORD_WORK_H

#include <uv.h>

#include "accounts/password.h"
#include "api/call.h"

#define PASSWORD_WORK_MAX 32 /* waiting in each queue; more are told to come again */
/* Of one hash, among the known: whoever sits beside a user and knows the name is a stranger from
 * there on. */
#define PASSWORD_SAME_MAX 4

/* Known: logged in, or asking from where that user has logged in before. */
enum password_queue { PASSWORD_KNOWN, PASSWORD_STRANGER, PASSWORD_QUEUE_COUNT };

struct password_work;
/* On the loop, exactly once, unless the call was answered because of the end. `good`: it was the
 * password; `hash` of the new password, "" when none was asked for or memory was short. */
typedef void password_done(struct call *call, bool good, const char *hash);

int password_work_new(uv_loop_t *loop, struct password_work **ret, struct error *err) ATTR_MUST_USE;
/* Calls under way are answered with 503; memory goes when the worker has ended (run the loop).
 * Takes NULL. */
void password_work_free(struct password_work *w);
/* Verifies `password` against `hash` (NULL: nothing to verify, good), and if it is good and `fresh`
 * is not NULL, hashes that. Both are copied, and wiped. -EBUSY when the queue is full. */
int password_work_do(struct password_work *w, enum password_queue queue, const char *hash,
                     const char *password, const char *fresh, password_done *done,
                     struct call *call) ATTR_MUST_USE;

#endif
