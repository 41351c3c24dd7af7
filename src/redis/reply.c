#include "redis/reply.h"

#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"

/* Depth is bounded by the reader (hiredis refuses more than seven levels inside the first). */
void reply_free(struct redis_reply *reply)
{
    if (reply == NULL)
        return;
    for (size_t i = 0; i < reply->count; i++)
        reply_free(reply->items[i]);
    mem_free(reply->items);
    mem_free(reply->text);
    mem_free(reply);
}

/* By the first word alone: behind it Valkey writes its own name. */
static const struct {
    const char *word;
    enum reply_class class;
} error_words[] = {
    {"LOADING", REPLY_LOADING},
    {"BUSY", REPLY_BUSY},
    {"MISCONF", REPLY_MISCONF},
    {"MASTERDOWN", REPLY_MASTERDOWN},
    {"NOAUTH", REPLY_NOAUTH},
    {"WRONGPASS", REPLY_WRONGPASS},
    {"NOPERM", REPLY_NOPERM},
    {"DENIED", REPLY_DENIED},
    {"OOM", REPLY_OOM},
    {"READONLY", REPLY_READONLY},
    {"UNKILLABLE", REPLY_UNKILLABLE},
    {"NOTBUSY", REPLY_NOTBUSY},
};

/* What servers say behind the word ERR where later ones have a word of its own, or never will. */
static const struct {
    const char *start;
    enum reply_class class;
} err_texts[] = {
    {"max number of clients", REPLY_MAXCLIENTS}, /* "... reached", "... + cluster connections" */
    {"invalid password", REPLY_WRONGPASS},       /* before 6.0 */
    {"AUTH <password> called without", REPLY_WRONGPASS},    /* 6.0 and later, no password set */
    {"Client sent AUTH, but no password", REPLY_WRONGPASS}, /* before 6.0, no password set */
    {"operation not permitted", REPLY_NOAUTH},              /* before 2.8 */
};

static bool starts(const char *text, size_t length, const char *with)
{
    size_t n = strlen(with);
    return length >= n && memcmp(text, with, n) == 0;
}

enum reply_class reply_classify_error(const char *text, size_t length)
{
    const char *blank = memchr(text, ' ', length);
    size_t word = blank == NULL ? length : (size_t)(blank - text);
    for (size_t i = 0; i < ARRAY_LENGTH(error_words); i++)
        if (strlen(error_words[i].word) == word && memcmp(text, error_words[i].word, word) == 0)
            return error_words[i].class;
    if (!starts(text, length, "ERR "))
        return REPLY_ERROR;
    for (size_t i = 0; i < ARRAY_LENGTH(err_texts); i++)
        if (starts(text + 4, length - 4, err_texts[i].start))
            return err_texts[i].class;
    return REPLY_ERROR;
}

enum reply_class reply_classify(const struct redis_reply *reply)
{
    if (reply->type == RESP_ERROR)
        return reply_classify_error(reply->text, reply->length);
    if (reply->type == RESP_STATUS && str_equal(reply->text, "PONG"))
        return REPLY_PONG;
    return REPLY_OTHER;
}
