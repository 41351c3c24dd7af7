#include "io/etcd.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/etcd_inside.h"

#define CONNECT_MS 1000L

struct etcd_request {
    struct etcd *etcd;
    struct etcd_request *next, **self;
    enum etcd_call call;
    char *body;
    CURL *easy;
    struct buf received;
    size_t endpoint;
    size_t tries;
    bool fixed;           /* of this endpoint alone */
    mono_ms asked, until; /* boot clock */
    etcd_done *done;
    void *context;
    char failure[CURL_ERROR_SIZE];
};

/* ── the client ── */

static int append(struct etcd *e, struct curl_slist **list, const char *text)
{
    struct curl_slist *more = e->curl->slist_append(*list, text);
    if (more == NULL)
        return -ENOMEM;
    *list = more;
    return 0;
}

static int make_headers(struct etcd *e)
{
    /* Without the second a watch at a node that lost its majority stays silent. */
    return append(e, &e->headers, "Content-Type: application/json") < 0 ||
                   append(e, &e->headers, "Expect:") < 0 ||
                   append(e, &e->watch_headers, "Content-Type: application/json") < 0 ||
                   append(e, &e->watch_headers, "Expect:") < 0 ||
                   append(e, &e->watch_headers, "Grpc-Metadata-hasleader: true") < 0
               ? -ENOMEM
               : 0;
}

int etcd_new(uv_loop_t *loop, const struct etcd_place *place, struct etcd **ret, struct error *err)
{
    const struct curl_calls *curl = curl_calls(err);
    if (curl == NULL)
        return err->code;
    struct etcd *e = mem_calloc(1, sizeof *e);
    if (e == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    e->loop = loop;
    e->curl = curl;
    bool fits = place->count > 0 && place->count <= ETCD_ENDPOINTS_MAX &&
                str_copy(e->ca_file, sizeof e->ca_file, place->ca_file) &&
                str_copy(e->certificate, sizeof e->certificate, place->certificate) &&
                str_copy(e->key, sizeof e->key, place->key);
    for (e->count = 0; fits && e->count < place->count; e->count++)
        fits = str_copy(e->endpoints[e->count], ETCD_URL_MAX, place->endpoints[e->count]);
    int r = fits ? make_headers(e) : -EINVAL;
    if (r == 0)
        r = transfers_new(loop, &e->transfers, err);
    if (r < 0) {
        e->curl->slist_free_all(e->headers);
        e->curl->slist_free_all(e->watch_headers);
        mem_free(e);
        return error_set(err, r, "etcd cannot be asked: %s",
                         r == -EINVAL ? "no endpoints, or a path that is too long"
                                      : "out of memory");
    }
    *ret = e;
    return 0;
}

static void unlink_request(struct etcd_request *q)
{
    *q->self = q->next;
    if (q->next != NULL)
        q->next->self = q->self;
    q->etcd->request_count--;
}

static void request_free(struct etcd_request *q)
{
    if (q->easy != NULL)
        q->etcd->curl->easy_cleanup(q->easy);
    mem_free(q->body);
    buf_free(&q->received);
    mem_free(q);
}

void etcd_free(struct etcd *e)
{
    if (e == NULL)
        return;
    while (e->requests != NULL) {
        struct etcd_request *q = e->requests;
        transfers_remove(e->transfers, q->easy);
        unlink_request(q);
        request_free(q);
    }
    transfers_free(e->transfers);
    e->curl->slist_free_all(e->headers);
    e->curl->slist_free_all(e->watch_headers);
    mem_free(e);
}

size_t etcd_endpoint_count(const struct etcd *e)
{
    return e->count;
}

const char *etcd_endpoint(const struct etcd *e, size_t index)
{
    return e->endpoints[index];
}

bool etcd_of_now(struct etcd *e, uint64_t cluster, uint64_t term, char ret[ETCD_TEXT_MAX])
{
    if (e->cluster != 0 && cluster != e->cluster) {
        (void)str_copy(ret, ETCD_TEXT_MAX,
                       "it belongs to another cluster than the one that was asked first; after a "
                       "restore of etcd, restart Resus");
        return false;
    }
    if (term != 0 && term < e->term) {
        (void)str_copy(ret, ETCD_TEXT_MAX, "it follows a leader of the past");
        return false;
    }
    e->cluster = cluster;
    if (term > e->term)
        e->term = term;
    return true;
}

CURL *etcd_handle(struct etcd *e, size_t endpoint, const char *path, const char *body, bool watch)
{
    const struct curl_calls *curl = e->curl;
    char url[ETCD_URL_MAX + 64];
    (void)str_format(url, sizeof url, "%s%s", e->endpoints[endpoint], path);
    CURL *easy = curl->easy_init();
    if (easy == NULL)
        return NULL;
    int failed =
        (int)curl->easy_setopt(easy, CURLOPT_URL, url) |
        (int)curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") |
        (int)curl->easy_setopt(easy, CURLOPT_PROXY, "") |
        (int)curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) |
        (int)curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) |
        (int)curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) |
        (int)curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) |
        (int)curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) |
        (int)curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) |
        (int)curl->easy_setopt(easy, CURLOPT_USERAGENT, "resus/" RESUS_VERSION) |
        (int)curl->easy_setopt(easy, CURLOPT_HTTPHEADER, watch ? e->watch_headers : e->headers) |
        (int)curl->easy_setopt(easy, CURLOPT_POST, 1L) |
        (int)curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body)) |
        (int)curl->easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    if (e->ca_file[0] != '\0')
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAINFO, e->ca_file);
    if (e->certificate[0] != '\0')
        failed |= (int)curl->easy_setopt(easy, CURLOPT_SSLCERT, e->certificate) |
                  (int)curl->easy_setopt(easy, CURLOPT_SSLKEY, e->key);
    if (failed == 0)
        return easy;
    curl->easy_cleanup(easy);
    return NULL;
}

/* ── a request ── */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct etcd_request *q = context;
    return buf_append(&q->received, bytes, size * count) < 0 ? 0 : size * count;
}

static void on_done(void *context, CURL *easy, CURLcode result);

static bool begin(struct etcd_request *q)
{
    struct etcd *e = q->etcd;
    const struct curl_calls *curl = e->curl;
    int64_t left = mono_since(q->until, clock_now().boot);
    bool last = q->fixed || q->tries + 1 >= e->count; /* none is asked after it */
    int64_t limit = last || left < ETCD_TRY_MS ? left : ETCD_TRY_MS;
    struct error err = {0};
    if (left <= 0)
        return false;
    q->easy = etcd_handle(e, q->endpoint, etcd_call_path(q->call), q->body, false);
    if (q->easy == NULL)
        return false;
    q->failure[0] = '\0';
    int failed = (int)curl->easy_setopt(q->easy, CURLOPT_TIMEOUT_MS, (long)limit) |
                 (int)curl->easy_setopt(q->easy, CURLOPT_ERRORBUFFER, q->failure) |
                 (int)curl->easy_setopt(q->easy, CURLOPT_WRITEFUNCTION, take_body) |
                 (int)curl->easy_setopt(q->easy, CURLOPT_WRITEDATA, q);
    if (failed == 0 && transfers_add(e->transfers, q->easy, on_done, q, &err) == 0) {
        q->tries++;
        return true;
    }
    curl->easy_cleanup(q->easy);
    q->easy = NULL;
    return false;
}

/* What another endpoint may answer otherwise: 14 is gRPC's UNAVAILABLE, 4 DEADLINE_EXCEEDED. */
static bool worth_another(const struct etcd_request *q, const struct etcd_answer *a)
{
    bool refused = a->code != 0 && a->code != 14 && a->code != 4;
    return !a->good && !refused && !q->fixed && q->tries < q->etcd->count;
}

static void read_result(struct etcd_request *q, CURLcode result, struct etcd_answer *ret)
{
    struct etcd *e = q->etcd;
    struct error err = {0};
    long status = 0;
    (void)e->curl->easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
    char why[ETCD_TEXT_MAX] = "";
    if (result != CURLE_OK) {
        (void)str_copy(why, sizeof why,
                       q->failure[0] != '\0' ? q->failure : e->curl->easy_strerror(result));
    } else if (status != 200) {
        etcd_read_refusal(buf_text(&q->received), q->received.length, &ret->code, why);
        if (why[0] == '\0')
            (void)str_format(why, sizeof why, "HTTP %ld", status);
    } else if (etcd_read_answer(q->call, buf_text(&q->received), q->received.length, ret, &err) <
               0) {
        etcd_read_refusal(buf_text(&q->received), q->received.length, &ret->code, why);
        if (why[0] == '\0')
            (void)str_copy(why, sizeof why, err.text);
    } else {
        ret->good = etcd_of_now(e, ret->cluster, ret->term, why);
    }
    if (!ret->good)
        (void)str_format(ret->text, sizeof ret->text, "%s: %s", e->endpoints[q->endpoint], why);
}

static void on_done(void *context, CURL *easy, CURLcode result)
{
    struct etcd_request *q = context;
    struct etcd *e = q->etcd;
    struct etcd_answer answer = {0};
    read_result(q, result, &answer);
    answer.asked = q->asked;
    e->curl->easy_cleanup(easy);
    q->easy = NULL;
    if (answer.good)
        e->best = q->endpoint;
    if (worth_another(q, &answer)) {
        buf_clear(&q->received);
        q->endpoint = (q->endpoint + 1) % e->count;
        if (e->best != q->endpoint) /* others need not wait for the one that did not answer */
            e->best = q->endpoint;
        etcd_answer_free(&answer);
        if (begin(q))
            return;
    }
    unlink_request(q);
    etcd_done *done = q->done;
    void *done_context = q->context;
    request_free(q);
    done(done_context, &answer);
    etcd_answer_free(&answer);
}

/* Takes `body`, also NULL. */
static bool begin_call(struct etcd *e, enum etcd_call call, char *body, int endpoint,
                       int64_t limit_ms, etcd_done *done, void *context)
{
    struct etcd_request *q =
        body == NULL || e->request_count >= ETCD_CALLS_MAX ? NULL : mem_calloc(1, sizeof *q);
    if (q == NULL) {
        mem_free(body);
        return false;
    }
    *q = (struct etcd_request){.etcd = e,
                               .call = call,
                               .body = body,
                               .received = BUF_LIMIT(ETCD_BODY_MAX),
                               .endpoint = endpoint < 0 ? e->best : (size_t)endpoint,
                               .fixed = endpoint >= 0,
                               .done = done,
                               .context = context};
    q->asked = clock_now().boot;
    q->until = mono_add(q->asked, limit_ms);
    if (!begin(q)) {
        request_free(q);
        return false;
    }
    q->self = &e->requests;
    q->next = e->requests;
    if (q->next != NULL)
        q->next->self = &q->next;
    e->requests = q;
    e->request_count++;
    return true;
}

bool etcd_grant(struct etcd *e, int64_t ttl_seconds, int64_t limit_ms, etcd_done *done,
                void *context)
{
    return begin_call(e, ETCD_GRANT, etcd_body_number("TTL", ttl_seconds), -1, limit_ms, done,
                      context);
}

bool etcd_keep_alive(struct etcd *e, int64_t lease, int64_t limit_ms, etcd_done *done,
                     void *context)
{
    return begin_call(e, ETCD_KEEP_ALIVE, etcd_body_number("ID", lease), -1, limit_ms, done,
                      context);
}

bool etcd_revoke(struct etcd *e, int64_t lease, int64_t limit_ms, etcd_done *done, void *context)
{
    return begin_call(e, ETCD_REVOKE, etcd_body_number("ID", lease), -1, limit_ms, done, context);
}

bool etcd_range(struct etcd *e, const char *prefix, const char *from, int64_t revision,
                int64_t limit_ms, etcd_done *done, void *context)
{
    return begin_call(e, ETCD_RANGE, etcd_body_range(prefix, from, revision), -1, limit_ms, done,
                      context);
}

bool etcd_commit(struct etcd *e, const struct etcd_txn *txn, int64_t limit_ms, etcd_done *done,
                 void *context)
{
    return begin_call(e, ETCD_TXN, etcd_body_txn(txn), -1, limit_ms, done, context);
}

bool etcd_ask(struct etcd *e, enum etcd_call call, int endpoint, int64_t limit_ms, etcd_done *done,
              void *context)
{
    return begin_call(e, call, etcd_body_number(NULL, 0), endpoint, limit_ms, done, context);
}
