/* Operations, what they would cost, and pauses. */
#ifndef RESUS_CLI_VIEW_OPERATE_H
#define RESUS_CLI_VIEW_OPERATE_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_operation(struct page *p, const json_t *body, const struct invocation *in);
void view_preflight(struct page *p, const json_t *body, const struct invocation *in);
void view_pause(struct page *p, const json_t *body, const struct invocation *in);

#endif
