/* A place that holds copies of backups, of whatever type: PLACE/SERVICE/{daily,manual}/ID/ with the
 * data and the manifest, as in the catalog (backups/catalog.h). A copy is whole when its manifest is there, which
 * is written last. All calls block: for the copier and the command line, never for the daemon. */
#ifndef RESUS_COPIES_STORE_H
#define RESUS_COPIES_STORE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backups/manifest.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

#define COPY_IDS_MAX 4096 /* of one service and kind that are looked at; more are an error */

struct copy_options {
    const struct copy_settings *target;
    const char *service;
    const char *directory; /* of the backups on this machine; NULL = none */
    bool known;            /* copies were made there before: an empty place is not believed */
    bool writes;           /* false: only list and get */
    void (*alive)(void);   /* called while bytes flow; may be NULL */
};

struct copy_store;

/* Which backup. */
struct copy_place {
    enum backup_kind kind;
    char id[MANIFEST_ID_SIZE];
};

struct copy_ids {
    size_t count;
    char (*ids)[MANIFEST_ID_SIZE]; /* mem_free() it */
};

int copy_store_open(const struct copy_options *options, struct copy_store **ret,
                    struct error *err) ATTR_MUST_USE;
void copy_store_close(struct copy_store *s); /* takes NULL */
/* "" = none: it works, but is not as it should be. */
const char *copy_store_note(const struct copy_store *s);

/* The ids of whole copies, in no order. */
int copy_store_list(struct copy_store *s, enum backup_kind kind, struct copy_ids *ret,
                    struct error *err) ATTR_MUST_USE;
/* Stores the file at `path`, and it is on the place's disk. Its size and SHA-256 must be those
 * given: -EBADMSG, and nothing is stored, when the file here is damaged. */
int copy_store_put_file(struct copy_store *s, const struct copy_place *at, const char *name,
                        const char *path, const struct manifest_file *file,
                        struct error *err) ATTR_MUST_USE;
int copy_store_put_text(struct copy_store *s, const struct copy_place *at, const char *name,
                        const struct buf *text, struct error *err) ATTR_MUST_USE;
/* Into the file at `path` (O_EXCL, 0600, synced), which is removed again when size or sum are not
 * those given: -EBADMSG. */
int copy_store_get_file(struct copy_store *s, const struct copy_place *at, const char *name,
                        const char *path, const struct manifest_file *file,
                        struct error *err) ATTR_MUST_USE;
/* Appends to `text`, whose limit holds. -ENOENT when it is not there. */
int copy_store_get_text(struct copy_store *s, const struct copy_place *at, const char *name,
                        struct buf *text, struct error *err) ATTR_MUST_USE;
/* The manifest first: after that it is no copy, whatever happens to the rest. */
int copy_store_remove(struct copy_store *s, const struct copy_place *at,
                      struct error *err) ATTR_MUST_USE;

#endif
