/* Log lines and events. */
#ifndef RESUS_CLI_VIEW_JOURNAL_H
#define RESUS_CLI_VIEW_JOURNAL_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_logs(struct page *p, const json_t *body, const struct invocation *in);
void view_log_line(struct page *p, const json_t *line);
void view_events(struct page *p, const json_t *body, const struct invocation *in);
void view_event(struct page *p, const json_t *event);

#endif
