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
static const struct shape_member audit_head_[] = {{"seq", "whole", NULL},
                                                  {"hash", "text", NULL},
                                                  {"kept_at", "time", "When it was on the disk."},
                                                  END};
static const struct shape_member audit_verdict_[] = {
    {"intact", "truth", NULL},
    {"lines", "whole", "That were checked."},
    {"first_seq", "whole", "0 = no line."},
    {"last_seq", "whole", "0 = no line."},
    {"last_hash", "text?", NULL},
    {"anchor", "AuditHead?", "The head that the state folder knows; null: none."},
    {"anchored", "truth", "Its line is in the log, with its hash."},
    {"seals", "whole", "Seals in it; with a key, those that fit it."},
    {"sealed_seq", "whole", "Of the newest of them, 0 = none."},
    {"other_seals", "whole", "With other keys than the one given."},
    {"bad_file", "text?", NULL},
    {"bad_line", "whole?", "null: it is about the log as a whole."},
    {"why", "text?", NULL},
    END};
static const struct shape_member audit_key_[] = {{"key", "text", "64 hex digits, shown this once."},
                                                 {"id", "text", "Names the key on each seal line."},
                                                 {"timestamp", "time", NULL},
                                                 END};

#endif
