/* Shapes of figures over time. */
#include "api/shape_words.h"
#include "api/shapes.h"

const struct shape_member shape_column[] = {
    {"unit", "text", NULL},         {"values?", "[number?]", "Where a step is 30 s."},
    {"min?", "[number?]", "Else."}, {"mean?", "[number?]", NULL},
    {"max?", "[number?]", NULL},    END};
const struct shape_member shape_states[] = {{"up", "[number?]", NULL},
                                            {"down", "[number?]", NULL},
                                            {"planned", "[number?]", "Stopped through Resus."},
                                            {"unknown", "[number?]", NULL},
                                            END};
const struct shape_member shape_outage[] = {
    {"began", "time", NULL},
    {"ended", "time", NULL},
    {"duration_seconds", "number", NULL},
    {"cause", "text", "A cause's code, empty when it was over before it was known."},
    {"ended_by", "=recovery|operation|systemd|itself", NULL},
    END};
const struct shape_member shape_limit[] = {
    {"warning?", "number", NULL}, {"critical?", "number", NULL}, {"max?", "number", NULL}, END};
const struct shape_member shape_mark[] = {{"kind", "=recovery|operation", NULL},
                                          {"at", "time", NULL},
                                          {"result", "text", NULL},
                                          {"duration_seconds", "number?", NULL},
                                          {"level?", "text", "Of a recovery."},
                                          {"cause?", "text", "Of a recovery."},
                                          {"operation?", "text", NULL},
                                          {"user?", "text", NULL},
                                          END};
const struct shape_member shape_metrics[] = {
    {"service", "text", NULL},
    {"from", "time", NULL},
    {"to", "time", NULL},
    {"step_seconds", "whole", "Of one point: as wished, or as fine as it is kept."},
    {"times", "[whole]", "Unix seconds: where each step begins."},
    {"states", "States", "Seconds of each step, null where nothing is known."},
    {"series", "{Column}", "Each as long as `times`; null where nothing is known."},
    {"outages", "[Outage]", NULL},
    {"limits", "{Limit}", "That hold now, by the names of health's gauges."},
    {"marks", "[Mark]", "Recoveries and operations since `from`, newest of each first."},
    END};
