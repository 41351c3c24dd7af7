/* A sealed file: encrypted for recipients, by their public keys alone.
 *
 *   8 bytes    "RESUSBK1": the format and its version
 *   1          how many slots, 1 to SEAL_SLOTS_MAX
 *   7          zero
 *   88 a slot  8 bytes of the recipient's id, 80 of crypto_box_seal: the data key
 *   24         header of crypto_secretstream_xchacha20poly1305
 *   ...        chunks of 64 KiB and 17 bytes; the last one is shorter or as long, and has TAG_FINAL
 *
 * All before the chunks is bound to the first one (its additional data are their BLAKE2b hash).
 * A file that was cut shows in the missing TAG_FINAL. All calls block. */
#ifndef RESUS_BACKUPS_SEAL_H
#define RESUS_BACKUPS_SEAL_H

#include <stdint.h>

#include "backups/seal_key.h"
#include "base/attr.h"
#include "base/error.h"

#define SEAL_SLOTS_MAX MANIFEST_SEALED_FOR_MAX
#define SEAL_SUFFIX ".rs" /* behind the name of the file that is inside */
#define SEAL_CHUNK_BYTES 65536
#define SEAL_HEAD_MIN (16 + 88 + 24)
#define SEAL_HEAD_MAX (16 + 88 * SEAL_SLOTS_MAX + 24)

struct seal_sums {
    uint64_t plain_bytes, sealed_bytes;
    char plain_sha256[65], sealed_sha256[65];
};

/* What the head says; the sizes of the parts follow from `slots`. */
struct seal_head {
    size_t slots, bytes; /* of the head */
    char ids[SEAL_SLOTS_MAX][MANIFEST_KEY_ID_SIZE];
};

/* Seals the file `from` into the new file `to` (O_EXCL, 0600, synced); after a failure it is
 * removed. */
int seal_file(const char *from, const char *to, const struct seal_public *recipients, size_t count,
              struct seal_sums *ret, struct error *err) ATTR_MUST_USE;

/* -EBADMSG: not a sealed file, or of a newer version. -EAGAIN: `length` bytes are too few. */
int seal_head_read(const void *bytes, size_t length, struct seal_head *ret,
                   struct error *err) ATTR_MUST_USE;

/* Opens `from` into the new file `to` (O_EXCL, 0600, synced); after a failure it is removed.
 * -ENOKEY: it is sealed for others. -EBADMSG: damaged, cut or forged. `ret` may be NULL. */
int seal_open_file(const char *from, const char *to, const struct seal_secret *key,
                   struct seal_sums *ret, struct error *err) ATTR_MUST_USE;
/* The same between two descriptors: what was written before an error is not to be used. */
int seal_open(int from, int to, const struct seal_secret *key, struct seal_sums *ret,
              struct error *err) ATTR_MUST_USE;

#endif
