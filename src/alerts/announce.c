/* Messages that are about no alert: news for administrators, reports, maintenance windows. */
#include <errno.h>
#include <inttypes.h>

#include "alerts/incidents.h"
#include "alerts/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

static bool covers(const struct service_patterns *services, const char *id)
{
    for (size_t i = 0; i < services->count; i++)
        if (route_matches(services->patterns[i], id))
            return true;
    return services->count == 0;
}

/* Every channel that a route of a service names. Pagers call people for trouble only, and a board
 * shows alerts only. `ret_single`: the one service, NULL = several or none. */
static channel_set readers(const struct alerts *a, const struct service_patterns *services,
                           const struct service_settings **ret_single)
{
    channel_set set = 0;
    size_t count = 0;
    for (size_t i = 0; i < a->settings->service_count; i++) {
        if (!covers(services, a->settings->services[i].id))
            continue;
        for (int s = 0; s < SEVERITY_COUNT; s++)
            set |= a->routes[i].by_severity[s];
        *ret_single = count++ == 0 ? &a->settings->services[i] : NULL;
    }
    return set & ~(a->plan->routes.pagers | a->plan->boards);
}

static int64_t post_news(struct alerts *a, struct message *m, struct outbox_post *post,
                         struct error *err)
{
    (void)str_copy(m->instance, sizeof m->instance, a->settings->server.name);
    JSON_CLEANUP json_t *facts = message_write(m);
    if (facts == NULL || !json_put_int(facts, "posted_at", alerts_now(a).wall.ms))
        return error_set(err, -ENOMEM, "out of memory");
    post->kind = LANE_ANNOUNCE;
    post->facts = facts;
    return outbox_post(a->outbox, post, err);
}

void alerts_post_news(struct alerts *a, struct message *m, channel_set channels,
                      const struct record_change *with)
{
    struct error err = {0};
    struct outbox_post post = {.channels = channels, .with = with, .with_count = with != NULL};
    if (post_news(a, m, &post, &err) < 0)
        log_error("alerts", "a message (%s) is not sent: %s", m->title, err.text);
}

void alerts_news(struct alerts *a, const struct alerts_news *news)
{
    struct message *m = mem_calloc(1, sizeof *m);
    if (m == NULL)
        return;
    message_init(m, MESSAGE_ANNOUNCE);
    (void)str_copy(m->title, sizeof m->title, news->title);
    (void)str_copy(m->text, sizeof m->text, news->text);
    (void)str_copy(m->author, sizeof m->author, news->author);
    (void)str_copy(m->command, sizeof m->command, news->command);
    alert_link(a, news->path, m->link, sizeof m->link);
    alerts_post_news(
        a, m, a->own.by_severity[SEVERITY_P4] & ~(a->plan->routes.pagers | a->plan->boards), NULL);
    mem_free(m);
}

/* ── maintenance ── */

/* An announcement that arrives after the time that it announces helps no reader. 0 = the channel's
 * own limit. */
static int64_t life_of(const struct maintenance_news *news, wall_ms now)
{
    int64_t left = wall_since(news->window->state.ends, now);
    bool past = news->kind == MAINTENANCE_SUMMARY || news->kind == MAINTENANCE_MISSED;
    return past || left <= 0 || left > ANNOUNCEMENT_LIFE_MAX_MS ? 0 : left;
}

/* The subject of the mail: what and when, before anything is opened. */
static void put_title(const struct maintenance_news *news, char *to, size_t size)
{
    static const char *const notices[WINDOW_NOTICE_COUNT] = {
        [WINDOW_NOTICE_FIRST] = "on",
        [WINDOW_NOTICE_REMINDER] = "on",
        [WINDOW_NOTICE_CHANGED] = "changed: now on",
        [WINDOW_NOTICE_CANCELLED] = "cancelled: it was on",
    };
    static const char *const others[MAINTENANCE_NEWS_COUNT] = {
        [MAINTENANCE_BEGINS] = "has begun",
        [MAINTENANCE_ASKS] = "ends soon",
        [MAINTENANCE_SUMMARY] = "has ended",
        [MAINTENANCE_MISSED] = "did not take place",
    };
    const struct window *state = &news->window->state;
    bool longer = news->kind == MAINTENANCE_ANNOUNCED && state->phase == WINDOW_OPEN &&
                  news->notice == WINDOW_NOTICE_CHANGED;
    char at[WALL_TEXT_SIZE];
    (void)wall_text(longer ? state->ends : state->starts, at);
    (void)str_format(to, size, "Maintenance \"%s\" ", news->window->title);
    if (longer) /* it has begun: what is news is the end */
        (void)str_append(to, size, "changed: until %.10s %.5s UTC", at, at + 11);
    else if (news->kind == MAINTENANCE_ANNOUNCED)
        (void)str_append(to, size, "%s %.10s %.5s UTC", notices[news->notice], at, at + 11);
    else
        (void)str_append(to, size, "%s", others[news->kind]);
}

void alerts_announce(struct alerts *a, const struct maintenance_news *news)
{
    struct error err = {0};
    char path[48];
    const struct service_settings *single = NULL;
    struct message *m = mem_calloc(1, sizeof *m);
    channel_set channels = readers(a, &news->window->services, &single);
    if (news->kind == MAINTENANCE_BEGINS || news->kind == MAINTENANCE_SUMMARY)
        incidents_window(a, news->number, news->text);
    /* The window's row was queued before: a message that is on the disk has its row there, too. */
    struct outbox_post post = {.service = single == NULL ? NULL : single->id,
                               .channels = channels,
                               .life_ms = life_of(news, alerts_now(a).wall)};
    if (channels == 0 || m == NULL) {
        mem_free(m);
        return;
    }
    message_init(m, MESSAGE_ANNOUNCE);
    put_title(news, m->title, sizeof m->title);
    (void)str_copy(m->text, sizeof m->text, news->text);
    (void)str_copy(m->calendar, sizeof m->calendar, news->calendar);
    (void)str_format(path, sizeof path, "/maintenance/%" PRId64, news->number);
    alert_link(a, path, m->link, sizeof m->link);
    if (single != NULL) {
        (void)str_copy(m->service, sizeof m->service, single->id);
        (void)str_copy(m->service_name, sizeof m->service_name, single->name);
    }
    if (post_news(a, m, &post, &err) < 0)
        log_error("alerts", "window %" PRId64 " is not announced: %s", news->number, err.text);
    mem_free(m);
}
