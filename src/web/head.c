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
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Status";
}

int head_write(struct buf *out, const struct exchange *x, const struct answer *answer, bool hsts)
{
    bool close = answer->close || x->close_after;
    return buf_printf(out,
                      "HTTP/1.1 %d %s\r\n"
                      "Content-Type: %s\r\n"
                      "Content-Length: %zu\r\n"
                      "X-Request-Id: %s\r\n" SECURITY_LINES "%s%s%s\r\n",
                      answer->status, title(answer->status),
                      answer->type == NULL ? "application/json" : answer->type, answer->length,
                      x->id, hsts ? HSTS_LINE : "", close ? "Connection: close\r\n" : "",
                      answer->lines == NULL ? "" : answer->lines);
}
