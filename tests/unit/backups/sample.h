/* A real RDB file of Redis 7.0.15: two keys in database 0, two in database 3, one library of
 * functions. */
#ifndef RESUS_TEST_BACKUPS_SAMPLE_H
#define RESUS_TEST_BACKUPS_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/file.h"

#define SAMPLE_BYTES 219
#define SAMPLE_MAX 4096

static inline void sample_read(unsigned char sample[SAMPLE_BYTES])
{
    struct buf b = BUF_LIMIT(SAMPLE_MAX);
    assert_int_equal(file_read(TEST_DATA "/redis7.rdb", &b, NULL), 0);
    assert_int_equal(b.length, SAMPLE_BYTES);
    for (size_t i = 0; i < SAMPLE_BYTES; i++)
        sample[i] = (unsigned char)b.data[i];
    buf_free(&b);
}

#endif
