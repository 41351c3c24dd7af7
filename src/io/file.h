/* Files as wholes: bounded reading, atomic writing, secrets with their mode checked. */
#ifndef RESUS_IO_FILE_H
#define RESUS_IO_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

/* Appends the file to `b` (its limit bounds it: -EFBIG). The error names the path. */
int file_read(const char *path, struct buf *b, struct error *err) ATTR_MUST_USE;
/* All of it, whatever signals come; 0 or a negative errno value, and then a part may be written. */
int file_write_all(int fd, const void *bytes, size_t length) ATTR_MUST_USE;
/* Writes beside it, fsyncs, renames over it, fsyncs the folder: the old or the new content, never a
 * half. */
int file_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode,
                      struct error *err) ATTR_MUST_USE;
/* A secret: a regular file of root or our own account, readable by its owner alone (no group or
 * other bits; a group bit for the group named `resus` is allowed because /etc/resus is root:resus).
 * One trailing newline is taken away. Wipe it with buf_free. */
int file_read_secret(const char *path, struct buf *b, struct error *err) ATTR_MUST_USE;
/* mkdir -p with `mode` for what is missing. -ENOTDIR when a file stands in the way. */
int file_make_folders(const char *path, mode_t mode, struct error *err) ATTR_MUST_USE;
/* The same for the folder that holds the file `path`. */
int file_make_folder_of(const char *path, mode_t mode, struct error *err) ATTR_MUST_USE;
/* fsync of the folder that holds the file `path`: after it a new or changed name survives a power
 * cut. */
int file_sync_folder(const char *path, struct error *err) ATTR_MUST_USE;

#endif
