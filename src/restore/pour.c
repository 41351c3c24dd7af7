#include "restore/pour.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "restore/keys.h"

#define LOOK_EVERY_MS 200
#define SHOWN_MAX 120 /* bytes of a reply or key in a message */

/* What the items of a server belong to. A phase ends when nothing of it is under way. */
enum phase {
    PHASE_OPENING,
    PHASE_KEYSPACE,  /* INFO of both: which databases there are */
    PHASE_SELECTING, /* of both */
    PHASE_SCANNING,  /* the source: a batch of keys */
    PHASE_COPYING,   /* its keys: PEXPIRETIME and DUMP of the source, RESTORE into the target */
    PHASE_LISTING,   /* exact: a batch of the target's keys */
    PHASE_REMOVING,  /* EXISTS of the source, UNLINK of the target */
    PHASE_ENDED
};

struct pour {
    uv_timer_t timer;
    struct pipeline *source, *target;
    enum phase phase;
    enum restore_mode mode;
    char pattern[POUR_PATTERN_MAX];
    int64_t only_db, silence_ms;
    bool databases[POUR_DATABASES_MAX];
    int64_t db; /* the one under way */
    struct keys keys;
    size_t asked;      /* keys of the batch that the source has answered */
    int64_t expire_at; /* of the next key: the reply to PEXPIRETIME */
    bool has_expire;
    int awaited;     /* plain replies of both: opened, INFO, SELECT */
    int64_t writing; /* RESTORE or UNLINK without a reply */
    bool paused;
    mono_ms last_reply;
    struct permit permit;
    bool held; /* keys wait until the permit is good again */
    struct pour_result result;
    pour_done *done;
    void *context;
};

static void next_step(struct pour *p);

/* --- the end --- */

static void on_closed(uv_handle_t *handle)
{
    struct pour *p = handle->data;
    keys_free(&p->keys);
    mem_free(p);
}

static void let_go(struct pour *p)
{
    p->phase = PHASE_ENDED;
    pipeline_close(p->source);
    pipeline_close(p->target);
    p->source = p->target = NULL;
    permit_end(&p->permit);
}

static void on_settled(uv_timer_t *timer)
{
    struct pour *p = timer->data;
    p->done(p->context, &p->result);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}

static void settle(struct pour *p)
{
    if (p->phase == PHASE_ENDED)
        return;
    let_go(p);
    (void)uv_timer_start(&p->timer, on_settled, 0, 0);
}

static int fail(struct pour *p, int code, const char *what, const struct wire_item *item)
{
    char shown[SHOWN_MAX] = "";
    if (item != NULL && item->text != NULL)
        (void)str_copy_clean(shown, sizeof shown, item->text, item->length);
    if (p->phase != PHASE_ENDED)
        (void)error_set(&p->result.error, code, "%s%s%s", what, shown[0] == '\0' ? "" : ": ",
                        shown);
    settle(p);
    return -ECANCELED;
}

/* --- the right to write --- */

/* The pipeline itself holds back what may not be sent now; here it is asked again, until the permit is
 * over. */
static void send_to_target(struct pour *p)
{
    enum permit_state state = permit_look(&p->permit);
    if (p->phase == PHASE_ENDED)
        return;
    p->held = state == PERMIT_WAIT;
    if (state == PERMIT_OVER)
        (void)fail(p, -EPERM, "another engine of the fleet may own the service by now", NULL);
    else
        pipeline_flush(p->target);
}

/* --- commands --- */

static int send_word(struct pour *p, struct pipeline *to, const char *command, struct word word)
{
    const struct word words[] = {{command, strlen(command)}, word};
    return pipeline_send(to, words, 2) < 0
               ? fail(p, -ENOMEM, "out of memory for the keys under way", NULL)
               : 0;
}

static int restore(struct pour *p, struct word key, const struct wire_item *dump)
{
    char at[24];
    (void)str_format(at, sizeof at, "%lld", (long long)(p->expire_at > 0 ? p->expire_at : 0));
    struct word words[7] = {{"RESTORE", 7}, key, {at, strlen(at)}, {dump->text, dump->length}};
    size_t count = 4;
    if (p->mode != RESTORE_MISSING)
        words[count++] = (struct word){"REPLACE", 7};
    words[count++] = (struct word){"ABSTTL", 6};
    if (pipeline_send(p->target, words, count) < 0)
        return fail(p, -ENOMEM, "out of memory for the keys under way", NULL);
    p->writing++;
    if (pipeline_waiting(p->target) > POUR_WAITING_MAX) {
        send_to_target(p);
        if (p->phase == PHASE_ENDED)
            return -ECANCELED;
        p->paused = pipeline_waiting(p->target) > POUR_WAITING_MAX;
        pipeline_pause(p->source, p->paused);
    }
    return 0;
}

static int ask_for_keys(struct pour *p)
{
    int r = 0;
    p->phase = PHASE_COPYING;
    p->asked = 0;
    p->has_expire = false;
    for (size_t i = 0; i < p->keys.count && r == 0; i++) {
        r = send_word(p, p->source, "PEXPIRETIME", keys_at(&p->keys, i));
        if (r == 0)
            r = send_word(p, p->source, "DUMP", keys_at(&p->keys, i));
    }
    return r;
}

static int ask_whether_there(struct pour *p)
{
    int r = 0;
    p->phase = PHASE_REMOVING;
    p->asked = 0;
    for (size_t i = 0; i < p->keys.count && r == 0; i++)
        r = send_word(p, p->source, "EXISTS", keys_at(&p->keys, i));
    if (r == 0)
        pipeline_flush(p->source);
    return r;
}

static void scan(struct pour *p, enum phase phase)
{
    struct pipeline *of = phase == PHASE_SCANNING ? p->source : p->target;
    p->phase = phase;
    if (keys_ask(&p->keys, of, p->pattern, POUR_BATCH) < 0)
        (void)fail(p, -ENOMEM, "out of memory", NULL);
    else if (of == p->target)
        send_to_target(p);
    else
        pipeline_flush(of);
}

static void select_next(struct pour *p)
{
    char number[24];
    do
        p->db++;
    while (p->db < POUR_DATABASES_MAX && !p->databases[p->db]);
    if (p->db >= POUR_DATABASES_MAX) {
        settle(p);
        return;
    }
    p->phase = PHASE_SELECTING;
    p->awaited = 2;
    (void)str_format(number, sizeof number, "%lld", (long long)p->db);
    const struct word word = {number, strlen(number)};
    if (send_word(p, p->source, "SELECT", word) == 0 &&
        send_word(p, p->target, "SELECT", word) == 0) {
        pipeline_flush(p->source);
        send_to_target(p);
    }
}

/* --- what comes next, once nothing of the phase is under way --- */

static void next_step(struct pour *p)
{
    switch (p->phase) {
    case PHASE_OPENING:
        p->phase = PHASE_KEYSPACE;
        p->awaited = 2;
        if (send_word(p, p->source, "INFO", (struct word){"keyspace", 8}) == 0 &&
            send_word(p, p->target, "INFO", (struct word){"keyspace", 8}) == 0) {
            pipeline_flush(p->source);
            send_to_target(p);
        }
        break;
    case PHASE_KEYSPACE:
        select_next(p);
        break;
    case PHASE_SELECTING:
        (void)str_copy(p->keys.cursor, sizeof p->keys.cursor, "0");
        scan(p, PHASE_SCANNING);
        break;
    case PHASE_COPYING:
        if (!keys_last(&p->keys))
            scan(p, PHASE_SCANNING);
        else if (p->mode == RESTORE_EXACT)
            scan(p, PHASE_LISTING);
        else
            select_next(p);
        break;
    case PHASE_REMOVING:
        if (keys_last(&p->keys))
            select_next(p);
        else
            scan(p, PHASE_LISTING);
        break;
    default:
        break;
    }
}

static void go_on(struct pour *p)
{
    bool copied = p->phase == PHASE_COPYING && p->asked == p->keys.count && p->writing == 0;
    bool removed = p->phase == PHASE_REMOVING && p->asked == p->keys.count && p->writing == 0;
    if (copied || removed)
        next_step(p);
}

/* --- replies --- */

static void take_keyspace(struct pour *p, const struct wire_item *item)
{
    const char *at = item->text;
    const char *end = item->text + item->length;
    while (at != NULL && at < end) {
        char line[16];
        (void)str_copy_n(line, sizeof line, at, (size_t)(end - at) < 15 ? (size_t)(end - at) : 15);
        long db = str_starts(line, "db") ? strtol(line + 2, NULL, 10) : -1;
        if (db >= 0 && db < POUR_DATABASES_MAX && line[2] >= '0' && line[2] <= '9')
            p->databases[db] = p->only_db < 0 || p->only_db == db;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at == NULL ? NULL : at + 1;
    }
}

static int take_plain(struct pour *p, const struct wire_item *item, bool of_source)
{
    bool info = p->phase == PHASE_KEYSPACE;
    if (item->type == WIRE_ERROR || (info && item->type != WIRE_BULK))
        return fail(p, -EACCES,
                    of_source ? "the server of the backup refused a command"
                    : info    ? "Redis refused INFO"
                              : "Redis refused SELECT: raise `databases`",
                    item);
    /* A target's own databases matter only when its other keys are to go. */
    if (info && (of_source || p->mode == RESTORE_EXACT))
        take_keyspace(p, item);
    if (--p->awaited == 0)
        next_step(p);
    return p->phase == PHASE_ENDED ? -ECANCELED : 0;
}

static int take_scan(struct pour *p, const struct wire_item *item)
{
    int r = item->type == WIRE_ERROR ? -EACCES : keys_take(&p->keys, item);
    if (r < 0)
        return fail(p, r, "SCAN failed", item);
    if (r == 0)
        return 0;
    r = p->phase == PHASE_SCANNING ? ask_for_keys(p) : ask_whether_there(p);
    if (r == 0)
        go_on(p); /* a batch may be empty */
    return p->phase == PHASE_ENDED ? -ECANCELED : r;
}

static int take_key(struct pour *p, const struct wire_item *item)
{
    int r = 0;
    if (!p->has_expire) {
        if (item->type != WIRE_NUMBER)
            return fail(p, -EPROTO, "the server of the backup has to be Redis 7 or newer", item);
        p->expire_at = item->number;
        p->has_expire = true;
        return 0;
    }
    p->has_expire = false;
    if (item->type == WIRE_BULK && p->expire_at != -2)
        r = restore(p, keys_at(&p->keys, p->asked), item);
    else if (item->type == WIRE_NULL || item->type == WIRE_BULK)
        p->result.expired++;
    else
        return fail(p, -EPROTO, "DUMP failed", item);
    if (r == 0 && ++p->asked == p->keys.count) {
        send_to_target(p);
        go_on(p);
    }
    return p->phase == PHASE_ENDED ? -ECANCELED : r;
}

static int take_there(struct pour *p, const struct wire_item *item)
{
    if (item->type != WIRE_NUMBER)
        return fail(p, -EPROTO, "EXISTS failed", item);
    struct word key = keys_at(&p->keys, p->asked++);
    if (item->number == 0) {
        if (send_word(p, p->target, "UNLINK", key) < 0)
            return -ECANCELED;
        p->writing++;
    }
    if (p->asked == p->keys.count) {
        send_to_target(p);
        go_on(p);
    }
    return p->phase == PHASE_ENDED ? -ECANCELED : 0;
}

static int on_source(void *context, const struct wire_item *item)
{
    struct pour *p = context;
    p->last_reply = clock_mono();
    switch (p->phase) {
    case PHASE_KEYSPACE:
    case PHASE_SELECTING:
        return take_plain(p, item, true);
    case PHASE_SCANNING:
        return take_scan(p, item);
    case PHASE_COPYING:
        return take_key(p, item);
    case PHASE_REMOVING:
        return take_there(p, item);
    default:
        return fail(p, -EPROTO, "the server of the backup sent what was not asked for", item);
    }
}

static int take_written(struct pour *p, const struct wire_item *item)
{
    static const char busy[] = "BUSYKEY";
    bool error = item->type == WIRE_ERROR;
    bool kept = error && p->mode == RESTORE_MISSING && item->length >= sizeof busy - 1 &&
                memcmp(item->text, busy, sizeof busy - 1) == 0;
    if (p->writing == 0)
        return fail(p, -EPROTO, "Redis sent what was not asked for", item);
    if (error && !kept)
        return fail(p, -EIO,
                    p->phase == PHASE_REMOVING
                        ? "Redis refused to remove a key"
                        : "Redis refused a key; those before it are restored",
                    item);
    p->writing--;
    if (p->phase == PHASE_REMOVING)
        p->result.removed += item->type == WIRE_NUMBER ? item->number : 0;
    else if (kept)
        p->result.kept++;
    else
        p->result.restored++;
    if (p->paused && pipeline_waiting(p->target) <= POUR_WAITING_MAX / 2) {
        p->paused = false;
        pipeline_pause(p->source, false);
    }
    go_on(p);
    return p->phase == PHASE_ENDED ? -ECANCELED : 0;
}

static int on_target(void *context, const struct wire_item *item)
{
    struct pour *p = context;
    p->last_reply = clock_mono();
    switch (p->phase) {
    case PHASE_KEYSPACE:
    case PHASE_SELECTING:
        return take_plain(p, item, false);
    case PHASE_LISTING:
        return take_scan(p, item);
    case PHASE_COPYING:
    case PHASE_REMOVING:
        return take_written(p, item);
    default:
        return fail(p, -EPROTO, "Redis sent what was not asked for", item);
    }
}

static void on_opened(void *context)
{
    struct pour *p = context;
    p->last_reply = clock_mono();
    if (p->phase == PHASE_OPENING && --p->awaited == 0)
        next_step(p);
}

static void ended(struct pour *p, const char *who, const struct error *why)
{
    if (p->phase == PHASE_ENDED)
        return;
    p->result.error = *why;
    (void)error_prefix(&p->result.error, "%s", who);
    settle(p);
}

static void on_source_ended(void *context, const struct error *why)
{
    ended(context, "the server of the backup", why);
}

static void on_target_ended(void *context, const struct error *why)
{
    ended(context, "Redis", why);
}

static void on_look(uv_timer_t *timer)
{
    struct pour *p = timer->data;
    bool held = p->held;
    send_to_target(p);
    if (held) /* it is not they who are silent */
        p->last_reply = clock_mono();
    if (p->phase != PHASE_ENDED && mono_since(clock_mono(), p->last_reply) > p->silence_ms)
        (void)fail(p, -ETIMEDOUT, "no reply: Redis, or the server of the backup, hangs", NULL);
}

/* --- the start --- */

int pour_start(uv_loop_t *loop, const struct pour_options *options, pour_done *done, void *context,
               struct pour **ret, struct error *err)
{
    struct pour *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->keys = (struct keys){.names = BUF_LIMIT(KEYS_BYTES_MAX)};
    p->mode = options->mode;
    p->only_db = options->db;
    p->silence_ms = options->silence_ms;
    p->db = -1;
    p->awaited = 2;
    p->done = done;
    p->context = context;
    p->last_reply = clock_mono();
    if (options->permit != NULL)
        p->permit = *options->permit;
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    struct pipeline_events of_source = {
        .context = p, .opened = on_opened, .item = on_source, .ended = on_source_ended};
    struct pipeline_events of_target = of_source;
    of_target.item = on_target;
    of_target.ended = on_target_ended;
    mono_ms deadline = mono_add(p->last_reply, p->silence_ms);
    int r = str_copy(p->pattern, sizeof p->pattern, options->pattern)
                ? 0
                : error_set(err, -ENAMETOOLONG, "the pattern is longer than %d bytes",
                            POUR_PATTERN_MAX - 1);
    if (r == 0)
        r = pipeline_open(loop, options->source, NULL, &permit_alone, deadline, &of_source,
                          &p->source, err); /* a server of our own */
    if (r == 0)
        r = pipeline_open(loop, options->target, options->tunnel, &p->permit, deadline, &of_target,
                          &p->target, err);
    if (r < 0) {
        let_go(p);
        uv_close((uv_handle_t *)&p->timer, on_closed);
        return r;
    }
    (void)uv_timer_start(&p->timer, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
    *ret = p;
    return 0;
}

const struct pour_result *pour_so_far(const struct pour *p)
{
    return &p->result;
}

void pour_cancel(struct pour *p)
{
    if (p == NULL)
        return;
    let_go(p);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}
