/* The section `backup` as plain values. Part of settings/settings.h. */
#ifndef RESUS_SETTINGS_BACKUP_SETTINGS_H
#define RESUS_SETTINGS_BACKUP_SETTINGS_H

#include <stdint.h>

#include "core/retention.h"
#include "settings/limits.h"

struct backup_settings {
    int minute;       /* of the day, counted from 1 so that 0 is "not given": 02:30 is 151 */
    int64_t every_ms; /* 0 = not given */
    struct retention_policy keep;
    char directory[SETTINGS_PATH_MAX]; /* never "" */
    char server[SETTINGS_PATH_MAX];
};

#endif
