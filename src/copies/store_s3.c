/* A bucket of an S3 service, path style, signed by libcurl (SigV4). Each object carries its own
 * SHA-256, which the service checks. No right to delete is needed but for the rules of `keep`. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "copies/s3_page.h"
#include "copies/store_kind.h"
#include "io/curl_calls.h"
#include "io/file.h"
#include "io/trust.h"

#define OBJECT_BYTES_MAX ((uint64_t)5 << 30) /* of one PUT, by S3's own rules */
#define ANSWER_MAX ((size_t)4 << 20)         /* of a list, or an error */
#define PAGES_MAX 64
#define CONNECT_MS 20000L
#define STALL_SECONDS 90L /* less than a byte a second for so long */
#define SECRET_MAX 512
#define URL_MAX 8192
#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3_store {
    struct copy_store store; /* first */
    const struct curl_calls *curl;
    CURL *easy;
    char endpoint[SETTINGS_HOST_MAX + 64], prefix[SETTINGS_PATH_MAX], sign[128];
    char id[SECRET_MAX], secret[SECRET_MAX];
};

static struct s3_store *of(struct copy_store *s)
{
    return (struct s3_store *)s;
}

static const struct copy_settings *target_of(const struct s3_store *s)
{
    return s->store.options.target;
}

/* ── one request ── */

struct request {
    struct s3_store *store;
    const char *method, *sha256;
    char url[URL_MAX];
    struct copy_source *from; /* PUT */
    struct copy_sink *to;     /* GET of an object */
    struct buf answer;
    long status;
};

static size_t on_read(char *to, size_t size, size_t count, void *context)
{
    struct request *q = context;
    ssize_t n = copy_source_read(q->from, to, size * count);
    return n < 0 ? CURL_READFUNC_ABORT : (size_t)n;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct request *q = context;
    return offset == 0 && origin == SEEK_SET && copy_source_rewind(q->from) == 0
               ? CURL_SEEKFUNC_OK
               : CURL_SEEKFUNC_FAIL;
}

/* An error's body is not the object. */
static size_t on_write(char *bytes, size_t size, size_t count, void *context)
{
    struct request *q = context;
    size_t length = size * count;
    (void)q->store->curl->easy_getinfo(q->store->easy, CURLINFO_RESPONSE_CODE, &q->status);
    if (q->to != NULL && q->status == 200)
        return copy_sink_take(q->to, bytes, length) == 0 ? length : 0;
    if (q->store->store.options.alive != NULL)
        q->store->store.options.alive();
    return buf_append(&q->answer, bytes, length) == 0 ? length : 0;
}

static int set_up(struct request *q, struct curl_slist *headers)
{
    struct s3_store *s = q->store;
    const struct curl_calls *c = s->curl;
    const char *ca = target_of(s)->ca_file;
#define SET(option, value) failed |= (int)c->easy_setopt(s->easy, CURLOPT_##option, value)
    int failed = 0;
    SET(URL, q->url);
    SET(PROTOCOLS_STR, "http,https");
    SET(PROXY, "");
    SET(NOPROXY, "");
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(NOSIGNAL, 1L);
    SET(CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(LOW_SPEED_LIMIT, 1L);
    SET(LOW_SPEED_TIME, STALL_SECONDS);
    SET(AWS_SIGV4, s->sign);
    SET(USERNAME, s->id);
    SET(PASSWORD, s->secret);
    SET(HTTPHEADER, headers);
    SET(WRITEFUNCTION, on_write);
    SET(WRITEDATA, q);
    SET(PATH_AS_IS, 1L);
    if (ca[0] != '\0')
        SET(CAINFO, ca);
    if (q->from != NULL) {
        SET(UPLOAD, 1L);
        SET(READFUNCTION, on_read);
        SET(READDATA, q);
        SET(SEEKFUNCTION, on_seek);
        SET(SEEKDATA, q);
        SET(INFILESIZE_LARGE, (curl_off_t)q->from->size);
    } else {
        SET(UPLOAD, 0L);
        SET(HTTPGET, 1L);
    }
    SET(CUSTOMREQUEST, q->method);
#undef SET
    return failed;
}

/* What to do about an answer that is no success. */
static int refused(const struct request *q, struct error *err)
{
    char said[320];
    const struct copy_settings *t = target_of(q->store);
    s3_error_text(buf_text(&q->answer), q->answer.length, said, sizeof said);
    int code = q->status == 404                       ? -ENOENT
               : q->status == 403 || q->status == 401 ? -EACCES
               : q->status == 507                     ? -ENOSPC
                                                      : -EIO;
    return error_set(err, code, "%s answers %ld to %s of bucket %s%s%s%s", t->endpoint, q->status,
                     q->method, t->bucket, said[0] == '\0' ? "" : ": ", said,
                     code == -EACCES ? ". Check the keys, the region, the clock and the policy"
                                     : "");
}

static int judge(const struct request *q, CURLcode code, struct error *err)
{
    if (q->from != NULL && q->from->error.code != 0)
        return error_set(err, q->from->error.code, "%s", q->from->error.text);
    if (q->to != NULL && q->to->error.code != 0)
        return error_set(err, q->to->error.code, "%s", q->to->error.text);
    if (code != CURLE_OK)
        return error_set(err, code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO, "%s: %s",
                         target_of(q->store)->endpoint, q->store->curl->easy_strerror(code));
    if (q->status >= 200 && q->status <= 299)
        return 0;
    return refused(q, err);
}

static int run(struct request *q, struct error *err)
{
    struct s3_store *s = q->store;
    char header[128];
    /* No other header: libcurl 7.88 would sign even one that it does not send. */
    (void)str_format(header, sizeof header, "x-amz-content-sha256: %s", q->sha256);
    struct curl_slist *headers = s->curl->slist_append(NULL, header);
    int r = 0;
    if (headers == NULL || set_up(q, headers) != 0)
        r = error_set(err, -EINVAL, "libcurl refuses the request to %s", target_of(s)->endpoint);
    if (r == 0) {
        CURLcode code = s->curl->easy_perform(s->easy);
        (void)s->curl->easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &q->status);
        r = judge(q, code, err);
    }
    s->curl->slist_free_all(headers);
    buf_free(&q->answer);
    return r;
}

static struct request request_of(struct s3_store *s, const char *method)
{
    return (struct request){
        .store = s, .method = method, .sha256 = SHA256_OF_NOTHING, .answer = BUF_LIMIT(ANSWER_MAX)};
}

static int locate(struct request *q, const struct copy_place *at, const char *name,
                  struct error *err)
{
    struct s3_store *s = q->store;
    if (str_format(q->url, sizeof q->url, "%s/%s/%s%s/%s/%s/%s", s->endpoint, target_of(s)->bucket,
                   s->prefix, s->store.options.service, backup_kind_word(at->kind), at->id, name))
        return 0;
    return error_set(err, -ENAMETOOLONG, "the address of a copy is too long");
}

/* ── opening ── */

static int read_secret(const char *path, char to[SECRET_MAX], struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(SECRET_MAX - 1);
    int r = file_read_secret(path, &text, err);
    if (r == 0 && (text.length == 0 || strpbrk(buf_text(&text), " \t\r\n") != NULL))
        r = error_set(err, -EINVAL, "%s must hold one key, without blanks", path);
    if (r == 0)
        (void)str_copy(to, SECRET_MAX, buf_text(&text));
    return r;
}

static int s3_open(struct copy_store *store, struct error *err)
{
    struct s3_store *s = of(store);
    const struct copy_settings *t = target_of(s);
    size_t length = strlen(t->path);
    s->curl = curl_calls(err);
    if (s->curl == NULL)
        return err->code;
    (void)str_copy(s->endpoint, sizeof s->endpoint, t->endpoint);
    while (s->endpoint[0] != '\0' && s->endpoint[strlen(s->endpoint) - 1] == '/')
        s->endpoint[strlen(s->endpoint) - 1] = '\0';
    (void)str_format(s->prefix, sizeof s->prefix, "%s%s", t->path,
                     length > 0 && t->path[length - 1] != '/' ? "/" : "");
    (void)str_format(s->sign, sizeof s->sign, "aws:amz:%s:s3", t->region);
    int r = t->ca_file[0] == '\0' ? 0 : trust_check(t->ca_file, NULL, err);
    if (r == 0)
        r = read_secret(t->access_key_file, s->id, err);
    if (r == 0)
        r = read_secret(t->secret_key_file, s->secret, err);
    if (r == 0 && (s->easy = s->curl->easy_init()) == NULL)
        r = error_set(err, -ENOMEM, "out of memory");
    return r;
}

static void s3_close(struct copy_store *store)
{
    struct s3_store *s = of(store);
    if (s->easy != NULL)
        s->curl->easy_cleanup(s->easy);
    mem_wipe(s->id, sizeof s->id);
    mem_wipe(s->secret, sizeof s->secret);
}

/* ── listing ── */

/* As SigV4 wants it: all but the unreserved characters. */
static bool put_encoded(char *url, size_t size, const char *text)
{
    bool whole = true;
    for (const char *p = text; *p != '\0'; p++)
        whole =
            str_append(url, size,
                       isalnum((unsigned char)*p) || strchr("-._~", *p) != NULL ? "%c" : "%%%02X",
                       (unsigned char)*p) &&
            whole;
    return whole;
}

/* The names in order, each with "=": libcurl 7.88 signs no other query rightly. */
static int ask_page(struct request *q, const char *prefix, const char *token, struct error *err)
{
    struct s3_store *s = q->store;
    bool whole = str_format(q->url, sizeof q->url, "%s/%s/?", s->endpoint, target_of(s)->bucket);
    if (token[0] != '\0')
        whole = str_append(q->url, sizeof q->url, "continuation-token=") &&
                put_encoded(q->url, sizeof q->url, token) &&
                str_append(q->url, sizeof q->url, "&") && whole;
    whole = str_append(q->url, sizeof q->url, "list-type=2&prefix=") &&
            put_encoded(q->url, sizeof q->url, prefix) && whole;
    return whole ? 0 : error_set(err, -ENAMETOOLONG, "the address of a list is too long");
}

/* Calls `key` for every key with that prefix. */
static int each_key(struct s3_store *s, const char *prefix, s3_page_key *key, void *context,
                    struct error *err)
{
    char token[S3_TOKEN_MAX] = "";
    for (int page = 0; page < PAGES_MAX; page++) {
        struct request q = request_of(s, "GET");
        struct buf answer = BUF_LIMIT(ANSWER_MAX);
        struct copy_sink to = {.fd = -1, .text = &answer, .limit = ANSWER_MAX, .store = &s->store};
        q.to = &to;
        int r = ask_page(&q, prefix, token, err);
        if (r == 0)
            r = run(&q, err);
        if (r == 0)
            r = s3_page_read(buf_text(&answer), answer.length, key, context, token, err);
        buf_free(&answer);
        if (r < 0 || token[0] == '\0')
            return r;
    }
    return error_set(err, -EFBIG, "there are more than %d pages of copies: remove old ones",
                     PAGES_MAX);
}

static int prefix_of(const struct s3_store *s, const struct copy_place *at, char to[S3_KEY_MAX],
                     struct error *err)
{
    if (str_format(to, S3_KEY_MAX, "%s%s/%s/%s%s", s->prefix, s->store.options.service,
                   backup_kind_word(at->kind), at->id, at->id[0] == '\0' ? "" : "/"))
        return 0;
    return error_set(err, -ENAMETOOLONG, "the address of a copy is too long");
}

struct listing {
    size_t skip; /* length of the prefix */
    struct copy_ids *ids;
};

static int on_key(void *context, const char *key, struct error *err)
{
    struct listing *l = context;
    char id[MANIFEST_ID_SIZE];
    if (strlen(key) != l->skip + MANIFEST_ID_SIZE - 1 + strlen("/" MANIFEST_FILE))
        return 0;
    const char *name = key + l->skip;
    if (!str_equal(name + MANIFEST_ID_SIZE - 1, "/" MANIFEST_FILE))
        return 0;
    (void)str_copy_n(id, sizeof id, name, MANIFEST_ID_SIZE - 1);
    return manifest_id_valid(id) ? copy_ids_add(l->ids, id, err) : 0;
}

static int s3_list(struct copy_store *store, enum backup_kind kind, struct copy_ids *ret,
                   struct error *err)
{
    struct copy_place all = {.kind = kind};
    char prefix[S3_KEY_MAX];
    int r = prefix_of(of(store), &all, prefix, err);
    struct listing listing = {.skip = strlen(prefix), .ids = ret};
    return r < 0 ? r : each_key(of(store), prefix, on_key, &listing, err);
}

/* ── objects ── */

static int s3_put(struct copy_store *store, const struct copy_place *at, const char *name,
                  struct copy_source *from, struct error *err)
{
    struct request q = request_of(of(store), "PUT");
    if (from->size > OBJECT_BYTES_MAX)
        return error_set(err, -EFBIG,
                         "%s is larger than the 5 GiB that one request may send: it cannot be "
                         "copied to S3",
                         name);
    q.from = from;
    q.sha256 = from->sha256;
    int r = locate(&q, at, name, err);
    return r < 0 ? r : run(&q, err);
}

static int s3_get(struct copy_store *store, const struct copy_place *at, const char *name,
                  struct copy_sink *to, struct error *err)
{
    struct request q = request_of(of(store), "GET");
    q.to = to;
    int r = locate(&q, at, name, err);
    return r < 0 ? r : run(&q, err);
}

static int delete_key(void *context, const char *key, struct error *err)
{
    struct s3_store *s = context;
    struct request q = request_of(s, "DELETE");
    if (!str_format(q.url, sizeof q.url, "%s/%s/%s", s->endpoint, target_of(s)->bucket, key))
        return error_set(err, -ENAMETOOLONG, "the address of a copy is too long");
    int r = run(&q, err);
    return r == -ENOENT ? 0 : r;
}

static int s3_remove(struct copy_store *store, const struct copy_place *at, struct error *err)
{
    struct s3_store *s = of(store);
    struct request q = request_of(s, "DELETE");
    char prefix[S3_KEY_MAX] = "";
    int r = locate(&q, at, MANIFEST_FILE, err);
    if (r == 0)
        r = run(&q, err);
    if (r == -ENOENT)
        r = 0;
    if (r == 0)
        r = prefix_of(s, at, prefix, err);
    return r < 0 ? r : each_key(s, prefix, delete_key, s, err);
}

const struct copy_store_kind copy_store_s3 = {
    .size = sizeof(struct s3_store),
    .open = s3_open,
    .close = s3_close,
    .list = s3_list,
    .put = s3_put,
    .get = s3_get,
    .remove = s3_remove,
};
