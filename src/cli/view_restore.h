/* Restores and their plans. */
#ifndef RESUS_CLI_VIEW_RESTORE_H
#define RESUS_CLI_VIEW_RESTORE_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_restore_plan(struct page *p, const json_t *body, const struct invocation *in);
void view_restore(struct page *p, const json_t *body, const struct invocation *in);
void view_restores(struct page *p, const json_t *body, const struct invocation *in);

#endif
