/* A checklist as JSON: as the database keeps it, and as people see it. */
#ifndef RESUS_API_CHECKLIST_JSON_H
#define RESUS_API_CHECKLIST_JSON_H

#include <jansson.h>

#include "base/attr.h"
#include "core/checklist.h"

/* New references; NULL on lack of memory. */
json_t *checklist_json_make(const struct checklist *checklist);
json_t *checklist_json_show(const struct checklist *list);
/* -EINVAL: it is not sound. */
int checklist_json_read(const json_t *list, struct checklist *ret) ATTR_MUST_USE;

#endif
