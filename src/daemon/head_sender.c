#include "daemon/head_sender.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/log.h"
#include "io/stream.h"
#include "io/stream_tls.h"

#define MESSAGE_MAX 512
#define PRIORITY 109 /* facility "log audit", severity notice */

struct head_sender {
    uv_loop_t *loop;
    char host[SETTINGS_HOST_MAX];
    int port;
    struct stream_tls *tls;
    struct stream *stream; /* NULL: not connected */
    uv_timer_t timer;      /* connect timeout, or time of the next attempt */
    bool failed;           /* the failure has been logged */
    size_t first, count;   /* of the ring */
    char messages[HEADS_QUEUED_MAX][MESSAGE_MAX];
};

static void on_timer(uv_timer_t *timer);

static void wait_for(struct head_sender *s, uint64_t ms)
{
    uv_update_time(s->loop);
    (void)uv_timer_start(&s->timer, on_timer, ms, 0);
}

static void lose(struct head_sender *s, const char *why)
{
    stream_close(s->stream);
    s->stream = NULL;
    if (!s->failed)
        log_warning("audit", "cannot send audit heads to the syslog server %s:%d: %s. Retrying",
                    s->host, s->port, why);
    s->failed = true;
    if (s->count > 0)
        wait_for(s, HEADS_RETRY_MS);
    else
        (void)uv_timer_stop(&s->timer); /* the next head connects */
}

static void flush(struct head_sender *s)
{
    while (s->count > 0) {
        const char *message = s->messages[s->first];
        if (stream_write(s->stream, message, strlen(message)) < 0)
            return; /* `ended` says why */
        s->first = (s->first + 1) % HEADS_QUEUED_MAX;
        s->count--;
    }
}

static void on_opened(void *context)
{
    struct head_sender *s = context;
    (void)uv_timer_stop(&s->timer);
    if (s->failed)
        log_info("audit", "sending audit heads to the syslog server %s:%d again", s->host, s->port);
    s->failed = false;
    flush(s);
}

static void on_data(void *context, const char *bytes, size_t length)
{
    (void)context; /* syslog over TLS has no replies */
    (void)bytes;
    (void)length;
}

static void on_ended(void *context, enum stream_end end, const struct error *why)
{
    struct head_sender *s = context;
    if (end == STREAM_END_CLOSED && s->count == 0 && stream_state(s->stream) == STREAM_ENDED &&
        !uv_is_active((uv_handle_t *)&s->timer)) {
        stream_close(s->stream); /* the server closed an idle connection */
        s->stream = NULL;
        return;
    }
    lose(s, why == NULL ? "the connection ended" : why->text);
}

static void connect_now(struct head_sender *s)
{
    const struct stream_events events = {
        .context = s, .opened = on_opened, .data = on_data, .ended = on_ended};
    struct stream *plain = NULL;
    struct error err = {0};
    stream_tls_refresh(s->tls);
    int r = stream_tcp_new(s->loop, s->host, s->port, &plain, &err);
    if (r == 0)
        r = stream_tls_new(s->tls, s->host, plain, &s->stream, &err);
    if (r < 0) {
        s->stream = NULL;
        lose(s, err.text);
        return;
    }
    wait_for(s, HEADS_CONNECT_MS);
    stream_open(s->stream, &events);
}

static void on_timer(uv_timer_t *timer)
{
    struct head_sender *s = timer->data;
    if (s->stream != NULL)
        lose(s, "no answer");
    else if (s->count > 0)
        connect_now(s);
}

int head_sender_new(uv_loop_t *loop, const struct audit_settings *settings,
                    struct head_sender **ret, struct error *err)
{
    const struct stream_tls_files files = {.ca_file = settings->syslog_ca,
                                           .certificate = settings->syslog_certificate,
                                           .key = settings->syslog_key};
    const char *text = settings->syslog; /* host:port or [v6]:port: the reader has checked it */
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    if (colon == NULL || parse_int(colon + 1, 1, 65535, &port, NULL) < 0)
        return error_set(err, -EINVAL, "%s is not host:port", text);
    struct head_sender *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->port = (int)port;
    bool bracket = text[0] == '[';
    (void)str_copy_n(s->host, sizeof s->host, text + bracket,
                     (size_t)(colon - text) - 2 * (size_t)bracket);
    s->loop = loop;
    int r = stream_tls_load(&files, &s->tls, err);
    if (r < 0) {
        mem_free(s);
        return r;
    }
    (void)uv_timer_init(loop, &s->timer);
    uv_unref((uv_handle_t *)&s->timer);
    s->timer.data = s;
    *ret = s;
    return 0;
}

void head_sender_send(struct head_sender *s, wall_ms at, const char *text)
{
    char host[HOST_NAME_MAX + 1] = "-";
    char when[WALL_TEXT_SIZE], message[MESSAGE_MAX - 8];
    if (s == NULL)
        return;
    if (gethostname(host, sizeof host) < 0 || host[0] == '\0')
        (void)str_copy(host, sizeof host, "-");
    host[sizeof host - 1] = '\0';
    (void)str_format(message, sizeof message, "<%d>1 %s %s resus %ld audit-head - %s", PRIORITY,
                     wall_text(at, when), host, (long)getpid(), text);
    if (s->count == HEADS_QUEUED_MAX) { /* the newest head matters most */
        s->first = (s->first + 1) % HEADS_QUEUED_MAX;
        s->count--;
    }
    (void)str_format(s->messages[(s->first + s->count) % HEADS_QUEUED_MAX], MESSAGE_MAX, "%zu %s",
                     strlen(message), message);
    s->count++;
    if (s->stream != NULL && stream_state(s->stream) == STREAM_OPEN)
        flush(s);
    else if (s->stream == NULL && !uv_is_active((uv_handle_t *)&s->timer))
        connect_now(s);
}

static void on_closed(uv_handle_t *handle)
{
    struct head_sender *s = handle->data;
    stream_tls_free(s->tls);
    mem_free(s);
}

void head_sender_close(struct head_sender *s)
{
    if (s == NULL)
        return;
    stream_close(s->stream);
    s->stream = NULL;
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
