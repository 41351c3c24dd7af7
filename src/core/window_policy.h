/* What the settings say about a maintenance window beside its times (core/window.h). */
#ifndef RESUS_CORE_WINDOW_POLICY_H
#define RESUS_CORE_WINDOW_POLICY_H

#include <stddef.h>

#define WINDOW_NOTICES_MAX 8
#define WINDOW_NOTICE_HOURS_MAX 720

struct window_policy {
    int notice_hours[WINDOW_NOTICES_MAX]; /* before the start, in any order */
    size_t notice_count;                  /* 0: it is not announced */
};

/* What users of the services notice, as far as it is known before. */
enum window_impact {
    WINDOW_OUTAGE,
    WINDOW_DEGRADED,
    WINDOW_REDUCED_REDUNDANCY,
    WINDOW_NO_IMPACT,
    WINDOW_IMPACT_COUNT
};
extern const char *const window_impact_words[]; /* "outage", by the enum; NULL after the last */

#endif
