/* Users, sessions, API tokens and requests as the JSON objects that the store keeps. */
#ifndef RESUS_ACCOUNTS_BOOK_JSON_H
#define RESUS_ACCOUNTS_BOOK_JSON_H

#include "accounts/book.h"

json_t *account_to_json(const struct accounts *a, enum store_account kind, const void *item);
/* -EINVAL when the object is not one. */
int account_from_json(struct accounts *a, enum store_account kind, int64_t number,
                      const json_t *body, void **ret) ATTR_MUST_USE;
void account_free_item(enum store_account kind, void *item);

#endif
