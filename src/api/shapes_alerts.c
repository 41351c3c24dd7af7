/* Shapes of alerts, channels and messages. */
#include "api/shape_words.h"
#include "api/shapes.h"

#define SEVERITY_WORDS "=none|P4|P3|P2|P1"

const struct shape_member shape_delivery[] = {
    {"id", "whole", NULL},
    {"message", "whole", "The message that was delivered."},
    {"channel", "text", NULL},
    {"kind", "=trigger|update|reminder|resolve|announce|test|emergency|digest", NULL},
    {"state", "=queued|sending|waiting|delivered|accepted|dead|expired|superseded|stale|dropped",
     "accepted: taken over, and whether it is shown is not known."},
    {"attempts", "whole", NULL},
    {"code", "whole?", "HTTP status or SMTP reply of the last attempt."},
    {"receipt", "text?", "The receiver's name for it."},
    {"error", "text?", "Of the last attempt."},
    {"at", "time", "Of the last attempt; of the message, before there was one."},
    {"next_attempt_at", "time?", NULL},
    END};
const struct shape_member shape_alert[] = {
    {"id", "whole", NULL},
    {"service", "text?", NULL},
    {"host", "text?", "Of an alert of a host."},
    {"class", "=availability|writes|performance|access|host|security|backup|self", NULL},
    {"detail", "text?", "The cause of performance, the rule of security, what fails of self."},
    {"dedup_key", "text?", "As receivers know it; null while nothing was sent."},
    {"state", "=pending|firing|clearing|flapping|resolved", NULL},
    {"severity", SEVERITY_WORDS, NULL},
    {"cause", "text?", "A cause's code."},
    {"summary", "text", NULL},
    {"sent", "truth", "Was there a message about it?"},
    {"channels", "[text]", "Those that have its message and not yet its end."},
    {"began_at", "time", NULL},
    {"ended_at", "time?", NULL},
    {"acknowledged_by", "text?", NULL},
    {"acknowledged_at", "time?", NULL},
    {"action?", "text", "What Resus did, or why it did nothing."},
    {"stake?", "text", NULL},
    {"command?", "text", NULL},
    {"link?", "text", NULL},
    {"evidence?", "[text]", NULL},
    {"deliveries?", "[Delivery]", "Of one alert."},
    END};
const struct shape_member shape_alerts[] = {{"items", "[Alert]", "Newest first."}, CURSOR, END};
const struct shape_member shape_channel[] = {
    {"name", "text", NULL},
    {"type", "channel_type", NULL},
    {"state", "=unused|ok|retrying|failing", NULL},
    {"failing_since", "time?", NULL},
    {"last_code", "whole?", "HTTP status or SMTP reply."},
    {"last_error", "text?", NULL},
    {"last_success", "time?", "Since the start of the daemon."},
    {"waiting", "whole", "Deliveries that have not ended."},
    END};
const struct shape_member shape_channels[] = {
    {"items", "[Channel]", "In the order of the settings."}, CURSOR, END};
const struct shape_member shape_sent[] = {
    {"message", "whole", NULL},
    {"success", "truth", "Every channel has it."},
    {"deliveries", "[Delivery]", "After 10 s at most: one that waits is tried again."},
    {"timestamp", "time", NULL},
    END};
const struct shape_member shape_incident_entry[] = {
    {"seq", "whole", NULL},
    {"at", "time", NULL},
    {"kind",
     "=open|reopen|status|severity|command|update|note|set|acknowledge|call|skip|reminder|action",
     "`action`: an operation or a recovery has ended."},
    {"actor", "text?", "null: Resus itself."},
    {"text", "text", NULL},
    END};
const struct shape_member shape_incident[] = {
    {"id", "whole", NULL},
    {"service", "text?", NULL},
    {"host", "text?", NULL},
    {"status", "=investigating|mitigated|resolved|closed", NULL},
    {"severity", SEVERITY_WORDS, NULL},
    {"worst_severity", SEVERITY_WORDS, NULL},
    {"cause", "text?", "A cause's code: of its worst alert when it opened."},
    {"commander", "text?", NULL},
    {"acknowledged_by", "text?", NULL},
    {"escalation", "=off|calling|acknowledged|paused", NULL},
    {"opened_at", "time", NULL},
    {"mitigated_at", "time?", NULL},
    {"resolved_at", "time?", NULL},
    {"closed_at", "time?", NULL},
    {"update_due_at", "time?", "When the next status update is due."},
    {"response_due_at", "time?", "By then a person answers: by its worst severity."},
    {"responded_at", "time?", "When the first person did something about it."},
    {"response_missed", "truth", NULL},
    {"resolution_due_at", "time?", "By then it is over: by its worst severity."},
    {"resolution_missed", "truth", NULL},
    {"war_room", "text?", "Where people meet."},
    {"window", "whole?", "The maintenance window in which it is fixed."},
    {"title", "text?", NULL},
    {"impact", "text?", NULL},
    {"summary", "text?", NULL},
    {"root_cause", "text?", NULL},
    {"resolution", "text?", NULL},
    {"preventive_measures", "text?", NULL},
    {"entries_left_out?", "whole", "Older entries that the timeline has no room for."},
    {"timeline?", "[IncidentEntry]", "Of one incident, oldest first."},
    END};
const struct shape_member shape_incidents[] = {
    {"items", "[Incident]", "Newest first."}, CURSOR, END};
