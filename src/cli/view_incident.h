/* Incidents. */
#ifndef RESUS_CLI_VIEW_INCIDENT_H
#define RESUS_CLI_VIEW_INCIDENT_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_incidents(struct page *p, const json_t *body, const struct invocation *in);
void view_incident(struct page *p, const json_t *body, const struct invocation *in);

#endif
