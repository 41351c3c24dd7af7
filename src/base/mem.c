#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic unsigned long allocations;
static _Atomic unsigned long fail_from;

static int must_fail(void)
{
    unsigned long n = atomic_fetch_add(&allocations, 1) + 1;
    unsigned long limit = atomic_load(&fail_from);
    return limit != 0 && n >= limit;
}

void mem_fail_from(unsigned long n)
{
    atomic_store(&allocations, 0);
    atomic_store(&fail_from, n);
}

unsigned long mem_count(void)
{
    return atomic_load(&allocations);
}

void *mem_calloc(size_t count, size_t size)
{
    if (must_fail() || (size != 0 && count > MEM_MAX / size))
        return NULL;
    return calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *mem_realloc(void *old, size_t size)
{
    if (must_fail() || size > MEM_MAX)
        return NULL;
    return realloc(old, size == 0 ? 1 : size);
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t length)
{
    size_t n = strnlen(text, length);
    char *copy = mem_calloc(n + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

void mem_freep(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    free(*p);
    *p = NULL;
}

void mem_wipe(void *p, size_t size)
{
    if (p != NULL)
        explicit_bzero(p, size);
}

void *mem_must(void *p)
{
    if (p == NULL) {
        (void)fputs("resus: out of memory\n", stderr);
        abort();
    }
    return p;
}
