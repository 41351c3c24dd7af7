/* Maintenance windows and their checklists. */
#ifndef RESUS_CLI_VIEW_MAINTENANCE_H
#define RESUS_CLI_VIEW_MAINTENANCE_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_windows(struct page *p, const json_t *body, const struct invocation *in);
void view_window(struct page *p, const json_t *body, const struct invocation *in);
void view_checklist(struct page *p, const json_t *items);

#endif
