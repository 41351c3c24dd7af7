/* The section `maintenance` as plain structs. Part of settings/settings.h. */
#ifndef RESUS_SETTINGS_MAINTENANCE_SETTINGS_H
#define RESUS_SETTINGS_MAINTENANCE_SETTINGS_H

#include <stddef.h>

#include "core/schedule.h"
#include "core/window_policy.h"
#include "settings/alert_settings.h"

#define SETTINGS_WINDOWS_MAX 64
#define SETTINGS_WINDOW_NAME_MAX SERVICE_ID_SIZE /* with the NUL; written like a service's id */

struct window_settings {
    char name[SETTINGS_WINDOW_NAME_MAX];
    struct schedule schedule;
    struct service_patterns services; /* ids, or "*"; count 0 = all */
    enum window_impact impact;
};

struct maintenance_settings {
    char timezone[64]; /* there is such a zone on this machine; "" = UTC */
    struct window_policy policy;
    struct window_settings *windows; /* array of window_count; NULL = none */
    size_t window_count;
};

#endif
