/* From a name to a logged-in session: one attempt with one deadline. */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/keyfile.h"
#include "host/ssh_link.h"
#include "io/clock.h"

/* Curve25519 and ECDH only: a DH group 18 exchange would take 149 ms of this thread (engineering
 * notes). */
#define KEY_EXCHANGES                                                                              \
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"        \
    "ecdh-sha2-nistp521"

enum dial_phase { DIAL_RESOLVING, DIAL_CONNECTING, DIAL_KEY_EXCHANGE, DIAL_LOG_IN };
static const char *const phase_words[] = {
    [DIAL_RESOLVING] = "looking up the name",
    [DIAL_CONNECTING] = "connecting",
    [DIAL_KEY_EXCHANGE] = "the key exchange",
    [DIAL_LOG_IN] = "the login",
};

struct resolve;

struct ssh_dial {
    struct ssh_link *link; /* NULL once it is over */
    enum dial_phase phase;
    mono_ms deadline;
    uv_timer_t timer;
    struct resolve *resolve;
    struct sockaddr_storage addresses[SSH_ADDRESSES_MAX];
    size_t address_count, address_at;
    int fd; /* until libssh has it */
    struct fd_watch *poll;
    ssh_session session;
    ssh_key key;
    struct error error;
};

/* getaddrinfo cannot be stopped while it runs: it outlives the attempt. */
struct resolve {
    uv_getaddrinfo_t request;
    struct ssh_dial *dial; /* NULL: nobody waits */
};

static void on_timer_closed(uv_handle_t *handle)
{
    struct ssh_dial *dial = handle->data;
    mem_free(dial);
}

void ssh_dial_drop(struct ssh_dial *dial)
{
    if (dial == NULL)
        return;
    dial->link = NULL;
    if (dial->resolve != NULL) {
        dial->resolve->dial = NULL;
        (void)uv_cancel((uv_req_t *)&dial->resolve->request);
    }
    fd_watch_close(dial->poll);
    if (dial->session != NULL)
        ssh_free(dial->session);
    if (dial->fd >= 0)
        close(dial->fd);
    ssh_key_free(dial->key);
    uv_close((uv_handle_t *)&dial->timer, on_timer_closed);
}

static void end(struct ssh_dial *dial, const struct error *err)
{
    struct ssh_link *link = dial->link;
    ssh_session session = NULL;
    struct fd_watch *poll = NULL;
    if (err == NULL) {
        session = dial->session;
        poll = dial->poll;
        dial->session = NULL;
        dial->poll = NULL;
        fd_watch_set(poll, 0);
    }
    struct error copy = {0};
    if (err != NULL)
        copy = *err; /* it may be in the dial */
    ssh_dial_drop(dial);
    ssh_link_dialled(link, session, poll, &copy);
}

static void fail(struct ssh_dial *dial, int code, const char *format, ...) ATTR_PRINTF(3, 4);
static void fail(struct ssh_dial *dial, int code, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct error err = {0};
    (void)error_set(&err, code, "ssh %s: %s", dial->link->name, text);
    end(dial, &err);
}

/* --- host key --- */

static void server_fingerprint(ssh_session session, char *ret, size_t size)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t length = 0;
    (void)str_copy(ret, size, "unknown");
    if (ssh_get_server_publickey(session, &key) != SSH_OK)
        return;
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK) {
        char *text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
        (void)str_format(ret, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)),
                         text == NULL ? "?" : text);
        ssh_string_free_char(text);
        ssh_clean_pubkey_hash(&hash);
    }
    ssh_key_free(key);
}

/* True when the host is who the file says; else the attempt has failed. */
static bool host_key_good(struct ssh_dial *dial)
{
    const struct ssh_settings *s = &dial->link->settings;
    enum ssh_known_hosts_e known = ssh_session_is_known_server(dial->session);
    if (known == SSH_KNOWN_HOSTS_OK)
        return true;
    char print[128];
    char entry[SETTINGS_HOST_MAX + 16];
    server_fingerprint(dial->session, print, sizeof print);
    if (s->port == 22)
        (void)str_copy(entry, sizeof entry, s->host);
    else
        (void)str_format(entry, sizeof entry, "[%s]:%d", s->host, s->port);
    if (known == SSH_KNOWN_HOSTS_CHANGED || known == SSH_KNOWN_HOSTS_OTHER)
        fail(
            dial, -EKEYREJECTED,
            "the host key CHANGED (now %s, not the one in %s): rebuilt, or an attacker in between. "
            "If rebuilt: `ssh-keygen -R '%s' -f %s; ssh-keyscan -p %d %s >> %s`",
            print, s->known_hosts, entry, s->known_hosts, s->port, s->host, s->known_hosts);
    else if (known == SSH_KNOWN_HOSTS_UNKNOWN || known == SSH_KNOWN_HOSTS_NOT_FOUND)
        fail(dial, -ENOKEY,
             "the host is not in %s (it shows %s): compare on the host, then `ssh-keyscan -p %d %s "
             ">> %s`",
             s->known_hosts, print, s->port, s->host, s->known_hosts);
    else
        fail(dial, -EIO, "cannot check the host key against %s: %s", s->known_hosts,
             ssh_get_error(dial->session));
    return false;
}

/* --- key exchange and login, driven by the socket --- */

static void watch(struct ssh_dial *dial)
{
    int flags = ssh_get_poll_flags(dial->session);
    fd_watch_set(dial->poll, UV_READABLE | ((flags & SSH_WRITE_PENDING) != 0 ? UV_WRITABLE : 0));
}

static void log_in(struct ssh_dial *dial)
{
    const struct ssh_settings *s = &dial->link->settings;
    switch (ssh_userauth_publickey(dial->session, NULL, dial->key)) {
    case SSH_AUTH_SUCCESS:
        end(dial, NULL);
        return;
    case SSH_AUTH_AGAIN:
        watch(dial);
        return;
    case SSH_AUTH_DENIED:
        fail(dial, SSH_KEY_REFUSED,
             "the host refused the key %s: put its public half into %s's authorized_keys there "
             "(`ssh-keygen -y -f %s` prints it)",
             s->key, s->user, s->key);
        return;
    case SSH_AUTH_PARTIAL:
        fail(dial, -EACCES, "the host wants more than the key %s", s->key);
        return;
    default:
        fail(dial, -EIO, "login failed: %s", ssh_get_error(dial->session));
    }
}

static void exchange_keys(struct ssh_dial *dial)
{
    switch (ssh_connect(dial->session)) {
    case SSH_OK:
        if (!host_key_good(dial))
            return;
        dial->phase = DIAL_LOG_IN;
        log_in(dial);
        return;
    case SSH_AGAIN:
        watch(dial);
        return;
    default:
        fail(dial, -ECONNABORTED, "key exchange failed: %s", ssh_get_error(dial->session));
    }
}

static void on_session_ready(void *context, int status, int events)
{
    struct ssh_dial *dial = context;
    (void)status, (void)events; /* libssh finds out itself */
    if (dial->phase == DIAL_LOG_IN)
        log_in(dial);
    else
        exchange_keys(dial);
}

static bool set_options(ssh_session session, const struct ssh_settings *s, int fd)
{
    int no = 0;
    int yes = 1;
    unsigned port = (unsigned)s->port;
    return ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_HOST, s->host) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_USER, s->user) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, s->known_hosts) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &yes) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, KEY_EXCHANGES) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_FD, &fd) == SSH_OK;
}

static void begin_session(struct ssh_dial *dial)
{
    /* Read at each attempt: a key that was exchanged holds from the next session on. */
    struct error err = {0};
    if (keyfile_load(dial->link->settings.key, &dial->key, &err) < 0) {
        end(dial, &err);
        return;
    }
    dial->phase = DIAL_KEY_EXCHANGE;
    dial->session = ssh_new();
    if (dial->session == NULL || !set_options(dial->session, &dial->link->settings, dial->fd)) {
        fail(dial, -EINVAL, "libssh refuses the settings: %s",
             dial->session == NULL ? "out of memory" : ssh_get_error(dial->session));
        return;
    }
    dial->fd = -1; /* libssh closes it */
    ssh_set_blocking(dial->session, 0);
    fd_watch_handler(dial->poll, on_session_ready, dial);
    exchange_keys(dial);
}

/* --- connecting, one address after the other --- */

static void connect_next(struct ssh_dial *dial);
static void on_time(uv_timer_t *timer);

static void on_connected(void *context, int status, int events)
{
    struct ssh_dial *dial = context;
    (void)status, (void)events; /* the socket knows better */
    int code = 0;
    socklen_t size = sizeof code;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
        code = errno;
    if (code == EINPROGRESS)
        return;
    fd_watch_set(dial->poll, 0);
    if (code != 0) {
        (void)error_set_errno(&dial->error, -code, "ssh %s: connect", dial->link->name);
        connect_next(dial);
        return;
    }
    int64_t left = mono_since(dial->deadline, clock_mono());
    (void)uv_timer_start(&dial->timer, on_time, left > 0 ? (uint64_t)left : 0, 0);
    begin_session(dial);
}

static int open_socket(struct ssh_dial *dial, const struct sockaddr_storage *address)
{
    dial->fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dial->fd < 0)
        return -errno;
    int yes = 1;
    unsigned user_timeout = SSH_DEAD_MS;
    (void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(dial->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (connect(dial->fd, (const struct sockaddr *)address, size) < 0 && errno != EINPROGRESS)
        return -errno;
    return fd_watch_new(&dial->link->thread->loop, dial->fd, on_connected, dial, &dial->poll);
}

static void connect_next(struct ssh_dial *dial)
{
    fd_watch_close(dial->poll);
    dial->poll = NULL;
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
    while (dial->address_at < dial->address_count) {
        size_t left = dial->address_count - dial->address_at;
        int r = open_socket(dial, &dial->addresses[dial->address_at++]);
        if (r == 0) {
            int64_t rest = mono_since(dial->deadline, clock_mono());
            uint64_t share = rest > 0 ? (uint64_t)rest / left : 0;
            (void)uv_timer_start(&dial->timer, on_time, share, 0);
            fd_watch_set(dial->poll, UV_WRITABLE);
            return;
        }
        (void)error_set_errno(&dial->error, r, "ssh %s: connect", dial->link->name);
        if (dial->fd >= 0)
            close(dial->fd);
        dial->fd = -1;
    }
    struct error err = dial->error;
    end(dial, &err);
}

static void on_time(uv_timer_t *timer)
{
    struct ssh_dial *dial = timer->data;
    if (dial->phase == DIAL_CONNECTING && dial->address_at < dial->address_count) {
        (void)error_set(&dial->error, -ETIMEDOUT, "ssh %s: connect: no answer", dial->link->name);
        connect_next(dial);
        return;
    }
    fail(dial, -ETIMEDOUT, "%s took more than %d s: is the host up, and no firewall in between?",
         phase_words[dial->phase], SSH_DIAL_MS / 1000);
}

/* --- the name --- */

static void add_address(struct ssh_dial *dial, const struct sockaddr *address)
{
    if (dial->address_count == SSH_ADDRESSES_MAX)
        return;
    size_t size = address->sa_family == AF_INET6  ? sizeof(struct sockaddr_in6)
                  : address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                  : 0;
    if (size > 0)
        memcpy(&dial->addresses[dial->address_count++], address, size);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolve *resolve = request->data;
    struct ssh_dial *dial = resolve->dial;
    if (dial != NULL) {
        dial->resolve = NULL;
        for (struct addrinfo *a = list; status == 0 && a != NULL; a = a->ai_next)
            add_address(dial, a->ai_addr);
        if (dial->address_count > 0) {
            dial->phase = DIAL_CONNECTING;
            connect_next(dial);
        } else {
            fail(dial, -EHOSTUNREACH, "the name %s has no address: %s", dial->link->settings.host,
                 status < 0 ? uv_strerror(status) : "nothing usable");
        }
    }
    uv_freeaddrinfo(list);
    mem_free(resolve);
}

static int resolve_name(struct ssh_dial *dial)
{
    const struct ssh_settings *s = &dial->link->settings;
    char port[8];
    (void)str_format(port, sizeof port, "%d", s->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct resolve *resolve = mem_calloc(1, sizeof *resolve);
    if (resolve == NULL)
        return -ENOMEM;
    resolve->request.data = resolve;
    int r = uv_getaddrinfo(&dial->link->thread->loop, &resolve->request, on_resolved, s->host, port,
                           &hints);
    if (r < 0) {
        mem_free(resolve);
        return r;
    }
    resolve->dial = dial;
    dial->resolve = resolve;
    return 0;
}

/* A turn of the loop after the start, so that nothing ends on the starter's stack. */
static void on_begin(uv_timer_t *timer)
{
    struct ssh_dial *dial = timer->data;
    const struct ssh_settings *s = &dial->link->settings;
    (void)uv_timer_start(&dial->timer, on_time, SSH_DIAL_MS, 0);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(s->host, s->port, &v4) == 0)
        add_address(dial, (const struct sockaddr *)&v4);
    else if (uv_ip6_addr(s->host, s->port, &v6) == 0)
        add_address(dial, (const struct sockaddr *)&v6);
    if (dial->address_count > 0) {
        dial->phase = DIAL_CONNECTING;
        connect_next(dial);
        return;
    }
    int r = resolve_name(dial);
    if (r < 0)
        fail(dial, r, "looking up %s: %s", s->host, uv_strerror(r));
}

int ssh_dial_start(struct ssh_link *link, struct ssh_dial **ret, struct error *err)
{
    struct ssh_dial *dial = mem_calloc(1, sizeof *dial);
    if (dial == NULL)
        return error_set(err, -ENOMEM, "ssh %s: out of memory", link->name);
    dial->link = link;
    dial->fd = -1;
    dial->deadline = mono_add(clock_mono(), SSH_DIAL_MS);
    (void)uv_timer_init(&link->thread->loop, &dial->timer);
    dial->timer.data = dial;
    (void)uv_timer_start(&dial->timer, on_begin, 0, 0);
    *ret = dial;
    return 0;
}
