/* An occurrence of a maintenance window as it is kept in the database: one JSON object.
 *
 *     {"window": "weekly", "date": "2026-12-06", "title": "...", "services": ["*"],
 *      "impact": "outage", "by_hand": false, "planned_by": "alice", "planned_ms": 1796000000000,
 *      "state": "announced", "starts_ms": ..., "ends_ms": ..., "length_ms": 7200000,
 *      "noticed_hours": 24, "sequence": 0, "ask_ms": 0, "opened_ms": 0, "closed_ms": 0,
 *      "verified": "unverified",
 *      "checklist": [{"stage": "before", "text": "...", "done": true, "who": "bob",
 *                     "when_ms": ..., "note": "..."}]}
 *
 * Times are Unix milliseconds, 0 = none. `window` is the name in the settings; "" is a window that
 * a person planned. `checklist` is missing where there is none. Members that are not known are left
 * out of account. */
#ifndef RESUS_ALERTS_WINDOW_JSON_H
#define RESUS_ALERTS_WINDOW_JSON_H

#include <jansson.h>

#include "base/attr.h"
#include "base/date.h"
#include "base/error.h"
#include "core/checklist.h"
#include "core/window.h"
#include "settings/maintenance_settings.h"

#define WINDOW_TITLE_SIZE 128
#define WINDOW_PLANNER_SIZE 64

struct window_record {
    char window[SETTINGS_WINDOW_NAME_MAX];
    struct date date; /* local; with `window` it is unique, unless that is "" */
    char title[WINDOW_TITLE_SIZE];
    struct service_patterns services; /* count 0 = all */
    enum window_impact impact;
    bool by_hand; /* a person gave the times: the rule does not change them */
    char planned_by[WINDOW_PLANNER_SIZE]; /* "" = the settings */
    wall_ms planned;
    struct window state;         /* window_resume() follows window_json_read() */
    struct checklist *checklist; /* owned; NULL = none */
};

/* NULL on lack of memory. */
json_t *window_json_make(const struct window_record *record) ATTR_MUST_USE;
/* -EINVAL with the member that is wrong, or -ENOMEM; `ret` is untouched then. */
int window_json_read(const json_t *object, struct window_record *ret,
                     struct error *err) ATTR_MUST_USE;
void window_record_clear(struct window_record *record); /* frees what it owns */

#endif
