/* The sections `alerts` and `escalation` of the settings, as core and the outbox take them. Channels
 * are numbered in the order of the settings; what outlives a reload stores their names. */
#ifndef RESUS_ALERTS_PLAN_H
#define RESUS_ALERTS_PLAN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/outbox.h"
#include "base/attr.h"
#include "core/alert.h"
#include "core/escalation.h"
#include "core/route.h"
#include "settings/settings.h"

struct plan {
    struct route_table routes;
    struct outbox_channel channels[LANES_MAX];
    enum channel_type types[LANES_MAX];
    size_t count;
    channel_set unresolved; /* channels that are not told the end of an alert */
    channel_set boards;     /* channels that show what is so now (Alertmanager) */
    channel_set talks;      /* channels that only people read: mail and chats */
    struct alert_policy policy;
    struct escalation_policy levels; /* count 0: nobody is called */
};

void plan_make(const struct settings *settings, struct plan *ret);
/* -1 = there is no such channel. */
int plan_channel(const struct plan *plan, const char *name);
/* The numbers of the channels of `old` in `plan`; -1 = gone. */
void plan_moved(const struct plan *old, const struct plan *plan, int8_t to[ROUTE_CHANNELS_MAX]);

/* A set as an array of names. */
json_t *plan_names(const struct plan *plan, channel_set set) ATTR_MUST_USE;
/* ... and back; names that are gone are left out. */
channel_set plan_set(const struct plan *plan, const json_t *names);

#endif
