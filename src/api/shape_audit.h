/* The shapes of the audit log, for shapes.c alone. */
#ifndef RESUS_API_SHAPE_AUDIT_H
#define RESUS_API_SHAPE_AUDIT_H

#include "api/shape_words.h"
#include "api/shapes.h"

static const struct shape_member audit_user_[] = {
    {"id", "text?", NULL}, {"email", "text?", NULL}, {"role", "text?", NULL}, END};
static const struct shape_member audit_result_[] = {{"success", "truth", NULL},
                                                    {"duration_seconds", "number?", NULL},
                                                    {"exit_code", "whole?", NULL},
                                                    {"error?", "text?", NULL},
                                                    END};
static const struct shape_member audit_security_[] = {
    {"command_validated", "truth?", NULL},
    {"risk_level", "=low|moderate|high|critical", NULL},
    {"ssh_key_used", "truth?", NULL},
    END};
static const struct shape_member audit_line_[] = {{"timestamp", "time", NULL},
                                                  {"event_type", "text", NULL},
                                                  {"service", "text?", NULL},
                                                  {"operation", "text?", NULL},
                                                  {"user", "AuditUser", NULL},
                                                  {"source_ip", "text?", NULL},
                                                  {"result", "AuditResult?", "null: an intent."},
                                                  {"security", "AuditSecurity", NULL},
                                                  {"request_id", "text?", NULL},
                                                  {"recovery_level", "text?", NULL},
                                                  {"reason", "text?", NULL},
                                                  {"seq", "whole", NULL},
                                                  {"prev", "text", NULL},
                                                  {"hash", "text", NULL},
                                                  END};
static const struct shape_member audit_lines_[] = {
    {"items", "[AuditLine]", "Newest first."}, CURSOR, END};
static const struct shape_member audit_report_[] = {
    {"since", "time?", NULL},
    {"until", "time?", NULL},
    {"recoveries", "{anything}", "Figures, by level, and the lines."},
    {"failed_operations?", "{anything}", "Not of a month."},
    {"outside_business_hours?", "anything",
     "null: no business hours are configured. Not of a month."},
    {"lines?", "whole", NULL},
    {"operations?", "{anything}", NULL},
    {"by_operation?", "[{anything}]", NULL},
    {"by_user?", "[{anything}]", NULL},
    {"by_event?", "[{anything}]", NULL},
    {"failures?", "[{anything}]", NULL},
    {"trend?", "anything", NULL},
    END};
static const struct shape_member audit_head_[] = {
    {"seq", "whole", NULL},
    {"hash", "text", NULL},
    {"kept_at", "time", "When it was flushed to disk."},
    END};
static const struct shape_member audit_verdict_[] = {
    {"intact", "truth", NULL},
    {"lines", "whole", "Lines checked."},
    {"first_seq", "whole", "0 = no line."},
    {"last_seq", "whole", "0 = no line."},
    {"last_hash", "text?", NULL},
    {"anchor", "AuditHead?", "The head recorded in the state database; null: none."},
    {"anchored", "truth", "The log contains that line with that hash."},
    {"seals", "whole", "Seals in the log; with a key, only those that match it."},
    {"sealed_seq", "whole", "Seq of the newest of these seals; 0 = none."},
    {"other_seals", "whole", "Seals made with a different key."},
    {"bad_file", "text?", NULL},
    {"bad_line", "whole?", "null: the problem concerns the log as a whole."},
    {"why", "text?", NULL},
    END};
static const struct shape_member audit_key_[] = {
    {"key", "text", "64 hex digits; shown only once."},
    {"id", "text", "Identifies the key on each seal line."},
    {"timestamp", "time", NULL},
    END};

#endif
