/* The lines that accounts write to the audit log; the security watch sees each of them. */
#ifndef RESUS_ACCOUNTS_NOTE_H
#define RESUS_ACCOUNTS_NOTE_H

#include "accounts/book.h"

struct account_note {
    enum audit_event event;
    const char *operation; /* "login" */
    const struct engine_user *user;
    bool success;
    const char *error, *reason, *request_id, *service; /* NULL = none */
    enum audit_risk risk;
};
uint64_t account_random(void);
void account_fill_line(const struct accounts *a, const struct account_note *note,
                       struct audit_line *line);
void account_audit(struct accounts *a, const struct account_note *note);
/* The same for a refusal, and for a reading, that succeeds: a line a minute for each user, address
 * and operation (refusals.h). */
void account_audit_bounded(struct accounts *a, const struct account_note *note);
/* Lines of minutes that are over. */
void account_audit_flush(struct accounts *a);

#endif
