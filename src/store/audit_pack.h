/* gzip of a rotated audit file, beside the audit thread: 100 MB take seconds, and an intent must
 * not wait for them. */
#ifndef RESUS_STORE_AUDIT_PACK_H
#define RESUS_STORE_AUDIT_PACK_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"

/* Packs PATH into PATH.gz (0640): written as PATH.gz.part, flushed, renamed, and only then is PATH
 * removed. `stopped` is asked between blocks; -ECANCELED leaves PATH as it was. */
int audit_pack(const char *path, bool (*stopped)(void *context), void *context,
               struct error *err) ATTR_MUST_USE;

#endif
