#include "notify/heartbeat.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "settings/channel_url.h"

#define REASON_MAX 1024

struct heartbeat {
    struct http *http;
    struct heartbeat_settings settings;
    char *address;
    heartbeat_ask *ask;
    heartbeat_done *done;
    void *context;
    uv_timer_t timer;
    struct http_sending *sending; /* NULL = none under way */
};

int heartbeat_address(const struct heartbeat_settings *settings, char **ret, const char **ret_key,
                      struct error *err)
{
    struct channel_url url;
    char *address = NULL;
    *ret_key = settings->url_file[0] != '\0' ? "url_file" : "url";
    int r = 0;
    if (settings->url_file[0] != '\0')
        r = channel_read_secret(settings->url_file, &address, err);
    else if ((address = mem_strdup(settings->url)) == NULL)
        r = error_set(err, -ENOMEM, "out of memory");
    if (r == 0)
        r = channel_url_read(CHANNEL_HEARTBEAT, address, &url, err);
    if (r == 0)
        *ret = address;
    else
        mem_free(address);
    return r;
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct heartbeat *h = context;
    struct channel_verdict v = {.code = answer->code};
    h->sending = NULL;
    v.class = retry_classify(CHANNEL_HEARTBEAT, answer->end, answer->code);
    if (v.class != RETRY_DELIVERED && answer->end == RETRY_ANSWERED)
        (void)str_format(v.reason, sizeof v.reason, "the dead-man service answered %d",
                         answer->code);
    else if (v.class != RETRY_DELIVERED)
        (void)str_copy(v.reason, sizeof v.reason, answer->error);
    h->done(h->context, &v);
}

/* "https://host/ping/UUID?x=1" to ".../UUID/fail?x=1" */
static bool fail_address(const char *address, char *to, size_t size)
{
    size_t path = strcspn(address, "?");
    while (path > 0 && address[path - 1] == '/')
        path--;
    return str_format(to, size, "%.*s/fail%s", (int)path, address, address + strcspn(address, "?"));
}

static void beat(uv_timer_t *timer)
{
    struct heartbeat *h = timer->data;
    char failed[SETTINGS_PATH_MAX + 8];
    struct error err = {0};
    const char *wrong = h->ask == NULL ? NULL : h->ask(h->context);
    /* One that is still under way ends by its own deadline. */
    if (h->sending != NULL || (wrong != NULL && !h->settings.report_failure))
        return;
    struct buf reason = BUF_LIMIT(REASON_MAX);
    if (wrong != NULL && (!fail_address(h->address, failed, sizeof failed) ||
                          !buf_append_cut(&reason, wrong, strlen(wrong))))
        wrong = NULL;
    struct http_request request = {.url = wrong == NULL ? h->address : failed,
                                   .proxy = h->settings.proxy,
                                   .ca_file = h->settings.ca_file,
                                   .timeout_ms = h->settings.timeout_ms,
                                   .body = reason.length > 0 ? &reason : NULL,
                                   .plain_body = true};
    if (http_send(h->http, &request, on_answer, h, &h->sending, &err) < 0) {
        struct channel_verdict v = {.class = RETRY_LATER};
        (void)str_copy(v.reason, sizeof v.reason, err.text);
        h->done(h->context, &v);
    }
    buf_free(&reason);
    mem_wipe(failed, sizeof failed);
}

int heartbeat_new(uv_loop_t *loop, struct http *http, const struct heartbeat_settings *settings,
                  heartbeat_ask *ask, heartbeat_done *done, void *context, struct heartbeat **ret,
                  struct error *err)
{
    const char *ignored;
    struct heartbeat *h = mem_calloc(1, sizeof *h);
    if (h == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *h = (struct heartbeat){
        .http = http, .settings = *settings, .ask = ask, .done = done, .context = context};
    int r = heartbeat_address(settings, &h->address, &ignored, err);
    if (r < 0) {
        mem_free(h);
        return r;
    }
    (void)uv_timer_init(loop, &h->timer);
    h->timer.data = h;
    (void)uv_timer_start(&h->timer, beat, 0, (uint64_t)settings->interval_ms);
    *ret = h;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void heartbeat_free(struct heartbeat *h)
{
    if (h == NULL)
        return;
    if (h->sending != NULL)
        http_cancel(h->sending);
    mem_wipe(h->address, strlen(h->address));
    mem_free(h->address);
    uv_close((uv_handle_t *)&h->timer, on_closed);
}
