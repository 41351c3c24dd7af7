#include "api/operations.h"

#include "api/field_words.h"
#include "api/fields_backups.h"
#include "api/operations_fleet.h"
#include "api/service_list.h"
#include "core/window_policy.h"

#define DAY_SECONDS 86400
static const char *const preflight_words[] = {"stop", "restart", "start", NULL};
static const char *const level_words[] = {"error", "warning", "info", NULL};
static const char *const external_stop_words[] = {"recover", "respect", NULL};
static const char *const inspect_words[] = {"info",    "slowlog",      "clients",
                                            "bigkeys", "commandstats", NULL};
static const char *const result_words[] = {"success", "failed", NULL};
static const char *const role_words[] = {"viewer", "operator", "admin", NULL};
static const char *const raised_words[] = {"operator", "admin", NULL};
static const char *const request_state_words[] = {"pending", "approved", "rejected", "ended", NULL};
static const char *const alert_state_words[] = {"open", "resolved", "all", NULL};
static const char *const window_state_words[] = {"planned", "announced", "open", "verifying",
                                                 "ended",   "cancelled", NULL};
static const char *const incident_state_words[] = {"open", "all", NULL};
static const char *const incident_set_words[] = {"mitigated", "resolved", "closed", NULL};
static const char *const severity_words[] = {"P1", "P2", "P3", "P4", NULL};
static const char *const format_words[] = {"json", "lines", NULL};
static const char *const key_step_words[] = {"begin", "continue", NULL};
static const char *const key_type_words[] = {"ed25519", "rsa", NULL};
static const char *const report_words[] = {"daily", "weekly", "monthly", NULL};

static const struct field no_fields[] = {END};
static const struct field services_fields[] = {TEXT("group", 1, 63), TEXT("tag", 1, 31),
                                               CHOICE("status", service_list_status_words),
                                               TEXT("q", 0, 100), END};
FLEET_FIELDS;
static const struct field reason_fields[] = {REASON, END};
static const struct field operate_fields[] = {BOOL("force"), REASON, END};
static const struct field stop_fields[] = {BOOL("confirmation"), BOOL("force"),           REASON,
                                           BOOL("emergency"),    TEXT("message", 0, 500), END};
static const struct field preflight_fields[] = {REQUIRED_CHOICE("operation", preflight_words), END};
static const struct field logs_fields[] = {INT("lines", 1, OPERATION_LINES_MAX), TIME("since"),
                                           CHOICE("level", level_words), END};
static const struct field recovery_set_fields[] = {BOOL("enabled"),
                                                   INT("max_attempts", 1, 10),
                                                   REAL("retry_delay_seconds", 0, 3600),
                                                   REAL("backoff_multiplier", 1, 10),
                                                   INT("failure_threshold", 1, 100),
                                                   CHOICE("external_stop", external_stop_words),
                                                   REAL("external_stop_grace_seconds", 0, 86400),
                                                   REASON,
                                                   END};
static const struct field history_fields[] = {INT("limit", 1, OPERATION_LIMIT_MAX), END};
static const struct field pause_fields[] = {
    INT("for_seconds", 1, 30 * DAY_SECONDS),
    {.name = "reason", .type = FIELD_TEXT, .required = true, .min = 1, .max = OPERATION_REASON_MAX},
    END};
static const struct field events_fields[] = {INT("limit", 1, OPERATION_LIMIT_MAX),
                                             INT("since", 0, INT64_MAX), END};
static const struct field inspect_fields[] = {REQUIRED_CHOICE("what", inspect_words),
                                              BOOL("with_arguments"), END};
static const struct field bundle_fields[] = {BOOL("with_arguments"), END};
static const struct field audit_fields[] = {TIME("since"),
                                            TIME("until"),
                                            TEXT("user", 1, 254),
                                            TEXT("operation", 1, 64),
                                            CHOICE("result", result_words),
                                            INT("limit", 1, OPERATION_LIMIT_MAX),
                                            TEXT("cursor", 1, 64),
                                            CHOICE("format", format_words),
                                            END};
static const struct field report_fields[] = {REQUIRED_CHOICE("kind", report_words), TIME("since"),
                                             TIME("until"), END};
static const struct field verify_fields[] = {TEXT("from", 1, 90), END};
static const struct field metrics_fields[] = {TIME("from"), TIME("to"), INT("step", 1, DAY_SECONDS),
                                              TEXT("series", 1, 500), END};
static const struct field notify_fields[] = {
    {.name = "message", .type = FIELD_TEXT, .required = true, .min = 1, .max = 500},
    TEXT("service", 1, 63),
    END};
static const struct field emergency_fields[] = {
    {.name = "message", .type = FIELD_TEXT, .required = true, .min = 1, .max = 500},
    {.name = "reason", .type = FIELD_TEXT, .required = true, .min = 1, .max = OPERATION_REASON_MAX},
    TEXT("service", 1, 63),
    END};
static const struct field notify_test_fields[] = {TEXT("channel", 1, 63), END};
static const struct field alerts_fields[] = {CHOICE("state", alert_state_words),
                                             TEXT("service", 1, 63),
                                             INT("limit", 1, OPERATION_LIMIT_MAX), END};
/* "link" is signed (alerts/ack_link.h). */
static const struct field link_fields[] = {SECRET("link"), END};
#define LONG_TEXT(name_) TEXT(name_, 0, 4000)
static const struct field n_note_fields[] = {NUMBER, TEXT("note", 0, OPERATION_REASON_MAX), END};
static const struct field incidents_fields[] = {CHOICE("state", incident_state_words),
                                                TEXT("service", 1, 63),
                                                INT("limit", 1, OPERATION_LIMIT_MAX), END};
static const struct field incident_open_fields[] = {
    TEXT("service", 1, 63),
    REQUIRED_CHOICE("severity", severity_words),
    {.name = "title", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    END};
static const struct field incident_set_fields[] = {NUMBER,
                                                   CHOICE("severity", severity_words),
                                                   CHOICE("status", incident_set_words),
                                                   TEXT("title", 1, 200),
                                                   LONG_TEXT("impact"),
                                                   LONG_TEXT("summary"),
                                                   LONG_TEXT("root_cause"),
                                                   LONG_TEXT("resolution"),
                                                   LONG_TEXT("preventive_measures"),
                                                   TEXT("war_room", 0, 1000),
                                                   INT("window", 0, INT32_MAX),
                                                   END};
static const struct field incident_escalate_fields[] = {
    NUMBER,
    {.name = "note", .type = FIELD_TEXT, .required = true, .min = 1, .max = OPERATION_REASON_MAX},
    INT("level", 1, 4),
    END};
static const struct field incident_note_fields[] = {
    NUMBER, {.name = "text", .type = FIELD_TEXT, .required = true, .min = 1, .max = 1000}, END};
static const struct field incident_update_fields[] = {
    NUMBER,
    {.name = "text", .type = FIELD_TEXT, .required = true, .min = 1, .max = 1000},
    REAL("next_minutes", 0, 1440),
    END};
static const struct field key_rotate_fields[] = {
    TEXT("target", 1, 255), CHOICE("step", key_step_words), CHOICE("type", key_type_words),
    BOOL("confirmation"), END};
static const struct field login_fields[] = {EMAIL, SECRET("password"), TEXT("totp", 1, 32), END};
/* Where two-factor login is on, a user who changes their own account also needs a code. */
#define CODE TEXT("totp", 1, 32)
#define OPTIONAL_SECRET(name_)                                                                     \
    {                                                                                              \
        .name = (name_), .type = FIELD_SECRET, .min = 1, .max = OPERATION_SECRET_MAX               \
    }
static const struct field password_fields[] = {SECRET("current_password"), SECRET("new_password"),
                                               CODE, END};
static const struct field n_fields[] = {NUMBER, END};
static const struct field n_reason_fields[] = {NUMBER, REASON, END};
static const struct field totp_begin_fields[] = {SECRET("current_password"), END};
static const struct field totp_disable_fields[] = {SECRET("current_password"), CODE, END};
static const struct field totp_confirm_fields[] = {
    {.name = "totp", .type = FIELD_TEXT, .required = true, .min = 6, .max = 8}, END};
static const struct field user_add_fields[] = {EMAIL, REQUIRED_CHOICE("role", role_words),
                                               SECRET("password"), END};
static const struct field user_set_fields[] = {NUMBER,
                                               CHOICE("role", role_words),
                                               BOOL("disabled"),
                                               OPTIONAL_SECRET("password"),
                                               BOOL("reset_totp"),
                                               OPTIONAL_SECRET("current_password"),
                                               CODE,
                                               END};
static const struct field token_add_fields[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},
    REQUIRED_CHOICE("role", role_words),
    {.name = "services", .type = FIELD_TEXTS, .min = 1, .max = 63},
    INT("expires_in_seconds", 0, 10 * 366 * DAY_SECONDS),
    END};
static const struct field token_set_fields[] = {NUMBER, CHOICE("role", role_words),
                                                BOOL("disabled"), END};
static const struct field access_requests_fields[] = {CHOICE("state", request_state_words), END};
static const struct field access_request_fields[] = {
    REQUIRED_CHOICE("requested_role", raised_words),
    {.name = "justification",
     .type = FIELD_TEXT,
     .required = true,
     .min = 1,
     .max = OPERATION_REASON_MAX},
    {.name = "duration_seconds",
     .type = FIELD_INT,
     .required = true,
     .min = 300,
     .max = 30 * DAY_SECONDS},
    END};
#define SERVICE_IDS                                                                                \
    {                                                                                              \
        .name = "services", .type = FIELD_TEXTS, .min = 1, .max = 63                               \
    }
#define OBJECT(name_)                                                                              \
    {                                                                                              \
        .name = (name_), .type = FIELD_OBJECT                                                      \
    }
static const struct field maintenance_fields[] = {CHOICE("state", window_state_words),
                                                  INT("limit", 1, OPERATION_LIMIT_MAX), END};
static const struct field maintenance_plan_fields[] = {
    {.name = "title", .type = FIELD_TEXT, .required = true, .min = 1, .max = 100},
    {.name = "services", .type = FIELD_TEXTS, .required = true, .min = 1, .max = 63},
    {.name = "starts_at", .type = FIELD_TIME, .required = true},
    {.name = "duration_minutes", .type = FIELD_REAL, .required = true, .min = 0, .max = 24 * 60},
    CHOICE("impact", window_impact_words),
    OBJECT("checklist"),
    END};
static const struct field maintenance_set_fields[] = {NUMBER,
                                                      TEXT("title", 1, 100),
                                                      SERVICE_IDS,
                                                      TIME("starts_at"),
                                                      REAL("duration_minutes", 0, 24 * 60),
                                                      CHOICE("impact", window_impact_words),
                                                      OBJECT("checklist"),
                                                      END};
static const struct field prometheus_fields[] = {TEXT("service", 1, 63), END};

#define GET "GET"
#define POST "POST"
#define DELETE "DELETE"
#define ON(rest) "/api/services/{id}" rest

const struct operation operations[OPERATION_COUNT] = {
    [OP_SERVICES] = {"services", GET, "/api/services", ACCESS_ANONYMOUS, false, RATE_NONE,
                     services_fields, "Lists the services with their state, the worst first.",
                     "Services", .copy = COPY_SERVICES, .open_to_scoped = true},
    [OP_STATUS] = {"status", GET, ON("/status"), ACCESS_ANONYMOUS, true, RATE_STATUS, no_fields,
                   "Says whether a service runs; anonymous callers see less.",
                   "Status or LimitedStatus", .copy = COPY_STATUS},
    [OP_HEALTH] = {"health", GET, ON("/health"), ACCESS_ANONYMOUS, true, RATE_HEALTH, no_fields,
                   "Says how a service is and why; anonymous callers see less.",
                   "Health or LimitedHealth", .copy = COPY_HEALTH},
    [OP_START] = {"start", POST, ON("/start"), ACCESS_OPERATOR, true, RATE_START, operate_fields,
                  "Starts a service and waits until it answers.", "Result", .act = ACT_START},
    [OP_STOP] = {"stop", POST, ON("/stop"), ACCESS_ADMIN, true, RATE_STOP, stop_fields,
                 "Saves and stops a service; it stays stopped.", "Result", .act = ACT_STOP},
    [OP_RESTART] = {"restart", POST, ON("/restart"), ACCESS_OPERATOR, true, RATE_RESTART,
                    operate_fields, "Saves and restarts a service and waits until it answers.",
                    "Result", .act = ACT_RESTART},
    [OP_RELOAD] = {"reload", POST, ON("/reload"), ACCESS_OPERATOR, true, RATE_RESTART,
                   operate_fields, "Reloads a service where its unit can.", "Result",
                   .act = ACT_RELOAD},
    [OP_REFRESH] = {"refresh", POST, ON("/refresh"), ACCESS_ANONYMOUS, true, RATE_REFRESH,
                    no_fields, "Makes one full check now; anonymous callers see less.",
                    "Refreshed or LimitedRefreshed"},
    [OP_PREFLIGHT] =
        {"preflight", GET, ON("/preflight"), ACCESS_OPERATOR, true, RATE_NONE, preflight_fields,
         "Says what a start, stop or restart would cost now and what speaks against it.",
         "Preflight"},
    [OP_LOGS] = {"logs", GET, ON("/logs"), ACCESS_ADMIN, true, RATE_LOGS, logs_fields,
                 "The last lines of a service's log, newest first.", "Logs", .noted = true},
    [OP_LOGS_FOLLOW] = {"logs_follow", "WS", "/ws/services/{id}/logs", ACCESS_ADMIN, true,
                        RATE_LOGS, logs_fields, "Log lines as they are written.", "LogLine",
                        .noted = true},
    [OP_RECOVERY_STATUS] = {"recovery_status", GET, ON("/auto-recovery"), ACCESS_VIEWER, true,
                            RATE_NONE, no_fields, "State and settings of automatic recovery.",
                            "AutoRecovery"},
    [OP_RECOVERY_SET] = {"recovery_set", "PATCH", ON("/auto-recovery"), ACCESS_ADMIN, true,
                         RATE_NONE, recovery_set_fields, "Changes automatic recovery at run time.",
                         "AutoRecovery", .permanent = true},
    [OP_RECOVERY_RESET] = {"recovery_reset", POST, ON("/reset-circuit-breaker"), ACCESS_ADMIN, true,
                           RATE_NONE, reason_fields,
                           "Closes the circuit breaker and forgets used attempts.", "AutoRecovery"},
    [OP_RECOVERY_HISTORY] = {"recovery_history", GET, ON("/recoveries"), ACCESS_VIEWER, true,
                             RATE_NONE, history_fields, "Past recoveries, newest first.",
                             "PastRecoveries"},
    [OP_EXPLAIN] = {"explain", GET, ON("/explain"), ACCESS_VIEWER, true, RATE_NONE, no_fields,
                    "Says what Resus would do now and why.", "Explanation"},
    [OP_PAUSE] = {"pause", POST, ON("/pause"), ACCESS_ADMIN, true, RATE_NONE, pause_fields,
                  "Withholds automatic recovery for a while.", "AutoRecovery"},
    [OP_RESUME] = {"resume", POST, ON("/resume"), ACCESS_ADMIN, true, RATE_NONE, reason_fields,
                   "Ends a pause.", "AutoRecovery"},
    [OP_EVENTS] = {"events", GET, ON("/events"), ACCESS_VIEWER, true, RATE_NONE, events_fields,
                   "What happened, newest first.", "Events"},
    [OP_EVENTS_ALL] = {"events_all", GET, "/api/events", ACCESS_VIEWER, false, RATE_NONE,
                       history_fields, "What happened to all services, newest first.", "Events",
                       .open_to_scoped = true},
    [OP_EVENTS_FOLLOW] = {"events_follow", "WS", "/ws/services/{id}/status", ACCESS_VIEWER, true,
                          RATE_NONE, events_fields, "What happens, as it happens.", "Event",
                          .or_all = true},
    [OP_INSPECT] = {"inspect", GET, ON("/inspect/{what}"), ACCESS_ADMIN, true, RATE_NONE,
                    inspect_fields,
                    "Looks into Redis: bounded and read-only. A search for bigkeys ends after "
                    "`x-budget-ms`.",
                    "Inspection", .noted = true, .budget_ms = 5000},
    [OP_DOCTOR] = {"doctor", GET, ON("/doctor"), ACCESS_ADMIN, true, RATE_NONE, no_fields,
                   "Checks the set-up itself and says how to fix it.", "Findings"},
    [OP_AUDIT] = {"audit", GET, "/api/audit", ACCESS_ADMIN, false, RATE_NONE, audit_fields,
                  "Lines of the audit log, newest first; as text with format=lines.",
                  "AuditLines or text/plain", .noted = true},
    [OP_AUDIT_REPORT] = {"audit_report", GET, "/api/audit/report", ACCESS_ADMIN, false, RATE_NONE,
                         report_fields, "A daily, weekly or monthly review of the audit log.",
                         "AuditReport", .noted = true},
    [OP_AUDIT_VERIFY] = {"audit_verify", GET, "/api/audit/verify", ACCESS_ADMIN, false, RATE_NONE,
                         verify_fields, "Verifies the audit log, or the part from SEQ:HASH on.",
                         "AuditVerdict"},
    [OP_AUDIT_KEY] = {"audit_key", POST, "/api/audit/key", ACCESS_ADMIN, false, RATE_NONE,
                      no_fields, "Starts a new seal chain; returns its initial key, only once.",
                      "AuditKey", .permanent = true},
    [OP_METRICS] = {"metrics", GET, ON("/metrics"), ACCESS_VIEWER, true, RATE_NONE, metrics_fields,
                    "Series of a service's figures for graphs, with its limits and what happened.",
                    "Metrics"},
    [OP_SLO] = {"slo", GET, ON("/slo"), ACCESS_VIEWER, true, RATE_NONE, no_fields,
                "Service levels and what is left of the error budget, over 1, 7, 30 and 90 days.",
                "ServiceLevels"},
    [OP_DIAGNOSIS] = {"diagnosis", GET, ON("/diagnosis"), ACCESS_ADMIN, true, RATE_NONE, no_fields,
                      "Walks the runbook's decision trees and names cause, evidence and action.",
                      "Diagnosis"},
    [OP_BUNDLE] = {"bundle", GET, ON("/bundle"), ACCESS_ADMIN, true, RATE_NONE, bundle_fields,
                   "All that support asks for, without secrets.", "Bundle", .noted = true},
    [OP_NOTIFY] = {"notify", POST, "/api/notifications", ACCESS_OPERATOR, false, RATE_NOTIFY,
                   notify_fields, "Tells the users of one or every service something, as a banner.",
                   "Told"},
    [OP_NOTIFY_EMERGENCY] = {"notify_emergency", POST, "/api/notifications/emergency", ACCESS_ADMIN,
                             false, RATE_NOTIFY, emergency_fields,
                             "Sends a message to every channel, past every hold; answers with its "
                             "deliveries after 10 s at most.",
                             "Sent"},
    [OP_NOTIFY_TEST] = {"notify_test", POST, "/api/notifications/test", ACCESS_ADMIN, false,
                        RATE_NOTIFY, notify_test_fields,
                        "Sends a test message to one channel, or to all; answers with its "
                        "deliveries after 10 s at most.",
                        "Sent"},
    [OP_CHANNELS] = {"channels", GET, "/api/channels", ACCESS_ADMIN, false, RATE_NONE, no_fields,
                     "The channels of messages and how they do.", "Channels"},
    [OP_ALERTS] = {"alerts", GET, "/api/alerts", ACCESS_VIEWER, false, RATE_NONE, alerts_fields,
                   "Alerts, newest first: those that are open unless told otherwise.", "Alerts",
                   .open_to_scoped = true},
    [OP_ALERT] = {"alert", GET, "/api/alerts/{n}", ACCESS_VIEWER, false, RATE_NONE, n_fields,
                  "An alert with what became of its messages.", "Alert", .open_to_scoped = true},
    [OP_ALERT_ACKNOWLEDGE] = {"alert_acknowledge", POST, "/api/alerts/{n}/acknowledge",
                              ACCESS_OPERATOR, false, RATE_WRITE, n_note_fields,
                              "Says that a person is working on it: no further calls for a while.",
                              "Alert"},
    [OP_INCIDENTS] = {"incidents", GET, "/api/incidents", ACCESS_VIEWER, false, RATE_NONE,
                      incidents_fields,
                      "Incidents, newest first: those that are open unless told otherwise.",
                      "Incidents"},
    [OP_INCIDENT] = {"incident", GET, "/api/incidents/{n}", ACCESS_VIEWER, false, RATE_NONE,
                     n_fields, "An incident with its timeline.", "Incident",
                     .open_to_scoped = true},
    [OP_INCIDENT_OPEN] = {"incident_open", POST, "/api/incidents", ACCESS_OPERATOR, false,
                          RATE_WRITE, incident_open_fields, "Opens an incident by hand.",
                          "Incident"},
    [OP_INCIDENT_SET] = {"incident_set", "PATCH", "/api/incidents/{n}", ACCESS_OPERATOR, false,
                         RATE_WRITE, incident_set_fields,
                         "Changes severity, status or texts of an incident.", "Incident"},
    [OP_INCIDENT_TAKE] = {"incident_take", POST, "/api/incidents/{n}/take", ACCESS_OPERATOR, false,
                          RATE_WRITE, n_fields, "Takes command of an incident.", "Incident"},
    [OP_INCIDENT_NOTE] = {"incident_note", POST, "/api/incidents/{n}/notes", ACCESS_OPERATOR, false,
                          RATE_WRITE, incident_note_fields, "Writes a note into the timeline.",
                          "Incident"},
    [OP_INCIDENT_UPDATE] = {"incident_update", POST, "/api/incidents/{n}/updates", ACCESS_OPERATOR,
                            false, RATE_WRITE, incident_update_fields,
                            "Gives a status update: into the timeline and to the channels.",
                            "Incident"},
    [OP_INCIDENT_ACKNOWLEDGE] =
        {"incident_acknowledge", POST, "/api/incidents/{n}/acknowledge", ACCESS_OPERATOR, false,
         RATE_WRITE, n_note_fields,
         "Says that a person is working on it: no further calls for a while.", "Incident"},
    [OP_INCIDENT_ESCALATE] = {"incident_escalate", POST, "/api/incidents/{n}/escalate",
                              ACCESS_OPERATOR, false, RATE_WRITE, incident_escalate_fields,
                              "Calls the next level now, or the one named, and gives the reason.",
                              "Incident"},
    [OP_POSTMORTEM] = {"incident_postmortem", GET, "/api/incidents/{n}/postmortem", ACCESS_VIEWER,
                       false, RATE_NONE, n_fields, "The post-mortem of an incident, as Markdown.",
                       "text/markdown"},
    [OP_LINK_SHOW] = {"link_show", GET, "/acknowledge/{link}", ACCESS_ANONYMOUS, false, RATE_STATUS,
                      link_fields,
                      "The page behind the link of a message: what it is about, and a button.",
                      "text/html", .opening = OPEN_ALWAYS, .open_to_scoped = true, .by_link = true},
    [OP_LINK_ACKNOWLEDGE] = {"link_acknowledge", POST, "/acknowledge/{link}", ACCESS_ANONYMOUS,
                             false, RATE_NOTIFY, link_fields,
                             "Acknowledges the incident of the link.", "text/html",
                             .opening = OPEN_ALWAYS, .open_to_scoped = true, .by_link = true},
    [OP_KEY_ROTATE] = {"key_rotate", POST, "/api/ssh-keys/rotate", ACCESS_ADMIN, false, RATE_NONE,
                       key_rotate_fields,
                       "Makes a new SSH key beside the old one; with step=continue proves it on "
                       "every host and puts it in the old one's place.",
                       "KeyRotation", .permanent = true},
    [OP_LOGIN] = {"login", POST, "/api/auth/login", ACCESS_ANONYMOUS, false, RATE_NONE,
                  login_fields, "Logs in with a password and, where it is on, a second factor.",
                  "Login", .opening = OPEN_ALWAYS},
    [OP_LOGOUT] = {"logout", POST, "/api/auth/logout", ACCESS_VIEWER, false, RATE_NONE, no_fields,
                   "Ends this session.", "Done", .before_factor = true},
    [OP_RENEW] = {"renew", POST, "/api/auth/renew", ACCESS_VIEWER, false, RATE_NONE, no_fields,
                  "A new token for a session in use, until the session's own end.", "Login",
                  .before_factor = true, .of_user = true},
    [OP_ME] = {"me", GET, "/api/auth/me", ACCESS_VIEWER, false, RATE_NONE, no_fields,
               "Who is logged in, with role, grants and the CSRF token.", "Me",
               .before_factor = true, .open_to_scoped = true},
    [OP_PASSWORD] = {"password", POST, "/api/auth/password", ACCESS_VIEWER, false, RATE_NONE,
                     password_fields, "Changes your password; your other sessions end.",
                     "PasswordChanged", .of_user = true},
    [OP_SESSIONS] = {"sessions", GET, "/api/auth/sessions", ACCESS_VIEWER, false, RATE_NONE,
                     no_fields, "Your sessions.", "Sessions", .before_factor = true,
                     .of_user = true},
    [OP_SESSION_REVOKE] = {"session_revoke", DELETE, "/api/auth/sessions/{n}", ACCESS_VIEWER, false,
                           RATE_NONE, n_fields, "Ends one of your sessions.", "Done",
                           .before_factor = true, .of_user = true},
    [OP_TOTP_BEGIN] = {"totp_begin", POST, "/api/auth/totp", ACCESS_VIEWER, false, RATE_NONE,
                       totp_begin_fields,
                       "Makes a secret for two-factor login; it holds once a code confirmed it.",
                       "TotpSecret", .before_factor = true, .of_user = true},
    [OP_TOTP_CONFIRM] = {"totp_confirm", POST, "/api/auth/totp/confirm", ACCESS_VIEWER, false,
                         RATE_NONE, totp_confirm_fields,
                         "Switches two-factor login on and gives the recovery codes, once.", "Totp",
                         .before_factor = true, .of_user = true},
    [OP_TOTP_DISABLE] = {"totp_disable", POST, "/api/auth/totp/disable", ACCESS_VIEWER, false,
                         RATE_NONE, totp_disable_fields, "Switches two-factor login off.", "Totp",
                         .of_user = true},
    [OP_USERS] = {"users", GET, "/api/users", ACCESS_ADMIN, false, RATE_NONE, no_fields,
                  "Lists the users.", "Users", .noted = true},
    [OP_USER_ADD] = {"user_add", POST, "/api/users", ACCESS_ADMIN, false, RATE_NONE,
                     user_add_fields, "Makes a user.", "User", .permanent = true},
    [OP_USER_SET] =
        {"user_set", "PATCH", "/api/users/{n}", ACCESS_ADMIN, false, RATE_NONE, user_set_fields,
         "Changes a user's role, password or whether it may log in; for your own user, with "
         "the current password and, where two-factor login is on, a code.",
         "User", .permanent = true},
    [OP_TOKENS] = {"tokens", GET, "/api/tokens", ACCESS_ADMIN, false, RATE_NONE, no_fields,
                   "Lists the API tokens.", "ApiTokens", .noted = true},
    [OP_TOKEN_ADD] = {"token_add", POST, "/api/tokens", ACCESS_ADMIN, false, RATE_NONE,
                      token_add_fields, "Makes an API token; it is shown this once.", "ApiToken",
                      .permanent = true},
    [OP_TOKEN_SET] = {"token_set", "PATCH", "/api/tokens/{n}", ACCESS_ADMIN, false, RATE_NONE,
                      token_set_fields, "Changes an API token's role or whether it is accepted.",
                      "ApiToken", .permanent = true},
    [OP_TOKEN_REVOKE] = {"token_revoke", DELETE, "/api/tokens/{n}", ACCESS_ADMIN, false, RATE_NONE,
                         n_fields, "Revokes an API token for good.", "Done", .permanent = true},
    [OP_ACCESS_REQUESTS] = {"access_requests", GET, "/api/access-requests", ACCESS_VIEWER, false,
                            RATE_NONE, access_requests_fields,
                            "Requests for a higher role: one's own, or all for admins.",
                            "AccessRequests"},
    [OP_ACCESS_REQUEST] = {"access_request", POST, "/api/access-requests", ACCESS_VIEWER, false,
                           RATE_NONE, access_request_fields, "Asks for a higher role for a while.",
                           "AccessRequest", .of_user = true},
    [OP_ACCESS_APPROVE] = {"access_approve", POST, "/api/access-requests/{n}/approve", ACCESS_ADMIN,
                           false, RATE_NONE, n_reason_fields,
                           "Grants a request; the grant ends by itself.", "AccessRequest",
                           .permanent = true},
    [OP_ACCESS_REJECT] = {"access_reject", POST, "/api/access-requests/{n}/reject", ACCESS_ADMIN,
                          false, RATE_NONE, n_reason_fields, "Rejects a request.", "AccessRequest",
                          .permanent = true},
    [OP_MAINTENANCE] = {"maintenance", GET, "/api/maintenance", ACCESS_VIEWER, false, RATE_NONE,
                        maintenance_fields,
                        "Maintenance windows: those to come by their start, then those that are "
                        "over.",
                        "MaintenanceWindows", .open_to_scoped = true},
    [OP_MAINTENANCE_SHOW] = {"maintenance_show", GET, "/api/maintenance/{n}", ACCESS_VIEWER, false,
                             RATE_NONE, n_fields,
                             "A maintenance window with its checklist and results.",
                             "MaintenanceWindow", .open_to_scoped = true},
    [OP_MAINTENANCE_PLAN] = {"maintenance_plan", POST, "/api/maintenance", ACCESS_ADMIN, false,
                             RATE_NONE, maintenance_plan_fields,
                             "Plans a maintenance window, at most 400 days ahead.",
                             "MaintenanceWindow"},
    [OP_MAINTENANCE_SET] = {"maintenance_set", "PATCH", "/api/maintenance/{n}", ACCESS_ADMIN, false,
                            RATE_NONE, maintenance_set_fields,
                            "Changes a window that has not begun; the settings then no longer "
                            "change it.",
                            "MaintenanceWindow"},
    [OP_MAINTENANCE_CANCEL] = {"maintenance_cancel", DELETE, "/api/maintenance/{n}", ACCESS_ADMIN,
                               false, RATE_NONE, n_reason_fields,
                               "Cancels a window that has not begun.", "MaintenanceWindow"},
    [OP_MAINTENANCE_BEGIN] = {"maintenance_begin", POST, "/api/maintenance/{n}/begin", ACCESS_ADMIN,
                              false, RATE_NONE, n_reason_fields,
                              "Opens a window now, for its planned length.", "MaintenanceWindow"},
    [OP_MAINTENANCE_END] = {"maintenance_end", POST, "/api/maintenance/{n}/end", ACCESS_ADMIN,
                            false, RATE_NONE, n_reason_fields,
                            "Ends an open window: its services are checked, then recovery resumes.",
                            "MaintenanceWindow"},
    [OP_MAINTENANCE_EXTEND] = {"maintenance_extend", POST, "/api/maintenance/{n}/extend",
                               ACCESS_ADMIN, false, RATE_NONE, maintenance_extend_fields,
                               "Lets an open window end later, at most twice its length in all.",
                               "MaintenanceWindow"},
    [OP_MAINTENANCE_CHECKLIST] = {"maintenance_checklist", POST, "/api/maintenance/{n}/checklist",
                                  ACCESS_ADMIN, false, RATE_NONE, checklist_fields,
                                  "Ticks an item of a window's checklist, or takes the tick back.",
                                  "MaintenanceWindow"},
    [OP_CALENDAR] = {"calendar", GET, "/maintenance.ics", ACCESS_VIEWER, false, RATE_NONE,
                     no_fields,
                     "The maintenance windows as iCalendar, for programs that subscribe: the API "
                     "token may stand in the query (?token=).",
                     "text/calendar", .open_to_scoped = true, .query_token = true},
    [OP_BACKUP_OVERVIEW] = {"backup_overview", GET, "/api/backups", ACCESS_VIEWER, false, RATE_NONE,
                            no_fields, "The state of the backups of every service.",
                            "BackupOverview", .open_to_scoped = true},
    [OP_BACKUPS] = {"backups", GET, ON("/backups"), ACCESS_VIEWER, true, RATE_NONE, backups_fields,
                    "The backups, newest first.", "Backups"},
    [OP_BACKUP] = {"backup", GET, ON("/backups/{b}"), ACCESS_VIEWER, true, RATE_NONE, backup_fields,
                   "One backup and its last proof.", "Backup"},
    [OP_BACKUP_STATUS] = {"backup_status", GET, ON("/backup-status"), ACCESS_VIEWER, true,
                          RATE_NONE, backup_status_fields,
                          "Schedule, what runs, how the last task ended.", "BackupStatus"},
    [OP_BACKUP_CREATE] = {"backup_create", POST, ON("/backups"), ACCESS_OPERATOR, true, RATE_TASK,
                          reason_fields, "Makes and proves a backup.", "BackupTask",
                          .begins = true},
    [OP_BACKUP_VERIFY] = {"backup_verify", POST, ON("/backups/{b}/verify"), ACCESS_OPERATOR, true,
                          RATE_TASK, backup_reason_fields, "Proves a backup again.", "BackupTask",
                          .begins = true},
    [OP_BACKUP_ACCEPT] = {"backup_accept", POST, ON("/backups/{b}/accept"), ACCESS_ADMIN, true,
                          RATE_NONE, backup_reason_fields,
                          "Confirms that a suspicious backup was meant to have fewer data.",
                          "Backup"},
    [OP_BACKUP_PIN] = {"backup_pin", POST, ON("/backups/{b}/pin"), ACCESS_ADMIN, true, RATE_NONE,
                       backup_pin_fields, "Keeps a backup for so many days, 90 unless given.",
                       "Backup"},
    [OP_BACKUP_UNPIN] = {"backup_unpin", DELETE, ON("/backups/{b}/pin"), ACCESS_ADMIN, true,
                         RATE_NONE, backup_reason_fields, "Ends a pin.", "Backup"},
    [OP_BACKUP_DELETE] = {"backup_delete", DELETE, ON("/backups/{b}"), ACCESS_ADMIN, true,
                          RATE_NONE, backup_delete_fields,
                          "Removes a backup; `confirmation` is its id.", "BackupStatus"},
    [OP_BACKUP_PRUNABLE] = {"backup_prunable", GET, ON("/backup-prune"), ACCESS_VIEWER, true,
                            RATE_NONE, no_fields, "What a prune would remove.", "PrunableBackups"},
    [OP_BACKUP_PRUNE] = {"backup_prune", POST, ON("/backup-prune"), ACCESS_ADMIN, true, RATE_NONE,
                         reason_fields, "Removes the backups that no rule keeps.", "BackupStatus"},
    [OP_BACKUP_COPY] = {"backup_copy", POST, ON("/backup-copy"), ACCESS_OPERATOR, true, RATE_TASK,
                        reason_fields, "Visits the places for copies now.", "BackupStatus"},
    [OP_BACKUP_ELSEWHERE] = {"backup_elsewhere", GET, ON("/backup-copy"), ACCESS_OPERATOR, true,
                             RATE_TASK, backup_elsewhere_fields,
                             "Asks a place of `backup.copies` what it has.", "BackupsElsewhere"},
    [OP_BACKUP_FETCH] = {"backup_fetch", POST, ON("/backup-fetch"), ACCESS_ADMIN, true, RATE_TASK,
                         backup_fetch_fields, "Brings a copy back into the backups, and proves it.",
                         "BackupTask", .begins = true},
    [OP_PROCEDURES] = {"procedures", GET, ON("/procedures"), ACCESS_VIEWER, true, RATE_NONE,
                       no_fields, "Guided updates and changes of settings, newest first.",
                       "Procedures"},
    [OP_PROCEDURE_SHOW] = {"procedure", GET, ON("/procedures/{n}"), ACCESS_VIEWER, true, RATE_NONE,
                           procedure_show_fields, "One; with `wait` once Resus has done its part.",
                           "Procedure"},
    [OP_PROCEDURE_BEGIN] = {"procedure_begin", POST, ON("/procedures"), ACCESS_ADMIN, true,
                            RATE_TASK, procedure_begin_fields,
                            "Begins one: checks and a backup; nothing is changed yet.", "Procedure",
                            .begins = true},
    [OP_PROCEDURE_ORDER] = {"procedure_order", POST, ON("/procedures/{n}"), ACCESS_ADMIN, true,
                            RATE_TASK, procedure_order_fields,
                            "The next step: `orders` of the procedure has those that fit.",
                            "Procedure", .begins = true},
    [OP_PROCEDURE_CHECKLIST] = {"procedure_checklist", POST, ON("/procedures/{n}/checklist"),
                                ACCESS_ADMIN, true, RATE_NONE, checklist_fields,
                                "Ticks an item of its checklist, or takes the tick back.",
                                "Procedure"},
    [OP_BACKUP_REBUILD] =
        {"backup_rebuild_sheet", GET, ON("/rebuild-sheet"), ACCESS_ADMIN, true, RATE_NONE,
         backup_rebuild_fields,
         "For a lost host: what is out of reach, and the steps to build it again.", "RebuildSheet"},
    [OP_BACKUP_DRILLS] = {"backup_drills", GET, ON("/backup-drills"), ACCESS_VIEWER, true,
                          RATE_NONE, no_fields, "The drills of restores, newest first.",
                          "BackupDrills"},
    [OP_BACKUP_DRILL] = {"backup_drill", POST, ON("/backup-drills"), ACCESS_OPERATOR, true,
                         RATE_TASK, backup_drill_fields,
                         "Loads a backup, the newest proved one unless `b` names one, and measures "
                         "the time that it takes.",
                         "BackupTask", .begins = true},
    [OP_RESTORE_PLAN] = {"restore_plan", POST, ON("/backups/{b}/plan"), ACCESS_ADMIN, true,
                         RATE_NONE, restore_plan_fields,
                         "What a restore would do, and what stands in its way; nothing is changed.",
                         "RestorePlan"},
    [OP_RESTORE] = {"restore", POST, ON("/backups/{b}/restore"), ACCESS_ADMIN, true, RATE_TASK,
                    restore_fields,
                    "Restores a backup; `confirmation` is the service that gets the data.",
                    "Restore", .planned = true, .begins = true},
    [OP_RESTORES] = {"restores", GET, ON("/restores"), ACCESS_ADMIN, true, RATE_NONE, no_fields,
                     "Restores of the service, newest first.", "Restores"},
    [OP_RESTORE_SHOW] = {"restore_show", GET, ON("/restores/{n}"), ACCESS_ADMIN, true, RATE_NONE,
                         restore_show_fields,
                         "One restore; with `wait` at its end, or after so many seconds.",
                         "Restore"},
    [OP_RESTORE_UNDO] = {"restore_undo", POST, ON("/restores/{n}/undo"), ACCESS_ADMIN, true,
                         RATE_TASK, n_fields, "Brings the data from before the restore back.",
                         "Restore", .begins = true},
    [OP_RESTORE_RESUME] = {"restore_resume", POST, ON("/restores/{n}/resume"), ACCESS_ADMIN, true,
                           RATE_TASK, n_fields, "Goes on with a restore that waits for a person.",
                           "Restore", .begins = true},
    [OP_RESTORE_CANCEL] = {"restore_cancel", POST, ON("/restores/{n}/cancel"), ACCESS_ADMIN, true,
                           RATE_NONE, n_fields,
                           "Ends a restore that is under way, as long as that can be done.",
                           "Restore", .begins = true},
    FLEET_OPERATIONS,
    [OP_PROMETHEUS] = {"prometheus", GET, "/metrics", ACCESS_VIEWER, false, RATE_NONE,
                       prometheus_fields,
                       "The figures of every service, or of one, for Prometheus.", "text/plain",
                       .opening = OPEN_WITH_METRICS},
    [OP_HEALTHZ] = {"healthz", GET, "/healthz", ACCESS_ANONYMOUS, false, RATE_NONE, no_fields,
                    "Does the daemon live?", "Alive", .opening = OPEN_ALWAYS,
                    .open_to_scoped = true},
    [OP_READYZ] = {"readyz", GET, "/readyz", ACCESS_ANONYMOUS, false, RATE_NONE, no_fields,
                   "Does the daemon watch and can it write down what it does?", "Alive",
                   .opening = OPEN_ALWAYS, .open_to_scoped = true},
    [OP_OPENAPI] = {"openapi", GET, "/openapi.json", ACCESS_ANONYMOUS, false, RATE_NONE, no_fields,
                    "This document.", "Anything", .copy = COPY_DOCUMENT, .open_to_scoped = true},
    [OP_TIMING] = {"timing", GET, "/api/timing", ACCESS_VIEWER, false, RATE_NONE, no_fields,
                   "How late the watch's own timers came in the last minutes.", "Timing",
                   .open_to_scoped = true},
    [OP_VERSION] = {"version", GET, "/version", ACCESS_ANONYMOUS, false, RATE_NONE, no_fields,
                    "The program's version.", "Version", .open_to_scoped = true},
};
