/* The end of an audit file, read backwards through its descriptor. */
#ifndef RESUS_STORE_AUDIT_END_H
#define RESUS_STORE_AUDIT_END_H

#include <stdint.h>
#include <sys/types.h>

#include "store/audit_line.h"

/* Reads up to `size` bytes that end at `end`. Returns their number, or a negative error. */
ssize_t audit_end_read(int fd, int64_t end, char *block, size_t size);
/* Where the line that ends before `end` starts (0 when there is no newline before it), or a negative
 * error. */
int64_t audit_end_line(int fd, int64_t end);
/* 1 and the link when the bytes from..to are a sound line, 0 when not, or a negative error. */
int audit_end_link(int fd, int64_t from, int64_t to, struct audit_link *ret);
/* The newest line of the chain before the byte `end`, or in the rotated files of `path`. 1, 0 =
 * there is none, or a negative error. */
int audit_end_last(int fd, const char *path, int64_t end, struct audit_link *ret);

#endif
