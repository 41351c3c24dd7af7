/* How many requests for a higher role there may be. */
#ifndef RESUS_ACCOUNTS_ACCESS_ROOM_H
#define RESUS_ACCOUNTS_ACCESS_ROOM_H

#include "accounts/book.h"

size_t access_requests_pending(const struct accounts *a, const struct user *u);
/* The oldest request that is over gives its place up. */
void access_requests_make_room(struct accounts *a);

#endif
