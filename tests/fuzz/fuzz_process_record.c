/* The record of a Redis that Resus started, written by whoever can write to its folder. The first
 * byte says what follows: even, the whole record; odd, its line alone, with this boot's id behind
 * it. */
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "host/process_run.h"
#include "support.h"

static void boot_id(struct buf *out)
{
    char id[64];
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    PROMISE(f != NULL && fgets(id, sizeof id, f) != NULL);
    (void)fclose(f);
    PROMISE(buf_printf(out, "\n%s", id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct process_files files;
    char folder[128];
    struct input in = input_of(data, size);
    struct buf record = BUF_LIMIT((size_t)4 << 20);
    bool line = input_byte(&in) % 2 == 1;
    pid_t pid = -1;
    int pidfd = -1;
    if (files.pid[0] == '\0') {
        struct process_settings process = {0};
        (void)str_copy(process.directory, sizeof process.directory, fuzz_path("", folder));
        (void)str_copy(process.records, sizeof process.records, folder);
        process_files_set(&files, &process, "/usr/bin/redis-server", geteuid(), "redis");
    }
    PROMISE(buf_append(&record, in.at, in.left) == 0);
    if (line)
        boot_id(&record);
    fuzz_write(files.pid, record.data, record.length);
    int r = process_adopt(&files, &pid, &pidfd);
    PROMISE(r < 0 ? pidfd == -1 : pid > 1 && pidfd >= 0);
    PROMISE(pid >= 0);
    if (r == 0)
        (void)close(pidfd);
    process_forget(&files);
    buf_free(&record);
    return 0;
}
