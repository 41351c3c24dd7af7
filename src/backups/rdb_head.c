#include "backups/rdb_head.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "placement/crc64.h"

/* Opcodes that may stand before the first database. */
enum {
    OPCODE_FUNCTION = 0xF5, /* one string: the library's code */
    OPCODE_AUX = 0xFA,      /* two strings: name and value */
    OPCODE_MODULE_AUX = 0xF7,
    OPCODE_RESIZE = 0xFB,
    OPCODE_END = 0xFF
};
/* The first byte of a length: two bits of form, or one of these. */
enum {
    LENGTH_32 = 0x80,
    LENGTH_64 = 0x81,
    INTEGER_8 = 0xC0,
    INTEGER_16 = 0xC1,
    INTEGER_32 = 0xC2,
    COMPRESSED = 0xC3
};

/* Bytes of a length with its first byte; 0 = no such form. */
static size_t prefix_size(unsigned char first)
{
    switch (first >> 6) {
    case 0:
        return 1;
    case 1:
        return 2;
    default:
        break;
    }
    switch (first) {
    case LENGTH_32:
        return 5;
    case LENGTH_64:
        return 9;
    case INTEGER_8:
        return 2;
    case INTEGER_16:
        return 3;
    case INTEGER_32:
        return 5;
    case COMPRESSED:
        return 1;
    default:
        return 0;
    }
}

/* Of the forms that are lengths: most significant byte first. */
static uint64_t length_value(const unsigned char *prefix, size_t size)
{
    uint64_t value = size <= 2 ? prefix[0] & 0x3f : 0;
    for (size_t i = 1; i < size; i++)
        value = value << 8 | prefix[i];
    return value;
}

/* Of the forms that are numbers: least significant byte first, signed. */
static int64_t integer_value(const unsigned char *prefix, size_t size)
{
    uint64_t value = 0;
    assert(size >= 2 && size <= 5);
    for (size_t i = size - 1; i >= 1; i--)
        value = value << 8 | prefix[i];
    uint64_t sign = UINT64_C(1) << (8 * (size - 1) - 1);
    return (int64_t)(value ^ sign) - (int64_t)sign;
}

static int64_t number_or_zero(const char *text)
{
    int64_t value = 0;
    return parse_int(text, 0, INT64_MAX, &value, NULL) < 0 ? 0 : value;
}

static void take_aux(struct rdb_head *h)
{
    if (str_equal(h->name, "redis-ver") || str_equal(h->name, "valkey-ver"))
        (void)str_copy_clean(h->server_version, sizeof h->server_version, h->text, strlen(h->text));
    else if (str_equal(h->name, "ctime"))
        h->created_seconds = number_or_zero(h->text);
    else if (str_equal(h->name, "used-mem"))
        h->used_memory_bytes = number_or_zero(h->text);
}

static void expect_string(struct rdb_head *h)
{
    h->step = RDB_PREFIX;
    h->have = h->need = 0;
    h->text_length = 0;
    h->compressed_left = 0;
}

static void end_string(struct rdb_head *h)
{
    h->text[h->text_length] = '\0';
    if (--h->strings_left > 0) {
        (void)str_copy(h->name, sizeof h->name, h->text);
        expect_string(h);
        return;
    }
    if (h->opcode == OPCODE_AUX)
        take_aux(h);
    else
        h->functions++;
    h->step = RDB_OPCODE;
}

static int end_magic(struct rdb_head *h, struct error *err)
{
    int64_t version = 0;
    bool redis = memcmp(h->magic, "REDIS", 5) == 0;
    bool valkey = memcmp(h->magic, "VALKEY", 6) == 0;
    const char *digits = h->magic + (redis ? 5 : 6);
    if ((!redis && !valkey) || strspn(digits, "0123456789") != strlen(digits))
        return error_set(err, -EBADMSG,
                         "not an RDB file: it begins neither with REDIS nor with VALKEY");
    while (digits[0] == '0' && digits[1] != '\0')
        digits++;
    if (parse_int(digits, RDB_VERSION_LEAST, 9999, &version, NULL) < 0)
        return error_set(err, -EBADMSG, "RDB version %s is older than Redis 2.6, which has %d",
                         digits, RDB_VERSION_LEAST);
    h->version = (int)version;
    h->step = RDB_OPCODE;
    return 0;
}

static int take_opcode(struct rdb_head *h, unsigned char opcode, struct error *err)
{
    h->opcode = opcode;
    if (opcode != OPCODE_AUX && opcode != OPCODE_FUNCTION) {
        h->module_data = opcode == OPCODE_MODULE_AUX;
        h->step = RDB_HEAD_DONE;
        return 0;
    }
    if (++h->fields > RDB_AUX_FIELDS_MAX)
        return error_set(err, -EBADMSG, "not an RDB file: more than %d fields before the keys",
                         RDB_AUX_FIELDS_MAX);
    h->strings_left = opcode == OPCODE_AUX ? 2 : 1;
    h->name[0] = '\0';
    expect_string(h);
    return 0;
}

static void begin_body(struct rdb_head *h, uint64_t bytes)
{
    h->body_left = bytes;
    h->step = RDB_BODY;
    if (bytes == 0)
        end_string(h);
}

/* The prefix is complete: a length, a number, or the mark of a compressed string. */
static int end_prefix(struct rdb_head *h, struct error *err)
{
    unsigned char first = h->prefix[0];
    bool is_length = first < INTEGER_8;
    if (h->compressed_left > 0) {
        if (!is_length)
            return error_set(err, -EBADMSG, "the head of the RDB file is damaged");
        if (h->compressed_left-- == 2)
            h->compressed_bytes = length_value(h->prefix, h->need);
        h->have = h->need = 0;
        if (h->compressed_left == 0)
            begin_body(h, h->compressed_bytes);
    } else if (is_length) {
        begin_body(h, length_value(h->prefix, h->need));
    } else if (first == COMPRESSED) {
        h->compressed_left = 2;
        h->have = h->need = 0;
    } else {
        (void)str_format(h->text, sizeof h->text, "%lld",
                         (long long)integer_value(h->prefix, h->need));
        h->text_length = strlen(h->text);
        end_string(h);
    }
    return 0;
}

static int take_prefix(struct rdb_head *h, unsigned char byte, struct error *err)
{
    if (h->have == 0) {
        h->need = prefix_size(byte);
        if (h->need == 0)
            return error_set(err, -EBADMSG, "the head of the RDB file is damaged");
    }
    h->prefix[h->have++] = byte;
    return h->have < h->need ? 0 : end_prefix(h, err);
}

/* Returns the bytes taken. A compressed text is not kept: no field that is read here is long. */
static size_t take_body(struct rdb_head *h, const unsigned char *bytes, size_t length)
{
    size_t n = h->body_left < length ? (size_t)h->body_left : length;
    size_t room = h->compressed_bytes > 0 ? 0 : RDB_AUX_TEXT_MAX - h->text_length;
    size_t kept = n < room ? n : room;
    memcpy(h->text + h->text_length, bytes, kept);
    h->text_length += kept;
    h->body_left -= n;
    if (h->body_left == 0) {
        h->compressed_bytes = 0;
        end_string(h);
    }
    return n;
}

int rdb_head_feed(struct rdb_head *h, const void *bytes, size_t length, struct error *err)
{
    const unsigned char *p = bytes;
    const unsigned char *end = p + length;
    while (p < end && h->step != RDB_HEAD_DONE) {
        int r = 0;
        switch (h->step) {
        case RDB_MAGIC:
            h->magic[h->have++] = (char)*p++;
            if (h->have == RDB_MAGIC_LENGTH)
                r = end_magic(h, err);
            break;
        case RDB_OPCODE:
            r = take_opcode(h, *p++, err);
            break;
        case RDB_PREFIX:
            r = take_prefix(h, *p++, err);
            break;
        default:
            p += take_body(h, p, (size_t)(end - p));
            break;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

void rdb_tail_feed(struct rdb_tail *t, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    const size_t keep = sizeof t->last;
    size_t held = t->bytes < keep ? (size_t)t->bytes : keep;
    t->bytes += length;
    if (length >= keep) {
        t->crc = crc64(t->crc, t->last, held);
        t->crc = crc64(t->crc, p, length - keep);
        if (length > keep)
            t->before = p[length - keep - 1];
        else if (held > 0)
            t->before = t->last[held - 1];
        memcpy(t->last, p + length - keep, keep);
        return;
    }
    size_t leaves = held + length > keep ? held + length - keep : 0;
    t->crc = crc64(t->crc, t->last, leaves);
    if (leaves > 0)
        t->before = t->last[leaves - 1];
    memmove(t->last, t->last + leaves, held - leaves);
    memcpy(t->last + held - leaves, p, length);
}

enum rdb_end rdb_tail_end(const struct rdb_tail *t)
{
    uint64_t stored = 0;
    if (t->bytes < RDB_MAGIC_LENGTH + RDB_TAIL_LENGTH || t->before != OPCODE_END)
        return RDB_END_MISSING;
    for (size_t i = sizeof t->last; i > 0; i--)
        stored = stored << 8 | t->last[i - 1];
    if (stored == 0)
        return RDB_END_UNCHECKED;
    return stored == t->crc ? RDB_END_OK : RDB_END_WRONG;
}

bool rdb_end_whole(enum rdb_end end)
{
    return end == RDB_END_OK || end == RDB_END_UNCHECKED;
}

const char *rdb_end_word(enum rdb_end end)
{
    static const char *const words[] = {
        [RDB_END_MISSING] = "missing",
        [RDB_END_WRONG] = "wrong",
        [RDB_END_UNCHECKED] = "absent",
        [RDB_END_OK] = "ok",
    };
    return words[end];
}

/* One length at the front; returns its bytes, 0 when it is not there. */
static size_t read_length(const unsigned char *bytes, size_t length, int64_t *ret)
{
    size_t size = length == 0 ? 0 : prefix_size(bytes[0]);
    if (size == 0 || size > length || bytes[0] >= INTEGER_8)
        return 0;
    uint64_t value = length_value(bytes, size);
    if (value > INT64_MAX)
        return 0;
    *ret = (int64_t)value;
    return size;
}

int rdb_counts_read(const unsigned char *bytes, size_t length, struct rdb_counts *ret)
{
    int64_t keys = 0;
    int64_t expires = 0;
    if (length == 0 || bytes[0] != OPCODE_RESIZE)
        return -EBADMSG;
    size_t first = read_length(bytes + 1, length - 1, &keys);
    if (first == 0 || read_length(bytes + 1 + first, length - 1 - first, &expires) == 0)
        return -EBADMSG;
    ret->keys = keys;
    ret->expires = expires;
    return 0;
}
