#include "backups/rdb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define READ_BYTES ((size_t)256 * 1024)

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static void free_hash(EVP_MD_CTX **hash)
{
    EVP_MD_CTX_free(*hash);
}

static void take(struct rdb_file *f, struct rdb_tail *tail, const char *bytes, size_t length)
{
    size_t seal = strlen(RDB_FILE_SEALED);
    if (f->bytes == 0 && length >= seal && memcmp(bytes, RDB_FILE_SEALED, seal) == 0)
        f->sealed = true;
    f->bytes += length;
    if (f->sealed)
        return;
    if (f->head_sound && rdb_head_feed(&f->head, bytes, length, &f->head_error) < 0)
        f->head_sound = false;
    rdb_tail_feed(tail, bytes, length);
}

static int read_through(int fd, const char *path, char *bytes, EVP_MD_CTX *hash, struct rdb_file *f,
                        struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    struct rdb_tail tail = {0};
    for (;;) {
        ssize_t n = read(fd, bytes, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(err, -errno, "cannot read %s", path);
        if (n == 0)
            break;
        if (EVP_DigestUpdate(hash, bytes, (size_t)n) != 1)
            return error_set(err, -EIO, "%s: SHA-256 failed", path);
        take(f, &tail, bytes, (size_t)n);
    }
    if (EVP_DigestFinal_ex(hash, digest, &length) != 1)
        return error_set(err, -EIO, "%s: SHA-256 failed", path);
    for (unsigned i = 0; i < length; i++)
        (void)str_append(f->sha256, sizeof f->sha256, "%02x", (unsigned)digest[i]);
    f->end = rdb_tail_end(&tail);
    if (f->head_sound && f->head.step != RDB_HEAD_DONE) {
        f->head_sound = false;
        (void)error_set(&f->head_error, -EBADMSG, "the file ends before its first key");
    }
    return 0;
}

int rdb_file_read(const char *path, struct rdb_file *ret, struct error *err)
{
    struct rdb_file f = {.head_sound = true};
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    ATTR_CLEANUP(mem_freep) char *bytes = mem_calloc(1, READ_BYTES);
    ATTR_CLEANUP(free_hash) EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (bytes == NULL || hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
        return error_set(err, -ENOMEM, "%s: out of memory", path);
    int r = read_through(fd, path, bytes, hash, &f, err);
    if (r == 0)
        *ret = f;
    return r;
}

int rdb_file_counts(const char *path, struct check_report *report, struct error *err)
{
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    for (size_t i = 0; i < report->database_count; i++) {
        unsigned char bytes[RDB_COUNTS_LENGTH_MAX];
        ssize_t n = 0;
        do
            n = pread(fd, bytes, sizeof bytes, report->offsets[i]);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return error_set_errno(err, -errno, "cannot read %s", path);
        if (rdb_counts_read(bytes, (size_t)n, &report->databases[i]) < 0)
            return error_set(err, -EBADMSG, "no key counts after database %lld",
                             (long long)report->databases[i].db);
    }
    return 0;
}
