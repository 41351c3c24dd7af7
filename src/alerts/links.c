/* Links of a message, made when it is sent: an alert's incident may open after its message was
 * written, and each channel has its own link to acknowledge. */
#include <errno.h>
#include <inttypes.h>

#include "alerts/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const struct case_entry *case_of_message(const struct alerts *a, const json_t *message)
{
    int64_t number = json_int_or(message, "incident", 0);
    const char *subject = json_text_or(message, "subject", "");
    if (number > 0)
        return case_by_number(&a->cases, number);
    return subject[0] == '\0' ? NULL : case_of(&a->cases, subject);
}

static bool asks_for_someone(const json_t *message)
{
    const char *kind = json_text_or(message, "kind", "");
    return str_equal(kind, message_kind_word(MESSAGE_TRIGGER)) ||
           str_equal(kind, message_kind_word(MESSAGE_UPDATE)) ||
           str_equal(kind, message_kind_word(MESSAGE_REMINDER));
}

/* False: links cannot be made here. */
static bool link_key(const struct alerts *a, uint8_t key[ACK_LINK_KEY_SIZE])
{
    return a->settings->server.external_url[0] != '\0' && a->ports.link_key != NULL &&
           a->ports.link_key(a->ports.context, key);
}

static void put_acknowledge(const struct alerts *a, const struct case_entry *c, const char *channel,
                            json_t *message)
{
    uint8_t key[ACK_LINK_KEY_SIZE];
    const struct ack_link link = {c->number, wall_add(alerts_now(a).wall, ACK_LINK_MS)};
    char text[ACK_LINK_SIZE], path[sizeof ALERTS_ACK_PATH + ACK_LINK_SIZE], url[MESSAGE_LINK_MAX];
    if (!link_key(a, key))
        return;
    (void)str_format(path, sizeof path, ALERTS_ACK_PATH "%s",
                     ack_link_write(key, channel, &link, text));
    mem_wipe(key, sizeof key);
    link_below(a->settings->server.external_url, path, url, sizeof url);
    (void)json_put_text(message, "acknowledge", url);
}

/* The settings' one is for P1; one that a person has set is for the incident whatever its severity. */
static void put_war_room(const struct alerts *a, const struct case_entry *c, json_t *message)
{
    const char *own = json_text_or(c->texts, "war_room", "");
    const char *usual = c->incident.severity == SEVERITY_P1 ? a->settings->escalation.war_room : "";
    const char *url = own[0] != '\0' ? own : usual;
    if (url[0] != '\0')
        (void)json_put_text(message, "war_room", url);
}

json_t *links_added(const struct alerts *a, int channel, const json_t *message)
{
    json_t *copy = json_copy((json_t *)message);
    const struct case_entry *c = case_of_message(a, message);
    char path[48], url[MESSAGE_LINK_MAX];
    if (copy == NULL || c == NULL || (a->plan->boards & CHANNEL_BIT(channel)) != 0)
        return copy;
    (void)str_format(path, sizeof path, "/incidents/%" PRId64, c->number);
    alert_link(a, path, url, sizeof url);
    if (url[0] != '\0')
        (void)json_put_text(copy, "link", url);
    if (incident_open(&c->incident))
        put_war_room(a, c, copy);
    if (asks_for_someone(message) && incident_open(&c->incident) && c->acknowledged_by[0] == '\0')
        put_acknowledge(a, c, a->plan->channels[channel].name, copy);
    return copy;
}

int alerts_read_link(const struct alerts *a, const char *text, const char **ret_channel,
                     struct ack_link *ret)
{
    uint8_t key[ACK_LINK_KEY_SIZE];
    int r = -EINVAL;
    if (!link_key(a, key))
        return r;
    for (size_t i = 0; r == -EINVAL && i < a->plan->count; i++) {
        *ret_channel = a->plan->channels[i].name;
        r = ack_link_read(key, *ret_channel, text, alerts_now(a).wall, ret);
    }
    mem_wipe(key, sizeof key);
    return r;
}
