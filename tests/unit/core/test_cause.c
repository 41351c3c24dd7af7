/* A row per cause and per way to it: what is seen, what it is called, and whether that is certain
 * enough to act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/cause.h"

#define NOW_MS 100000
#define THRESHOLD 3

enum trait {
    TILT = 1 << 0,
    PURPOSE = 1 << 1,        /* stopped through Resus */
    NEVER_ANSWERED = 1 << 2, /* no PONG was ever seen at this address */
    LOG_READ = 1 << 3,
    LOADING_SEEN = 1 << 4,
    NO_CONTROL = 1 << 5,   /* the host's command did not get there */
    OLD_PROBE = 1 << 6,    /* asked before probing began */
    OLD_UNIT = 1 << 7,     /* the same of the unit */
    JUST_CHANGED = 1 << 8, /* the unit is in this state since this moment */
    LONG_SO = 1 << 9,      /* ... since more than the stop's deadline */
    HOURS_SO = 1 << 10,    /* ... since more than the save's deadline */
    EARLY = 1 << 11,       /* a script would not have shown itself yet */
    SAVE_FAILED = 1 << 12,
    AOF_FAILED = 1 << 13,
    MEMORY_FULL = 1 << 14, /* used is just below max, and OOM errors rise */
    LINK_DOWN = 1 << 15,
    OTHER_PID = 1 << 16, /* INFO's process is not the unit's */
    RESTARTED = 1 << 17, /* NRestarts > 0 */
    TOO_QUICKLY = 1 << 18,
    CALM = 1 << 19,        /* nothing is being probed */
    UNIT_FIRST = 1 << 20,  /* what is known of the unit was told before Redis' answer */
    START_TRIED = 1 << 21, /* a start of ours has not helped */
    MASKED = 1 << 22,
    EVICTS = 1 << 23,       /* a policy that finds no key to evict */
    LIMIT_RAISED = 1 << 24, /* since writes were refused */
    WRITES_WAIT = 1 << 25,
};

struct row {
    const char *promise;
    enum reply_class reply;
    enum unit_active unit;
    enum unit_result result;
    enum log_class log;
    enum unit_notice notice;
    int failed, busy, mismatches;
    unsigned traits;
    enum cause cause;
    bool confirmed;
};

static const struct row rows[] = {
    {.promise = "nothing asked is no verdict", .unit = UNIT_ACTIVE, .cause = CAUSE_NONE},
    {"PONG and active is ok", REPLY_PONG, UNIT_ACTIVE, .cause = CAUSE_OK, .confirmed = true},
    {"PONG and reloading is ok", REPLY_PONG, UNIT_RELOADING, .cause = CAUSE_OK, .confirmed = true},
    {"PONG while probing waits for the unit", REPLY_PONG, UNIT_ACTIVE, .traits = OLD_UNIT,
     .cause = CAUSE_OK},
    {"an answer from before probing is no evidence", REPLY_PONG, UNIT_ACTIVE, .traits = OLD_PROBE,
     .cause = CAUSE_HUNG},
    {"self-doubt beats every fact", REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL, .traits = TILT,
     .failed = 9, .cause = CAUSE_SELF_DOUBT, .confirmed = true},
    {"LOADING is loading", REPLY_LOADING, UNIT_ACTIVATING, .cause = CAUSE_LOADING,
     .confirmed = true},
    {"a unit that says it loads is loading", REPLY_REFUSED, UNIT_ACTIVATING,
     .notice = NOTICE_LOADING, .cause = CAUSE_LOADING, .confirmed = true},
    {"one BUSY is a suspicion", REPLY_BUSY, UNIT_ACTIVE, .busy = 1, .cause = CAUSE_BUSY_SCRIPT},
    {"two BUSY are a script", REPLY_BUSY, UNIT_ACTIVE, .busy = 2, .cause = CAUSE_BUSY_SCRIPT,
     .confirmed = true},
    {"two failed probes are no hang", REPLY_SILENT, UNIT_ACTIVE, .failed = 2, .cause = CAUSE_HUNG},
    {"three failed probes are a hang", REPLY_SILENT, UNIT_ACTIVE, .failed = 3, .cause = CAUSE_HUNG,
     .confirmed = true},
    {"no hang before a script would have said BUSY", REPLY_SILENT, UNIT_ACTIVE, .failed = 9,
     .traits = EARLY, .cause = CAUSE_HUNG},
    {"refused while active is a hang after three", REPLY_REFUSED, UNIT_ACTIVE, .failed = 3,
     .cause = CAUSE_HUNG, .confirmed = true},
    {"silence with an old look at the unit is a suspicion", REPLY_SILENT, UNIT_ACTIVE, .failed = 9,
     .traits = OLD_UNIT, .cause = CAUSE_HUNG},
    {"an address that never answered is no evidence", REPLY_SILENT, UNIT_ACTIVE, .failed = 3,
     .traits = NEVER_ANSWERED, .cause = CAUSE_ACCESS_REFUSED, .confirmed = true},
    {"a door that closes is access, not a hang", REPLY_CLOSED, UNIT_ACTIVE, .failed = 3,
     .cause = CAUSE_ACCESS_REFUSED, .confirmed = true},
    {"a door that closes may be a process that ends: the unit has the last word", REPLY_CLOSED,
     UNIT_ACTIVE, .failed = 3, .traits = UNIT_FIRST, .cause = CAUSE_ACCESS_REFUSED},
    {"probes that fail all at once wait for a look at the unit", REPLY_REFUSED, UNIT_ACTIVE,
     .failed = 3, .traits = UNIT_FIRST, .cause = CAUSE_HUNG},
    {"stopped by others, just now: not certain", REPLY_REFUSED, UNIT_INACTIVE,
     .traits = JUST_CHANGED, .cause = CAUSE_UNIT_STOPPED},
    {"stopped by others", REPLY_REFUSED, UNIT_INACTIVE, .cause = CAUSE_UNIT_STOPPED,
     .confirmed = true},
    {"stopped through Resus", REPLY_REFUSED, UNIT_INACTIVE, .traits = PURPOSE,
     .cause = CAUSE_STOPPED_ON_PURPOSE, .confirmed = true},
    {"an exit code waits for the log", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE,
     .cause = CAUSE_UNIT_FAILED},
    {"an exit code without words is a failed unit", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE,
     .traits = LOG_READ, .cause = CAUSE_UNIT_FAILED, .confirmed = true},
    {"a killed process needs no log", REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL,
     .cause = CAUSE_CRASHED, .confirmed = true},
    {"a core dump is a crash", REPLY_REFUSED, UNIT_FAILED, RESULT_CORE_DUMP, .cause = CAUSE_CRASHED,
     .confirmed = true},
    {"the OOM killer by result", REPLY_REFUSED, UNIT_FAILED, RESULT_OOM_KILL,
     .cause = CAUSE_OOM_KILLED, .confirmed = true},
    {"the OOM killer by log", REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL, LOG_OOM_KILL,
     .traits = LOG_READ, .cause = CAUSE_OOM_KILLED, .confirmed = true},
    {"systemd between two starts", REPLY_REFUSED, UNIT_ACTIVATING,
     .cause = CAUSE_SYSTEMD_RESTARTING, .confirmed = true},
    {"PONG while the unit activates waits for systemd", REPLY_PONG, UNIT_ACTIVATING,
     .cause = CAUSE_SYSTEMD_RESTARTING, .confirmed = true},
    {"a stop that is under way is waited for", REPLY_REFUSED, UNIT_DEACTIVATING,
     .cause = CAUSE_SYSTEMD_RESTARTING, .confirmed = true},
    {"a stop that takes too long hangs", REPLY_PONG, UNIT_DEACTIVATING, .traits = LONG_SO,
     .cause = CAUSE_STOP_HANGING, .confirmed = true},
    {"a stop that saves has ten minutes", REPLY_SILENT, UNIT_DEACTIVATING, .notice = NOTICE_SAVING,
     .traits = LONG_SO, .cause = CAUSE_SYSTEMD_RESTARTING, .confirmed = true},
    {"... and no more", REPLY_SILENT, UNIT_DEACTIVATING, .notice = NOTICE_SAVING,
     .traits = HOURS_SO, .cause = CAUSE_STOP_HANGING, .confirmed = true},
    {"Redis says that it cannot exit", REPLY_MISCONF, UNIT_DEACTIVATING,
     .notice = NOTICE_CANNOT_EXIT, .cause = CAUSE_STOP_HANGING, .confirmed = true},
    {"the start limit by result", REPLY_REFUSED, UNIT_FAILED, RESULT_START_LIMIT,
     .traits = LOG_READ, .cause = CAUSE_START_LIMIT_HIT, .confirmed = true},
    {"the start limit by the status' words", REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL,
     .traits = TOO_QUICKLY | LOG_READ, .cause = CAUSE_START_LIMIT_HIT, .confirmed = true},
    {"a unit that systemd restarts failed only at the limit", REPLY_REFUSED, UNIT_FAILED,
     RESULT_SIGNAL, .traits = RESTARTED, .cause = CAUSE_START_LIMIT_HIT},
    {"the log's cause beats the start limit", REPLY_REFUSED, UNIT_FAILED, RESULT_START_LIMIT,
     LOG_CONFIG_ERROR, .traits = LOG_READ, .cause = CAUSE_CONFIG_ERROR, .confirmed = true},
    {"a load that systemd cut short", REPLY_REFUSED, UNIT_FAILED, RESULT_TIMEOUT,
     .traits = LOADING_SEEN, .cause = CAUSE_START_TIMEOUT, .confirmed = true},
    {"the same by the log", REPLY_REFUSED, UNIT_FAILED, RESULT_TIMEOUT, LOG_START_TIMEOUT,
     .traits = LOG_READ, .cause = CAUSE_START_TIMEOUT, .confirmed = true},
    {"another timeout is a failed unit", REPLY_REFUSED, UNIT_FAILED, RESULT_TIMEOUT,
     .traits = LOG_READ, .cause = CAUSE_UNIT_FAILED, .confirmed = true},
    {"the port is in use, and a start did not help", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE,
     LOG_PORT_IN_USE, .traits = LOG_READ | START_TRIED, .cause = CAUSE_PORT_IN_USE,
     .confirmed = true},
    {"the data are damaged", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE, LOG_DATA_CORRUPT,
     .traits = LOG_READ, .cause = CAUSE_DATA_CORRUPT, .confirmed = true},
    {"files may not be read", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE, LOG_PERMISSION_DENIED,
     .traits = LOG_READ, .cause = CAUSE_PERMISSION_DENIED, .confirmed = true},
    {"the disk is full", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE, LOG_DISK_FULL,
     .traits = LOG_READ, .cause = CAUSE_DISK_FULL, .confirmed = true},
    {"a module is missing", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE, LOG_MODULE_MISSING,
     .traits = LOG_READ, .cause = CAUSE_MODULE_MISSING, .confirmed = true},
    {"systemd does not know the unit", REPLY_REFUSED, UNIT_NOT_FOUND, .cause = CAUSE_CONFIG_ERROR,
     .confirmed = true},
    {"PONG beside a failed unit, once", REPLY_PONG, UNIT_FAILED, RESULT_EXIT_CODE, .mismatches = 1,
     .cause = CAUSE_WRONG_INSTANCE},
    {"PONG beside a failed unit, three times", REPLY_PONG, UNIT_FAILED, RESULT_EXIT_CODE,
     .mismatches = 3, .cause = CAUSE_WRONG_INSTANCE, .confirmed = true},
    {"no Redis at the address of a failed unit", REPLY_GARBAGE, UNIT_FAILED, RESULT_EXIT_CODE,
     .mismatches = 3, .cause = CAUSE_WRONG_INSTANCE, .confirmed = true},
    {"another process answers", REPLY_PONG, UNIT_ACTIVE, .mismatches = 3, .traits = OTHER_PID,
     .cause = CAUSE_WRONG_INSTANCE, .confirmed = true},
    {"MISCONF is persistence", REPLY_MISCONF, UNIT_ACTIVE, .cause = CAUSE_PERSISTENCE_FAILING,
     .confirmed = true},
    {"a failed save is persistence", REPLY_PONG, UNIT_ACTIVE, .traits = SAVE_FAILED,
     .cause = CAUSE_PERSISTENCE_FAILING, .confirmed = true},
    {"a failed AOF write is persistence", REPLY_PONG, UNIT_ACTIVE, .traits = AOF_FAILED,
     .cause = CAUSE_PERSISTENCE_FAILING, .confirmed = true},
    {"maxmemory with refused writes", REPLY_PONG, UNIT_ACTIVE, .traits = MEMORY_FULL,
     .cause = CAUSE_WRITES_REFUSED_MEMORY, .confirmed = true},
    {"... whatever the policy", REPLY_PONG, UNIT_ACTIVE, .traits = MEMORY_FULL | EVICTS,
     .cause = CAUSE_WRITES_REFUSED_MEMORY, .confirmed = true},
    {"a limit that was raised refuses nothing", REPLY_PONG, UNIT_ACTIVE,
     .traits = MEMORY_FULL | LIMIT_RAISED, .cause = CAUSE_OK, .confirmed = true},
    {"no more clients", REPLY_MAXCLIENTS, UNIT_ACTIVE, .cause = CAUSE_CLIENTS_EXHAUSTED,
     .confirmed = true},
    {"the replica's link", REPLY_PONG, UNIT_ACTIVE, .traits = LINK_DOWN,
     .cause = CAUSE_REPLICA_LINK_DOWN, .confirmed = true},
    {"MASTERDOWN is the link", REPLY_MASTERDOWN, UNIT_ACTIVE, .cause = CAUSE_REPLICA_LINK_DOWN,
     .confirmed = true},
    {"MASTERDOWN of a replica that loads", REPLY_MASTERDOWN, UNIT_ACTIVATING,
     .notice = NOTICE_LOADING, .cause = CAUSE_LOADING, .confirmed = true},
    {"MASTERDOWN of a replica that is being started", REPLY_MASTERDOWN, UNIT_ACTIVATING,
     .cause = CAUSE_SYSTEMD_RESTARTING, .confirmed = true},
    {"MASTERDOWN, and the unit was looked at before probing", REPLY_MASTERDOWN, UNIT_ACTIVATING,
     .traits = OLD_UNIT, .cause = CAUSE_REPLICA_LINK_DOWN, .confirmed = true},
    {"no credential", REPLY_NOAUTH, UNIT_ACTIVE, .cause = CAUSE_ACCESS_REFUSED, .confirmed = true},
    {"wrong credential", REPLY_WRONGPASS, UNIT_ACTIVE, .cause = CAUSE_ACCESS_REFUSED,
     .confirmed = true},
    {"TLS fails", REPLY_TLS_FAILED, UNIT_ACTIVE, .cause = CAUSE_ACCESS_REFUSED, .confirmed = true},
    {"Redis answers, the host does not", REPLY_PONG, UNIT_UNKNOWN, .traits = NO_CONTROL,
     .cause = CAUSE_CONTROL_LOST, .confirmed = true},
    {"Redis answers, systemd does not say how the unit is", REPLY_PONG, UNIT_UNKNOWN,
     .cause = CAUSE_CONTROL_LOST, .confirmed = true},
    {"a look at the unit that was given up is enough", REPLY_PONG, UNIT_UNKNOWN,
     .traits = NO_CONTROL | OLD_UNIT, .cause = CAUSE_CONTROL_LOST, .confirmed = true},
    {"writes that wait are named although PING is answered", REPLY_PONG, UNIT_ACTIVE,
     .traits = WRITES_WAIT, .cause = CAUSE_WRITES_PAUSED, .confirmed = true},
    {"writes that would be refused are the worse news", REPLY_PONG, UNIT_ACTIVE,
     .traits = WRITES_WAIT | SAVE_FAILED, .cause = CAUSE_PERSISTENCE_FAILING, .confirmed = true},
    {"nobody answers, twice", REPLY_SILENT, UNIT_UNKNOWN, .failed = 2, .traits = NO_CONTROL,
     .cause = CAUSE_HOST_UNREACHABLE},
    {"nobody answers", REPLY_SILENT, UNIT_UNKNOWN, .failed = 3, .traits = NO_CONTROL,
     .cause = CAUSE_HOST_UNREACHABLE, .confirmed = true},
    {"a login that runs no command is no control", REPLY_PONG, UNIT_UNKNOWN,
     .cause = CAUSE_CONTROL_LOST, .confirmed = true},
    {"a port that refuses is a Redis that is down, also without control", REPLY_REFUSED,
     UNIT_UNKNOWN, .failed = 3, .traits = NO_CONTROL, .cause = CAUSE_DOWN_UNCONTROLLED,
     .confirmed = true},
    {"a host that boots refuses for a while", REPLY_REFUSED, UNIT_UNKNOWN, .failed = 3,
     .traits = NO_CONTROL | UNIT_FIRST, .cause = CAUSE_DOWN_UNCONTROLLED},
    {"two refusals without control are no proof", REPLY_REFUSED, UNIT_UNKNOWN, .failed = 2,
     .traits = NO_CONTROL, .cause = CAUSE_DOWN_UNCONTROLLED},
    {"nothing ever listened there, and there is no control", REPLY_REFUSED, UNIT_UNKNOWN,
     .failed = 3, .traits = NO_CONTROL | NEVER_ANSWERED, .cause = CAUSE_ACCESS_REFUSED,
     .confirmed = true},
    {"a masked unit that has failed", REPLY_REFUSED, UNIT_FAILED, RESULT_SIGNAL, .traits = MASKED,
     .cause = CAUSE_CONFIG_ERROR, .confirmed = true},
    {"a masked unit that was stopped", REPLY_REFUSED, UNIT_INACTIVE, RESULT_SUCCESS,
     .traits = MASKED, .cause = CAUSE_CONFIG_ERROR, .confirmed = true},
    {"a masked unit that was stopped on purpose", REPLY_REFUSED, UNIT_INACTIVE, RESULT_SUCCESS,
     .traits = MASKED | PURPOSE, .cause = CAUSE_STOPPED_ON_PURPOSE, .confirmed = true},
    {"a masked unit that runs is fine", REPLY_PONG, UNIT_ACTIVE, .traits = MASKED,
     .cause = CAUSE_OK, .confirmed = true},
    {"the port that was in use refuses now: worth a start", REPLY_REFUSED, UNIT_FAILED,
     RESULT_EXIT_CODE, LOG_PORT_IN_USE, .traits = LOG_READ, .cause = CAUSE_UNIT_FAILED,
     .confirmed = true},
    {"the port refused before the unit failed", REPLY_REFUSED, UNIT_FAILED, RESULT_EXIT_CODE,
     LOG_PORT_IN_USE, .traits = LOG_READ | JUST_CHANGED, .cause = CAUSE_PORT_IN_USE,
     .confirmed = true},
    {"the port is in use and takes connections", REPLY_SILENT, UNIT_FAILED, RESULT_EXIT_CODE,
     LOG_PORT_IN_USE, .traits = LOG_READ, .cause = CAUSE_PORT_IN_USE, .confirmed = true},
    {"no way to the address", REPLY_UNREACHABLE, UNIT_ACTIVE, .failed = 3,
     .cause = CAUSE_HOST_UNREACHABLE, .confirmed = true},
};

static struct observations see(const struct row *row)
{
    unsigned t = row->traits;
    mono_ms now = {NOW_MS};
    mono_ms probing = {NOW_MS - 10000};
    mono_ms fresh = {NOW_MS - 100};
    mono_ms old = {NOW_MS - 20000};
    struct observations s = {
        .fresh = {.reply = row->reply,
                  .asked = (t & OLD_PROBE) != 0 ? old : fresh,
                  .at = now,
                  .latency_us = 100},
        .log = {.class = row->log},
        .log_read = (t & LOG_READ) != 0,
        .probing_since = (t & CALM) != 0 ? MONO_NEVER : probing,
        .last_answer = (t & EARLY) != 0 ? fresh : old,
        .unit_same_since = {NOW_MS - ((t & JUST_CHANGED) != 0 ? 0
                                      : (t & LONG_SO) != 0    ? CAUSE_STOP_DEADLINE_MS
                                      : (t & HOURS_SO) != 0   ? CAUSE_SAVE_DEADLINE_MS
                                                              : 20000)},
        .failed_probes = row->failed,
        .failing_since = (t & UNIT_FIRST) != 0 ? now : probing,
        .busy_replies = row->busy,
        .mismatches = row->mismatches,
        .ever_answered = (t & NEVER_ANSWERED) == 0,
        .stopped_on_purpose = (t & PURPOSE) != 0,
        .start_tried = (t & START_TRIED) != 0,
        .loading_seen = (t & LOADING_SEEN) != 0,
        .oom_errors_rising = (t & MEMORY_FULL) != 0,
        .tilt = (t & TILT) != 0,
        .failure_threshold = THRESHOLD,
        .confirm_interval_ms = 500,
        .probe_timeout_ms = 5000,
        .blind_hang_ms = 30000,
        .witness_proven = true,
        .process = {.pid = 100, .asked = fresh, .at = now, .state = TASK_SLEEPING},
        .process_before = {.pid = 100,
                           .asked = {NOW_MS - 2000},
                           .at = {NOW_MS - 2000},
                           .state = TASK_SLEEPING},
    };
    /* A silence or refusal here is the same on the host: test_silence.c has the others. */
    if (row->reply == REPLY_SILENT || row->reply == REPLY_REFUSED)
        s.witness = (struct witness_facts){
            .possible = true, .reply = row->reply, .asked = fresh, .at = now};
    facts_unit_reset(&s.unit);
    facts_info_reset(&s.info);
    s.unit.active = row->unit;
    s.unit.result = row->result;
    s.unit.notice = row->notice;
    s.unit.masked = (t & MASKED) != 0;
    s.unit.asked = (t & OLD_UNIT) != 0 ? old : fresh;
    s.unit.at = (t & UNIT_FIRST) != 0 ? fresh : now;
    s.unit.control_reached = (t & NO_CONTROL) != 0 ? TRI_NO : TRI_YES;
    s.unit.restarts = (t & RESTARTED) != 0 ? 2 : 0;
    s.unit.repeated_too_quickly = (t & TOO_QUICKLY) != 0;
    s.unit.main_pid = 100;
    s.info.known = true;
    s.info.asked = s.info.at = (mono_ms){NOW_MS - 200};
    s.info.process_id = (t & OTHER_PID) != 0 ? 200 : 100;
    if ((t & SAVE_FAILED) != 0)
        s.info.last_save_ok = TRI_NO;
    if ((t & AOF_FAILED) != 0)
        s.info.aof_write_ok = TRI_NO;
    if ((t & MEMORY_FULL) != 0)
        s.info.maxmemory = (t & LIMIT_RAISED) != 0 ? 2000 : 1000, s.info.used_memory = 999;
    s.pause.writes_wait = (t & WRITES_WAIT) != 0;
    s.info.evicts = (t & EVICTS) != 0;
    if ((t & LINK_DOWN) != 0) {
        s.info.role = ROLE_REPLICA;
        s.info.master_link_up = TRI_NO;
    }
    return s;
}

static void judges_the_row(void **state)
{
    const struct row *row = *state;
    struct observations s = see(row);
    struct verdict v = cause_judge(&s, (mono_ms){NOW_MS});
    assert_string_equal(cause_row(v.cause)->code, cause_row(row->cause)->code);
    assert_int_equal(v.confirmed, row->confirmed);
}

/* What a start can do for it is done. */
static void a_replica_that_lacks_only_its_primary_serves(void **state)
{
    (void)state;
    static const struct row orphan = {"", REPLY_MASTERDOWN, UNIT_ACTIVE, .traits = 0};
    struct observations s = see(&orphan);
    assert_true(cause_serves(&s));
    assert_false(cause_proven_well(&s));
    s.unit.active = UNIT_ACTIVATING;
    assert_false(cause_serves(&s));
    static const struct row before = {"", REPLY_MASTERDOWN, UNIT_ACTIVE, .traits = OLD_UNIT};
    s = see(&before);
    assert_false(cause_serves(&s));
    static const struct row busy = {"", REPLY_BUSY, UNIT_ACTIVE, .traits = 0};
    s = see(&busy);
    assert_false(cause_serves(&s));
}

/* It takes a second look: the session may have been cut, and the next one stands. */
static void a_look_that_was_cut_short_is_not_enough(void **state)
{
    (void)state;
    static const struct row cut = {"", REPLY_PONG, UNIT_UNKNOWN, .traits = NO_CONTROL | OLD_UNIT};
    struct observations s = see(&cut);
    s.unit.at = (mono_ms){s.unit.asked.ms + CAUSE_LOOK_LIMIT_MS - 1};
    assert_false(cause_judge(&s, (mono_ms){NOW_MS}).confirmed);
    s.unit.at = s.probing_since; /* as it is when it was given up: probing begins with it */
    assert_true(s.unit.at.ms - s.unit.asked.ms >= CAUSE_LOOK_LIMIT_MS);
    assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, CAUSE_CONTROL_LOST);
}

/* Causes of the figures come from the levels, not from a row above. */
static const struct {
    enum gauge gauge;
    enum cause cause;
} figures[] = {
    {GAUGE_MEMORY, CAUSE_MEMORY_HIGH},   {GAUGE_CONNECTIONS, CAUSE_CONNECTIONS_HIGH},
    {GAUGE_LATENCY, CAUSE_LATENCY_HIGH}, {GAUGE_CPU, CAUSE_CPU_HIGH},
    {GAUGE_ERRORS, CAUSE_ERRORS_HIGH},   {GAUGE_LOAD, CAUSE_LOAD_HIGH},
};

static void names_the_figure_that_is_out_of_range(void **state)
{
    (void)state;
    static const struct row well = {"", REPLY_PONG, UNIT_ACTIVE, .traits = CALM};
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++) {
        struct observations s = see(&well);
        s.levels.gauges[figures[i].gauge].level = LEVEL_WARNING;
        assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, figures[i].cause);
        s.levels.gauges[figures[0].gauge].level = LEVEL_WARNING;
        s.levels.gauges[figures[i].gauge].level = LEVEL_CRITICAL; /* the worse one is named */
        assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, figures[i].cause);
    }
    struct observations s = see(&well);
    s.levels.memory_growing = true;
    assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, CAUSE_MEMORY_GROWING);
    s.levels = (struct health_levels){.slow_queries = true};
    assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, CAUSE_SLOW_QUERIES);
}

static void every_cause_has_a_row_that_is_certain(void **state)
{
    (void)state;
    bool seen[CAUSE_COUNT] = {
        [CAUSE_NONE] = true,
        [CAUSE_MISCONFIGURED] = true,
        [CAUSE_WATCHED_ELSEWHERE] = true,
        [CAUSE_MEMORY_GROWING] = true,
        [CAUSE_SLOW_QUERIES] = true,
        /* test_silence.c */
        [CAUSE_BUSY_COMMAND] = true,
        [CAUSE_IO_BLOCKED] = true,
        [CAUSE_TRACED] = true,
        [CAUSE_FROZEN] = true,
        [CAUSE_PATH_BROKEN] = true,
        [CAUSE_CONNECTION_REFUSED] = true,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++)
        seen[figures[i].cause] = true;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].confirmed)
            seen[rows[i].cause] = true;
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (!seen[i])
            fail_msg("no row for %s", cause_row(i)->code);
}

/* A cause for which a restart is useless or harmful must not be treated by one. */
static void no_remedy_contradicts_its_verdict_on_restarts(void **state)
{
    (void)state;
    for (int i = 0; i < CAUSE_COUNT; i++) {
        const struct cause_row *row = cause_row(i);
        bool restarts = row->remedy == REMEDY_LADDER || row->remedy == REMEDY_START ||
                        row->remedy == REMEDY_RESTART || row->remedy == REMEDY_WINDOW;
        if (restarts)
            assert_int_equal(row->restart, RESTART_HELPS);
        else
            assert_int_not_equal(row->restart, RESTART_HELPS);
        assert_int_equal(cause_by_code(row->code), i);
        if (row->overall == OVERALL_CRITICAL)
            assert_true(row->advice[0] != '\0');
    }
    assert_int_equal(cause_by_code("no such cause"), CAUSE_NONE);
}

/* Whatever is seen, no action follows from a look at which Redis answered PONG with its unit
 * active, and "well" is never said of anything else. */
static void nothing_is_proven_well_but_pong_and_active(void **state)
{
    (void)state;
    for (int reply = 0; reply < REPLY_CLASS_COUNT; reply++)
        for (int unit = 0; unit < UNIT_ACTIVE_COUNT; unit++)
            for (unsigned traits = 0; traits < 4; traits++) {
                struct row row = {.reply = (enum reply_class)reply, .unit = (enum unit_active)unit};
                row.traits = (traits & 1) != 0 ? OLD_UNIT : 0;
                row.traits |= (traits & 2) != 0 ? OLD_PROBE : 0;
                row.failed = 9;
                row.mismatches = 9;
                struct observations s = see(&row);
                bool well = cause_proven_well(&s);
                bool can = reply == REPLY_PONG && traits == 0 &&
                           (unit == UNIT_ACTIVE || unit == UNIT_RELOADING);
                assert_int_equal(well, can);
                struct verdict v = cause_judge(&s, (mono_ms){NOW_MS});
                if (well)
                    assert_int_not_equal(cause_row(v.cause)->restart, RESTART_HELPS);
            }
}

static void a_primary_that_would_come_back_empty_is_known(void **state)
{
    (void)state;
    struct info_facts i;
    facts_info_reset(&i);
    assert_false(cause_empty_primary(&i));
    i.known = true;
    i.role = ROLE_PRIMARY;
    i.connected_replicas = 1;
    assert_true(cause_empty_primary(&i)); /* what could not be read counts as none */
    i.save_points = TRI_YES;
    assert_false(cause_empty_primary(&i));
    i.save_points = TRI_NO;
    i.aof_enabled = TRI_YES;
    assert_false(cause_empty_primary(&i));
    i.aof_enabled = TRI_NO;
    i.connected_replicas = 0;
    assert_false(cause_empty_primary(&i));
    i.connected_replicas = 2;
    i.role = ROLE_REPLICA;
    assert_false(cause_empty_primary(&i));
}

static void a_door_that_refuses_counts_over_the_kept_connection(void **state)
{
    (void)state;
    struct row row = {.reply = REPLY_MAXCLIENTS, .unit = UNIT_ACTIVE};
    struct observations s = see(&row);
    s.kept = (struct probe_facts){.reply = REPLY_PONG, .asked = {NOW_MS}, .at = {NOW_MS}};
    assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, CAUSE_CLIENTS_EXHAUSTED);
    s.fresh.reply = REPLY_SILENT; /* a later answer on the kept connection knows more */
    s.kept.at.ms++;
    assert_int_equal(cause_judge(&s, (mono_ms){NOW_MS}).cause, CAUSE_OK);
}

/* Found by simulator seed 562545: a restart had brought Redis back, and was told to have failed by
 * a silence that was asked for before. */
static void a_silence_is_as_old_as_its_question(void **state)
{
    (void)state;
    struct row row = {.reply = REPLY_PONG, .unit = UNIT_ACTIVE};
    struct observations s = see(&row);
    s.kept = (struct probe_facts){
        .reply = REPLY_SILENT, .asked = {s.fresh.asked.ms - 1}, .at = {s.fresh.at.ms + 1}};
    assert_int_equal(cause_probe(&s)->reply, REPLY_PONG);
    s.kept.asked.ms = s.fresh.asked.ms; /* what was asked at once and heard later counts */
    assert_int_equal(cause_probe(&s)->reply, REPLY_SILENT);
    s.kept = s.fresh;
    s.fresh = (struct probe_facts){
        .reply = REPLY_NO_CONNECT, .asked = {s.kept.asked.ms - 1}, .at = {s.kept.at.ms + 1}};
    assert_int_equal(cause_probe(&s)->reply, REPLY_PONG);
    s.fresh.reply = REPLY_CLOSED; /* the end of a connection is seen when it comes */
    assert_int_equal(cause_probe(&s)->reply, REPLY_CLOSED);
}

int main(void)
{
    static const struct CMUnitTest whole[] = {
        cmocka_unit_test(a_silence_is_as_old_as_its_question),
        cmocka_unit_test(a_look_that_was_cut_short_is_not_enough),
        cmocka_unit_test(names_the_figure_that_is_out_of_range),
        cmocka_unit_test(every_cause_has_a_row_that_is_certain),
        cmocka_unit_test(no_remedy_contradicts_its_verdict_on_restarts),
        cmocka_unit_test(nothing_is_proven_well_but_pong_and_active),
        cmocka_unit_test(a_replica_that_lacks_only_its_primary_serves),
        cmocka_unit_test(a_primary_that_would_come_back_empty_is_known),
        cmocka_unit_test(a_door_that_refuses_counts_over_the_kept_connection),
    };
    struct CMUnitTest tests[ARRAY_LENGTH(rows) + ARRAY_LENGTH(whole)];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].promise,
                                       .test_func = judges_the_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    for (size_t i = 0; i < ARRAY_LENGTH(whole); i++)
        tests[ARRAY_LENGTH(rows) + i] = whole[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
