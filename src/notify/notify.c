#include "notify/notify.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"
#include "notify/board.h"
#include "notify/mail.h"
#include "notify/notify_mail.h"
#include "settings/position.h"

/* One entry of the settings: the channel, and what outlives a reload under the same name. */
struct line {
    struct channel *channel;
    struct board *board;            /* of a channel of state, else NULL */
    struct http_sending *resending; /* the board's repetition under way */
    struct notify *notify;
    struct notify_status status;
};

/* A delivery under way. */
struct sending {
    struct notify *notify;
    struct sending *next;
    struct channel *channel;
    struct http_sending *http; /* NULL with mail */
    char delivery[CHANNEL_DELIVERY_MAX];
    char key[MESSAGE_KEY_MAX];
    char replaced[CHANNEL_REASON_MAX];
};

/* The thread of one smtp channel. It lives as long as the notify: a reload that drops the channel
 * leaves a thread that waits and costs nothing. */
struct courier {
    struct courier *next;
    char channel[SETTINGS_CHANNEL_NAME_MAX];
    struct mail *mail;
};

struct notify {
    uv_loop_t *loop;
    struct notify_options options;
    struct http *http;
    struct line *lines; /* of the settings, in their order */
    size_t line_count;
    struct sending *sendings;
    size_t sending_count;
    struct courier *couriers;
    struct mail_memory memory;
    uv_timer_t resend;
    struct heartbeat *heartbeat;
    struct notify_status beat;
};

/* ── what is known of a channel ── */

static struct line *find(const struct notify *n, const char *channel)
{
    for (size_t i = 0; i < n->line_count; i++)
        if (str_equal(n->lines[i].channel->settings.name, channel))
            return &n->lines[i];
    return NULL;
}

static void note_end(struct notify_status *s, const struct channel_verdict *v)
{
    wall_ms now = clock_wall();
    s->last_code = v->code;
    if (v->class == RETRY_DELIVERED || v->class == RETRY_ACCEPTED) {
        s->failures = 0;
        s->failing_since = WALL_NONE;
        s->last_success = now;
        s->last_error[0] = '\0';
        return;
    }
    if (s->failures++ == 0)
        s->failing_since = now;
    (void)str_copy(s->last_error, sizeof s->last_error, v->reason);
}

size_t notify_count(const struct notify *n)
{
    return n->line_count + (n->heartbeat != NULL);
}

bool notify_status(const struct notify *n, size_t index, struct notify_status *ret)
{
    if (index >= notify_count(n))
        return false;
    *ret = index == n->line_count ? n->beat : n->lines[index].status;
    return true;
}

/* ── the end of a delivery ── */

static void unlink_sending(struct sending *s)
{
    struct notify *n = s->notify;
    for (struct sending **at = &n->sendings; *at != NULL; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            n->sending_count--;
            return;
        }
}

static void finish(struct sending *s, const struct channel_verdict *v, int64_t retry_after_ms)
{
    struct notify *n = s->notify;
    struct notify_result result = {.class = v->class,
                                   .code = v->code,
                                   .retry_after_ms = retry_after_ms,
                                   .replaced = s->replaced[0] != '\0'};
    const char *name = s->channel->settings.name;
    struct line *line = find(n, name);
    if (line != NULL)
        note_end(&line->status, v);
    (void)str_copy(result.receipt, sizeof result.receipt, v->receipt);
    (void)str_copy(result.error, sizeof result.error, v->reason);
    if (result.replaced)
        (void)str_append(result.error, sizeof result.error, "%s%s",
                         result.error[0] == '\0' ? "" : "; ", s->replaced);
    unlink_sending(s);
    n->options.done(n->options.context, name, s->delivery, &result);
    channel_unref(s->channel);
    mem_free(s);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct sending *s = context;
    struct channel_verdict v;
    channel_judge(s->channel, answer, s->key, &v);
    finish(s, &v, answer->retry_after_ms);
}

static void on_mail(void *context, struct mail_job *job)
{
    struct sending *s = job->context;
    struct notify *n = context;
    struct channel_verdict v;
    mail_judge(s->channel, job, s->delivery, &n->memory, &v);
    mail_job_free(job);
    finish(s, &v, RETRY_AFTER_NONE);
}

/* ── sending ── */

static int post(struct notify *n, struct channel *c, const char *delivery, struct buf *body,
                http_done *done, void *context, struct http_sending **ret, struct error *err)
{
    char base[SETTINGS_PATH_MAX + 32];
    struct http_request request = {.url = c->address,
                                   .proxy = c->settings.proxy,
                                   .ca_file = c->settings.ca_file,
                                   .timeout_ms = c->timeout_ms,
                                   .body = body};
    if (c->kind->path != NULL) {
        size_t length = strlen(c->address);
        while (length > 0 && c->address[length - 1] == '/')
            length--;
        (void)str_format(base, sizeof base, "%.*s%s", (int)length, c->address, c->kind->path);
        request.url = base;
    }
    int r =
        c->kind->sign == NULL ? 0 : c->kind->sign(c, delivery, clock_wall(), body, &request, err);
    return r < 0 ? r : http_send(n->http, &request, done, context, ret, err);
}

static struct courier *courier_of(struct notify *n, const char *channel, struct error *err)
{
    struct courier *k = n->couriers;
    while (k != NULL && !str_equal(k->channel, channel))
        k = k->next;
    if (k != NULL)
        return k;
    k = mem_calloc(1, sizeof *k);
    if (k == NULL) {
        (void)error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    if (mail_new(n->loop, on_mail, n, &k->mail, err) < 0) {
        mem_free(k);
        return NULL;
    }
    (void)str_copy(k->channel, sizeof k->channel, channel);
    k->next = n->couriers;
    n->couriers = k;
    return k;
}

static int send_mail(struct sending *s, struct buf *text, struct error *err)
{
    struct courier *k = courier_of(s->notify, s->channel->settings.name, err);
    if (k == NULL)
        return err->code;
    struct mail_job *job = mail_job_new(s->channel, s->delivery, text, &s->notify->memory);
    if (job == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    job->context = s;
    int r = mail_send(k->mail, job, err);
    if (r < 0)
        mail_job_free(job);
    return r;
}

static int begin(struct sending *s, const struct message *m, struct error *err)
{
    struct channel *c = s->channel;
    struct buf body = BUF_LIMIT(CHANNEL_BODY_MAX);
    int r = channel_render(c, m, s->delivery, clock_wall(), &body, s->replaced, err);
    if (r == 0)
        r = c->settings.type == CHANNEL_SMTP
                ? send_mail(s, &body, err)
                : post(s->notify, c, s->delivery, &body, on_answer, s, &s->http, err);
    buf_free(&body);
    return r;
}

static bool good_delivery(const char *delivery)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strspn(delivery, allowed);
    return length > 0 && length < CHANNEL_DELIVERY_MAX && delivery[length] == '\0';
}

/* A receiver without ids of messages shows a repetition as a message of its own: it says so. */
static int begin_marked(struct sending *s, const struct message *m, struct error *err)
{
    if (!m->repeat || s->channel->kind->repeats_are_seen)
        return begin(s, m, err);
    struct message *plain = mem_calloc(1, sizeof *plain);
    if (plain == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *plain = *m;
    plain->repeat = false;
    int r = begin(s, plain, err);
    mem_free(plain);
    return r;
}

/* What is told of an alert is what is so now: also when an episode of before ends late. */
static int begin_state(struct board *board, struct sending *s, const struct message *m,
                       struct error *err)
{
    int r = board_note(board, m, clock_wall(), err);
    const json_t *open = r < 0 ? NULL : board_open_again(board, m);
    if (r < 0 || open == NULL)
        return r < 0 ? r : begin(s, m, err);
    struct message *now = mem_calloc(1, sizeof *now);
    r = now == NULL ? error_set(err, -ENOMEM, "out of memory") : message_read(open, now, err);
    if (r == 0)
        r = begin(s, now, err);
    mem_free(now);
    return r;
}

int notify_send(struct notify *n, const char *channel, const char *delivery,
                const struct message *message, struct error *err)
{
    struct line *line = find(n, channel);
    struct error ignored = {0}, *why = err == NULL ? &ignored : err;
    *why = (struct error){0};
    if (line == NULL)
        return error_set(why, -ENOENT, "there is no channel `%s`", channel);
    if (!good_delivery(delivery))
        return error_set(why, -EINVAL, "a delivery's id must be A-Z a-z 0-9 _ -, at most %d bytes",
                         CHANNEL_DELIVERY_MAX - 1);
    if (n->sending_count == NOTIFY_SENDING_MAX)
        return error_set(why, -EBUSY, "%d deliveries are under way", NOTIFY_SENDING_MAX);
    struct sending *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(why, -ENOMEM, "out of memory");
    s->notify = n;
    s->channel = channel_ref(line->channel);
    (void)str_copy(s->delivery, sizeof s->delivery, delivery);
    (void)str_copy(s->key, sizeof s->key, message->key);
    int r = line->board == NULL ? begin_marked(s, message, why)
                                : begin_state(line->board, s, message, why);
    if (r < 0) {
        channel_unref(s->channel);
        mem_free(s);
        return r;
    }
    s->next = n->sendings;
    n->sendings = s;
    n->sending_count++;
    return 0;
}

/* ── channels of state ── */

static void on_resent(void *context, const struct http_answer *answer)
{
    struct line *line = context;
    struct channel_verdict v;
    line->resending = NULL;
    channel_judge(line->channel, answer, "", &v);
    note_end(&line->status, &v);
    if (v.class != RETRY_DELIVERED)
        log_warning("notify", "channel=%s open alerts were not repeated: %s",
                    line->channel->settings.name, v.reason);
}

static void resend_board(struct line *line)
{
    struct buf body = BUF_LIMIT((size_t)BOARD_ALERTS_MAX * 8192);
    struct error err = {0};
    int count = board_render(line->board, line->channel, clock_wall(), &body, &err);
    if (count > 0 &&
        post(line->notify, line->channel, "", &body, on_resent, line, &line->resending, &err) < 0)
        count = err.code;
    if (count < 0)
        log_warning("notify", "channel=%s open alerts were not repeated: %s",
                    line->channel->settings.name, err.text);
    buf_free(&body);
}

static void on_resend(uv_timer_t *timer)
{
    struct notify *n = timer->data;
    for (size_t i = 0; i < n->line_count; i++)
        if (n->lines[i].board != NULL && n->lines[i].resending == NULL)
            resend_board(&n->lines[i]);
}

/* ── opening, reload, end ── */

static int at_key(const struct settings *settings, const char *section, const char *key,
                  struct error *err)
{
    char whole[SETTINGS_CHANNEL_NAME_MAX + 96], place[SETTINGS_PATH_MAX + 32];
    (void)str_format(whole, sizeof whole, "%s.%s", section, key);
    settings_position(settings, whole, place, sizeof place);
    return error_prefix(err, "%s: `%s`", place, key);
}

static int open_channel(const struct settings *settings, size_t index, struct channel **ret,
                        struct error *err)
{
    const struct channel_settings *s = &settings->alerts.channels[index];
    const char *key = "";
    char section[SETTINGS_CHANNEL_NAME_MAX + 32];
    int r = channel_load(s, settings->server.name, ret, &key, err);
    if (r == 0)
        return 0;
    (void)str_format(section, sizeof section, "alerts.channels.%s", s->name);
    return at_key(settings, section, key, err);
}

static bool has_heartbeat(const struct settings *s)
{
    return s->alerts.heartbeat.url[0] != '\0' || s->alerts.heartbeat.url_file[0] != '\0';
}

static int check_heartbeat(const struct settings *settings, struct error *err)
{
    char *address = NULL;
    const char *key = "";
    if (!has_heartbeat(settings))
        return 0;
    if (heartbeat_address(&settings->alerts.heartbeat, &address, &key, err) < 0)
        return at_key(settings, "alerts.heartbeat", key, err);
    mem_wipe(address, strlen(address));
    mem_free(address);
    return 0;
}

int notify_check(const struct settings *settings, struct error *err)
{
    int r = sodium_init() < 0 ? error_set(err, -EIO, "libsodium does not start") : 0;
    for (size_t i = 0; r == 0 && i < settings->alerts.channel_count; i++) {
        struct channel *c = NULL;
        r = open_channel(settings, i, &c, err);
        channel_unref(c);
    }
    return r < 0 ? r : check_heartbeat(settings, err);
}

static void close_lines(struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lines[i].resending != NULL)
            http_cancel(lines[i].resending);
        board_free(lines[i].board);
        channel_unref(lines[i].channel);
    }
    mem_free(lines);
}

static int open_lines(struct notify *n, const struct settings *settings, struct line **ret,
                      struct error *err)
{
    size_t count = settings->alerts.channel_count;
    struct line *lines = mem_calloc(count == 0 ? 1 : count, sizeof *lines);
    int r = 0;
    if (lines == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct line *line = &lines[i];
        line->notify = n;
        r = open_channel(settings, i, &line->channel, err);
        if (r == 0 && line->channel->kind->keeps_state)
            r = board_new(&line->board, err);
        if (r < 0)
            continue;
        line->status.type = line->channel->settings.type;
        (void)str_copy(line->status.channel, sizeof line->status.channel,
                       line->channel->settings.name);
    }
    if (r < 0)
        close_lines(lines, count);
    else
        *ret = lines;
    return r;
}

static void warn(const struct notify *n)
{
    for (size_t i = 0; i < n->line_count; i++) {
        const char *warning = channel_warning(n->lines[i].channel);
        if (warning != NULL)
            log_warning("notify", "channel=%s %s", n->lines[i].channel->settings.name, warning);
    }
}

static void on_beat(void *context, const struct channel_verdict *v)
{
    struct notify *n = context;
    note_end(&n->beat, v);
    if (n->beat.failures == 1)
        log_warning("notify", "the heartbeat failed: %s", v->reason);
}

static const char *ask(void *context)
{
    const struct notify *n = context;
    return n->options.ask == NULL ? NULL : n->options.ask(n->options.context);
}

static int open_heartbeat(struct notify *n, const struct settings *settings, struct heartbeat **ret,
                          struct error *err)
{
    *ret = NULL;
    return has_heartbeat(settings) ? heartbeat_new(n->loop, n->http, &settings->alerts.heartbeat,
                                                   ask, on_beat, n, ret, err)
                                   : 0;
}

int notify_new(uv_loop_t *loop, const struct settings *settings,
               const struct notify_options *options, struct notify **ret, struct error *err)
{
    int r = notify_check(settings, err);
    struct notify *n = r < 0 ? NULL : mem_calloc(1, sizeof *n);
    if (n == NULL)
        return r < 0 ? r : error_set(err, -ENOMEM, "out of memory");
    n->loop = loop;
    n->options = *options;
    n->beat = (struct notify_status){.channel = "heartbeat", .type = CHANNEL_HEARTBEAT};
    r = http_new(loop, &n->http, err);
    if (r == 0)
        r = open_lines(n, settings, &n->lines, err);
    if (r == 0)
        r = open_heartbeat(n, settings, &n->heartbeat, err);
    if (r < 0) {
        if (n->lines != NULL)
            close_lines(n->lines, settings->alerts.channel_count);
        http_free(n->http);
        mem_free(n);
        return r;
    }
    n->line_count = settings->alerts.channel_count;
    int64_t every = options->resend_ms != 0 ? options->resend_ms : BOARD_RESEND_MS;
    (void)uv_timer_init(loop, &n->resend);
    n->resend.data = n;
    (void)uv_timer_start(&n->resend, on_resend, (uint64_t)every, (uint64_t)every);
    warn(n);
    *ret = n;
    return 0;
}

/* What is known of a channel goes on under its name: an alert that is open must not be forgotten
 * because the address of its receiver has changed. */
static void take_over(struct notify *n, struct line *fresh)
{
    struct line *old = find(n, fresh->channel->settings.name);
    if (old == NULL || old->status.type != fresh->status.type)
        return;
    struct board *board = fresh->board;
    fresh->board = old->board;
    old->board = board;
    fresh->status = old->status;
}

int notify_reload(struct notify *n, const struct settings *settings, struct error *err)
{
    struct line *lines = NULL;
    struct heartbeat *heartbeat = NULL;
    int r = notify_check(settings, err);
    if (r == 0)
        r = open_lines(n, settings, &lines, err);
    if (r < 0 || lines == NULL)
        return r;
    r = open_heartbeat(n, settings, &heartbeat, err);
    if (r < 0) {
        close_lines(lines, settings->alerts.channel_count);
        return r;
    }
    for (size_t i = 0; i < settings->alerts.channel_count; i++)
        take_over(n, &lines[i]);
    heartbeat_free(n->heartbeat);
    close_lines(n->lines, n->line_count);
    n->heartbeat = heartbeat;
    n->lines = lines;
    n->line_count = settings->alerts.channel_count;
    warn(n);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void notify_free(struct notify *n)
{
    if (n == NULL)
        return;
    while (n->couriers != NULL) {
        struct courier *k = n->couriers;
        n->couriers = k->next;
        mail_free(k->mail);
        mem_free(k);
    }
    while (n->sendings != NULL) {
        struct sending *s = n->sendings;
        n->sendings = s->next;
        if (s->http != NULL)
            http_cancel(s->http);
        channel_unref(s->channel);
        mem_free(s);
    }
    heartbeat_free(n->heartbeat);
    close_lines(n->lines, n->line_count);
    http_free(n->http);
    uv_close((uv_handle_t *)&n->resend, on_closed);
}
