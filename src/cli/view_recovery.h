/* Auto-recovery: its state, its history, its reasons. */
#ifndef RESUS_CLI_VIEW_RECOVERY_H
#define RESUS_CLI_VIEW_RECOVERY_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_recovery_line(struct page *p, const json_t *recovery);
void view_recovery(struct page *p, const json_t *body, const struct invocation *in);
void view_recoveries(struct page *p, const json_t *body, const struct invocation *in);
void view_explain(struct page *p, const json_t *body, const struct invocation *in);

#endif
