#include "copies/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "copies/store_kind.h"
#include "io/file.h"

static const struct copy_store_kind *const kinds[] = {
    [COPY_FOLDER] = &copy_store_folder, [COPY_SFTP] = &copy_store_sftp, [COPY_S3] = &copy_store_s3};
static_assert(ARRAY_LENGTH(kinds) == COPY_TYPE_COUNT, "a kind for every type");

static void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

int copy_store_open(const struct copy_options *options, struct copy_store **ret, struct error *err)
{
    const struct copy_store_kind *kind = kinds[options->target->type];
    struct copy_store *s = mem_calloc(1, kind->size);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->kind = kind;
    s->options = *options;
    int r = kind->open(s, err);
    if (r < 0) {
        copy_store_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void copy_store_close(struct copy_store *s)
{
    if (s == NULL)
        return;
    s->kind->close(s);
    mem_free(s);
}

const char *copy_store_note(const struct copy_store *s)
{
    return s->note;
}

int copy_ids_add(struct copy_ids *ids, const char *id, struct error *err)
{
    if (ids->ids == NULL)
        ids->ids = mem_calloc(COPY_IDS_MAX, sizeof ids->ids[0]);
    if (ids->ids == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (ids->count == COPY_IDS_MAX)
        return error_set(err, -EFBIG, "there are more than %d copies: remove old ones",
                         COPY_IDS_MAX);
    (void)str_copy(ids->ids[ids->count++], sizeof ids->ids[0], id);
    return 0;
}

int copy_store_list(struct copy_store *s, enum backup_kind kind, struct copy_ids *ret,
                    struct error *err)
{
    struct copy_ids ids = {0};
    int r = s->kind->list(s, kind, &ids, err);
    if (r < 0)
        mem_free(ids.ids);
    else
        *ret = ids;
    return r;
}

int copy_store_remove(struct copy_store *s, const struct copy_place *at, struct error *err)
{
    return s->kind->remove(s, at, err);
}

/* ── sums ── */

static int sum_begin(EVP_MD_CTX **sum, struct error *err)
{
    if (*sum == NULL)
        *sum = EVP_MD_CTX_new();
    if (*sum == NULL || EVP_DigestInit_ex(*sum, EVP_sha256(), NULL) != 1)
        return error_set(err, -ENOMEM, "SHA-256 failed");
    return 0;
}

static void hex_of(EVP_MD_CTX *sum, char ret[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    ret[0] = '\0';
    if (EVP_DigestFinal_ex(sum, digest, &length) == 1)
        for (unsigned i = 0; i < length; i++)
            (void)str_append(ret, 65, "%02x", (unsigned)digest[i]);
}

static bool sum_is(EVP_MD_CTX *sum, const char *wanted)
{
    char text[65];
    hex_of(sum, text);
    return str_equal(text, wanted);
}

static void alive(const struct copy_store *s)
{
    if (s->options.alive != NULL)
        s->options.alive();
}

/* ── out ── */

static ssize_t read_some(const struct copy_source *from, void *to, size_t size)
{
    uint64_t left = from->size - from->at;
    size_t want = left < size ? (size_t)left : size;
    if (from->fd < 0) {
        memcpy(to, from->bytes + from->at, want);
        return (ssize_t)want;
    }
    for (;;) {
        ssize_t n = read(from->fd, to, want);
        if (n >= 0 || errno != EINTR)
            return n < 0 ? -errno : n;
    }
}

static int damaged(struct copy_source *from)
{
    return error_set(&from->error, -EBADMSG,
                     "the backup on this machine is damaged: its SHA-256 is not the one of the "
                     "manifest. It is not copied; resus backup verify says more");
}

ssize_t copy_source_read(struct copy_source *from, void *to, size_t size)
{
    alive(from->store);
    if (from->at == from->size)
        return 0;
    ssize_t n = read_some(from, to, size);
    if (n < 0)
        return error_set_errno(&from->error, (int)n, "cannot read the backup on this machine");
    if (n == 0)
        return damaged(from);
    from->at += (uint64_t)n;
    if (EVP_DigestUpdate(from->sum, to, (size_t)n) != 1)
        return error_set(&from->error, -EIO, "SHA-256 failed");
    /* Before the last bytes leave: a place must not hold what the manifest does not promise. */
    if (from->at == from->size && from->sha256[0] != '\0' && !sum_is(from->sum, from->sha256))
        return damaged(from);
    return n;
}

int copy_source_rewind(struct copy_source *from)
{
    from->at = 0;
    if (from->fd >= 0 && lseek(from->fd, 0, SEEK_SET) < 0)
        return error_set_errno(&from->error, -errno, "cannot read the backup on this machine");
    return sum_begin(&from->sum, &from->error);
}

static int put(struct copy_store *s, const struct copy_place *at, const char *name,
               struct copy_source *from, struct error *err)
{
    from->store = s;
    int r = copy_source_rewind(from);
    if (r < 0)
        (void)error_set(err, r, "%s", from->error.text);
    else
        r = s->kind->put(s, at, name, from, err);
    EVP_MD_CTX_free(from->sum);
    return r;
}

int copy_store_put_file(struct copy_store *s, const struct copy_place *at, const char *name,
                        const char *path, const struct manifest_file *file, struct error *err)
{
    struct stat st;
    ATTR_CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    struct copy_source from = {.fd = fd, .size = (uint64_t)file->bytes};
    if (st.st_size != file->bytes) {
        int r = damaged(&from);
        *err = from.error;
        return r;
    }
    (void)str_copy(from.sha256, sizeof from.sha256, file->sha256);
    return put(s, at, name, &from, err);
}

int copy_store_put_text(struct copy_store *s, const struct copy_place *at, const char *name,
                        const struct buf *text, struct error *err)
{
    struct copy_source from = {.fd = -1, .bytes = text->data, .size = text->length};
    int r = sum_begin(&from.sum, err);
    if (r < 0)
        return r;
    (void)EVP_DigestUpdate(from.sum, text->data, text->length);
    hex_of(from.sum, from.sha256);
    return put(s, at, name, &from, err);
}

/* ── in ── */

int copy_sink_take(struct copy_sink *to, const void *bytes, size_t length)
{
    alive(to->store);
    if (length > to->limit - to->at)
        return error_set(&to->error, -EFBIG, "it is larger than %llu bytes",
                         (unsigned long long)to->limit);
    to->at += length;
    if (to->fd < 0) {
        int r = buf_append(to->text, bytes, length);
        return r < 0 ? error_set_errno(&to->error, r, "cannot keep it") : 0;
    }
    if (EVP_DigestUpdate(to->sum, bytes, length) != 1)
        return error_set(&to->error, -EIO, "SHA-256 failed");
    int r = file_write_all(to->fd, bytes, length);
    return r < 0 ? error_set_errno(&to->error, r, "cannot write it here") : 0;
}

int copy_store_get_text(struct copy_store *s, const struct copy_place *at, const char *name,
                        struct buf *text, struct error *err)
{
    struct copy_sink to = {.fd = -1, .text = text, .limit = text->limit, .store = s};
    return s->kind->get(s, at, name, &to, err);
}

int copy_store_get_file(struct copy_store *s, const struct copy_place *at, const char *name,
                        const char *path, const struct manifest_file *file, struct error *err)
{
    struct copy_sink to = {.limit = (uint64_t)file->bytes, .store = s};
    ATTR_CLEANUP(close_fdp)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, -errno, "cannot create %s", path);
    to.fd = fd;
    int r = sum_begin(&to.sum, err);
    if (r == 0)
        r = s->kind->get(s, at, name, &to, err);
    if (r == 0 && (to.at != (uint64_t)file->bytes || !sum_is(to.sum, file->sha256)))
        r = error_set(err, -EBADMSG,
                      "the copy of %s is damaged: its size or SHA-256 is not the one of the "
                      "manifest. Use another copy or another backup",
                      at->id);
    EVP_MD_CTX_free(to.sum);
    if (r == 0 && fsync(fd) < 0)
        r = error_set_errno(err, -errno, "cannot sync %s", path);
    if (r < 0)
        (void)unlink(path);
    return r;
}
