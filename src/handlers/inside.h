/* Shared by the files of handlers/, and by nobody else. */
#ifndef RESUS_HANDLERS_INSIDE_H
#define RESUS_HANDLERS_INSIDE_H

#include "handlers/audits.h"
#include "handlers/handlers.h"

#define HANDLERS_FOLLOWERS_MAX 64

struct handlers {
    struct engine *engine;
    wall_ms started;
    uint64_t web_restarts;
    struct audit_jobs audits;
    struct handlers_ports ports;
    uint64_t last_id;
    struct call *waiting;   /* for a store query, a host command or a Redis reply, by call->ask */
    struct call *followers; /* of events */
    json_t *openapi;        /* made when it is first asked for */
    struct call *sleepers;  /* follows of logs, until their deadline */
};

static inline struct now handlers_now(const struct handlers *h)
{
    return h->ports.now(h->ports.context);
}

/* Parks the call until the answer with the returned id comes. */
uint64_t handlers_wait(struct handlers *h, struct call *call);
void handlers_wait_for(struct handlers *h, struct call *call, uint64_t id);
void handlers_sleep(struct handlers *h, struct call *call, mono_ms until);
void handlers_follow(struct handlers *h, struct call *call);
void list_remove(struct call **list, struct call *call);

typedef void handler(struct handlers *h, struct call *call);

handler services_list, service_status, service_health, service_refresh,
    service_preflight; /* services.c */
handler operate;       /* operate.c */
handler recovery_status, recovery_set, recovery_reset, recovery_history, recovery_explain,
    recovery_pause, recovery_resume;                                /* recoveries.c */
handler logs_get, logs_follow;                                      /* logs.c */
handler events_get, events_follow;                                  /* events.c */
handler inspect_get;                                                /* inspect.c */
handler doctor_run;                                                 /* doctor.c */
handler timing_get, version_get;                                    /* services.c */
handler openapi_get, healthz_get, readyz_get;                       /* api.c */
handler login, logout, me, password_change;                         /* logins.c */
handler sessions_list, session_end, session_renew;                  /* sessions.c */
handler totp_begin, totp_confirm, totp_disable;                     /* totp.c */
handler users_list, user_add, user_set;                             /* users.c */
handler tokens_list, token_add, token_set, token_revoke;            /* api_tokens.c */
handler access_list, access_request, access_approve, access_reject; /* access_requests.c */
handler metrics_get, slo_get;                                       /* metrics.c, slo.c */
handler audit_get, audit_report_get, audit_verify_get;              /* audits.c */
handler audit_key_post;                                             /* audit_key.c */
handler diagnosis_get, bundle_get;                                  /* diagnosis.c, bundle.c */
handler notify_post;                                                /* notices.c */
handler incidents_list, incident_get, incident_order, incident_begin,
    alert_acknowledge; /* incidents.c */

handler notify_emergency, notify_test, channels_list, alerts_list, alert_get; /* alerts.c */
handler key_rotate;                                                           /* key_rotate.c */
handler prometheus_get;                                                       /* prometheus.c */

/* Answers of the store: what lists share, and what needs more than a list. */
json_t *rows_list(json_t *rows); /* {items, next_cursor}; NULL without memory */
void rows_refuse(struct handlers *h, struct call *call, const struct error *error);
void recovery_status_rows(struct handlers *h, struct call *call, json_t *rows,
                          const struct error *error);
void recovery_history_rows(struct handlers *h, struct call *call, json_t *rows,
                           const struct error *error);

/* Notices may be for some roles only (engine_notice). */
bool event_may_see(const struct call *call, const json_t *event);
void events_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error);
void logs_host_ended(struct handlers *h, struct call *call, const struct host_result *result);
/* What a query of the store or the series gave, borrowed; NULL with an error. */
typedef void rows_handler(struct handlers *h, struct call *call, json_t *rows,
                          const struct error *error);
rows_handler metrics_rows, slo_rows, bundle_rows, alerts_rows, alert_rows, incidents_rows,
    incident_rows;
typedef void woken_handler(struct handlers *h, struct call *call);
woken_handler prometheus_woken, message_woken;
/* Findings about the channels: appends to the doctor's items. */
void channels_judge(const struct handlers *h, json_t *items);
/* Has every channel answered what the call waits for? */
bool message_answered(const struct handlers *h, const struct call *call);
void bundle_host_ended(struct handlers *h, struct call *call, const struct host_result *result);
void bundle_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *answer);
json_t *diagnosis_now(struct handlers *h, int service);
/* What inspect shows of INFO, SLOWLOG, CLIENT LIST and command statistics. */
json_t *inspect_json(const struct redis_answer *a, bool with_arguments);
/* What a command that failed says: the first line of its stderr, cleaned. */
void host_first_words(const struct host_result *r, char *to, size_t size);
/* Does the call ask for the values in slow commands, too? */
bool inspect_with_arguments(const struct call *call);
/* How many clients CLIENT LIST names: inspect_json() ends at a limit. */
size_t inspect_clients(const struct redis_answer *a);
void logs_woken(struct handlers *h, struct call *call);
void inspect_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *answer);
void bigkeys_begin(struct handlers *h, struct call *call);
void bigkeys_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *answer);
void doctor_host_ended(struct handlers *h, struct call *call, const struct host_result *result);
void doctor_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *answer);
void doctor_witness_ended(struct handlers *h, struct call *call, const struct witness_facts *facts);

#endif
