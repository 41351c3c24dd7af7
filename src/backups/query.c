#include "backups/query.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "redis/connection.h"
#include "redis/endpoint.h"
#include "redis/resp.h"

#define COMMAND_BYTES_MAX 1024

struct query {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct endpoint *endpoint;
    struct connection *connection;
    struct query_command commands[QUERY_COMMANDS_MAX];
    struct redis_reply *replies[QUERY_COMMANDS_MAX];
    size_t count, answered;
    struct error error; /* code 0: all replies are here */
    int64_t within_ms;
    bool ended, changes;
    struct permit permit; /* the caller's, who ends it */
    query_done *done;
    void *context;
};

static void on_timer_closed(uv_handle_t *handle)
{
    struct query *q = handle->data;
    for (size_t i = 0; i < q->count; i++)
        reply_free(q->replies[i]);
    endpoint_free(q->endpoint);
    mem_free(q);
}

static void let_go(struct query *q)
{
    connection_free(q->connection);
    q->connection = NULL;
    uv_close((uv_handle_t *)&q->timer, on_timer_closed);
}

static void on_settled(uv_timer_t *timer)
{
    struct query *q = timer->data;
    bool failed = q->error.code < 0;
    q->done(q->context, failed ? NULL : q->replies, failed ? &q->error : NULL);
    let_go(q);
}

static void settle(struct query *q)
{
    if (q->ended)
        return;
    q->ended = true;
    (void)uv_timer_start(&q->timer, on_settled, 0, 0);
}

static void fail(struct query *q, int code, const char *why)
{
    if (q->ended)
        return;
    (void)error_set(&q->error, code, "%s", why);
    settle(q);
}

static void on_late(uv_timer_t *timer)
{
    struct query *q = timer->data;
    (void)error_set(&q->error, -ETIMEDOUT, "no answer within %lld s",
                    (long long)((q->within_ms + 999) / 1000));
    settle(q);
}

/* Whatever is not named here is taken for a change. */
static bool only_reads(const struct query_command *command)
{
    static const char *const readers[][2] = {{"INFO", ""},         {"CONFIG", "GET"},
                                             {"MODULE", "LIST"},   {"ACL", "LIST"},
                                             {"FUNCTION", "DUMP"}, {"PUBSUB", "NUMSUB"}};
    for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
        if (str_equal(command->words[0], readers[i][0]) &&
            (readers[i][1][0] == '\0' ||
             (command->words[1] != NULL && str_equal(command->words[1], readers[i][1]))))
            return true;
    return false;
}

static void on_ready(void *context)
{
    struct query *q = context;
    if (q->changes && permit_look(&q->permit) != PERMIT_GOOD) {
        fail(q, -EPERM, "this engine may not change the service now: nothing was sent");
        return;
    }
    for (size_t i = q->answered; i < q->count && !q->ended; i++) {
        ATTR_CLEANUP(buf_free) struct buf command = BUF_LIMIT(COMMAND_BYTES_MAX);
        size_t words = 0;
        while (words < QUERY_WORDS_MAX && q->commands[i].words[words] != NULL)
            words++;
        int r = resp_command(&command, q->commands[i].words, words);
        if (r == 0)
            r = connection_send(q->connection, command.data, command.length, &q->replies[i]);
        if (r < 0 && r != -ENOTCONN)
            fail(q, r, "out of memory");
    }
}

static void on_reply(void *context, void *tag, struct redis_reply *reply)
{
    struct query *q = context;
    struct redis_reply **place = tag;
    *place = reply;
    if (++q->answered == q->count)
        settle(q);
}

static void on_ended(void *context, enum reply_class class, const char *why)
{
    (void)class;
    fail(context, -EHOSTUNREACH, why);
}

int query_start(uv_loop_t *loop, const struct query_options *options, query_done *done,
                void *context, struct query **ret, struct error *err)
{
    assert(options->count > 0 && options->count <= QUERY_COMMANDS_MAX);
    struct query *q = mem_calloc(1, sizeof *q);
    if (q == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    const struct connection_events events = {
        .context = q, .ready = on_ready, .reply = on_reply, .ended = on_ended};
    q->loop = loop;
    memcpy(q->commands, options->commands, options->count * sizeof q->commands[0]);
    q->count = options->count;
    for (size_t i = 0; i < q->count; i++)
        q->changes = q->changes || !only_reads(&q->commands[i]);
    if (options->permit != NULL)
        q->permit = *options->permit;
    q->within_ms = options->within_ms;
    q->done = done;
    q->context = context;
    int r = endpoint_new(options->redis, &q->endpoint, err);
    if (r == 0)
        r = connection_new(loop, q->endpoint, options->tunnel, CONNECTION_FRESH, &events,
                           &q->connection, err);
    if (r < 0) {
        endpoint_free(q->endpoint);
        mem_free(q);
        return r;
    }
    (void)uv_timer_init(loop, &q->timer);
    q->timer.data = q;
    uv_update_time(loop);
    (void)uv_timer_start(&q->timer, on_late, (uint64_t)q->within_ms, 0);
    connection_open(q->connection, mono_add(clock_mono(), q->within_ms));
    *ret = q;
    return 0;
}

void query_cancel(struct query *q)
{
    if (q == NULL)
        return;
    q->ended = true;
    let_go(q);
}

const char *query_info_field(const struct redis_reply *info, const char *name)
{
    size_t length = strlen(name);
    if (info == NULL || info->type != RESP_BULK)
        return NULL;
    for (const char *line = info->text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1;
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

/* Digits at the front, -1 = none. */
static int64_t number(const char *text)
{
    int64_t value = 0;
    if (text == NULL || *text < '0' || *text > '9')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > (INT64_MAX - 9) / 10)
            return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

int64_t query_info_number(const struct redis_reply *info, const char *name)
{
    return number(query_info_field(info, name));
}

void query_info_text(const struct redis_reply *info, const char *name, char *to, size_t size)
{
    const char *value = query_info_field(info, name);
    (void)str_copy_clean(to, size, value == NULL ? "" : value,
                         value == NULL ? 0 : strcspn(value, "\r\n"));
}

int64_t query_info_database(const struct redis_reply *info, int64_t db)
{
    char name[32];
    (void)str_format(name, sizeof name, "db%lld", (long long)db);
    const char *value = query_info_field(info, name);
    if (value == NULL || !str_starts(value, "keys="))
        return 0;
    int64_t keys = number(value + strlen("keys="));
    return keys < 0 ? 0 : keys;
}

static int64_t sum_of(const struct redis_reply *info, const char *label)
{
    int64_t sum = 0;
    if (info == NULL || info->type != RESP_BULK)
        return -1;
    for (const char *line = info->text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t length = end == NULL ? strlen(line) : (size_t)(end - line);
        const char *found = str_find(line, length, label);
        if (str_starts(line, "db") && line[2] >= '0' && line[2] <= '9' && found != NULL) {
            int64_t n = number(found + strlen(label));
            sum += n < 0 || sum > INT64_MAX - n ? 0 : n;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return sum;
}

int64_t query_info_keys(const struct redis_reply *info)
{
    return sum_of(info, ":keys=");
}

int64_t query_info_expires(const struct redis_reply *info)
{
    return sum_of(info, ",expires=");
}
