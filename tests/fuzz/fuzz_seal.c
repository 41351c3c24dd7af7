/* A sealed backup. The first byte says what the others are: 0, a file as it is; 1, data that are
 * sealed here, opened again, and have to be the same; else a place and a bit of a sound file, which
 * must be refused with that bit turned. Keys as text run on all of them. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backups/seal.h"
#include "base/mem.h"
#include "io/file.h"
#include "support.h"

#define SECRET                                                                                     \
    "resus-secret-key-1 07c07e71ab8f6eb9a1bce0a3ade91eff9f0c0e5786888e6b90c7691662a5cc0f818a0318"
#define SOUND "sound enough"

static int file_of(const void *bytes, size_t length)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    PROMISE(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* Into `ret`, which has room for all of it. */
static int open_bytes(const void *bytes, size_t length, const struct seal_secret *key,
                      struct buf *ret)
{
    struct error err = {0};
    struct seal_sums sums;
    int from = file_of(bytes, length);
    int to = file_of("", 0);
    int r = seal_open(from, to, key, &sums, &err);
    PROMISE(r == 0 || (r == err.code && err.text[0] != '\0'));
    char *room = mem_must(mem_calloc(1, length + 1));
    ssize_t got = pread(to, room, length + 1, 0);
    PROMISE(got >= 0 && (size_t)got <= length);
    if (r == 0) {
        PROMISE(sums.plain_bytes == (uint64_t)got && sums.sealed_bytes == length);
        PROMISE(buf_append(ret, room, (size_t)got) == 0);
    }
    mem_free(room);
    (void)close(from);
    (void)close(to);
    return r;
}

static void seal_bytes(struct input in, const struct seal_public *for_whom, struct buf *ret)
{
    char from[64];
    char to[64];
    struct seal_sums sums;
    (void)snprintf(from, sizeof from, "/dev/shm/fuzz-seal-%d.plain", (int)getpid());
    (void)snprintf(to, sizeof to, "/dev/shm/fuzz-seal-%d.rs", (int)getpid());
    (void)unlink(from);
    (void)unlink(to);
    PROMISE(file_write_atomic(from, in.at, in.left, 0600, NULL) == 0);
    PROMISE(seal_file(from, to, for_whom, 1, &sums, NULL) == 0);
    PROMISE(file_read(to, ret, NULL) == 0 && ret->length == sums.sealed_bytes);
    (void)unlink(from);
    (void)unlink(to);
}

static void check_texts(struct input in)
{
    struct seal_public public;
    struct seal_secret secret;
    char text[SEAL_KEY_TEXT_SIZE];
    struct error err = {0};
    char *line = input_text(in);
    if (seal_public_parse(line, &public, &err) == 0) {
        seal_public_text(&public, text);
        PROMISE(seal_public_parse(text, &public, NULL) == 0);
    } else {
        PROMISE(err.text[0] != '\0');
    }
    if (seal_secret_parse(line, &secret, &err) == 0) {
        seal_secret_text(&secret, text);
        PROMISE(seal_secret_parse(text, &secret, NULL) == 0);
    }
    mem_free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seal_secret key;
    struct buf sealed = BUF_LIMIT((size_t)8 << 20);
    struct buf opened = BUF_LIMIT((size_t)8 << 20);
    if (size == 0)
        return 0;
    struct input in = input_of(data + 1, size - 1);
    PROMISE(seal_secret_parse(SECRET, &key, NULL) == 0);
    check_texts(in);
    if (data[0] == 0) {
        (void)open_bytes(in.at, in.left, &key, &opened);
    } else if (data[0] == 1) {
        seal_bytes(in, &key.public, &sealed);
        PROMISE(open_bytes(sealed.data, sealed.length, &key, &opened) == 0);
        PROMISE(opened.length == in.left &&
                (in.left == 0 || memcmp(opened.data, in.at, in.left) == 0));
    } else if (in.left >= 2) {
        size_t at = (size_t)data[1] << 8 | data[2];
        seal_bytes(input_of((const uint8_t *)SOUND, strlen(SOUND)), &key.public, &sealed);
        sealed.data[at % sealed.length] ^= (char)(1 << data[0] % 8);
        PROMISE(open_bytes(sealed.data, sealed.length, &key, &opened) < 0);
    }
    buf_free(&sealed);
    buf_free(&opened);
    return 0;
}
