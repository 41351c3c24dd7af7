#include "restore/replica.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "restore/served.h"

#define ASK_AGAIN_MS 100
#define ASK_WITHIN_MS (10 * 1000)
#define SILENCE_MS (60 * 1000) /* of a server that is to follow */
#define REFUSED_MS (8 * 1000)  /* no process listens for so long: it is gone */

struct replica {
    uv_timer_t timer;
    struct replica_options options;
    struct permit permit;
    struct query *query;
    bool detaches, ordered; /* REPLICAOF was sent */
    char port[8];
    mono_ms deadline, heard, linked;
    bool refused; /* by the last attempt, and since then */
    mono_ms refused_since;
    struct error last; /* why it is not so yet */
    replica_done *done;
    void *context;
};

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void finish(struct replica *r, enum restore_event outcome, const struct error *err)
{
    permit_end(&r->permit);
    r->done(r->context, outcome, err);
    uv_close((uv_handle_t *)&r->timer, on_closed);
}

static void on_time(uv_timer_t *timer);

/* Is its process gone? */
static bool is_gone(struct replica *r)
{
    bool refused = r->last.code == -EHOSTUNREACH;
    if (refused && !r->refused)
        r->refused_since = clock_mono();
    r->refused = refused;
    return refused && mono_since(clock_mono(), r->refused_since) > REFUSED_MS;
}

static void again(struct replica *r)
{
    struct error why = {0};
    if (is_gone(r)) {
        (void)error_set(&why, -ECONNREFUSED, "Redis has ended meanwhile: %s", r->last.text);
        finish(r, r->detaches ? RESTORE_UNKNOWN : RESTORE_FAILED, &why);
        return;
    }
    bool silent = !r->detaches && mono_since(clock_mono(), r->heard) > SILENCE_MS;
    if (!silent && !mono_reached(clock_mono(), r->deadline)) {
        (void)uv_timer_start(&r->timer, on_time, ASK_AGAIN_MS, 0);
        return;
    }
    (void)error_set(&why, -ETIMEDOUT, "%s in time: %s",
                    r->detaches ? "Redis could not be made independent"
                                : "Redis did not copy the backup",
                    r->last.text);
    finish(r, r->detaches ? RESTORE_UNKNOWN : RESTORE_FAILED, &why);
}

static bool follows_ours(const struct replica *r, const struct redis_reply *info)
{
    char host[64];
    query_info_text(info, "master_host", host, sizeof host);
    return str_equal(host, r->options.copy->address) &&
           query_info_number(info, "master_port") == r->options.copy->port;
}

static bool is_master(const struct redis_reply *info)
{
    char role[16];
    query_info_text(info, "role", role, sizeof role);
    return str_equal(role, "master");
}

static void judge(struct replica *r, const struct redis_reply *info)
{
    const struct replica_copy *copy = r->options.copy;
    char id[REPLICA_ID_SIZE];
    char before[REPLICA_ID_SIZE];
    struct error err = {0};
    query_info_text(info, "master_replid", id, sizeof id);
    query_info_text(info, "master_replid2", before, sizeof before);
    const struct replicate_seen seen = {
        .was_copied =
            copy->id[0] != '\0' && (str_equal(id, copy->id) || str_equal(before, copy->id)),
        .complete = served_keys(info, r->options.databases, r->options.database_count, &err) == 0,
        .keys = query_info_keys(info),
        .keys_before = copy->keys_before,
        .expires_before = copy->expires_before,
    };
    enum restore_event found = replicate_found(&seen);
    if (found == RESTORE_HAS_NEITHER && !seen.was_copied)
        (void)error_set(&err, -EBADMSG, "Redis has %lld keys, it had %lld before the restore",
                        (long long)seen.keys, (long long)seen.keys_before);
    finish(r, found, &err);
}

/* It is to follow: has it all? */
static void watch(struct replica *r, const struct redis_reply *info)
{
    struct error err = {0};
    char link[16];
    query_info_text(info, "master_link_status", link, sizeof link);
    if (is_master(info) || !follows_ours(r, info)) {
        (void)error_set(&err, -ECANCELED, "another client gave Redis another primary meanwhile");
        finish(r, RESTORE_FAILED, &err);
        return;
    }
    bool copies = query_info_number(info, "master_sync_in_progress") != 0 ||
                  query_info_number(info, "loading") != 0;
    if (str_equal(link, "up") && !copies) {
        finish(r, RESTORE_OK, NULL);
        return;
    }
    if (copies)
        r->linked = clock_mono();
    if (mono_since(clock_mono(), r->linked) > r->options.link_ms) {
        (void)error_set(&err, -ENOTCONN,
                        "Redis does not reach the server of the backup at %s:%d: another "
                        "connection may have come first",
                        r->options.copy->address, r->options.copy->port);
        finish(r, RESTORE_FAILED, &err);
        return;
    }
    (void)error_set(&r->last, -EAGAIN, "its link to the server of the backup is %s", link);
    again(r);
}

static void look(struct replica *r, const struct redis_reply *info)
{
    struct error err = {0};
    if (query_info_number(info, "loading") != 0) {
        (void)error_set(&r->last, -EAGAIN, "it loads");
        again(r);
    } else if (is_master(info)) {
        judge(r, info);
    } else if (!follows_ours(r, info)) {
        (void)error_set(&err, -EBUSY,
                        "Redis is the replica of another server now: make it independent "
                        "(REPLICAOF NO ONE), or leave it so");
        finish(r, RESTORE_FAILED, &err);
    } else {
        r->ordered = true;
        on_time(&r->timer);
    }
}

static void on_replies(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct replica *r = context;
    struct error why = {0};
    bool two = r->ordered;
    r->query = NULL;
    if (r->detaches) /* each time it is looked at first */
        r->ordered = false;
    if (err != NULL) {
        r->last = *err;
        again(r);
        return;
    }
    r->heard = clock_mono();
    const struct redis_reply *info = replies[two ? 1 : 0];
    if (two && replies[0]->type == RESP_ERROR) {
        (void)error_set(&why, -EACCES, "Redis refused REPLICAOF: %s", replies[0]->text);
        if (strncmp(replies[0]->text, "LOADING", 7) == 0) {
            r->last = why;
            again(r);
        } else {
            finish(r, RESTORE_FAILED, &why);
        }
        return;
    }
    if (!r->detaches && two)
        r->ordered = false; /* it was heard: only INFO from now on */
    if (!r->detaches)
        watch(r, info);
    else if (two)
        judge(r, info);
    else
        look(r, info);
}

/* May REPLICAOF be sent? If not, it has been seen to. */
static bool may_order(struct replica *r)
{
    enum permit_state state = permit_look(&r->permit);
    struct error err = {0};
    if (state == PERMIT_GOOD)
        return true;
    (void)error_set(&err, -EPERM, "this engine may not change the service now: %s",
                    r->detaches ? "Redis still follows the server of the backup"
                                : "nothing was sent");
    if (state == PERMIT_OVER) {
        finish(r, r->detaches ? RESTORE_UNKNOWN : RESTORE_FAILED, &err);
        return false;
    }
    r->ordered = !r->detaches;
    r->last = err;
    again(r);
    return false;
}

static void on_time(uv_timer_t *timer)
{
    struct replica *r = timer->data;
    struct error err = {0};
    if (r->ordered && !may_order(r))
        return;
    const struct query_command both[] = {
        {{"REPLICAOF", r->detaches ? "NO" : r->options.copy->address,
          r->detaches ? "ONE" : r->port}},
        {{"INFO"}}};
    const struct query_options options = {.redis = r->options.redis,
                                          .tunnel = r->options.tunnel,
                                          .commands = r->ordered ? both : &both[1],
                                          .count = r->ordered ? 2 : 1,
                                          .within_ms = ASK_WITHIN_MS,
                                          .permit = &r->permit};
    if (query_start(timer->loop, &options, on_replies, r, &r->query, &err) < 0) {
        r->last = err;
        again(r);
    }
}

static int start(uv_loop_t *loop, const struct replica_options *options, bool detaches,
                 replica_done *done, void *context, struct replica **ret, struct error *err)
{
    struct replica *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r->options = *options;
    if (options->permit != NULL)
        r->permit = *options->permit;
    r->detaches = detaches;
    r->ordered = !detaches;
    (void)str_format(r->port, sizeof r->port, "%d", options->copy->port);
    r->done = done;
    r->context = context;
    r->heard = r->linked = clock_mono();
    r->deadline = mono_add(r->heard, options->within_ms);
    (void)uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    (void)uv_timer_start(&r->timer, on_time, 0, 0);
    *ret = r;
    return 0;
}

int replica_follow(uv_loop_t *loop, const struct replica_options *options, replica_done *done,
                   void *context, struct replica **ret, struct error *err)
{
    return start(loop, options, false, done, context, ret, err);
}

int replica_detach(uv_loop_t *loop, const struct replica_options *options, replica_done *done,
                   void *context, struct replica **ret, struct error *err)
{
    return start(loop, options, true, done, context, ret, err);
}

void replica_cancel(struct replica *r)
{
    if (r == NULL)
        return;
    query_cancel(r->query);
    permit_end(&r->permit);
    uv_close((uv_handle_t *)&r->timer, on_closed);
}
