#include "web/http.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX 16

/* Those that decide about a request: another reader might take the other of two. */
static const struct {
    const char *name;
    bool once;
} rows[FIELD_COUNT] = {
    [FIELD_AUTHORIZATION] = {"authorization", true},
    [FIELD_COOKIE] = {"cookie", false},
    [FIELD_CSRF] = {"x-csrf-token", true},
    [FIELD_CONTENT_TYPE] = {"content-type", true},
    [FIELD_ORIGIN] = {"origin", true},
    [FIELD_HOST] = {"host", true},
    [FIELD_ACCEPT] = {"accept", false},
    [FIELD_ACCEPT_ENCODING] = {"accept-encoding", false},
    [FIELD_IF_NONE_MATCH] = {"if-none-match", false},
    [FIELD_CONTENT_LENGTH] = {"content-length", true},
    [FIELD_TRANSFER_ENCODING] = {"transfer-encoding", false}, /* refused in any case */
    [FIELD_CONNECTION] = {"connection", false},
    [FIELD_UPGRADE] = {"upgrade", true},
    [FIELD_EXPECT] = {"expect", true},
    [FIELD_WS_KEY] = {"sec-websocket-key", true},
    [FIELD_WS_VERSION] = {"sec-websocket-version", true},
    [FIELD_FORWARDED_FOR] = {"x-forwarded-for", false},
    [FIELD_FORWARDED_PROTO] = {"x-forwarded-proto", false},
};

bool http_is(struct http_text text, const char *word)
{
    return text.at != NULL && strlen(word) == text.length &&
           strncasecmp(text.at, word, text.length) == 0;
}

bool http_lists(struct http_text list, const char *word)
{
    const char *at = list.at;
    const char *end = at == NULL ? NULL : at + list.length;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        struct http_text one = {at, (size_t)(stop - at)};
        while (one.length > 0 && (*one.at == ' ' || *one.at == '\t')) {
            one.at++;
            one.length--;
        }
        while (one.length > 0 && (one.at[one.length - 1] == ' ' || one.at[one.length - 1] == '\t'))
            one.length--;
        if (http_is(one, word))
            return true;
        at = comma == NULL ? end : comma + 1;
    }
    return false;
}

static bool is_token(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* "GET /path?query HTTP/1.1" */
static bool read_request_line(const char *line, size_t length, struct http_head *ret)
{
    static const char version[] = " HTTP/1.";
    const char *end = line + length;
    const char *blank = memchr(line, ' ', length);
    size_t tail = sizeof version; /* with the last digit */
    if (blank == NULL || blank == line || blank - line > METHOD_MAX ||
        (size_t)(end - blank) < tail + 2)
        return false;
    for (const char *at = line; at < blank; at++)
        if (*at < 'A' || *at > 'Z')
            return false;
    if (memcmp(end - tail, version, tail - 1) != 0 || (end[-1] != '0' && end[-1] != '1'))
        return false;
    ret->old = end[-1] == '0';
    ret->method = (struct http_text){line, (size_t)(blank - line)};
    const char *target = blank + 1;
    size_t target_length = (size_t)(end - tail - target);
    for (size_t i = 0; i < target_length; i++)
        if (target[i] <= ' ' || target[i] > '~' || target[i] == '#')
            return false;
    if (*target != '/')
        return false;
    const char *mark = memchr(target, '?', target_length);
    size_t path_length = mark == NULL ? target_length : (size_t)(mark - target);
    ret->path = (struct http_text){target, path_length};
    if (mark != NULL)
        ret->query = (struct http_text){mark + 1, target_length - path_length - 1};
    return true;
}

static void keep_forwarded(struct http_text value, struct http_head *ret)
{
    if (ret->forwarded_count == HTTP_FORWARDED_MAX) {
        memmove(&ret->forwarded[0], &ret->forwarded[1],
                (HTTP_FORWARDED_MAX - 1) * sizeof ret->forwarded[0]);
        ret->forwarded_count--;
    }
    ret->forwarded[ret->forwarded_count++] = value;
}

static bool note(struct http_text name, struct http_text value, struct http_head *ret)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!http_is(name, rows[i].name))
            continue;
        ret->twice[i] = ret->fields[i].at != NULL;
        if (!ret->twice[i])
            ret->fields[i] = value;
        if (i == FIELD_FORWARDED_FOR)
            keep_forwarded(value, ret);
        return !ret->twice[i] || !rows[i].once;
    }
    return true;
}

static bool read_field(const char *line, size_t length, struct http_head *ret)
{
    const char *end = line + length;
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || colon == line)
        return false;
    for (const char *at = line; at < colon; at++)
        if (!is_token((unsigned char)*at))
            return false;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (const char *at = value; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return false;
    }
    return note((struct http_text){line, (size_t)(colon - line)},
                (struct http_text){value, (size_t)(end - value)}, ret);
}

int http_read(const char *bytes, size_t length, size_t limit, struct http_head *ret)
{
    size_t seen = length < limit ? length : limit;
    const char *end = memmem(bytes, seen, "\r\n\r\n", 4);
    if (end == NULL && length < limit)
        return 0;
    if (end == NULL)
        return memchr(bytes, '\n', seen) == NULL ? -414 : -431;
    memset(ret, 0, sizeof *ret);
    bool first = true;
    for (const char *line = bytes; line <= end; first = false) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        size_t line_length = (size_t)(stop - line);
        if (first ? !read_request_line(line, line_length, ret)
                  : !read_field(line, line_length, ret))
            return -400;
        line = stop + 2;
    }
    if (!ret->old && ret->fields[FIELD_HOST].at == NULL)
        return -400;
    return (int)(end + 4 - bytes);
}
