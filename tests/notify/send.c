/* Drives the floor `notify` from outside: real settings, real receivers.
 *
 *   send SETTINGS [RESEND_MS]
 *
 * Reads one JSON object a line from stdin (a pipe), and writes one a line to stdout:
 *   {"channel": C, "delivery": D, "message": {...}}  {"delivery": D, "class": ..., ...} when it ends
 *   {"do": "reload"}                                 {"reload": "" or why not}
 *   {"do": "status"}                                 {"channels": [...], "late_ms": N}
 *   {"do": "unwell", "text": T}                      what the heartbeat is told; "" = all is well
 * At the end of stdin it waits for what is under way ({"do": "drop"}: it does not), and ends with 0.
 * Settings that cannot be used: the error on stderr, 1. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "notify/notify.h"

#define LINE_MAX_BYTES (1 << 20)
#define TICK_MS 10

struct driver {
    uv_loop_t loop;
    uv_pipe_t input;
    uv_timer_t tick;
    const char *path;
    struct settings *settings;
    struct notify *notify;
    struct buf line;
    size_t under_way;
    uint64_t last_ns, late_ns;
    char unwell[256];
    bool over, closed;
};

static void say(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
    free(text);
    json_decref(object);
}

static void finish_if_over(struct driver *d)
{
    if (!d->over || d->under_way > 0 || d->closed)
        return;
    d->closed = true;
    notify_free(d->notify);
    uv_close((uv_handle_t *)&d->tick, NULL);
    uv_close((uv_handle_t *)&d->input, NULL);
}

static void on_done(void *context, const char *channel, const char *delivery,
                    const struct notify_result *r)
{
    struct driver *d = context;
    d->under_way--;
    say(json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:s, s:b}", "channel", channel, "delivery",
                  delivery, "class", retry_class_word(r->class), "code", r->code, "retry_after_ms",
                  (json_int_t)r->retry_after_ms, "receipt", r->receipt, "error", r->error,
                  "replaced", r->replaced));
    finish_if_over(d);
}

static const char *ask(void *context)
{
    const struct driver *d = context;
    return d->unwell[0] == '\0' ? NULL : d->unwell;
}

static void send_one(struct driver *d, const json_t *command)
{
    struct error err = {0};
    struct message *m = mem_must(mem_calloc(1, sizeof *m));
    const char *delivery = json_text_or(command, "delivery", "");
    int r = message_read(json_object_get(command, "message"), m, &err);
    if (r == 0)
        r = notify_send(d->notify, json_text_or(command, "channel", ""), delivery, m, &err);
    mem_free(m);
    if (r == 0)
        d->under_way++;
    else
        say(json_pack("{s:s, s:s, s:s}", "delivery", delivery, "class", "refused", "error",
                      err.text));
}

static void reload(struct driver *d)
{
    struct error err = {0};
    struct settings *fresh = NULL;
    int r = settings_read(d->path, &fresh, &err);
    if (r == 0)
        r = notify_reload(d->notify, fresh, &err);
    if (r == 0) {
        settings_free(d->settings);
        d->settings = fresh;
    } else {
        settings_free(fresh);
    }
    say(json_pack("{s:s}", "reload", err.text));
}

static void status(struct driver *d)
{
    struct notify_status s;
    json_t *channels = json_array();
    for (size_t i = 0; notify_status(d->notify, i, &s); i++)
        (void)json_array_append_new(
            channels, json_pack("{s:s, s:s, s:i, s:i, s:b, s:s}", "channel", s.channel, "type",
                                channel_type_word(s.type), "failures", (int)s.failures, "last_code",
                                s.last_code, "succeeded", s.last_success.ms != 0, "last_error",
                                s.last_error));
    say(json_pack("{s:o, s:I}", "channels", channels, "late_ms",
                  (json_int_t)(d->late_ns / 1000000)));
    d->late_ns = 0;
}

static void take_line(struct driver *d, const char *line, size_t length)
{
    JSON_CLEANUP json_t *command = json_loadb(line, length, 0, NULL);
    const char *what = json_text_or(command, "do", "");
    if (str_equal(what, "reload"))
        reload(d);
    else if (str_equal(what, "status"))
        status(d);
    else if (str_equal(what, "unwell"))
        (void)str_copy(d->unwell, sizeof d->unwell, json_text_or(command, "text", ""));
    else if (str_equal(what, "drop"))
        d->under_way = 0;
    else
        send_one(d, command);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *to)
{
    static char bytes[65536];
    (void)handle;
    (void)wanted;
    *to = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
    struct driver *d = stream->data;
    if (length < 0) {
        (void)uv_read_stop(stream);
        d->over = true;
        finish_if_over(d);
        return;
    }
    if (buf_append(&d->line, bytes->base, (size_t)length) < 0)
        abort();
    const char *end;
    while (d->line.length > 0 && (end = memchr(d->line.data, '\n', d->line.length)) != NULL) {
        size_t taken = (size_t)(end - d->line.data);
        take_line(d, d->line.data, taken);
        buf_consume(&d->line, taken + 1);
    }
}

/* How late the loop is: what a receiver must not change. */
static void on_tick(uv_timer_t *timer)
{
    struct driver *d = timer->data;
    uint64_t now = uv_hrtime();
    if (d->last_ns != 0 && now - d->last_ns > d->late_ns)
        d->late_ns = now - d->last_ns;
    d->last_ns = now;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct driver *d = mem_must(mem_calloc(1, sizeof *d));
    d->line = BUF_LIMIT(LINE_MAX_BYTES);
    d->path = argc > 1 ? argv[1] : "";
    const struct notify_options options = {
        .done = on_done,
        .ask = ask,
        .context = d,
        .resend_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 0,
    };
    (void)uv_loop_init(&d->loop);
    if (settings_read(d->path, &d->settings, &err) < 0 ||
        notify_new(&d->loop, d->settings, &options, &d->notify, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        settings_free(d->settings);
        (void)uv_loop_close(&d->loop);
        mem_free(d);
        return 1;
    }
    (void)uv_pipe_init(&d->loop, &d->input, 0);
    (void)uv_timer_init(&d->loop, &d->tick);
    d->input.data = d->tick.data = d;
    (void)uv_pipe_open(&d->input, 0);
    (void)uv_read_start((uv_stream_t *)&d->input, on_alloc, on_read);
    (void)uv_timer_start(&d->tick, on_tick, TICK_MS, TICK_MS);
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&d->loop);
    buf_free(&d->line);
    settings_free(d->settings);
    mem_free(d);
    return left == 0 ? 0 : 2; /* 2: a handle was left open */
}
