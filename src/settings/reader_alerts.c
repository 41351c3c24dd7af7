/* The sections `alerts` and `escalation`: their lists, and what one key alone cannot say. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "settings/channel_url.h"
#include "settings/reader_state.h"

static const struct found *found_at(const struct found found[KEYS_MAX], enum place place,
                                    const char *name)
{
    const struct found *f = &found[key_index(key_find(place, name))];
    return f->key == NULL ? NULL : f;
}

/* ── items of lists ── */

static void take_severity(struct reader *r, const struct key *row, const yaml_node_t *node,
                          const char *text)
{
    static const char *const words[] = {"P1", "P2", "P3", "P4"};
    static_assert(ARRAY_LENGTH(words) == SETTINGS_SEVERITIES, "a word for every severity");
    struct severity_set *set = (void *)((char *)r->base[row->base] + row->offset);
    char shown[32];
    int severity = str_index(words, ARRAY_LENGTH(words), text);
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (severity < 0)
        reader_fail(r, node->start_mark, "`%s` must be a list of P1, P2, P3 and P4, not \"%s\"",
                    row->name, shown);
    else
        set->has[severity] = true;
}

/* `services` was read before: its rows come first in the table. */
static bool is_service(const struct settings *s, const char *id)
{
    return str_equal(id, "*") ||
           (s->services == NULL ? str_equal(id, "redis") : settings_service(s, id) != NULL);
}

static void take_pattern(struct reader *r, const struct key *row, const yaml_node_t *node,
                         const char *text)
{
    struct service_patterns *list = (void *)((char *)r->base[row->base] + row->offset);
    char shown[SETTINGS_ID_MAX];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (!is_service(r->settings, text))
        reader_fail(r, node->start_mark,
                    "there is no service `%s`: `%s` must be a list of ids of `services`, or \"*\"",
                    shown, row->name);
    else if (list->count == SETTINGS_ROUTE_SERVICES_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_ROUTE_SERVICES_MAX);
    else
        (void)str_copy(list->patterns[list->count++], SETTINGS_ID_MAX, text);
}

static void take_mailbox(struct reader *r, const struct key *row, const yaml_node_t *node,
                         const char *text)
{
    struct mailbox_list *list = (void *)((char *)r->base[row->base] + row->offset);
    char shown[64];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (!channel_mailbox_good(text))
        reader_fail(r, node->start_mark,
                    "`%s` must be mail addresses such as ops@example.org, not \"%s\"", row->name,
                    shown);
    else if (list->count == SETTINGS_RECIPIENTS_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_RECIPIENTS_MAX);
    else
        (void)str_copy(list->addresses[list->count++], SETTINGS_MAILBOX_MAX, text);
}

static void unknown_channel(struct reader *r, const yaml_node_t *node, const char *text)
{
    const struct alert_settings *a = &r->settings->alerts;
    const char *names[SETTINGS_CHANNELS_MAX];
    char shown[SETTINGS_CHANNEL_NAME_MAX];
    for (size_t i = 0; i < a->channel_count; i++)
        names[i] = a->channels[i].name;
    const char *nearest = str_nearest(names, a->channel_count, text);
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    reader_fail(r, node->start_mark, "there is no channel `%s` in `alerts.channels`%s%s%s", shown,
                nearest == NULL ? "" : "; did you mean `", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "`?");
}

static void take_target(struct reader *r, const struct key *row, const yaml_node_t *node,
                        const char *text)
{
    const struct alert_settings *a = &r->settings->alerts;
    struct channel_list *list = (void *)((char *)r->base[row->base] + row->offset);
    size_t channel = 0;
    while (channel < a->channel_count && !str_equal(a->channels[channel].name, text))
        channel++;
    if (channel == a->channel_count) {
        unknown_channel(r, node, text);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        if (list->channels[i] == channel) {
            reader_fail(r, node->start_mark, "`%s` names `%s` twice", row->name, text);
            return;
        }
    list->channels[list->count++] = (uint8_t)channel;
}

/* ── channels ── */

static void read_channel(struct reader *r, yaml_node_t *key, yaml_node_t *value)
{
    struct alert_settings *a = &r->settings->alerts;
    const char *name = key->type == YAML_SCALAR_NODE ? reader_text(key) : NULL;
    char shown[SETTINGS_CHANNEL_NAME_MAX] = "";
    if (name != NULL)
        (void)str_copy_clean(shown, sizeof shown, name, strlen(name));
    if (name == NULL || !service_id_good(name) || strlen(name) >= SETTINGS_CHANNEL_NAME_MAX) {
        reader_fail(r, key->start_mark,
                    "\"%s\" cannot be a channel's name: a-z, 0-9, _ and -, at most %d, a letter or "
                    "digit in front",
                    shown, SETTINGS_CHANNEL_NAME_MAX - 1);
    } else if (value->type == YAML_MAPPING_NODE) {
        struct channel_settings *channel = &a->channels[a->channel_count++];
        (void)str_copy(channel->name, sizeof channel->name, name);
        r->base[BASE_CHANNEL] = channel;
        if (key_set_defaults(BASE_CHANNEL, channel, r->err) == 0)
            reader_mapping(r, value, PLACE_CHANNEL);
    } else if (value->type == YAML_SCALAR_NODE) { /* AutoBot's form is `email: true` */
        reader_warn(r, key->start_mark,
                    "`%s` has no effect: a channel is a mapping with a `type`, such as {type: "
                    "smtp, ...}",
                    shown);
    } else {
        reader_fail(r, value->start_mark, "the channel `%s` must be a mapping (key: value), not %s",
                    shown, reader_kind(value));
    }
}

static void read_channels(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct alert_settings *a = &r->settings->alerts;
    if (value->type != YAML_MAPPING_NODE) {
        if (!reader_null(value))
            reader_fail(r, value->start_mark, "`%s` must be a mapping of names, not %s", row->name,
                        reader_kind(value));
        return;
    }
    yaml_node_pair_t *from = value->data.mapping.pairs.start;
    yaml_node_pair_t *to = value->data.mapping.pairs.top;
    size_t count = from == NULL ? 0 : (size_t)(to - from);
    if (count > SETTINGS_CHANNELS_MAX) {
        reader_fail(r, value->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_CHANNELS_MAX);
        return;
    }
    if (count == 0)
        return;
    a->channels = mem_calloc(count, sizeof a->channels[0]);
    if (a->channels == NULL) {
        reader_fail_memory(r);
        return;
    }
    for (yaml_node_pair_t *pair = from; pair < to; pair++) {
        yaml_node_t *key = reader_node(r, pair->key);
        const yaml_node_t *other = reader_earlier_key(r, value, pair);
        if (!reader_visit(r, key))
            return;
        if (other != NULL)
            reader_fail(r, key->start_mark, "the channel is given twice (first on line %zu)",
                        other->start_mark.line + 1);
        else
            read_channel(r, key, reader_node(r, pair->value));
    }
}

#define TYPE(name) (1u << CHANNEL_##name)
#define HTTP_TYPES (TYPE(SLACK) | TYPE(TEAMS) | TYPE(WEBHOOK))

/* Keys that not every type has: whose they are, and who cannot do without them. */
static const struct {
    const char *key;
    unsigned may, must;
} members[] = {
    {"url", TYPE(SMTP) | TYPE(PAGERDUTY) | TYPE(WEBHOOK) | TYPE(ALERTMANAGER),
     TYPE(SMTP) | TYPE(ALERTMANAGER)},
    {"url_file", HTTP_TYPES, TYPE(SLACK) | TYPE(TEAMS)},
    {"from", TYPE(SMTP), TYPE(SMTP)},
    {"to", TYPE(SMTP), TYPE(SMTP)},
    {"username", TYPE(SMTP), 0},
    {"password_file", TYPE(SMTP), 0},
    {"tls", TYPE(SMTP), 0},
    {"routing_key_file", TYPE(PAGERDUTY), TYPE(PAGERDUTY)},
    {"region", TYPE(PAGERDUTY), 0},
    {"secret_file", TYPE(WEBHOOK), TYPE(WEBHOOK)},
};

static void check_members(struct reader *r, const yaml_node_t *map,
                          const struct found found[KEYS_MAX], enum channel_type type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const struct found *f = found_at(found, PLACE_CHANNEL, members[i].key);
        bool may = (members[i].may & (1u << type)) != 0;
        if (f == NULL && (members[i].must & (1u << type)) != 0)
            reader_fail(r, map->start_mark, "a channel of type %s needs `%s`",
                        channel_type_word(type), members[i].key);
        if (f != NULL && !may && str_equal(members[i].key, "url"))
            reader_fail(r, f->key->start_mark,
                        "the address of a channel of type %s is a secret: put it into a file and "
                        "give `url_file`",
                        channel_type_word(type));
        else if (f != NULL && !may)
            reader_fail(r, f->key->start_mark, "`%s` is not for a channel of type %s",
                        members[i].key, channel_type_word(type));
    }
}

/* Only a server on this machine may be spoken to in the clear. */
static void check_mail(struct reader *r, const yaml_node_t *map, const struct found found[KEYS_MAX],
                       const struct channel_url *url)
{
    const struct channel_settings *c = r->base[BASE_CHANNEL];
    const struct found *tls = found_at(found, PLACE_CHANNEL, "tls");
    if (c->tls == MAIL_TLS_NONE && !channel_host_loopback(url->host))
        reader_fail(r, tls == NULL ? map->start_mark : tls->key->start_mark,
                    "`tls: none` is for a mail server on this machine (127.0.0.1, ::1, localhost): "
                    "leave `tls` out, so that the mail is encrypted");
    if ((c->username[0] == '\0') != (c->password_file[0] == '\0'))
        reader_fail(r, map->start_mark,
                    "`username` and `password_file` go together: `%s` is "
                    "missing",
                    c->username[0] == '\0' ? "username" : "password_file");
    if (c->to.count == 0)
        reader_fail(r, map->start_mark, "`to` names no one");
}

static void missing_type(struct reader *r, const yaml_node_t *map)
{
    char types[128] = "";
    for (int i = 0; channel_words[i] != NULL; i++)
        (void)str_append(types, sizeof types, "%s%s",
                         i == 0                         ? ""
                         : channel_words[i + 1] == NULL ? " or "
                                                        : ", ",
                         channel_words[i]);
    reader_fail(r, map->start_mark, "a channel needs a `type`: %s", types);
}

void reader_check_channel(struct reader *r, const yaml_node_t *map,
                          const struct found found[KEYS_MAX])
{
    const struct channel_settings *c = r->base[BASE_CHANNEL];
    const struct found *address = found_at(found, PLACE_CHANNEL, "url");
    const struct found *file = found_at(found, PLACE_CHANNEL, "url_file");
    struct channel_url url = {0};
    struct error why = {0};
    if (found_at(found, PLACE_CHANNEL, "type") == NULL) {
        missing_type(r, map);
        return;
    }
    check_members(r, map, found, c->type);
    if (c->type == CHANNEL_WEBHOOK && address != NULL && file != NULL)
        reader_fail(r, file->key->start_mark, "`url_file` says again what `url` says on line %zu",
                    address->key->start_mark.line + 1);
    if (c->type == CHANNEL_WEBHOOK && address == NULL && file == NULL)
        reader_fail(r, map->start_mark, "a channel of type webhook needs `url` or `url_file`");
    bool good = address == NULL || channel_url_read(c->type, c->url, &url, &why) == 0;
    if (!good)
        reader_fail(r, address->value->start_mark, "`url`: %s", why.text);
    if (c->type == CHANNEL_SMTP && address != NULL && good)
        check_mail(r, map, found, &url);
}

void reader_check_heartbeat(struct reader *r, const yaml_node_t *map,
                            const struct found found[KEYS_MAX])
{
    const struct heartbeat_settings *h = &r->settings->alerts.heartbeat;
    const struct found *address = found_at(found, PLACE_HEARTBEAT, "url");
    struct channel_url url;
    struct error why = {0};
    if ((h->url[0] == '\0') == (h->url_file[0] == '\0'))
        reader_fail(r, map->start_mark, "`heartbeat` needs one of `url` and `url_file`");
    else if (address != NULL && channel_url_read(CHANNEL_HEARTBEAT, h->url, &url, &why) < 0)
        reader_fail(r, address->value->start_mark, "`url`: %s", why.text);
}

/* Both are sent by mail, and in no other way. */
void reader_check_alerts(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX])
{
    static const char *const mailed[] = {"daily_summary", "weekly_report"};
    const struct alert_settings *a = &r->settings->alerts;
    (void)map;
    for (size_t i = 0; i < a->channel_count; i++)
        if (a->channels[i].type == CHANNEL_SMTP)
            return;
    for (size_t i = 0; i < ARRAY_LENGTH(mailed); i++) {
        const struct found *f = found_at(found, PLACE_ALERTS, mailed[i]);
        if (f != NULL)
            reader_fail(r, f->key->start_mark,
                        "`%s` is sent by mail: it needs a channel of type smtp", mailed[i]);
    }
}

/* ── routes and levels ── */

int reader_list_of_mappings(struct reader *r, const struct key *row, yaml_node_t *value, int most,
                            yaml_node_item_t **ret_items)
{
    if (value->type != YAML_SEQUENCE_NODE) {
        reader_fail(r, value->start_mark, "`%s` must be a list, not %s", row->name,
                    reader_kind(value));
        return -1;
    }
    *ret_items = value->data.sequence.items.start;
    size_t count = *ret_items == NULL ? 0 : (size_t)(value->data.sequence.items.top - *ret_items);
    if (count > (size_t)most) {
        reader_fail(r, value->start_mark, "`%s` has more than %d entries", row->name, most);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *node = reader_node(r, (*ret_items)[i]);
        if (!reader_visit(r, node))
            return -1;
        if (node->type != YAML_MAPPING_NODE) {
            reader_fail(r, node->start_mark, "an entry of `%s` must be a mapping, not %s",
                        row->name, reader_kind(node));
            return -1;
        }
    }
    return (int)count;
}

void reader_check_route(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX])
{
    struct route_settings *route = r->base[BASE_ROUTE];
    if (found_at(found, PLACE_ROUTE, "channels") == NULL)
        reader_fail(r, map->start_mark, "a route needs `channels`");
    if (found_at(found, PLACE_ROUTE, "severities") == NULL)
        for (int i = 0; i < SETTINGS_SEVERITIES; i++)
            route->severities.has[i] = true;
}

static void read_routes(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct alert_settings *a = &r->settings->alerts;
    yaml_node_item_t *items = NULL;
    int count = reader_list_of_mappings(r, row, value, SETTINGS_ROUTES_MAX, &items);
    a->routes = count <= 0 ? NULL : mem_calloc((size_t)count, sizeof a->routes[0]);
    if (a->routes == NULL) {
        if (count > 0)
            reader_fail_memory(r);
        return;
    }
    for (int i = 0; i < count; i++) {
        r->base[BASE_ROUTE] = &a->routes[a->route_count++];
        reader_mapping(r, reader_node(r, items[i]), PLACE_ROUTE);
    }
}

void reader_check_level(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX])
{
    static const int64_t minutes[SETTINGS_LEVELS_MAX] = {0, 30, 120, 240};
    const struct escalation_settings *e = &r->settings->escalation;
    struct level_settings *level = r->base[BASE_LEVEL];
    const struct found *after = found_at(found, PLACE_LEVEL, "after_minutes");
    if (after == NULL)
        level->after_ms = minutes[e->level_count - 1] * 60000;
    if (level->name[0] == '\0')
        reader_fail(r, map->start_mark, "a level needs a `name`");
    if (level->channels.count == 0)
        reader_fail(r, map->start_mark, "a level needs `channels`");
    if (e->level_count > 1 && level->after_ms < e->levels[e->level_count - 2].after_ms)
        reader_fail(r, after == NULL ? map->start_mark : after->key->start_mark,
                    "`after_minutes` (%.10g) is below that of the level before (%.10g)",
                    (double)level->after_ms / 60000,
                    (double)e->levels[e->level_count - 2].after_ms / 60000);
}

static void read_levels(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct escalation_settings *e = &r->settings->escalation;
    yaml_node_item_t *items = NULL;
    int count = reader_list_of_mappings(r, row, value, SETTINGS_LEVELS_MAX, &items);
    for (int i = 0; i < count; i++) {
        r->base[BASE_LEVEL] = &e->levels[e->level_count++];
        reader_mapping(r, reader_node(r, items[i]), PLACE_LEVEL);
    }
}

static bool empty_list(const yaml_node_t *value)
{
    return value->type == YAML_SEQUENCE_NODE &&
           value->data.sequence.items.start == value->data.sequence.items.top;
}

void reader_alerts(struct reader *r, const struct key *row, yaml_node_t *value)
{
    switch (row->type) {
    case KEY_SEVERITIES:
        if (empty_list(value))
            reader_fail(r, value->start_mark, "`%s` is empty: leave it out for all", row->name);
        reader_list(r, row, value, take_severity);
        break;
    case KEY_PATTERNS:
        if (empty_list(value))
            reader_fail(r, value->start_mark, "`%s` is empty: leave it out for all", row->name);
        reader_list(r, row, value, take_pattern);
        break;
    case KEY_MAILBOXES:
        reader_list(r, row, value, take_mailbox);
        break;
    case KEY_TARGETS:
        reader_list(r, row, value, take_target);
        break;
    case KEY_CHANNELS:
        read_channels(r, row, value);
        break;
    case KEY_ROUTES:
        read_routes(r, row, value);
        break;
    case KEY_LEVELS:
        read_levels(r, row, value);
        break;
    default: /* reader.c reads the others */
        break;
    }
}
