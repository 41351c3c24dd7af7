/* Shapes of restores. */
#include "api/shape_words.h"
#include "api/shapes.h"

#define METHOD_WORDS "=file|replicate|keys"
#define MODE_WORDS "=exact|overwrite|missing"

const struct shape_member shape_restore_point[] = {
    {"code", "text", "Such as maxmemory or not_proved."},
    {"text", "text", "With the figures and the next step."},
    END};
const struct shape_member shape_restore_plan[] = {
    {"service", "text", "The one that gets the data."},
    {"source", "text", "The one whose backup it is."},
    {"backup", "text", NULL},
    {"method", METHOD_WORDS, NULL},
    {"method_reason", "text?", "Why this method was chosen; null: it was given."},
    {"mode", MODE_WORDS, "But by keys always exact."},
    {"db", "whole?", "null: all"},
    {"match", "text?", "null: all"},
    {"allowed", "truth", NULL},
    {"blockers", "[RestorePoint]", "Each of them has to go first."},
    {"warnings", "[RestorePoint]", NULL},
    {"keys", "whole?", "Of the backup."},
    {"keys_now", "whole?", "Of the server."},
    {"bytes", "whole?", "Of the backup's file."},
    {"memory_bytes", "whole?", "That the data need."},
    {"downtime_seconds", "number?", "About; by the last load of this backup."},
    {"safety_backup", "truth", "One is made of the data in use first."},
    END};
const struct shape_member shape_restore[] = {
    {"number", "whole", NULL},
    {"service", "text", "The one that gets the data."},
    {"source", "text", "The one whose backup it is."},
    {"backup", "text", NULL},
    {"method", METHOD_WORDS, NULL},
    {"mode", MODE_WORDS, NULL},
    {"db", "whole?", "null: all"},
    {"match", "text?", "null: all"},
    {"state", "=running|held|needs_human|done|undone|failed|cancelled|interrupted",
     "held: it waits for resume or undo"},
    {"stage", "text?", "While it runs, such as guarding, placing, copying or pouring."},
    {"message", "text?", "How the last order ended."},
    {"can_resume", "truth", NULL},
    {"can_undo", "truth", NULL},
    {"keys", "whole?", "Of the backup."},
    {"keys_before", "whole?", "Of the server."},
    {"restored", "whole", "Keys, by keys; so far while it runs."},
    {"kept", "whole", "Keys that the server had: mode missing."},
    {"expired", "whole", "Keys that expired meanwhile."},
    {"removed", "whole", "Keys that the backup does not have: mode exact."},
    {"safety_backup", "text?", "Its id; a backup of the service that got the data."},
    {"reason", "text?", NULL},
    {"user", "text", "Of the last order."},
    {"began_at", "time", NULL},
    {"ended_at", "time?", NULL},
    END};
const struct shape_member shape_restores[] = {{"items", "[Restore]", NULL}, CURSOR, END};
