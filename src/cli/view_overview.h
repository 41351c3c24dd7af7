/* Lists of services, the worst first as overview_select() gives them. */
#ifndef RESUS_CLI_VIEW_OVERVIEW_H
#define RESUS_CLI_VIEW_OVERVIEW_H

#include <jansson.h>

#include "cli/page.h"

/* `all` is the whole list, `shown` what was asked for; `room` in cells, 0: no limit. */
void view_overview(struct page *p, const json_t *all, const json_t *shown, size_t room);
/* The head and `count` rows from `from` on; the columns fit all of `items`. */
void view_overview_rows(struct page *p, const json_t *items, size_t room, size_t from,
                        size_t count);
/* "3 services: 1 critical, 2 healthy; 14:02:11 UTC" and the end of the line. */
void view_counts(struct page *p, const json_t *items);

#endif
