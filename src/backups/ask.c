#include "backups/ask.h"

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

struct ask {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct endpoint *endpoint;
    struct connection *connection;
    struct ask_command commands[ASK_COMMANDS_MAX];
    struct redis_reply *replies[ASK_COMMANDS_MAX];
    size_t count, answered;
    struct error error; /* code 0: all replies are here */
    int64_t within_ms;
    bool ended;
    ask_done *done;
    void *context;
};

static void on_timer_closed(uv_handle_t *handle)
{
    struct ask *a = handle->data;
    for (size_t i = 0; i < a->count; i++)
        reply_free(a->replies[i]);
    endpoint_free(a->endpoint);
    mem_free(a);
}

static void let_go(struct ask *a)
{
    connection_free(a->connection);
    a->connection = NULL;
    uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

static void on_settled(uv_timer_t *timer)
{
    struct ask *a = timer->data;
    bool failed = a->error.code < 0;
    a->done(a->context, failed ? NULL : a->replies, failed ? &a->error : NULL);
    let_go(a);
}

static void settle(struct ask *a)
{
    if (a->ended)
        return;
    a->ended = true;
    (void)uv_timer_start(&a->timer, on_settled, 0, 0);
}

static void fail(struct ask *a, int code, const char *why)
{
    if (a->ended)
        return;
    (void)error_set(&a->error, code, "%s", why);
    settle(a);
}

static void on_late(uv_timer_t *timer)
{
    struct ask *a = timer->data;
    (void)error_set(&a->error, -ETIMEDOUT, "no answer within %lld s",
                    (long long)((a->within_ms + 999) / 1000));
    settle(a);
}

static void on_ready(void *context)
{
    struct ask *a = context;
    for (size_t i = a->answered; i < a->count && !a->ended; i++) {
        ATTR_CLEANUP(buf_free) struct buf command = BUF_LIMIT(COMMAND_BYTES_MAX);
        size_t words = 0;
        while (words < ASK_WORDS_MAX && a->commands[i].words[words] != NULL)
            words++;
        int r = resp_command(&command, a->commands[i].words, words);
        if (r == 0)
            r = connection_send(a->connection, command.data, command.length, &a->replies[i]);
        if (r < 0 && r != -ENOTCONN)
            fail(a, r, "out of memory");
    }
}

static void on_reply(void *context, void *tag, struct redis_reply *reply)
{
    struct ask *a = context;
    struct redis_reply **place = tag;
    *place = reply;
    if (++a->answered == a->count)
        settle(a);
}

static void on_ended(void *context, enum reply_class class, const char *why)
{
    (void)class;
    fail(context, -EHOSTUNREACH, why);
}

int ask_start(uv_loop_t *loop, const struct ask_options *options, ask_done *done, void *context,
              struct ask **ret, struct error *err)
{
    assert(options->count > 0 && options->count <= ASK_COMMANDS_MAX);
    struct ask *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    const struct connection_events events = {
        .context = a, .ready = on_ready, .reply = on_reply, .ended = on_ended};
    a->loop = loop;
    memcpy(a->commands, options->commands, options->count * sizeof a->commands[0]);
    a->count = options->count;
    a->within_ms = options->within_ms;
    a->done = done;
    a->context = context;
    int r = endpoint_new(options->redis, &a->endpoint, err);
    if (r == 0)
        r = connection_new(loop, a->endpoint, options->tunnel, CONNECTION_FRESH, &events,
                           &a->connection, err);
    if (r < 0) {
        endpoint_free(a->endpoint);
        mem_free(a);
        return r;
    }
    (void)uv_timer_init(loop, &a->timer);
    a->timer.data = a;
    uv_update_time(loop);
    (void)uv_timer_start(&a->timer, on_late, (uint64_t)a->within_ms, 0);
    connection_open(a->connection, mono_add(clock_mono(), a->within_ms));
    *ret = a;
    return 0;
}

void ask_cancel(struct ask *a)
{
    if (a == NULL)
        return;
    a->ended = true;
    let_go(a);
}

const char *ask_info_field(const struct redis_reply *info, const char *name)
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

int64_t ask_info_number(const struct redis_reply *info, const char *name)
{
    return number(ask_info_field(info, name));
}

void ask_info_text(const struct redis_reply *info, const char *name, char *to, size_t size)
{
    const char *value = ask_info_field(info, name);
    (void)str_copy_clean(to, size, value == NULL ? "" : value,
                         value == NULL ? 0 : strcspn(value, "\r\n"));
}

int64_t ask_info_database(const struct redis_reply *info, int64_t db)
{
    char name[32];
    (void)str_format(name, sizeof name, "db%lld", (long long)db);
    const char *value = ask_info_field(info, name);
    if (value == NULL || !str_starts(value, "keys="))
        return 0;
    int64_t keys = number(value + strlen("keys="));
    return keys < 0 ? 0 : keys;
}

int64_t ask_info_keys(const struct redis_reply *info)
{
    int64_t sum = 0;
    if (info == NULL || info->type != RESP_BULK)
        return -1;
    for (const char *line = info->text; line != NULL && *line != '\0';) {
        const char *keys = strstr(line, ":keys=");
        const char *end = strchr(line, '\n');
        if (str_starts(line, "db") && line[2] >= '0' && line[2] <= '9' && keys != NULL &&
            (end == NULL || keys < end)) {
            int64_t n = number(keys + strlen(":keys="));
            sum += n < 0 || sum > INT64_MAX - n ? 0 : n;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return sum;
}
