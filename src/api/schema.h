/* JSON Schema (2020-12, as OpenAPI 3.1 has it) of the two tables' types. Pure. New references; NULL
 * when memory is out. */
#ifndef RESUS_API_SCHEMA_H
#define RESUS_API_SCHEMA_H

#include <jansson.h>

#include "api/operations.h"
#include "api/shapes.h"
#include "base/attr.h"

/* A field of a query, a path or a body. */
json_t *schema_field(const struct field *field) ATTR_MUST_USE;
/* A type in shapes.h's words; an unknown word is NULL too. */
json_t *schema_type(const char *type) ATTR_MUST_USE;
json_t *schema_shape(const struct shape *shape) ATTR_MUST_USE;

#endif
