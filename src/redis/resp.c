#include "redis/resp.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/client.h"

/* hiredis keeps a buffer of this size between replies; a larger one (an INFO came) is let go. */
#define IDLE_BUFFER_BYTES 1024

/* hiredis 1.0 made the number of elements a size_t. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct resp_reader {
    redisReader *hiredis;
    size_t fed;      /* bytes of the reply under way */
    size_t elements; /* nodes of the reply under way */
    bool refused;    /* a cap or a type we do not take: hiredis can only say "out of memory" */
    char first;      /* type byte of the reply under way */
    char start[48];  /* of the bytes fed last, to show what came instead of RESP */
};

static struct redis_reply *new_reply(const redisReadTask *task, enum resp_type type)
{
    struct resp_reader *r = task->privdata;
    if (r->elements >= REDIS_REPLY_ELEMENTS_MAX) {
        r->refused = true;
        return NULL;
    }
    struct redis_reply *reply = mem_calloc(1, sizeof *reply);
    if (reply == NULL)
        return NULL;
    r->elements++;
    reply->type = type;
    return reply;
}

/* Into its place in the list that is being read; the list owns it from here on. */
static void *put(const redisReadTask *task, struct redis_reply *reply)
{
    if (task->parent != NULL) {
        struct redis_reply *list = task->parent->obj;
        list->items[task->idx] = reply;
    }
    return reply;
}

static void *create_string(const redisReadTask *task, char *text, size_t length)
{
    static const enum resp_type types[] = {
        [REDIS_REPLY_STRING] = RESP_BULK,
        [REDIS_REPLY_STATUS] = RESP_STATUS,
        [REDIS_REPLY_ERROR] = RESP_ERROR,
    };
    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS &&
        task->type != REDIS_REPLY_ERROR) {
        ((struct resp_reader *)task->privdata)->refused = true; /* RESP3 */
        return NULL;
    }
    struct redis_reply *reply = new_reply(task, types[task->type]);
    if (reply == NULL)
        return NULL;
    reply->text = mem_calloc(length + 1, 1);
    if (reply->text == NULL) {
        mem_free(reply);
        return NULL;
    }
    memcpy(reply->text, text, length);
    reply->length = length;
    return put(task, reply);
}

/* hiredis itself stops at seven levels before 1.0, and never since. */
static bool too_deep(const redisReadTask *task)
{
    int depth = 0;
    while ((task = task->parent) != NULL)
        if (++depth >= REDIS_REPLY_DEPTH_MAX)
            return true;
    return false;
}

static void *create_array(const redisReadTask *task, element_count count)
{
    struct resp_reader *r = task->privdata;
    if (task->type != REDIS_REPLY_ARRAY || count > REDIS_REPLY_ELEMENTS_MAX || too_deep(task)) {
        r->refused = true;
        return NULL;
    }
    struct redis_reply *reply = new_reply(task, RESP_LIST);
    if (reply == NULL)
        return NULL;
    reply->count = (size_t)count;
    if (count > 0) {
        reply->items = mem_calloc(reply->count, sizeof reply->items[0]);
        if (reply->items == NULL) {
            mem_free(reply);
            return NULL;
        }
    }
    return put(task, reply);
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct redis_reply *reply = new_reply(task, RESP_INTEGER);
    if (reply == NULL)
        return NULL;
    reply->integer = value;
    return put(task, reply);
}

static void *create_nil(const redisReadTask *task)
{
    struct redis_reply *reply = new_reply(task, RESP_NULL);
    return reply == NULL ? NULL : put(task, reply);
}

#if HIREDIS_MAJOR >= 1
/* RESP3 comes only to those who said HELLO 3. Without a function hiredis would invent a pointer. */
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t length)
{
    (void)value, (void)text, (void)length;
    ((struct resp_reader *)task->privdata)->refused = true;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)value;
    ((struct resp_reader *)task->privdata)->refused = true;
    return NULL;
}
#endif

static void free_object(void *object)
{
    reply_free(object);
}

/* hiredis takes a pointer to non-const and does not write through it. */
static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = free_object,
};

int resp_reader_new(struct resp_reader **ret, struct error *err)
{
    struct resp_reader *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "RESP: out of memory");
    r->hiredis = redisReaderCreateWithFunctions(&functions);
    if (r->hiredis == NULL) {
        mem_free(r);
        return error_set(err, -ENOMEM, "RESP: out of memory");
    }
    r->hiredis->privdata = r;
    r->hiredis->maxbuf = IDLE_BUFFER_BYTES;
    *ret = r;
    return 0;
}

void resp_reader_free(struct resp_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->hiredis);
    mem_free(r);
}

int resp_reader_feed(struct resp_reader *r, const char *bytes, size_t length, struct error *err)
{
    if (length == 0)
        return 0;
    if (r->fed == 0)
        r->first = bytes[0];
    (void)str_copy_clean(r->start, sizeof r->start, bytes, length);
    r->fed += length;
    if (redisReaderFeed(r->hiredis, bytes, length) != REDIS_OK)
        return error_set(err, -ENOMEM, "RESP: out of memory");
    return 0;
}

static int refuse(const struct resp_reader *r, struct error *err)
{
    if (r->refused)
        return error_set(err, -EPROTO, "a reply of more than %d elements or %d levels, or of RESP3",
                         REDIS_REPLY_ELEMENTS_MAX, REDIS_REPLY_DEPTH_MAX);
    if (r->hiredis->err != REDIS_ERR_PROTOCOL)
        return error_set(err, -ENOMEM, "RESP: out of memory");
    return error_set(err, -EPROTO, "not the Redis protocol: \"%s\"", r->start);
}

static int check_caps(const struct resp_reader *r, struct error *err)
{
    if (r->fed > REDIS_REPLY_BYTES_MAX)
        return error_set(err, -EPROTO, "a reply of more than %d bytes", REDIS_REPLY_BYTES_MAX);
    bool line = r->first == '+' || r->first == '-' || r->first == ':';
    if (line && r->fed > REDIS_REPLY_LINE_MAX)
        return error_set(err, -EPROTO, "a reply line of more than %d bytes", REDIS_REPLY_LINE_MAX);
    return 0;
}

int resp_reader_next(struct resp_reader *r, struct redis_reply **ret, struct error *err)
{
    void *reply = NULL;
    if (redisReaderGetReply(r->hiredis, &reply) != REDIS_OK)
        return refuse(r, err);
    if (reply == NULL)
        return check_caps(r, err);
    r->elements = 0;
    r->fed = r->hiredis->len - r->hiredis->pos;
    r->first = r->fed > 0 ? r->hiredis->buf[r->hiredis->pos] : '\0';
    *ret = reply;
    return 1;
}

int resp_command(struct buf *to, const char *const *words, size_t count)
{
    const char *argv[REDIS_ARGS_MAX + 4];
    if (count > ARRAY_LENGTH(argv))
        return -ENOBUFS;
    for (size_t i = 0; i < count; i++)
        argv[i] = words[i];
    char *command = NULL;
    long long length = redisFormatCommandArgv(&command, (int)count, argv, NULL);
    if (length < 0)
        return -ENOMEM;
    int r = buf_append(to, command, (size_t)length);
    mem_wipe(command, (size_t)length); /* it may hold a password */
    redisFreeCommand(command);
    return r;
}
