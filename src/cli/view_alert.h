/* Alerts, and what became of messages. */
#ifndef RESUS_CLI_VIEW_ALERT_H
#define RESUS_CLI_VIEW_ALERT_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_alerts(struct page *p, const json_t *body, const struct invocation *in);
void view_alert(struct page *p, const json_t *body, const struct invocation *in);
/* What became of a message, channel by channel. */
void view_sent(struct page *p, const json_t *body, const struct invocation *in);

#endif
