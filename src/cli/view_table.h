/* Bodies without a page of their own. */
#ifndef RESUS_CLI_VIEW_TABLE_H
#define RESUS_CLI_VIEW_TABLE_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

/* Any object or list of objects, readably. */
void view_anything(struct page *p, const json_t *body, const struct invocation *in);
/* A list of objects: a column for each of `keys` (NULL at the end). */
void view_table(struct page *p, const json_t *items, const char *const *keys);
/* A number, text, word or nested value on one line. Returns buffer. */
const char *view_value(const json_t *value, char *buffer, size_t size);

#endif
