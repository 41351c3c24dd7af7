/* The replies that a manifest's source comes from: INFO, three of CONFIG GET and MODULE LIST, each a
 * section. INFO begins with '$' (a bulk) or '-' (an error); the lines of the others are words of a
 * list, or of a list in a list. */
#include <string.h>

#include "backups/source.h"
#include "base/mem.h"
#include "base/str.h"
#include "support.h"

#define WORDS_MAX 16

static struct redis_reply texts[SOURCE_COMMANDS][WORDS_MAX];
static struct redis_reply *items[SOURCE_COMMANDS][WORDS_MAX];

static void make_list(struct redis_reply *reply, int place, struct input in)
{
    *reply = (struct redis_reply){.type = RESP_LIST, .items = items[place]};
    while (in.left > 0 && reply->count < WORDS_MAX) {
        struct redis_reply *word = &texts[place][reply->count];
        struct input line = input_until(&in, '\n');
        *word =
            (struct redis_reply){.type = RESP_BULK, .text = input_text(line), .length = line.left};
        items[place][reply->count++] = word;
    }
}

static void free_list(struct redis_reply *reply)
{
    for (size_t i = 0; i < reply->count; i++)
        mem_free(reply->items[i]->text);
}

static void check(const struct manifest *m)
{
    PROMISE(m->source.module_count <= MANIFEST_MODULES_MAX);
    PROMISE(m->live_before >= -1 && m->live_after >= -1 && m->cow_bytes >= -1);
    PROMISE(m->source.databases >= -1 && m->source.maxmemory_bytes >= -1);
    PROMISE(str_utf8(m->source.version, strlen(m->source.version)));
    struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    PROMISE(manifest_write(m, &text, NULL) == 0);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest m;
    static const struct redis_settings redis = {.host = "127.0.0.1", .port = 6379};
    struct input in = input_of(data, size);
    struct redis_reply replies[SOURCE_COMMANDS];
    struct redis_reply *places[SOURCE_COMMANDS];
    struct redis_reply *inner[1];
    struct input info = input_section(&in);
    bool bulk = input_byte(&info) == '$';
    replies[0] = (struct redis_reply){
        .type = bulk ? RESP_BULK : RESP_ERROR, .text = input_text(info), .length = info.left};
    for (int i = 1; i < SOURCE_COMMANDS; i++)
        make_list(&replies[i], i, input_section(&in));
    for (int i = 0; i < SOURCE_COMMANDS; i++)
        places[i] = &replies[i];
    struct redis_reply modules = {.type = RESP_LIST, .items = inner, .count = 1};
    inner[0] = &replies[SOURCE_COMMANDS - 1];
    places[SOURCE_COMMANDS - 1] = &modules;
    m = (struct manifest){.id = "20261129T023000Z"};
    source_before(&m, &redis, places);
    (void)source_after(&m, &replies[0]);
    PROMISE(query_info_keys(&replies[0]) >= (bulk ? 0 : -1));
    PROMISE(query_info_database(&replies[0], 0) >= 0);
    check(&m);
    mem_free(replies[0].text);
    for (int i = 1; i < SOURCE_COMMANDS; i++)
        free_list(&replies[i]);
    return 0;
}
