#include "backups/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

struct block {
    char *bytes;
    size_t length;
};

struct spool {
    uv_work_t work; /* first; one at a time */
    uv_loop_t *loop;
    spool_ready *ready; /* NULL: closing */
    spool_closed *closed;
    void *context;
    size_t block_bytes;
    int64_t reserve_bytes;
    struct block filling, writing; /* `writing` is the worker's while `busy` */
    bool busy, keep, finishing;
    /* the worker's while `busy` */
    int fd;
    uint64_t expected, written;
    EVP_MD_CTX *hash;
    struct error failure; /* code 0 = none */
    char sha256[SPOOL_SHA256_SIZE];
    char path[];
};

static void free_spool(struct spool *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    EVP_MD_CTX_free(s->hash);
    mem_free(s->filling.bytes);
    mem_free(s->writing.bytes);
    mem_free(s);
}

/* --- on a worker --- */

static int check_room(struct spool *s, size_t length)
{
    struct statvfs disk;
    if (fstatvfs(s->fd, &disk) < 0)
        return error_set_errno(&s->failure, -errno, "cannot see how much room %s has", s->path);
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    uint64_t left = s->expected > s->written ? s->expected - s->written : 0;
    uint64_t wanted = left > length ? left : length;
    if (wanted + (uint64_t)s->reserve_bytes <= room)
        return 0;
    unsigned long long free_mib = room >> 20;
    unsigned long long reserve_mib = (uint64_t)s->reserve_bytes >> 20;
    unsigned long long wanted_mib = wanted >> 20;
    return error_set(&s->failure, -ENOSPC,
                     "the disk of %s has %llu MiB free, of which %llu MiB stay reserved, and %llu "
                     "MiB more are needed: remove old backups or enlarge it",
                     s->path, free_mib, reserve_mib, wanted_mib + 1);
}

static int write_block(struct spool *s)
{
    const char *p = s->writing.bytes;
    size_t left = s->writing.length;
    if (left == 0)
        return 0;
    int r = check_room(s, left);
    if (r < 0)
        return r;
    if (EVP_DigestUpdate(s->hash, p, left) != 1)
        return error_set(&s->failure, -EIO, "%s: SHA-256 failed", s->path);
    while (left > 0) {
        ssize_t n = write(s->fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(&s->failure, -errno, "cannot write %s", s->path);
        p += n;
        left -= (size_t)n;
    }
    /* The disk begins now, so that the fsync at the end has little left to wait for. */
    (void)sync_file_range(s->fd, (off_t)s->written, (off_t)s->writing.length,
                          SYNC_FILE_RANGE_WRITE);
    s->written += s->writing.length;
    return 0;
}

static void finish(struct spool *s)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (s->failure.code == 0 && s->keep) {
        if (fsync(s->fd) < 0)
            (void)error_set_errno(&s->failure, -errno, "cannot sync %s", s->path);
        else if (EVP_DigestFinal_ex(s->hash, digest, &length) != 1)
            (void)error_set(&s->failure, -EIO, "%s: SHA-256 failed", s->path);
    }
    if (s->failure.code < 0 || !s->keep) {
        (void)unlink(s->path);
        return;
    }
    for (unsigned i = 0; i < length; i++)
        (void)str_append(s->sha256, sizeof s->sha256, "%02x", (unsigned)digest[i]);
}

static void on_worker(uv_work_t *work)
{
    struct spool *s = (struct spool *)work;
    if (s->failure.code == 0 && (!s->finishing || s->keep))
        (void)write_block(s);
    if (s->finishing)
        finish(s);
}

/* --- on the loop --- */

static void on_written(uv_work_t *work, int status);

static void queue(struct spool *s)
{
    struct block full = s->filling;
    s->filling = s->writing;
    s->writing = full;
    s->filling.length = 0;
    s->busy = true;
    (void)uv_queue_work(s->loop, &s->work, on_worker,
                        on_written); /* fails only without callbacks */
}

static void on_written(uv_work_t *work, int status)
{
    struct spool *s = (struct spool *)work;
    (void)status;
    s->busy = false;
    if (s->finishing) {
        s->closed(s->context, s->sha256, s->failure.code < 0 ? &s->failure : NULL);
        free_spool(s);
        return;
    }
    if (s->ready == NULL) {
        s->finishing = true;
        queue(s);
        return;
    }
    if (s->failure.code == 0 && s->filling.length >= s->block_bytes)
        queue(s);
    s->ready(s->context, s->failure.code < 0 ? &s->failure : NULL);
}

int spool_new(uv_loop_t *loop, const char *path, size_t block_bytes, int64_t reserve_bytes,
              spool_ready *ready, void *context, struct spool **ret, struct error *err)
{
    size_t length = strlen(path) + 1;
    struct spool *s = mem_calloc(1, sizeof *s + length);
    if (s == NULL)
        return error_set(err, -ENOMEM, "%s: out of memory", path);
    memcpy(s->path, path, length);
    s->loop = loop;
    s->block_bytes = block_bytes;
    s->reserve_bytes = reserve_bytes;
    s->ready = ready;
    s->context = context;
    s->fd = -1;
    s->filling.bytes = mem_calloc(1, block_bytes + SPOOL_SLACK_BYTES);
    s->writing.bytes = mem_calloc(1, block_bytes + SPOOL_SLACK_BYTES);
    s->hash = EVP_MD_CTX_new();
    int r = 0;
    if (s->filling.bytes == NULL || s->writing.bytes == NULL || s->hash == NULL ||
        EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL) != 1)
        r = error_set(err, -ENOMEM, "%s: out of memory", path);
    if (r == 0) {
        s->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (s->fd < 0)
            r = error_set_errno(err, -errno, "cannot create %s", path);
    }
    if (r < 0)
        free_spool(s);
    else
        *ret = s;
    return r;
}

void spool_expect(struct spool *s, uint64_t bytes)
{
    if (!s->busy)
        s->expected = bytes;
}

int spool_add(struct spool *s, const void *bytes, size_t length, struct error *err)
{
    if (!s->busy && s->failure.code < 0)
        return error_set(err, s->failure.code, "%s", s->failure.text);
    if (s->filling.length + length > s->block_bytes + SPOOL_SLACK_BYTES)
        return error_set(err, -ENOBUFS, "%s: more than its two blocks hold", s->path);
    memcpy(s->filling.bytes + s->filling.length, bytes, length);
    s->filling.length += length;
    if (!s->busy && s->filling.length >= s->block_bytes)
        queue(s);
    return 0;
}

bool spool_full(const struct spool *s)
{
    return s->busy && s->filling.length >= s->block_bytes;
}

void spool_close(struct spool *s, bool keep, spool_closed *closed, void *context)
{
    s->keep = keep;
    s->closed = closed;
    s->context = context;
    s->ready = NULL;
    if (s->busy)
        return;
    s->finishing = true;
    queue(s);
}
