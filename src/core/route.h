/* Which channels a message goes to: severity and service against the routes of the settings. A
 * channel is its number in the settings; a set of channels is a bit set. Numbers hold until the
 * next reload: what outlives it is translated by route_moved(), and stored by name. */
#ifndef RESUS_CORE_ROUTE_H
#define RESUS_CORE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/service_id.h"
#include "core/severity.h"

#define ROUTE_CHANNELS_MAX 32
#define ROUTES_MAX 32
#define ROUTE_PATTERNS_MAX 64

typedef uint32_t channel_set;
#define CHANNEL_BIT(channel) (UINT32_C(1) << (channel))
#define SEVERITY_BIT(severity) (1u << (severity))

/* `services` are names in which "*" stands for any characters, none included. */
struct route {
    unsigned severities; /* SEVERITY_BIT()s */
    size_t pattern_count;
    char services[ROUTE_PATTERNS_MAX][SERVICE_ID_SIZE];
    channel_set channels;
};

struct route_table {
    size_t count; /* 0: the default routes hold */
    struct route routes[ROUTES_MAX];
    channel_set all;    /* every channel of the settings */
    channel_set pagers; /* ... that wakes people and keeps a page open until it is resolved */
    channel_set mails;  /* ... that is mail */
};

/* The routes of one service, looked up once. */
struct route_set {
    channel_set by_severity[SEVERITY_COUNT];
    channel_set pagers;
};

/* The first route that matches decides; none does: no channel. Without routes P1 goes to all
 * channels, P2 to all but pagers, P3 and P4 to mail, or without mail to all but pagers. */
channel_set route_channels(const struct route_table *table, const char *service,
                           enum severity severity);
struct route_set route_set_of(const struct route_table *table, const char *service);
/* Severities of a service that reach no channel, as SEVERITY_BIT()s. */
unsigned route_uncovered(const struct route_set *set);
bool route_matches(const char *pattern, const char *service);
/* The same channels after a reload: `to[old]` is the new number, or -1 for a channel that is gone.
 */
channel_set route_moved(channel_set old, const int8_t to[ROUTE_CHANNELS_MAX]);

#endif
