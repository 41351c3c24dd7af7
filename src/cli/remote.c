#include "cli/remote.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "api/client_request.h"
#include "api/operations.h"
#include "api/route.h"
#include "api/token.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/curl_calls.h"
#include "io/file.h"

#define PIN_PREFIX "sha256/"
#define PIN_LENGTH 44 /* base64 of 32 bytes */

struct remote {
    const struct curl_calls *lib;
    CURL *curl;
    struct curl_slist *headers;
    char url[REMOTE_URL_MAX];
    char why[CURL_ERROR_SIZE];
    struct buf answer;
    bool overflow;
};

static const char *bare_pin(const char *pin)
{
    if (!str_starts(pin, PIN_PREFIX))
        return NULL;
    pin += strlen(PIN_PREFIX);
    return pin[0] == '/' ? pin + 1 : pin; /* curl itself writes sha256// */
}

int remote_check(const struct remote_target *target, struct error *err)
{
    static const char scheme[] = "https://";
    const char *host = target->url + strlen(scheme);
    if (!str_starts(target->url, scheme) || host[0] == '\0' || host[0] == '/')
        return error_set(err, -EINVAL, "--url must be https://HOST:PORT");
    if (strpbrk(host, "@?#\\ \t\r\n") != NULL || strlen(target->url) >= REMOTE_URL_MAX / 2)
        return error_set(err, -EINVAL,
                         "--url must be https://HOST:PORT without user, query or blanks");
    const char *pin = target->pin == NULL ? NULL : bare_pin(target->pin);
    if (target->pin != NULL &&
        (pin == NULL || strlen(pin) != PIN_LENGTH || strchr(pin, ';') != NULL))
        return error_set(err, -EINVAL,
                         "--pin must be sha256/ and the base64 of a SHA-256: docs/api.md tells "
                         "how to get it");
    return 0;
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct remote *r = context;
    if (buf_append(&r->answer, bytes, size * count) == 0)
        return size * count;
    r->overflow = true;
    return 0; /* not what was given: curl ends the transfer */
}

static bool add_header(struct remote *r, const char *text)
{
    struct curl_slist *longer = r->lib->slist_append(r->headers, text);
    if (longer != NULL)
        r->headers = longer;
    return longer != NULL;
}

static int read_token(struct remote *r, const char *path, struct error *err)
{
    struct buf token = BUF_LIMIT(TOKEN_FOREIGN_MAX), header = BUF_LIMIT(TOKEN_FOREIGN_MAX + 64);
    int rc = file_read_secret(path, &token, err);
    for (size_t i = 0; rc == 0 && i < token.length; i++)
        if (token.data[i] <= ' ' || token.data[i] >= 0x7F)
            rc = error_set(err, -EINVAL, "%s holds something that is no token", path);
    if (rc == 0 && token.length == 0)
        rc = error_set(err, -EINVAL, "%s is empty", path);
    if (rc == 0 && (buf_printf(&header, "Authorization: Bearer %s", buf_text(&token)) < 0 ||
                    !add_header(r, buf_text(&header))))
        rc = error_set(err, -ENOMEM, "out of memory");
    buf_free(&token);
    buf_free(&header);
    return rc;
}

static bool set_text(struct remote *r, CURLoption option, const char *text)
{
    return r->lib->easy_setopt(r->curl, option, text) == CURLE_OK;
}

static bool set_number(struct remote *r, CURLoption option, long number)
{
    return r->lib->easy_setopt(r->curl, option, number) == CURLE_OK;
}

static bool set_up(struct remote *r, const struct remote_target *target)
{
    bool ok = set_text(r, CURLOPT_PROTOCOLS_STR, "https") &&
              set_number(r, CURLOPT_CONNECTTIMEOUT_MS, REMOTE_CONNECT_MS) &&
              set_number(r, CURLOPT_NOSIGNAL, 1) &&
              set_number(r, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
              set_text(r, CURLOPT_USERAGENT, "resus/" RESUS_VERSION) &&
              r->lib->easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->why) == CURLE_OK &&
              r->lib->easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
              r->lib->easy_setopt(r->curl, CURLOPT_WRITEDATA, r) == CURLE_OK &&
              add_header(r, "Accept: application/json") &&
              add_header(r, "Content-Type: application/json") &&
              add_header(r, "Expect:"); /* no 100-continue before a body */
    if (ok && target->ca_file != NULL)
        ok = set_text(r, CURLOPT_CAINFO, target->ca_file);
    if (ok && target->pin != NULL) {
        char pin[PIN_LENGTH + 16];
        ok = str_format(pin, sizeof pin, "sha256//%s", bare_pin(target->pin)) &&
             set_text(r, CURLOPT_PINNEDPUBLICKEY, pin);
    }
    /* The key itself says more than any chain and name do. */
    if (ok && target->pin != NULL && target->ca_file == NULL)
        ok = set_number(r, CURLOPT_SSL_VERIFYPEER, 0) && set_number(r, CURLOPT_SSL_VERIFYHOST, 0);
    return ok;
}

int remote_open(const struct remote_target *target, struct remote **ret, struct error *err)
{
    int rc = remote_check(target, err);
    if (rc < 0)
        return rc;
    struct buf readable = BUF_LIMIT(1024 * 1024);
    if (target->ca_file != NULL)
        rc = file_read(target->ca_file, &readable, err);
    buf_free(&readable);
    const struct curl_calls *lib = rc == 0 ? curl_calls(err) : NULL;
    if (rc == 0 && lib == NULL)
        return err->code;
    struct remote *r = rc == 0 ? mem_calloc(1, sizeof *r) : NULL;
    if (r == NULL)
        return rc < 0 ? rc : error_set(err, -ENOMEM, "out of memory");
    r->lib = lib;
    r->curl = lib->easy_init();
    r->answer = BUF_LIMIT(REMOTE_ANSWER_MAX);
    (void)str_copy(r->url, sizeof r->url, target->url);
    for (size_t end = strlen(r->url); end > 0 && r->url[end - 1] == '/'; end--)
        r->url[end - 1] = '\0';
    if (r->curl == NULL || !set_up(r, target))
        rc = error_set(err, -ENOMEM, "libcurl cannot be set up for %s", target->url);
    if (rc == 0 && target->token_file != NULL)
        rc = read_token(r, target->token_file, err);
    if (rc == 0)
        *ret = r;
    else
        remote_close(r);
    return rc;
}

void remote_close(struct remote *r)
{
    if (r == NULL)
        return;
    if (r->curl != NULL)
        r->lib->easy_cleanup(r->curl);
    for (struct curl_slist *h = r->headers; h != NULL; h = h->next)
        mem_wipe(h->data, strlen(h->data));
    r->lib->slist_free_all(r->headers);
    buf_free(&r->answer);
    mem_free(r);
}

static int failed(const struct remote *r, CURLcode code, struct error *err)
{
    const char *why = r->why[0] != '\0' ? r->why : r->lib->easy_strerror(code);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, -ETIMEDOUT, "%s did not answer in time", r->url);
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_set(err, -ECONNREFUSED,
                         "%s is not who it should be: %s. Its certificate: --ca-file, or --pin",
                         r->url, why);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return error_set(err, -ECONNREFUSED, "%s has another key than the one of --pin", r->url);
    case CURLE_WRITE_ERROR:
        return error_set(err, r->overflow ? -EMSGSIZE : -EIO, "%s answered with more than %d bytes",
                         r->url, REMOTE_ANSWER_MAX);
    case CURLE_OUT_OF_MEMORY:
        return error_set(err, -ENOMEM, "out of memory");
    default:
        return error_set(err, -ECONNREFUSED, "%s cannot be reached: %s", r->url, why);
    }
}

/* `text`: the operation answers with one; a refusal is JSON all the same. */
static int read_answer(struct remote *r, bool text, int *ret_status, json_t **ret_body,
                       struct error *err)
{
    long status = 0;
    (void)r->lib->easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
    text = text && status == 200;
    json_t *body = text ? json_stringn(buf_text(&r->answer), r->answer.length)
                        : json_loadb(buf_text(&r->answer), r->answer.length, JSON_READ_FLAGS, NULL);
    bool no_answer = status < 200 || (status >= 300 && status < 400);
    if (!(text ? json_is_string(body) : json_is_object(body)) || no_answer) {
        json_decref(body);
        return error_set(err, -EBADMSG, "no Resus answers at %s (status %ld, %zu bytes)", r->url,
                         status, r->answer.length);
    }
    *ret_status = (int)status;
    *ret_body = body;
    return 0;
}

static int perform(struct remote *r, const struct operation *o, const char *target,
                   const struct buf *body, mono_ms deadline, struct error *err)
{
    char url[REMOTE_URL_MAX + ROUTE_QUERY_MAX];
    int64_t left = mono_since(deadline, clock_mono());
    if (left <= 0)
        return error_set(err, -ETIMEDOUT, "%s did not answer in time", r->url);
    bool ok = str_format(url, sizeof url, "%s%s", r->url, target) &&
              set_text(r, CURLOPT_URL, url) &&
              set_number(r, CURLOPT_TIMEOUT_MS, left > INT32_MAX ? INT32_MAX : (long)left) &&
              r->lib->easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK;
    bool get = str_equal(o->method, "GET");
    if (ok && get)
        ok = set_number(r, CURLOPT_HTTPGET, 1) && set_text(r, CURLOPT_CUSTOMREQUEST, NULL);
    else if (ok)
        ok = set_number(r, CURLOPT_POST, 1) &&
             set_number(r, CURLOPT_POSTFIELDSIZE, (long)body->length) &&
             set_text(r, CURLOPT_POSTFIELDS, buf_text(body)) &&
             set_text(r, CURLOPT_CUSTOMREQUEST, o->method);
    if (!ok)
        return error_set(err, -ENOMEM, "%s cannot be asked", r->url);
    buf_clear(&r->answer);
    r->overflow = false;
    r->why[0] = '\0';
    CURLcode code = r->lib->easy_perform(r->curl);
    return code == CURLE_OK ? 0 : failed(r, code, err);
}

/* The daemon's only service, as the control socket finds it by itself. Who may not even ask for it
 * has the refusal in *ret_status and *ret_body, as for the question itself. */
static int only_service(struct remote *r, mono_ms deadline, char *to, size_t size, int *ret_status,
                        json_t **ret_body, struct error *err)
{
    const struct buf none = BUF_LIMIT(1);
    int status = 0;
    json_t *body JSON_CLEANUP = NULL;
    int rc =
        perform(r, &operations[OP_SERVICES], operations[OP_SERVICES].path, &none, deadline, err);
    if (rc == 0)
        rc = read_answer(r, false, &status, &body, err);
    if (rc < 0)
        return rc;
    if (status >= 400) {
        *ret_status = status;
        *ret_body = json_incref(body);
        return 0;
    }
    const json_t *items = json_object_get(body, "items");
    if (json_array_size(items) != 1)
        return error_set(err, -EINVAL, "%s",
                         json_array_size(items) == 0 ? "No service is configured there."
                                                     : "There are several services: name one.");
    const char *id = json_text_or(json_array_get(items, 0), "id", "");
    (void)str_copy(to, size, id);
    return id[0] != '\0' ? 0 : error_set(err, -EBADMSG, "no Resus answers at %s", r->url);
}

int remote_call(struct remote *r, const char *op, const char *service, const json_t *args,
                mono_ms deadline, int *ret_status, json_t **ret_body, struct error *err)
{
    char only[ROUTE_VALUE_MAX + 1] = "";
    int id = operation_by_name(op);
    if (id < 0)
        return error_set(err, -EINVAL, "there is no operation %s", op);
    const struct operation *o = &operations[id];
    int rc = 0;
    if (o->on_service && service == NULL) {
        rc = only_service(r, deadline, only, sizeof only, ret_status, ret_body, err);
        if (rc < 0 || only[0] == '\0')
            return rc;
        service = only;
    }
    struct buf target = BUF_LIMIT(ROUTE_QUERY_MAX), body = BUF_LIMIT(ROUTE_BODY_MAX);
    if (rc == 0)
        rc = client_request_make(o, service, args, &target, &body, err);
    if (rc == 0)
        rc = perform(r, o, buf_text(&target), &body, deadline, err);
    if (rc == 0)
        rc = read_answer(r, str_starts(o->answer, "text/"), ret_status, ret_body, err);
    buf_free(&target);
    buf_free(&body);
    return rc;
}
