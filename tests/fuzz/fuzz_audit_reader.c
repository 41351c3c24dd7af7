/* An audit file, plain or packed, line by line, without a file system: what the reader gives, how
 * a line is judged, and what a filter lets through. The first byte says how it is made: even, the
 * bytes are the file; odd, each line is sealed into a chain, which must then be found sound. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/audit_line.h"
#include "store/audit_read.h"
#include "support.h"

#define FILE_MAX ((size_t)16 << 20)

/* Lines that fit, each with its place in the chain. Their number. */
static uint64_t seal(struct input in, struct buf *out)
{
    char hash[AUDIT_HASH_SIZE] = AUDIT_HASH_NONE;
    uint64_t count = 0;
    while (in.left > 0) {
        struct input body = input_until(&in, '\n');
        char prev[AUDIT_HASH_SIZE];
        struct buf line = BUF_LIMIT(AUDIT_LINE_MAX);
        (void)str_copy(prev, sizeof prev, hash);
        /* 1F 8B would be a packed file. */
        if (body.left > 0 && body.at[0] != 0x1F &&
            audit_line_seal(body.at, body.left, count + 1, prev, &line, hash) == 0) {
            count++;
            PROMISE(buf_append(out, line.data, line.length) == 0 && buf_append(out, "\n", 1) == 0);
        } else {
            (void)str_copy(hash, sizeof hash, prev);
        }
        buf_free(&line);
    }
    return count;
}

static void judge(const char *text, size_t length)
{
    static const struct audit_filter filters[] = {
        {.result = -1},
        {.result = 1, .user = "a", .operation = "restart"},
        {.result = 0, .intents = true, .service = "redis"},
        {.result = -1, .since = {1760000000000}, .until = {1900000000000}},
    };
    struct audit_link link;
    char *copy = input_text((struct input){text, length});
    enum audit_flaw flaw = audit_line_read(copy, length, &link);
    PROMISE(flaw < AUDIT_FLAW_COUNT);
    PROMISE(flaw == AUDIT_FLAW_NONE || audit_flaw_text(flaw)[0] != '\0');
    JSON_CLEANUP json_t *line = json_loadb(copy, length, JSON_READ_FLAGS, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(filters) && json_is_object(line); i++)
        (void)audit_filter_passes(&filters[i], line);
    mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf made = BUF_LIMIT(FILE_MAX);
    struct audit_reader *reader = NULL;
    struct error err = {0};
    struct audit_source source = {.fd = memfd_create("audit", MFD_CLOEXEC)};
    bool is_sealed = input_byte(&in) % 2 == 1;
    uint64_t count = 0, sealed = is_sealed ? seal(in, &made) : 0;
    if (is_sealed)
        in = (struct input){made.data, made.length};
    PROMISE(source.fd >= 0 && write(source.fd, in.at, in.left) == (ssize_t)in.left);
    PROMISE(lseek(source.fd, 0, SEEK_SET) == 0);
    PROMISE(audit_reader_open(&source, &reader, &err) == 0);
    const char *text = NULL;
    size_t length = 0;
    for (enum audit_read kind = AUDIT_READ_LINE; kind != AUDIT_READ_END;) {
        kind = audit_reader_next(reader, &text, &length, &err);
        if (kind == AUDIT_READ_FAILED)
            break;
        count += kind != AUDIT_READ_END;
        if (kind == AUDIT_READ_LINE || kind == AUDIT_READ_TORN)
            judge(text, length);
    }
    PROMISE(!is_sealed || count == sealed);
    audit_reader_close(reader);
    buf_free(&made);
    return 0;
}
