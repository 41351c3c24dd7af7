/* Prometheus' Alertmanager, API v2. It is told what is so, again and again, and forgets what it is
 * not told: the body is one alert in a list, notify/board.c keeps the list. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "notify/board.h"
#include "notify/channel.h"
#include "notify/text.h"

/* Labels are the alert's identity: nothing that changes while it is open may stand in them. */
static json_t *labels(const struct channel *c, const struct message *m)
{
    json_t *object = json_object();
    char severity[8] = "none";
    if (m->severity > 0)
        (void)str_format(severity, sizeof severity, "P%d", m->severity);
    char name[96] = "Resus";
    const char *at = m->key; /* resus/INSTANCE/SERVICE/CLASS/EPISODE: the class is the fourth */
    for (int i = 0; i < 3 && at != NULL; i++) {
        at = strchr(at, '/');
        if (at != NULL)
            at++;
    }
    if (at != NULL)
        (void)str_append(name, sizeof name, "_%.*s", (int)strcspn(at, "/"), at);
    bool good = json_put_text(object, "alertname", name) &&
                json_put_text(object, "service", m->service) &&
                json_put_text(object, "severity", severity) &&
                json_put_text(object, "instance", c->instance);
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *annotations(const struct channel *c, const struct message *m)
{
    struct buf text = BUF_LIMIT(CHANNEL_BODY_MAX);
    char headline[TEXT_HEADLINE_MAX];
    json_t *object = json_object();
    text_headline(m, headline);
    bool good = json_put(object, "summary", channel_json_text(headline, TEXT_HEADLINE_MAX)) &&
                text_plain(m, c->settings.log_lines, &text) == 0 &&
                json_put_text(object, "description", buf_text(&text));
    if (m->cause_link[0] != '\0')
        good = good && json_put_text(object, "runbook_url", m->cause_link);
    buf_free(&text);
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

/* The end of what is firing lies ahead, far enough for lost repetitions; it never lies before the
 * start, which is refused. */
static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    (void)delivery;
    bool over = m->kind == MESSAGE_RESOLVE;
    wall_ms began = m->began.ms != 0 ? m->began : now;
    wall_ms ends = over ? (m->ended.ms != 0 ? m->ended : now) : wall_add(now, BOARD_FIRES_MS);
    if (ends.ms < began.ms)
        began = ends;
    JSON_CLEANUP json_t *alert = json_object();
    bool good = json_put(alert, "labels", labels(c, m)) &&
                json_put(alert, "annotations", annotations(c, m)) &&
                json_put_wall(alert, "startsAt", began) && json_put_wall(alert, "endsAt", ends);
    if (text_link_good(m->link))
        good = good && json_put_text(alert, "generatorURL", m->link);
    JSON_CLEANUP json_t *list = json_array();
    if (!good || json_array_append(list, alert) < 0)
        return error_set(err, -ENOMEM, "out of memory");
    return channel_write_json(list, body, err);
}

const struct channel_kind channel_alertmanager = {
    .type = CHANNEL_ALERTMANAGER,
    .timeout_ms = 15000,
    .path = "/api/v2/alerts",
    .render = render,
    .keeps_state = true,
};
