#include "notify/tries.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "notify/channel.h"
#include "notify/http.h"
#include "settings/channel_url.h"

#define PORT_SMTP 25
#define PORT_SMTPS 465

struct one {
    struct tries *tries;
    struct http_sending *sending; /* NULL = ended */
    char channel[SETTINGS_CHANNEL_NAME_MAX];
    enum try_end end;
    char error[OUTGOING_ERROR_MAX];
};

struct tries {
    struct http *http;
    tries_done *done;
    void *context;
    struct one *ones; /* a place for each channel, as many as there were */
    size_t count, under_way;
};

int tries_new(uv_loop_t *loop, tries_done *done, void *context, struct tries **ret,
              struct error *err)
{
    struct tries *t = mem_calloc(1, sizeof *t);
    if (t == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *t = (struct tries){.done = done, .context = context};
    int r = http_new(loop, &t->http, err);
    if (r < 0)
        mem_free(t);
    else
        *ret = t;
    return r;
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct one *one = context;
    struct tries *t = one->tries;
    one->sending = NULL;
    one->end = answer->whole ? TRY_REACHED : TRY_UNREACHED;
    if (!answer->whole)
        (void)str_copy(one->error, sizeof one->error, answer->error);
    if (--t->under_way == 0)
        t->done(t->context);
}

/* Mail is another protocol over the same connection. Where it starts TLS later, only the connection is
 * tried: the rest needs a conversation. */
static void address_of(const struct channel *c, char *to, size_t size)
{
    struct channel_url url;
    if (c->settings.type != CHANNEL_SMTP ||
        channel_url_read(CHANNEL_SMTP, c->address, &url, NULL) < 0) {
        (void)str_copy(to, size, c->address);
        return;
    }
    bool v6 = strchr(url.host, ':') != NULL;
    int port = url.port != 0 ? url.port : url.tls ? PORT_SMTPS : PORT_SMTP;
    (void)str_format(to, size, "%s://%s%s%s:%d", url.tls ? "https" : "http", v6 ? "[" : "",
                     url.host, v6 ? "]" : "", port);
}

static void begin(struct one *one, const struct settings *settings,
                  const struct channel_settings *s)
{
    struct channel *c = NULL;
    struct error err = {0};
    const char *key = "type";
    char address[2 * SETTINGS_PATH_MAX];
    (void)str_copy(one->channel, sizeof one->channel, s->name);
    if (channel_load(s, settings->server.name, &c, &key, &err) < 0) {
        one->end = TRY_UNUSABLE;
        (void)str_format(one->error, sizeof one->error, "`%s`: %s", key, err.text);
        return;
    }
    address_of(c, address, sizeof address);
    struct http_request request = {.url = address,
                                   .proxy = s->proxy,
                                   .ca_file = s->ca_file,
                                   .timeout_ms = TRIES_MS,
                                   .connect_only = true};
    if (http_send(one->tries->http, &request, on_answer, one, &one->sending, &err) < 0) {
        one->end = TRY_UNREACHED;
        (void)str_copy(one->error, sizeof one->error, err.text);
    } else {
        one->tries->under_way++;
    }
    mem_wipe(address, sizeof address);
    channel_unref(c);
}

void tries_begin(struct tries *t, const struct settings *settings)
{
    if (t->under_way > 0)
        return;
    mem_free(t->ones);
    t->count = settings->alerts.channel_count;
    t->ones = mem_calloc(t->count + 1, sizeof t->ones[0]);
    if (t->ones == NULL)
        t->count = 0;
    for (size_t i = 0; i < t->count; i++) {
        t->ones[i].tries = t;
        begin(&t->ones[i], settings, &settings->alerts.channels[i]);
    }
    if (t->under_way == 0)
        t->done(t->context);
}

bool tries_under_way(const struct tries *t)
{
    return t->under_way > 0;
}

enum try_end tries_look(const struct tries *t, const char *channel, char error[OUTGOING_ERROR_MAX])
{
    for (size_t i = 0; i < t->count; i++)
        if (str_equal(t->ones[i].channel, channel)) {
            (void)str_copy(error, OUTGOING_ERROR_MAX, t->ones[i].error);
            return t->ones[i].end;
        }
    error[0] = '\0';
    return TRY_UNKNOWN;
}

void tries_free(struct tries *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        if (t->ones[i].sending != NULL)
            http_cancel(t->ones[i].sending);
    http_free(t->http);
    mem_free(t->ones);
    mem_free(t);
}
