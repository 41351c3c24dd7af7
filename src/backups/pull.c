#include "backups/pull.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "backups/refusal.h"
#include "backups/spool.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/stream.h"
#include "redis/endpoint.h"
#include "redis/reply.h"
#include "redis/resp.h"
#include "redis/tunnel.h"

#define SETUP_BYTES_MAX (2 * ENDPOINT_SECRET_MAX)
/* A silence that ended while the loop was held up gets one more turn of the loop: what waits in
 * the socket counts first. */
#define SECOND_LOOK_MS 50

const struct pull_limits pull_limits_default = {
    .connect_ms = 10 * 1000,
    .forking_ms = 30 * 1000,
    .silence_ms = 60 * 1000,
    .total_ms = 2 * 3600 * 1000,
    .reserve_bytes = INT64_C(256) << 20,
};

/* In the order in which they are sent; all of them before PSYNC, whose answer has no length. */
enum setup_step { SETUP_AUTH, SETUP_EOF, SETUP_RDB_ONLY, SETUP_COUNT };

static const char *const setup_words[SETUP_COUNT][3] = {
    [SETUP_AUTH] = {NULL},                           /* endpoint_auth */
    [SETUP_EOF] = {"REPLCONF", "capa", "eof"},       /* the RDB straight from memory */
    [SETUP_RDB_ONLY] = {"REPLCONF", "rdb-only", "1"} /* Redis 7.0: no commands behind it */
};

struct pull {
    uv_loop_t *loop;
    struct endpoint *endpoint;
    const struct redis_tunnel *tunnel;
    struct tunnel_wait *wait;
    struct stream *stream;
    struct resp_reader *reader; /* until PSYNC is sent */
    enum setup_step setup;      /* whose reply is awaited */
    struct transfer transfer;
    struct spool *spool;
    uv_timer_t timer;
    struct pull_limits limits;
    enum pull_stage stage;
    bool second_look, file_ended, settled;
    mono_ms began, asked, first_byte, last_byte;
    struct pull_result result;
    pull_done *done;
    void *context;
};

const char *pull_cause_word(enum pull_cause cause)
{
    static const char *const words[] = {
        [PULL_OK] = "ok",
        [PULL_CANCELLED] = "cancelled",
        [PULL_UNREACHABLE] = "unreachable",
        [PULL_NO_LOGIN] = "no_login",
        [PULL_NO_RIGHT] = "no_right",
        [PULL_NO_PSYNC] = "no_psync",
        [PULL_NO_PRIMARY] = "no_primary",
        [PULL_LOADING] = "loading",
        [PULL_REFUSED] = "refused",
        [PULL_SILENT] = "silent",
        [PULL_CUT] = "cut",
        [PULL_DAMAGED] = "damaged",
        [PULL_DISK] = "disk",
        [PULL_LOCAL] = "local",
    };
    static_assert(ARRAY_LENGTH(words) == PULL_CAUSE_COUNT, "a word for every cause");
    return words[cause];
}

/* --- the end --- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct pull *p = handle->data;
    endpoint_free(p->endpoint);
    resp_reader_free(p->reader);
    mem_free(p);
}

static void on_settled(uv_timer_t *timer)
{
    struct pull *p = timer->data;
    p->done(p->context, &p->result);
    uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

/* The connection is closed and the file is ended: says so on a turn of its own. */
static void settle(struct pull *p)
{
    if (p->stage != PULL_ENDED || !p->file_ended || p->settled)
        return;
    p->settled = true;
    (void)uv_timer_start(&p->timer, on_settled, 0, 0);
}

static void on_spool_closed(void *context, const char *sha256, const struct error *err)
{
    struct pull *p = context;
    p->spool = NULL;
    p->file_ended = true;
    p->stage = PULL_ENDED;
    if (p->result.cause == PULL_OK && err != NULL) {
        p->result.cause = PULL_DISK;
        p->result.error = *err;
    }
    (void)str_copy(p->result.sha256, sizeof p->result.sha256, sha256);
    settle(p);
}

static void close_connection(struct pull *p)
{
    tunnel_forget(p->wait);
    p->wait = NULL;
    stream_close(p->stream);
    p->stream = NULL;
    (void)uv_timer_stop(&p->timer);
}

static void fail(struct pull *p, enum pull_cause cause, const struct error *err)
{
    if (p->stage >= PULL_SYNCING)
        return;
    p->result.cause = cause;
    p->result.error = *err;
    p->stage = PULL_ENDED;
    close_connection(p);
    if (p->spool != NULL)
        spool_close(p->spool, false, on_spool_closed, p);
    settle(p);
}

static void take_result(struct pull *p)
{
    const struct transfer *t = &p->transfer;
    (void)str_copy(p->result.replid, sizeof p->result.replid, t->replid);
    p->result.repl_offset = t->repl_offset;
    p->result.by_mark = t->by_mark;
    p->result.head = t->head;
    p->result.end = rdb_tail_end(&t->tail);
    p->result.bytes = transfer_bytes(t);
    p->result.forking_ms = mono_since(p->first_byte, p->asked);
    p->result.receiving_ms = mono_since(clock_mono(), p->first_byte);
}

static void succeed(struct pull *p)
{
    take_result(p);
    p->stage = PULL_SYNCING;
    close_connection(p);
    spool_close(p->spool, true, on_spool_closed, p);
}

/* --- deadlines --- */

static mono_ms deadline(const struct pull *p, int64_t *ret_limit_ms)
{
    mono_ms all = mono_add(p->began, p->limits.total_ms);
    int64_t limit = p->stage == PULL_CONNECTING ? p->limits.connect_ms
                    : p->stage == PULL_FORKING  ? p->limits.forking_ms
                                                : p->limits.silence_ms;
    mono_ms silence = mono_add(p->last_byte, limit);
    *ret_limit_ms = all.ms < silence.ms ? p->limits.total_ms : limit;
    return mono_min(all, silence);
}

static void fail_late(struct pull *p, mono_ms now, int64_t limit_ms)
{
    struct error err;
    long long seconds = (long long)((limit_ms + 999) / 1000);
    if (mono_since(now, p->began) >= p->limits.total_ms)
        (void)error_set(&err, -ETIMEDOUT,
                        "the copy took longer than %lld s in all: the network is slow, or the data "
                        "are very large",
                        seconds);
    else if (p->stage == PULL_CONNECTING)
        (void)error_set(&err, -ETIMEDOUT, "no connection and login within %lld s", seconds);
    else if (p->stage == PULL_FORKING)
        (void)error_set(&err, -ETIMEDOUT,
                        "Redis sent nothing for %lld s while it prepared the copy: it hangs, or "
                        "cannot fork (see its log)",
                        seconds);
    else
        (void)error_set(&err, -ETIMEDOUT,
                        "Redis sent nothing for %lld s in the middle of the copy: it hangs, or the "
                        "network is cut",
                        seconds);
    fail(p, PULL_SILENT, &err);
}

static void on_deadline(uv_timer_t *timer);

/* Not at each byte: when it fires, the timer looks when the last one came. */
static void watch_deadline(struct pull *p)
{
    int64_t limit = 0;
    int64_t wait = mono_since(deadline(p, &limit), clock_mono());
    uv_update_time(p->loop);
    (void)uv_timer_start(&p->timer, on_deadline, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    struct pull *p = timer->data;
    int64_t limit = 0;
    mono_ms now = clock_mono();
    bool waits_for_disk = p->spool != NULL && spool_full(p->spool);
    if (waits_for_disk && mono_since(now, p->began) < p->limits.total_ms)
        p->last_byte = now; /* the silence is ours */
    if (!mono_reached(now, deadline(p, &limit))) {
        watch_deadline(p);
    } else if (!p->second_look && limit != p->limits.total_ms) {
        p->second_look = true;
        (void)uv_timer_start(&p->timer, on_deadline, SECOND_LOOK_MS, 0);
    } else {
        fail_late(p, now, limit);
    }
}

/* --- the file --- */

static int sink(void *context, const unsigned char *bytes, size_t length, struct error *err)
{
    struct pull *p = context;
    if (transfer_bytes(&p->transfer) == length && !p->transfer.by_mark)
        spool_expect(p->spool, p->transfer.expected_bytes);
    int r = spool_add(p->spool, bytes, length, err);
    return r < 0 ? -EIO : 0;
}

static void on_spool_ready(void *context, const struct error *err)
{
    struct pull *p = context;
    if (err != NULL)
        fail(p, PULL_DISK, err);
    else if (p->stream != NULL)
        stream_pause(p->stream, spool_full(p->spool));
}

/* --- the protocol --- */

static void send_all(struct pull *p, const struct buf *commands)
{
    struct error err;
    int r = stream_write(p->stream, commands->data, commands->length);
    if (r == 0 || r == -ENOTCONN) /* `ended` tells why */
        return;
    (void)error_set(&err, r, "cannot send: out of memory");
    fail(p, PULL_LOCAL, &err);
}

static void set_up(struct pull *p)
{
    ATTR_CLEANUP(buf_free) struct buf commands = BUF_LIMIT(SETUP_BYTES_MAX);
    struct error err = {0};
    int r = endpoint_auth(p->endpoint, &commands, &err);
    p->setup = commands.length > 0 ? SETUP_AUTH : SETUP_EOF;
    for (enum setup_step i = SETUP_EOF; r == 0 && i < SETUP_COUNT; i++) {
        r = resp_command(&commands, setup_words[i], 3);
        if (r < 0)
            (void)error_set(&err, r, "out of memory");
    }
    if (r < 0)
        fail(p, PULL_LOCAL, &err);
    else
        send_all(p, &commands);
}

static void ask_for_data(struct pull *p)
{
    static const char *const words[] = {"PSYNC", "?", "-1"};
    ATTR_CLEANUP(buf_free) struct buf command = BUF_LIMIT(SETUP_BYTES_MAX);
    struct error err = {0};
    p->stage = PULL_FORKING;
    p->asked = p->last_byte = clock_mono();
    watch_deadline(p);
    if (resp_command(&command, words, ARRAY_LENGTH(words)) < 0) {
        (void)error_set(&err, -ENOMEM, "out of memory");
        fail(p, PULL_LOCAL, &err);
        return;
    }
    send_all(p, &command);
}

static void refuse(struct pull *p, const char *line)
{
    struct error err;
    enum pull_cause cause = refusal_of(line, p->endpoint->username, &err);
    fail(p, cause, &err);
}

/* An older server does not know an option, and that costs nothing; a lack of rights does. */
static void take_setup_reply(struct pull *p, const struct redis_reply *reply)
{
    bool error = reply->type == RESP_ERROR;
    if (error && (p->setup == SETUP_AUTH || strstr(reply->text, "Unrecognized REPLCONF") == NULL)) {
        refuse(p, reply->text);
        return;
    }
    if (p->setup == SETUP_RDB_ONLY)
        p->result.rdb_only = !error;
    if (++p->setup == SETUP_COUNT)
        ask_for_data(p);
}

static void take_setup(struct pull *p, const char *bytes, size_t length)
{
    struct error err = {0};
    int r = resp_reader_feed(p->reader, bytes, length, &err);
    while (r >= 0 && p->stage == PULL_CONNECTING) {
        struct redis_reply *reply = NULL;
        r = resp_reader_next(p->reader, &reply, &err);
        if (r != 1)
            break;
        take_setup_reply(p, reply);
        reply_free(reply);
    }
    if (r < 0) {
        (void)error_prefix(&err, "this is no Redis");
        fail(p, r == -ENOMEM ? PULL_LOCAL : PULL_DAMAGED, &err);
    }
}

static void take_data(struct pull *p, const char *bytes, size_t length)
{
    struct error err = {0};
    int r = transfer_feed(&p->transfer, bytes, length, &err);
    if (p->stage == PULL_FORKING && p->transfer.phase >= TRANSFER_RECEIVING) {
        p->stage = PULL_RECEIVING;
        p->first_byte = p->last_byte;
        watch_deadline(p);
    }
    if (r == -ECONNREFUSED)
        refuse(p, p->transfer.refusal);
    else if (r < 0)
        fail(p, r == -EIO ? PULL_DISK : PULL_DAMAGED, &err);
    else if (p->transfer.phase == TRANSFER_WHOLE)
        succeed(p);
    else if (p->stream != NULL && spool_full(p->spool))
        stream_pause(p->stream, true);
}

static void on_data(void *context, const char *bytes, size_t length)
{
    struct pull *p = context;
    p->last_byte = clock_mono();
    p->second_look = false;
    if (p->stage == PULL_CONNECTING)
        take_setup(p, bytes, length);
    else
        take_data(p, bytes, length);
}

static void on_opened(void *context)
{
    set_up(context);
}

static void on_ended(void *context, enum stream_end how, const struct error *why)
{
    struct pull *p = context;
    struct error err = *why;
    enum pull_cause cause = how == STREAM_END_LOCAL ? PULL_LOCAL : PULL_UNREACHABLE;
    if (p->stage == PULL_FORKING) {
        cause = PULL_CUT;
        (void)error_prefix(&err, "Redis ended the connection while it prepared the copy (its log "
                                 "says why: no memory to fork, or it crashed)");
    } else if (p->stage == PULL_RECEIVING) {
        cause = PULL_CUT;
        (void)error_prefix(&err,
                           "the copy broke off after %llu bytes (Redis or its child ended, or "
                           "the network failed)",
                           (unsigned long long)transfer_bytes(&p->transfer));
    }
    fail(p, cause, &err);
}

/* --- the start --- */

static void open_stream(struct pull *p)
{
    const struct stream_events events = {
        .context = p,
        .opened = on_opened,
        .data = on_data,
        .ended = on_ended,
    };
    stream_open(p->stream, &events);
}

static void on_tunnel(void *owner, int fd, const struct error *error)
{
    struct pull *p = owner;
    struct error err = {0};
    p->wait = NULL;
    if (fd < 0) {
        (void)error_set(&err, -EHOSTUNREACH, "%s", error->text);
        fail(p, PULL_UNREACHABLE, &err);
    } else if (endpoint_stream_over(p->endpoint, p->loop, fd, &p->stream, &err) < 0) {
        fail(p, PULL_LOCAL, &err);
    } else {
        open_stream(p);
    }
}

static int open_path(struct pull *p, struct error *err)
{
    if (p->endpoint->tunnel)
        return tunnel_open(p->tunnel, p->endpoint, mono_add(p->began, p->limits.connect_ms),
                           on_tunnel, p, &p->wait, err);
    int r = endpoint_stream(p->endpoint, p->loop, &p->stream, err);
    if (r == 0)
        open_stream(p);
    return r;
}

int pull_start(uv_loop_t *loop, const struct pull_options *options, pull_done *done, void *context,
               struct pull **ret, struct error *err)
{
    struct pull *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->loop = loop;
    p->tunnel = options->tunnel;
    p->limits = options->limits;
    p->done = done;
    p->context = context;
    p->began = p->last_byte = clock_mono();
    p->transfer = (struct transfer){.sink = sink, .context = p};
    int r = endpoint_new(options->redis, &p->endpoint, err);
    if (r == 0)
        r = resp_reader_new(&p->reader, err);
    if (r == 0)
        r = spool_new(loop, options->path, PULL_BLOCK_BYTES, p->limits.reserve_bytes,
                      on_spool_ready, p, &p->spool, err);
    if (r < 0) {
        endpoint_free(p->endpoint);
        resp_reader_free(p->reader);
        mem_free(p);
        return r;
    }
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    watch_deadline(p);
    struct error why = {0};
    if (open_path(p, &why) < 0)
        fail(p, PULL_LOCAL, &why);
    *ret = p;
    return 0;
}

void pull_cancel(struct pull *p)
{
    struct error err;
    (void)error_set(&err, -ECANCELED, "cancelled");
    fail(p, PULL_CANCELLED, &err);
}

enum pull_stage pull_stage(const struct pull *p)
{
    return p->stage;
}

uint64_t pull_bytes(const struct pull *p)
{
    return transfer_bytes(&p->transfer);
}
