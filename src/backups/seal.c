#include "backups/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "backups/rdb_file.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

#define MAGIC RDB_FILE_SEALED
#define MAGIC_BYTES 8
#define FIXED_BYTES 16
#define ID_BYTES 8
#define BOX_BYTES (crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES)
#define SLOT_BYTES (ID_BYTES + BOX_BYTES)
#define STREAM_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define KEY_BYTES crypto_secretstream_xchacha20poly1305_KEYBYTES
#define CHUNK_EXTRA crypto_secretstream_xchacha20poly1305_ABYTES
#define FINAL crypto_secretstream_xchacha20poly1305_TAG_FINAL

_Static_assert(FIXED_BYTES + SLOT_BYTES + STREAM_BYTES == SEAL_HEAD_MIN, "as the header says");
_Static_assert(CHUNK_EXTRA == 17, "as the header says");

/* Both directions: the key, the data of one chunk, the sums. */
struct work {
    crypto_secretstream_xchacha20poly1305_state stream;
    unsigned char data_key[KEY_BYTES];
    unsigned char head[SEAL_HEAD_MAX], bound[crypto_generichash_BYTES];
    size_t head_bytes;
    unsigned char plain[SEAL_CHUNK_BYTES], sealed[SEAL_CHUNK_BYTES + CHUNK_EXTRA];
    EVP_MD_CTX *plain_sum, *sealed_sum;
    struct seal_sums sums;
};

static void free_workp(struct work **w)
{
    if (*w == NULL)
        return;
    EVP_MD_CTX_free((*w)->plain_sum);
    EVP_MD_CTX_free((*w)->sealed_sum);
    mem_wipe(*w, sizeof **w);
    mem_free(*w);
}

static int work_new(struct work **ret, struct error *err)
{
    struct work *w = mem_calloc(1, sizeof *w);
    *ret = w;
    if (sodium_init() < 0)
        return error_set(err, -EIO, "libsodium does not start");
    if (w == NULL || (w->plain_sum = EVP_MD_CTX_new()) == NULL ||
        (w->sealed_sum = EVP_MD_CTX_new()) == NULL ||
        EVP_DigestInit_ex(w->plain_sum, EVP_sha256(), NULL) != 1 ||
        EVP_DigestInit_ex(w->sealed_sum, EVP_sha256(), NULL) != 1)
        return error_set(err, -ENOMEM, "out of memory");
    return 0;
}

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void hex_of(EVP_MD_CTX *sum, char ret[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    ret[0] = '\0';
    if (EVP_DigestFinal_ex(sum, digest, &length) == 1 && length == 32)
        (void)sodium_bin2hex(ret, 65, digest, length);
}

static void finish_sums(struct work *w, struct seal_sums *ret)
{
    hex_of(w->plain_sum, w->sums.plain_sha256);
    hex_of(w->sealed_sum, w->sums.sealed_sha256);
    if (ret != NULL)
        *ret = w->sums;
}

/* Reads until `size` bytes or the end; the count, or a negative errno value. */
static ssize_t read_full(int fd, unsigned char *to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, to + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static void add_sealed(struct work *w, const unsigned char *bytes, size_t length)
{
    (void)EVP_DigestUpdate(w->sealed_sum, bytes, length);
    w->sums.sealed_bytes += length;
}

static void add_plain(struct work *w, size_t length)
{
    (void)EVP_DigestUpdate(w->plain_sum, w->plain, length);
    w->sums.plain_bytes += length;
}

static void bind_head(struct work *w)
{
    (void)crypto_generichash(w->bound, sizeof w->bound, w->head, w->head_bytes, NULL, 0);
}

/* ── sealing ── */

static int make_head(struct work *w, const struct seal_public *recipients, size_t count,
                     struct error *err)
{
    unsigned char *at = w->head;
    size_t length = 0;
    if (count == 0 || count > SEAL_SLOTS_MAX)
        return error_set(err, -EINVAL, "a backup is sealed for 1 to %d recipients", SEAL_SLOTS_MAX);
    crypto_secretstream_xchacha20poly1305_keygen(w->data_key);
    memcpy(at, MAGIC, MAGIC_BYTES);
    at[MAGIC_BYTES] = (unsigned char)count;
    at += FIXED_BYTES;
    for (size_t i = 0; i < count; i++, at += SLOT_BYTES)
        if (sodium_hex2bin(at, ID_BYTES, recipients[i].id, strlen(recipients[i].id), NULL, &length,
                           NULL) != 0 ||
            crypto_box_seal(at + ID_BYTES, w->data_key, KEY_BYTES, recipients[i].key) != 0)
            return error_set(err, -EINVAL, "the key %s cannot be sealed for", recipients[i].id);
    if (crypto_secretstream_xchacha20poly1305_init_push(&w->stream, at, w->data_key) != 0)
        return error_set(err, -EIO, "encryption does not start");
    w->head_bytes = (size_t)(at - w->head) + STREAM_BYTES;
    bind_head(w);
    return 0;
}

/* A chunk is the last one when the file ends in it: so a full one is looked behind. */
static int seal_chunks(struct work *w, int from, int to)
{
    unsigned char next[1];
    bool first = true;
    ssize_t held = 0;
    for (;;) {
        if (held > 0)
            w->plain[0] = next[0];
        ssize_t n = read_full(from, w->plain + held, SEAL_CHUNK_BYTES - (size_t)held);
        if (n < 0)
            return (int)n;
        size_t length = (size_t)(n + held);
        held = length < SEAL_CHUNK_BYTES ? 0 : read_full(from, next, 1);
        if (held < 0)
            return (int)held;
        add_plain(w, length);
        if (crypto_secretstream_xchacha20poly1305_push(
                &w->stream, w->sealed, NULL, w->plain, length, first ? w->bound : NULL,
                first ? sizeof w->bound : 0, held == 0 ? FINAL : 0) != 0)
            return -EIO;
        add_sealed(w, w->sealed, length + CHUNK_EXTRA);
        int r = file_write_all(to, w->sealed, length + CHUNK_EXTRA);
        if (r < 0 || held == 0)
            return r;
        first = false;
    }
}

int seal_file(const char *from, const char *to, const struct seal_public *recipients, size_t count,
              struct seal_sums *ret, struct error *err)
{
    ATTR_CLEANUP(free_workp) struct work *w = NULL;
    int r = work_new(&w, err);
    if (w == NULL)
        return r;
    r = make_head(w, recipients, count, err);
    if (r < 0)
        return r;
    ATTR_CLEANUP(close_fdp) int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return error_set_errno(err, -errno, "cannot open %s", from);
    ATTR_CLEANUP(close_fdp)
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return error_set_errno(err, -errno, "cannot create %s", to);
    add_sealed(w, w->head, w->head_bytes);
    r = file_write_all(out, w->head, w->head_bytes);
    if (r == 0)
        r = seal_chunks(w, in, out);
    if (r == 0 && fsync(out) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(to);
        return error_set_errno(err, r, "cannot seal %s", from);
    }
    finish_sums(w, ret);
    return 0;
}

/* ── opening ── */

int seal_head_read(const void *bytes, size_t length, struct seal_head *ret, struct error *err)
{
    static const unsigned char zeros[FIXED_BYTES - MAGIC_BYTES - 1];
    const unsigned char *at = bytes;
    if (length < FIXED_BYTES)
        return error_set(err, -EAGAIN, "too short for a sealed backup");
    if (memcmp(at, MAGIC, MAGIC_BYTES - 1) != 0)
        return error_set(err, -EBADMSG, "this is no sealed backup");
    if (memcmp(at, MAGIC, MAGIC_BYTES) != 0 ||
        memcmp(at + MAGIC_BYTES + 1, zeros, sizeof zeros) != 0)
        return error_set(err, -EBADMSG,
                         "the format is not the one that this Resus reads: use a newer one");
    struct seal_head h = {.slots = at[MAGIC_BYTES]};
    if (h.slots == 0 || h.slots > SEAL_SLOTS_MAX)
        return error_set(err, -EBADMSG, "damaged: sealed for %zu recipients", h.slots);
    h.bytes = FIXED_BYTES + h.slots * SLOT_BYTES + STREAM_BYTES;
    if (length < h.bytes)
        return error_set(err, -EAGAIN, "damaged: its head is cut");
    for (size_t i = 0; i < h.slots; i++)
        (void)sodium_bin2hex(h.ids[i], sizeof h.ids[i], at + FIXED_BYTES + i * SLOT_BYTES,
                             ID_BYTES);
    *ret = h;
    return 0;
}

static int read_head(struct work *w, int from, struct seal_head *head, struct error *err)
{
    ssize_t n = read_full(from, w->head, SEAL_HEAD_MIN);
    if (n < 0)
        return error_set_errno(err, (int)n, "cannot read it");
    struct error short_of = {0}; /* more slots than one: no error yet */
    int r = seal_head_read(w->head, (size_t)n, head, &short_of);
    size_t wanted = n < SEAL_HEAD_MIN || w->head[MAGIC_BYTES] > SEAL_SLOTS_MAX
                        ? 0
                        : FIXED_BYTES + w->head[MAGIC_BYTES] * SLOT_BYTES + STREAM_BYTES;
    if (r == -EAGAIN && wanted > SEAL_HEAD_MIN) {
        ssize_t more = read_full(from, w->head + n, wanted - (size_t)n);
        if (more < 0)
            return error_set_errno(err, (int)more, "cannot read it");
        n += more;
        r = seal_head_read(w->head, (size_t)n, head, &short_of);
    }
    w->head_bytes = (size_t)n;
    if (r == -EAGAIN)
        return error_set(err, -EBADMSG, "damaged: its head is cut");
    return r < 0 ? error_set(err, r, "%s", short_of.text) : 0;
}

static int open_slot(struct work *w, const struct seal_head *head, const struct seal_secret *key,
                     struct error *err)
{
    char list[SEAL_SLOTS_MAX * (MANIFEST_KEY_ID_SIZE + 2)] = "";
    for (size_t i = 0; i < head->slots; i++) {
        const unsigned char *box = w->head + FIXED_BYTES + i * SLOT_BYTES + ID_BYTES;
        (void)str_append(list, sizeof list, "%s%s", i == 0 ? "" : ", ", head->ids[i]);
        if (!str_equal(head->ids[i], key->public.id))
            continue;
        if (crypto_box_seal_open(w->data_key, box, BOX_BYTES, key->public.key, key->key) == 0)
            return 0;
        return error_set(err, -EBADMSG, "damaged: the slot of the key %s does not open",
                         key->public.id);
    }
    return error_set(err, -ENOKEY, "the key %s does not open it: it is sealed for %s",
                     key->public.id, list);
}

static int open_chunks(struct work *w, int from, int to, struct error *err)
{
    for (bool first = true;; first = false) {
        unsigned char tag = 0;
        unsigned long long length = 0;
        ssize_t n = read_full(from, w->sealed, sizeof w->sealed);
        if (n < 0)
            return error_set_errno(err, (int)n, "cannot read it");
        add_sealed(w, w->sealed, (size_t)n);
        if (n < (ssize_t)CHUNK_EXTRA)
            return error_set(err, -EBADMSG, "damaged: its end is missing");
        if (crypto_secretstream_xchacha20poly1305_pull(
                &w->stream, w->plain, &length, &tag, w->sealed, (unsigned long long)n,
                first ? w->bound : NULL, first ? sizeof w->bound : 0) != 0)
            return error_set(err, -EBADMSG, "damaged or forged, behind %llu bytes",
                             (unsigned long long)w->sums.plain_bytes);
        add_plain(w, (size_t)length);
        int r = file_write_all(to, w->plain, (size_t)length);
        if (r < 0)
            return error_set_errno(err, r, "cannot write it");
        if (tag == FINAL)
            break;
        if (n < (ssize_t)sizeof w->sealed)
            return error_set(err, -EBADMSG, "damaged: its end is missing");
    }
    if (read_full(from, w->sealed, 1) != 0)
        return error_set(err, -EBADMSG, "damaged: something follows its end");
    return 0;
}

int seal_open(int from, int to, const struct seal_secret *key, struct seal_sums *ret,
              struct error *err)
{
    ATTR_CLEANUP(free_workp) struct work *w = NULL;
    struct seal_head head = {0};
    int r = work_new(&w, err);
    if (w == NULL)
        return r;
    r = read_head(w, from, &head, err);
    if (r == 0)
        r = open_slot(w, &head, key, err);
    if (r < 0)
        return r;
    add_sealed(w, w->head, w->head_bytes);
    bind_head(w);
    if (crypto_secretstream_xchacha20poly1305_init_pull(
            &w->stream, w->head + w->head_bytes - STREAM_BYTES, w->data_key) != 0)
        return error_set(err, -EBADMSG, "damaged: the head of its data is wrong");
    r = open_chunks(w, from, to, err);
    if (r == 0)
        finish_sums(w, ret);
    return r;
}

int seal_open_file(const char *from, const char *to, const struct seal_secret *key,
                   struct seal_sums *ret, struct error *err)
{
    ATTR_CLEANUP(close_fdp) int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return error_set_errno(err, -errno, "cannot open %s", from);
    ATTR_CLEANUP(close_fdp)
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return error_set_errno(err, -errno, "cannot create %s", to);
    int r = seal_open(in, out, key, ret, err);
    if (r < 0)
        (void)error_prefix(err, "%s", from);
    else if (fsync(out) < 0)
        r = error_set_errno(err, -errno, "cannot sync %s", to);
    if (r < 0)
        (void)unlink(to);
    return r;
}
