/* A stream of lines that never ends, until it does. Lines are taken in curl's callback and
 * reported on a later turn of the loop: there neither requests may begin nor handles be removed. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/etcd_inside.h"

#define WATCH_PATH "/v3/watch"

struct etcd_watch {
    struct etcd *etcd;
    char prefix[ETCD_KEY_MAX];
    struct etcd_watcher watcher;
    size_t endpoint;
    int64_t next; /* the revision after the last one that was reported */
    char *body;
    CURL *easy;      /* NULL = it does not run */
    unsigned stream; /* which one it is: a callback may have ended it */
    struct buf received;
    char why[ETCD_TEXT_MAX]; /* why the stream has to end; "" = it goes on */
    bool begun, ended, waiting, halted, freed, reporting;
    mono_ms begins_by; /* it is lost when it has not begun then */
    uv_timer_t timer;  /* to report, to begin again, and for one that does not begin */
};

static void on_timer(uv_timer_t *timer);

static void wake_in(struct etcd_watch *w, int64_t ms)
{
    (void)uv_timer_start(&w->timer, on_timer, (uint64_t)ms, 0);
}

static void end_stream(struct etcd_watch *w)
{
    if (w->easy != NULL) {
        transfers_remove(w->etcd->transfers, w->easy);
        w->etcd->curl->easy_cleanup(w->easy);
        w->easy = NULL;
    }
    w->stream++;
    buf_clear(&w->received);
    mem_free(w->body);
    w->body = NULL;
    w->begun = w->ended = false;
    w->why[0] = '\0';
}

/* ── reading, in curl's callback ── */

/* A short count ends the stream. */
static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct etcd_watch *w = context;
    bool fits = buf_append(&w->received, bytes, size * count) == 0;
    if (!fits)
        (void)str_copy(w->why, sizeof w->why, "its lines come faster than they are taken");
    wake_in(w, 0);
    return fits ? size * count : 0;
}

static void on_done(void *context, CURL *easy, CURLcode result)
{
    struct etcd_watch *w = context;
    const struct curl_calls *curl = w->etcd->curl;
    long status = 0;
    (void)curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (w->why[0] == '\0' && result != CURLE_OK)
        (void)str_copy(w->why, sizeof w->why, curl->easy_strerror(result));
    else if (w->why[0] == '\0')
        (void)str_format(w->why, sizeof w->why, "it ended (HTTP %ld)", status);
    curl->easy_cleanup(easy);
    w->easy = NULL;
    w->ended = true;
    wake_in(w, 0);
}

/* ── beginning ── */

static bool begin(struct etcd_watch *w)
{
    struct etcd *e = w->etcd;
    const struct curl_calls *curl = e->curl;
    struct error err = {0};
    end_stream(w);
    w->halted = false;
    w->body = etcd_body_watch(w->prefix, w->next);
    w->easy = w->body == NULL ? NULL : etcd_handle(e, w->endpoint, WATCH_PATH, w->body, true);
    if (w->easy == NULL)
        return false;
    int failed = (int)curl->easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, take_bytes) |
                 (int)curl->easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
    if (failed == 0 && transfers_add(e->transfers, w->easy, on_done, w, &err) == 0)
        return true;
    curl->easy_cleanup(w->easy);
    w->easy = NULL;
    return false;
}

static void try_begin(struct etcd_watch *w)
{
    w->waiting = !begin(w);
    w->begins_by = mono_add(clock_mono(), ETCD_WATCH_OPEN_MS);
    wake_in(w, w->waiting ? ETCD_WATCH_AGAIN_MS : ETCD_WATCH_OPEN_MS);
}

static void lose(struct etcd_watch *w)
{
    char why[ETCD_TEXT_MAX * 2];
    (void)str_format(why, sizeof why, "%s: %s", w->etcd->endpoints[w->endpoint], w->why);
    end_stream(w);
    w->endpoint = (w->endpoint + 1) % w->etcd->count;
    w->waiting = true;
    wake_in(w, ETCD_WATCH_AGAIN_MS);
    w->watcher.lost(w->watcher.context, why);
}

/* ── reporting, on a turn of the loop of its own ── */

static void report(struct etcd_watch *w, const struct etcd_line *line)
{
    if (line->compacted > 0) {
        end_stream(w);
        w->halted = true; /* until etcd_watch_from() */
        w->watcher.compacted(w->watcher.context);
        return;
    }
    if (line->cancelled) {
        (void)str_copy(w->why, sizeof w->why, line->text[0] != '\0' ? line->text : "cancelled");
        return;
    }
    if (!etcd_of_now(w->etcd, line->cluster, line->term, w->why))
        return;
    unsigned stream = w->stream;
    if (line->created && !w->begun) {
        w->begun = true;
        w->watcher.begun(w->watcher.context);
    }
    for (size_t i = 0; i < line->count && !w->freed && w->stream == stream; i++) {
        const struct etcd_event *event = &line->events[i];
        w->watcher.event(w->watcher.context, event);
        if (w->stream == stream && event->entry.mod_revision >= w->next)
            w->next = event->entry.mod_revision + 1;
    }
}

static void report_text(struct etcd_watch *w, const char *text, size_t length)
{
    struct etcd_line line;
    struct error err = {0};
    if (length == 0)
        return;
    if (etcd_read_line(text, length, &line, &err) < 0)
        (void)str_copy(w->why, sizeof w->why, err.text);
    else
        report(w, &line);
    etcd_line_free(&line);
}

/* What was received is held aside: a callback may end the stream that it belongs to. */
static void report_all(struct etcd_watch *w)
{
    struct buf taken = w->received;
    unsigned stream = w->stream;
    size_t from = 0;
    w->received = BUF_LIMIT(ETCD_LINE_MAX);
    w->reporting = true;
    while (!w->freed && w->stream == stream && w->why[0] == '\0' && from < taken.length) {
        const char *text = taken.data + from;
        const char *end = memchr(text, '\n', taken.length - from);
        if (end == NULL)
            break;
        report_text(w, text, (size_t)(end - text));
        from += (size_t)(end - text) + 1;
    }
    w->reporting = false;
    if (w->stream == stream) {
        buf_consume(&taken, from);
        w->received = taken;
    } else {
        buf_free(&taken);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct etcd_watch *w = handle->data;
    buf_free(&w->received);
    mem_free(w);
}

static void close_watch(struct etcd_watch *w)
{
    end_stream(w);
    uv_close((uv_handle_t *)&w->timer, on_closed);
}

static void on_timer(uv_timer_t *timer)
{
    struct etcd_watch *w = timer->data;
    if (w->waiting) {
        try_begin(w);
        return;
    }
    report_all(w);
    if (w->freed) {
        close_watch(w);
        return;
    }
    if (w->waiting || w->halted)
        return;
    int64_t left = mono_since(w->begins_by, clock_mono());
    bool late = !w->begun && !w->ended && left <= 0;
    if (w->why[0] == '\0' && late)
        (void)str_copy(w->why, sizeof w->why, "it does not begin");
    if (w->why[0] != '\0' || w->ended)
        lose(w);
    else if (!w->begun) /* half a line has come */
        wake_in(w, left);
}

struct etcd_watch *etcd_watch_new(struct etcd *e, const char *prefix, int64_t revision,
                                  const struct etcd_watcher *watcher)
{
    struct etcd_watch *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->etcd = e;
    w->watcher = *watcher;
    w->endpoint = e->best;
    w->next = revision;
    w->received = BUF_LIMIT(ETCD_LINE_MAX);
    w->timer.data = w;
    if (!str_copy(w->prefix, sizeof w->prefix, prefix) || uv_timer_init(e->loop, &w->timer) < 0) {
        mem_free(w);
        return NULL;
    }
    try_begin(w);
    return w;
}

void etcd_watch_again(struct etcd_watch *w, const char *why)
{
    if (w->waiting || w->halted)
        return; /* it is about to begin as it is */
    (void)str_copy(w->why, sizeof w->why, why);
    wake_in(w, 0);
}

void etcd_watch_from(struct etcd_watch *w, int64_t revision)
{
    end_stream(w);
    w->next = revision;
    w->waiting = true;
    wake_in(w, 0);
}

void etcd_watch_free(struct etcd_watch *w)
{
    if (w == NULL || w->freed)
        return;
    w->freed = true;
    if (!w->reporting)
        close_watch(w);
}
