/* `resus help`, `resus help VERB`. */
#ifndef RESUS_CLI_VIEW_HELP_H
#define RESUS_CLI_VIEW_HELP_H

#include "cli/page.h"
#include "cli/verb.h"

void view_verbs(struct page *p);
void view_verb(struct page *p, const struct verb *verb);

#endif
