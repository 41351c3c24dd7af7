/* Answers that the files of accounts share. */
#ifndef RESUS_HANDLERS_ACCOUNT_ANSWER_H
#define RESUS_HANDLERS_ACCOUNT_ANSWER_H

#include "accounts/book.h"
#include "handlers/resources.h"

/* Refuses and writes the audit line (a bounded number of them: refusals.h). */
void account_refuse(struct handlers *h, struct call *call, enum audit_event event, int status,
                    const char *title, const char *message, const char *code);
/* The line of a refusal by the door: it has been or will be answered. */
void account_permission_refused(struct handlers *h, const struct call *call, const char *message);
/* Writes the audit line of a read operation marked `noted`: at most one a minute for each user,
 * operation and service, with a count. */
void account_read(struct handlers *h, const struct call *call);
const struct account_done *handlers_done(const struct handlers *h, const struct call *call);
/* The audit line of what was done; `reason` says what, NULL = none. */
void account_done(struct handlers *h, struct call *call, const char *reason);
/* The line of account_done(), for callers that write it themselves. */
void account_line(struct handlers *h, const struct call *call, const char *reason,
                  struct audit_line *ret);
/* The user whose session the call is; NULL: refused, it has none (Unix name or API token). */
struct user *account_own_user(struct handlers *h, struct call *call);
/* Verifies `current_password` of `u`, whose account the caller is about to change, throttled, on a
 * worker, which hashes `fresh` as well (NULL = nothing); call->data is `h` then. */
void account_ask_password(struct handlers *h, struct call *call, const struct user *u,
                          const char *fresh, password_done *done);
/* In `done`: false when it was wrong, and refused. */
bool account_password_good(struct handlers *h, struct call *call, const struct user *u, bool good);
/* After a good password, where two-factor login is on: false when `totp` is no code, and refused.
 */
bool account_code_good(struct handlers *h, struct call *call, struct user *u);
/* 429, as every refusal is written. */
void account_too_often(struct handlers *h, struct call *call, int64_t wait_ms, int limit);
/* 503: a password could not be hashed. */
void account_unhashed(struct handlers *h, struct call *call);
/* Hands to password_work_do; a full queue is 503. */
void account_work(struct handlers *h, struct call *call, enum password_queue queue,
                  const char *hash, const char *password, const char *fresh, password_done *done);
/* Answers with `body` when the save `id` is on the disk. */
void account_answer_saved(struct handlers *h, struct call *call, uint64_t id, json_t *body);

#endif
