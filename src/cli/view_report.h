/* Service levels and the diagnosis. */
#ifndef RESUS_CLI_VIEW_REPORT_H
#define RESUS_CLI_VIEW_REPORT_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_slo(struct page *p, const json_t *body, const struct invocation *in);
void view_diagnosis(struct page *p, const json_t *body, const struct invocation *in);

#endif
