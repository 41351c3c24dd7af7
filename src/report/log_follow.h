/* Where the follow of a log stands, and which of the lines read are new. */
#ifndef RESUS_REPORT_LOG_FOLLOW_H
#define RESUS_REPORT_LOG_FOLLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "base/time.h"

/* Several lines share a moment, and the next look may bring more of them. */
struct log_follow {
    bool from_now; /* until the first look has shown where the log stands */
    wall_ms seen;  /* the moment of the newest line */
    size_t shown;  /* lines of that moment that were passed on */
};

/* Passes on what is new in `lines` (the newest first); the first time, `wanted` lines that are not. */
void log_follow_push(struct log_follow *f, const json_t *lines, size_t wanted, struct call *call);

#endif
