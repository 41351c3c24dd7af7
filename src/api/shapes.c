#include "api/shapes.h"

#include "api/shape_audit.h"
#include "api/shape_words.h"

static const struct shape_member error_[] = {
    {"error", "text", "A title."},
    {"message", "text", "What happened, why, and what to do."},
    {"code", "text", "Stable, for programs."},
    {"details?", "{anything}", NULL},
    {"timestamp", "time", NULL},
    {"request_id?", "text", "As in X-Request-Id."},
    {"required_roles?", "[text]", "Of a 403."},
    {"user_role?", "text", "Of a 403."},
    {"operation?", "Running", "Of a 409: what runs."},
    {"confirmation_required?", "truth", "Of a stop that was not confirmed."},
    {"affected_services?", "[text]", "Of a stop that was not confirmed."},
    {"retry_after_seconds?", "whole", "Of a 429."},
    {"limit?", "whole", "Of a 429: calls in a window."},
    {"window_seconds?", "whole", "Of a 429."},
    {"status?", "text", "Of a 503: what the operation would have said."},
    {"overall_status?", "text", NULL},
    {"last_check?", "time?", NULL},
    {"reasons?", "[text]", "Of /readyz: why not."},
    END};
static const struct shape_member services_[] = {{"items", "[Service]", NULL}, CURSOR, END};
static const struct shape_member notice_[] = {{"message", "text", NULL},
                                              {"user", "text", "Who said it."},
                                              {"timestamp", "time", NULL},
                                              {"expires_at", "time", "Shown until then."},
                                              END};
static const struct shape_member told_[] = {{"success", "truth", NULL},
                                            {"service", "text?", "null = every one"},
                                            {"services", "whole", "How many were told."},
                                            {"timestamp", "time", NULL},
                                            END};
static const struct shape_member availability_[] = {
    {"target_percent", "number", NULL},
    {"percent", "number?", "Of the time in which it is known whether it was up."},
    {"state", "=met|missed|unknown",
     "Unknown with less than an hour of up_seconds + down_seconds."},
    {"up_seconds", "number", NULL},
    {"down_seconds", "number", NULL},
    {"planned_seconds", "number", "Stopped through Resus: not counted."},
    {"unknown_seconds", "number", "Not told, or before the first answer: not counted."},
    {"unwatched_seconds", "number", "Resus did not run: not counted."},
    {"budget_minutes", "number", NULL},
    {"budget_left_minutes", "number", "Below zero when it is overdrawn."},
    END};
static const struct shape_member response_time_[] = {
    {"target_ms", "whole", NULL}, {"target_percent", "number", NULL},
    {"percent", "number?", NULL}, {"state", "=met|missed|unknown", NULL},
    {"pings", "whole", NULL},     END};
static const struct shape_member within_[] = {{"target_seconds", "whole", NULL},
                                              {"percent", "number?", NULL},
                                              {"state", "=met|missed|unknown", NULL},
                                              {"count", "whole", NULL},
                                              {"within", "whole", NULL},
                                              {"longest_seconds", "number?", NULL},
                                              END};
static const struct shape_member window_[] = {
    {"days", "whole", NULL},
    {"since", "time?", "The oldest step that is known of it."},
    {"availability", "Availability", NULL},
    {"response_time", "ResponseTime", NULL},
    {"automatic_recovery", "Within", NULL},
    {"manual_recovery", "Within", "Outages that a person ended through Resus."},
    {"outages", "whole", NULL},
    {"longest_outage_seconds", "number?", NULL},
    END};
static const struct shape_member slo_[] = {
    {"service", "text", NULL}, {"until", "time", NULL}, {"windows", "[Window]", NULL}, END};
static const struct shape_member step_[] = {{"check", "text", NULL},
                                            {"status", "=pass|finding|unknown", NULL},
                                            {"seen", "text", NULL},
                                            {"cause", "text?", "Of a finding."},
                                            {"action", "text?", "Of a finding."},
                                            END};
static const struct shape_member tree_[] = {
    {"tree", "=service_wont_start|performance_degradation|auto_recovery_failing", NULL},
    {"title", "text", NULL},
    {"applies", "truth", NULL},
    {"steps", "[Step]", NULL},
    END};
static const struct shape_member diagnosis_[] = {{"service", "text", NULL},
                                                 {"status", STATUS_WORDS, NULL},
                                                 {"cause", "Cause", NULL},
                                                 {"findings", "whole", NULL},
                                                 {"trees", "[Tree]", NULL},
                                                 {"timestamp", "time", NULL},
                                                 END};
static const struct shape_member running_[] = {
    {"id?", "text", NULL},
    {"operation", "text", NULL},
    {"user", "text", NULL},
    {"since", "time", NULL},
    {"phase?", RUNNING_PHASE_WORDS, NULL},
    {"percent?", "number", "How much of its data Redis has loaded."},
    {"eta_seconds?", "whole?", NULL},
    END};
static const struct shape_member vm_[] = {
    {"host", "text", NULL},
    {"name", "text", NULL},
    {"ssh_accessible", "truth?", "null where nobody asks by SSH, or nobody did yet."},
    {"ssh_key_notice?", "text", "What is left to do about the SSH key that is being exchanged."},
    END};
static const struct shape_member dependent_[] = {
    {"name", "text", NULL},      {"url?", "text", "Where it is asked; without one it is not."},
    {"ok", "truth?", NULL},      {"status", "whole?", "Of the HTTP answer."},
    {"error", "text?", NULL},    {"checked_at", "time?", NULL},
    {"checking", "truth", NULL}, END};
static const struct shape_member limited_dependent_[] = {
    {"name", "text", NULL}, {"ok", "truth?", NULL}, END};
static const struct shape_member status_[] = {
    {"service", "text", NULL},
    {"name", "text", NULL},
    {"status", STATUS_WORDS, NULL},
    {"owner?", "text?", "In a fleet: the engine that owns it; null = none."},
    {"fence?", "whole", "In a fleet: rises with each change of the owner."},
    {"overall_status", OVERALL_WORDS, NULL},
    {"pid", "whole?", NULL},
    {"uptime_seconds", "whole?", NULL},
    {"memory_mb", "number?", NULL},
    {"connections", "whole?", NULL},
    {"commands_processed", "whole?", NULL},
    {"last_check", "time?", NULL},
    {"vm_info", "VmInfo", NULL},
    {"operation?", "Running", "What runs on the service now."},
    {"maintenance?", "MaintenanceHold", "The window that holds it; absent while none does."},
    {"notices?", "[Notice]", "What users are told now, newest first."},
    {"role?", "=primary|replica", "As Redis last said; missing while it is not known."},
    {"primary?", "text", "Of a replica: address of its primary."},
    {"stopped_by?", "text", "Who stopped it on purpose."},
    {"stopped_at?", "time", NULL},
    {"stop_reason?", "text", "Why, where a reason was given."},
    {"not_guarded", "Withheld?", "Why a failure would not be treated now."},
    {"affected_services?", "[Dependent]", "Who depends on it, as configured."},
    {"backup_problem?", "text", "Backups are overdue, or fail."},
    {"group?", "text", "As configured."},
    {"tags?", "[text]", "As configured."},
    END};
static const struct shape_member limited_status_[] = {
    {"status", STATUS_WORDS, NULL},
    {"overall_status", OVERALL_WORDS, NULL},
    {"last_check", "time?", NULL},
    {"stopped_at?", "time", "Of a stop on purpose."},
    {"affected_services?", "[LimitedDependent]", NULL},
    END};
static const struct shape_member check_[] = {{"status", CHECK_WORDS, NULL},
                                             {"duration_ms", "number?", NULL},
                                             {"message", "text", NULL},
                                             {"error?", "text", NULL},
                                             {"details?", "{anything}", NULL},
                                             {"metrics?", "Figures", NULL},
                                             END};
static const struct shape_member checks_[] = {{"connectivity", "Check", NULL},
                                              {"systemd", "Check", NULL},
                                              {"performance", "Check", NULL},
                                              {"canary?", "Check", "Where it is on."},
                                              END};
static const struct shape_member cause_[] = {
    {"code", "text", "One of the cause codes; they are stable."},
    {"summary", "text", NULL},
    {"since", "time?", NULL},
    {"evidence", "[text]", "Redis' reply, the unit's state, a line of the log (admins)."},
    {"restart", "=helps|useless|harmful|unneeded", NULL},
    {"advice", "text", NULL},
    END};
static const struct shape_member withheld_[] = {
    {"reason_code", "text", NULL}, {"text", "text", NULL}, END};
static const struct shape_member breaker_[] = {{"state", "=closed|open", NULL},
                                               {"recoveries_in_window", "whole", NULL},
                                               {"window_seconds", "whole", NULL},
                                               {"opened_at", "time?", NULL},
                                               END};
static const struct shape_member policy_[] = {{"retry_delay_seconds", "number", NULL},
                                              {"backoff_multiplier", "number", NULL},
                                              {"failure_threshold", "whole", NULL},
                                              {"external_stop", "=recover|respect", NULL},
                                              {"external_stop_grace_seconds", "number", NULL},
                                              END};
static const struct shape_member recovery_[] = {
    {"enabled", "truth", NULL},
    {"state", "=monitoring|confirming|recovering|waiting|succeeded|failed|disabled|paused", NULL},
    {"recent_recoveries", "whole", "Of the last 24 hours."},
    {"last_recovery", "time?", NULL},
    {"recovery_status", "=success|failed?", NULL},
    {"recovery_level", LEVEL_WORDS "?", NULL},
    {"duration_seconds", "number?", NULL},
    {"attempts", "whole", NULL},
    {"max_attempts", "whole", NULL},
    {"requires_manual_intervention", "truth", NULL},
    {"circuit_breaker", "Breaker", NULL},
    {"withheld", "Withheld?", "Why nothing would be done."},
    {"phase", "text", NULL},
    {"next_step_in_seconds?", "whole", NULL},
    {"next_step_at?", "time", NULL},
    {"next_step?", "text", "What Resus will do then, and how to prevent it."},
    {"paused_until?", "time", NULL},
    {"policy", "RecoveryPolicy", NULL},
    {"metrics?", "RecoveryMetrics?", NULL},
    END};
static const struct shape_member recovery_metrics_[] = {
    {"since", "time", NULL},
    {"count", "whole", "Recoveries that ended since then."},
    {"successes", "whole", NULL},
    {"success_rate", "number?", NULL},
    {"mean_seconds", "number?", NULL},
    {"max_seconds", "number?", NULL},
    {"commonest_level", LEVEL_WORDS "?", NULL},
    {"last_recovery", "time?", NULL},
    END};
static const struct shape_member health_[] = {
    {"service", "text", NULL},
    {"owner?", "text?", "In a fleet: the engine that owns it; null = none."},
    {"fence?", "whole", "In a fleet: rises with each change of the owner."},
    {"overall_status", OVERALL_WORDS, NULL},
    {"service_running", "truth", NULL},
    {"connectivity", "truth", NULL},
    {"response_time_ms", "number?", NULL},
    {"last_successful_command", "time?", NULL},
    {"error_count_last_hour", "whole?", NULL},
    {"last_check", "time?", NULL},
    {"health_checks", "Checks", NULL},
    {"cause", "Cause", NULL},
    {"recommendations", "[text]", NULL},
    {"auto_recovery", "AutoRecovery", NULL},
    END};
static const struct shape_member check_status_[] = {{"status", CHECK_WORDS, NULL}, END};
static const struct shape_member limited_checks_[] = {{"connectivity", "CheckStatus", NULL},
                                                      {"systemd", "CheckStatus", NULL},
                                                      {"performance", "CheckStatus", NULL},
                                                      {"canary?", "CheckStatus", NULL},
                                                      END};
static const struct shape_member limited_health_[] = {{"overall_status", OVERALL_WORDS, NULL},
                                                      {"last_check", "time?", NULL},
                                                      {"health_checks", "LimitedChecks", NULL},
                                                      END};
static const struct shape_member refreshed_[] = {
    {"status", "Status", NULL}, {"health", "Health", NULL}, END};
static const struct shape_member limited_refreshed_[] = {
    {"status", "LimitedStatus", NULL}, {"health", "LimitedHealth", NULL}, END};
static const struct shape_member result_[] = {{"success", "truth", NULL},
                                              {"operation", "text", NULL},
                                              {"message", "text", NULL},
                                              {"duration_seconds", "number", NULL},
                                              {"timestamp", "time", NULL},
                                              {"new_status", STATUS_WORDS, NULL},
                                              {"operation_id", "text", NULL},
                                              {"previous_uptime_seconds?", "whole", NULL},
                                              {"connections_terminated?", "whole", NULL},
                                              {"warning?", "text", NULL},
                                              {"affected_services?", "[Dependent]", NULL},
                                              END};
static const struct shape_member preflight_[] = {
    {"operation", PREFLIGHT_WORDS, NULL},
    {"allowed", "truth", NULL},
    {"warnings", "[text]", NULL},
    {"connections", "whole?", NULL},
    {"unsaved_changes", "whole?", NULL},
    {"saves_first", "truth", "Redis is asked to save before, unless it is forced."},
    {"saved_since_start", "truth?", "false: this process has not saved yet."},
    {"last_save_age_seconds", "whole?", "Of the last save that succeeded."},
    {"last_save_ok", "truth?", "Of the last attempt; null when there was none."},
    {"aof_enabled", "truth?", NULL},
    {"replicas", "whole?", NULL},
    {"expected_downtime_seconds", "number?", NULL},
    {"blockers", "[text]", NULL},
    END};
static const struct shape_member log_line_[] = {
    {"timestamp", "time?", "null where the line has none."},
    {"level", "=error|warning|info", NULL},
    {"message", "text", NULL},
    {"zone_assumed?", "truth", "true: of another machine's log, read in our time zone."},
    END};
static const struct shape_member logs_[] = {{"logs", "[LogLine]", "Newest first."},
                                            {"total_lines", "whole", NULL},
                                            {"service", "text", NULL},
                                            {"vm", "text", NULL},
                                            {"problem?", "text", "Which log cannot be read."},
                                            END};
static const struct shape_member explanation_[] = {
    {"would_act", "truth", NULL},
    {"action", "text?", NULL},
    {"level", LEVEL_WORDS "?", NULL},
    {"cause", "Cause", NULL},
    {"facts", "{anything}", "What was seen, by name."},
    {"reasons", "[text]", NULL},
    {"withheld", "Withheld?", NULL},
    END};
static const struct shape_member past_recovery_[] = {
    {"id", "text", "The request_id of its audit lines."},
    {"service", "text", NULL},
    {"started_at", "time", NULL},
    {"duration_seconds", "number?", NULL},
    {"cause", "text", NULL},
    {"recovery_level", LEVEL_WORDS "?", "null: systemd restarted it, Resus did nothing."},
    {"result", "text?", "by_systemd: systemd restarted it, Resus did nothing."},
    {"attempts", "whole", "Actions that Resus tried."},
    {"message", "text", NULL},
    {"evidence", "[text]?", "Seen before the first step: unit, log, INFO, SLOWLOG ... (admins)."},
    {"stored", "truth", "false: it waits in memory for the disk of the state folder."},
    END};
static const struct shape_member past_recoveries_[] = {{"items", "[PastRecovery]", "Newest first."},
                                                       CURSOR,
                                                       {"metrics", "RecoveryMetrics?", NULL},
                                                       END};
static const struct shape_member event_[] = {
    {"type",
     "=service_status|service_health|service_event|auto_recovery|notice|alert|incident|resync",
     NULL},
    {"service", "text", NULL},
    {"timestamp", "time", NULL},
    {"seq", "whole", "Counts per service and survives restarts."},
    END};
static const struct shape_member events_[] = {{"items", "[Event]", "Newest first."}, CURSOR, END};
static const struct shape_member inspection_[] = {
    {"info?", "{anything}", "Of info: by section, then by name."},
    {"items?", "[{anything}]", "Of the others."},
    {"keys_measured?", "whole", "Of bigkeys."},
    {"keys_passed_over?", "whole",
     "Of bigkeys: very long names, more than fit at once, refused by Redis."},
    {"complete?", "truth", "Of bigkeys and clients: false when not every one is there."},
    {"total?", "whole", "Of clients: so many are connected."},
    END};
static const struct shape_member finding_[] = {{"check", "text", NULL},
                                               {"status", "text", NULL},
                                               {"message", "text", NULL},
                                               {"fix?", "text", NULL},
                                               END};
static const struct shape_member findings_[] = {
    {"service", "text", NULL}, {"items", "[Finding]", NULL}, END};

static const struct shape_member identity_[] = {
    {"id", "whole", NULL}, {"email", "text", NULL}, {"role", ROLE_WORDS, NULL}, END};
static const struct shape_member login_[] = {
    {"token", "text", NULL},
    {"token_type", "=Bearer", NULL},
    {"expires_at", "time", NULL},
    {"csrf_token", "text", "For X-CSRF-Token, where the cookie is used."},
    {"user", "Identity", NULL},
    {"totp_setup_required", "truth", "It may only set up two-factor login, which its role needs."},
    END};
static const struct shape_member grant_[] = {
    {"role", ROLE_WORDS, NULL}, {"ends_at", "time", NULL}, END};
static const struct shape_member me_[] = {
    {"id", "anything", "A user's number; of an API token or a Unix user a text."},
    {"email", "text", NULL},
    {"role", ROLE_WORDS, "With what was granted."},
    {"own_role?", ROLE_WORDS, "Without it."},
    {"totp?", "truth", NULL},
    {"recovery_codes_left?", "whole", NULL},
    {"wrong_codes?", "whole", "With the right password, before this login."},
    {"totp_setup_required?", "truth", "As login says it."},
    {"grant?", "Grant?", NULL},
    {"csrf_token?", "text", NULL},
    {"expires_at?", "time?", "Of the token."},
    {"session_ends_at?", "time?", "No renewal lasts longer."},
    {"session?", "whole", NULL},
    {"services?", "[text]", "Of an API token: those it is for."},
    END};
static const struct shape_member done_[] = {{"success", "truth", NULL}, END};
static const struct shape_member password_changed_[] = {
    {"success", "truth", NULL}, {"sessions_ended", "whole", NULL}, END};
static const struct shape_member session_[] = {{"id", "whole", NULL},
                                               {"issued_at", "time", NULL},
                                               {"expires_at", "time", NULL},
                                               {"address", "text", NULL},
                                               {"current", "truth", "The one that asks."},
                                               END};
static const struct shape_member sessions_[] = {{"items", "[Session]", NULL}, CURSOR, END};
static const struct shape_member totp_secret_[] = {
    {"secret", "text", "Base32, for typing."}, {"uri", "text", "otpauth://, for a picture."}, END};
static const struct shape_member totp_[] = {
    {"totp", "truth", NULL}, {"recovery_codes?", "[text]", "Shown this once."}, END};
static const struct shape_member user_[] = {
    {"id", "whole", NULL},
    {"email", "text", NULL},
    {"role", ROLE_WORDS, NULL},
    {"disabled", "truth", NULL},
    {"totp", "truth", NULL},
    {"created_at", "time", NULL},
    {"changed_at", "time?", NULL},
    {"locked_until", "time?", "After too many wrong passwords."},
    {"granted_role", ROLE_WORDS "?", NULL},
    {"grant_ends_at", "time?", NULL},
    {"api_tokens?", "[ApiToken]", "When disabled just now: what the user made and still works."},
    END};
static const struct shape_member users_[] = {{"items", "[User]", NULL}, CURSOR, END};
static const struct shape_member token_[] = {
    {"id", "whole", NULL},
    {"name", "text", NULL},
    {"role", ROLE_WORDS, NULL},
    {"services", "[text]?", "null: all."},
    {"begins_with", "text", "Of the token, to know it by."},
    {"disabled", "truth", NULL},
    {"created_at", "time", NULL},
    {"created_by", "text?", NULL},
    {"expires_at", "time?", NULL},
    {"last_used", "time?", NULL},
    {"token?", "text", "Shown this once."},
    END};
static const struct shape_member tokens_[] = {{"items", "[ApiToken]", NULL}, CURSOR, END};
static const struct shape_member access_request_[] = {
    {"id", "whole", NULL},
    {"user_id", "whole", NULL},
    {"email", "text?", NULL},
    {"current_role", ROLE_WORDS, NULL},
    {"requested_role", ROLE_WORDS, NULL},
    {"justification", "text", NULL},
    {"duration_seconds", "whole", NULL},
    {"state", "=pending|approved|rejected|ended", NULL},
    {"created_at", "time", NULL},
    {"decided_at", "time?", NULL},
    {"decided_by", "text?", NULL},
    {"note", "text?", NULL},
    {"ends_at", "time?", NULL},
    END};
static const struct shape_member access_requests_[] = {
    {"items", "[AccessRequest]", "Newest first."}, CURSOR, END};

static const struct shape_member bundle_[] = {
    {"document", "text", NULL},
    {"timestamp", "time", NULL},
    {"resus", "{anything}", NULL},
    {"settings", "{anything}", "Without secrets."},
    {"status", "Status", NULL},
    {"health", "Health", NULL},
    {"explain", "Explanation", NULL},
    {"diagnosis", "Diagnosis", NULL},
    {"clients_total?", "whole", "So many are connected; at most 500 are listed."},
    END};

static const struct shape_member late_[] = {
    {"p50", "whole", NULL}, {"p99", "whole", NULL}, {"worst", "whole", NULL}, END};
static const struct shape_member timing_[] = {
    {"services", "whole", NULL},
    {"wakeups", "whole", "Of the last one to two minutes."},
    {"late_ms", "Lateness", NULL},
    END};
static const struct shape_member alive_[] = {{"status", "=ok", NULL}, END};
static const struct shape_member anything_[] = {END};

const struct shape shapes[] = {
    {"Error", "Every refusal and failure.", error_},
    {"Service", "A service in a list.", shape_service},
    {"Services", "The services.", services_},
    {"Running", "An operation under way.", running_},
    {"Notice", "What users are told.", notice_},
    {"Told", "A notice went out.", told_},
    {"Column", "A figure over time.", shape_column},
    {"States", "Where the time went.", shape_states},
    {"Outage", "No PING was answered.", shape_outage},
    {"Limit", "Where a figure is too high.", shape_limit},
    {"Mark", "What happened meanwhile.", shape_mark},
    {"Metrics", "Figures over time.", shape_metrics},
    {"Availability", "Up, of the time that is known.", availability_},
    {"ResponseTime", "PINGs answered in time.", response_time_},
    {"Within", "How many kept to the time.", within_},
    {"Window", "Service levels over some days.", window_},
    {"ServiceLevels", "Service levels.", slo_},
    {"Step", "A step of a decision tree.", step_},
    {"Tree", "A decision tree of the runbook.", tree_},
    {"Diagnosis", "What is wrong, why, and what to do.", diagnosis_},
    {"VmInfo", "Where a service runs.", vm_},
    {"Dependent", "Who depends on a service.", dependent_},
    {"LimitedDependent", "What anonymous callers see of it.", limited_dependent_},
    {"Status", "Whether a service runs.", status_},
    {"LimitedStatus", "What anonymous callers see of a status.", limited_status_},
    {"Gauge", "A figure with its limits.", shape_gauge},
    {"Figures", "What Redis reports, by name.", shape_figures},
    {"Check", "One of the three checks.", check_},
    {"Checks", "The three checks.", checks_},
    {"Cause", "Why a service is as it is.", cause_},
    {"Withheld", "Why automatic recovery holds back.", withheld_},
    {"Breaker", "The circuit breaker.", breaker_},
    {"RecoveryPolicy", "Settings of automatic recovery.", policy_},
    {"RecoveryMetrics", "Recoveries in figures.", recovery_metrics_},
    {"AutoRecovery", "Automatic recovery: state and settings.", recovery_},
    {"Health", "How a service is and why.", health_},
    {"CheckStatus", "A check's status alone.", check_status_},
    {"LimitedChecks", "The three checks' statuses.", limited_checks_},
    {"LimitedHealth", "What anonymous callers see of a health.", limited_health_},
    {"Refreshed", "Status and health, fresh.", refreshed_},
    {"LimitedRefreshed", "What anonymous callers see of them.", limited_refreshed_},
    {"Result", "What an operation did.", result_},
    {"Preflight", "What an operation would cost now.", preflight_},
    {"LogLine", "A line of a log.", log_line_},
    {"Logs", "Lines of a log.", logs_},
    {"Explanation", "What Resus would do now, and why.", explanation_},
    {"PastRecovery", "A recovery.", past_recovery_},
    {"PastRecoveries", "Recoveries.", past_recoveries_},
    {"Event", "What happened; the other members are those of its type.", event_},
    {"Events", "What happened.", events_},
    {"Inspection", "A look into Redis.", inspection_},
    {"Finding", "What the doctor found.", finding_},
    {"Findings", "What the doctor found.", findings_},
    {"Identity", "Who a user is.", identity_},
    {"Login", "A session begins.", login_},
    {"Grant", "A higher role for a while.", grant_},
    {"Me", "Who asks.", me_},
    {"Done", "It was done.", done_},
    {"PasswordChanged", "The new password holds.", password_changed_},
    {"Session", "A login.", session_},
    {"Sessions", "Your sessions.", sessions_},
    {"TotpSecret", "For the authenticator app.", totp_secret_},
    {"Totp", "Is two-factor login on?", totp_},
    {"User", "A user.", user_},
    {"Users", "The users.", users_},
    {"ApiToken", "An API token.", token_},
    {"ApiTokens", "The API tokens.", tokens_},
    {"AccessRequest", "A request for a higher role.", access_request_},
    {"AccessRequests", "Requests for a higher role.", access_requests_},
    {"AuditUser", "Who did it.", audit_user_},
    {"AuditResult", "How it ended.", audit_result_},
    {"AuditSecurity", "How it was done.", audit_security_},
    {"AuditLine", "A line of the audit log.", audit_line_},
    {"AuditLines", "Lines of the audit log.", audit_lines_},
    {"AuditReport", "A review of the audit log.", audit_report_},
    {"KeyHost", "A host that the key is for.", shape_key_host},
    {"KeyRotation", "How far the rotation of an SSH key is.", shape_key_rotation},
    {"Delivery", "A message on its way to a channel.", shape_delivery},
    {"Alert", "Trouble that people are told of.", shape_alert},
    {"Alerts", "Alerts.", shape_alerts},
    {"Channel", "A way to people, without address or key.", shape_channel},
    {"Channels", "The channels.", shape_channels},
    {"IncidentEntry", "An entry of a timeline.", shape_incident_entry},
    {"Incident", "What people have in hand.", shape_incident},
    {"Incidents", "Incidents.", shape_incidents},
    {"Sent", "What became of a message.", shape_sent},
    {"FleetEngine", "An engine of the fleet.", shape_fleet_engine},
    {"FleetService", "A service and the engine that owns it.", shape_fleet_service},
    {"FleetEtcd", "The fleet's etcd, as this engine meets it.", shape_fleet_etcd},
    {"Fleet", "The engines of the fleet.", shape_fleet},
    {"FleetDifference", "A service that is set otherwise elsewhere.", shape_fleet_difference},
    {"FleetDiff", "How the engines' settings differ.", shape_fleet_diff},
    {"MaintenanceHold", "A window that holds a service.", shape_maintenance_hold},
    {"ChecklistItem", "What is to be done.", shape_checklist_item},
    {"MaintainedService", "A service around maintenance.", shape_maintained_service},
    {"MaintenanceWindow", "An occurrence of a maintenance window.", shape_maintenance_window},
    {"MaintenanceWindows", "Maintenance windows.", shape_maintenance_windows},
    {"Backup", "A backup.", shape_backup},
    {"BackupSource", "The server that was copied.", shape_backup_source},
    {"BackupCopy", "The copy of a backup at one place.", shape_backup_copy},
    {"BackupPlace", "A place for copies.", shape_backup_place},
    {"BackupThere", "A backup at a place for copies.", shape_backup_there},
    {"BackupsElsewhere", "What a place for copies has.", shape_backups_elsewhere},
    {"Backups", "Backups, newest first.", shape_backups},
    {"BackupTask", "A task that has begun.", shape_backup_task},
    {"BackupJob", "A task that runs.", shape_backup_job},
    {"BackupLast", "How the last task ended.", shape_backup_last},
    {"BackupStatus", "The backups of a service.", shape_backup_status},
    {"Procedure", "A guided update or change of a setting.", shape_procedure},
    {"Procedures", "Guided procedures.", shape_procedures},
    {"RebuildSheet", "How to build a lost host again.", shape_rebuild},
    {"RebuildPart", "A part of the way to a Redis.", shape_rebuild_part},
    {"RebuildStep", "A step with its commands.", shape_rebuild_step},
    {"BackupDrill", "A backup that was loaded to measure the time.", shape_drill},
    {"BackupDrills", "Drills, newest first.", shape_drills},
    {"BackupDrilling", "The schedule of drills, and the newest ones.", shape_drilling},
    {"BackupOverview", "The backups of every service.", shape_backup_overview},
    {"RestorePoint", "What a plan has to say.", shape_restore_point},
    {"RestorePlan", "What a restore would do.", shape_restore_plan},
    {"Restore", "A restore.", shape_restore},
    {"Restores", "Restores, newest first.", shape_restores},
    {"PrunableBackups", "Backups that no rule keeps.", shape_prunable},
    {"AuditVerdict", "The result of verifying the audit log.", audit_verdict_},
    {"AuditHead", "The last line of the audit log.", audit_head_},
    {"AuditKey", "The initial sealing key of the audit log.", audit_key_},
    {"Bundle", "All that support asks for.", bundle_},
    {"Lateness", "Milliseconds.", late_},
    {"Timing", "How late the watch's own timers came.", timing_},
    {"Version", "The program's version.", shape_version},
    {"Alive", "It lives.", alive_},
    {"Anything", "An object.", anything_},
    {NULL, NULL, NULL},
};
