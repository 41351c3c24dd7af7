/* Shapes of the list of services, and of the program itself. */
#include "api/shape_words.h"
#include "api/shapes.h"

const struct shape_member shape_service[] = {
    {"id", "text", NULL},
    {"name", "text", NULL},
    {"address?", "text", "Where Redis listens."},
    {"vm_name?", "text", "The machine's name, as configured."},
    {"group?", "text", "As configured."},
    {"tags?", "[text]", "As configured."},
    {"public?", "truth", "Do strangers see whether it is well? For those who are logged in."},
    {"status", STATUS_WORDS, NULL},
    {"overall_status", OVERALL_WORDS, NULL},
    {"not_guarded?", "Withheld?", NULL},
    {"maintenance?", "MaintenanceHold", "Of an open window."},
    {"warning?", "text", "What one that is healthy is to be warned of."},
    {"stopped_by?", "text", "Who stopped it on purpose."},
    {"stopped_at?", "time", NULL},
    {"stop_reason?", "text", "For operators and admins, where one was given."},
    {"last_check", "time?", NULL},
    {"cause?", "text", "A cause's code."},
    {"cause_since?", "time?", NULL},
    {"response_time_ms?", "number?", "Of the last PING; null while Redis is silent."},
    {"memory_mb?", "number?", "Of the last full check, as the figures below; null: not of now."},
    {"connections?", "whole?", NULL},
    {"commands_per_second?", "number?", NULL},
    END};
const struct shape_member shape_version[] = {
    {"name", "text", NULL},
    {"version?", "text", "For those who are logged in, as what follows."},
    {"commit?", "text", "Missing where the program was not built from a repository."},
    {"schema?", "whole", "Of the state database."},
    END};
