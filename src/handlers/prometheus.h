/* Shared by the files that write /metrics, and by nobody else. */
#ifndef RESUS_HANDLERS_PROMETHEUS_H
#define RESUS_HANDLERS_PROMETHEUS_H

#include "base/buf.h"
#include "handlers/inside.h"

#define LABEL_MAX 200

/* One answer under way. */
struct scrape {
    struct handlers *h;
    struct call *call;
    struct now now;
    int only; /* the one service that is asked for, -1 = all */
    size_t family;
    int service; /* next of the family */
    struct buf out;
    const char *name, *id; /* of what is being written */
    const struct engine_figures *figures;
    bool failed;
};

/* `labels` as `name="value"`, NULL = none; the service's own comes first where it is wanted. */
void scrape_line(struct scrape *x, const char *suffix, const char *labels, double value);
void scrape_labelled(struct scrape *x, const char *label, const char *word, double value);

/* prometheus_alerts.c */
void scrape_alerts(struct scrape *x);
void scrape_incidents(struct scrape *x);
void scrape_deliveries(struct scrape *x);
void scrape_channels(struct scrape *x);

#endif
