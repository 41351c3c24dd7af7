/* Bounded text: fixed arrays in structs, always NUL-terminated, cut and never overrun. */
#ifndef RESUS_BASE_STR_H
#define RESUS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Copies `text` (NULL = "") into `to[size]`, cut at a UTF-8 boundary. Returns false when it was
 * cut. */
bool str_copy(char *to, size_t size, const char *text);
/* The same for `length` bytes that need no NUL; stops at a NUL byte. */
bool str_copy_n(char *to, size_t size, const char *text, size_t length);
/* The same for foreign text that people will read: control characters, what turns the reading
 * direction and invalid UTF-8 become '?', tabs and line ends a blank. */
bool str_copy_clean(char *to, size_t size, const char *text, size_t length);
/* Appends; returns false when it was cut. */
bool str_append(char *to, size_t size, const char *format, ...) ATTR_PRINTF(3, 4);
/* snprintf that returns false when the text was cut. */
bool str_format(char *to, size_t size, const char *format, ...) ATTR_PRINTF(3, 4);

bool str_equal(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
/* Finds `needle` in `length` bytes of `text` (no NUL needed). Returns NULL when absent. */
const char *str_find(const char *text, size_t length, const char *needle);

/* One word of a closed set, and back: the tables of names in this code are `const char *const
 * names[]` by enum. Returns the index or -1. */
int str_index(const char *const *names, size_t count, const char *word);

/* Edit distance (Levenshtein, at most 64 bytes a side): "did you mean". */
unsigned str_distance(const char *a, const char *b);
/* The nearest of `names` within a third of the word's length (at least 2 edits), or NULL. */
const char *str_nearest(const char *const *names, size_t count, const char *word);

/* True when `length` bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
bool str_utf8(const char *text, size_t length);
/* The code point at the beginning of well-formed UTF-8; returns its bytes. */
size_t str_code_point(const char *text, uint32_t *ret);
/* C0, C1 (U+009B begins what ESC [ does), marks and overrides of direction, line and paragraph
 * separators. */
bool str_misleading(uint32_t code_point);

#endif
