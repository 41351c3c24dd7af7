/* Shared by the files that write the text for Prometheus. */
#ifndef RESUS_REPORT_EXPOSITION_INSIDE_H
#define RESUS_REPORT_EXPOSITION_INSIDE_H

#include "base/buf.h"
#include "report/exposition_text.h"

#define LABEL_MAX 200

struct exposition_text {
    struct exposition_sources from;
    struct now now;
    size_t family;
    size_t begun; /* families whose head is written */
    int service;  /* next of the family */
    struct buf out;
    const char *name, *id;                /* of what is being written */
    const struct engine_figures *figures; /* of `service`; NULL for families of Redis */
    struct engine_reported reported;      /* likewise */
    bool failed;
};

/* `labels` as `name="value"`, NULL = none; the service's own comes first where it is wanted. */
void exposition_line(struct exposition_text *x, const char *suffix, const char *labels,
                     double value);
void exposition_labelled(struct exposition_text *x, const char *label, const char *word,
                         double value);

struct exposition_head {
    const char *name, *type, *help;
};

/* exposition_fleet.c */
void exposition_fleet_engines(struct exposition_text *x);
void exposition_fleet_services(struct exposition_text *x);
void exposition_fleet_sure(struct exposition_text *x);
void exposition_fleet_lost(struct exposition_text *x);
void exposition_fleet_renewal(struct exposition_text *x);
void exposition_fleet_heard(struct exposition_text *x);
void exposition_etcd_up(struct exposition_text *x);
void exposition_etcd_bytes(struct exposition_text *x);

/* exposition_redis.c; each leaves out what is not known of the process that answers now */
void exposition_redis_up(struct exposition_text *x);
void exposition_redis_start(struct exposition_text *x);
void exposition_redis_instance(struct exposition_text *x);
void exposition_redis_slave(struct exposition_text *x);
void exposition_redis_keys(struct exposition_text *x);
void exposition_redis_keys_expiring(struct exposition_text *x);
void exposition_redis_ttl(struct exposition_text *x);
void exposition_redis_lag(struct exposition_text *x);
void exposition_redis_offset(struct exposition_text *x);
void exposition_redis_errors(struct exposition_text *x);
void exposition_redis_commands(struct exposition_text *x);
void exposition_redis_command_seconds(struct exposition_text *x);
void exposition_redis_command_failures(struct exposition_text *x);
void exposition_redis_command_refusals(struct exposition_text *x);
/* Families of one number: which there are, and the number of the service that is being written. */
size_t exposition_redis_count(void);
struct exposition_head exposition_redis_head(size_t i);
void exposition_redis_number(struct exposition_text *x, size_t i);
/* exposition_alerts.c */
void exposition_alerts(struct exposition_text *x);
void exposition_incidents(struct exposition_text *x);
void exposition_deliveries(struct exposition_text *x);
void exposition_channels(struct exposition_text *x);
/* exposition_backups.c */
void exposition_backup_success(struct exposition_text *x);
void exposition_backup_proved(struct exposition_text *x);
void exposition_backup_bytes(struct exposition_text *x);
void exposition_backup_keys(struct exposition_text *x);
void exposition_backup_duration(struct exposition_text *x);
void exposition_backup_overdue(struct exposition_text *x);
void exposition_backup_runs(struct exposition_text *x);
void exposition_rpo(struct exposition_text *x);
void exposition_rto(struct exposition_text *x);
void exposition_drill_passed(struct exposition_text *x);
void exposition_drill_failed(struct exposition_text *x);
void exposition_drill_overdue(struct exposition_text *x);
void exposition_copies_waiting(struct exposition_text *x);
void exposition_copies_success(struct exposition_text *x);
void exposition_copies_failed(struct exposition_text *x);

#endif
