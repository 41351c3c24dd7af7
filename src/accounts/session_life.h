/* How sessions begin, go on and end. A token is good for an hour at most; a session that is in use
 * gets the next one until its own end, and one that is not used ends before. */
#ifndef RESUS_ACCOUNTS_SESSION_LIFE_H
#define RESUS_ACCOUNTS_SESSION_LIFE_H

#include "accounts/book.h"

#define SESSION_JTI_SIZE sizeof((struct token_claims *)NULL)->jti
#define SESSION_SAVE_USE_MS 60000 /* how often the last use is stored */

/* Makes room where a limit is reached: the oldest of the user, of the network, of all ends. The jti
 * is for the token alone. NULL with the error: none could be made. */
struct session *session_begin(struct accounts *a, struct user *u, const char *address,
                              char jti[SESSION_JTI_SIZE], struct error *err);
/* When a token of that user is issued: now, but never so early that it would be refused. */
wall_ms session_token_time(const struct accounts *a, const struct user *u);
/* Until when its next token is good. */
void session_extend(struct accounts *a, struct session *s);
/* False: it has not been used for too long, and has ended. */
bool session_use(struct accounts *a, struct session *s);
/* Ends the sessions that are no longer used. True when there were any. */
bool sessions_end_idle(struct accounts *a);

#endif
