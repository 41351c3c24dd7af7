/* The audit log. */
#ifndef RESUS_CLI_VIEW_AUDIT_H
#define RESUS_CLI_VIEW_AUDIT_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_audit_line(struct page *p, const json_t *line);
void view_audit_report(struct page *p, const json_t *body, const struct invocation *in);
void view_audit_verdict(struct page *p, const json_t *body, const struct invocation *in);
void view_audit_summary(struct page *p, const json_t *body, const struct invocation *in);

#endif
