#include "restore/way_back.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

#define LOOK_MS 50
#define ROOM_MS 1 /* a peer that does not read does not make the loop spin */
#define BLOCK_BYTES ((size_t)64 * 1024)

struct way_back {
    uv_async_t news;
    uv_thread_t thread;
    char socket[SETTINGS_PATH_MAX], host[SETTINGS_HOST_MAX];
    int port;
    way_back_remote *remote;
    struct ssh_settings ssh;
    int64_t accept_ms;
    atomic_bool stop;
    /* of the thread, read by the loop after `news` */
    atomic_bool listens, over;
    char address[WAY_BACK_ADDRESS_SIZE];
    int listen_port;
    struct error error;
    /* the loop's */
    bool told;
    way_back_open *open;
    way_back_ended *ended; /* NULL: cancelled */
    void *context;
};

/* ── its thread ── */

void way_back_listens(struct way_back *w, const char *address, int port)
{
    (void)str_copy(w->address, sizeof w->address, address);
    w->listen_port = port;
    atomic_store(&w->listens, true);
    (void)uv_async_send(&w->news);
}

int way_back_connect(struct way_back *w, struct error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && str_copy(at.sun_path, sizeof at.sun_path, w->socket) &&
        connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    int code = -errno;
    if (fd >= 0)
        close(fd);
    return error_set_errno(err, code, "cannot reach the server of the backup");
}

/* Moves what is there and what fits. -1: the stream has ended. */
static int move(struct way_back *w, int from, int to, char *block)
{
    struct pollfd room = {.fd = to, .events = POLLOUT};
    if (poll(&room, 1, ROOM_MS) <= 0)
        return 0;
    ssize_t n = recv(from, block, BLOCK_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return -1;
    for (ssize_t sent = 0; sent < n;) {
        ssize_t part = send(to, block + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (part < 0 && ((errno != EAGAIN && errno != EINTR) || atomic_load(&w->stop)))
            return -1;
        sent += part > 0 ? part : 0;
    }
    return 1;
}

static bool wait_for_any(int a, int b)
{
    struct pollfd fds[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    return poll(fds, 2, LOOK_MS) >= 0 || errno == EINTR;
}

static void pump(struct way_back *w, int a, int b)
{
    static const struct timeval patience = {.tv_usec = LOOK_MS * 1000};
    char block[BLOCK_BYTES];
    (void)setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(b, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while (!atomic_load(&w->stop) && wait_for_any(a, b)) {
        int down = move(w, a, b, block);
        int up = move(w, b, a, block);
        if (down < 0 || up < 0)
            return;
    }
}

/* Our address as that server sees it, and the address it comes from. */
static int find_addresses(const struct way_back *w, struct sockaddr_storage *own,
                          struct sockaddr_storage *peer, socklen_t *length, struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int r = getaddrinfo(w->host[0] == '\0' ? "127.0.0.1" : w->host, "6379", &hints, &found);
    if (r != 0)
        return error_set(err, -EHOSTUNREACH, "cannot resolve %s: %s", w->host, gai_strerror(r));
    int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *length = sizeof *own;
    memcpy(peer, found->ai_addr, found->ai_addrlen);
    bool ok = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
              getsockname(fd, (struct sockaddr *)own, length) == 0;
    int code = -errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return ok ? 0 : error_set_errno(err, code, "there is no way to %s", w->host);
}

static void *address_of(struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)a)->sin6_addr
                                    : (void *)&((struct sockaddr_in *)a)->sin_addr;
}

static in_port_t *port_of(struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)a)->sin6_port
                                    : &((struct sockaddr_in *)a)->sin_port;
}

static bool same_address(struct sockaddr_storage *a, struct sockaddr_storage *b)
{
    size_t size = a->ss_family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    return a->ss_family == b->ss_family && memcmp(address_of(a), address_of(b), size) == 0;
}

static int listen_at(struct sockaddr_storage *own, socklen_t length, struct error *err)
{
    int fd = socket(own->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *port_of(own) = 0;
    if (fd >= 0 && bind(fd, (const struct sockaddr *)own, length) == 0 && listen(fd, 4) == 0 &&
        getsockname(fd, (struct sockaddr *)own, &length) == 0)
        return fd;
    int code = -errno;
    if (fd >= 0)
        close(fd);
    return error_set_errno(err, code, "cannot listen for the server");
}

/* Others are turned away: they would get the data. */
static int accept_from(struct way_back *w, int listener, struct sockaddr_storage *peer,
                       struct error *err)
{
    mono_ms deadline = mono_add(clock_mono(), w->accept_ms);
    while (!atomic_load(&w->stop)) {
        struct sockaddr_storage from = {0};
        socklen_t length = sizeof from;
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        (void)poll(&ready, 1, LOOK_MS);
        int fd = accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC);
        if (fd >= 0 && same_address(&from, peer))
            return fd;
        if (fd >= 0)
            close(fd);
        if (mono_reached(clock_mono(), deadline))
            return error_set(err, -ETIMEDOUT,
                             "no connection came from %s to %s:%d within %lld s: is there a "
                             "firewall in between?",
                             w->host, w->address, w->listen_port, (long long)(w->accept_ms / 1000));
    }
    return error_set(err, -ECANCELED, "it was cancelled");
}

static int carry(struct way_back *w, int fd, struct error *err)
{
    int server = way_back_connect(w, err);
    if (server < 0)
        return server;
    pump(w, fd, server);
    close(server);
    return 0;
}

static int let_in(struct way_back *w, struct error *err)
{
    struct sockaddr_storage own = {0};
    struct sockaddr_storage peer = {0};
    socklen_t length = 0;
    char address[WAY_BACK_ADDRESS_SIZE];
    int r = find_addresses(w, &own, &peer, &length, err);
    if (r < 0)
        return r;
    int listener = listen_at(&own, length, err);
    if (listener < 0)
        return listener;
    (void)inet_ntop(own.ss_family, address_of(&own), address, sizeof address);
    way_back_listens(w, address, ntohs(*port_of(&own)));
    int fd = accept_from(w, listener, &peer, err);
    close(listener);
    if (fd < 0)
        return fd;
    r = carry(w, fd, err);
    close(fd);
    return r;
}

static void run(void *context)
{
    struct way_back *w = context;
    int r = w->remote == NULL ? let_in(w, &w->error)
                              : w->remote(&w->ssh, w->accept_ms, &w->stop, w, &w->error);
    if (r == 0)
        (void)error_set(&w->error, -EPIPE, "the connection to the server of the backup has ended");
    atomic_store(&w->over, true);
    (void)uv_async_send(&w->news);
}

/* ── the loop ── */

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_news(uv_async_t *news)
{
    struct way_back *w = news->data;
    bool over = atomic_load(&w->over);
    if (atomic_load(&w->listens) && !w->told && w->ended != NULL) {
        w->told = true;
        w->open(w->context, w->address, w->listen_port);
    }
    if (!over)
        return;
    (void)uv_thread_join(&w->thread);
    if (w->ended != NULL)
        w->ended(w->context, &w->error);
    uv_close((uv_handle_t *)&w->news, on_closed);
}

int way_back_start(uv_loop_t *loop, const struct way_back_options *options, way_back_open *open,
                   way_back_ended *ended, void *context, struct way_back **ret, struct error *err)
{
    struct way_back *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    w->remote = options->remote;
    w->accept_ms = options->accept_ms;
    w->open = open;
    w->ended = ended;
    w->context = context;
    if (options->ssh != NULL)
        w->ssh = *options->ssh;
    (void)str_copy(w->socket, sizeof w->socket, options->socket);
    (void)str_copy(w->host, sizeof w->host,
                   options->redis->socket[0] == '\0' ? options->redis->host : "");
    int r = uv_async_init(loop, &w->news, on_news);
    if (r < 0) {
        mem_free(w);
        return error_set(err, r, "cannot begin: %s", uv_strerror(r));
    }
    w->news.data = w;
    r = uv_thread_create(&w->thread, run, w);
    if (r < 0) {
        uv_close((uv_handle_t *)&w->news, on_closed);
        return error_set(err, r, "cannot begin a thread: %s", uv_strerror(r));
    }
    *ret = w;
    return 0;
}

void way_back_cancel(struct way_back *w)
{
    if (w == NULL)
        return;
    w->ended = NULL;
    atomic_store(&w->stop, true);
}
