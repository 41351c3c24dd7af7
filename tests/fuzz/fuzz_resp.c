/* RESP from a hostile server, in two cuts, through everything that reads replies. */
#include <stddef.h>
#include <stdint.h>

#include "redis/reply.h"
#include "redis/resp.h"

static void read_reply(const struct redis_reply *reply)
{
    struct slowlog_entry entries[8];
    struct info_facts info;
    facts_info_reset(&info);
    (void)reply_classify(reply);
    (void)slowlog_parse(reply, entries, 8);
    info_parse_config(reply, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resp_reader *r = NULL;
    struct error err;
    if (size == 0 || resp_reader_new(&r, &err) < 0)
        return 0;
    size_t cut = data[0] % size;
    const char *parts[] = {(const char *)data + 1, (const char *)data + 1 + cut};
    size_t lengths[] = {cut, size - 1 - cut};
    int result = 0;
    for (int i = 0; i < 2 && result >= 0; i++) {
        result = resp_reader_feed(r, parts[i], lengths[i], &err);
        struct redis_reply *reply = NULL;
        while (result >= 0 && (result = resp_reader_next(r, &reply, &err)) == 1) {
            read_reply(reply);
            reply_free(reply);
        }
    }
    resp_reader_free(r);
    return 0;
}
