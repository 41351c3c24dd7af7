/* One page of S3's ListObjectsV2: foreign bytes, of which the keys and the next page are read. Keys
 * that need XML's escapes are none of ours, and left out. */
#ifndef RESUS_COPIES_S3_PAGE_H
#define RESUS_COPIES_S3_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

#define S3_KEY_MAX 1024   /* bytes of a key, by S3's own rules */
#define S3_TOKEN_MAX 2048 /* of a continuation token */

typedef int s3_page_key(void *context, const char *key, struct error *err);

/* Calls `key` for each; its error ends the reading and is returned. `token` is "" on the last page.
 * -EBADMSG: this is no such page. */
int s3_page_read(const char *text, size_t length, s3_page_key *key, void *context,
                 char token[S3_TOKEN_MAX], struct error *err) ATTR_MUST_USE;

/* What the server says of an error: its <Code> and <Message>, cleaned; "" = nothing. */
void s3_error_text(const char *text, size_t length, char *to, size_t size);

#endif
