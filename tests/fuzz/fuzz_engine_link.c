/* What the engine's end of the socket sends to the web process: answers, pieces and news, with
 * questions under way. The first byte says how it is cut; from 128 on the bytes are those of the
 * socket, else each line becomes a frame. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/frame.h"
#include "base/json.h"
#include "support.h"
#include "web/engine_link.h"

#define STREAM_MAX ((size_t)4 << 20)
#define QUESTIONS 3

static struct {
    uv_loop_t loop;
    struct engine_link *link;
    struct dice dice;
    uint64_t ids[QUESTIONS]; /* 0: was answered */
    int lost;
} web;

static void ask(size_t i);

static void on_answer(void *context, const json_t *frame)
{
    uint64_t *id = context;
    PROMISE(json_is_object(frame) && json_is_integer(json_object_get(frame, "id")));
    PROMISE(*id != 0 && json_int_or(frame, "id", 0) == (int64_t)*id);
    if (json_object_get(frame, "line") == NULL)
        *id = 0;
    switch (dice_throw(&web.dice, 4)) {
    case 1:
        ask(0);
        break;
    case 2:
        engine_link_forget(web.link, web.ids[1]);
        break;
    default:
        break;
    }
}

static void ask(size_t i)
{
    json_t *request = json_object();
    PROMISE(request != NULL && json_put_text(request, "op", "status"));
    if (web.ids[i] != 0)
        engine_link_forget(web.link, web.ids[i]);
    web.ids[i] = engine_link_ask(web.link, request, on_answer, &web.ids[i]);
}

static void on_told(void *context, const json_t *frame)
{
    (void)context;
    PROMISE(json_is_object(frame) && !json_is_integer(json_object_get(frame, "id")));
}

static void on_lost(void *context, const char *why)
{
    (void)context;
    PROMISE(why[0] != '\0' && ++web.lost == 1);
}

static void turn(int fd)
{
    char bytes[4096];
    (void)uv_run(&web.loop, UV_RUN_NOWAIT);
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void send_all(int fd, struct input piece)
{
    while (piece.left > 0 && web.lost == 0) {
        ssize_t n = send(fd, piece.at, piece.left, MSG_NOSIGNAL);
        if (n > 0) {
            piece.at += n;
            piece.left -= (size_t)n;
        }
        if (n < 0 && errno != EAGAIN)
            return;
        turn(fd);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct engine_link_events events = {.told = on_told, .lost = on_lost};
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct input in = input_of(data, size);
    struct error err;
    int ends[2];
    uint8_t mode = input_byte(&in);
    memset(&web, 0, sizeof web);
    web.dice.state = mode & 0x7F;
    frames_of_lines(mode < 128, in, &stream);
    PROMISE(uv_loop_init(&web.loop) == 0);
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    PROMISE(engine_link_open(&web.loop, ends[0], &events, &web.link, &err) == 0);
    for (size_t i = 0; i < QUESTIONS; i++)
        ask(i);
    struct input rest = {stream.data, stream.length};
    while (rest.left > 0 && web.lost == 0)
        send_all(ends[1], input_piece(&rest, &web.dice));
    (void)close(ends[1]);
    for (int i = 0; i < 8 && web.lost == 0; i++)
        (void)uv_run(&web.loop, UV_RUN_NOWAIT);
    PROMISE(web.lost == 1);
    engine_link_close(web.link);
    while (uv_run(&web.loop, UV_RUN_DEFAULT) != 0)
        ;
    PROMISE(uv_loop_close(&web.loop) == 0);
    buf_free(&stream);
    return 0;
}
