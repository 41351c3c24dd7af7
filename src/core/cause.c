#include "core/cause.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"

static const struct cause_row rows[] = {
    [CAUSE_NONE] = {"unknown", OVERALL_UNKNOWN, RESTART_UNNEEDED, REMEDY_OBSERVE,
                    "Not checked yet.", ""},
    [CAUSE_OK] = {"ok", OVERALL_HEALTHY, RESTART_UNNEEDED, REMEDY_NONE,
                  "Redis answers and its unit is active.", ""},
    [CAUSE_LOADING] = {"loading", OVERALL_DEGRADED, RESTART_HARMFUL, REMEDY_WAIT,
                       "Redis is loading its data set into memory.",
                       "Wait: a restart would begin the load again from the start."},
    [CAUSE_BUSY_SCRIPT] = {"busy_script", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_KILL_SCRIPT,
                           "A script blocks Redis: every other client waits.",
                           "Find out who runs it (SLOWLOG, the client's log). A script that has "
                           "written cannot be killed: "
                           "wait for it, or decide to lose unsaved data with SHUTDOWN NOSAVE."},
    [CAUSE_HUNG] =
        {"hung", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_LADDER,
         "Redis takes connections but does not answer, and no script explains it.",
         "Look at the host: swap, a stopped process (state T), a blocked disk (state D)."},
    [CAUSE_UNIT_STOPPED] = {"unit_stopped", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_START,
                            "The unit was stopped cleanly, and not through Resus.",
                            "Find out who stopped it. To keep it stopped, run: resus stop "
                            "--confirm STOP, or resus pause."},
    [CAUSE_STOPPED_ON_PURPOSE] = {"stopped_on_purpose", OVERALL_CRITICAL, RESTART_UNNEEDED,
                                  REMEDY_NONE, "Redis was stopped on purpose through Resus.",
                                  "To start it again, run: resus start."},
    [CAUSE_UNIT_FAILED] = {"unit_failed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                           "systemd reports the unit as failed.",
                           "Look at the log lines: resus logs."},
    [CAUSE_CRASHED] = {"crashed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                       "The Redis process was killed or crashed.",
                       "Find out what killed it: the kernel's log, another administrator, a crash "
                       "report in Redis' log."},
    [CAUSE_OOM_KILLED] = {"oom_killed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                          "The kernel killed Redis because memory ran out.",
                          "Set maxmemory well below the host's memory, or give the host more."},
    [CAUSE_SYSTEMD_RESTARTING] = {"systemd_restarting", OVERALL_DEGRADED, RESTART_UNNEEDED,
                                  REMEDY_WAIT, "systemd is at work on the unit itself.", ""},
    [CAUSE_START_LIMIT_HIT] =
        {"start_limit_hit", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_WINDOW,
         "Redis was restarted too often: systemd refuses further starts for a while.",
         "Find out why it keeps dying before it is started again: resus logs."},
    [CAUSE_START_TIMEOUT] =
        {"start_timeout", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
         "systemd ended Redis because loading took longer than TimeoutStartSec.",
         "Raise TimeoutStartSec in the unit (systemctl edit UNIT), then start it."},
    [CAUSE_STOP_HANGING] = {"stop_hanging", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                            "A stop of the unit hangs: Redis does not exit.",
                            "Redis cannot save: mend the disk, then decide with redis-cli SHUTDOWN "
                            "NOSAVE (unsaved changes "
                            "are lost)."},
    [CAUSE_PERSISTENCE_FAILING] =
        {"persistence_failing", OVERALL_CRITICAL, RESTART_HARMFUL, REMEDY_BGSAVE,
         "Redis cannot save to disk and refuses writes or risks losing them.",
         "Free the disk or mend the data folder's permissions; a restart would hang or lose data."},
    [CAUSE_WRITES_REFUSED_MEMORY] =
        {"writes_refused_memory", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
         "maxmemory is reached and nothing may be evicted: writes are refused.",
         "Delete keys, raise maxmemory, or choose an eviction policy."},
    [CAUSE_CLIENTS_EXHAUSTED] =
        {"clients_exhausted", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
         "The limit of clients is reached: new connections are refused.",
         "See who holds them (resus inspect clients); close idle ones or raise maxclients."},
    [CAUSE_CONFIG_ERROR] = {"config_error", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                            "Redis does not start: its configuration is wrong.",
                            "Mend the named line of redis.conf, then start it."},
    [CAUSE_PORT_IN_USE] =
        {"port_in_use", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
         "Redis does not start: another process holds its port.",
         "Find that process on the host (ss -ltnp) and end it, or change the port."},
    [CAUSE_DATA_CORRUPT] = {"data_corrupt", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                            "Redis does not start: its data files are damaged.",
                            "Keep a copy of the files, then restore a backup or repair with "
                            "redis-check-rdb / redis-check-aof."},
    [CAUSE_PERMISSION_DENIED] = {"permission_denied", OVERALL_CRITICAL, RESTART_USELESS,
                                 REMEDY_HUMAN,
                                 "Redis does not start: it may not read or write its files.",
                                 "Give the data folder and files back to redis:redis."},
    [CAUSE_DISK_FULL] = {"disk_full", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                         "Redis does not run because the disk is full.",
                         "Free space on the host, then start it."},
    [CAUSE_MODULE_MISSING] = {"module_missing", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                              "Redis does not start: a module that it needs is missing.",
                              "Install the module again or take its line out of redis.conf."},
    [CAUSE_WRONG_INSTANCE] =
        {"wrong_instance", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
         "Something answers at this address, but it is not the unit's process.",
         "Find the process that holds the port (ss -ltnp), and check address and unit in "
         "resus.yaml."},
    [CAUSE_REPLICA_LINK_DOWN] = {"replica_link_down", OVERALL_DEGRADED, RESTART_USELESS,
                                 REMEDY_NONE, "This replica has lost its primary.",
                                 "Look at the primary and the network between them."},
    [CAUSE_ACCESS_REFUSED] =
        {"access_refused", OVERALL_UNKNOWN, RESTART_USELESS, REMEDY_OBSERVE,
         "Redis refuses Resus: credential, protected mode, TLS or address.",
         "Check redis.username, redis.password_file, tls and address in resus.yaml: resus doctor."},
    [CAUSE_CONTROL_LOST] =
        {"control_lost", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
         "Redis answers, but the host cannot be controlled.",
         "Check SSH to the host: resus doctor. Until then Resus could not help."},
    [CAUSE_HOST_UNREACHABLE] = {"host_unreachable", OVERALL_UNKNOWN, RESTART_USELESS,
                                REMEDY_OBSERVE, "Neither Redis nor the host can be reached.",
                                "Check the host and the network."},
    [CAUSE_SELF_DOUBT] =
        {"self_doubt", OVERALL_UNKNOWN, RESTART_USELESS, REMEDY_OBSERVE,
         "Resus' own clock jumped or it was held up: it only observes for a while.", ""},
    [CAUSE_MEMORY_HIGH] = {"memory_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                           "Memory use is high.",
                           "Find large keys, let keys expire, or raise the limit."},
    [CAUSE_CONNECTIONS_HIGH] = {"connections_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                                "Connections approach the limit.",
                                "Pool connections in the applications or raise maxclients."},
    [CAUSE_LATENCY_HIGH] =
        {"latency_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE, "Redis answers slowly.",
         "Look at slow commands (resus inspect slowlog), the host's load and the network."},
    [CAUSE_CPU_HIGH] = {"cpu_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                        "Redis uses much processor time.",
                        "Find expensive commands: resus inspect commandstats."},
    [CAUSE_ERRORS_HIGH] = {"errors_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                           "Many commands fail.",
                           "See which errors rise: redis-cli INFO errorstats."},
    [CAUSE_LOAD_HIGH] = {"load_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                         "The rate of commands is high.",
                         "Find the client that causes it: resus inspect clients."},
    [CAUSE_MEMORY_GROWING] = {"memory_growing", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                              "Memory has grown hour after hour.",
                              "Check for keys without expiry and for leaks."},
    [CAUSE_SLOW_QUERIES] = {"slow_queries", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                            "Slow commands are logged.", "Review them: resus inspect slowlog."},
};
static_assert(ARRAY_LENGTH(rows) == CAUSE_COUNT, "a row for every cause");

static const char *const overall_words[] = {
    [OVERALL_UNKNOWN] = "unknown",
    [OVERALL_HEALTHY] = "healthy",
    [OVERALL_DEGRADED] = "degraded",
    [OVERALL_CRITICAL] = "critical",
};
static_assert(ARRAY_LENGTH(overall_words) == OVERALL_COUNT, "a word for every overall status");

static const char *const restart_words[] = {
    [RESTART_UNNEEDED] = "unneeded",
    [RESTART_HELPS] = "helps",
    [RESTART_USELESS] = "useless",
    [RESTART_HARMFUL] = "harmful",
};
static_assert(ARRAY_LENGTH(restart_words) == RESTART_VERDICT_COUNT, "a word for every verdict");

const struct cause_row *cause_row(enum cause cause)
{
    assert(cause < CAUSE_COUNT);
    return &rows[cause];
}

const char *overall_word(enum overall overall)
{
    return overall_words[overall];
}

const char *restart_word(enum restart_verdict verdict)
{
    return restart_words[verdict];
}

enum cause cause_by_code(const char *code)
{
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (str_equal(rows[i].code, code))
            return (enum cause)i;
    return CAUSE_NONE;
}

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

static bool in_doubt(const struct sight *s)
{
    return s->doubt_since.ms != MONO_NEVER.ms;
}

static bool recent(const struct sight *s, mono_ms asked)
{
    return !in_doubt(s) || asked.ms >= s->doubt_since.ms;
}

static bool timed_out(const struct probe_facts *p)
{
    return p->reply == REPLY_SILENT || p->reply == REPLY_NO_CONNECT;
}

/* Silence is heard at its deadline, but speaks of the time since it was asked for: what was asked
 * for later and has answered knows more (simulator seed 562545). */
static bool overtaken(const struct probe_facts *silence, const struct probe_facts *other)
{
    return timed_out(silence) && !timed_out(other) && other->asked.ms > silence->asked.ms;
}

const struct probe_facts *cause_probe(const struct sight *s)
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

static bool unit_runs(enum unit_active active)
{
    return active == UNIT_ACTIVE || active == UNIT_RELOADING;
}

bool cause_other_process(const struct sight *s)
{
    return s->info.known && s->info.process_id > 1 && s->unit.main_pid > 0 &&
           s->info.process_id != s->unit.main_pid && s->info.at.ms >= s->unit_same_since.ms;
}

bool cause_proven_well(const struct sight *s)
{
    const struct probe_facts *p = cause_probe(s);
    return !s->tilt && p->reply == REPLY_PONG && recent(s, p->asked) && recent(s, s->unit.asked) &&
           unit_runs(s->unit.active);
}

bool cause_serves(const struct sight *s)
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

/* The unit is failed and nothing answers. A killed process needs no log to be believed, unless
 * systemd restarts the unit and has given up, which the journal says; a process that ended by
 * itself does: its last words decide whether a restart helps. */
static struct verdict judge_failed(const struct sight *s)
{
    enum cause logged = s->log_read ? cause_of_log(s->log.class) : CAUSE_NONE;
    if (logged != CAUSE_NONE)
        return certain(logged);
    /* A unit that systemd itself restarts stays failed only when systemd gave up. */
    if (s->unit.result == RESULT_START_LIMIT || s->unit.repeated_too_quickly ||
        s->unit.restarts > 0 || (s->log_read && s->log.class == LOG_START_LIMIT))
        return certain_if(s->log_read, CAUSE_START_LIMIT_HIT);
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

static struct verdict judge_stopping(const struct sight *s, mono_ms now)
{
    int64_t since_ms = mono_since(now, s->unit_same_since);
    if (s->unit.notice == NOTICE_CANNOT_EXIT)
        return certain(CAUSE_STOP_HANGING);
    int64_t deadline_ms =
        s->unit.notice == NOTICE_SAVING ? CAUSE_SAVE_DEADLINE_MS : CAUSE_STOP_DEADLINE_MS;
    return certain(since_ms >= deadline_ms ? CAUSE_STOP_HANGING : CAUSE_SYSTEMD_RESTARTING);
}

static int64_t busy_threshold_ms(const struct sight *s)
{
    return s->info.busy_threshold_ms >= 0 ? s->info.busy_threshold_ms : CAUSE_BUSY_THRESHOLD_MS;
}

/* The unit looks active but Redis does not answer. Three probes must fail, and a script must have
 * had the time to show itself by BUSY (row B6). An address that never answered is not evidence
 * against Redis. */
static struct verdict judge_silent(const struct sight *s, const struct probe_facts *p, mono_ms now)
{
    enum reply_class reply = p->reply;
    /* Probes that wait while a process ends fail all at once; its unit may have been looked at only
     * before (simulator seed 638773). */
    bool still_runs = s->unit.asked.ms >= s->failing_since.ms;
    bool enough = still_runs && s->failed_probes >= s->failure_threshold;
    if (reply == REPLY_UNREACHABLE)
        return certain_if(enough, CAUSE_HOST_UNREACHABLE);
    /* A process that ends closes its connections, too: the unit has the last word. */
    if (reply == REPLY_CLOSED)
        return certain_if(enough && s->unit.at.ms >= p->at.ms, CAUSE_ACCESS_REFUSED);
    if (!s->ever_answered)
        return certain_if(enough, CAUSE_ACCESS_REFUSED);
    if (reply == REPLY_REFUSED)
        return certain_if(enough, CAUSE_HUNG);
    /* The kernel of a host that can be reached completes a connect even for a Redis that hangs,
     * until the backlog is full; but then the kept connection is still there, in silence. If that
     * one has timed out too, the path to the port is cut and nothing is known of Redis. */
    bool path_cut = reply == REPLY_NO_CONNECT && s->kept.reply != REPLY_SILENT;
    mono_ms script_shows = mono_add(s->last_answer, busy_threshold_ms(s) + CAUSE_BUSY_MARGIN_MS);
    return certain_if(enough && mono_reached(now, script_shows),
                      path_cut ? CAUSE_ACCESS_REFUSED : CAUSE_HUNG);
}

static struct verdict judge_unanswered(const struct sight *s, const struct probe_facts *p,
                                       mono_ms now)
{
    enum reply_class reply = p->reply;
    /* What the unit was before Redis last answered is old, also in a doubt that has lasted:
     * somebody else's Redis on the port answers as long as it is there (simulator seed 24643). */
    if (!recent(s, s->unit.asked) || s->unit.asked.ms < s->last_answer.ms)
        return suspected(CAUSE_HUNG);
    if (s->unit.control_reached == TRI_NO || s->unit.active == UNIT_UNKNOWN)
        return certain_if(s->failed_probes >= s->failure_threshold, CAUSE_HOST_UNREACHABLE);
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
                          CAUSE_UNIT_STOPPED);
    case UNIT_NOT_FOUND:
        return certain(CAUSE_CONFIG_ERROR);
    case UNIT_ACTIVATING:
        return certain(s->unit.notice == NOTICE_LOADING ? CAUSE_LOADING : CAUSE_SYSTEMD_RESTARTING);
    case UNIT_DEACTIVATING:
        return judge_stopping(s, now);
    default:
        return judge_silent(s, p, now);
    }
}

static enum cause judge_figures(const struct health_levels *l)
{
    static const struct {
        enum gauge gauge;
        enum cause cause;
    } order[] = {
        {GAUGE_MEMORY, CAUSE_MEMORY_HIGH},   {GAUGE_CONNECTIONS, CAUSE_CONNECTIONS_HIGH},
        {GAUGE_LATENCY, CAUSE_LATENCY_HIGH}, {GAUGE_CPU, CAUSE_CPU_HIGH},
        {GAUGE_ERRORS, CAUSE_ERRORS_HIGH},   {GAUGE_LOAD, CAUSE_LOAD_HIGH},
    };
    static_assert(ARRAY_LENGTH(order) == GAUGE_COUNT, "a cause for every gauge");
    for (int level = LEVEL_CRITICAL; level >= LEVEL_WARNING; level--)
        for (unsigned i = 0; i < GAUGE_COUNT; i++)
            if ((int)l->gauges[order[i].gauge].level == level)
                return order[i].cause;
    if (l->memory_growing)
        return CAUSE_MEMORY_GROWING;
    return l->slow_queries ? CAUSE_SLOW_QUERIES : CAUSE_OK;
}

/* Redis answers PONG: is it ours, is its unit in order, and do its own figures agree? */
static struct verdict judge_pong(const struct sight *s, mono_ms now)
{
    const struct unit_facts *u = &s->unit;
    bool unit_told = recent(s, u->asked) && u->control_reached == TRI_YES;
    if (unit_told) {
        if (u->active == UNIT_DEACTIVATING)
            return judge_stopping(s, now);
        if (u->active == UNIT_ACTIVATING)
            return certain(CAUSE_SYSTEMD_RESTARTING);
        if (u->active == UNIT_FAILED || u->active == UNIT_INACTIVE || u->active == UNIT_NOT_FOUND ||
            cause_other_process(s))
            return certain_if(s->mismatches >= s->failure_threshold, CAUSE_WRONG_INSTANCE);
    } else if (u->asked.ms == 0 || (in_doubt(s) && u->asked.ms < s->doubt_since.ms)) {
        return suspected(CAUSE_OK); /* the unit's answer is on its way */
    }
    const struct info_facts *i = &s->info;
    if (i->known) {
        if (i->last_save_ok == TRI_NO || i->aof_write_ok == TRI_NO)
            return certain(CAUSE_PERSISTENCE_FAILING);
        if (i->maxmemory > 0 && !i->evicts && i->used_memory >= i->maxmemory &&
            s->oom_errors_rising)
            return certain(CAUSE_WRITES_REFUSED_MEMORY);
        if (i->role == ROLE_REPLICA && i->master_link_up == TRI_NO)
            return certain(CAUSE_REPLICA_LINK_DOWN);
    }
    if (u->control_reached == TRI_NO)
        return certain(CAUSE_CONTROL_LOST);
    return certain(judge_figures(&s->levels));
}

/* A replica without its primary says so before it says that it loads (field notes 7.1). */
static struct verdict judge_orphan(const struct sight *s)
{
    if (s->unit.active != UNIT_ACTIVATING || !recent(s, s->unit.asked))
        return certain(CAUSE_REPLICA_LINK_DOWN);
    return certain(s->unit.notice == NOTICE_LOADING ? CAUSE_LOADING : CAUSE_SYSTEMD_RESTARTING);
}

struct verdict cause_judge(const struct sight *s, mono_ms now)
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
