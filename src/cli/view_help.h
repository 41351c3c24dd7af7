/* `resus help`, `resus help VERB`; as JSON the whole table, of which the man pages are made. */
#ifndef RESUS_CLI_VIEW_HELP_H
#define RESUS_CLI_VIEW_HELP_H

#include <jansson.h>

#include "base/attr.h"
#include "cli/page.h"
#include "cli/verb.h"

void view_verbs(struct page *p);
void view_verb(struct page *p, const struct verb *verb);
json_t *view_verbs_json(void) ATTR_MUST_USE; /* the caller's; NULL = no memory */

#endif
