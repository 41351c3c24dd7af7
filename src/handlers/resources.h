/* What the files of handlers/ answer, and what one offers to another. */
#ifndef RESUS_HANDLERS_RESOURCES_H
#define RESUS_HANDLERS_RESOURCES_H

#include "handlers/inside.h"
#include "handlers/waiting.h"

typedef void handler(struct handlers *h, struct call *call);
typedef void host_handler(struct handlers *h, struct call *call, const struct host_result *result);
typedef void redis_handler(struct handlers *h, struct call *call,
                           const struct redis_answer *answer);
/* What a query of the store or the series gave, borrowed; NULL with an error. */
typedef void rows_handler(struct handlers *h, struct call *call, json_t *rows,
                          const struct error *error);
typedef void witness_handler(struct handlers *h, struct call *call,
                             const struct witness_facts *facts);

/* Event and risk of the audit line of an operation that was carried out. */
struct account_done {
    enum audit_event event;
    enum audit_risk risk;
};

/* What one operation does, and its later steps. */
struct handling {
    enum operation_id operation;
    handler *run;
    int order; /* what `run` does of several things: a value of the owner's enum */
    host_handler *host_ended;
    redis_handler *redis_ended;
    witness_handler *witness_ended;
    rows_handler *rows_ended; /* NULL: the rows are the answer, under `items` */
    handler *woken;           /* of those that sleep between two steps */
    /* Wakes a sleeper before its time, when a message of alerts was answered; NULL = never. */
    bool (*answered)(const struct handlers *h, const struct call *call);
    struct account_done done;
};
#define WRITES(kind, danger) .done = {AUDIT_##kind, AUDIT_RISK_##danger}

/* Without it the operations of a file are answered with 404. */
enum resource_needs {
    NEEDS_NOTHING,
    NEEDS_ACCOUNTS,
    NEEDS_ALERTS,
    NEEDS_WINDOWS,
    NEEDS_BACKUPS,
    NEEDS_RESTORES,
    NEEDS_PROCEDURES,
};

struct resource {
    enum resource_needs needs;
    const struct handling *rows; /* an empty one at the end */
};

/* Each LIST(NAME) is `resource_NAME` of NAME.c. */
/* clang-format off */
#define RESOURCES(LIST) \
    LIST(access_requests) \
    LIST(alerts) \
    LIST(api) \
    LIST(api_tokens) \
    LIST(audits) \
    LIST(backups) \
    LIST(bundle) \
    LIST(doctor) \
    LIST(events) \
    LIST(fleet) \
    LIST(incidents) \
    LIST(inspect) \
    LIST(key_rotate) \
    LIST(links) \
    LIST(logins) \
    LIST(logs) \
    LIST(maintenance) \
    LIST(metrics) \
    LIST(procedures) \
    LIST(recoveries) \
    LIST(restores) \
    LIST(services) \
    LIST(own_account) \
    LIST(users)
/* clang-format on */

#define RESOURCE_DECLARE(name) extern const struct resource resource_##name;
RESOURCES(RESOURCE_DECLARE)
#undef RESOURCE_DECLARE

/* `order` of the call's row. */
int handlers_order(const struct handlers *h, const struct call *call);

/* ── for other resources ── */

/* Notices may be for some roles only (engine_notice). */
bool event_may_see(const struct call *call, const json_t *event);
/* Where the owner of the service is reached, into a refusal that names it. */
void fleet_put_owner(const struct handlers *h, int service, json_t *body);
json_t *diagnosis_now(struct handlers *h, int service);
/* Does the call ask for the values in slow commands, too? */
bool inspect_with_arguments(const struct call *call);

#endif
