#include "store/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/log.h"

/* "CRC LENGTH\n" and so many bytes of JSON; what stands after it is old. */
#define HEAD_BYTES 32
#define SPARE_SUFFIX ".new"
#define TEXT_MAX (KEPT_FILE_BYTES - HEAD_BYTES)

static unsigned crc_of(const char *text, size_t length)
{
    return (unsigned)crc32(0, (const unsigned char *)text, (unsigned)length);
}

static json_t *record_json(const struct recovery_record *r)
{
    json_t *o = json_object();
    (void)json_put_text(o, "service", r->service);
    (void)json_put_text(o, "id", r->id);
    (void)json_put_int(o, "started_ms", r->started_at.ms);
    (void)json_put(o, "duration_seconds", json_real(r->duration_seconds));
    (void)json_put_text(o, "cause", r->cause);
    (void)json_put_text(o, "level", r->level);
    (void)json_put_text(o, "result", r->result);
    (void)json_put_int(o, "attempts", r->attempts);
    (void)json_put_text(o, "message", r->message);
    return o;
}

static bool read_record(const json_t *o, struct recovery_record *r)
{
    *r = (struct recovery_record){.started_at = {json_int_or(o, "started_ms", 0)},
                                  .duration_seconds = json_real_or(o, "duration_seconds", -1),
                                  .attempts = (int)json_int_or(o, "attempts", 0)};
    (void)str_copy(r->service, sizeof r->service, json_text_or(o, "service", ""));
    (void)str_copy(r->id, sizeof r->id, json_text_or(o, "id", ""));
    (void)str_copy(r->cause, sizeof r->cause, json_text_or(o, "cause", ""));
    (void)str_copy(r->level, sizeof r->level, json_text_or(o, "level", ""));
    (void)str_copy(r->result, sizeof r->result, json_text_or(o, "result", ""));
    (void)str_copy(r->message, sizeof r->message, json_text_or(o, "message", ""));
    if (str_equal(r->result, "running"))
        (void)str_copy(r->result, sizeof r->result, "interrupted");
    return r->service[0] != '\0' && r->id[0] != '\0';
}

static void read_records(const char *text, size_t length, struct kept_recoveries *ret)
{
    JSON_CLEANUP json_t *all = json_loadb(text, length, 0, NULL);
    size_t i;
    json_t *one;
    json_array_foreach(all, i, one) {
        struct recovery_record record;
        if (read_record(one, &record))
            kept_recoveries_keep(ret, &record, i + 1);
    }
}

/* A new file has nothing in it. */
static void read_all(int fd, struct kept_recoveries *ret)
{
    char *bytes = mem_calloc(1, KEPT_FILE_BYTES + 1);
    unsigned crc = 0;
    size_t length = 0;
    char *rest;
    ssize_t got = bytes == NULL ? -1 : pread(fd, bytes, KEPT_FILE_BYTES, 0);
    if (got == KEPT_FILE_BYTES && bytes[0] != '\0') {
        crc = (unsigned)strtoul(bytes, &rest, 16);
        length = strtoul(rest, NULL, 10);
        if (length <= TEXT_MAX && crc_of(bytes + HEAD_BYTES, length) == crc)
            read_records(bytes + HEAD_BYTES, length, ret);
        else
            log_warning("store", "kept-recoveries is damaged: the recoveries in it are lost to the "
                                 "history; the audit log has them");
    }
    mem_free(bytes);
}

/* The file with its room on the disk, or a negative error. */
static int open_with_room(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int code = fd < 0 ? errno : posix_fallocate(fd, 0, KEPT_FILE_BYTES);
    if (code == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -code;
}

void kept_file_open(struct kept_file *f, const char *state_dir, struct kept_recoveries *ret)
{
    f->spare = -1;
    (void)str_format(f->path, sizeof f->path, "%s/kept-recoveries", state_dir);
    (void)str_format(f->spare_path, sizeof f->spare_path, "%s" SPARE_SUFFIX, f->path);
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        read_all(fd, ret);
        (void)close(fd);
    }
    int r = fd = open_with_room(f->path);
    if (fd >= 0) {
        (void)close(fd);
        r = f->spare = open_with_room(f->spare_path);
    }
    if (r < 0)
        log_warning(
            "store",
            "no room for %s (%s): a recovery that the disk refuses is lost to the history when "
            "Resus ends before the disk is back; the audit log has it",
            f->path, strerrordesc_np(-r));
}

void kept_file_close(struct kept_file *f)
{
    if (f->spare >= 0)
        (void)close(f->spare);
    f->spare = -1;
}

/* From the newest on, as many as fit. */
static json_t *newest_that_fit(const struct kept_recoveries *k)
{
    json_t *all = json_array();
    for (const struct kept_recovery *one = k->first; one != NULL; one = one->next)
        (void)json_array_append_new(all, record_json(&one->record));
    while (json_array_size(all) > 0 && json_dumpb(all, NULL, 0, JSON_COMPACT) > TEXT_MAX)
        (void)json_array_remove(all, 0);
    return all;
}

/* The spare is whole and on the disk: from now on it counts, and what counted is the spare. A file
 * system that cannot exchange names gets another spare, where there is room for one. */
static bool exchange(struct kept_file *f)
{
    struct error err = {0};
    bool done = renameat2(AT_FDCWD, f->spare_path, AT_FDCWD, f->path, RENAME_EXCHANGE) == 0 ||
                ((errno == EINVAL || errno == ENOSYS || errno == ENOENT) &&
                 rename(f->spare_path, f->path) == 0);
    if (!done)
        return false;
    kept_file_close(f);
    return file_sync_folder(f->path, &err) == 0;
}

bool kept_file_write(struct kept_file *f, const struct kept_recoveries *k)
{
    JSON_CLEANUP json_t *all = newest_that_fit(k);
    char *bytes = mem_calloc(1, KEPT_FILE_BYTES);
    if (f->spare < 0)
        f->spare = open_with_room(f->spare_path);
    if (f->spare < 0 || bytes == NULL || all == NULL) {
        kept_file_close(f);
        mem_free(bytes);
        return false;
    }
    size_t length = json_dumpb(all, bytes + HEAD_BYTES, TEXT_MAX, JSON_COMPACT);
    (void)snprintf(bytes, HEAD_BYTES, "%08x %zu\n", crc_of(bytes + HEAD_BYTES, length), length);
    size_t size = HEAD_BYTES + length;
    bool safe = pwrite(f->spare, bytes, size, 0) == (ssize_t)size && fdatasync(f->spare) == 0 &&
                exchange(f);
    mem_free(bytes);
    /* The next spare: what counted until now, with its room. */
    if (f->spare < 0)
        f->spare = open_with_room(f->spare_path);
    return safe && json_array_size(all) == k->count;
}
