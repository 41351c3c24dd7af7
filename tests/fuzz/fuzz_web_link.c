/* What a web process that was taken over sends to the engine, with handlers that answer at once,
 * in pieces, later or when no caller waits. Input as in fuzz_engine_link.c. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/str.h"
#include "daemon/web_link.h"
#include "support.h"

#define STREAM_MAX ((size_t)4 << 20)
#define KEPT_MAX 32

static struct {
    uv_loop_t loop;
    struct web_link *link;
    struct rate_limiter *rate;
    struct dice dice;
    struct call *kept[KEPT_MAX];
    uint32_t ready, ended;
} engine;

/* ── in place of the handlers ── */

static json_t *body_of(const struct call *call)
{
    json_t *body = json_object();
    (void)json_put_text(body, "request_id", call->request_id);
    (void)json_put(body, "args", json_incref((json_t *)call->args));
    return body;
}

int accounts_identify(struct accounts *a, const struct credential *credential,
                      const char *source_ip, struct call *call, const char **ret_code,
                      const char **ret_message)
{
    (void)a;
    PROMISE(call->operation != NULL && strlen(source_ip) < sizeof call->user.source_ip);
    (void)str_copy(call->user.source_ip, sizeof call->user.source_ip, source_ip);
    if (credential->token != NULL && str_starts(credential->token, "bad")) {
        *ret_code = "invalid_token";
        *ret_message = "The token is not valid.";
        return credential->cookie ? 403 : 401;
    }
    call->access = credential->token == NULL ? ACCESS_ANONYMOUS : ACCESS_ADMIN;
    (void)str_copy(call->user.id, sizeof call->user.id, "1");
    return 0;
}

void accounts_used(struct accounts *a, const char *session)
{
    (void)a;
    PROMISE(session != NULL);
}

void handlers_dispatch(struct handlers *h, struct call *call, const char *service)
{
    (void)h, (void)service;
    PROMISE(json_is_object(call->args) && call->operation != NULL);
    uint32_t deed = dice_throw(&engine.dice, 4);
    for (size_t i = 0; i < KEPT_MAX && deed == 1; i++)
        if (engine.kept[i] == NULL) {
            engine.kept[i] = call;
            return;
        }
    if (deed == 2)
        call->push(call, json_string("a piece"));
    call->answer(call, 200, body_of(call));
}

static void answer_kept(size_t i, int status)
{
    struct call *call = engine.kept[i];
    engine.kept[i] = NULL;
    call->answer(call, status, body_of(call));
}

void handlers_gone(struct handlers *h, struct call *call)
{
    (void)h;
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (engine.kept[i] == call)
            answer_kept(i, 503);
}

json_t *handlers_service_list(struct handlers *h)
{
    (void)h;
    return json_object();
}

json_t *handlers_snapshot(struct handlers *h, int service)
{
    (void)h;
    PROMISE(service == 0);
    return json_object();
}

int engine_service_index(const struct engine *e, const char *id)
{
    (void)e;
    return str_equal(id, "redis") ? 0 : -1;
}

/* ── the link ── */

static void on_ready(void *context)
{
    (void)context;
    PROMISE(++engine.ready == 1);
}

static void on_ended(void *context, const char *why)
{
    (void)context;
    PROMISE(why[0] != '\0' && ++engine.ended == 1);
}

static void turn(int fd)
{
    char bytes[65536];
    (void)uv_run(&engine.loop, UV_RUN_NOWAIT);
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (engine.kept[i] != NULL && dice_throw(&engine.dice, 4) == 1)
            answer_kept(i, 200);
}

static void send_all(int fd, struct input piece)
{
    while (piece.left > 0 && engine.ended == 0) {
        ssize_t n = send(fd, piece.at, piece.left, MSG_NOSIGNAL);
        if (n > 0) {
            piece.at += n;
            piece.left -= (size_t)n;
        }
        turn(fd);
    }
}

static void end(int fd)
{
    bool engine_first = dice_throw(&engine.dice, 2) == 1;
    if (engine_first)
        web_link_close(engine.link);
    (void)close(fd);
    for (int i = 0; i < 4; i++)
        (void)uv_run(&engine.loop, UV_RUN_NOWAIT);
    if (!engine_first)
        web_link_close(engine.link);
    (void)uv_run(&engine.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < KEPT_MAX; i++)
        PROMISE(engine.kept[i] == NULL);
    PROMISE(uv_loop_close(&engine.loop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct input in = input_of(data, size);
    struct error err;
    int ends[2];
    uint8_t mode = input_byte(&in);
    memset(&engine, 0, sizeof engine);
    engine.dice.state = mode & 0x7F;
    frames_of_lines(mode < 128, in, &stream);
    engine.rate = rate_new();
    PROMISE(engine.rate != NULL && uv_loop_init(&engine.loop) == 0);
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    const struct web_link_options options = {
        .loop = &engine.loop, .rate = engine.rate, .ready = on_ready, .ended = on_ended};
    PROMISE(web_link_open(&options, ends[0], &engine.link, &err) == 0);
    struct input rest = {stream.data, stream.length};
    while (rest.left > 0 && engine.ended == 0)
        send_all(ends[1], input_piece(&rest, &engine.dice));
    end(ends[1]);
    rate_free(engine.rate);
    buf_free(&stream);
    return 0;
}
