#include "alerts/alerts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/inside.h"
#include "alerts/outbox_look.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

#define CHANNEL_DETAIL "channel."
#define TOGETHER_MS 250

struct now alerts_now(const struct alerts *a)
{
    return a->ports.now(a->ports.context);
}

/* ── time ── */

static void turn(struct alerts *a)
{
    if (a->turning)
        return;
    a->turning = true;
    conditions_turn(a, alerts_now(a));
    incidents_turn(a, alerts_now(a));
    a->turning = false;
    alerts_arm(a);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

void alerts_arm(struct alerts *a)
{
    mono_ms wake = mono_min(conditions_wake(a), incidents_wake(a));
    if (!a->started || a->turning)
        return;
    if (wake.ms == MONO_NEVER.ms) {
        (void)uv_timer_stop(a->timer);
        return;
    }
    uv_update_time(a->ports.loop);
    int64_t wait = mono_since(wake, alerts_now(a).mono);
    (void)uv_timer_start(a->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

void alerts_judged(struct alerts *a, int service)
{
    if (a->turning && a->dirty[service])
        return;
    /* Thousands of services that are well are looked at together. Trouble may be over in 50 ms, and
     * is looked at at once. */
    mono_ms now = alerts_now(a).mono;
    mono_ms at = conditions_quiet(a, service) ? mono_add(now, TOGETHER_MS) : now;
    a->dirty[service] = true;
    if (at.ms >= a->look_at.ms)
        return;
    a->look_at = at;
    alerts_arm(a);
}

/* ── what is reported ── */

static int64_t newest_message(const struct book_entry *e)
{
    size_t count = json_array_size(e->messages);
    return count == 0 ? 0 : json_integer_value(json_array_get(e->messages, count - 1));
}

void alerts_report(struct alerts *a, const struct alert_report *report)
{
    int service = engine_service_index(a->ports.engine, report->key.subject);
    struct book_entry *e = book_find(&a->book, service, &report->key);
    bool bad = report->event == ALERT_BAD;
    if (!bad && (e == NULL || !alert_open(&e->alert)))
        return;
    if (e == NULL && (e = book_add(&a->book, service, &report->key)) == NULL)
        return;
    bool again =
        bad && report->over && e->alert.announced && !str_equal(e->summary, report->summary);
    int64_t last = newest_message(e);
    e->reported = report->event;
    if (bad) {
        e->severity = report->severity;
        (void)str_copy(e->summary, sizeof e->summary, report->summary);
    }
    alerts_step_reported(a, e, alerts_now(a));
    if (again && newest_message(e) == last)
        alerts_step_more(a, e, alerts_now(a));
    if (bad && report->over) {
        e->reported = ALERT_WELL;
        alerts_step_reported(a, e, alerts_now(a));
    }
    if (service >= 0)
        a->wakes[service] = mono_min(a->wakes[service], e->wake);
    else
        a->own_wake = mono_min(a->own_wake, e->wake);
    alerts_arm(a);
}

/* There are channels, and none of them delivers: no message reaches anyone. */
static bool none_delivers(const struct alerts *a)
{
    struct outbox_channel_state state;
    size_t failing = 0;
    for (size_t i = 0; i < a->plan->count; i++) {
        outbox_look_channel(a->outbox, (int)i, &state);
        failing += state.failing;
    }
    return failing > 0 && failing == a->plan->count;
}

static void report_channel(struct alerts *a, int channel, bool fails)
{
    struct outbox_channel_state state;
    struct alert_report report = {.key = {.class = CLASS_SELF},
                                  .event = fails ? ALERT_BAD : ALERT_WELL,
                                  .severity = SEVERITY_P2};
    char text[OUTBOX_ERROR_SIZE + OUTBOX_NAME_SIZE + 80];
    const char *name = a->plan->channels[channel].name;
    outbox_look_channel(a->outbox, channel, &state);
    if (!str_format(report.key.detail, sizeof report.key.detail, CHANNEL_DETAIL "%s", name))
        log_debug("alerts", "the name of channel %s is cut", name);
    (void)str_format(text, sizeof text, "The channel %s does not deliver: %s", name,
                     state.error[0] == '\0' ? "no answer" : state.error);
    report.summary = text;
    alerts_report(a, &report);
    if (fails && none_delivers(a))
        log_error("alerts", "no channel delivers: alerts reach no one (resus notify test)");
}

/* ── the outbox ── */

static struct watched *watched(const struct alerts *a, uint64_t message)
{
    for (size_t i = 0; i < ALERTS_WATCHED_MAX; i++)
        if (a->watched[i].message == message)
            return (struct watched *)(uintptr_t)&a->watched[i];
    return NULL;
}

static void note_end(struct alerts *a, const struct outbox_news *news)
{
    struct watched *w = watched(a, news->message);
    struct book_entry *e = book_by_message(&a->book, (int64_t)news->message);
    bool arrived = news->state == DELIVERY_DELIVERED || news->state == DELIVERY_ACCEPTED;
    bool failed = news->state == DELIVERY_DEAD || news->state == DELIVERY_EXPIRED ||
                  news->state == DELIVERY_DROPPED;
    if (news->channel >= 0 && (arrived || failed))
        a->results[news->channel][failed]++;
    if (w != NULL)
        (void)json_array_append_new(w->ended, delivery_shown(news->delivery, news->record));
    if (e == NULL)
        return;
    book_note_delivery(e, delivery_shown(news->delivery, news->record));
    alerts_store(a, e, 0);
    if (news->last)
        alerts_publish(a, e, alerts_now(a));
}

static void on_news(void *context, const struct outbox_news *news)
{
    struct alerts *a = context;
    switch (news->kind) {
    case OUTBOX_CHANNEL_FAILS:
    case OUTBOX_CHANNEL_WORKS:
        if (news->channel >= 0)
            report_channel(a, news->channel, news->kind == OUTBOX_CHANNEL_FAILS);
        break;
    case OUTBOX_ENDED:
        note_end(a, news);
        if (a->ports.answered != NULL)
            a->ports.answered(a->ports.context);
        break;
    case OUTBOX_DROPPED:
    case OUTBOX_NOT_STORED:
        break;
    }
}

static void on_send(void *context, int channel, uint64_t delivery, const json_t *message)
{
    struct alerts *a = context;
    JSON_CLEANUP json_t *linked = links_added(a, channel, message);
    sender_send(a->sender, a->plan->channels[channel].name, delivery,
                linked == NULL ? message : linked);
}

/* A late answer is ignored by the outbox. */
static void on_cancel(void *context, int channel, uint64_t delivery)
{
    (void)context;
    (void)channel;
    (void)delivery;
}

static struct now on_now(void *context)
{
    return alerts_now(context);
}

static void on_answered(void *context)
{
    const struct alerts *a = context;
    if (a->ports.answered != NULL)
        a->ports.answered(a->ports.context);
}

static bool on_stale(void *context, const char *thread, uint32_t generation)
{
    return incidents_stale(context, thread, generation);
}

static const char *on_ask(void *context)
{
    return alerts_unwell(context);
}

const char *alerts_unwell(const struct alerts *a)
{
    struct outbox_state outbox;
    struct store_state store;
    outbox_look(a->outbox, &outbox);
    store_look(a->ports.store, &store);
    if (engine_doubt(a->ports.engine, alerts_now(a)) != NULL)
        return "self-doubt";
    if (incidents_overdue(a))
        return "a step of the escalation is overdue";
    if (outbox.late_ms > ALERTS_LATE_MS)
        return "messages are late";
    if (none_delivers(a))
        return "no channel delivers";
    return store.problem.code != 0 ? "the state database cannot be written" : NULL;
}

/* ── opening, reload, end ── */

static int open_outbox(struct alerts *a, struct error *err)
{
    const struct outbox_ports ports = {
        .context = a,
        .loop = a->ports.loop,
        .store = a->ports.store,
        .channel = {.send = on_send, .cancel = on_cancel},
        .now = on_now,
        .is_stale = on_stale,
        .news = on_news,
    };
    return outbox_open(&ports, a->plan->channels, a->plan->count, &a->outbox, err);
}

static int open_all(struct alerts *a, struct error *err)
{
    const struct sender_options options = {.ask = on_ask, .answered = on_answered, .context = a};
    a->plan = mem_calloc(1, sizeof *a->plan);
    a->timer = mem_calloc(1, sizeof *a->timer);
    if (a->plan == NULL || a->timer == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    (void)uv_timer_init(a->ports.loop, a->timer);
    a->timer->data = a;
    plan_make(a->settings, a->plan);
    int r = conditions_open(a, err);
    if (r >= 0)
        r = book_open(&a->book, a->settings->service_count, err);
    if (r >= 0)
        r = book_load(&a->book, a->ports.store, a->ports.engine, a->plan, alerts_now(a), err);
    if (r >= 0)
        r = incidents_load(a, err);
    if (r >= 0)
        r = open_outbox(a, err);
    if (r >= 0)
        r = sender_open(a->ports.loop, a->settings, &options, &a->sender, err);
    if (r >= 0)
        sender_join(a->sender, a->outbox);
    if (r >= 0)
        r = tries_new(a->ports.loop, on_answered, a, &a->tries, err);
    return r < 0 ? r : reports_open(a, &a->reports, err);
}

int alerts_open(const struct alerts_ports *ports, const struct settings *settings,
                struct alerts **ret, struct error *err)
{
    struct alerts *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    a->ports = *ports;
    a->settings = settings;
    int r = open_all(a, err);
    if (r < 0)
        alerts_close(a);
    else
        *ret = a;
    return r;
}

/* What shows the alerts of now has forgotten them with the last process. */
static void show_again(struct alerts *a, const struct book_entry *e)
{
    struct error err = {0};
    channel_set boards = e->alert.notified & a->plan->boards;
    const char *thread = json_text_or(e->facts, "key", NULL);
    if (boards == 0 || thread == NULL)
        return;
    JSON_CLEANUP json_t *facts = json_deep_copy(e->facts);
    if (!json_put_text(facts, "kind", message_kind_word(MESSAGE_UPDATE)) ||
        !json_put_text(facts, "severity", severity_word(e->alert.sent_severity)) ||
        !json_put_int(facts, "posted_at", alerts_now(a).wall.ms))
        return;
    const struct outbox_post post = {.kind = LANE_UPDATE,
                                     .severity = (int)SEVERITY_P1 - (int)e->alert.sent_severity + 1,
                                     .thread = thread,
                                     .service = e->key.subject[0] == '\0' ? NULL : e->key.subject,
                                     .channels = boards,
                                     .facts = facts};
    if (outbox_post(a->outbox, &post, &err) < 0)
        log_warning("alerts", "alert %" PRId64 " is not shown again: %s", e->number, err.text);
}

/* What nobody says again after a start: that a channel fails is found out again, and an event is over. */
static void settle(struct book_entry *e)
{
    bool own = e->key.class == CLASS_SELF && e->service < 0;
    if (own || e->key.class == CLASS_SECURITY)
        e->reported = ALERT_WELL;
}

void alerts_start(struct alerts *a)
{
    a->started = true;
    a->own_wake = alerts_now(a).mono;
    for (int i = -1; i < (int)a->settings->service_count; i++) {
        for (struct book_entry *e = book_first(&a->book, i); e != NULL; e = e->next) {
            settle(e);
            if (alert_open(&e->alert) && e->alert.announced)
                show_again(a, e);
        }
        if (i >= 0)
            a->dirty[i] = true;
    }
    a->look_at = alerts_now(a).mono;
    alerts_arm(a);
    reports_start(a->reports);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void alerts_close(struct alerts *a)
{
    if (a == NULL)
        return;
    reports_close(a->reports);
    tries_free(a->tries);
    if (a->sender != NULL)
        sender_join(a->sender, NULL);
    outbox_close(a->outbox);
    sender_close(a->sender);
    book_close(&a->book);
    cases_close(&a->cases);
    conditions_close(a);
    for (size_t i = 0; i < ALERTS_WATCHED_MAX; i++)
        json_decref(a->watched[i].ended);
    if (a->timer != NULL && a->timer->data != NULL)
        uv_close((uv_handle_t *)a->timer, on_closed);
    else
        mem_free(a->timer);
    mem_free(a->plan);
    mem_free(a);
}

int alerts_reconfigure(struct alerts *a, const struct settings *settings, struct error *err)
{
    int8_t to[ROUTE_CHANNELS_MAX];
    struct plan *plan = mem_calloc(1, sizeof *plan);
    if (plan == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = sender_reload(a->sender, settings, err);
    if (r < 0) {
        mem_free(plan);
        return r;
    }
    plan_make(settings, plan);
    plan_moved(a->plan, plan, to);
    uint64_t results[LANES_MAX][2] = {0};
    for (size_t i = 0; i < a->plan->count; i++)
        if (to[i] >= 0)
            memcpy(results[to[i]], a->results[i], sizeof results[0]);
    memcpy(a->results, results, sizeof results);
    mem_free(a->plan);
    a->plan = plan;
    a->settings = settings;
    conditions_configure(a);
    for (int i = -1; i < (int)settings->service_count; i++)
        for (struct book_entry *e = book_first(&a->book, i); e != NULL; e = e->next)
            alert_channels_moved(&e->alert, to);
    incidents_moved(a, to);
    outbox_configure(a->outbox, plan->channels, plan->count);
    for (size_t i = 0; i < settings->service_count; i++)
        alerts_judged(a, (int)i);
    reports_reload(a->reports);
    return 0;
}

/* ── what people say ── */

static json_t *notice_facts(const struct alerts *a, const struct alerts_notice *n)
{
    struct message *m = mem_calloc(1, sizeof *m);
    const struct service_settings *s =
        n->service < 0 ? NULL : engine_settings(a->ports.engine, n->service);
    if (m == NULL)
        return NULL;
    message_init(m, n->test ? MESSAGE_TEST : MESSAGE_EMERGENCY);
    (void)str_copy(m->instance, sizeof m->instance, a->settings->server.name);
    (void)str_copy(m->author, sizeof m->author, n->author);
    (void)str_copy(m->title, sizeof m->title,
                   n->test ? "Resus can send messages here" : n->message);
    if (n->test)
        (void)str_copy(m->summary, sizeof m->summary,
                       "This is a test of the channel. Nothing has happened.");
    (void)str_copy(m->text, sizeof m->text, n->message);
    if (n->reason != NULL && n->reason[0] != '\0')
        (void)str_append(m->text, sizeof m->text, "\nReason: %s", n->reason);
    if (s != NULL) {
        (void)str_copy(m->service, sizeof m->service, s->id);
        (void)str_copy(m->service_name, sizeof m->service_name, s->name);
    }
    if (!n->test) {
        m->severity = 1;
        m->began = alerts_now(a).wall;
    }
    json_t *facts = message_write(m);
    mem_free(m);
    (void)json_put_int(facts, "posted_at", alerts_now(a).wall.ms);
    return facts;
}

static void watch(struct alerts *a, int64_t message)
{
    struct watched *w = &a->watched[a->watched_next++ % ALERTS_WATCHED_MAX];
    json_decref(w->ended);
    *w = (struct watched){.message = (uint64_t)message, .ended = json_array()};
}

int64_t alerts_tell(struct alerts *a, const struct alerts_notice *n, struct error *err)
{
    int channel = n->channel == NULL ? -1 : plan_channel(a->plan, n->channel);
    if (n->channel != NULL && channel < 0)
        return error_set(err, -ENOENT, "There is no channel \"%s\".", n->channel);
    if (a->plan->count == 0)
        return error_set(err, -ENOENT, "No channel is configured: see `alerts` in resus.yaml.");
    JSON_CLEANUP json_t *facts = notice_facts(a, n);
    const struct outbox_post post = {
        .kind = n->test ? LANE_TEST : LANE_EMERGENCY,
        .severity = n->test ? 0 : 1,
        .service = n->service < 0 ? NULL : engine_settings(a->ports.engine, n->service)->id,
        .channels = channel < 0 ? a->plan->routes.all : CHANNEL_BIT(channel),
        .facts = facts,
    };
    int64_t message = outbox_post(a->outbox, &post, err);
    if (message > 0)
        watch(a, message);
    return message;
}

json_t *alerts_deliveries(const struct alerts *a, int64_t message, bool *ret_answered)
{
    const struct watched *w = watched(a, (uint64_t)message);
    json_t *all = w == NULL ? json_array() : json_copy(w->ended);
    JSON_CLEANUP json_t *live = outbox_deliveries(a->outbox, (uint64_t)message);
    size_t i;
    const json_t *one;
    *ret_answered = true;
    json_array_foreach(live, i, one) {
        if (json_is_null(json_object_get(one, "error")))
            *ret_answered = false;
    }
    (void)json_array_extend(all, live);
    return all;
}

void alerts_try(struct alerts *a)
{
    tries_begin(a->tries, a->settings);
}

bool alerts_tried(const struct alerts *a)
{
    return !tries_under_way(a->tries);
}

enum try_end alerts_try_end(const struct alerts *a, const char *channel,
                            char error[OUTGOING_ERROR_MAX])
{
    return tries_look(a->tries, channel, error);
}

/* ── figures ── */

size_t alerts_channel_count(const struct alerts *a)
{
    return a->plan->count;
}

void alerts_channel_figures(const struct alerts *a, size_t channel,
                            struct alerts_channel_figures *ret)
{
    struct outbox_channel_state state;
    outbox_look_channel(a->outbox, (int)channel, &state);
    *ret = (struct alerts_channel_figures){.name = a->plan->channels[channel].name,
                                           .up = !state.failing,
                                           .delivered = a->results[channel][0],
                                           .failed = a->results[channel][1]};
}

size_t alerts_firing(const struct alerts *a, enum severity severity)
{
    size_t count = 0;
    for (int i = -1; i < (int)a->settings->service_count; i++)
        for (const struct book_entry *e = book_first(&a->book, i); e != NULL; e = e->next)
            count += alert_counts_as(&e->alert) == severity;
    return count;
}
