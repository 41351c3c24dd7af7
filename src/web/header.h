/* Reading what stands in the headers of strangers: pure, bounded, nothing trusted. Texts are
 * NUL-terminated. */
#ifndef RESUS_WEB_HEADER_H
#define RESUS_WEB_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* The cookie's value. False when it is absent, does not fit, or is there twice (a cookie that
 * an attacker planted beside ours is not chosen between). */
bool header_cookie(const char *cookies, const char *name, char *to, size_t size);
/* The token of "Bearer TOKEN"; false when it is something else or does not fit. */
bool header_bearer(const char *authorization, char *to, size_t size);
/* The scheme, "://" and the Host that the request went to, letters in any case. */
bool header_same_origin(const char *origin, const char *scheme, const char *host);
/* Accept-Encoding: is the coding wanted (named, and not with q=0)? */
bool header_accepts(const char *accept, const char *coding);
/* If-None-Match: is the (strong) tag in the list, or "*"? A weak form of it matches as well. */
bool header_matches(const char *list, const char *tag);
/* Content-Length: digits alone. False for anything else or past `max_digits` 18. */
bool header_length(const char *text, size_t *ret);
/* Content-Type: application/json, with parameters or without. */
bool header_is_json(const char *type);

#endif
