/* Hostile bytes as an audit file: verify, walk, tail, report, and a start on top of it, after which
 * the file must end in sound lines. The last byte chooses whether the bytes come packed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/audit_file.h"
#include "store/audit_line.h"
#include "store/audit_report.h"
#include "store/audit_verify.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static char folder[] = "/dev/shm/resus-fuzz-audit-XXXXXX"; /* fsync is free there */
static char file[100], first[110], packed[120];

static void clean(void)
{
    (void)unlink(file);
    (void)unlink(first);
    (void)unlink(packed);
    (void)rmdir(folder);
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static bool each_walked(void *context, const json_t *line, const char *path, uint64_t number)
{
    (void)context;
    (void)path;
    if (!json_is_object(line) || number == 0)
        abort();
    return true;
}

static void each_tail(void *context, const json_t *line)
{
    (void)context;
    if (!json_is_object(line))
        abort();
}

static void start_on_top(void)
{
    struct audit_settings settings = {.max_size = 1 << 20, .backup_count = 2};
    struct audit_file f;
    struct error err;
    struct audit_line line = {.event = AUDIT_MAINTENANCE, .operation = "fuzz", .ssh_key_used = -1};
    struct buf body = BUF_LIMIT(AUDIT_LINE_MAX);
    (void)snprintf(settings.file, sizeof settings.file, "%s", file);
    if (audit_file_open(&f, &settings, &err) < 0 || audit_line_body(&line, &body) < 0)
        abort();
    audit_file_begin(&f);
    if (audit_file_add(&f, body.data, body.length) < 0 || audit_file_commit(&f, false, &err) < 0)
        abort();
    uint64_t seq = f.seq;
    audit_file_close(&f);
    if (audit_file_open(&f, &settings, &err) < 0 || f.seq != seq || f.note[0] != '\0')
        abort(); /* our own line is the head, and nothing is torn any more */
    audit_file_close(&f);
    buf_free(&body);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct error err;
    struct audit_link link;
    if (file[0] == '\0') {
        if (mkdtemp(folder) == NULL)
            abort();
        (void)snprintf(file, sizeof file, "%s/audit.log", folder);
        (void)snprintf(first, sizeof first, "%s.1", file);
        (void)snprintf(packed, sizeof packed, "%s.gz", first);
        (void)atexit(clean);
    }
    (void)audit_line_read((const char *)data, size, &link);
    bool gzip = size > 0 && data[size - 1] % 4 == 1;
    put(gzip ? packed : file, data, size);
    if (gzip)
        put(file, "", 0);
    struct audit_verdict verdict;
    struct audit_filter filter = {.result = -1, .intents = true, .user = "a"};
    json_t *report = NULL;
    (void)audit_verify(file, NULL, &verdict, &err);
    (void)audit_walk(file, &filter, each_walked, NULL, &err);
    (void)audit_tail(file, 10, each_tail, NULL, &err);
    filter.user = NULL;
    if (audit_report(file, &filter, NULL, &report, &err) == 0)
        json_decref(report);
    start_on_top();
    (void)unlink(packed);
    (void)unlink(file);
    return 0;
}
