/* API tokens: opaque, shown once, kept as a digest. */
#ifndef RESUS_ACCOUNTS_API_TOKEN_H
#define RESUS_ACCOUNTS_API_TOKEN_H

#include "accounts/book.h"

/* How many are not revoked. */
size_t api_tokens_live(const struct accounts *a);
/* Fills digest and shown; gives the token itself. */
json_t *api_token_make(struct api_token *t);

#endif
