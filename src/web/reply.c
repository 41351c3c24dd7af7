#include "web/reply.h"

#include <stdlib.h>
#include <string.h>

#include "api/error_body.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

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

void reply_json(struct request *x, int status, json_t *body, const char *lines)
{
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
