/* jansson in the house's manner: scope cleanup, checked reading, and the one place that says how
 * JSON is written. Secrets travel in it: all that jansson frees is wiped first; a text of
 * json_dumps() is its caller's to wipe. */
#ifndef RESUS_BASE_JSON_H
#define RESUS_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"

#define JSON_CLEANUP ATTR_CLEANUP(json_decrefp)

/* Depth and size are bounded for foreign JSON: jansson itself stops at depth 2048; callers bound
 * the bytes. */
#define JSON_READ_FLAGS JSON_REJECT_DUPLICATES
/* jansson's default: ", " and ": " as separators, keys in the order they were set: the runbook's
 * grep lines rely on it. Reals are written with the shortest 15 digits. */
#define JSON_WRITE_FLAGS JSON_REAL_PRECISION(15)

/* Setters that take NULL / invalid UTF-8 safely (bad bytes become '?'), and return false on lack of
 * memory. */
bool json_put_text(json_t *object, const char *key, const char *text); /* NULL text = null */
bool json_put_int(json_t *object, const char *key, int64_t value);
bool json_put_real(json_t *object, const char *key, double value); /* NaN = null */
bool json_put_bool(json_t *object, const char *key, bool value);
bool json_put_null(json_t *object, const char *key);
bool json_put_wall(json_t *object, const char *key, wall_ms t); /* RFC 3339; WALL_NONE = null */
bool json_put(json_t *object, const char *key, json_t *value); /* takes the reference, NULL fails */

/* Getters with a default when the member is absent or of another type. */
const char *json_text_or(const json_t *object, const char *key, const char *otherwise);
int64_t json_int_or(const json_t *object, const char *key, int64_t otherwise);
double json_real_or(const json_t *object, const char *key, double otherwise);
bool json_bool_or(const json_t *object, const char *key, bool otherwise);

/* A real rounded to `digits` decimals so that 0.30000000000000004 never meets a person. */
json_t *json_rounded(double value, int digits) ATTR_MUST_USE;

#endif
