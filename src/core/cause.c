/* The rules: from what is seen to the cause. Their texts are in cause_table.c. */
#include "core/cause.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/silence.h"

static struct verdict certain(enum cause cause)
{
    return (struct verdict){cause, true};
}

static struct verdict suspected(enum cause cause)
{
    return (struct verdict){cause, false};
}

static struct verdict certain_if(bool confirmed, enum cause cause)
{
    return (struct verdict){cause, confirmed};
}

static bool probing(const struct observations *s)
{
    return s->probing_since.ms != MONO_NEVER.ms;
}

static bool recent(const struct observations *s, mono_ms asked)
{
    return !probing(s) || asked.ms >= s->probing_since.ms;
}

static bool timed_out(const struct probe_facts *p)
{
    return p->reply == REPLY_SILENT || p->reply == REPLY_NO_CONNECT;
}

/* Silence is known at its deadline, but is about the time since the request: a later request that
 * was answered knows more. */
static bool overtaken(const struct probe_facts *silence, const struct probe_facts *other)
{
    return timed_out(silence) && !timed_out(other) && other->asked.ms > silence->asked.ms;
}

const struct probe_facts *cause_probe(const struct observations *s)
{
    switch (s->fresh.reply) {
    case REPLY_MAXCLIENTS:
    case REPLY_NOAUTH:
    case REPLY_WRONGPASS:
    case REPLY_DENIED:
    case REPLY_TLS_FAILED:
        return &s->fresh;
    default:
        break;
    }
    if (s->kept.reply == REPLY_NONE)
        return &s->fresh;
    if (s->fresh.reply == REPLY_NONE)
        return &s->kept;
    if (overtaken(&s->kept, &s->fresh))
        return &s->fresh;
    if (overtaken(&s->fresh, &s->kept))
        return &s->kept;
    return s->kept.at.ms >= s->fresh.at.ms ? &s->kept : &s->fresh;
}

bool cause_beside_main(const struct observations *s)
{
    return s->info.known && s->info.process_id > 1 && s->unit.main_pid > 0 &&
           s->info.process_id != s->unit.main_pid && s->info.asked.ms >= s->unit_same_since.ms;
}

bool cause_other_process(const struct observations *s)
{
    return cause_beside_main(s) && !s->in_group;
}

bool cause_shut_out(const struct observations *s)
{
    /* A refusal is an answer of its own; silence on a new connection may be a lost packet. */
    bool refused = s->fresh.reply == REPLY_REFUSED || s->fresh.reply == REPLY_CLOSED;
    return s->kept.reply == REPLY_PONG &&
           s->shut_out >= (refused ? CAUSE_SHUT_OUT_REFUSALS : s->failure_threshold);
}

bool cause_proven_well(const struct observations *s)
{
    const struct probe_facts *p = cause_probe(s);
    return !s->tilt && p->reply == REPLY_PONG && recent(s, p->asked) && recent(s, s->unit.asked) &&
           unit_runs(s->unit.active) && s->shut_out == 0;
}

bool cause_serves(const struct observations *s)
{
    const struct probe_facts *p = cause_probe(s);
    bool orphan = !s->tilt && p->reply == REPLY_MASTERDOWN && recent(s, p->asked) &&
                  recent(s, s->unit.asked) && unit_runs(s->unit.active);
    return orphan || cause_proven_well(s);
}

bool cause_empty_primary(const struct info_facts *info)
{
    if (!info->known || info->role != ROLE_PRIMARY || info->connected_replicas <= 0)
        return false;
    return info->aof_enabled != TRI_YES && info->save_points != TRI_YES;
}

static enum cause cause_of_log(enum log_class class)
{
    switch (class) {
    case LOG_CONFIG_ERROR:
        return CAUSE_CONFIG_ERROR;
    case LOG_PORT_IN_USE:
        return CAUSE_PORT_IN_USE;
    case LOG_DATA_CORRUPT:
        return CAUSE_DATA_CORRUPT;
    case LOG_PERMISSION_DENIED:
        return CAUSE_PERMISSION_DENIED;
    case LOG_DISK_FULL:
        return CAUSE_DISK_FULL;
    case LOG_MODULE_MISSING:
        return CAUSE_MODULE_MISSING;
    default:
        return CAUSE_NONE;
    }
}

bool cause_stop_unrecorded(const struct unit_facts *unit)
{
    return unit->active == UNIT_INACTIVE && unit->undated;
}

/* Whoever began the stop meant it, however it ended. A start that systemd ends looks alike: it has
 * loaded, or the log says so. */
bool cause_stop_was_cut(const struct observations *s)
{
    bool timed_out = s->unit.result == RESULT_TIMEOUT;
    bool killed = timed_out || s->unit.result == RESULT_SIGNAL;
    if (s->unit.active != UNIT_FAILED || !killed || s->loading_seen)
        return false;
    if (s->log_read && (s->log.class == LOG_STOP_TIMEOUT || s->log.class == LOG_START_TIMEOUT))
        return s->log.class == LOG_STOP_TIMEOUT && timed_out;
    return s->stop_begun;
}

/* The process that held the port when Redis was started is gone: the port refuses now. That is
 * worth one start. When a refusal that was waited for began is not known: what a connection asked
 * for after it met is newer. */
static bool port_is_free(const struct observations *s)
{
    const struct probe_facts *p = cause_probe(s);
    const struct probe_facts *other = p == &s->kept ? &s->fresh : &s->kept;
    bool taken_since = other->asked.ms > p->asked.ms && other->reply != REPLY_REFUSED &&
                       other->reply != REPLY_NONE;
    if (taken_since)
        return false;
    return p->reply == REPLY_REFUSED && p->asked.ms >= s->unit_same_since.ms && !s->start_tried;
}

/* The unit is failed and nothing answers. A killed process needs no log to be believed, unless
 * systemd restarts the unit and has given up, which the journal says; a process that ended by
 * itself does: its exit log decides whether a restart helps. */
static struct verdict judge_failed(const struct observations *s)
{
    enum cause logged = s->log_read ? cause_of_log(s->log.class) : CAUSE_NONE;
    if (s->unit.masked)
        return certain(CAUSE_CONFIG_ERROR);
    if (s->start_cancelled) /* what failed is only the start that the stop has cut */
        return certain(CAUSE_UNIT_STOPPED);
    if (logged != CAUSE_NONE && !(logged == CAUSE_PORT_IN_USE && port_is_free(s)))
        return certain(logged);
    /* A unit that systemd itself restarts stays failed only when systemd gave up. */
    if (s->unit.result == RESULT_START_LIMIT || s->unit.repeated_too_quickly ||
        s->unit.restarts > 0 || (s->log_read && s->log.class == LOG_START_LIMIT))
        return certain_if(s->log_read, CAUSE_START_LIMIT_HIT);
    if (cause_stop_was_cut(s))
        return certain(CAUSE_UNIT_STOPPED);
    if (s->log_read && s->log.class == LOG_OUT_OF_MEMORY) /* it got no memory, and ended itself */
        return certain(CAUSE_OOM_KILLED);
    switch (s->unit.result) {
    case RESULT_OOM_KILL:
        return certain(CAUSE_OOM_KILLED);
    case RESULT_SIGNAL:
    case RESULT_CORE_DUMP:
    case RESULT_WATCHDOG:
        return certain_if(s->log_read || !s->systemd_restarts,
                          s->log_read && s->log.class == LOG_OOM_KILL ? CAUSE_OOM_KILLED
                                                                      : CAUSE_CRASHED);
    case RESULT_TIMEOUT:
        if (s->loading_seen || (s->log_read && s->log.class == LOG_START_TIMEOUT))
            return certain(CAUSE_START_TIMEOUT);
        return certain_if(s->log_read, CAUSE_UNIT_FAILED);
    default:
        return certain_if(s->log_read, CAUSE_UNIT_FAILED);
    }
}

/* systemd is at work on the unit: with the start of a Redis that serves already and never says so,
 * it ends and begins without limit. */
static enum cause at_work(const struct observations *s)
{
    const struct unit_facts *u = &s->unit;
    bool unready = s->unready_since.ms != 0 && u->active == UNIT_ACTIVATING &&
                   mono_since(u->asked, s->unready_since) >= CAUSE_READY_LIMIT_MS;
    return unready || s->never_ready ? CAUSE_START_TIMEOUT : CAUSE_SYSTEMD_RESTARTING;
}

static struct verdict judge_stopping(const struct observations *s, mono_ms now)
{
    int64_t since_ms = mono_since(now, s->unit_same_since);
    if (s->unit.notice == NOTICE_CANNOT_EXIT)
        return certain(CAUSE_STOP_HANGING);
    int64_t deadline_ms =
        s->unit.notice == NOTICE_SAVING ? CAUSE_SAVE_DEADLINE_MS : CAUSE_STOP_DEADLINE_MS;
    return certain(since_ms >= deadline_ms ? CAUSE_STOP_HANGING : at_work(s));
}

/* A port that refuses proves that the host lives and that Redis does not listen there. */
static struct verdict judge_uncontrolled(const struct observations *s, const struct probe_facts *p,
                                         mono_ms now)
{
    bool enough = s->failed_probes >= s->failure_threshold;
    if (p->reply != REPLY_REFUSED)
        return certain_if(enough, CAUSE_HOST_UNREACHABLE);
    if (!s->ever_answered)
        return certain_if(enough, CAUSE_ACCESS_REFUSED);
    return certain_if(enough && mono_since(now, s->failing_since) >= CAUSE_UNCONTROLLED_MS,
                      CAUSE_DOWN_UNCONTROLLED);
}

static struct verdict judge_unanswered(const struct observations *s, const struct probe_facts *p,
                                       mono_ms now)
{
    enum reply_class reply = p->reply;
    /* What the unit was before Redis last answered is old, also when probing has lasted: another
     * Redis on the port answers as long as it is there. */
    if (!recent(s, s->unit.asked) || s->unit.asked.ms < s->last_answer.ms)
        return suspected(CAUSE_HUNG);
    if (s->unit.control_reached == TRI_NO || s->unit.active == UNIT_UNKNOWN)
        return judge_uncontrolled(s, p, now);
    switch (s->unit.active) {
    case UNIT_FAILED:
        if (reply == REPLY_GARBAGE || reply == REPLY_OTHER)
            return certain_if(s->mismatches >= s->failure_threshold, CAUSE_WRONG_INSTANCE);
        /* A stop leaves a unit that had failed before as failed. */
        return s->stopped_on_purpose ? certain(CAUSE_STOPPED_ON_PURPOSE) : judge_failed(s);
    case UNIT_INACTIVE:
        if (s->stopped_on_purpose)
            return certain(CAUSE_STOPPED_ON_PURPOSE);
        return certain_if(mono_since(now, s->unit_same_since) >= s->confirm_interval_ms,
                          s->unit.masked ? CAUSE_CONFIG_ERROR : CAUSE_UNIT_STOPPED);
    case UNIT_NOT_FOUND:
        return certain(CAUSE_CONFIG_ERROR);
    case UNIT_ACTIVATING:
        return certain(s->unit.notice == NOTICE_LOADING ? CAUSE_LOADING : at_work(s));
    case UNIT_DEACTIVATING:
        return judge_stopping(s, now);
    default:
        return silence_judge(s, p, now);
    }
}

static const struct {
    enum gauge gauge;
    enum cause cause;
} figures[] = {
    {GAUGE_MEMORY, CAUSE_MEMORY_HIGH},   {GAUGE_CONNECTIONS, CAUSE_CONNECTIONS_HIGH},
    {GAUGE_LATENCY, CAUSE_LATENCY_HIGH}, {GAUGE_CPU, CAUSE_CPU_HIGH},
    {GAUGE_ERRORS, CAUSE_ERRORS_HIGH},   {GAUGE_LOAD, CAUSE_LOAD_HIGH},
};
static_assert(ARRAY_LENGTH(figures) == GAUGE_COUNT, "a cause for every gauge");

static enum cause judge_figures(const struct health_levels *l)
{
    for (int level = LEVEL_CRITICAL; level >= LEVEL_WARNING; level--)
        for (unsigned i = 0; i < GAUGE_COUNT; i++)
            if ((int)l->gauges[figures[i].gauge].level == level)
                return figures[i].cause;
    if (l->memory_growing)
        return CAUSE_MEMORY_GROWING;
    return l->slow_queries ? CAUSE_SLOW_QUERIES : CAUSE_OK;
}

bool cause_figure_bad(const struct health_levels *l, enum cause cause)
{
    for (unsigned i = 0; i < GAUGE_COUNT; i++)
        if (figures[i].cause == cause)
            return l->gauges[figures[i].gauge].level >= LEVEL_WARNING;
    return (cause == CAUSE_MEMORY_GROWING && l->memory_growing) ||
           (cause == CAUSE_SLOW_QUERIES && l->slow_queries);
}

/* The open connection is answered, new ones fail. Redis closes one over TLS without a word when it
 * is full of clients; else nothing listens where we, and others, connect to. */
static struct verdict judge_shut_out(const struct observations *s)
{
    const struct info_facts *i = &s->info;
    bool full = s->fresh.reply == REPLY_CLOSED && i->known && i->maxclients > 0 &&
                i->connected_clients >= i->maxclients;
    return certain_if(cause_shut_out(s), full ? CAUSE_CLIENTS_EXHAUSTED : CAUSE_PATH_BROKEN);
}

/* Redis refuses what would go beyond the limit, so its use may stay just below. */
static bool near_maxmemory(const struct info_facts *i)
{
    return i->maxmemory > 0 && i->used_memory >= i->maxmemory / 10 * 9;
}

/* A look that was given up speaks of all the time until then, whenever it was asked for: a second one
 * would take as long, and say the same. A session that was cut says nothing of the next. */
static mono_ms unit_known_at(const struct unit_facts *u)
{
    bool given_up =
        u->control_reached == TRI_NO && mono_since(u->at, u->asked) >= CAUSE_LOOK_LIMIT_MS;
    return given_up ? u->at : u->asked;
}

/* Redis answers PONG: is it ours, is its unit in order, and do its own figures agree? */
static struct verdict judge_pong(const struct observations *s, mono_ms now)
{
    const struct unit_facts *u = &s->unit;
    bool unit_told = recent(s, u->asked) && u->control_reached == TRI_YES;
    if (unit_told) {
        if (u->active == UNIT_DEACTIVATING)
            return judge_stopping(s, now);
        if (u->active == UNIT_ACTIVATING)
            return certain(at_work(s));
        if (u->active == UNIT_FAILED || u->active == UNIT_INACTIVE || u->active == UNIT_NOT_FOUND ||
            cause_other_process(s))
            return certain_if(s->mismatches >= s->failure_threshold, CAUSE_WRONG_INSTANCE);
    } else if (u->asked.ms == 0 || (probing(s) && unit_known_at(u).ms < s->probing_since.ms)) {
        return suspected(CAUSE_OK); /* the unit's answer is on its way */
    }
    if (s->shut_out > 0)
        return judge_shut_out(s);
    const struct info_facts *i = &s->info;
    if (i->known) {
        if (i->last_save_ok == TRI_NO || i->aof_write_ok == TRI_NO)
            return certain(CAUSE_PERSISTENCE_FAILING);
        if (s->oom_errors_rising && near_maxmemory(i))
            return certain(CAUSE_WRITES_REFUSED_MEMORY);
        if (s->role_changed)
            return certain(CAUSE_WRONG_INSTANCE);
        if (s->pause.writes_wait)
            return certain(CAUSE_WRITES_PAUSED);
        if (i->role == ROLE_REPLICA && i->master_link_up == TRI_NO)
            return certain(CAUSE_REPLICA_LINK_DOWN);
    }
    if (u->control_reached == TRI_NO || (unit_told && u->active == UNIT_UNKNOWN))
        return certain_if(!s->look_cut, CAUSE_CONTROL_LOST); /* the next session tells */
    return certain(judge_figures(&s->levels));
}

/* A replica without its primary says so before it says that it loads. */
static struct verdict judge_orphan(const struct observations *s)
{
    if (s->role_changed)
        return certain(CAUSE_WRONG_INSTANCE);
    if (s->unit.active != UNIT_ACTIVATING || !recent(s, s->unit.asked))
        return certain(CAUSE_REPLICA_LINK_DOWN);
    return certain(s->unit.notice == NOTICE_LOADING ? CAUSE_LOADING : CAUSE_SYSTEMD_RESTARTING);
}

struct verdict cause_judge(const struct observations *s, mono_ms now)
{
    if (s->tilt)
        return certain(CAUSE_SELF_DOUBT);
    const struct probe_facts *p = cause_probe(s);
    if (p->reply == REPLY_NONE)
        return suspected(CAUSE_NONE);
    if (!recent(s, p->asked))
        return suspected(CAUSE_HUNG);
    switch (p->reply) {
    case REPLY_PONG:
        return judge_pong(s, now);
    case REPLY_LOADING:
        return certain(CAUSE_LOADING);
    case REPLY_BUSY:
        return certain_if(s->busy_replies >= 2, CAUSE_BUSY_SCRIPT);
    case REPLY_MISCONF:
        return s->unit.active == UNIT_DEACTIVATING && recent(s, s->unit.asked) &&
                       s->unit.notice == NOTICE_CANNOT_EXIT
                   ? certain(CAUSE_STOP_HANGING)
                   : certain(CAUSE_PERSISTENCE_FAILING);
    case REPLY_MASTERDOWN:
        return judge_orphan(s);
    case REPLY_MAXCLIENTS:
        return certain(CAUSE_CLIENTS_EXHAUSTED);
    case REPLY_NOAUTH:
    case REPLY_WRONGPASS:
    case REPLY_NOPERM:
    case REPLY_DENIED:
    case REPLY_TLS_FAILED:
    case REPLY_ERROR:
    case REPLY_READONLY:
    case REPLY_OOM:
    case REPLY_UNKILLABLE:
    case REPLY_NOTBUSY:
        return certain(CAUSE_ACCESS_REFUSED);
    default:
        return judge_unanswered(s, p, now);
    }
}
