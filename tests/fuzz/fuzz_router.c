/* The whole web process but TLS: strangers' connections, the site behind them, and an engine that
 * answers at once, late, in pieces or with refusals. Sections between lines of "--": what begins
 * with 'E' are news of the engine, a frame a line; anything else are bytes of the next of three
 * connections. In them "@A" and "@V" stand for logins of an admin and a viewer, "@T" for an API
 * token. The first byte is the seed of how it is cut and answered. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "plain_tls.h"
#include "web/followers.h"
#include "web/router.h"

#define PEERS 3
#define STREAM_MAX ((size_t)4 << 20)
#define TURNS_MAX 300
#define CLAIMS                                                                                     \
    "{\"iss\": \"resus\", \"sub\": \"%d\", \"jti\": \"%d-x\", \"email\": \"a@b.example\", "        \
    "\"role\": \"%s\", \"iat\": %lld, \"nbf\": %lld, \"exp\": %lld}"
#define SNAPSHOT                                                                                   \
    "{\"status\": {\"status\": \"running\", \"service\": \"redis\"}, \"health\": "                 \
    "{\"overall_status\": \"healthy\", \"cause\": {\"code\": \"ok\"}}, \"events\": "               \
    "[{\"type\": \"service_status\", \"seq\": 3}]}"

static struct {
    uv_loop_t loop;
    struct router router;
    struct server *server;
    struct dice dice;
    struct buf from_web; /* what the web process says to the engine */
    int engine, peers[PEERS];
    char admin[1024], viewer[1024];
} world;

/* ── the engine ── */

static void send_all(int fd, const char *bytes, size_t length)
{
    for (int i = 0; length > 0 && i < TURNS_MAX; i++) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return;
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
        (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    }
}

static void tell(json_t *frame)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err;
    PROMISE(frame != NULL);
    if (frame_write(frame, &bytes, &err) == 0)
        send_all(world.engine, bytes.data, bytes.length);
    buf_free(&bytes);
    json_decref(frame);
}

static void tell_text(struct input text)
{
    json_t *frame = json_loadb(text.left == 0 ? "" : text.at, text.left, JSON_READ_FLAGS, NULL);
    /* A sound engine's answers have an id that was asked, and it sets up once. */
    if (json_is_object(frame) && json_object_get(frame, "id") == NULL)
        tell(json_incref(frame));
    json_decref(frame);
}

static json_t *body_of(const char *op, int status)
{
    if (status != 200)
        return json_pack("{s:s, s:s}", "error", "No", "code", "refused");
    if (str_equal(op, "snapshot"))
        return json_loads(SNAPSHOT, 0, NULL);
    if (str_equal(op, "me"))
        return json_pack("{s:s, s:[s]}", "role", "operator", "services", "redis");
    return dice_throw(&world.dice, 4) == 1 ? json_string("text\n") : json_pack("{s:s}", "op", op);
}

static void answer(const json_t *request)
{
    static const int statuses[] = {200, 200, 200, 401, 403, 429, 500, 503};
    json_int_t id = json_int_or(request, "id", 0);
    if (id == 0 || json_object_get(request, "cancel") != NULL)
        return;
    for (uint32_t lines = dice_throw(&world.dice, 3); lines > 0; lines--)
        tell(lines == 1 ? json_pack("{s:I, s:s}", "id", id, "line", "a piece")
                        : json_pack("{s:I, s:{s:s}}", "id", id, "line", "message", "m"));
    int status = statuses[dice_throw(&world.dice, ARRAY_LENGTH(statuses))];
    json_t *body = body_of(json_text_or(request, "op", ""), status);
    tell(json_pack("{s:I, s:i, s:o}", "id", id, "status", status, "body", body));
}

/* Some of what was asked stays unanswered until `all`. */
static void engine_turn(bool all)
{
    char bytes[65536];
    struct error err;
    json_t *request = NULL;
    ssize_t n;
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    while ((n = recv(world.engine, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        PROMISE(buf_append(&world.from_web, bytes, (size_t)n) == 0);
    while ((all || dice_throw(&world.dice, 3) != 1) &&
           frame_read(&world.from_web, &request, &err) == 1) {
        answer(request);
        json_decref(request);
    }
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
}

static void on_told(void *context, const json_t *frame)
{
    (void)context;
    router_told(&world.router, frame);
}

static void on_lost(void *context, const char *why)
{
    (void)context, (void)why;
    PROMISE(false);
}

/* ── setting up ── */

static void make_token(int sub, const char *role, char *to, size_t size)
{
    char claims[512];
    static const char head[] = "{\"alg\": \"ES256\", \"typ\": \"JWT\", \"kid\": \"one\"}";
    struct buf token = BUF_LIMIT(1024);
    long long now = clock_wall().ms / 1000;
    PROMISE(str_format(claims, sizeof claims, CLAIMS, sub, sub, role, now, now, now + 3000));
    signer_token((struct input){head, strlen(head)}, (struct input){claims, strlen(claims)}, 0,
                 &token);
    PROMISE(str_copy(to, size, buf_text(&token)));
    buf_free(&token);
}

static void reset_users(void)
{
    JSON_CLEANUP json_t *users =
        json_pack("{s:{s:{s:s, s:i}, s:{s:s, s:i}}, s:[]}", "users", "1", "role", "admin",
                  "not_before", 0, "2", "role", "viewer", "not_before", 0, "revoked");
    router_told(&world.router, users);
}

static void open_router(int fd)
{
    static const struct engine_link_events events = {.told = on_told, .lost = on_lost};
    struct router *router = &world.router;
    struct error err;
    JSON_CLEANUP json_t *services = json_pack("{s:[{s:s}]}", "items", "id", "redis");
    JSON_CLEANUP json_t *setup = json_pack("{s:s, s:[{s:s, s:s}], s:{s:i}, s:b}", "issuer", "resus",
                                           "token_keys", "kid", "one", "pem", signer_public_pem(),
                                           "rate_limits", "status", 0, "metrics_anonymous", 1);
    PROMISE(services != NULL && setup != NULL);
    router->identities = identities_new();
    router->rate = rate_new();
    PROMISE(engine_link_open(&world.loop, fd, &events, &router->link, &err) == 0);
    router->snapshots = snapshots_new(router->link, services);
    PROMISE(router->snapshots != NULL && snapshots_find(router->snapshots, "redis") == 0);
    router->followers =
        followers_new(&world.loop, router->link, router->snapshots, router->identities);
    PROMISE(router->identities != NULL && router->rate != NULL && router->followers != NULL);
    router_setup(router, setup);
    PROMISE(static_files_load("/nonexistent", &router->files, &err) == 0);
    make_token(1, "admin", world.admin, sizeof world.admin);
    make_token(2, "viewer", world.viewer, sizeof world.viewer);
}

static void prepare(void)
{
    static const struct server_events events = {.context = &world.router,
                                                .request = router_request,
                                                .gone = router_gone,
                                                .opened = router_opened,
                                                .closed = router_closed,
                                                .unopened = router_unopened};
    int ends[2];
    if (world.server != NULL)
        return;
    PROMISE(uv_loop_init(&world.loop) == 0);
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    world.engine = ends[1];
    world.from_web = BUF_LIMIT((size_t)FRAME_BYTES_MAX * 8);
    open_router(ends[0]);
    world.server = plain_server(&world.loop, &events);
    world.router.server = world.server;
}

/* ── the peers ── */

static void put(struct buf *out, const char *bytes, size_t length)
{
    PROMISE(buf_append(out, bytes, length) == 0);
}

static void expand(struct input in, struct buf *out)
{
    while (in.left > 0) {
        struct input plain = input_until(&in, '@');
        put(out, plain.at, plain.left);
        if (in.left == 0)
            return;
        char which = (char)input_byte(&in);
        const char *text = which == 'A'   ? world.admin
                           : which == 'V' ? world.viewer
                           : which == 'T' ? "resus_abcdefghijklmnop"
                                          : "@";
        put(out, text, strlen(text));
    }
}

static void read_all(void)
{
    char bytes[65536];
    for (int i = 0; i < PEERS; i++)
        while (recv(world.peers[i], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
            ;
}

static void speak(int peer, struct input in)
{
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    expand(in, &stream);
    struct input rest = {stream.data, stream.length};
    while (rest.left > 0) {
        /* Most in one go: how bytes are cut is fuzz_connection.c's. */
        bool all = dice_throw(&world.dice, 8) < 4;
        struct dice none = {0};
        struct input piece = input_piece(&rest, all ? &none : &world.dice);
        send_all(world.peers[peer], piece.at, piece.left);
        engine_turn(false);
        read_all();
    }
    buf_free(&stream);
}

static void hang_up(void)
{
    for (int i = 0; i < PEERS; i++)
        (void)close(world.peers[i]);
    for (int i = 0; i < TURNS_MAX && (world.server->count > 0 || world.from_web.length > 0); i++)
        engine_turn(true);
    engine_turn(true);
    PROMISE(world.server->count == 0 && world.from_web.length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    prepare();
    world.dice = (struct dice){input_byte(&in)};
    plain_tls = (struct plain_tls){.dice = &world.dice};
    reset_users();
    for (int i = 0; i < PEERS; i++) {
        int ends[2];
        PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        PROMISE(connection_begin(world.server, ends[0], "192.0.2.1"));
        world.peers[i] = ends[1];
    }
    for (int peer = 0; in.left > 0; peer = (peer + 1) % PEERS) {
        struct input section = input_section(&in);
        bool news = input_starts(section, "E");
        if (news)
            (void)input_byte(&section);
        while (news && section.left > 0)
            tell_text(input_until(&section, '\n'));
        if (!news)
            speak(peer, section);
        engine_turn(false);
        read_all();
    }
    hang_up();
    return 0;
}
