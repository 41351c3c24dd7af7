/* Shapes of the fleet's answers. */
#include "api/shapes.h"

#include "api/shape_words.h"

const struct shape_member shape_fleet_engine[] = {
    {"engine", "text", "Its name."},
    {"alive", "truth", "Its lease lives."},
    {"drained", "truth", "It hands over its services and takes no others."},
    {"services", "whole", "It owns so many of those that are known here."},
    {"site", "text?", NULL},
    {"url", "text?", "Its console."},
    {"version", "text?", NULL},
    {"same_settings", "truth", "Its services are set as here."},
    END};
const struct shape_member shape_fleet_service[] = {
    {"service", "text", NULL},
    {"owner", "text?", NULL},
    {"fence", "whole", "Rises with each change of the owner."},
    {"state", "=here|unsure|elsewhere|none", "As seen by the engine that answers."},
    END};
const struct shape_member shape_fleet_etcd[] = {
    {"problem", "text?", "Why it cannot be asked; null = it can."},
    {"renewal_ms", "whole?", "The slowest of the last 100 renewals of the lease."},
    {"heard_ms_ago", "whole?", NULL},
    {"leases_lost", "whole", "Since the start of this engine."},
    END};
const struct shape_member shape_fleet[] = {
    {"engine", "text", "The one that answers."},
    {"lease", "=none|asking|joining|held|unsure|leaving", NULL},
    {"sure", "truth", "It knows what it owns; else it does nothing by itself."},
    {"drained", "truth", NULL},
    {"owned", "whole", NULL},
    {"elsewhere", "whole", NULL},
    {"unowned", "whole", NULL},
    {"etcd", "FleetEtcd", NULL},
    {"engines", "[FleetEngine]", NULL},
    {"services?", "[FleetService]", NULL},
    END};
const struct shape_member shape_fleet_difference[] = {
    {"service", "text", NULL}, {"owner", "text", NULL}, END};
const struct shape_member shape_fleet_diff[] = {
    {"engine", "text", "The one that answers."},
    {"engines", "[text]", "Live engines with other settings of services."},
    {"services", "[FleetDifference]", "Services that their owner has set otherwise."},
    {"unknown_services", "whole", "Services that others own and that are not set here."},
    END};
