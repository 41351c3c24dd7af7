#include "io/transfers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/curl_calls.h"

struct transfers {
    const struct curl_calls *curl;
    CURLM *multi;
    uv_loop_t *loop;
    uv_timer_t timer;
};

/* One socket that curl waits for. It outlives curl's interest by libuv's closing. */
struct watched {
    struct transfers *transfers;
    uv_poll_t poll;
    curl_socket_t socket;
};

/* What is asked back from an easy handle when it is done. */
struct adding {
    transfer_done *done;
    void *context;
};

static void tell_done(struct transfers *t)
{
    CURLMsg *message;
    int left;
    while ((message = t->curl->multi_info_read(t->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct adding *a = NULL;
        (void)t->curl->easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&a);
        (void)t->curl->multi_remove_handle(t->multi, easy); /* `message` is gone with it */
        if (a == NULL)
            continue;
        struct adding adding = *a;
        mem_free(a);
        (void)t->curl->easy_setopt(easy, CURLOPT_PRIVATE, NULL);
        adding.done(adding.context, easy, result);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watched *w = poll->data;
    struct transfers *t = w->transfers;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_ERR : 0);
    int running;
    (void)t->curl->multi_socket_action(t->multi, w->socket, flags, &running);
    tell_done(t);
}

static void on_timer(uv_timer_t *timer)
{
    struct transfers *t = timer->data;
    int running;
    (void)t->curl->multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_done(t);
}

static int set_timer(CURLM *multi, long wait_ms, void *context)
{
    struct transfers *t = context;
    (void)multi;
    if (wait_ms < 0)
        (void)uv_timer_stop(&t->timer);
    else
        (void)uv_timer_start(&t->timer, on_timer, (uint64_t)wait_ms, 0);
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static struct watched *watch_socket(struct transfers *t, curl_socket_t socket)
{
    struct watched *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->transfers = t;
    w->socket = socket;
    if (uv_poll_init_socket(t->loop, &w->poll, socket) < 0) {
        mem_free(w);
        return NULL;
    }
    w->poll.data = w;
    (void)t->curl->multi_assign(t->multi, socket, w);
    return w;
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *context,
                      void *socket_context)
{
    struct transfers *t = context;
    struct watched *w = socket_context;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL) {
            (void)t->curl->multi_assign(t->multi, socket, NULL);
            uv_close((uv_handle_t *)&w->poll, on_poll_closed);
        }
        return 0;
    }
    if (w == NULL)
        w = watch_socket(t, socket);
    if (w == NULL)
        return -1;
    int events =
        (what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_ready) < 0 ? -1 : 0;
}

int transfers_new(uv_loop_t *loop, struct transfers **ret, struct error *err)
{
    const struct curl_calls *curl = curl_calls(err);
    if (curl == NULL)
        return err->code;
    struct transfers *t = mem_calloc(1, sizeof *t);
    CURLM *multi = curl->multi_init();
    int r = t == NULL || multi == NULL ? -ENOMEM : uv_timer_init(loop, &t->timer);
    if (r < 0) {
        (void)curl->multi_cleanup(multi);
        mem_free(t);
        return error_set(err, r, "HTTP requests cannot be made: out of memory");
    }
    t->curl = curl;
    t->multi = multi;
    t->loop = loop;
    t->timer.data = t;
    (void)curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, t);
    (void)curl->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl->multi_setopt(multi, CURLMOPT_TIMERDATA, t);
    *ret = t;
    return 0;
}

int transfers_add(struct transfers *t, CURL *easy, transfer_done *done, void *context,
                  struct error *err)
{
    struct adding *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *a = (struct adding){.done = done, .context = context};
    (void)t->curl->easy_setopt(easy, CURLOPT_PRIVATE, a);
    /* Else libcurl waits on this loop for its resolver's thread when a transfer ends before the
     * name is resolved: with a silent name server for as long as that is asked. */
    (void)t->curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    CURLMcode code = t->curl->multi_add_handle(t->multi, easy);
    if (code == CURLM_OK)
        return 0;
    (void)t->curl->easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    mem_free(a);
    return error_set(err, -EINVAL, "%s", t->curl->multi_strerror(code));
}

void transfers_remove(struct transfers *t, CURL *easy)
{
    struct adding *a = NULL;
    (void)t->curl->easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&a);
    (void)t->curl->multi_remove_handle(t->multi, easy);
    (void)t->curl->easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    mem_free(a);
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void transfers_free(struct transfers *t)
{
    if (t == NULL)
        return;
    (void)t->curl->multi_cleanup(
        t->multi); /* closes kept connections: their polls close with them */
    uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}
