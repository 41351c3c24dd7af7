/* The unit is active and nothing answers here: every cell of what the process does, and of who is
 * answered where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/evidence.h"
#include "core/silence.h"

#define NOW_MS 1000000
#define PID 100
#define TIMEOUT_MS 5000

enum trait {
    EARLY = 1 << 0,       /* a script would not have shown itself yet */
    TWO_FAILED = 1 << 1,  /* of three probes */
    LONG_SILENT = 1 << 2, /* 30 s and more */
    YOUNG = 1 << 3,       /* the process is younger than 10 s */
    SLOW_LINE = 1 << 4,   /* the host took long to answer a moment ago */
    SLOW_ONCE = 1 << 5,   /* ... and so long ago that it counts no more */
    NEVER_ANSWERED = 1 << 6,
    OLD_PROCESS = 1 << 7,   /* looked at before probing began */
    OTHER_PROCESS = 1 << 8, /* than the unit's */
    STALE_PROCESS = 1 << 9, /* in this probing, but not lately */
    OLD_WITNESS = 1 << 10,
    ONE_LOOK = 1 << 11,     /* at the process, nothing to compare with */
    STIRRED = 1 << 12,      /* it did something a moment ago */
    GROUP_ONLY = 1 << 13,   /* only the control group's processor time is known */
    LIMIT_OVER = 1 << 14,   /* busy_limit_seconds has passed */
    UNIT_FIRST = 1 << 15,   /* the unit was looked at before the probes failed */
    KEPT_SILENT = 1 << 16,  /* so is the kept connection */
    BACKWARDS = 1 << 17,    /* its processor time went back */
    UNPROVEN = 1 << 18,     /* the witness never found Redis */
    FOUND_LATER = 1 << 19,  /* its first answer came after the newest probe was asked */
    JUST_REFUSED = 1 << 20, /* a connection was, less than 30 s ago */
    ONCE_REFUSED = 1 << 21, /* ... 30 s ago */
};

struct row {
    const char *promise;
    enum reply_class here, there; /* REPLY_NONE there: the host could not be asked */
    enum task_state before, state;
    int cpu_percent; /* of a core, between the two looks */
    int tracer;
    unsigned traits;
    enum cause cause;
    bool confirmed;
};

#define SILENT REPLY_SILENT
#define REFUSED REPLY_REFUSED
#define S TASK_SLEEPING
#define R TASK_RUNNING
#define D TASK_BLOCKED
#define T TASK_STOPPED
#define UNKNOWN TASK_UNKNOWN

static const struct row rows[] = {
    /* what the process does */
    {"runs and works: busy", SILENT, SILENT, R, R, 100, 0, 0, CAUSE_BUSY_COMMAND, true},
    {"sleeps at the look, but works: busy", SILENT, SILENT, S, S, 20, 0, 0, CAUSE_BUSY_COMMAND,
     true},
    {"runs with little of the processor: busy", SILENT, SILENT, R, S, 3, 0, 0, CAUSE_BUSY_COMMAND,
     true},
    {"wants to run and may not: busy", SILENT, SILENT, R, R, 0, 0, 0, CAUSE_BUSY_COMMAND, true},
    {"busy is not said before a script would say BUSY", SILENT, SILENT, R, R, 100, 0, EARLY,
     CAUSE_BUSY_COMMAND, false},
    {"busy is not said after two probes", SILENT, SILENT, R, R, 100, 0, TWO_FAILED,
     CAUSE_BUSY_COMMAND, false},
    {"busy needs no witness", SILENT, REPLY_NONE, R, R, 100, 0, 0, CAUSE_BUSY_COMMAND, true},
    {"busy stays busy however long", SILENT, SILENT, R, R, 100, 0, LONG_SILENT, CAUSE_BUSY_COMMAND,
     true},
    {"busy beyond its limit is a hang", SILENT, SILENT, R, R, 100, 0, LIMIT_OVER, CAUSE_HUNG, true},
    {"works and waits for the disk in turn: busy", SILENT, SILENT, D, D, 25, 0, 0,
     CAUSE_BUSY_COMMAND, true},
    {"blocked", SILENT, SILENT, D, D, 0, 0, 0, CAUSE_IO_BLOCKED, true},
    {"blocked at one look of two", SILENT, SILENT, D, S, 0, 0, 0, CAUSE_IO_BLOCKED, true},
    {"blocked however long", SILENT, SILENT, D, D, 1, 0, LONG_SILENT, CAUSE_IO_BLOCKED, true},
    {"stopped by a signal", SILENT, SILENT, T, T, 0, 0, 0, CAUSE_HUNG, true},
    {"stopped by a signal needs no witness", SILENT, REPLY_NONE, T, T, 0, 0, 0, CAUSE_HUNG, true},
    {"stopped at the newest look only is no hang", SILENT, SILENT, S, T, 0, 0, 0, CAUSE_HUNG,
     false},
    {"stopped at the only look is no hang", SILENT, REPLY_NONE, UNKNOWN, T, 0, 0, ONE_LOOK,
     CAUSE_HUNG, false},
    {"... also after 30 s: the second look is on its way", SILENT, REPLY_NONE, UNKNOWN, T, 0, 0,
     ONE_LOOK | LONG_SILENT, CAUSE_HUNG, false},
    {"stopped at the look before, and goes on", SILENT, REPLY_NONE, T, S, 0, 0, 0, CAUSE_HUNG,
     false},
    {"stopped by a signal on a slow line", SILENT, REPLY_NONE, T, T, 0, 0, SLOW_LINE, CAUSE_HUNG,
     true},
    {"stopped, and two probes failed", SILENT, SILENT, T, T, 0, 0, TWO_FAILED, CAUSE_HUNG, false},
    {"stopped by its tracer", SILENT, SILENT, S, TASK_STOPPED, 0, 4711, 0, CAUSE_TRACED, true},
    {"held by a debugger", SILENT, SILENT, S, TASK_TRACED, 0, 4711, 0, CAUSE_TRACED, true},
    {"held, and by whom cannot be read", SILENT, SILENT, S, TASK_TRACED, 0, FACT_UNKNOWN, 0,
     CAUSE_TRACED, true},
    {"traced while it runs", SILENT, SILENT, R, R, 100, 4711, 0, CAUSE_TRACED, true},
    {"traced however long", SILENT, SILENT, S, S, 0, 4711, LONG_SILENT, CAUSE_TRACED, true},
    {"sleeps and stands still: hung", SILENT, SILENT, S, S, 0, 0, 0, CAUSE_HUNG, true},
    {"hung is not said before a script would say BUSY", SILENT, SILENT, S, S, 0, 0, EARLY,
     CAUSE_HUNG, false},
    {"hung is not said after two probes", SILENT, SILENT, S, S, 0, 0, TWO_FAILED, CAUSE_HUNG,
     false},
    {"hung waits for a look at the unit", SILENT, SILENT, S, S, 0, 0, UNIT_FIRST, CAUSE_HUNG,
     false},
    {"a long command that paused is no hang", SILENT, SILENT, S, S, 0, 0, STIRRED, CAUSE_HUNG,
     false},
    {"little work while it sleeps decides nothing", SILENT, SILENT, S, S, 10, 0, 0, CAUSE_HUNG,
     false},
    {"... for 30 s", SILENT, SILENT, S, S, 10, 0, LONG_SILENT, CAUSE_HUNG, true},
    {"a process that has ended is the unit's business", SILENT, SILENT, S, TASK_ENDED, 0, 0, 0,
     CAUSE_HUNG, false},

    /* evidence that is missing, late or contradictory */
    {"no evidence is no hang", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0, 0, CAUSE_HUNG, false},
    {"... for 30 s", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0, LONG_SILENT, CAUSE_HUNG, true},
    {"one look is no comparison", SILENT, SILENT, UNKNOWN, S, 0, 0, ONE_LOOK, CAUSE_HUNG, false},
    {"... after 30 s, either: a long command looks like that", SILENT, SILENT, UNKNOWN, S, 0, 0,
     ONE_LOOK | LONG_SILENT, CAUSE_HUNG, false},
    {"... and a second look that does not come is not waited for without end", SILENT, SILENT,
     UNKNOWN, S, 0, 0, ONE_LOOK | STALE_PROCESS | LONG_SILENT, CAUSE_HUNG, true},
    {"... nor one at another process", SILENT, SILENT, UNKNOWN, S, 0, 0,
     ONE_LOOK | OTHER_PROCESS | LONG_SILENT, CAUSE_HUNG, true},
    {"looks from before probing do not count", SILENT, SILENT, S, S, 0, 0, OLD_PROCESS, CAUSE_HUNG,
     false},
    {"work from before probing does not count", SILENT, SILENT, R, R, 100, 0,
     OLD_PROCESS | LONG_SILENT, CAUSE_HUNG, true},
    {"another process' looks do not count", SILENT, SILENT, S, S, 0, 0, OTHER_PROCESS, CAUSE_HUNG,
     false},
    {"another process' tracer does not count", SILENT, SILENT, S, S, 0, 4711,
     OTHER_PROCESS | LONG_SILENT, CAUSE_HUNG, true},
    {"looks that are not of late do not count", SILENT, SILENT, S, S, 0, 0, STALE_PROCESS,
     CAUSE_HUNG, false},
    {"processor time that goes back is no evidence", SILENT, SILENT, S, S, 0, 0, BACKWARDS,
     CAUSE_HUNG, false},
    {"the control group's time rises: busy", SILENT, SILENT, UNKNOWN, UNKNOWN, 50, 0, GROUP_ONLY,
     CAUSE_BUSY_COMMAND, true},
    {"... however long", SILENT, SILENT, UNKNOWN, UNKNOWN, 50, 0, GROUP_ONLY | LONG_SILENT,
     CAUSE_BUSY_COMMAND, true},
    {"... on a host that gives it little of its time", SILENT, SILENT, UNKNOWN, UNKNOWN, 5, 0,
     GROUP_ONLY | LONG_SILENT, CAUSE_BUSY_COMMAND, true},
    {"the control group stands still: it may be blocked", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0,
     GROUP_ONLY, CAUSE_HUNG, false},
    {"... for 30 s", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0, GROUP_ONLY | LONG_SILENT, CAUSE_HUNG,
     true},
    {"the witness was asked before probing", SILENT, SILENT, S, S, 0, 0, OLD_WITNESS, CAUSE_HUNG,
     false},
    {"an answer there from before probing does not count", SILENT, REPLY_PONG, S, S, 0, 0,
     OLD_WITNESS | LONG_SILENT, CAUSE_HUNG, true},

    /* who is answered where */
    {"silent here, answers there", SILENT, REPLY_PONG, S, S, 0, 0, 0, CAUSE_PATH_BROKEN, true},
    {"an error there is an answer", SILENT, REPLY_NOAUTH, S, S, 0, 0, 0, CAUSE_PATH_BROKEN, true},
    {"a handshake that fails there is an answer", SILENT, REPLY_TLS_FAILED, S, S, 0, 0, 0,
     CAUSE_PATH_BROKEN, true},
    {"answers there however long", SILENT, REPLY_PONG, S, S, 0, 0, LONG_SILENT, CAUSE_PATH_BROKEN,
     true},
    {"answers there, and works for others", SILENT, REPLY_PONG, R, R, 60, 0, 0, CAUSE_PATH_BROKEN,
     true},
    {"answers there, and two probes failed", SILENT, REPLY_PONG, S, S, 0, 0, TWO_FAILED,
     CAUSE_PATH_BROKEN, false},
    {"answers there since the newest probe was asked", SILENT, REPLY_PONG, S, S, 0, 0, FOUND_LATER,
     CAUSE_PATH_BROKEN, false},
    {"refused here, answers there", REFUSED, REPLY_PONG, S, S, 0, 0, 0, CAUSE_PATH_BROKEN, true},
    {"refused here, answers there, young", REFUSED, REPLY_LOADING, S, S, 0, 0, YOUNG,
     CAUSE_PATH_BROKEN, true},
    {"reset here, answers there", REPLY_CLOSED, REPLY_PONG, S, S, 0, 0, 0, CAUSE_PATH_BROKEN, true},
    {"no connection here, answers there", REPLY_NO_CONNECT, REPLY_PONG, S, S, 0, 0, 0,
     CAUSE_PATH_BROKEN, true},
    {"no route here, answers there", REPLY_UNREACHABLE, REPLY_PONG, S, S, 0, 0, 0,
     CAUSE_PATH_BROKEN, true},
    {"never answered here, answers there", REFUSED, REPLY_PONG, S, S, 0, 0, NEVER_ANSWERED,
     CAUSE_PATH_BROKEN, true},
    {"never answered here, nor there", REFUSED, REFUSED, S, S, 0, 0, NEVER_ANSWERED,
     CAUSE_ACCESS_REFUSED, true},
    {"refused here and there, young", REFUSED, REFUSED, S, S, 0, 0, YOUNG, CAUSE_SYSTEMD_RESTARTING,
     true},
    {"refused here and there, older: it does not listen", REFUSED, REFUSED, S, S, 0, 0, 0,
     CAUSE_HUNG, true},
    {"... also without a look at the process", REFUSED, REFUSED, UNKNOWN, UNKNOWN, 0, 0, 0,
     CAUSE_HUNG, true},
    {"... and it needs no wait for a script", REFUSED, REFUSED, S, S, 0, 0, EARLY, CAUSE_HUNG,
     true},
    {"... but three probes", REFUSED, REFUSED, S, S, 0, 0, TWO_FAILED, CAUSE_HUNG, false},
    {"refused here and there, and it works: not listening yet", REFUSED, REFUSED, R, R, 100, 0, 0,
     CAUSE_BUSY_COMMAND, true},
    {"refused here and there, and a debugger holds it", REFUSED, REFUSED, S, TASK_TRACED, 0, 4711,
     0, CAUSE_TRACED, true},
    {"refused here, silent there: as the process says", REFUSED, SILENT, S, S, 0, 0, 0, CAUSE_HUNG,
     true},
    {"... which may be a script", REFUSED, SILENT, S, S, 0, 0, EARLY, CAUSE_HUNG, false},
    {"refused here, silent there, and it works", REFUSED, SILENT, R, R, 100, 0, 0,
     CAUSE_BUSY_COMMAND, true},
    {"refused here, silent there, nothing is seen of the process", REFUSED, SILENT, UNKNOWN,
     UNKNOWN, 0, 0, 0, CAUSE_HUNG, false},
    {"... for 30 s: one of the two lies, and a human is called", REFUSED, SILENT, UNKNOWN, UNKNOWN,
     0, 0, LONG_SILENT | JUST_REFUSED, CAUSE_CONNECTION_REFUSED, true},
    {"silent here, refused there: it does not listen", SILENT, REFUSED, S, S, 0, 0, 0, CAUSE_HUNG,
     true},
    {"no route here, silent there", REPLY_UNREACHABLE, SILENT, S, S, 0, 0, 0, CAUSE_HUNG, true},
    {"reset here, silent there", REPLY_CLOSED, SILENT, S, S, 0, 0, 0, CAUSE_HUNG, true},
    {"silent here, and the host cannot be asked", SILENT, REPLY_NONE, S, S, 0, 0, 0, CAUSE_HUNG,
     false},
    {"... for 30 s", SILENT, REPLY_NONE, S, S, 0, 0, LONG_SILENT, CAUSE_HUNG, true},
    {"... after it had refused: that may be the path, too", SILENT, REPLY_NONE, S, S, 0, 0,
     LONG_SILENT | JUST_REFUSED, CAUSE_HUNG, false},
    {"... 30 s before", SILENT, REPLY_NONE, S, S, 0, 0, LONG_SILENT | ONCE_REFUSED, CAUSE_HUNG,
     true},
    {"refused here, and the host cannot be asked: one fact", REFUSED, REPLY_NONE, S, S, 0, 0, 0,
     CAUSE_CONNECTION_REFUSED, true},
    {"... however long", REFUSED, REPLY_NONE, S, S, 0, 0, LONG_SILENT, CAUSE_CONNECTION_REFUSED,
     true},
    {"... also without a look at the process", REFUSED, REPLY_NONE, UNKNOWN, UNKNOWN, 0, 0,
     LONG_SILENT, CAUSE_CONNECTION_REFUSED, true},
    {"... whoever else it works for", REFUSED, REPLY_NONE, R, R, 100, 0, LONG_SILENT,
     CAUSE_CONNECTION_REFUSED, true},
    {"... also beyond the limit of a long command", REFUSED, REPLY_NONE, R, R, 100, 0, LIMIT_OVER,
     CAUSE_CONNECTION_REFUSED, true},
    {"... by the control group's time", REFUSED, REPLY_NONE, UNKNOWN, UNKNOWN, 50, 0,
     GROUP_ONLY | LIMIT_OVER, CAUSE_CONNECTION_REFUSED, true},
    {"... a disk explains no refusal", REFUSED, REPLY_NONE, D, D, 0, 0, LONG_SILENT,
     CAUSE_CONNECTION_REFUSED, true},
    {"... nor does a tracer", REFUSED, REPLY_NONE, S, S, 0, 4711, LONG_SILENT,
     CAUSE_CONNECTION_REFUSED, true},
    {"... over a slow line", REFUSED, REPLY_NONE, S, S, 0, 0, SLOW_LINE, CAUSE_CONNECTION_REFUSED,
     true},
    {"... but three probes", REFUSED, REPLY_NONE, S, S, 0, 0, TWO_FAILED, CAUSE_CONNECTION_REFUSED,
     false},
    {"... and the unit was looked at before", REFUSED, REPLY_NONE, S, S, 0, 0, UNIT_FIRST,
     CAUSE_CONNECTION_REFUSED, false},
    {"refused here, and the host's answer is on its way", REFUSED, REFUSED, S, S, 0, 0, OLD_WITNESS,
     CAUSE_CONNECTION_REFUSED, false},
    {"... for 30 s", REFUSED, REFUSED, S, S, 0, 0, OLD_WITNESS | LONG_SILENT,
     CAUSE_CONNECTION_REFUSED, true},
    {"refused here, cannot be asked, and a signal stopped it", REFUSED, REPLY_NONE, T, T, 0, 0, 0,
     CAUSE_HUNG, true},
    {"refused here, cannot be asked, and it has ended", REFUSED, REPLY_NONE, S, TASK_ENDED, 0, 0, 0,
     CAUSE_HUNG, false},
    {"... for 30 s", REFUSED, REPLY_NONE, S, TASK_ENDED, 0, 0, LONG_SILENT, CAUSE_HUNG, true},
    {"refused here, cannot be asked, young", REFUSED, REPLY_NONE, S, S, 0, 0, YOUNG,
     CAUSE_SYSTEMD_RESTARTING, false},
    {"a witness that never found Redis is none: silent", SILENT, SILENT, S, S, 0, 0, UNPROVEN,
     CAUSE_HUNG, false},
    {"... refused", REFUSED, REFUSED, S, S, 0, 0, UNPROVEN, CAUSE_CONNECTION_REFUSED, true},
    {"... for 30 s", REFUSED, REFUSED, S, S, 0, 0, UNPROVEN | LONG_SILENT, CAUSE_CONNECTION_REFUSED,
     true},
    {"refused here, and what the host got tells nothing", REFUSED, REPLY_CLOSED, S, S, 0, 0, 0,
     CAUSE_CONNECTION_REFUSED, true},
    {"... whoever else it works for", REFUSED, REPLY_CLOSED, R, R, 100, 0, STIRRED | LONG_SILENT,
     CAUSE_CONNECTION_REFUSED, true},
    {"... but its first answer is one", REFUSED, REPLY_PONG, S, S, 0, 0, UNPROVEN,
     CAUSE_PATH_BROKEN, true},
    {"no Redis is what answers here, and the host cannot be asked", REPLY_GARBAGE, REPLY_NONE, S, S,
     0, 0, LONG_SILENT, CAUSE_ACCESS_REFUSED, true},
    {"reset there proves nothing", SILENT, REPLY_CLOSED, S, S, 0, 0, 0, CAUSE_HUNG, false},
    {"reset here, and the host cannot be asked", REPLY_CLOSED, REPLY_NONE, S, S, 0, 0, 0,
     CAUSE_ACCESS_REFUSED, true},
    {"no route here, and the host cannot be asked", REPLY_UNREACHABLE, REPLY_NONE, S, S, 0, 0, 0,
     CAUSE_HOST_UNREACHABLE, true},
    {"no connection here, and the host cannot be asked", REPLY_NO_CONNECT, REPLY_NONE, S, S, 0, 0,
     0, CAUSE_ACCESS_REFUSED, true},
    {"... while the kept connection is silent: as the process says", REPLY_NO_CONNECT, REPLY_NONE,
     S, S, 0, 0, KEPT_SILENT | LONG_SILENT, CAUSE_HUNG, true},

    /* a slow line */
    {"silence on a slow line is not believed", SILENT, SILENT, S, S, 0, 0, SLOW_LINE,
     CAUSE_HOST_UNREACHABLE, false},
    {"... and never leads to a restart", SILENT, SILENT, S, S, 0, 0, SLOW_LINE | LONG_SILENT,
     CAUSE_HOST_UNREACHABLE, true},
    {"work on a slow line is not called busy", SILENT, SILENT, R, R, 100, 0, SLOW_LINE,
     CAUSE_HOST_UNREACHABLE, false},
    {"an answer over a slow line is an answer", SILENT, REPLY_PONG, S, S, 0, 0, SLOW_LINE,
     CAUSE_PATH_BROKEN, true},
    {"a refusal over a slow line is a refusal", REFUSED, REFUSED, S, S, 0, 0, SLOW_LINE, CAUSE_HUNG,
     true},
    {"a line that was slow once is believed again", SILENT, SILENT, S, S, 0, 0, SLOW_ONCE,
     CAUSE_HUNG, true},
};

static struct process_facts look_at(const struct row *row, enum task_state state, int64_t at,
                                    int64_t cpu_ms)
{
    int64_t back = (row->traits & OLD_PROCESS) != 0     ? 100000
                   : (row->traits & STALE_PROCESS) != 0 ? EVIDENCE_LASTS_MS
                                                        : 0;
    return (struct process_facts){.pid = (row->traits & OTHER_PROCESS) != 0 ? PID + 1 : PID,
                                  .asked = {at - back},
                                  .at = {at - back},
                                  .state = state,
                                  .cpu_ms = cpu_ms,
                                  .tracer_pid = row->tracer};
}

static void see_process(struct observations *s, const struct row *row)
{
    struct process_facts before = look_at(row, row->before, NOW_MS - 2100, 5000);
    struct process_facts now =
        look_at(row, row->state, NOW_MS - 100,
                (row->traits & BACKWARDS) != 0 ? 4000 : 5000 + (int64_t)row->cpu_percent * 20);
    if ((row->traits & GROUP_ONLY) != 0) {
        s->group_before = before;
        s->group = now;
        return;
    }
    if (row->state == TASK_UNKNOWN)
        return;
    s->process = now;
    if ((row->traits & ONE_LOOK) == 0)
        s->process_before = before;
}

static struct observations see(const struct row *row)
{
    unsigned t = row->traits;
    int64_t silent_ms = (t & LONG_SILENT) != 0 ? 30000 : (t & LIMIT_OVER) != 0 ? 60000 : 20000;
    mono_ms answer = {NOW_MS - ((t & EARLY) != 0 ? 5400 : silent_ms + 1000)};
    mono_ms probing = mono_add(answer, 1000);
    struct observations s = {
        .fresh = {.reply = row->here, .asked = {NOW_MS - 200}, .at = {NOW_MS - 150}},
        .kept = {.reply = (t & KEPT_SILENT) != 0 ? REPLY_SILENT : REPLY_NONE,
                 .asked = {NOW_MS - 6000},
                 .at = {NOW_MS - 1000}},
        .probing_since = probing,
        .last_answer = answer,
        .unit_same_since = {(t & YOUNG) != 0 ? NOW_MS - 9000 : 1},
        .failed_probes = (t & TWO_FAILED) != 0 ? 2 : 3,
        .failing_since = {(t & UNIT_FIRST) != 0 ? NOW_MS : NOW_MS - 4000},
        .ever_answered = (t & NEVER_ANSWERED) == 0,
        .stirred = {(t & STIRRED) != 0 ? NOW_MS - EVIDENCE_STILL_MS + 1 : 0},
        .refused = {row->here == REFUSED || (t & JUST_REFUSED) != 0 ? NOW_MS - 29999
                    : (t & ONCE_REFUSED) != 0                       ? NOW_MS - 30000
                                                                    : 0},
        .slow_look = {(t & SLOW_LINE) != 0   ? NOW_MS - 2 * TIMEOUT_MS + 1
                      : (t & SLOW_ONCE) != 0 ? NOW_MS - 2 * TIMEOUT_MS
                                             : 0},
        .witness = {.possible = row->there != REPLY_NONE,
                    .reply = row->there,
                    .asked = {(t & OLD_WITNESS) != 0 ? probing.ms - 1 : NOW_MS - 4000},
                    .at = {NOW_MS - 300}},
        .witness_proven = (t & UNPROVEN) == 0,
        .witness_answers_since = {(t & FOUND_LATER) != 0 ? NOW_MS - 100 : NOW_MS - 300},
        .failure_threshold = 3,
        .confirm_interval_ms = 500,
        .probe_timeout_ms = TIMEOUT_MS,
        .blind_hang_ms = 30000,
        .busy_alert_ms = 30000,
        .busy_limit_ms = (t & LIMIT_OVER) != 0 ? 60000 : 0,
    };
    facts_unit_reset(&s.unit);
    facts_info_reset(&s.info);
    s.unit.active = UNIT_ACTIVE;
    s.unit.control_reached = TRI_YES;
    s.unit.main_pid = PID;
    s.unit.asked = (mono_ms){NOW_MS - 200};
    s.unit.at = (mono_ms){NOW_MS - 100};
    see_process(&s, row);
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

/* Whatever else is seen, a restart is never allowed while the process works, is blocked or traced,
 * while it answers there, or without evidence before 30 s. */
static bool may_restart(const struct row *row)
{
    bool long_silent = (row->traits & LONG_SILENT) != 0;
    bool refused_there = row->there == REFUSED && (row->traits & YOUNG) == 0;
    bool stopped = row->state == TASK_STOPPED && row->tracer == 0;
    bool still = row->state == S && row->cpu_percent < 2;
    if (row->there == REPLY_PONG || row->tracer > 0 || row->state == TASK_TRACED)
        return false;
    if (stopped)
        return true;
    if (row->here == REFUSED && row->there == REPLY_NONE) /* one fact, unless the process is gone */
        return long_silent && row->state == TASK_ENDED;
    bool works = row->cpu_percent >= 20 || row->state == R || row->state == D;
    if (works || ((row->traits & SLOW_LINE) != 0 && row->there != REFUSED))
        return false;
    return refused_there || long_silent || (row->there == SILENT && still);
}

static void no_combination_restarts_without_two_facts(void **state)
{
    (void)state;
    static const enum reply_class heres[] = {SILENT, REFUSED, REPLY_CLOSED, REPLY_NO_CONNECT,
                                             REPLY_UNREACHABLE};
    static const enum reply_class theres[] = {REPLY_NONE, REPLY_PONG, SILENT, REFUSED};
    static const int percents[] = {0, 10, 50};
    static const unsigned traits[] = {0, LONG_SILENT, SLOW_LINE, LONG_SILENT | SLOW_LINE, YOUNG};
    int restarts = 0;
    for (size_t h = 0; h < ARRAY_LENGTH(heres); h++)
        for (size_t t = 0; t < ARRAY_LENGTH(theres); t++)
            for (int task = 0; task < TASK_STATE_COUNT; task++)
                for (size_t p = 0; p < ARRAY_LENGTH(percents); p++)
                    for (size_t m = 0; m < ARRAY_LENGTH(traits); m++)
                        for (int tracer = 0; tracer < 2; tracer++) {
                            enum task_state at = (enum task_state)task;
                            struct row row = {"",          heres[h], theres[t], at,         at,
                                              percents[p], tracer,   traits[m], CAUSE_NONE, false};
                            struct observations s = see(&row);
                            struct verdict v = cause_judge(&s, (mono_ms){NOW_MS});
                            bool restart =
                                v.confirmed && cause_row(v.cause)->restart == RESTART_HELPS;
                            restarts += restart;
                            if (restart && row.state != TASK_UNKNOWN && !may_restart(&row))
                                fail_msg("here %s there %s state %d cpu %d tracer %d traits %x",
                                         reply_class_word(row.here), reply_class_word(row.there),
                                         task, row.cpu_percent, tracer, row.traits);
                        }
    assert_true(restarts > 0);
}

/* The freezer of version 2 shows its processes asleep (state S). */
static void a_frozen_unit_is_never_restarted(void **state)
{
    (void)state;
    static const struct row seen[] = {
        {"", SILENT, SILENT, S, S, 0, 0, LONG_SILENT, CAUSE_FROZEN, true},
        {"", SILENT, REPLY_NONE, UNKNOWN, UNKNOWN, 0, 0, LONG_SILENT, CAUSE_FROZEN, true},
        {"", REFUSED, REFUSED, S, S, 0, 0, 0, CAUSE_FROZEN, true},
        {"", SILENT, SILENT, S, S, 0, 0, UNIT_FIRST, CAUSE_FROZEN, false},
        {"", SILENT, SILENT, S, S, 0, 0, TWO_FAILED, CAUSE_FROZEN, false},
        {"", SILENT, REPLY_PONG, S, S, 0, 0, 0, CAUSE_PATH_BROKEN, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(seen); i++) {
        struct observations s = see(&seen[i]);
        s.unit.frozen = true;
        struct verdict v = cause_judge(&s, (mono_ms){NOW_MS});
        assert_string_equal(cause_row(v.cause)->code, cause_row(seen[i].cause)->code);
        assert_int_equal(v.confirmed, seen[i].confirmed);
    }
    assert_int_equal(cause_row(CAUSE_FROZEN)->restart, RESTART_HARMFUL);
    assert_int_equal(cause_row(CAUSE_FROZEN)->remedy, REMEDY_HUMAN);
}

static void a_human_is_called_for_a_long_command_after_its_time(void **state)
{
    (void)state;
    struct row row = {"", SILENT, SILENT, R, R, 100, 0, LONG_SILENT, CAUSE_BUSY_COMMAND, true};
    struct observations s = see(&row);
    mono_ms since = evidence_silent_since(&s);
    assert_false(silence_call_due(&s, CAUSE_BUSY_COMMAND, mono_add(since, 29999)));
    assert_true(silence_call_due(&s, CAUSE_BUSY_COMMAND, mono_add(since, 30000)));
    assert_false(silence_call_due(&s, CAUSE_TRACED, mono_add(since, 599999)));
    assert_true(silence_call_due(&s, CAUSE_TRACED, mono_add(since, 600000)));
    assert_true(silence_call_due(&s, CAUSE_IO_BLOCKED, since));
    assert_true(silence_call_due(&s, CAUSE_PATH_BROKEN, since));
}

static void a_hang_names_the_fact_that_it_did_without(void **state)
{
    (void)state;
    static const struct {
        struct row row;
        enum blind blind;
    } hangs[] = {
        {{"", SILENT, SILENT, S, S, 0, 0, 0, CAUSE_HUNG, true}, BLIND_NOT},
        {{"", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0, LONG_SILENT, CAUSE_HUNG, true},
         BLIND_PROCESS},
        {{"", SILENT, REPLY_NONE, S, S, 0, 0, LONG_SILENT, CAUSE_HUNG, true}, BLIND_WITNESS},
        {{"", SILENT, REPLY_NONE, UNKNOWN, UNKNOWN, 0, 0, LONG_SILENT, CAUSE_HUNG, true},
         BLIND_BOTH},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(hangs); i++) {
        struct observations s = see(&hangs[i].row);
        mono_ms now = {NOW_MS};
        assert_int_equal(silence_blind(&s, now), hangs[i].blind);
        assert_int_equal(cause_judge(&s, now).cause, CAUSE_HUNG);
    }
}

static void the_blind_time_counts_from_the_last_sign_of_work(void **state)
{
    (void)state;
    struct row row = {"", SILENT, SILENT, UNKNOWN, UNKNOWN, 0, 0, LONG_SILENT, CAUSE_HUNG, true};
    struct observations s = see(&row);
    assert_true(evidence_blind_over(&s, (mono_ms){NOW_MS}));
    s.stirred = (mono_ms){NOW_MS - 29999};
    assert_false(evidence_blind_over(&s, (mono_ms){NOW_MS}));
    s.stirred = (mono_ms){0};
    s.unit_same_since = (mono_ms){NOW_MS - 29999}; /* another process */
    assert_false(evidence_blind_over(&s, (mono_ms){NOW_MS}));
}

static struct process_facts process(int64_t pid, int64_t at, int64_t cpu_ms)
{
    return (struct process_facts){.pid = pid, .asked = {at}, .at = {at + 10}, .cpu_ms = cpu_ms};
}

static void looks_are_compared_that_are_a_second_to_fifteen_apart(void **state)
{
    (void)state;
    struct process_facts before = {0};
    struct process_facts now = {0};
    struct process_facts a = process(7, 1000, 10);
    struct process_facts b = process(7, 1900, 20);
    struct process_facts c = process(7, 2010, 30);
    struct process_facts other = process(8, 3000, 40);
    evidence_take(&before, &now, &a);
    evidence_take(&before, &now, &b); /* too soon after it */
    assert_int_equal(now.cpu_ms, 10);
    assert_int_equal(before.pid, 0);
    evidence_take(&before, &now, &c);
    assert_int_equal(now.cpu_ms, 30);
    assert_int_equal(before.cpu_ms, 10);
    evidence_take(&before, &now, &other);
    assert_int_equal(now.pid, 8);
    assert_int_equal(before.pid, 0);
    struct process_facts later = process(8, 3010 + EVIDENCE_APART_MAX_MS, 50);
    evidence_take(&before, &now, &later);
    assert_int_equal(before.cpu_ms, 40);
    struct process_facts too_late = process(8, later.at.ms + EVIDENCE_APART_MAX_MS + 1, 60);
    evidence_take(&before, &now, &too_late);
    assert_int_equal(now.cpu_ms, 60);
    assert_int_equal(before.pid, 0);
}

static void work_is_measured_by_the_shortest_time_between_two_looks(void **state)
{
    (void)state;
    struct process_facts before = process(7, 1000, 0);
    struct process_facts now = process(7, 3010, 400);
    assert_int_equal(evidence_work(&before, &now), WORK_RISING); /* 400 of 2000 ms */
    now.cpu_ms = 399;
    assert_int_equal(evidence_work(&before, &now), WORK_SOME);
    now.cpu_ms = 40;
    assert_int_equal(evidence_work(&before, &now), WORK_SOME);
    now.cpu_ms = 39;
    assert_int_equal(evidence_work(&before, &now), WORK_STILL);
    now.asked.ms = 2009; /* less than a second */
    assert_int_equal(evidence_work(&before, &now), WORK_UNKNOWN);
    now = process(7, 3010, FACT_UNKNOWN);
    assert_int_equal(evidence_work(&before, &now), WORK_UNKNOWN);
    now = process(8, 3010, 400);
    assert_int_equal(evidence_work(&before, &now), WORK_UNKNOWN);
}

static void a_look_is_slow_against_the_usual_and_against_a_probes_deadline(void **state)
{
    (void)state;
    assert_false(evidence_slow_look(999, 10, TIMEOUT_MS)); /* a fifth of the deadline */
    assert_true(evidence_slow_look(1000, 10, TIMEOUT_MS));
    assert_false(evidence_slow_look(1000, 251, TIMEOUT_MS)); /* not four times the usual */
    assert_false(evidence_slow_look(2499, FACT_UNKNOWN, TIMEOUT_MS));
    assert_true(evidence_slow_look(2500, FACT_UNKNOWN, TIMEOUT_MS)); /* half of the deadline */
    assert_true(evidence_slow_look(2500, 2400, TIMEOUT_MS));         /* however usual it is */
}

int main(void)
{
    static const struct CMUnitTest whole[] = {
        cmocka_unit_test(no_combination_restarts_without_two_facts),
        cmocka_unit_test(a_frozen_unit_is_never_restarted),
        cmocka_unit_test(a_human_is_called_for_a_long_command_after_its_time),
        cmocka_unit_test(a_hang_names_the_fact_that_it_did_without),
        cmocka_unit_test(the_blind_time_counts_from_the_last_sign_of_work),
        cmocka_unit_test(looks_are_compared_that_are_a_second_to_fifteen_apart),
        cmocka_unit_test(work_is_measured_by_the_shortest_time_between_two_looks),
        cmocka_unit_test(a_look_is_slow_against_the_usual_and_against_a_probes_deadline),
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
