#include <string.h>

#include "web/connection.h"

#define CONTENT_SECURITY                                                                           \
    "default-src 'self'; connect-src 'self'; img-src 'self' data:; object-src 'none'; "            \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* On every answer. */
#define SECURITY_LINES                                                                             \
    "Content-Security-Policy: " CONTENT_SECURITY "\r\n"                                            \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "X-Frame-Options: DENY\r\n"                                                                    \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                \
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
#define HSTS_LINE "Strict-Transport-Security: max-age=31536000\r\n"

static const char *title(int status)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Status";
}

/* Written for each request: pieces are copied, nothing is formatted. */
struct pen {
    char *at, *end;
};

static void put(struct pen *pen, const char *text)
{
    size_t length = strlen(text);
    if (length > (size_t)(pen->end - pen->at)) {
        pen->at = pen->end; /* full: reported at the end */
        return;
    }
    memcpy(pen->at, text, length);
    pen->at += length;
}

static void put_number(struct pen *pen, size_t number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(pen, digits + at);
}

size_t head_write(char *to, size_t size, const struct request *x, const struct answer *answer,
                  bool hsts)
{
    struct pen pen = {to, to + size};
    put(&pen, "HTTP/1.1 ");
    put_number(&pen, (size_t)answer->status);
    put(&pen, " ");
    put(&pen, title(answer->status));
    if (answer->status != 304) { /* its body is the one that the peer has */
        put(&pen, "\r\nContent-Type: ");
        put(&pen, answer->type == NULL ? "application/json" : answer->type);
        put(&pen, "\r\nContent-Length: ");
        put_number(&pen, answer->length);
    }
    put(&pen, "\r\nX-Request-Id: ");
    put(&pen, x->id);
    put(&pen, "\r\n" SECURITY_LINES);
    if (hsts)
        put(&pen, HSTS_LINE);
    if (answer->close || x->close_after)
        put(&pen, "Connection: close\r\n");
    if (answer->status >= 400 &&
        (answer->lines == NULL || strstr(answer->lines, "Cache-Control:") == NULL))
        put(&pen, "Cache-Control: no-store\r\n"); /* a refusal is of now and of this caller */
    if (answer->lines != NULL)
        put(&pen, answer->lines);
    put(&pen, "\r\n");
    return pen.at == pen.end ? 0 : (size_t)(pen.at - to);
}
