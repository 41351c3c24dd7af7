#ifndef RESUS_DAEMON_CHECK_FLEET_H
#define RESUS_DAEMON_CHECK_FLEET_H

#include "base/error.h"
#include "settings/settings.h"

/* Asks each node of `fleet.etcd`, for at most three seconds: at least one has to answer, and none of
 * those that do may be too old. 0 also where there is no fleet. */
int check_fleet(const struct settings *settings, struct error *err) ATTR_MUST_USE;

#endif
