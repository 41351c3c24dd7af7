#include "web/reply.h"

#include <stdlib.h>
#include <string.h>

#include "api/error_body.h"
#include "api/link_page.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "web/header.h"

static const char *title(int status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 413:
        return "Content too large";
    case 415:
        return "Unsupported media type";
    case 429:
        return "Too many requests";
    case 503:
        return "Unavailable";
    default:
        return "Internal error";
    }
}

#define PAGE_MAX 8192

/* An error as a page, in the words of its body. */
static void reply_page(struct request *x, int status, const json_t *body, const char *lines)
{
    struct buf page = BUF_LIMIT(PAGE_MAX);
    char all[REPLY_LINES_MAX + 64];
    int r = link_page_begin(&page, json_text_or(body, "error", title(status)));
    if (r == 0)
        r = buf_printf(&page, "<p>");
    if (r == 0)
        r = buf_append_html(&page, json_text_or(body, "message", ""));
    if (r == 0)
        r = buf_printf(&page, "</p><p>To see whether it is acknowledged, <a href=\"");
    if (r == 0)
        r = buf_append_html(&page, request_info(x)->path);
    if (r == 0)
        r = buf_printf(&page,
                       "\">open the link again</a>, log in to the console, or run <code>resus "
                       "incident list</code> on the host of Resus.</p>");
    if (r == 0)
        r = link_page_end(&page);
    (void)str_format(all, sizeof all, "%s%s", lines == NULL ? "" : lines,
                     lines != NULL && strstr(lines, "Cache-Control:") != NULL
                         ? ""
                         : "Cache-Control: no-store\r\n");
    const struct answer answer = {.status = r == 0 ? status : 500,
                                  .type = "text/html; charset=utf-8",
                                  .lines = all,
                                  .body = buf_text(&page),
                                  .length = page.length};
    request_answer(x, &answer);
    buf_free(&page);
}

void reply_json(struct request *x, int status, json_t *body, const char *lines)
{
    if (status >= 400 && request_info(x)->page) {
        reply_page(x, status, body, lines);
        json_decref(body);
        return;
    }
    if (status >= 400 && json_object_get(body, "error") != NULL)
        (void)json_put_text(body, "request_id", request_info(x)->id);
    char *text = body == NULL ? NULL : json_dumps(body, JSON_WRITE_FLAGS | JSON_ENCODE_ANY);
    json_decref(body);
    struct answer answer = {.status = text == NULL ? 500 : status,
                            .lines = lines,
                            .body = text,
                            .length = text == NULL ? 0 : strlen(text)};
    request_answer(x, &answer);
    mem_wipe(text, answer.length); /* a login's answer holds the token */
    free(text);
}

void reply_error(struct request *x, int status, const char *code, const char *message,
                 const char *lines)
{
    reply_json(x, status, error_body(title(status), message, code, clock_wall()), lines);
}

void reply_login(struct request *x, const char *code, const char *message)
{
    reply_error(x, 401, code, message, "WWW-Authenticate: Bearer realm=\"resus\"\r\n");
}

bool reply_takes_gzip(struct request *x)
{
    char accept[256];
    return request_header(x, HEADER_ACCEPT_ENCODING, accept, sizeof accept) &&
           header_accepts(accept, "gzip");
}
