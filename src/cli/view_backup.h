/* Backups, their copies and drills; the sheet for a lost host. */
#ifndef RESUS_CLI_VIEW_BACKUP_H
#define RESUS_CLI_VIEW_BACKUP_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_size(int64_t bytes, char to[32]); /* "1.5 MiB" */
void view_backups(struct page *p, const json_t *body, const struct invocation *in);
void view_backup(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_status(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_overview(struct page *p, const json_t *body, const struct invocation *in);
void view_rebuild_sheet(struct page *p, const json_t *body, const struct invocation *in);
/* Breaks at blanks to fit a terminal; what follows the first line is indented. */
void view_wrapped(struct page *p, const char *text, size_t indent);
/* Steps with lines to copy. */
void view_steps(struct page *p, const json_t *steps);
void view_drills(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_last(struct page *p, const json_t *last, const struct invocation *in);
void view_prunable(struct page *p, const json_t *body, const struct invocation *in);
/* What a place for copies has. */
void view_elsewhere(struct page *p, const json_t *body, const struct invocation *in);

#endif
