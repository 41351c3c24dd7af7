/* Findings of the doctor. */
#ifndef RESUS_CLI_VIEW_DOCTOR_H
#define RESUS_CLI_VIEW_DOCTOR_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_doctor(struct page *p, const json_t *body, const struct invocation *in);
/* How many of the findings are none. */
size_t view_doctor_findings(const json_t *body);

#endif
