#include "restore/served.h"

#include <errno.h>
#include <string.h>

#include "backups/check_report.h"
#include "base/mem.h"
#include "io/clock.h"

#define ASK_AGAIN_MS 50
#define ASK_WITHIN_MS (30 * 1000)

struct served {
    uv_timer_t timer;
    struct served_options options;
    struct rdb_counts databases[CHECK_DATABASES_MAX];
    struct query *query;
    mono_ms deadline;
    struct error last; /* why it is not so yet */
    served_done *done;
    void *context;
};

int served_keys(const struct redis_reply *info, const struct rdb_counts *databases, size_t count,
                struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct rdb_counts *d = &databases[i];
        int64_t is = query_info_database(info, d->db);
        if (is < d->keys - d->expires)
            return error_set(err, -EBADMSG,
                             "database %lld has %lld keys, the backup has %lld, of which %lld may "
                             "have expired",
                             (long long)d->db, (long long)is, (long long)d->keys,
                             (long long)d->expires);
    }
    return 0;
}

int served_judge(const struct redis_reply *info, const struct rdb_counts *databases, size_t count,
                 struct error *err)
{
    int64_t wanted = 0;
    int64_t loaded = query_info_number(info, "rdb_last_load_keys_loaded");
    int64_t expired = query_info_number(info, "rdb_last_load_keys_expired");
    for (size_t i = 0; i < count; i++)
        wanted += databases[i].keys;
    if (loaded >= 0 && expired >= 0 && loaded + expired == wanted)
        return 0;
    int r = served_keys(info, databases, count, err);
    if (r < 0)
        return r;
    if (loaded > 0 && loaded + expired < wanted)
        return error_set(err, -EBADMSG,
                         "Redis loaded %lld keys and %lld expired, the backup has %lld",
                         (long long)loaded, (long long)expired, (long long)wanted);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void finish(struct served *s, int code, const struct error *err)
{
    s->done(s->context, code, err);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}

static void on_time(uv_timer_t *timer);

static void on_info(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct served *s = context;
    struct error why = {0};
    s->query = NULL;
    if (err != NULL)
        s->last = *err;
    else if (query_info_number(replies[0], "loading") != 0)
        (void)error_set(&s->last, -EAGAIN, "it still loads");
    if (err == NULL && query_info_number(replies[0], "loading") == 0) {
        int code = served_judge(replies[0], s->databases, s->options.database_count, &why);
        finish(s, code, &why);
        return;
    }
    if (mono_reached(clock_mono(), s->deadline)) {
        (void)error_set(&why, -ETIMEDOUT, "Redis did not serve the backup in time: %s",
                        s->last.text);
        finish(s, -ETIMEDOUT, &why);
        return;
    }
    (void)uv_timer_start(&s->timer, on_time, ASK_AGAIN_MS, 0);
}

static void on_time(uv_timer_t *timer)
{
    static const struct query_command info[] = {{{"INFO"}}};
    struct served *s = timer->data;
    struct error err = {0};
    const struct query_options options = {.redis = s->options.redis,
                                          .tunnel = s->options.tunnel,
                                          .commands = info,
                                          .count = 1,
                                          .within_ms = ASK_WITHIN_MS};
    int r = query_start(timer->loop, &options, on_info, s, &s->query, &err);
    if (r < 0)
        finish(s, r, &err);
}

int served_start(uv_loop_t *loop, const struct served_options *options, served_done *done,
                 void *context, struct served **ret, struct error *err)
{
    if (options->database_count > CHECK_DATABASES_MAX)
        return error_set(err, -E2BIG, "the backup has more than %d databases", CHECK_DATABASES_MAX);
    struct served *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->options = *options;
    if (options->database_count > 0)
        memcpy(s->databases, options->databases, options->database_count * sizeof s->databases[0]);
    s->done = done;
    s->context = context;
    s->deadline = mono_add(clock_mono(), options->within_ms);
    (void)uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    (void)uv_timer_start(&s->timer, on_time, 0, 0);
    *ret = s;
    return 0;
}

void served_cancel(struct served *s)
{
    if (s == NULL)
        return;
    query_cancel(s->query);
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
