/* Shapes of maintenance windows. */
#include "api/shape_words.h"
#include "api/shapes.h"

#define IMPACT_WORDS "=outage|degraded|reduced-redundancy|no-impact"

const struct shape_member shape_maintenance_hold[] = {
    {"id", "whole", NULL},          {"title", "text", NULL},   {"state", "=open|verifying", NULL},
    {"impact", IMPACT_WORDS, NULL}, {"ends_at", "time", NULL}, END};
const struct shape_member shape_checklist_item[] = {
    {"item", "whole", "Its number."},
    {"stage", "=before|during|after", NULL},
    {"text", "text", NULL},
    {"done", "truth", NULL},
    {"user", "text?", "Who ticked it, or took the tick back."},
    {"at", "time?", NULL},
    {"note", "text?", NULL},
    END};
const struct shape_member shape_maintained_service[] = {
    {"overall_status", OVERALL_WORDS, NULL},
    {"cause", "text?", "A cause's code."},
    {"role", "text?", NULL},
    {"canary", "truth", "Do the settings allow that a key is written?"},
    {"smoke?", "=off|skipped|pending|passed|failed",
     "SET, GET and DEL of a key: off without `health_check.canary`, skipped on a replica."},
    {"smoke_failed_at?", "=SET|GET|DEL", NULL},
    {"well?", "truth", "Healthy, or no worse than before."},
    END};
const struct shape_member shape_maintenance_window[] = {
    {"id", "whole", NULL},
    {"title", "text", NULL},
    {"window", "text?", "Its name in the settings; null: a person planned it."},
    {"state", "=planned|announced|open|verifying|ended|cancelled", NULL},
    {"starts_at", "time", NULL},
    {"ends_at", "time", NULL},
    {"duration_minutes", "number", NULL},
    {"services", "[text]", "Ids, or * for all."},
    {"impact", IMPACT_WORDS, NULL},
    {"by_hand", "truth", "A person gave the times: the settings do not change it."},
    {"planned_by", "text?", "null: the settings"},
    {"planned_at", "time", NULL},
    {"sequence", "whole", "How often its announced times changed."},
    {"opened_at", "time?", NULL},
    {"closed_at", "time?", "When the work was over and the check began."},
    {"verified", "=unverified|well|not_well", NULL},
    {"summary", "text?", "What changed, once it has ended."},
    {"checklist?", "[ChecklistItem]", "Of one window."},
    {"before?", "{MaintainedService}?", "Of one window: by service, as it began."},
    {"after?", "{MaintainedService}?", "Of one window: as it was verified."},
    END};
const struct shape_member shape_maintenance_windows[] = {
    {"items", "[MaintenanceWindow]", NULL}, CURSOR, END};
