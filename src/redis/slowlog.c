#include <ctype.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/reply.h"

/* An entry: id, Unix time, microseconds, [words], and since 4.0 address and name of the client. */
enum { ENTRY_ID, ENTRY_TIME, ENTRY_DURATION, ENTRY_WORDS, ENTRY_CLIENT };

static bool is_number(const struct redis_reply *reply)
{
    return reply->type == RESP_INTEGER;
}

static void join_words(const struct redis_reply *words, char *to, size_t size)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < words->count && used + 1 < size; i++) {
        const struct redis_reply *word = words->items[i];
        if (word->type != RESP_BULK && word->type != RESP_STATUS)
            continue;
        if (used > 0)
            to[used++] = ' ';
        bool whole = str_copy_clean(to + used, size - used, word->text, word->length);
        if (!whole)
            return;
        while (to[used] != '\0')
            used++;
    }
}

/* After a container comes a subcommand; the first argument of a keyless command is no key. */
static const char *const containers[] = {"DEBUG",  "CONFIG", "CLIENT",   "MEMORY", "SCRIPT",
                                         "OBJECT", "XGROUP", "FUNCTION", "MODULE", "CLUSTER",
                                         "XINFO",  "ACL",    "LATENCY",  "PUBSUB", "SENTINEL"};
static const char *const keyless[] = {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "AUTH",
                                      "ECHO", "MIGRATE", "HELLO",   "PING"};

static void upper_case(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)toupper((unsigned char)*text);
}

static bool take_word(const struct redis_reply *words, size_t i, char *to, size_t size)
{
    if (i >= words->count ||
        (words->items[i]->type != RESP_BULK && words->items[i]->type != RESP_STATUS))
        return false;
    (void)str_copy_clean(to, size, words->items[i]->text, words->items[i]->length);
    return true;
}

/* Values belong to the application and are shown on request only. */
static void shorten(const struct redis_reply *words, struct slowlog_entry *entry)
{
    char key[65] = "";
    if (!take_word(words, 0, entry->name, sizeof entry->name))
        return;
    upper_case(entry->name);
    bool shown = str_index(keyless, ARRAY_LENGTH(keyless), entry->name) < 0 &&
                 take_word(words, 1, key, sizeof key);
    if (str_index(containers, ARRAY_LENGTH(containers), entry->name) >= 0)
        upper_case(key);
    (void)str_format(entry->brief, sizeof entry->brief, "%s%s%s", entry->name, shown ? " " : "",
                     key);
    entry->more = words->count > (shown ? 2 : 1);
}

static bool read_entry(const struct redis_reply *reply, struct slowlog_entry *entry)
{
    if (reply->type != RESP_LIST || reply->count <= ENTRY_WORDS ||
        !is_number(reply->items[ENTRY_ID]) || !is_number(reply->items[ENTRY_TIME]) ||
        !is_number(reply->items[ENTRY_DURATION]) || reply->items[ENTRY_WORDS]->type != RESP_LIST)
        return false;
    *entry = (struct slowlog_entry){
        .id = reply->items[ENTRY_ID]->integer,
        .unix_seconds = reply->items[ENTRY_TIME]->integer,
        .duration_us = reply->items[ENTRY_DURATION]->integer,
    };
    join_words(reply->items[ENTRY_WORDS], entry->command, sizeof entry->command);
    shorten(reply->items[ENTRY_WORDS], entry);
    if (reply->count > ENTRY_CLIENT && reply->items[ENTRY_CLIENT]->type == RESP_BULK)
        (void)str_copy_clean(entry->client, sizeof entry->client, reply->items[ENTRY_CLIENT]->text,
                             reply->items[ENTRY_CLIENT]->length);
    return true;
}

size_t slowlog_parse(const struct redis_reply *reply, struct slowlog_entry *entries, size_t max)
{
    size_t count = 0;
    if (reply == NULL || reply->type != RESP_LIST)
        return 0;
    for (size_t i = 0; i < reply->count && count < max; i++)
        count += read_entry(reply->items[i], &entries[count]) ? 1 : 0;
    return count;
}
