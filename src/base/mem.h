/* Checked memory. Everything returns zeroed memory or NULL; tests make the n-th allocation fail.
 * Sizes above MEM_MAX are refused: nothing in Resus needs more in one piece. */
#ifndef RESUS_BASE_MEM_H
#define RESUS_BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

#define MEM_MAX ((size_t)256 * 1024 * 1024)

void *mem_calloc(size_t count, size_t size) ATTR_MUST_USE;
void *mem_realloc(void *old, size_t size) ATTR_MUST_USE; /* old stays valid on NULL */
char *mem_strdup(const char *text) ATTR_MUST_USE;
char *mem_strndup(const char *text, size_t length) ATTR_MUST_USE;
void mem_free(void *p); /* takes NULL */

/* Frees *p and nulls it: for ATTR_CLEANUP(mem_freep) on a `char *`. */
void mem_freep(void *pointer_to_pointer);

/* Wipes in a way the compiler keeps. For secrets, before mem_free. */
void mem_wipe(void *p, size_t size);

/* Aborts with a message. For a few bytes on which a promise rests that has no way to fail, such as
 * an answer for each question; systemd starts the daemon again. */
void *mem_must(void *p) ATTR_MUST_USE;

/* Test hook: the n-th allocation from now on fails (1 = the next), and all after it until reset
 * with 0. */
void mem_fail_from(unsigned long n);
/* Number of allocations since the last mem_fail_from(). */
unsigned long mem_count(void);

#endif
