#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"
#include "web/connection.h"

#define BACKLOG 4096
#define ACCEPT_ROUND 64 /* in one turn of the loop */
#define SWEEP_MS 1000

static void on_listener(uv_poll_t *poll, int status, int events);

/* ── arriving ── */

/* The machine itself, or a proxy that stands for many. */
static bool is_privileged(const struct server *s, const char *address)
{
    return str_starts(address, "127.") || str_equal(address, "::1") ||
           proxies_hold(&s->proxies, address);
}

static void read_address(const struct sockaddr_storage *from, char *to, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)from;
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    } else {
        const struct sockaddr_in *v4 = (const void *)from;
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    }
    if (!network_plain(text, to, size))
        (void)str_copy(to, size, text);
}

static bool has_room(const struct server *s, const char *address)
{
    size_t count = 0;
    char network[NETWORK_TEXT_MAX];
    if (is_privileged(s, address))
        return s->count < SERVER_CONNECTIONS_MAX;
    if (s->count >= SERVER_CONNECTIONS_MAX - SERVER_SPARE_CONNECTIONS)
        return false;
    network_of(address, network, sizeof network);
    for (const struct connection *c = s->connections; c != NULL; c = c->next)
        count += str_equal(c->network, network);
    return count < SERVER_ADDRESS_CONNECTIONS_MAX;
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct server *s = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPT_ROUND; i++) {
        const int one = 1;
        char address[INET6_ADDRSTRLEN];
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int fd =
            accept4(s->listener_fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
            s->deaf = true; /* it would see the same connection without end */
            (void)uv_poll_stop(&s->listener);
        }
        if (fd < 0)
            return;
        read_address(&from, address, sizeof address);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (!has_room(s, address))
            (void)close(fd);
        else
            (void)connection_begin(s, fd, address);
    }
}

/* ── time ── */

static void on_sweep(uv_timer_t *timer)
{
    struct server *s = timer->data;
    mono_ms now = clock_mono();
    struct connection *next;
    for (struct connection *c = s->connections; c != NULL; c = next) {
        next = c->next;
        connection_late(c, now);
    }
    if (s->deaf && uv_poll_start(&s->listener, UV_READABLE, on_listener) == 0)
        s->deaf = false;
}

/* ── opening ── */

int server_certificate(struct server *server, const char *certificate, const char *key,
                       struct error *err)
{
    return tls_prepare(server->tls, certificate, key, err);
}

void server_hsts(struct server *server, bool hsts)
{
    server->hsts = hsts;
}

void server_proxies(struct server *server, const json_t *proxies)
{
    proxies_set(&server->proxies, proxies);
}

static int id_prefix(char *to, size_t size, struct error *err)
{
    unsigned char bytes[5];
    int r = uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);
    if (r < 0)
        return error_set(err, r, "no random bytes: %s", uv_strerror(r));
    to[0] = '\0';
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)str_append(to, size, "%02x", bytes[i]);
    return 0;
}

static int listen_on(const struct addrinfo *where, int *ret)
{
    const int on = 1;
    const int off = 0;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, where->ai_addr, where->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int r = -errno;
        (void)close(fd);
        return r;
    }
    *ret = fd;
    return 0;
}

/* Every address is one socket for both families, or one for the older where there is no IPv6. A
 * name is taken for the older first. */
static int find_and_listen(const char *host, int port, int *ret)
{
    const int families[] = {host == NULL ? AF_INET6 : AF_INET, host == NULL ? AF_INET : AF_INET6};
    char service[16];
    int r = -EADDRNOTAVAIL;
    (void)str_format(service, sizeof service, "%d", port);
    for (size_t i = 0; i < ARRAY_LENGTH(families) && r < 0 && r != -EADDRINUSE; i++) {
        const struct addrinfo wanted = {.ai_family = families[i],
                                        .ai_socktype = SOCK_STREAM,
                                        .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
        struct addrinfo *found = NULL;
        if (getaddrinfo(host, service, &wanted, &found) != 0)
            continue;
        r = listen_on(found, ret);
        freeaddrinfo(found);
    }
    return r;
}

static int start(struct server *s)
{
    int r = uv_poll_init(s->loop, &s->listener, s->listener_fd);
    if (r == 0)
        r = uv_timer_init(s->loop, &s->sweep);
    if (r == 0)
        r = uv_idle_init(s->loop, &s->idle);
    s->listener.data = s->sweep.data = s->idle.data = s;
    if (r == 0)
        r = uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return r == 0 ? uv_poll_start(&s->listener, UV_READABLE, on_listener) : r;
}

int server_open(uv_loop_t *loop, const struct server_options *options,
                const struct server_events *events, struct server **ret, struct error *err)
{
    struct server *s = mem_calloc(1, sizeof *s);
    if (s == NULL || (s->tls = SSL_CTX_new(TLS_server_method())) == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->events = *events;
    s->loop = loop;
    s->hsts = options->hsts;
    proxies_set(&s->proxies, options->proxies);
    int r = id_prefix(s->id_prefix, sizeof s->id_prefix, err);
    if (r == 0)
        r = tls_prepare(s->tls, options->certificate, options->key, err);
    if (r < 0)
        return r; /* the process ends: nothing is taken apart */
    r = find_and_listen(options->host, options->port, &s->listener_fd);
    if (r == 0)
        r = start(s);
    if (r < 0)
        return error_set(err, r, "cannot listen on %s port %d: %s",
                         options->host == NULL ? "every address" : options->host, options->port,
                         uv_strerror(r));
    *ret = s;
    return 0;
}
