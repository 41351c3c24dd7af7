#include "web_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "plain_tls.h"
#include "web/connection.h"

#define WAITING_MAX 4
#define LONG_ANSWER ((size_t)300 * 1024)
#define LONG_MESSAGE ((size_t)70 * 1024)
#define TURNS_MAX 1000

static struct {
    uv_loop_t loop;
    struct server *server;
    struct dice dice;
    bool calm;
    struct peer_record record;
    struct request *waiting[WAITING_MAX];
    struct websocket *websocket;
} peer;

/* ── in place of the site ── */

static void digest(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        peer.record.seen = (peer.record.seen ^ at[i]) * UINT64_C(0x100000001B3);
    peer.record.seen = (peer.record.seen ^ 0x100) * UINT64_C(0x100000001B3);
}

static void answer(struct request *x)
{
    static char body[LONG_ANSWER];
    const struct request_info *request = request_info(x);
    struct answer a = {.status = 200, .body = "{}", .length = 2};
    if (strstr(request->path, "big") != NULL)
        a = (struct answer){
            .status = 200, .type = "text/plain", .body = body, .length = LONG_ANSWER};
    if (strstr(request->path, "same") != NULL)
        a = (struct answer){.status = 304, .lines = "ETag: \"1\"\r\n"};
    a.close = strstr(request->path, "end") != NULL;
    peer.record.answers++;
    request_answer(x, &a);
}

static void on_request(void *context, struct request *x)
{
    const struct request_info *request = request_info(x);
    char value[SERVER_HEADER_VALUE_MAX];
    (void)context;
    PROMISE(request->method != NULL && request->path != NULL && request->body != NULL);
    PROMISE(strlen(request->path) < SERVER_PATH_MAX && strlen(request->query) < SERVER_QUERY_MAX);
    PROMISE(request->body_length <= SERVER_BODY_MAX && strchr(request->path, '%') == NULL);
    PROMISE(strstr(request->path, "/../") == NULL && strstr(request->path, "//") == NULL);
    peer.record.requests++;
    digest(request->method, strlen(request->method));
    digest(request->path, strlen(request->path));
    digest(request->query, strlen(request->query));
    digest(request->body, request->body_length);
    for (int header = 0; header < HEADER_COUNT; header++)
        if (request_header(x, (enum server_header)header, value, sizeof value))
            PROMISE(value[0] != '\0' && strpbrk(value, "\r\n") == NULL);
    if (str_equal(request->method, "WS") && strstr(request->path, "ws") != NULL) {
        peer.record.accepted++;
        request_accept(x, &peer);
        return;
    }
    for (size_t i = 0; i < WAITING_MAX && !peer.calm && !str_equal(request->method, "WS"); i++)
        if (peer.waiting[i] == NULL && strstr(request->path, "later") != NULL) {
            peer.waiting[i] = x;
            return;
        }
    answer(x);
}

static void on_gone(void *context, struct request *x)
{
    bool known = false;
    (void)context;
    for (size_t i = 0; i < WAITING_MAX; i++)
        if (peer.waiting[i] == x) {
            peer.waiting[i] = NULL;
            known = true;
        }
    PROMISE(known);
    peer.record.answers++;
}

static void on_opened(void *context, struct websocket *c)
{
    (void)context;
    PROMISE(websocket_data(c) == &peer && peer.websocket == NULL);
    peer.record.opened++;
    peer.websocket = c;
    (void)websocket_say(c, "hello", 5);
}

static void on_closed(void *context, struct websocket *c)
{
    (void)context;
    PROMISE(peer.websocket == c);
    peer.record.closed++;
    peer.websocket = NULL;
}

static void on_unopened(void *context, void *data)
{
    (void)context;
    PROMISE(data == &peer);
    peer.record.opened++;
    peer.record.closed++;
}

/* ── the peer ── */

static void prepare(void)
{
    static const struct server_events events = {.request = on_request,
                                                .gone = on_gone,
                                                .opened = on_opened,
                                                .closed = on_closed,
                                                .unopened = on_unopened};
    if (peer.server != NULL)
        return;
    PROMISE(uv_loop_init(&peer.loop) == 0);
    peer.server = plain_server(&peer.loop, &events);
}

static void turn(void)
{
    (void)uv_run(&peer.loop, UV_RUN_NOWAIT);
}

static void read_all(int fd)
{
    char bytes[65536];
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void say(void)
{
    static char text[LONG_MESSAGE];
    struct websocket *c = peer.websocket;
    if (c == NULL)
        return;
    memset(text, 'x', sizeof text);
    switch (dice_throw(&peer.dice, 16)) {
    case 1:
        (void)websocket_say(c, text, 1 + dice_throw(&peer.dice, 200));
        break;
    case 2:
        (void)websocket_say(c, text, sizeof text);
        break;
    case 3:
        websocket_end(c, 4401, "the login has ended");
        break;
    default:
        break;
    }
}

static void chance(int fd)
{
    static const int64_t times[] = {0, 12000, 31000, 61000, 200000};
    if (peer.calm)
        return;
    for (size_t i = 0; i < WAITING_MAX; i++)
        if (peer.waiting[i] != NULL && dice_throw(&peer.dice, 3) == 1) {
            struct request *x = peer.waiting[i];
            peer.waiting[i] = NULL;
            answer(x);
        }
    say();
    plain_tls.pending = dice_throw(&peer.dice, 2) == 1;
    if (dice_throw(&peer.dice, 2) == 0)
        read_all(fd);
    struct connection *c = peer.server->connections;
    if (c != NULL && dice_throw(&peer.dice, 16) == 1)
        connection_late(c,
                        mono_add(clock_mono(), times[dice_throw(&peer.dice, ARRAY_LENGTH(times))]));
}

void peer_run(struct input bytes, struct dice dice, bool calm, struct peer_record *ret)
{
    int ends[2];
    prepare();
    peer.dice = dice;
    peer.calm = calm;
    plain_tls = (struct plain_tls){.dice = calm ? NULL : &peer.dice};
    peer.record = (struct peer_record){.seen = UINT64_C(0xCBF29CE484222325)};
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    PROMISE(connection_begin(peer.server, ends[0], "192.0.2.1"));
    while (bytes.left > 0) {
        struct input piece = input_piece(&bytes, &peer.dice);
        for (int i = 0; piece.left > 0 && i < TURNS_MAX; i++) {
            ssize_t n = send(ends[1], piece.at, piece.left, MSG_NOSIGNAL);
            if (n > 0) {
                piece.at += n;
                piece.left -= (size_t)n;
            }
            turn();
            if (calm)
                read_all(ends[1]);
            if (n < 0 && errno != EAGAIN)
                piece.left = bytes.left = 0; /* it has ended */
        }
        chance(ends[1]);
        turn();
    }
    if (calm)
        for (int i = 0; i < 8; i++) {
            turn();
            read_all(ends[1]);
        }
    (void)close(ends[1]);
    for (int i = 0; peer.server->count > 0 && i < TURNS_MAX; i++)
        turn();
    turn(); /* the handle is closed */
    PROMISE(peer.server->count == 0 && peer.server->connections == NULL);
    PROMISE(peer.websocket == NULL && peer.record.opened == peer.record.closed);
    PROMISE(peer.record.requests == peer.record.answers + peer.record.accepted);
    PROMISE(peer.record.accepted == peer.record.opened);
    *ret = peer.record;
}
