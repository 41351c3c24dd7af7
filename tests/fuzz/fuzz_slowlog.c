/* SLOWLOG GET's answer: an entry a line, its members between tabs; those that begin with ':' are
 * numbers, '+' a status, the others texts, and the fourth is a list of words between blanks. */
#include <string.h>

#include "base/str.h"
#include "redis/reply.h"
#include "redis/resp.h"
#include "support.h"

#define STREAM_MAX ((size_t)8 << 20)
#define WORDS 3 /* place of the list */

static void put(struct buf *out, const char *bytes, size_t length)
{
    PROMISE(buf_append(out, bytes, length) == 0);
}

static void put_text(struct buf *out, struct input text)
{
    if (text.left > 0 && (text.at[0] == ':' || text.at[0] == '+')) {
        put(out, text.at, text.left);
    } else {
        PROMISE(buf_printf(out, "$%zu\r\n", text.left) == 0);
        put(out, text.at, text.left);
    }
    put(out, "\r\n", 2);
}

static int count_of(struct input in, char between)
{
    int count = 0;
    for (; in.left > 0; count++)
        (void)input_until(&in, between);
    return count;
}

static void put_entry(struct buf *out, struct input line)
{
    PROMISE(buf_printf(out, "*%d\r\n", count_of(line, '\t')) == 0);
    for (int place = 0; line.left > 0; place++) {
        struct input member = input_until(&line, '\t');
        if (place != WORDS) {
            put_text(out, member);
            continue;
        }
        PROMISE(buf_printf(out, "*%d\r\n", count_of(member, ' ')) == 0);
        while (member.left > 0)
            put_text(out, input_until(&member, ' '));
    }
}

static void check(const struct redis_reply *reply)
{
    struct slowlog_entry entries[8];
    size_t count = slowlog_parse(reply, entries, 8);
    PROMISE(count <= 8);
    for (size_t i = 0; i < count; i++) {
        const struct slowlog_entry *e = &entries[i];
        PROMISE(strnlen(e->command, sizeof e->command) < sizeof e->command);
        PROMISE(str_utf8(e->command, strlen(e->command)) && str_utf8(e->client, strlen(e->client)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct resp_reader *reader = NULL;
    struct redis_reply *reply = NULL;
    struct error err;
    PROMISE(buf_printf(&stream, "*%d\r\n", count_of(in, '\n')) == 0);
    while (in.left > 0)
        put_entry(&stream, input_until(&in, '\n'));
    PROMISE(resp_reader_new(&reader, &err) == 0);
    if (resp_reader_feed(reader, stream.data, stream.length, &err) == 0 &&
        resp_reader_next(reader, &reply, &err) == 1) {
        check(reply);
        reply_free(reply);
    }
    resp_reader_free(reader);
    buf_free(&stream);
    return 0;
}
