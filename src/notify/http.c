#include "notify/http.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/transfers.h"

struct http {
    uv_loop_t *loop;
    const struct curl_calls *curl; /* NULL until the first request, as is the next */
    struct transfers *transfers;
};

struct http_sending {
    struct http *http;
    http_done *done;
    void *context;
    CURL *easy;
    struct curl_slist *headers;
    struct outgoing_guard guard;
    struct buf body;
    size_t received;
    bool cut;
    char kept[HTTP_KEPT_MAX];
    size_t kept_length;
};

int http_new(uv_loop_t *loop, struct http **ret, struct error *err)
{
    struct http *h = mem_calloc(1, sizeof *h);
    if (h == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    h->loop = loop;
    *ret = h;
    return 0;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    transfers_free(h->transfers);
    mem_free(h);
}

static void sending_free(struct http_sending *s)
{
    if (s->easy != NULL)
        s->http->curl->easy_cleanup(s->easy);
    if (s->headers != NULL)
        s->http->curl->slist_free_all(s->headers);
    buf_free(&s->body);
    mem_free(s);
}

void http_cancel(struct http_sending *s)
{
    transfers_remove(s->http->transfers, s->easy);
    sending_free(s);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_sending *s = context;
    size_t length = size * count, room = sizeof s->kept - 1 - s->kept_length;
    size_t take = length < room ? length : room;
    memcpy(s->kept + s->kept_length, bytes, take);
    s->kept_length += take;
    s->received += length;
    s->cut = s->received > HTTP_ANSWER_MAX;
    return s->cut ? 0 : length;
}

/* Heads are read by curl, which has limits of its own, and kept by no one. */
static size_t pass_over(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

/* A request whose head left may have been read whole: what is not known is not called unsent. A
 * proxy that refused has passed nothing on. */
static enum retry_end how_it_ended(struct http_sending *s, long code)
{
    const struct curl_calls *curl = s->http->curl;
    long bytes = 0, proxy = 0;
    (void)curl->easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &bytes);
    (void)curl->easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (code >= 200)
        return RETRY_ANSWERED;
    return bytes > 0 && (proxy == 0 || proxy / 100 == 2) ? RETRY_NO_ANSWER : RETRY_NOT_SENT;
}

static void on_done(void *context, CURL *easy, CURLcode result)
{
    struct http_sending *s = context;
    const struct curl_calls *curl = s->http->curl;
    struct http_answer answer = {.retry_after_ms = RETRY_AFTER_NONE};
    long code = 0, proxy = 0;
    curl_off_t after = 0;
    (void)curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    (void)curl->easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    (void)curl->easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
    answer.end = how_it_ended(s, code);
    answer.code = answer.end == RETRY_ANSWERED ? (int)code : 0;
    answer.whole = result == CURLE_OK;
    if (after > 0) /* seconds; curl takes both forms of the header */
        answer.retry_after_ms =
            after > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : (int64_t)after * 1000;
    (void)str_copy_clean(answer.body, sizeof answer.body, s->kept, s->kept_length);
    if (answer.end != RETRY_ANSWERED && proxy / 100 > 2)
        (void)str_format(answer.error, sizeof answer.error, "the proxy answered %ld", proxy);
    else if (answer.end != RETRY_ANSWERED)
        outgoing_failure(curl, easy, result, &s->guard, answer.error);
    http_done *done = s->done;
    void *done_context = s->context;
    sending_free(s);
    done(done_context, &answer);
}

static bool add_header(struct http_sending *s, const char *text)
{
    struct curl_slist *more = s->http->curl->slist_append(s->headers, text);
    if (more == NULL)
        return false;
    s->headers = more;
    return true;
}

static int prepare(struct http_sending *s, const struct http_request *request, struct error *err)
{
    const struct curl_calls *curl = s->http->curl;
    const struct outgoing o = {.url = request->url,
                               .protocols = "http,https",
                               .proxy = request->proxy,
                               .ca_file = request->ca_file,
                               .timeout_ms = request->timeout_ms};
    s->easy = outgoing_handle(curl, &o, &s->guard);
    bool good = s->easy != NULL;
    if (request->body != NULL)
        good = good &&
               add_header(s, request->plain_body ? "Content-Type: text/plain; charset=utf-8"
                                                 : "Content-Type: application/json") &&
               add_header(s, "Expect:");
    for (size_t i = 0; i < request->header_count; i++)
        good = good && add_header(s, request->headers[i]);
    if (!good)
        return error_set(err, -ENOMEM, "out of memory");
    int failed =
        (int)curl->easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, 0L) |
        (int)curl->easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) |
        (int)curl->easy_setopt(s->easy, CURLOPT_USERAGENT, "resus/" RESUS_VERSION) |
        (int)curl->easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers) |
        (int)curl->easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take_body) |
        (int)curl->easy_setopt(s->easy, CURLOPT_WRITEDATA, s) |
        (int)curl->easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, pass_over);
    if (request->connect_only)
        failed |= (int)curl->easy_setopt(s->easy, CURLOPT_CONNECT_ONLY, 1L) |
                  (int)curl->easy_setopt(s->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    if (request->body != NULL)
        failed |= (int)curl->easy_setopt(s->easy, CURLOPT_POST, 1L) |
                  (int)curl->easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                         (curl_off_t)request->body->length) |
                  (int)curl->easy_setopt(s->easy, CURLOPT_POSTFIELDS, buf_text(request->body));
    return failed == 0 ? 0 : error_set(err, -ENOMEM, "out of memory");
}

int http_send(struct http *h, struct http_request *request, http_done *done, void *context,
              struct http_sending **ret, struct error *err)
{
    if (h->transfers == NULL) {
        int r = transfers_new(h->loop, &h->transfers, err);
        if (r < 0)
            return r;
        h->curl = curl_calls(err);
    }
    struct http_sending *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *s = (struct http_sending){.http = h, .done = done, .context = context};
    int r = prepare(s, request, err);
    if (r == 0)
        r = transfers_add(h->transfers, s->easy, on_done, s, err);
    if (r < 0) {
        sending_free(s);
        return r;
    }
    if (request->body != NULL) {
        s->body = *request->body; /* the bytes stay where they are, as curl needs them */
        *request->body = BUF_LIMIT(request->body->limit);
    }
    *ret = s;
    return 0;
}
