/* Alerts, incidents and channels in /metrics. */
#include "alerts/alerts.h"
#include "alerts/incidents.h"
#include "base/str.h"
#include "handlers/prometheus.h"

static const char *const severities[] = {"P1", "P2", "P3", "P4"};

void scrape_alerts(struct scrape *x)
{
    for (size_t i = 0; x->h->ports.alerts != NULL && i < ARRAY_LENGTH(severities); i++)
        scrape_labelled(x, "severity", severities[i],
                        (double)alerts_firing(x->h->ports.alerts, severity_by_word(severities[i])));
}

void scrape_incidents(struct scrape *x)
{
    for (size_t i = 0; x->h->ports.alerts != NULL && i < ARRAY_LENGTH(severities); i++)
        scrape_labelled(
            x, "severity", severities[i],
            (double)incidents_open_count(x->h->ports.alerts, severity_by_word(severities[i])));
}

static size_t channel_count(const struct scrape *x)
{
    return x->h->ports.alerts == NULL ? 0 : alerts_channel_count(x->h->ports.alerts);
}

void scrape_deliveries(struct scrape *x)
{
    for (size_t i = 0; i < channel_count(x); i++) {
        struct alerts_channel_figures f;
        char labels[LABEL_MAX];
        alerts_channel_figures(x->h->ports.alerts, i, &f);
        (void)str_format(labels, sizeof labels, "channel=\"%s\",result=\"delivered\"", f.name);
        scrape_line(x, "", labels, (double)f.delivered);
        (void)str_format(labels, sizeof labels, "channel=\"%s\",result=\"failed\"", f.name);
        scrape_line(x, "", labels, (double)f.failed);
    }
}

void scrape_channels(struct scrape *x)
{
    for (size_t i = 0; i < channel_count(x); i++) {
        struct alerts_channel_figures f;
        alerts_channel_figures(x->h->ports.alerts, i, &f);
        scrape_labelled(x, "channel", f.name, f.up);
    }
}
