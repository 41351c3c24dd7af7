#include "core/route.h"

bool route_matches(const char *pattern, const char *service)
{
    const char *star = NULL;  /* the last "*" seen */
    const char *after = NULL; /* where the text stood that it has taken nothing of yet */
    while (*service != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            after = service;
        } else if (*pattern == *service) {
            pattern++;
            service++;
        } else if (star != NULL) {
            pattern = star + 1;
            service = ++after;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool route_takes(const struct route *r, const char *service, enum severity severity)
{
    if ((r->severities & SEVERITY_BIT(severity)) == 0)
        return false;
    for (size_t i = 0; i < r->pattern_count; i++)
        if (route_matches(r->services[i], service))
            return true;
    return false;
}

static channel_set default_channels(const struct route_table *t, enum severity severity)
{
    channel_set quiet = t->all & ~t->pagers;
    switch (severity) {
    case SEVERITY_P1:
        return t->all;
    case SEVERITY_P2:
        return quiet;
    case SEVERITY_P3:
    case SEVERITY_P4:
        return (t->mails & t->all) != 0 ? t->mails & t->all : quiet;
    default:
        return 0;
    }
}

channel_set route_channels(const struct route_table *table, const char *service,
                           enum severity severity)
{
    if (severity == SEVERITY_NONE)
        return 0;
    if (table->count == 0)
        return default_channels(table, severity);
    for (size_t i = 0; i < table->count && i < ROUTES_MAX; i++)
        if (route_takes(&table->routes[i], service, severity))
            return table->routes[i].channels & table->all;
    return 0;
}

struct route_set route_set_of(const struct route_table *table, const char *service)
{
    struct route_set set = {.pagers = table->pagers & table->all};
    for (int s = 0; s < SEVERITY_COUNT; s++)
        set.by_severity[s] = route_channels(table, service, (enum severity)s);
    return set;
}

unsigned route_uncovered(const struct route_set *set)
{
    unsigned bits = 0;
    for (int s = SEVERITY_P4; s < SEVERITY_COUNT; s++)
        if (set->by_severity[s] == 0)
            bits |= SEVERITY_BIT(s);
    return bits;
}

channel_set route_moved(channel_set old, const int8_t to[ROUTE_CHANNELS_MAX])
{
    channel_set moved = 0;
    for (int i = 0; i < ROUTE_CHANNELS_MAX; i++)
        if ((old & CHANNEL_BIT(i)) != 0 && to[i] >= 0 && to[i] < ROUTE_CHANNELS_MAX)
            moved |= CHANNEL_BIT(to[i]);
    return moved;
}
