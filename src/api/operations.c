#include "api/operations.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"

#define DAY_SECONDS 86400
#define TEXT(name_, low, high)                                                                     \
    {                                                                                              \
        .name = (name_), .type = FIELD_TEXT, .min = (low), .max = (high)                           \
    }
#define INT(name_, low, high)                                                                      \
    {                                                                                              \
        .name = (name_), .type = FIELD_INT, .min = (low), .max = (high)                            \
    }
#define REAL(name_, low, high)                                                                     \
    {                                                                                              \
        .name = (name_), .type = FIELD_REAL, .min = (low), .max = (high)                           \
    }
#define BOOL(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .type = FIELD_BOOL                                                        \
    }
#define TIME(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .type = FIELD_TIME                                                        \
    }
#define CHOICE(name_, words)                                                                       \
    {                                                                                              \
        .name = (name_), .type = FIELD_CHOICE, .choices = (words)                                  \
    }
#define REQUIRED_CHOICE(name_, words)                                                              \
    {                                                                                              \
        .name = (name_), .type = FIELD_CHOICE, .required = true, .choices = (words)                \
    }
#define REASON TEXT("reason", 0, OPERATION_REASON_MAX)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const char *const preflight_words[] = {"stop", "restart", NULL};
static const char *const level_words[] = {"error", "warning", "info", NULL};
static const char *const external_stop_words[] = {"recover", "respect", NULL};
static const char *const inspect_words[] = {"info",    "slowlog",      "clients",
                                            "bigkeys", "commandstats", NULL};
static const char *const result_words[] = {"success", "failed", NULL};
static const char *const report_words[] = {"daily", "weekly", "monthly", NULL};

static const struct field no_fields[] = {END};
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
                                             INT("since", 0, INT64_MAX),
                                             CHOICE("level", level_words), END};
static const struct field inspect_fields[] = {REQUIRED_CHOICE("what", inspect_words), END};
static const struct field audit_fields[] = {TIME("since"),
                                            TIME("until"),
                                            TEXT("user", 1, 254),
                                            TEXT("operation", 1, 64),
                                            CHOICE("result", result_words),
                                            INT("limit", 1, OPERATION_LIMIT_MAX),
                                            TEXT("cursor", 1, 64),
                                            CHOICE("report", report_words),
                                            END};

#define GET "GET"
#define POST "POST"
#define ON(rest) "/api/services/{id}" rest

const struct operation operations[OPERATION_COUNT] = {
    [OP_SERVICES] = {"services", GET, "/api/services", ACCESS_ANONYMOUS, false, no_fields,
                     "Lists the services with their state."},
    [OP_STATUS] = {"status", GET, ON("/status"), ACCESS_ANONYMOUS, true, no_fields,
                   "Says whether a service runs; anonymous callers see less."},
    [OP_HEALTH] = {"health", GET, ON("/health"), ACCESS_ANONYMOUS, true, no_fields,
                   "Says how a service is and why; anonymous callers see less."},
    [OP_START] = {"start", POST, ON("/start"), ACCESS_OPERATOR, true, operate_fields,
                  "Starts a service and waits until it answers."},
    [OP_STOP] = {"stop", POST, ON("/stop"), ACCESS_ADMIN, true, stop_fields,
                 "Saves and stops a service; it stays stopped."},
    [OP_RESTART] = {"restart", POST, ON("/restart"), ACCESS_OPERATOR, true, operate_fields,
                    "Saves and restarts a service and waits until it answers."},
    [OP_RELOAD] = {"reload", POST, ON("/reload"), ACCESS_OPERATOR, true, operate_fields,
                   "Reloads a service where its unit can."},
    [OP_REFRESH] = {"refresh", POST, ON("/refresh"), ACCESS_ANONYMOUS, true, no_fields,
                    "Makes one full check now; anonymous callers see less."},
    [OP_PREFLIGHT] = {"preflight", GET, ON("/preflight"), ACCESS_OPERATOR, true, preflight_fields,
                      "Says what a stop or restart would cost now and what speaks against it."},
    [OP_LOGS] = {"logs", GET, ON("/logs"), ACCESS_ADMIN, true, logs_fields,
                 "The last lines of a service's log, newest first."},
    [OP_LOGS_FOLLOW] = {"logs_follow", "WS", "/ws/services/{id}/logs", ACCESS_ADMIN, true,
                        logs_fields, "Log lines as they are written."},
    [OP_RECOVERY_STATUS] = {"recovery_status", GET, ON("/auto-recovery"), ACCESS_VIEWER, true,
                            no_fields, "State and settings of automatic recovery."},
    [OP_RECOVERY_SET] = {"recovery_set", "PATCH", ON("/auto-recovery"), ACCESS_ADMIN, true,
                         recovery_set_fields, "Changes automatic recovery at run time."},
    [OP_RECOVERY_RESET] = {"recovery_reset", POST, ON("/reset-circuit-breaker"), ACCESS_ADMIN, true,
                           reason_fields, "Closes the circuit breaker and forgets used attempts."},
    [OP_RECOVERY_HISTORY] = {"recovery_history", GET, ON("/recoveries"), ACCESS_VIEWER, true,
                             history_fields, "Past recoveries, newest first."},
    [OP_EXPLAIN] = {"explain", GET, ON("/explain"), ACCESS_VIEWER, true, no_fields,
                    "Says what Resus would do now and why."},
    [OP_PAUSE] = {"pause", POST, ON("/pause"), ACCESS_ADMIN, true, pause_fields,
                  "Withholds automatic recovery for a while."},
    [OP_RESUME] = {"resume", POST, ON("/resume"), ACCESS_ADMIN, true, reason_fields,
                   "Ends a pause."},
    [OP_EVENTS] = {"events", GET, ON("/events"), ACCESS_VIEWER, true, events_fields,
                   "What happened, newest first."},
    [OP_EVENTS_FOLLOW] = {"events_follow", "WS", "/ws/services/{id}/status", ACCESS_VIEWER, true,
                          events_fields, "What happens, as it happens."},
    [OP_INSPECT] = {"inspect", GET, ON("/inspect/{what}"), ACCESS_ADMIN, true, inspect_fields,
                    "Looks into Redis: bounded and read-only."},
    [OP_DOCTOR] = {"doctor", GET, ON("/doctor"), ACCESS_ADMIN, true, no_fields,
                   "Checks the set-up itself and says how to mend it."},
    [OP_AUDIT] = {"audit", GET, "/api/audit", ACCESS_ADMIN, false, audit_fields,
                  "Lines of the audit log, or a report over them."},
    [OP_TIMING] = {"timing", GET, "/api/timing", ACCESS_VIEWER, false, no_fields,
                   "How late the watch's own timers came in the last minutes."},
    [OP_VERSION] = {"version", GET, "/version", ACCESS_ANONYMOUS, false, no_fields,
                    "The program's version."},
};

const char *access_name(enum access role)
{
    static const char *const names[] = {
        [ACCESS_ANONYMOUS] = "anonymous",
        [ACCESS_VIEWER] = "viewer",
        [ACCESS_OPERATOR] = "operator",
        [ACCESS_ADMIN] = "admin",
    };
    return names[role];
}

int operation_by_name(const char *name)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (str_equal(operations[i].name, name))
            return i;
    return -1;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static int check_text(const struct field *f, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || (int64_t)characters(text) < f->min || (int64_t)characters(text) > f->max)
        return error_set(err, -EINVAL,
                         "`%s` must be a text of %" PRId64 " to %" PRId64 " characters", f->name,
                         f->min, f->max);
    for (const char *p = text; *p != '\0'; p++)
        if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7F)
            return error_set(err, -EINVAL, "`%s` must not have control characters", f->name);
    return 0;
}

static int check_number(const struct field *f, const json_t *value, struct error *err)
{
    bool good = f->type == FIELD_INT ? json_is_integer(value) : json_is_number(value);
    if (!good || json_number_value(value) < (double)f->min ||
        json_number_value(value) > (double)f->max)
        return error_set(err, -EINVAL, "`%s` must be a %snumber from %" PRId64 " to %" PRId64,
                         f->name, f->type == FIELD_INT ? "whole " : "", f->min, f->max);
    return 0;
}

static int check_choice(const struct field *f, const json_t *value, struct error *err)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char wanted[128] = "";
    for (size_t i = 0; f->choices[i] != NULL; i++) {
        if (str_equal(f->choices[i], text))
            return 0;
        (void)str_append(wanted, sizeof wanted, "%s%s", i == 0 ? "" : ", ", f->choices[i]);
    }
    return error_set(err, -EINVAL, "`%s` must be one of %s", f->name, wanted);
}

/* Seconds as a number, or "2h". */
static int check_duration(const struct field *f, const json_t *value, struct error *err)
{
    int64_t ms;
    if (json_is_string(value) && parse_duration(json_string_value(value), &ms, NULL) == 0 &&
        ms >= f->min * 1000 && ms <= f->max * 1000)
        return 0;
    if (json_is_number(value))
        return check_number(f, value, err);
    return error_set(err, -EINVAL,
                     "`%s` must be a time such as 30s or 2h, from %" PRId64 " to %" PRId64
                     " seconds",
                     f->name, f->min, f->max);
}

static int check_value(const struct field *f, const json_t *value, struct error *err)
{
    wall_ms ignored;
    switch (f->type) {
    case FIELD_TEXT:
        return check_text(f, value, err);
    case FIELD_INT:
    case FIELD_REAL:
        return check_number(f, value, err);
    case FIELD_BOOL:
        return json_is_boolean(value)
                   ? 0
                   : error_set(err, -EINVAL, "`%s` must be true or false", f->name);
    case FIELD_CHOICE:
        return check_choice(f, value, err);
    case FIELD_DURATION:
        return check_duration(f, value, err);
    case FIELD_TIME:
        return json_is_string(value) && wall_parse(json_string_value(value), &ignored) == 0
                   ? 0
                   : error_set(err, -EINVAL, "`%s` must be a time such as 2025-10-10T14:30:00Z",
                               f->name);
    case FIELD_OBJECT:
        return json_is_object(value) ? 0
                                     : error_set(err, -EINVAL, "`%s` must be an object", f->name);
    }
    return error_set(err, -EINVAL, "`%s` is of no known type", f->name);
}

static int unknown_field(const struct operation *operation, const char *name, struct error *err)
{
    const char *names[OPERATION_FIELDS_MAX];
    size_t count = 0;
    for (const struct field *f = operation->fields; f->name != NULL; f++)
        names[count++] = f->name;
    const char *nearest = str_nearest(names, count, name);
    char shown[64];
    (void)str_copy_clean(shown, sizeof shown, name, strlen(name));
    return error_set(err, -EINVAL, "%s takes no field `%s`%s%s%s", operation->name, shown,
                     nearest == NULL ? "" : "; did you mean `", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "`?");
}

int operation_check(const struct operation *operation, const json_t *args, struct error *err)
{
    const char *name;
    json_t *ignored;
    if (args != NULL && !json_is_object(args))
        return error_set(err, -EINVAL, "the arguments of %s must be an object", operation->name);
    json_object_foreach((json_t *)args, name, ignored) /* the macro's iterator is not const */
    {
        const struct field *f = operation->fields;
        while (f->name != NULL && !str_equal(f->name, name))
            f++;
        if (f->name == NULL)
            return unknown_field(operation, name, err);
    }
    for (const struct field *f = operation->fields; f->name != NULL; f++) {
        const json_t *value = json_object_get(args, f->name);
        bool absent = value == NULL || json_is_null(value);
        if (absent && f->required)
            return error_set(err, -EINVAL, "%s needs the field `%s`", operation->name, f->name);
        int r = absent ? 0 : check_value(f, value, err);
        if (r < 0)
            return r;
    }
    return 0;
}
