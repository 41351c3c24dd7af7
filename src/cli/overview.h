/* The list of services as an overview: which of them are shown, in which order, and how many are in
 * which state. Decides only; view_overview.c draws. */
#ifndef RESUS_CLI_OVERVIEW_H
#define RESUS_CLI_OVERVIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "cli/arguments.h"

/* The words of --state, parted by commas: `status` and `overall_status` of the API. */
#define OVERVIEW_STATE_WORDS                                                                       \
    "critical unknown degraded healthy running stopped failed starting stopping"

/* NULL: not asked for. */
struct overview_filter {
    const char *states, *group, *tag;
    const char *text; /* part of id, name, group, tag or cause, in any case */
};

/* The worst first. */
enum overview_rank {
    RANK_CRITICAL,
    RANK_UNKNOWN,
    RANK_DEGRADED,
    RANK_NOT_GUARDED, /* well, but the next failure would not be treated */
    RANK_PLANNED,     /* stopped on purpose, or not well in a maintenance window */
    RANK_HEALTHY,
    RANK_COUNT
};

/* From --state, --group, --tag and the free word. -EINVAL: an unknown state. */
int overview_filter_read(const struct invocation *in, struct overview_filter *ret,
                         struct error *err) ATTR_MUST_USE;

enum overview_rank overview_rank(const json_t *item);
/* `ret[RANK_COUNT]` of the `items` of a list. */
void overview_count(const json_t *items, size_t ret[RANK_COUNT]);
/* The body of the list with the wanted items only, the worst first, then by id. A new reference;
 * NULL for lack of memory. */
json_t *overview_select(const json_t *body, const struct overview_filter *filter) ATTR_MUST_USE;

#endif
