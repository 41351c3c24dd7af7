/* Between the files of the stores only: what each type of place can do, and how bytes flow. */
#ifndef RESUS_COPIES_STORE_KIND_H
#define RESUS_COPIES_STORE_KIND_H

#include "copies/store.h"

/* Bytes on their way out, with their sum. */
struct copy_source {
    int fd;            /* -1: from memory */
    const char *bytes; /* in memory */
    uint64_t size, at;
    char sha256[65]; /* that they must have */
    EVP_MD_CTX *sum;
    struct copy_store *store;
    struct error error; /* of reading */
};

/* Bytes on their way in. */
struct copy_sink {
    int fd; /* -1: into `text` */
    struct buf *text;
    uint64_t limit, at; /* more bytes are an error */
    EVP_MD_CTX *sum;
    struct copy_store *store;
    struct error error; /* of writing */
};

struct copy_store_kind {
    size_t size; /* of its struct, which begins with struct copy_store */
    int (*open)(struct copy_store *s, struct error *err);
    void (*close)(struct copy_store *s);
    int (*list)(struct copy_store *s, enum backup_kind kind, struct copy_ids *ret,
                struct error *err);
    /* The name is taken, and the bytes are on the disk, when it returns 0. */
    int (*put)(struct copy_store *s, const struct copy_place *at, const char *name,
               struct copy_source *from, struct error *err);
    int (*get)(struct copy_store *s, const struct copy_place *at, const char *name,
               struct copy_sink *to, struct error *err);
    /* All files of a copy, the manifest first. */
    int (*remove)(struct copy_store *s, const struct copy_place *at, struct error *err);
};

struct copy_store {
    const struct copy_store_kind *kind;
    struct copy_options options;
    char note[ERROR_TEXT_MAX];
};

extern const struct copy_store_kind copy_store_folder, copy_store_sftp, copy_store_s3;

/* Up to `size` bytes; 0 at the end, where the sum has been compared; a negative error, also in
 * from->error. */
ssize_t copy_source_read(struct copy_source *from, void *to, size_t size);
/* Rewinds, to send the same bytes again. */
int copy_source_rewind(struct copy_source *from) ATTR_MUST_USE;
int copy_sink_take(struct copy_sink *to, const void *bytes, size_t length) ATTR_MUST_USE;
/* Appends an id; -EFBIG with COPY_IDS_MAX. */
int copy_ids_add(struct copy_ids *ids, const char *id, struct error *err) ATTR_MUST_USE;

#endif
