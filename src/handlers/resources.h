/* The functions that the table of dispatch.c names, one file a resource, and what a resource offers
 * to another. */
#ifndef RESUS_HANDLERS_RESOURCES_H
#define RESUS_HANDLERS_RESOURCES_H

#include "handlers/inside.h"
#include "handlers/waiting.h"

typedef void handler(struct handlers *h, struct call *call);

handler services_list, service_status, service_health, service_refresh,
    service_preflight; /* services.c */
handler operate;       /* operate.c */
handler recovery_status, recovery_set, recovery_reset, recovery_history, recovery_explain,
    recovery_pause, recovery_resume;                                /* recoveries.c */
handler logs_get, logs_follow;                                      /* logs.c */
handler events_get, events_all, events_follow;                      /* events.c */
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
    alert_acknowledge;                                                        /* incidents.c */
handler notify_emergency, notify_test, channels_list, alerts_list, alert_get; /* alerts.c */
handler link_show, link_acknowledge;                                          /* links.c */
handler key_rotate;                                                           /* key_rotate.c */
handler fleet_get, fleet_get_diff, fleet_drain, fleet_undrain, fleet_remove;  /* fleet.c */
/* Where the owner of the service is reached, into a refusal that names it. */
void fleet_put_owner(const struct handlers *h, int service, json_t *body);
handler maintenance_get, maintenance_get_one, maintenance_post, maintenance_patch,
    maintenance_orders, maintenance_tick, calendar_get; /* maintenance.c */
handler backups_get, backup_get, backup_status_get, backup_task, backup_change, backup_prunable_get,
    backup_overview_get, backup_copy, backup_elsewhere, backup_drills_get,
    backup_rebuild_sheet; /* backups.c */
handler procedures_get, procedure_get, procedure_woken, procedure_post, procedure_order,
    procedure_tick; /* procedures.c */
/* Refuses what backups refused: a negative error and its text. */
void backups_refuse(struct handlers *h, struct call *call, int r, const char *text);
handler restore_order_post, restores_get, restore_get, restore_change; /* restores.c */
handler prometheus_get;                                                /* prometheus.c */

/* ── later steps of a call ── */

typedef void host_handler(struct handlers *h, struct call *call, const struct host_result *result);
typedef void redis_handler(struct handlers *h, struct call *call,
                           const struct redis_answer *answer);
/* What a query of the store or the series gave, borrowed; NULL with an error. */
typedef void rows_handler(struct handlers *h, struct call *call, json_t *rows,
                          const struct error *error);
typedef void witness_handler(struct handlers *h, struct call *call,
                             const struct witness_facts *facts);

host_handler logs_host_ended, bundle_host_ended, doctor_host_ended;
redis_handler inspect_redis_ended, bigkeys_redis_ended, bundle_redis_ended, doctor_redis_ended;
rows_handler recovery_status_rows, recovery_history_rows, events_rows, metrics_rows, slo_rows,
    bundle_rows, alerts_rows, alert_rows, incidents_rows, incident_rows;
witness_handler doctor_witness_ended;
handler logs_woken, prometheus_woken, message_woken, backup_status_woken, doctor_woken,
    restore_woken;
/* Findings about the channels: appends to the doctor's items. */
void channels_judge(const struct handlers *h, json_t *items);
/* Has every channel answered what the call waits for? */
bool message_answered(const struct handlers *h, const struct call *call);

/* ── for other resources ── */

/* Notices may be for some roles only (engine_notice). */
bool event_may_see(const struct call *call, const json_t *event);
json_t *diagnosis_now(struct handlers *h, int service);
/* What a command that failed says: the first line of its stderr, cleaned. */
void host_first_words(const struct host_result *r, char *to, size_t size);
/* Does the call ask for the values in slow commands, too? */
bool inspect_with_arguments(const struct call *call);
void bigkeys_begin(struct handlers *h, struct call *call);

#endif
