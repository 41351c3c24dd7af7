#include "accounts/oidc.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/curl_calls.h"
#include "io/file.h"
#include "io/log.h"
#include "io/transfers.h"

struct oidc {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct oidc_settings settings;
    struct jwks *keys;  /* NULL: none yet */
    mono_ms asked;      /* when they were last asked for */
    int64_t retry_ms;   /* 0: the last time went well */
    struct buf fetched; /* of the transfer under way */
    CURL *easy;         /* NULL: none is */
    char why[CURL_ERROR_SIZE];
    const struct curl_calls *curl;
    struct transfers *transfers; /* NULL until the first fetch */
};

static void on_timer(uv_timer_t *timer);

static void look_in(struct oidc *o, int64_t ms)
{
    uv_update_time(o->loop);
    (void)uv_timer_start(&o->timer, on_timer, (uint64_t)ms, 0);
}

/* ── what came ── */

static void failed(struct oidc *o, const struct error *err)
{
    o->retry_ms = o->retry_ms == 0 ? OIDC_RETRY_MS : o->retry_ms * 2;
    if (o->retry_ms > OIDC_RETRY_MS_MAX)
        o->retry_ms = OIDC_RETRY_MS_MAX;
    log_warning("accounts", "the keys of %s cannot be read, next try in %lld s: %s",
                o->settings.issuer, (long long)(o->retry_ms / 1000), err->text);
    look_in(o, o->retry_ms);
}

static void take(struct oidc *o, const struct buf *bytes)
{
    struct jwks *fresh = NULL;
    struct error err = {0};
    if (jwks_parse(bytes->data == NULL ? "" : bytes->data, bytes->length, &fresh, &err) < 0) {
        failed(o, &err);
        return;
    }
    if (o->keys == NULL || o->retry_ms != 0)
        log_info("accounts", "tokens of %s are trusted: %zu keys", o->settings.issuer,
                 jwks_count(fresh));
    jwks_free(o->keys);
    o->keys = fresh;
    o->retry_ms = 0;
    look_in(o, OIDC_REFRESH_MS);
}

static void read_keys(struct oidc *o)
{
    struct buf bytes = BUF_LIMIT(JWKS_BYTES_MAX);
    struct error err = {0};
    if (file_read(o->settings.jwks_file, &bytes, &err) < 0)
        failed(o, &err);
    else
        take(o, &bytes);
    buf_free(&bytes);
}

/* ── over HTTPS ── */

static size_t gather(char *bytes, size_t size, size_t count, void *context)
{
    struct oidc *o = context;
    return buf_append(&o->fetched, bytes, size * count) == 0 ? size * count : 0;
}

static void on_fetched(void *context, CURL *easy, CURLcode result)
{
    struct oidc *o = context;
    struct error err = {0};
    long status = 0;
    (void)o->curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    o->curl->easy_cleanup(easy);
    o->easy = NULL;
    if (result != CURLE_OK)
        (void)error_set(&err, -EIO, "%s: %s", o->settings.jwks_url,
                        o->why[0] != '\0' ? o->why : o->curl->easy_strerror(result));
    else if (status != 200)
        (void)error_set(&err, -EIO, "%s: HTTP status %ld", o->settings.jwks_url, status);
    if (err.code != 0)
        failed(o, &err);
    else
        take(o, &o->fetched);
    buf_free(&o->fetched);
}

static CURL *new_easy(struct oidc *o)
{
    const struct curl_calls *curl = o->curl;
    CURL *easy = curl->easy_init();
    if (easy == NULL)
        return NULL;
    o->why[0] = '\0';
    int failures = (int)curl->easy_setopt(easy, CURLOPT_URL, o->settings.jwks_url) |
                   (int)curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") |
                   (int)curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) |
                   (int)curl->easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) |
                   (int)curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)OIDC_FETCH_MS) |
                   (int)curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) |
                   (int)curl->easy_setopt(easy, CURLOPT_PROXY, "") |
                   (int)curl->easy_setopt(easy, CURLOPT_USERAGENT, "resus/" RESUS_VERSION) |
                   (int)curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, gather) |
                   (int)curl->easy_setopt(easy, CURLOPT_WRITEDATA, o) |
                   (int)curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, o->why);
    if (failures == 0 && o->settings.ca_file[0] != '\0')
        failures = (int)curl->easy_setopt(easy, CURLOPT_CAINFO, o->settings.ca_file);
    if (failures == 0)
        return easy;
    curl->easy_cleanup(easy);
    return NULL;
}

static void fetch_keys(struct oidc *o)
{
    struct error err = {0};
    o->fetched = BUF_LIMIT(JWKS_BYTES_MAX);
    if (o->curl == NULL)
        o->curl = curl_calls(&err);
    if (o->curl != NULL && o->transfers == NULL && transfers_new(o->loop, &o->transfers, &err) < 0)
        o->transfers = NULL;
    o->easy = o->curl == NULL || o->transfers == NULL ? NULL : new_easy(o);
    if (o->easy == NULL && err.code == 0)
        (void)error_set(&err, -ENOMEM, "out of memory");
    if (o->easy != NULL && transfers_add(o->transfers, o->easy, on_fetched, o, &err) < 0) {
        o->curl->easy_cleanup(o->easy);
        o->easy = NULL;
    }
    if (o->easy == NULL)
        failed(o, &err);
}

static void stop_fetching(struct oidc *o)
{
    if (o->easy == NULL)
        return;
    transfers_remove(o->transfers, o->easy);
    o->curl->easy_cleanup(o->easy);
    o->easy = NULL;
    buf_free(&o->fetched);
}

static void on_timer(uv_timer_t *timer)
{
    struct oidc *o = timer->data;
    if (!oidc_trusts_anybody(o) || o->easy != NULL)
        return;
    o->asked = clock_mono();
    if (o->settings.jwks_url[0] != '\0')
        fetch_keys(o);
    else
        read_keys(o);
}

/* ── from outside ── */

int oidc_new(uv_loop_t *loop, struct oidc **ret, struct error *err)
{
    struct oidc *o = mem_calloc(1, sizeof *o);
    if (o == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    o->loop = loop;
    (void)uv_timer_init(loop, &o->timer);
    o->timer.data = o;
    *ret = o;
    return 0;
}

void oidc_configure(struct oidc *o, const struct oidc_settings *settings)
{
    bool same_server = str_equal(o->settings.issuer, settings->issuer) &&
                       str_equal(o->settings.jwks_file, settings->jwks_file) &&
                       str_equal(o->settings.jwks_url, settings->jwks_url);
    stop_fetching(o);
    if (!same_server) { /* the keys of another are none of its */
        jwks_free(o->keys);
        o->keys = NULL;
        o->retry_ms = 0;
    }
    o->settings = *settings;
    if (oidc_trusts_anybody(o))
        look_in(o, 0);
    else
        (void)uv_timer_stop(&o->timer);
}

bool oidc_trusts_anybody(const struct oidc *o)
{
    return o->settings.issuer[0] != '\0';
}

int oidc_check(struct oidc *o, const char *token, wall_ms now, struct oidc_claims *ret,
               struct error *err)
{
    if (o->keys == NULL)
        return error_set(err, -EACCES, "the keys of the login server are not known yet");
    int r = oidc_token_check(&o->settings, o->keys, token, now, ret, err);
    /* It may have changed its keys. Strangers can ask for this: not often, and not while an earlier
     * failure is waited out. */
    if (r == -ENOKEY && o->retry_ms == 0 && o->easy == NULL &&
        mono_since(clock_mono(), o->asked) >= OIDC_ASK_AGAIN_MS)
        look_in(o, 0);
    return r;
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void oidc_close(struct oidc *o)
{
    if (o == NULL)
        return;
    stop_fetching(o);
    transfers_free(o->transfers);
    jwks_free(o->keys);
    o->keys = NULL;
    uv_close((uv_handle_t *)&o->timer, on_timer_closed);
}
