/* API tokens: opaque, shown once, kept as a digest. */
#ifndef RESUS_ACCOUNTS_API_TOKEN_H
#define RESUS_ACCOUNTS_API_TOKEN_H

#include "accounts/book.h"

/* How many are not revoked. */
size_t api_tokens_live(const struct accounts *a);
/* Fills digest and shown; gives the token itself. */
json_t *api_token_make(struct api_token *t);
/* The first of the tokens in use that ends within that time, and its number and name; WALL_NONE: none.
 * The end of one that is not used breaks nothing. */
wall_ms api_token_ending(const struct accounts *a, int64_t within_ms, char *name, size_t size);

#endif
