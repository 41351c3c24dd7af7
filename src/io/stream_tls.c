#include "io/stream_tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/stream_kind.h"

#define TLS_FILES 3       /* CA, certificate, key */
#define PLAIN_BYTES 16384 /* the largest TLS record */

/* What tells that a file was replaced. */
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct stream_tls {
    char *files[TLS_FILES]; /* NULL = none */
    struct file_mark marks[TLS_FILES];
    SSL_CTX *context;
};

struct tls_stream {
    struct stream base;
    struct stream *below;
    SSL *ssl;
};

static struct tls_stream *self(struct stream *s)
{
    return (struct tls_stream *)(void *)s;
}

/* The oldest error that OpenSSL queued, and an empty queue. */
static const char *tls_reason(char *text, size_t size)
{
    unsigned long code = ERR_get_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    struct error system;
    if (code != 0 && ERR_SYSTEM_ERROR(code)) {
        (void)error_set_errno(&system, -ERR_GET_REASON(code), "the system says");
        reason = system.text;
    }
    (void)str_copy(text, size, reason == NULL ? "unknown error" : reason);
    ERR_clear_error();
    return text;
}

static void mark_files(const struct stream_tls *tls, struct file_mark marks[TLS_FILES])
{
    for (size_t i = 0; i < TLS_FILES; i++) {
        struct stat st;
        marks[i] = (struct file_mark){0};
        if (tls->files[i] != NULL && stat(tls->files[i], &st) == 0) {
            marks[i].device = st.st_dev;
            marks[i].inode = st.st_ino;
            marks[i].size = st.st_size;
            marks[i].changed = st.st_mtim;
        }
    }
}

static bool same_marks(const struct file_mark *a, const struct file_mark *b)
{
    for (size_t i = 0; i < TLS_FILES; i++)
        if (a[i].device != b[i].device || a[i].inode != b[i].inode || a[i].size != b[i].size ||
            a[i].changed.tv_sec != b[i].changed.tv_sec ||
            a[i].changed.tv_nsec != b[i].changed.tv_nsec)
            return false;
    return true;
}

static int load_failed(const char *what, const char *path, struct error *err)
{
    char text[128];
    (void)tls_reason(text, sizeof text);
    return error_set(err, -EINVAL, "cannot load the %s %s: %s", what, path, text);
}

static int load_into(SSL_CTX *c, char *const files[TLS_FILES], struct error *err)
{
    ERR_clear_error();
    if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
        return load_failed("TLS settings", "", err);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    /* An idle connection gives its two 17 KB record buffers back. */
    (void)SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    if (files[0] != NULL && SSL_CTX_load_verify_file(c, files[0]) != 1)
        return load_failed("CA certificates", files[0], err);
    if (files[0] == NULL && SSL_CTX_set_default_verify_paths(c) != 1)
        return load_failed("system's CA certificates", "", err);
    if (files[1] != NULL && SSL_CTX_use_certificate_chain_file(c, files[1]) != 1)
        return load_failed("certificate", files[1], err);
    if (files[2] != NULL && SSL_CTX_use_PrivateKey_file(c, files[2], SSL_FILETYPE_PEM) != 1)
        return load_failed("key", files[2], err);
    if (files[2] != NULL && SSL_CTX_check_private_key(c) != 1)
        return error_set(err, -EINVAL, "the key %s does not belong to the certificate %s", files[2],
                         files[1]);
    return 0;
}

static int load_context(char *const files[TLS_FILES], SSL_CTX **ret, struct error *err)
{
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (c == NULL)
        return error_set(err, -ENOMEM, "TLS: out of memory");
    int r = load_into(c, files, err);
    if (r < 0) {
        SSL_CTX_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int stream_tls_load(const struct stream_tls_files *files, struct stream_tls **ret,
                    struct error *err)
{
    const char *paths[TLS_FILES] = {files->ca_file, files->certificate, files->key};
    bool has_certificate = paths[1] != NULL && paths[1][0] != '\0';
    bool has_key = paths[2] != NULL && paths[2][0] != '\0';
    if (has_certificate != has_key)
        return error_set(err, -EINVAL,
                         "TLS: a certificate needs its key, and a key its "
                         "certificate");
    struct stream_tls *tls = mem_calloc(1, sizeof *tls);
    int r = tls == NULL ? -ENOMEM : 0;
    for (size_t i = 0; i < TLS_FILES && r == 0; i++)
        if (paths[i] != NULL && paths[i][0] != '\0' &&
            (tls->files[i] = mem_strdup(paths[i])) == NULL)
            r = -ENOMEM;
    if (r < 0) {
        stream_tls_free(tls);
        return error_set(err, r, "TLS: out of memory");
    }
    mark_files(tls, tls->marks);
    r = load_context(tls->files, &tls->context, err);
    if (r < 0)
        stream_tls_free(tls);
    else
        *ret = tls;
    return r;
}

void stream_tls_refresh(struct stream_tls *tls)
{
    struct file_mark marks[TLS_FILES];
    mark_files(tls, marks);
    if (same_marks(marks, tls->marks))
        return;
    SSL_CTX *context = NULL;
    if (load_context(tls->files, &context, NULL) < 0)
        return;
    SSL_CTX_free(tls->context);
    tls->context = context;
    memcpy(tls->marks, marks, sizeof marks);
}

void stream_tls_free(struct stream_tls *tls)
{
    if (tls == NULL)
        return;
    for (size_t i = 0; i < TLS_FILES; i++)
        mem_free(tls->files[i]);
    SSL_CTX_free(tls->context);
    mem_free(tls);
}

/* Hands what OpenSSL wrote to the stream below. */
static int flush(struct tls_stream *s)
{
    BIO *out = SSL_get_wbio(s->ssl);
    char *bytes = NULL;
    long n = BIO_get_mem_data(out, &bytes);
    int r = n > 0 ? stream_write(s->below, bytes, (size_t)n) : 0;
    (void)BIO_reset(out);
    return r;
}

static void fail(struct tls_stream *s)
{
    struct error why;
    long verified = SSL_get_verify_result(s->ssl);
    char text[128];
    (void)tls_reason(text, sizeof text);
    const char *at = s->base.state == STREAM_HANDSHAKE ? "TLS handshake" : "TLS";
    if (verified != X509_V_OK)
        (void)error_set(&why, -EPROTO, "%s: the server's certificate is not accepted: %s", at,
                        X509_verify_cert_error_string(verified));
    else
        (void)error_set(&why, -EPROTO, "%s: %s", at, text);
    (void)flush(s); /* the alert tells the peer why */
    stream_emit_ended(&s->base, STREAM_END_TLS, &why);
}

static void end_closed(struct tls_stream *s)
{
    struct error why;
    (void)error_set(&why, -EPIPE, "closed by the peer");
    stream_emit_ended(&s->base, STREAM_END_CLOSED, &why);
}

static void end_local(struct tls_stream *s, int code)
{
    struct error why;
    (void)error_set_errno(&why, code, "TLS: cannot send");
    stream_emit_ended(&s->base, STREAM_END_LOCAL, &why);
}

/* A chain is as good as its first certificate that ends. */
static wall_ms chain_ends(SSL *ssl)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    wall_ms ends = WALL_NONE;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        struct tm tm;
        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &tm) != 1)
            continue;
        int64_t at = (int64_t)timegm(&tm) * 1000;
        if (ends.ms == 0 || at < ends.ms)
            ends.ms = at;
    }
    return ends;
}

/* True when the handshake is done and the stream still lives. */
static bool shake_hands(struct tls_stream *s)
{
    ERR_clear_error();
    int r = SSL_do_handshake(s->ssl);
    int wants = r == 1 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, r);
    if (r != 1 && wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) {
        fail(s);
        return false;
    }
    int sent = flush(s);
    if (sent < 0 && sent != -ENOTCONN) {
        end_local(s, sent);
        return false;
    }
    if (r != 1)
        return false;
    s->base.certificate_ends = chain_ends(s->ssl);
    stream_emit_opened(&s->base);
    return !s->base.closed;
}

static void read_plain(struct tls_stream *s)
{
    char plain[PLAIN_BYTES];
    while (!s->base.closed && s->base.state == STREAM_OPEN) {
        ERR_clear_error();
        int n = SSL_read(s->ssl, plain, sizeof plain);
        if (n > 0) {
            stream_emit_data(&s->base, plain, (size_t)n);
            continue;
        }
        int wants = SSL_get_error(s->ssl, n);
        if (wants == SSL_ERROR_ZERO_RETURN)
            end_closed(s);
        else if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
            fail(s);
        else if (flush(s) < 0 && s->base.state == STREAM_OPEN) /* answers to key updates */
            end_local(s, -ENOBUFS);
        return;
    }
}

static void on_below_opened(void *context)
{
    struct tls_stream *s = context;
    stream_enter(&s->base);
    s->base.state = STREAM_HANDSHAKE;
    (void)shake_hands(s);
    stream_leave(&s->base);
}

static void on_below_data(void *context, const char *bytes, size_t length)
{
    struct tls_stream *s = context;
    if (s->base.closed || s->base.state == STREAM_ENDED)
        return;
    stream_enter(&s->base);
    if (BIO_write(SSL_get_rbio(s->ssl), bytes, (int)length) != (int)length)
        end_local(s, -ENOMEM);
    else if (s->base.state == STREAM_OPEN || shake_hands(s))
        read_plain(s);
    stream_leave(&s->base);
}

static void on_below_ended(void *context, enum stream_end end, const struct error *why)
{
    struct tls_stream *s = context;
    struct error told = *why;
    stream_enter(&s->base);
    if (s->base.state == STREAM_HANDSHAKE)
        (void)error_set(&told, why->code, "%s during the TLS handshake", why->text);
    stream_emit_ended(&s->base, end, &told);
    stream_leave(&s->base);
}

static void tls_open(struct stream *stream)
{
    struct tls_stream *s = self(stream);
    struct stream_events events = {
        .context = s,
        .opened = on_below_opened,
        .data = on_below_data,
        .ended = on_below_ended,
    };
    s->base.state = STREAM_CONNECTING;
    stream_open(s->below, &events);
}

static int tls_write(struct stream *stream, const void *bytes, size_t length)
{
    struct tls_stream *s = self(stream);
    const char *p = bytes;
    ERR_clear_error();
    while (length > 0) {
        int n = SSL_write(s->ssl, p, length > PLAIN_BYTES ? PLAIN_BYTES : (int)length);
        if (n <= 0)
            return -ENOMEM; /* a memory BIO takes everything */
        p += n;
        length -= (size_t)n;
    }
    return flush(s);
}

static void tls_pause(struct stream *stream, bool paused)
{
    stream_pause(self(stream)->below, paused);
}

static void tls_close(struct stream *stream)
{
    struct tls_stream *s = self(stream);
    if (s->base.state == STREAM_OPEN && SSL_shutdown(s->ssl) >= 0)
        (void)flush(s);
    ERR_clear_error();
    s->base.carrier = NULL;
    stream_close(s->below);
    s->below = NULL;
}

static void tls_release(struct stream *stream)
{
    struct tls_stream *s = self(stream);
    SSL_free(s->ssl);
    mem_free(s);
}

static const struct stream_kind tls_kind = {tls_open, tls_write, tls_pause, tls_close, tls_release};

static bool is_address(const char *name)
{
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

static bool expect_name(SSL *ssl, const char *name)
{
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static SSL *new_ssl(SSL_CTX *context, const char *name)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL || !expect_name(ssl, name)) {
        SSL_free(ssl);
        (void)BIO_free(in);
        (void)BIO_free(out);
        ERR_clear_error();
        return NULL;
    }
    (void)BIO_set_mem_eof_return(in, -1); /* empty means: more comes */
    (void)BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    return ssl;
}

int stream_tls_new(struct stream_tls *tls, const char *name, struct stream *below,
                   struct stream **ret, struct error *err)
{
    if (name == NULL || name[0] == '\0') {
        stream_close(below);
        return error_set(err, -EINVAL,
                         "TLS: no name to verify the server's certificate by: "
                         "set server_name");
    }
    struct tls_stream *s = mem_calloc(1, sizeof *s);
    SSL *ssl = s == NULL ? NULL : new_ssl(tls->context, name);
    if (ssl == NULL) {
        mem_free(s);
        stream_close(below);
        return error_set(err, -ENOMEM, "TLS: out of memory");
    }
    s->base.kind = &tls_kind;
    s->below = below;
    s->base.carrier = below;
    s->ssl = ssl;
    *ret = &s->base;
    return 0;
}
