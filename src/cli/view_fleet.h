/* The engines of a fleet. */
#ifndef RESUS_CLI_VIEW_FLEET_H
#define RESUS_CLI_VIEW_FLEET_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

void view_fleet(struct page *p, const json_t *body, const struct invocation *in);
void view_fleet_diff(struct page *p, const json_t *body, const struct invocation *in);

#endif
