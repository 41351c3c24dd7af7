#include "alerts/plan.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"

static_assert(SETTINGS_CHANNELS_MAX <= ROUTE_CHANNELS_MAX, "every channel has its bit");
static_assert(SETTINGS_CHANNELS_MAX <= LANES_MAX, "every channel has its lane");
static_assert(SETTINGS_ROUTES_MAX <= ROUTES_MAX, "room for every route");
static_assert(SETTINGS_ROUTE_SERVICES_MAX <= ROUTE_PATTERNS_MAX, "room for every pattern");
static_assert(SETTINGS_LEVELS_MAX <= ESCALATION_LEVELS, "room for every level");
static_assert(SETTINGS_CHANNEL_NAME_MAX <= OUTBOX_NAME_SIZE, "room for a channel's name");
static_assert((int)SEVERITY_P1 - (int)SEVERITY_P4 + 1 == SETTINGS_SEVERITIES, "P1 to P4");

/* Of a message to a channel that shows what is so now: it repeats what is open by itself, once it has
 * been told of it. */
#define BOARD_LIFE_MS 3600000

static channel_set set_of(const struct channel_list *list)
{
    channel_set set = 0;
    for (size_t i = 0; i < list->count; i++)
        set |= CHANNEL_BIT(list->channels[i]);
    return set;
}

static void add_channel(struct plan *p, const struct channel_settings *c)
{
    size_t at = p->count++;
    channel_set bit = CHANNEL_BIT(at);
    (void)str_copy(p->channels[at].name, sizeof p->channels[at].name, c->name);
    p->types[at] = c->type;
    p->channels[at].lane = (struct lane_channel){
        /* Neither takes a digest: both keep what was sent open until it is resolved. */
        .pager = c->type == CHANNEL_PAGERDUTY || c->type == CHANNEL_ALERTMANAGER,
        .life_ms = retry_life_ms(c->type) > 0 ? retry_life_ms(c->type) : BOARD_LIFE_MS,
    };
    p->routes.all |= bit;
    if (c->type == CHANNEL_PAGERDUTY)
        p->routes.pagers |= bit;
    if (c->type == CHANNEL_SMTP)
        p->routes.mails |= bit;
    if (c->type == CHANNEL_ALERTMANAGER)
        p->boards |= bit;
    if (c->type == CHANNEL_SMTP || c->type == CHANNEL_SLACK || c->type == CHANNEL_TEAMS)
        p->talks |= bit;
    if (!c->send_resolved)
        p->unresolved |= bit;
}

static void add_route(struct plan *p, const struct route_settings *r)
{
    struct route *route = &p->routes.routes[p->routes.count++];
    for (int i = 0; i < SETTINGS_SEVERITIES; i++)
        if (r->severities.has[i])
            route->severities |= SEVERITY_BIT((int)SEVERITY_P1 - i);
    for (size_t i = 0; i < r->services.count; i++)
        (void)str_copy(route->services[route->pattern_count++], SERVICE_ID_SIZE,
                       r->services.patterns[i]);
    if (route->pattern_count == 0) /* none named: all of them */
        (void)str_copy(route->services[route->pattern_count++], SERVICE_ID_SIZE, "*");
    route->channels = set_of(&r->channels);
}

void plan_make(const struct settings *settings, struct plan *ret)
{
    const struct alert_settings *a = &settings->alerts;
    const struct escalation_settings *e = &settings->escalation;
    memset(ret, 0, sizeof *ret);
    ret->policy = (struct alert_policy){a->page_after_ms, a->resolve_after_ms};
    for (size_t i = 0; i < a->channel_count; i++)
        add_channel(ret, &a->channels[i]);
    for (size_t i = 0; i < a->route_count; i++)
        add_route(ret, &a->routes[i]);
    for (size_t i = 0; i < e->level_count; i++) {
        struct escalation_level *level = &ret->levels.levels[ret->levels.count++];
        (void)str_copy(level->name, sizeof level->name, e->levels[i].name);
        level->channels = set_of(&e->levels[i].channels);
        level->after_ms = e->levels[i].after_ms;
    }
}

int plan_channel(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++)
        if (str_equal(plan->channels[i].name, name))
            return (int)i;
    return -1;
}

void plan_moved(const struct plan *old, const struct plan *plan, int8_t to[ROUTE_CHANNELS_MAX])
{
    for (size_t i = 0; i < ROUTE_CHANNELS_MAX; i++)
        to[i] = i < old->count ? (int8_t)plan_channel(plan, old->channels[i].name) : -1;
}

json_t *plan_names(const struct plan *plan, channel_set set)
{
    json_t *names = json_array();
    for (size_t i = 0; i < plan->count; i++)
        if ((set & CHANNEL_BIT(i)) != 0)
            (void)json_array_append_new(names, json_string(plan->channels[i].name));
    return names;
}

channel_set plan_set(const struct plan *plan, const json_t *names)
{
    channel_set set = 0;
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name) {
        int channel = json_is_string(name) ? plan_channel(plan, json_string_value(name)) : -1;
        set |= channel < 0 ? 0 : CHANNEL_BIT(channel);
    }
    return set;
}
