/* The table of operations, data only: one row gives name, method, path, least role, fields with
 * types and bounds. Routes, validation, the control socket and the command line come from it; what
 * an operation does is in handlers/. */
#ifndef RESUS_API_OPERATIONS_H
#define RESUS_API_OPERATIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

enum access { ACCESS_ANONYMOUS, ACCESS_VIEWER, ACCESS_OPERATOR, ACCESS_ADMIN };
const char *access_name(enum access role);
enum access access_by_name(const char *name); /* ACCESS_ANONYMOUS: none; takes NULL */

enum operation_id {
    OP_SERVICES,
    OP_STATUS,
    OP_HEALTH,
    OP_START,
    OP_STOP,
    OP_RESTART,
    OP_RELOAD,
    OP_REFRESH,
    OP_PREFLIGHT,
    OP_LOGS,
    OP_LOGS_FOLLOW,
    OP_RECOVERY_STATUS,
    OP_RECOVERY_SET,
    OP_RECOVERY_RESET,
    OP_RECOVERY_HISTORY,
    OP_EXPLAIN,
    OP_PAUSE,
    OP_RESUME,
    OP_EVENTS,
    OP_EVENTS_ALL,
    OP_EVENTS_FOLLOW,
    OP_INSPECT,
    OP_DOCTOR,
    OP_AUDIT,
    OP_AUDIT_REPORT,
    OP_AUDIT_VERIFY,
    OP_AUDIT_KEY,
    OP_METRICS,
    OP_SLO,
    OP_DIAGNOSIS,
    OP_BUNDLE,
    OP_NOTIFY,
    OP_NOTIFY_EMERGENCY,
    OP_NOTIFY_TEST,
    OP_CHANNELS,
    OP_ALERTS,
    OP_ALERT,
    OP_ALERT_ACKNOWLEDGE,
    OP_INCIDENTS,
    OP_INCIDENT,
    OP_INCIDENT_OPEN,
    OP_INCIDENT_SET,
    OP_INCIDENT_TAKE,
    OP_INCIDENT_NOTE,
    OP_INCIDENT_UPDATE,
    OP_INCIDENT_ACKNOWLEDGE,
    OP_INCIDENT_ESCALATE,
    OP_POSTMORTEM,
    OP_LINK_SHOW,
    OP_LINK_ACKNOWLEDGE,
    OP_KEY_ROTATE,
    OP_LOGIN,
    OP_LOGOUT,
    OP_RENEW,
    OP_ME,
    OP_PASSWORD,
    OP_SESSIONS,
    OP_SESSION_REVOKE,
    OP_TOTP_BEGIN,
    OP_TOTP_CONFIRM,
    OP_TOTP_DISABLE,
    OP_USERS,
    OP_USER_ADD,
    OP_USER_SET,
    OP_TOKENS,
    OP_TOKEN_ADD,
    OP_TOKEN_SET,
    OP_TOKEN_REVOKE,
    OP_ACCESS_REQUESTS,
    OP_ACCESS_REQUEST,
    OP_ACCESS_APPROVE,
    OP_ACCESS_REJECT,
    OP_MAINTENANCE,
    OP_MAINTENANCE_SHOW,
    OP_MAINTENANCE_PLAN,
    OP_MAINTENANCE_SET,
    OP_MAINTENANCE_CANCEL,
    OP_MAINTENANCE_BEGIN,
    OP_MAINTENANCE_END,
    OP_MAINTENANCE_EXTEND,
    OP_MAINTENANCE_CHECKLIST,
    OP_CALENDAR,
    OP_BACKUP_OVERVIEW,
    OP_BACKUPS,
    OP_BACKUP,
    OP_BACKUP_STATUS,
    OP_BACKUP_CREATE,
    OP_BACKUP_VERIFY,
    OP_BACKUP_ACCEPT,
    OP_BACKUP_PIN,
    OP_BACKUP_UNPIN,
    OP_BACKUP_DELETE,
    OP_BACKUP_PRUNABLE,
    OP_BACKUP_PRUNE,
    OP_BACKUP_COPY,
    OP_BACKUP_ELSEWHERE,
    OP_BACKUP_FETCH,
    OP_PROCEDURES,
    OP_PROCEDURE_SHOW,
    OP_PROCEDURE_BEGIN,
    OP_PROCEDURE_ORDER,
    OP_PROCEDURE_CHECKLIST,
    OP_BACKUP_REBUILD,
    OP_BACKUP_DRILLS,
    OP_BACKUP_DRILL,
    OP_RESTORE_PLAN,
    OP_RESTORE,
    OP_RESTORES,
    OP_RESTORE_SHOW,
    OP_RESTORE_UNDO,
    OP_RESTORE_RESUME,
    OP_RESTORE_CANCEL,
    OP_FLEET,
    OP_FLEET_DIFF,
    OP_FLEET_DRAIN,
    OP_FLEET_UNDRAIN,
    OP_FLEET_REMOVE,
    OP_PROMETHEUS,
    OP_HEALTHZ,
    OP_READYZ,
    OP_OPENAPI,
    OP_TIMING,
    OP_VERSION,
    OPERATION_COUNT
};

enum field_type {
    FIELD_TEXT,
    FIELD_INT,
    FIELD_REAL, /* a whole number will do */
    FIELD_BOOL,
    FIELD_CHOICE,
    FIELD_DURATION,
    FIELD_TIME,
    FIELD_OBJECT,
    FIELD_SECRET, /* a text that is never logged nor echoed: min and max in bytes */
    FIELD_TEXTS   /* an array of at most OPERATION_TEXTS_MAX texts */
};

/* Which of `rate_limits` counts a call; those from RATE_REFRESH on are fixed. */
enum rate_class {
    RATE_NONE,
    RATE_START,
    RATE_STOP,
    RATE_RESTART,
    RATE_STATUS,
    RATE_HEALTH,
    RATE_LOGS,
    RATE_REFRESH,
    RATE_NOTIFY,
    RATE_TASK,  /* of backups: they never use up what a start needs */
    RATE_WRITE, /* of incidents and alerts: each is a line of the audit log */
    RATE_CLASS_COUNT
};

/* What the settings make of `least`. */
enum operation_opening {
    OPEN_BY_ROLE,      /* of ACCESS_ANONYMOUS: viewers only where `server.public_status` is off */
    OPEN_ALWAYS,       /* not even then */
    OPEN_WITH_METRICS, /* to anybody where `metrics.anonymous` is on */
};

/* What it does to a service. `permissions` in the settings say who may. */
enum operation_act { ACT_NONE, ACT_START, ACT_STOP, ACT_RESTART, ACT_RELOAD, OPERATION_ACT_COUNT };

/* The web process answers it without the engine. */
enum operation_copy {
    COPY_NONE,
    COPY_SERVICES, /* from its copies of what the engine said last, with an ETag */
    COPY_STATUS,
    COPY_HEALTH,
    COPY_DOCUMENT, /* the table itself */
};

#define OPERATION_FIELDS_MAX 16   /* a row */
#define OPERATION_REASON_MAX 500  /* characters */
#define OPERATION_SECRET_MAX 1024 /* bytes of a password */
#define OPERATION_LINES_MAX 1000  /* of a log */
#define OPERATION_LIMIT_MAX 1000  /* of a list */
#define OPERATION_TEXTS_MAX 64    /* entries of a FIELD_TEXTS */
#define OPERATION_REFRESHES_A_MINUTE 10
#define OPERATION_NOTICES_A_MINUTE 10
#define OPERATION_TASKS_A_MINUTE 30
#define OPERATION_WRITES_A_MINUTE 60

struct field {
    const char *name;
    enum field_type type;
    bool required;
    int64_t min, max;           /* of a number, of a duration's seconds, of a text's characters */
    const char *const *choices; /* FIELD_CHOICE, NULL at the end */
};

struct operation {
    const char *name;   /* "restart": the frame's op */
    const char *method; /* "POST"; "WS" for what is followed by WebSocket */
    const char *path;   /* "/api/services/{id}/restart"; other names in braces are fields */
    enum access least;  /* ACCESS_VIEWER stands for everybody who is logged in */
    bool on_service;    /* takes a service (defaults to the only one) */
    enum rate_class rate;
    const struct field *fields; /* name NULL at the end */
    const char *summary;
    const char *answer; /* shapes (api/shapes.h) joined by " or ", or a type such as "text/plain" */
    /* The role must be the caller's own: what is made under a temporary one would outlive it. */
    bool permanent;
    enum operation_opening opening; /* what changes `least` */
    enum operation_act act;
    enum operation_copy copy;
    /* Open to API tokens for some services: about no service, or a list that is cut to theirs. */
    bool open_to_scoped;
    bool of_user; /* for users that log in: 409 for a local account or an API token */
    /* Open to a login that has not set up the second factor its role needs. */
    bool before_factor;
    /* Reading it writes an audit line: at most one a minute for each user and service, with a
     * count. */
    bool noted;
    bool planned;     /* answered with 422 when its plan finds blockers; those with `act` are too */
    bool begins;      /* answered with 202: what it begins goes on */
    bool by_link;     /* the signed link in the path is the credential: a browser's cookie is not */
    bool query_token; /* a token may stand in the query: of programs that send no header */
    bool or_all;      /* on the control socket, without a service, it is about all of them */
    int budget_ms;    /* a walk that ends after this time, with what it has found; 0: no walk */
};

extern const struct operation operations[OPERATION_COUNT];

/* The least role where the settings say so. */
enum access operation_least(const struct operation *operation, bool public_status,
                            bool metrics_anonymous);
/* May a token stand in the query? Browsers send no header with a WebSocket either. */
bool operation_takes_query_token(const struct operation *operation);
/* -1 when there is none of that name. */
int operation_by_name(const char *name);
/* operation_check.c: checks `args` (NULL = empty) against the row: unknown, missing, wrong type, out of range; null is
 * as good as absent. -EINVAL, and the error names the field. */
int operation_check(const struct operation *operation, const json_t *args,
                    struct error *err) ATTR_MUST_USE;

#endif
