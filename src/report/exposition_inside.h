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
    int service; /* next of the family */
    struct buf out;
    const char *name, *id; /* of what is being written */
    const struct engine_figures *figures;
    bool failed;
};

/* `labels` as `name="value"`, NULL = none; the service's own comes first where it is wanted. */
void exposition_line(struct exposition_text *x, const char *suffix, const char *labels,
                     double value);
void exposition_labelled(struct exposition_text *x, const char *label, const char *word,
                         double value);

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

#endif
