#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "web/connection.h"

/* Of what a WebSocket client says at once: nothing is expected, it is dropped. */
#define MESSAGE_BYTES 256
#define LISTEN_FDS 64 /* beside the connections: listener, link, loop, log */
/* A whole TLS record (16 KB) and more: what is left of one in OpenSSL after two reads, 4.1.6 on
 * libuv never fetches; bodies of 8 to 16 KB would wait for their timeout. */
#define READ_MAX (20 * 1024)

/* ── connections ── */

static bool is_own_machine(const char *address)
{
    return str_starts(address, "127.") || str_equal(address, "::1");
}

/* An IPv4 peer of a socket that speaks both is written as people know it. */
static void read_address(struct lws *wsi, char *to, size_t size)
{
    static const char mapped[] = "::ffff:";
    char text[64] = "";
    (void)lws_get_peer_simple(wsi, text, sizeof text);
    bool is_mapped = str_starts(text, mapped) && strchr(text, '.') != NULL;
    (void)str_copy(to, size, is_mapped ? text + sizeof mapped - 1 : text);
}

static size_t connections_of(const struct server *s, const char *address)
{
    size_t count = 0;
    for (const struct connection *c = s->connections; c != NULL; c = c->next)
        count += str_equal(c->address, address);
    return count;
}

static int connection_arrived(struct server *s, struct lws *wsi)
{
    struct connection *c = s->count < SERVER_CONNECTIONS_MAX ? mem_calloc(1, sizeof *c) : NULL;
    if (c == NULL)
        return -1;
    read_address(wsi, c->address, sizeof c->address);
    if (!is_own_machine(c->address) &&
        connections_of(s, c->address) >= SERVER_ADDRESS_CONNECTIONS_MAX) {
        mem_free(c);
        return -1;
    }
    c->server = s;
    c->wsi = wsi;
    c->next = s->connections;
    if (c->next != NULL)
        c->next->previous = c;
    s->connections = c;
    s->count++;
    lws_set_opaque_user_data(wsi, c);
    return 0;
}

static void connection_gone(struct connection *c)
{
    struct server *s = c->server;
    conversation_drop(c);
    exchange_drop(c);
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        s->connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    s->count--;
    lws_set_opaque_user_data(c->wsi, NULL);
    mem_free(c);
}

/* ── libwebsockets' events ── */

static int on_connection(struct connection *c, enum lws_callback_reasons reason, void *in,
                         size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return exchange_begin(c);
    case LWS_CALLBACK_HTTP_BODY:
        return exchange_body(c, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return exchange_body_done(c);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return exchange_writable(c);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return exchange_upgrade(c);
    case LWS_CALLBACK_ESTABLISHED:
        conversation_open(c);
        return c->conversation == NULL ? -1 : 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return conversation_writable(c);
    case LWS_CALLBACK_CLOSED:
        conversation_drop(c);
        return 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        exchange_drop(c);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        connection_gone(c);
        return 0;
    default:
        return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct server *s = lws_context_user(lws_get_context(wsi));
    struct connection *c = lws_get_opaque_user_data(wsi);
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        s->tls = user;
        return tls_prepare(user, s->certificate, s->key, s->tls_error) < 0 ? -1 : 0;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return connection_arrived(s, wsi);
    default:
        return c == NULL ? 0 : on_connection(c, reason, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "resus",
     .callback = on_event,
     .rx_buffer_size = MESSAGE_BYTES,
     .tx_packet_size = READ_MAX},
    {.name = NULL},
};

/* What libwebsockets says on its own: errors only, and never a client's bytes at a higher level. */
static void on_library_log(int level, const char *line)
{
    (void)level;
    log_debug("web", "libwebsockets: %s", line);
}

int server_certificate(struct server *server, const char *certificate, const char *key,
                       struct error *err)
{
    return tls_prepare(server->tls, certificate, key, err);
}

void server_hsts(struct server *server, bool hsts)
{
    server->hsts = hsts;
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

int server_open(uv_loop_t *loop, const struct server_options *options,
                const struct server_events *events, struct server **ret, struct error *err)
{
    static const lws_retry_bo_t liveness = {.secs_since_valid_ping = SERVER_PING_SECONDS,
                                            .secs_since_valid_hangup = SERVER_HANGUP_SECONDS};
    struct server *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    void *loops[] = {loop};
    struct error tls = {0};
    s->events = *events;
    s->loop = loop;
    s->hsts = options->hsts;
    s->certificate = options->certificate;
    s->key = options->key;
    s->tls_error = &tls;
    lws_set_log_level(LLL_ERR, on_library_log);
    struct lws_context_creation_info info = {
        .port = options->port,
        .iface = options->host,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .alpn = "http/1.1",
        .foreign_loops = loops,
        .user = s,
        .vhost_name = "resus",
        .timeout_secs = SERVER_HEAD_SECONDS,
        .timeout_secs_ah_idle = SERVER_HEAD_SECONDS,
        .keepalive_timeout = SERVER_IDLE_SECONDS,
        .max_http_header_data2 = SERVER_HEAD_MAX,
        .max_http_header_pool2 = SERVER_CONNECTIONS_MAX,
        .fd_limit_per_thread = SERVER_CONNECTIONS_MAX + LISTEN_FDS,
        .retry_and_idle_policy = &liveness,
        .count_threads = 1,
        .pt_serv_buf_size = READ_MAX,
    };
    /* -1: stay who we are; signed in Debian 12's header and unsigned in 13's. */
    memset(&info.gid, 0xff, sizeof info.gid);
    memset(&info.uid, 0xff, sizeof info.uid);
    int r = id_prefix(s->id_prefix, sizeof s->id_prefix, err);
    if (r == 0 && (s->context = lws_create_context(&info)) == NULL)
        r = error_set(err, -EIO, "libwebsockets cannot start (is libwebsockets-evlib-uv there?)");
    if (r == 0 && (s->vhost = lws_create_vhost(s->context, &info)) == NULL)
        r = error_set(err, -EADDRINUSE, "cannot listen on %s port %d: %s",
                      options->host == NULL ? "every address" : options->host, options->port,
                      tls.code != 0 ? tls.text : "it is taken, or not an address of this machine");
    s->certificate = s->key = NULL;
    s->tls_error = NULL;
    if (r < 0)
        return r; /* the process ends: nothing is taken apart */
    *ret = s;
    return 0;
}
