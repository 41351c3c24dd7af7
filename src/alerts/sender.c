#include "alerts/sender.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* An attempt that ended before it began: told on a later turn of the loop. */
struct failed {
    struct failed *next;
    uint64_t delivery;
    enum retry_class class;
    char error[OUTBOX_ERROR_SIZE];
};

struct sender {
    struct sender_options options;
    struct notify *notify;
    struct outbox *outbox; /* NULL = nobody waits */
    struct failed *failed;
    struct failed spare; /* when there is no memory for one */
    bool spare_used;
    uv_timer_t timer;
};

static void tell(struct sender *s, uint64_t delivery, const struct notify_result *r)
{
    if (s->outbox == NULL)
        return;
    outbox_answered(s->outbox, delivery, r->class, r->code, r->retry_after_ms,
                    r->receipt[0] == '\0' ? NULL : r->receipt,
                    r->error[0] == '\0' ? NULL : r->error);
    s->options.answered(s->options.context);
}

/* The number stands in front of the name that receivers are shown. */
static void on_done(void *context, const char *channel, const char *delivery,
                    const struct notify_result *result)
{
    (void)channel;
    tell(context, strtoull(delivery, NULL, 10), result);
}

static const char *on_ask(void *context)
{
    const struct sender *s = context;
    return s->options.ask == NULL ? NULL : s->options.ask(s->options.context);
}

static void on_failed(uv_timer_t *timer)
{
    struct sender *s = timer->data;
    while (s->failed != NULL) {
        struct failed *f = s->failed;
        struct notify_result result = {.class = f->class, .retry_after_ms = RETRY_AFTER_NONE};
        uint64_t delivery = f->delivery;
        s->failed = f->next;
        (void)str_copy(result.error, sizeof result.error, f->error);
        if (f == &s->spare)
            s->spare_used = false;
        else
            mem_free(f);
        tell(s, delivery, &result);
    }
}

static void fail(struct sender *s, uint64_t delivery, enum retry_class class, const char *error)
{
    struct failed *f = mem_calloc(1, sizeof *f);
    if (f == NULL && s->spare_used)
        return; /* the outbox gives it up as overdue */
    if (f == NULL) {
        f = &s->spare;
        s->spare_used = true;
    }
    *f = (struct failed){.next = s->failed, .delivery = delivery, .class = class};
    (void)str_copy(f->error, sizeof f->error, error);
    s->failed = f;
    (void)uv_timer_start(&s->timer, on_failed, 0, 0);
}

/* FNV-1a. The number alone is used again after the state folder was replaced; a receiver that has
 * seen the name before drops the message. */
static uint32_t mark_of(const struct message *m, int64_t posted)
{
    char text[MESSAGE_KEY_MAX + 96];
    uint32_t hash = UINT32_C(2166136261);
    (void)str_format(text, sizeof text, "%s %s %" PRId64, m->instance, m->key, posted);
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
    return hash;
}

void sender_send(struct sender *s, const char *channel, uint64_t delivery, const json_t *message)
{
    char name[CHANNEL_DELIVERY_MAX];
    struct error err = {0};
    struct message *m = mem_calloc(1, sizeof *m);
    if (m == NULL) {
        fail(s, delivery, RETRY_LATER, "out of memory");
        return;
    }
    int r = message_read(message, m, &err);
    if (r >= 0) {
        (void)str_format(name, sizeof name, "%" PRIu64 "-%08" PRIx32, delivery,
                         mark_of(m, json_int_or(message, "posted_at", 0)));
        r = notify_send(s->notify, channel, name, m, &err);
    }
    mem_free(m);
    if (r < 0)
        fail(s, delivery, r == -EBUSY || r == -ENOMEM ? RETRY_LATER : RETRY_FINAL, err.text);
}

const struct notify *sender_notify(const struct sender *s)
{
    return s->notify;
}

void sender_join(struct sender *s, struct outbox *outbox)
{
    s->outbox = outbox;
}

int sender_reload(struct sender *s, const struct settings *settings, struct error *err)
{
    return notify_reload(s->notify, settings, err);
}

int sender_open(uv_loop_t *loop, const struct settings *settings,
                const struct sender_options *options, struct sender **ret, struct error *err)
{
    struct sender *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    struct notify_options more = {.done = on_done, .ask = on_ask, .context = s};
    s->options = *options;
    int r = notify_new(loop, settings, &more, &s->notify, err);
    if (r < 0) {
        mem_free(s);
        return r;
    }
    (void)uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    *ret = s;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void sender_close(struct sender *s)
{
    if (s == NULL)
        return;
    notify_free(s->notify);
    while (s->failed != NULL) {
        struct failed *f = s->failed;
        s->failed = f->next;
        if (f != &s->spare)
            mem_free(f);
    }
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
