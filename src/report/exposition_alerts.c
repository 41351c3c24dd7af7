/* Alerts, incidents and channels for Prometheus. */
#include "alerts/alerts.h"
#include "alerts/incidents.h"
#include "base/str.h"
#include "report/exposition_inside.h"

static const char *const severities[] = {"P1", "P2", "P3", "P4"};

void exposition_alerts(struct exposition_text *x)
{
    for (size_t i = 0; x->from.alerts != NULL && i < ARRAY_LENGTH(severities); i++)
        exposition_labelled(x, "severity", severities[i],
                            (double)alerts_firing(x->from.alerts, severity_by_word(severities[i])));
}

void exposition_incidents(struct exposition_text *x)
{
    for (size_t i = 0; x->from.alerts != NULL && i < ARRAY_LENGTH(severities); i++)
        exposition_labelled(
            x, "severity", severities[i],
            (double)incidents_open_count(x->from.alerts, severity_by_word(severities[i])));
}

static size_t channel_count(const struct exposition_text *x)
{
    return x->from.alerts == NULL ? 0 : alerts_channel_count(x->from.alerts);
}

void exposition_deliveries(struct exposition_text *x)
{
    for (size_t i = 0; i < channel_count(x); i++) {
        struct alerts_channel_figures f;
        char labels[LABEL_MAX];
        alerts_channel_figures(x->from.alerts, i, &f);
        (void)str_format(labels, sizeof labels, "channel=\"%s\",result=\"delivered\"", f.name);
        exposition_line(x, "", labels, (double)f.delivered);
        (void)str_format(labels, sizeof labels, "channel=\"%s\",result=\"failed\"", f.name);
        exposition_line(x, "", labels, (double)f.failed);
    }
}

void exposition_channels(struct exposition_text *x)
{
    for (size_t i = 0; i < channel_count(x); i++) {
        struct alerts_channel_figures f;
        alerts_channel_figures(x->from.alerts, i, &f);
        exposition_labelled(x, "channel", f.name, f.up);
    }
}
