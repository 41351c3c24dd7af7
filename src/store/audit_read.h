/* Reading the audit files, from the oldest kept one to the newest: FILE.N or FILE.N.gz with falling
 * N, then FILE. */
#ifndef RESUS_STORE_AUDIT_READ_H
#define RESUS_STORE_AUDIT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "base/attr.h"
#include "base/error.h"
#include "store/audit.h"

#define AUDIT_BACKUPS_MAX 100 /* FILE.1 .. FILE.100 are looked for */

struct audit_source {
    int index; /* 0 = FILE itself */
    bool gzip;
    int fd; /* the reader takes it */
};
struct audit_set {
    size_t count;
    struct audit_source sources[AUDIT_BACKUPS_MAX + 1];
};

/* FILE, FILE.N or FILE.N.gz. */
void audit_source_path(const char *file, int index, bool gzip, char *ret, size_t size);
/* Opens all there are, from newest to oldest: a rotation meanwhile then shows a file twice (found
 * by its inode) but never hides one. Of FILE.N and FILE.N.gz (a crash while packing) the plain one
 * counts. -ENOENT when there is none. */
int audit_set_open(const char *file, struct audit_set *ret, struct error *err) ATTR_MUST_USE;
void audit_set_close(struct audit_set *set);

/* Reads the first line of the chain. The source is rewound afterwards. */
struct audit_link;
bool audit_source_first(const struct audit_source *source, struct audit_link *ret);

enum audit_read {
    AUDIT_READ_END,
    AUDIT_READ_LINE,
    AUDIT_READ_TORN,  /* the last line, without its newline */
    AUDIT_READ_LONG,  /* over AUDIT_LINE_MAX: skipped */
    AUDIT_READ_FAILED /* `err` says why; the end */
};

struct audit_reader {
    gzFile stream; /* reads plain files as well */
    uint64_t line_number;
    size_t start, end;
    bool ended, skipping;
    char bytes[4 * (AUDIT_LINE_MAX + 1)];
};

/* Takes source->fd. */
int audit_reader_open(struct audit_source *source, struct audit_reader **ret,
                      struct error *err) ATTR_MUST_USE;
/* `ret` is not NUL-terminated and is valid until the next call. */
enum audit_read audit_reader_next(struct audit_reader *r, const char **ret, size_t *ret_length,
                                  struct error *err);
void audit_reader_close(struct audit_reader *r); /* takes NULL */

/* NULL: anything but intents. */
bool audit_filter_passes(const struct audit_filter *filter, const json_t *line);

#endif
