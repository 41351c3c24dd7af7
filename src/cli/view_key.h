/* The rotation of an SSH key. */
#ifndef RESUS_CLI_VIEW_KEY_H
#define RESUS_CLI_VIEW_KEY_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_key_rotation(struct page *p, const json_t *body, const struct invocation *in);

#endif
