#include "daemon/probe.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/curl_calls.h"
#include "io/transfers.h"

struct probe {
    struct prober *prober;
    struct probe *next;
    int service;
    uint64_t id;
    CURL *easy; /* NULL: waits for its turn */
    size_t bytes;
    bool cut; /* more than we care to read came */
    int redirects;
    mono_ms began;
    char why[CURL_ERROR_SIZE];
    char url[SETTINGS_PATH_MAX];
};

struct prober {
    const struct curl_calls *curl; /* NULL until the first is asked, as is the next */
    struct transfers *transfers;
    uv_loop_t *loop;
    uv_timer_t turn; /* begins what waits, and not on the stack of who asks */
    probe_done *done;
    void *context;
    struct probe *waiting, **waiting_end, *running;
    int running_count;
};

static size_t throw_away(char *bytes, size_t size, size_t count, void *context)
{
    struct probe *p = context;
    (void)bytes;
    p->bytes += size * count;
    p->cut = p->bytes > PROBE_BODY_MAX;
    return p->cut ? 0 : size * count;
}

static void answer(struct probe *p, const struct probe_outcome *outcome)
{
    struct prober *prober = p->prober;
    struct probe_outcome o = *outcome;
    int service = p->service;
    o.id = p->id;
    if (p->easy != NULL)
        prober->curl->easy_cleanup(p->easy);
    mem_free(p);
    prober->done(prober->context, service, &o);
}

static void forget(struct prober *prober, const struct probe *p)
{
    for (struct probe **at = &prober->running; *at != NULL; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            prober->running_count--;
            return;
        }
}

static void take_turn(struct prober *prober);
static void on_done(void *context, CURL *easy, CURLcode result);

/* "http://host:port" of an address. */
static size_t origin_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host == NULL ? 0 : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
}

/* A service that sends us elsewhere must not have Resus ask another host, or by another protocol:
 * it would be a way into networks that only Resus reaches. */
static bool same_origin(const char *a, const char *b)
{
    size_t length = origin_length(a);
    return length > 0 && length == origin_length(b) && strncasecmp(a, b, length) == 0;
}

/* Goes on at the address that the answer names. False: it does not, and `o` says why. */
static bool follow(struct probe *p, struct probe_outcome *o)
{
    const struct curl_calls *curl = p->prober->curl;
    char *to = NULL;
    struct error err = {0};
    int64_t left = PROBE_LIMIT_MS - mono_since(clock_mono(), p->began);
    (void)curl->easy_getinfo(p->easy, CURLINFO_REDIRECT_URL, &to);
    if (to == NULL)
        return false;
    if (p->redirects == PROBE_REDIRECTS_MAX) {
        (void)str_format(o->error, sizeof o->error, "more than %d redirects", PROBE_REDIRECTS_MAX);
        return false;
    }
    if (left <= 0) { /* curl's own clock has not seen it yet */
        (void)str_format(o->error, sizeof o->error, "timed out after %d redirects: %d s in all",
                         p->redirects, PROBE_LIMIT_MS / 1000);
        return false;
    }
    char clean[128];
    if (!same_origin(p->url, to) || strlen(to) >= sizeof p->url) {
        (void)str_copy_clean(clean, sizeof clean, to, strlen(to));
        (void)str_format(o->error, sizeof o->error,
                         "redirects to another host or protocol, which is not followed: %s", clean);
        return false;
    }
    p->redirects++;
    p->bytes = 0;
    (void)str_copy(p->url, sizeof p->url, to);
    if (curl->easy_setopt(p->easy, CURLOPT_URL, p->url) == CURLE_OK &&
        curl->easy_setopt(p->easy, CURLOPT_TIMEOUT_MS, (long)left) == CURLE_OK &&
        transfers_add(p->prober->transfers, p->easy, on_done, p, &err) == 0)
        return true;
    (void)str_format(o->error, sizeof o->error, "cannot follow the redirect: %s",
                     err.text[0] != '\0' ? err.text : "out of memory");
    return false;
}

static void on_done(void *context, CURL *easy, CURLcode result)
{
    struct probe *p = context;
    const struct curl_calls *curl = p->prober->curl;
    struct probe_outcome o = {0};
    long status = 0;
    (void)easy;
    (void)curl->easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    bool answered = result == CURLE_OK || (p->cut && status >= 200);
    o.http_status = answered ? (int)status : 0;
    o.ok = answered && status >= 200 && status < 300;
    if (answered && status >= 300 && status < 400 && !p->cut && follow(p, &o))
        return;
    const char *why = p->why[0] != '\0' ? p->why : curl->easy_strerror(result);
    if (o.error[0] != '\0')
        ; /* follow() has the words */
    else if (!answered)
        (void)str_copy_clean(o.error, sizeof o.error, why, strlen(why));
    else if (!o.ok)
        (void)str_format(o.error, sizeof o.error, "HTTP status %ld", status);
    forget(p->prober, p);
    take_turn(p->prober);
    answer(p, &o);
}

/* No proxy of the environment's: what is asked is whether the service answers at that address. */
static CURL *new_easy(struct probe *p)
{
    const struct curl_calls *curl = p->prober->curl;
    CURL *easy = curl->easy_init();
    if (easy == NULL)
        return NULL;
    int failed = (int)curl->easy_setopt(easy, CURLOPT_URL, p->url) |
                 (int)curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") |
                 (int)curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) | /* follow() does */
                 (int)curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)PROBE_LIMIT_MS) |
                 (int)curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_PROXY, "") |
                 (int)curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_USERAGENT, "resus/" RESUS_VERSION) |
                 (int)curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away) |
                 (int)curl->easy_setopt(easy, CURLOPT_WRITEDATA, p) |
                 (int)curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, throw_away) |
                 (int)curl->easy_setopt(easy, CURLOPT_HEADERDATA, p) |
                 (int)curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, p->why);
    if (failed == 0)
        return easy;
    curl->easy_cleanup(easy);
    return NULL;
}

static int begin(struct prober *prober, struct probe *p, struct error *err)
{
    if (prober->transfers == NULL) {
        int r = transfers_new(prober->loop, &prober->transfers, err);
        if (r < 0)
            return r;
        prober->curl = curl_calls(err);
    }
    p->began = clock_mono();
    p->easy = new_easy(p);
    if (p->easy == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    return transfers_add(prober->transfers, p->easy, on_done, p, err);
}

/* Begins the first of those that wait. */
static void begin_next(struct prober *prober)
{
    struct probe *p = prober->waiting;
    struct error err = {0};
    prober->waiting = p->next;
    if (prober->waiting == NULL)
        prober->waiting_end = &prober->waiting;
    p->next = NULL;
    if (begin(prober, p, &err) < 0) {
        struct probe_outcome o = {0};
        (void)str_copy(o.error, sizeof o.error, err.text);
        answer(p, &o);
        return;
    }
    p->next = prober->running;
    prober->running = p;
    prober->running_count++;
}

static void on_turn(uv_timer_t *timer)
{
    struct prober *prober = timer->data;
    while (prober->waiting != NULL && prober->running_count < PROBE_AT_ONCE_MAX)
        begin_next(prober);
}

static void take_turn(struct prober *prober)
{
    if (prober->waiting != NULL)
        (void)uv_timer_start(&prober->turn, on_turn, 0, 0);
}

int prober_new(uv_loop_t *loop, probe_done *done, void *context, struct prober **ret,
               struct error *err)
{
    struct prober *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->loop = loop;
    (void)uv_timer_init(loop, &p->turn);
    p->turn.data = p;
    p->done = done;
    p->context = context;
    p->waiting_end = &p->waiting;
    *ret = p;
    return 0;
}

void prober_ask(struct prober *prober, int service, uint64_t id, const char *url)
{
    /* Small, and without it no answer could be given at all. */
    struct probe *p = mem_must(mem_calloc(1, sizeof *p));
    p->prober = prober;
    p->service = service;
    p->id = id;
    (void)str_copy(p->url, sizeof p->url, url);
    *prober->waiting_end = p;
    prober->waiting_end = &p->next;
    take_turn(prober);
}

static void on_turn_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void drop_all(struct prober *prober, struct probe **list)
{
    while (*list != NULL) {
        struct probe *p = *list;
        *list = p->next;
        if (p->easy != NULL) {
            transfers_remove(prober->transfers, p->easy);
            prober->curl->easy_cleanup(p->easy);
        }
        mem_free(p);
    }
}

void prober_free(struct prober *p)
{
    if (p == NULL)
        return;
    drop_all(p, &p->waiting);
    drop_all(p, &p->running);
    transfers_free(p->transfers);
    uv_close((uv_handle_t *)&p->turn, on_turn_closed);
}
