#include "notify/outgoing.h"

#include <arpa/inet.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "settings/channel_url.h"

/* The address that is really connected to, after names, odd spellings of numbers and proxies. */
static bool link_local(const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    return channel_host_link_local(text);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct outgoing_guard *guard = context;
    (void)purpose;
    if (link_local(&address->addr)) {
        guard->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURL *outgoing_handle(const struct curl_calls *curl, const struct outgoing *o,
                      struct outgoing_guard *guard)
{
    long total = (long)o->timeout_ms;
    long connect = total < OUTGOING_CONNECT_MS ? total : OUTGOING_CONNECT_MS;
    CURL *easy = curl->easy_init();
    if (easy == NULL)
        return NULL;
    int failed = (int)curl->easy_setopt(easy, CURLOPT_URL, o->url) |
                 (int)curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, o->protocols) |
                 (int)curl->easy_setopt(easy, CURLOPT_PROXY, o->proxy) | /* "" = none at all */
                 (int)curl->easy_setopt(easy, CURLOPT_NOPROXY, "") |
                 (int)curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect) |
                 (int)curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, total) |
                 (int)curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) |
                 (int)curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) |
                 (int)curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, guard);
    if (o->ca_file[0] != '\0')
        failed |= (int)curl->easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
    if (failed == 0)
        return easy;
    curl->easy_cleanup(easy);
    return NULL;
}

void outgoing_failure(const struct curl_calls *curl, CURL *easy, CURLcode result,
                      const struct outgoing_guard *guard, char to[OUTGOING_ERROR_MAX])
{
    long number = 0, verified = 0;
    (void)curl->easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    (void)curl->easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (guard->refused)
        (void)str_copy(to, OUTGOING_ERROR_MAX, "the address is link-local, which is refused");
    else if (result == CURLE_COULDNT_CONNECT && number != 0)
        (void)str_format(to, OUTGOING_ERROR_MAX, "cannot connect: %s", strerror((int)number));
    else if (result == CURLE_SSL_CACERT_BADFILE)
        (void)str_copy(to, OUTGOING_ERROR_MAX,
                       "the CA certificates cannot be read: install ca-certificates, or give "
                       "`ca_file`");
    else if (result == CURLE_OPERATION_TIMEDOUT)
        (void)str_copy(to, OUTGOING_ERROR_MAX, "timed out");
    else if (result == CURLE_PEER_FAILED_VERIFICATION)
        (void)str_format(
            to, OUTGOING_ERROR_MAX,
            "the certificate is not trusted: %s. With a CA of your own, give `ca_file`",
            verified != 0 ? X509_verify_cert_error_string(verified) : "it is for another name");
    else
        (void)str_copy(to, OUTGOING_ERROR_MAX, curl->easy_strerror(result));
}
