#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#include "web/connection.h"

#define CHAIN_MAX 16 /* certificates above the leaf */

/* Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. */
#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}
static void free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static int failed(struct error *err, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return error_set(err, -EINVAL, "%s: %s", what, text == NULL ? "unknown reason" : text);
}

static int add_chain(SSL_CTX *context, BIO *pem, struct error *err)
{
    (void)SSL_CTX_clear_chain_certs(context);
    for (int i = 0; i < CHAIN_MAX; i++) {
        ATTR_CLEANUP(free_x509) X509 *above = PEM_read_bio_X509(pem, NULL, NULL, NULL);
        if (above == NULL) {
            ERR_clear_error(); /* the end of the file is reported as an error */
            return 0;
        }
        if (SSL_CTX_add1_chain_cert(context, above) != 1)
            return failed(err, "the certificate's chain");
    }
    return 0;
}

static int install(SSL_CTX *context, const char *certificate, const char *key, struct error *err)
{
    ATTR_CLEANUP(free_bio) BIO *pem = BIO_new_mem_buf(certificate, -1);
    ATTR_CLEANUP(free_bio) BIO *key_pem = BIO_new_mem_buf(key, -1);
    ATTR_CLEANUP(free_x509) X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    ATTR_CLEANUP(free_pkey)
    EVP_PKEY *private = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, (void *)(uintptr_t) "");
    if (leaf == NULL || private == NULL)
        return failed(err, "the certificate or its key cannot be read");
    /* In one step, so that no handshake meets a leaf with another's key. */
    if (SSL_CTX_use_cert_and_key(context, leaf, private, NULL, 1) != 1)
        return failed(err, "the certificate does not go with its key");
    return add_chain(context, pem, err);
}

/* HTTP/1.1 is what is spoken; who does not ask gets it too. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *in, unsigned in_length, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)argument;
    if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, in, in_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int tls_prepare(SSL_CTX *context, const char *certificate, const char *key, struct error *err)
{
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
        SSL_CTX_set1_groups_list(context, GROUPS) != 1)
        return failed(err, "TLS cannot be set up");
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* An idle connection holds no 32 KB of records. What the socket does not take at once is kept
     * elsewhere and grows meanwhile. */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* a record's head and body in one call */
    /* Sessions are resumed by tickets: nothing of them is kept here. */
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return install(context, certificate, key, err);
}
