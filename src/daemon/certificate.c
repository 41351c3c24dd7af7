#include "daemon/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"

/* From its first day to its last one. Apple's systems refuse more than 825, also of a certificate that
 * a person trusted by hand. */
#define VALID_DAYS 824
#define EARLY_DAYS 1 /* for clocks that are behind */
#define RENEW_DAYS 30
#define DAY_SECONDS (24L * 3600)
#define SERIAL_BYTES 16
#define NAMES_MAX 1024
#define MODE_CHAIN 0644
#define MODE_KEY 0600
#define MODE_FOLDER 0750

static void free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}
static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? "unknown reason" : text;
}

/* ── making ── */

static void add_host(char *names, const char *host)
{
    struct in6_addr ignored;
    bool address =
        inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
    (void)str_append(names, NAMES_MAX, ",%s:%s", address ? "IP" : "DNS", host);
}

/* The host of "host:port" or "[v6]:port"; false when it names every address of the machine. */
static bool listen_host(const char *listen, char *host, size_t size)
{
    const char *end = strrchr(listen, ':');
    const char *begin = listen;
    if (end == NULL)
        return false;
    if (*begin == '[' && end > begin && end[-1] == ']') {
        begin++;
        end--;
    }
    (void)str_copy_n(host, size, begin, (size_t)(end - begin));
    return host[0] != '\0' && !str_equal(host, "0.0.0.0") && !str_equal(host, "::") &&
           !str_equal(host, "*");
}

/* Letters, digits, dots, hyphens: what goes into OpenSSL's little language unharmed. */
static bool plain_name(const char *name)
{
    return name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
               strlen(name);
}

static void subject_names(const struct server_settings *server, char *names, char *machine,
                          size_t machine_size)
{
    char host[SETTINGS_HOST_MAX] = "";
    (void)str_copy(names, NAMES_MAX, "DNS:localhost,IP:127.0.0.1,IP:::1");
    (void)gethostname(machine, machine_size - 1);
    if (!plain_name(machine))
        (void)str_copy(machine, machine_size, "localhost");
    if (!str_equal(machine, "localhost"))
        add_host(names, machine);
    if (listen_host(server->listen, host, sizeof host) && plain_name(host) &&
        !str_equal(host, "127.0.0.1") && !str_equal(host, "::1") && !str_equal(host, "localhost") &&
        !str_equal(host, machine))
        add_host(names, host);
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7F) | 0x40); /* positive, and of full length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const struct server_settings *server)
{
    char names[NAMES_MAX];
    char machine[256] = "";
    subject_names(server, names, machine, sizeof machine);
    X509_NAME *subject = X509_get_subject_name(certificate);
    /* A common name holds 64 characters at most; the names that count are the alternative ones. */
    char common[65];
    (void)str_copy(common, sizeof common, machine);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -EARLY_DAYS * DAY_SECONDS) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate),
                           (VALID_DAYS - EARLY_DAYS) * DAY_SECONDS) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Resus",
                                      -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common,
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, key) == 1 &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, NID_authority_key_identifier, "keyid:always") &&
           add_extension(certificate, NID_subject_alt_name, names) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

static int write_pem(BIO *bio, const char *path, mode_t mode, struct error *err)
{
    char *text = NULL;
    long length = BIO_get_mem_data(bio, &text);
    return file_write_atomic(path, text, (size_t)length, mode, err);
}

static int make(const struct server_settings *server, const char *chain_path, const char *key_path,
                struct error *err)
{
    ATTR_CLEANUP(free_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
    ATTR_CLEANUP(free_x509) X509 *certificate = X509_new();
    ATTR_CLEANUP(free_bio) BIO *chain_pem = BIO_new(BIO_s_mem());
    ATTR_CLEANUP(free_bio) BIO *key_pem = BIO_new(BIO_s_secmem());
    if (key == NULL || certificate == NULL || chain_pem == NULL || key_pem == NULL ||
        !fill(certificate, key, server) || PEM_write_bio_X509(chain_pem, certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1)
        return error_set(err, -EIO, "a certificate could not be made: %s", reason());
    int r = file_make_folder_of(chain_path, MODE_FOLDER, err);
    if (r == 0)
        r = write_pem(key_pem, key_path, MODE_KEY, err);
    if (r == 0)
        r = write_pem(chain_pem, chain_path, MODE_CHAIN, err);
    return r;
}

/* ── reading ── */

static int check_pair(const struct certificate *c, const char *chain_path, const char *key_path,
                      struct error *err)
{
    ATTR_CLEANUP(free_bio) BIO *chain = BIO_new_mem_buf(c->chain.data, (int)c->chain.length);
    ATTR_CLEANUP(free_bio) BIO *key_pem = BIO_new_mem_buf(c->key.data, (int)c->key.length);
    ATTR_CLEANUP(free_x509) X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    if (leaf == NULL)
        return error_set(err, -EINVAL, "%s holds no certificate (PEM): %s", chain_path, reason());
    ATTR_CLEANUP(free_pkey)
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, (void *)(uintptr_t) "");
    if (key == NULL)
        return error_set(err, -EINVAL, "%s holds no private key (PEM, not encrypted): %s", key_path,
                         reason());
    if (X509_check_private_key(leaf, key) != 1) {
        ERR_clear_error();
        return error_set(err, -EINVAL, "%s is not the key of the certificate %s", key_path,
                         chain_path);
    }
    return 0;
}

static bool ends_soon(const struct buf *chain)
{
    ATTR_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(chain->data, (int)chain->length);
    ATTR_CLEANUP(free_x509) X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ERR_clear_error();
    time_t limit = (time_t)(clock_wall().ms / 1000) + RENEW_DAYS * DAY_SECONDS;
    return leaf == NULL || X509_cmp_time(X509_get0_notAfter(leaf), &limit) < 0;
}

static int read_pair(struct certificate *c, const char *chain_path, const char *key_path,
                     struct error *err)
{
    int r = file_read(chain_path, &c->chain, err);
    if (r == 0)
        r = file_read_secret(key_path, &c->key, err);
    if (r == 0)
        r = check_pair(c, chain_path, key_path, err);
    return r;
}

static int load(const struct server_settings *server, struct certificate *c, struct error *err)
{
    char key_path[sizeof c->path];
    if (server->tls_certificate[0] != '\0') {
        (void)str_copy(c->path, sizeof c->path, server->tls_certificate);
        /* One file may hold both. */
        const char *key = server->tls_key[0] != '\0' ? server->tls_key : server->tls_certificate;
        return read_pair(c, c->path, key, err);
    }
    (void)str_format(c->path, sizeof c->path, "%s/tls/certificate.pem", server->state_dir);
    (void)str_format(key_path, sizeof key_path, "%s/tls/key.pem", server->state_dir);
    if (read_pair(c, c->path, key_path, NULL) == 0 && !ends_soon(&c->chain))
        return 0;
    buf_free(&c->chain);
    buf_free(&c->key);
    int r = make(server, c->path, key_path, err);
    c->made = r == 0;
    return r < 0 ? r : read_pair(c, c->path, key_path, err);
}

int certificate_load(const struct server_settings *server, struct certificate *ret,
                     struct error *err)
{
    struct certificate c = {.chain = BUF_LIMIT(CERTIFICATE_BYTES_MAX),
                            .key = BUF_LIMIT(CERTIFICATE_BYTES_MAX)};
    int r = load(server, &c, err);
    if (r < 0) {
        certificate_free(&c);
        return r;
    }
    *ret = c;
    return 0;
}

void certificate_free(struct certificate *c)
{
    buf_free(&c->chain);
    buf_free(&c->key);
}
