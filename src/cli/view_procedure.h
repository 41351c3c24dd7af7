/* Guided updates and changes of settings. */
#ifndef RESUS_CLI_VIEW_PROCEDURE_H
#define RESUS_CLI_VIEW_PROCEDURE_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_procedures(struct page *p, const json_t *body, const struct invocation *in);
void view_procedure(struct page *p, const json_t *body, const struct invocation *in);
/* Does something stand in its way, or is something wrong? */
bool view_procedure_bad(const json_t *body);

#endif
