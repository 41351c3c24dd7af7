/* Hostile bytes as an audit file on the disk: verify, walk, tail, report, or a start on top of it,
 * after which the file must end in sound lines. One of them each time, for they open hundreds of
 * files; fuzz_audit_reader.c looks at the bytes alone. The first byte says which one, whether the
 * lines are sealed into a chain before, and whether the bytes are those of a packed file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/audit_file.h"
#include "store/audit_line.h"
#include "store/audit_report.h"
#include "store/audit_verify.h"
#include "support.h"

#define FILE_MAX ((size_t)16 << 20)

enum { DO_VERIFY, DO_WALK, DO_TAIL, DO_REPORT, DO_START, DO_COUNT };

static char file[128], first[136], packed[144];

static bool each_walked(void *context, const json_t *line, const char *path, uint64_t number)
{
    (void)context, (void)path;
    PROMISE(json_is_object(line) && number > 0);
    return true;
}

static void each_tail(void *context, const json_t *line)
{
    (void)context;
    PROMISE(json_is_object(line));
}

static void start_on_top(void)
{
    struct audit_settings settings = {.max_size = 1 << 20, .backup_count = 2};
    struct audit_file f;
    struct error err;
    struct audit_line line = {.event = AUDIT_MAINTENANCE, .operation = "fuzz", .ssh_key_used = -1};
    struct buf body = BUF_LIMIT(AUDIT_LINE_MAX);
    (void)str_copy(settings.file, sizeof settings.file, file);
    PROMISE(audit_file_set(&f, &settings, &err) == 0 && audit_file_open(&f, &err) == 0 &&
            audit_line_body(&line, &body) == 0);
    audit_file_begin(&f);
    PROMISE(audit_file_add(&f, body.data, body.length) == 0);
    PROMISE(audit_file_commit(&f, false, &err) == 0);
    uint64_t seq = f.seq;
    audit_file_close(&f);
    /* Our own line is the head, and no line is torn now. */
    PROMISE(audit_file_set(&f, &settings, &err) == 0 && audit_file_open(&f, &err) == 0 &&
            f.seq == seq && f.note[0] == '\0');
    audit_file_close(&f);
    buf_free(&body);
}

static void look(int deed)
{
    struct error err;
    struct audit_verdict verdict;
    struct audit_filter filter = {.result = -1, .intents = true, .user = "a"};
    json_t *report = NULL;
    switch (deed) {
    case DO_VERIFY:
        (void)!audit_verify(file, NULL, &verdict, &err);
        break;
    case DO_WALK:
        (void)!audit_walk(file, &filter, each_walked, NULL, &err);
        break;
    case DO_TAIL:
        (void)!audit_tail(file, 10, each_tail, NULL, &err);
        break;
    case DO_REPORT:
        filter.user = NULL;
        if (audit_report(file, &filter, NULL, &report, &err) == 0)
            json_decref(report);
        break;
    default:
        start_on_top();
        break;
    }
}

static void seal(struct input in, struct buf *out)
{
    char hash[AUDIT_HASH_SIZE] = AUDIT_HASH_NONE;
    for (uint64_t seq = 1; in.left > 0; seq++) {
        struct input body = input_until(&in, '\n');
        char prev[AUDIT_HASH_SIZE];
        memcpy(prev, hash, sizeof prev);
        PROMISE(audit_line_seal(body.at, body.left, seq, prev, out, hash) == 0);
        PROMISE(buf_append(out, "\n", 1) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf sealed = BUF_LIMIT(FILE_MAX);
    uint8_t mode = input_byte(&in);
    if (file[0] == '\0') {
        (void)fuzz_path("audit.log", file);
        (void)snprintf(first, sizeof first, "%s.1", file);
        (void)snprintf(packed, sizeof packed, "%s.gz", first);
    }
    bool gzip = mode % 4 == 3;
    if (mode % 4 == 1) {
        seal(in, &sealed);
        in = (struct input){sealed.data, sealed.length};
    }
    fuzz_write(gzip ? packed : file, in.at, in.left);
    if (gzip)
        fuzz_write(file, "", 0);
    look(mode / 4 % DO_COUNT);
    (void)unlink(packed);
    (void)unlink(first);
    (void)unlink(file);
    buf_free(&sealed);
    return 0;
}
