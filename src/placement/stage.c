#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "placement/crc64.h"
#include "placement/folder.h"
#include "placement/sha256.h"
#include "placement/staged.h"

#define MAGIC_LENGTH 9
#define TAIL_LENGTH 9 /* 0xFF and the CRC-64 */
#define FILE_MODE 0640

void staged_name(const char *id, bool part, char to[STAGED_NAME_SIZE])
{
    (void)snprintf(to, STAGED_NAME_SIZE, STAGED_PREFIX "%.20s.%s", id, part ? "part" : "rdb");
}

/* What is known of the bytes so far. */
struct passing {
    struct sha256 sha;
    uint64_t bytes, crc; /* the CRC of all but the last eight */
    unsigned char first[MAGIC_LENGTH], tail[TAIL_LENGTH];
    unsigned char block[PLACEMENT_BLOCK];
};

static void pass(struct passing *p, const unsigned char *bytes, size_t length)
{
    unsigned char both[2 * TAIL_LENGTH];
    sha256_add(&p->sha, bytes, length);
    for (size_t i = 0; i < length && p->bytes + i < MAGIC_LENGTH; i++)
        p->first[p->bytes + i] = bytes[i];
    /* The last eight bytes before are in the CRC once more bytes follow. */
    size_t held = p->bytes < 8 ? (size_t)p->bytes : 8;
    memcpy(both, p->tail + TAIL_LENGTH - held, held);
    if (held + length > 8) {
        size_t old = held + length - 8 < held ? held + length - 8 : held;
        p->crc = crc64(p->crc, both, old);
        if (length > 8)
            p->crc = crc64(p->crc, bytes, length - 8);
    }
    if (length >= TAIL_LENGTH) {
        memcpy(p->tail, bytes + length - TAIL_LENGTH, TAIL_LENGTH);
    } else {
        memmove(p->tail, p->tail + length, TAIL_LENGTH - length);
        memcpy(p->tail + TAIL_LENGTH - length, bytes, length);
    }
    p->bytes += length;
}

static enum placement_result judge(const struct folder *f, struct passing *p,
                                   const struct placement_stage *stage)
{
    uint64_t crc = 0;
    char hex[65];
    sha256_end(&p->sha, hex);
    if (p->bytes != stage->bytes)
        return refuse(f, PLACEMENT_DAMAGED, "%llu bytes came, %llu were announced",
                      (unsigned long long)p->bytes, (unsigned long long)stage->bytes);
    if (strcmp(hex, stage->sha256) != 0)
        return refuse(f, PLACEMENT_DAMAGED, "the SHA-256 differs: %s came, %s was announced", hex,
                      stage->sha256);
    if (p->bytes < MAGIC_LENGTH + TAIL_LENGTH ||
        (memcmp(p->first, "REDIS0", 6) != 0 && memcmp(p->first, "VALKEY0", 7) != 0))
        return refuse(f, PLACEMENT_DAMAGED, "this is not an RDB file");
    memcpy(&crc, p->tail + 1, sizeof crc);
    if (p->tail[0] != 0xff || (crc != 0 && le64toh(crc) != p->crc))
        return refuse(f, PLACEMENT_DAMAGED, "the RDB file is damaged: its end or its CRC is wrong");
    return PLACEMENT_OK;
}

static enum placement_result copy(const struct folder *f, int fd, struct passing *p,
                                  const struct placement_stage *stage)
{
    for (;;) {
        uint64_t left = stage->bytes - p->bytes;
        int64_t n = stage->source(stage->context, p->block,
                                  left < sizeof p->block ? (size_t)left + 1 : sizeof p->block);
        if (n == 0)
            return judge(f, p, stage);
        errno = n < 0 ? (int)-n : 0;
        if (n < 0)
            return failed(f, "read what is to become", "the staged backup");
        if ((uint64_t)n > left)
            return refuse(f, PLACEMENT_DAMAGED, "more bytes came than the %llu that were announced",
                          (unsigned long long)stage->bytes);
        for (size_t done = 0; done < (size_t)n;) {
            ssize_t w = write(fd, p->block + done, (size_t)n - done);
            if (w < 0)
                return failed(f, "write", "the staged backup");
            done += (size_t)w;
        }
        pass(p, p->block, (size_t)n);
    }
}

static enum placement_result remove_staged(void *context, const char *name)
{
    const struct folder *f = context;
    if (strncmp(name, STAGED_PREFIX, strlen(STAGED_PREFIX)) != 0)
        return PLACEMENT_OK;
    return remove_file(f, f->fd, name);
}

static enum placement_result check_room(const struct folder *f, const struct placement_stage *stage)
{
    struct statvfs v;
    if (stage->bytes > f->place->bytes_max)
        return refuse(f, PLACEMENT_NO_ROOM, "the backup has %llu bytes, %llu are allowed",
                      (unsigned long long)stage->bytes, (unsigned long long)f->place->bytes_max);
    if (fstatvfs(f->fd, &v) < 0)
        return failed(f, "ask for the free space of", "the disk");
    uint64_t available = (uint64_t)v.f_bavail * v.f_frsize;
    if (stage->bytes > available || available - stage->bytes < f->place->reserve_bytes)
        return refuse(f, PLACEMENT_NO_ROOM,
                      "the backup has %llu bytes, %llu are free on the disk of %s and %llu have to "
                      "stay free",
                      (unsigned long long)stage->bytes, (unsigned long long)available,
                      f->place->dir, (unsigned long long)f->place->reserve_bytes);
    return PLACEMENT_OK;
}

static enum placement_result stage_in(const struct folder *f, const struct placement_stage *stage,
                                      const char *id)
{
    char part[STAGED_NAME_SIZE];
    char name[STAGED_NAME_SIZE];
    staged_name(id, true, part);
    staged_name(id, false, name);
    enum placement_result r = each_file(f, f->fd, remove_staged, (void *)(uintptr_t)f);
    if (r == PLACEMENT_OK)
        r = check_room(f, stage);
    if (r != PLACEMENT_OK)
        return r;
    struct passing *passing = calloc(1, sizeof *passing);
    int fd =
        passing == NULL
            ? -1
            : openat(f->fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        r = failed(f, "make", part);
        free(passing);
        return r;
    }
    sha256_begin(&passing->sha);
    r = copy(f, fd, passing, stage);
    free(passing);
    if (r == PLACEMENT_OK && fsync(fd) < 0)
        r = failed(f, "sync", part);
    if (close(fd) < 0 && r == PLACEMENT_OK)
        r = failed(f, "write", part);
    if (r == PLACEMENT_OK)
        r = move_over(f, f->fd, part, f->fd, name);
    else
        (void)unlinkat(f->fd, part, 0);
    /* Now, while Redis still runs, and not when it was stopped. */
    if (r == PLACEMENT_OK && kind_of(f->fd, name) != KIND_FILE) {
        (void)unlinkat(f->fd, name, 0);
        r = refuse(f, PLACEMENT_UNSAFE,
                   "a file made in %s is on another disk than its folder, as on an overlay: put "
                   "the data folder on a disk of its own",
                   f->place->dir);
    }
    return r == PLACEMENT_OK ? sync_folder(f, f->fd) : r;
}

enum placement_result placement_stage(const struct placement_place *place,
                                      const struct placement_stage *stage, const char *id,
                                      struct placement_error *err)
{
    struct folder f;
    enum placement_result r = folder_open(place, &f, err);
    if (r != PLACEMENT_OK)
        return r;
    r = placement_id_valid(id) ? stage_in(&f, stage, id)
                               : refuse(&f, PLACEMENT_USAGE, "this is not an id: %.30s", id);
    folder_close(&f);
    return r;
}

enum placement_result placement_drop(const struct placement_place *place, const char *id,
                                     struct placement_error *err)
{
    struct folder f;
    char name[STAGED_NAME_SIZE];
    enum placement_result r = folder_open(place, &f, err);
    if (r != PLACEMENT_OK)
        return r;
    staged_name(id, false, name);
    r = placement_id_valid(id) ? remove_file(&f, f.fd, name)
                               : refuse(&f, PLACEMENT_USAGE, "this is not an id: %.30s", id);
    folder_close(&f);
    return r;
}
