/* PagerDuty, Events API v2: one alert a deduplication key, opened by trigger and closed by
 * resolve. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "notify/channel.h"
#include "notify/text.h"

#define KEY_LENGTH 32
#define SUMMARY_MAX 1024 /* characters */
#define DETAIL_MAX 2000

static int load(struct channel *c, const char **ret_key, struct error *err)
{
    const char *path = c->settings.routing_key_file;
    *ret_key = "routing_key_file";
    int r = channel_read_secret(path, &c->key, err);
    if (r < 0)
        return r;
    bool good = strlen(c->key) == KEY_LENGTH;
    for (const char *p = c->key; *p != '\0'; p++)
        good = good && isalnum((unsigned char)*p);
    return good ? 0
                : error_set(err, -EINVAL,
                            "%s must hold the integration key of an Events API v2 integration: %d "
                            "letters and digits",
                            path, KEY_LENGTH);
}

static const char *address(const struct channel_settings *s)
{
    static const char *const regions[] = {
        [PAGERDUTY_US] = "https://events.pagerduty.com/v2/enqueue",
        [PAGERDUTY_EU] = "https://events.eu.pagerduty.com/v2/enqueue",
    };
    return s->url[0] != '\0' ? NULL : regions[s->region];
}

static const char *severity(const struct message *m)
{
    static const char *const words[] = {"info", "critical", "error", "warning", "info"};
    return m->kind == MESSAGE_EMERGENCY ? "critical" : words[m->severity];
}

static json_t *lines(const struct text_part *part)
{
    struct buf all = BUF_LIMIT(CHANNEL_BODY_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && i < part->line_count; i++)
        r = buf_printf(&all, "%s%s", i == 0 ? "" : "\n", part->lines->lines[i]);
    json_t *json = r < 0 ? NULL : channel_json_text(buf_text(&all), DETAIL_MAX);
    buf_free(&all);
    return json;
}

static json_t *details(const struct channel *c, const struct message *m)
{
    struct text text;
    text_make(m, c->settings.log_lines, &text);
    json_t *object = json_object();
    bool good = object != NULL;
    for (size_t i = 0; i < text.fact_count; i++)
        good = good && json_put(object, text.facts[i].label,
                                channel_json_text(text.facts[i].value, DETAIL_MAX));
    for (size_t i = 0; i < text.part_count; i++) {
        const struct text_part *part = &text.parts[i];
        const char *name = part->heading != NULL   ? part->heading
                           : part->text == m->text ? "Message"
                                                   : "Summary";
        good = good && json_put(object, name,
                                part->text != NULL ? channel_json_text(part->text, DETAIL_MAX)
                                                   : lines(part));
    }
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *payload(const struct channel *c, const struct message *m)
{
    char headline[TEXT_HEADLINE_MAX];
    text_headline(m, headline);
    json_t *object = json_object();
    bool good = json_put(object, "summary", channel_json_text(headline, SUMMARY_MAX)) &&
                json_put_text(object, "source", m->host[0] != '\0' ? m->host : c->instance) &&
                json_put_text(object, "severity", severity(m));
    if (m->began.ms != 0)
        good = good && json_put_wall(object, "timestamp", m->began);
    if (m->service[0] != '\0')
        good = good && json_put_text(object, "component", m->service);
    if (m->cause[0] != '\0')
        good = good && json_put_text(object, "class", m->cause);
    good = good && json_put_text(object, "group", c->instance) &&
           json_put(object, "custom_details", details(c, m));
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static bool add_link(json_t *list, const char *href, const char *text)
{
    if (!text_link_good(href))
        return true;
    json_t *link = json_pack("{s:s, s:s}", "href", href, "text", text);
    return link != NULL && json_array_append_new(list, link) == 0;
}

static bool add_alert(const struct channel *c, const struct message *m, json_t *event)
{
    JSON_CLEANUP json_t *links = json_array();
    return json_put(event, "payload", payload(c, m)) && json_put_text(event, "client", "Resus") &&
           (!text_link_good(m->link) || json_put_text(event, "client_url", m->link)) &&
           add_link(links, m->acknowledge, "Acknowledge in Resus") &&
           add_link(links, m->war_room, "War room") && add_link(links, m->link, "Console") &&
           add_link(links, m->cause_link, "About this cause") &&
           (json_array_size(links) == 0 || json_object_set(event, "links", links) == 0);
}

static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    (void)now;
    bool resolve = m->kind == MESSAGE_RESOLVE;
    JSON_CLEANUP json_t *event = json_object();
    bool good = json_put_text(event, "routing_key", c->key) &&
                json_put_text(event, "event_action", resolve ? "resolve" : "trigger") &&
                json_put_text(event, "dedup_key", m->key[0] != '\0' ? m->key : delivery) &&
                (resolve || add_alert(c, m, event));
    return good ? channel_write_json(event, body, err) : error_set(err, -ENOMEM, "out of memory");
}

static void look(const struct http_answer *answer, const char *key, enum retry_end *end,
                 struct channel_verdict *verdict)
{
    (void)end;
    if (answer->code == 202)
        (void)str_copy(verdict->receipt, sizeof verdict->receipt, key);
}

const struct channel_kind channel_pagerduty = {
    .type = CHANNEL_PAGERDUTY,
    .timeout_ms = 15000,
    .load = load,
    .address = address,
    .render = render,
    .look = look,
};
