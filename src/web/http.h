/* The head of an HTTP/1.1 request out of a stranger's bytes. Pure.
 *
 * It is strict where two readers could understand two things: lines end with CRLF and are not
 * folded, a name is a token right before its colon, values hold no control bytes, and what
 * decides about a request may be there once only. Nothing is decoded. */
#ifndef RESUS_WEB_HTTP_H
#define RESUS_WEB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum http_field {
    FIELD_AUTHORIZATION,
    FIELD_COOKIE,
    FIELD_CSRF,
    FIELD_CONTENT_TYPE,
    FIELD_ORIGIN,
    FIELD_HOST,
    FIELD_ACCEPT,
    FIELD_ACCEPT_ENCODING,
    FIELD_IF_NONE_MATCH,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_CONNECTION,
    FIELD_UPGRADE,
    FIELD_EXPECT,
    FIELD_WS_KEY,
    FIELD_WS_VERSION,
    FIELD_FORWARDED_FOR,
    FIELD_FORWARDED_PROTO,
    FIELD_COUNT
};

/* Lines of X-Forwarded-For that are kept, the last ones: a proxy adds its own at the end. */
#define HTTP_FORWARDED_MAX 8

/* A part of the bytes that were read; no NUL behind it. */
struct http_text {
    const char *at; /* NULL: not there */
    size_t length;
};

struct http_head {
    struct http_text method, path, query;
    bool old; /* HTTP/1.0 */
    struct http_text fields[FIELD_COUNT];
    bool twice[FIELD_COUNT]; /* there more than once; `fields` has the first */
    struct http_text forwarded[HTTP_FORWARDED_MAX];
    size_t forwarded_count;
};

/* The head's length with its empty line; 0 while that is missing; or the status of a refusal,
 * negative: -400, -414, -431. */
int http_read(const char *bytes, size_t length, size_t limit, struct http_head *ret);

bool http_is(struct http_text text, const char *word); /* not minding capitals */
/* Among the words of a list with commas, not minding capitals. */
bool http_lists(struct http_text list, const char *word);

#endif
