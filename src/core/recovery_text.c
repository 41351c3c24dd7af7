/* The words of recovery: codes for programs, sentences for people. */
#include "core/recovery.h"

#include <assert.h>

#include "base/attr.h"

static const char *const level_words[] = {[LEVEL_SOFT] = "soft",
                                          [LEVEL_STANDARD] = "standard",
                                          [LEVEL_HARD] = "hard",
                                          [LEVEL_HUMAN] = "critical"};
static_assert(ARRAY_LENGTH(level_words) == RECOVERY_LEVEL_COUNT, "a word for every level");

static const char *const action_words[] = {
    [ACTION_NONE] = "none",
    [ACTION_RELOAD] = "reload",
    [ACTION_START] = "start",
    [ACTION_RESTART] = "restart",
    [ACTION_RESET_FAILED_START] = "reset-failed-start",
    [ACTION_KILL_SCRIPT] = "script-kill",
    [ACTION_BGSAVE] = "bgsave",
};
static_assert(ARRAY_LENGTH(action_words) == RECOVERY_ACTION_COUNT, "a word for every action");

static const char *const phase_words[] = {
    [PHASE_IDLE] = "idle",
    [PHASE_GRACE] = "grace",
    [PHASE_WINDOW] = "start_limit_window",
    [PHASE_BACKOFF] = "backoff",
    [PHASE_INTENT] = "intent",
    [PHASE_ACTING] = "acting",
    [PHASE_VERIFYING] = "verifying",
    [PHASE_STABLE] = "stable_watch",
    [PHASE_EXHAUSTED] = "exhausted",
};
static_assert(ARRAY_LENGTH(phase_words) == RECOVERY_PHASE_COUNT, "a word for every phase");

static const struct {
    const char *code, *text;
} withheld_rows[] = {
    [WITHHELD_NOT] = {"", ""},
    [WITHHELD_BREAKER_OPEN] =
        {"breaker_open",
         "The circuit breaker is open: too many recoveries in a short time. Find the root cause, "
         "then run: resus recovery reset."},
    [WITHHELD_ATTEMPTS_EXHAUSTED] =
        {"attempts_exhausted",
         "All automatic attempts were used up. Find the root cause, then run: resus recovery "
         "reset."},
    [WITHHELD_DISABLED] = {"disabled",
                           "Automatic recovery is switched off: resus recovery enable."},
    [WITHHELD_PAUSED] = {"paused", "Automatic recovery is paused: resus resume."},
    [WITHHELD_MAINTENANCE] = {"maintenance", "A maintenance window is open."},
    [WITHHELD_STOPPED_ON_PURPOSE] =
        {"stopped_on_purpose",
         "The service was stopped on purpose and stays stopped: resus start."},
    [WITHHELD_OPERATION_RUNNING] = {"operation_running",
                                    "An operation that a person ordered is running."},
    [WITHHELD_BACKUP_RUNNING] = {"backup_running", "A backup or restore is running."},
    [WITHHELD_SELF_DOUBT] =
        {"self_doubt", "Resus was held up or its clock jumped: it only observes for a while."},
    [WITHHELD_OWNERSHIP_UNSURE] =
        {"ownership_unsure", "etcd does not answer, so another engine of the fleet may own the "
                             "service by now: resus fleet status."},
    [WITHHELD_HOST_UNREACHABLE] =
        {"host_unreachable", "Resus has no control over the host: nothing can be done there."},
    [WITHHELD_CANNOT_ACT] =
        {"cannot_act", "The host does not let Resus act: resus doctor names the missing right."},
    [WITHHELD_FAILOVER_RUNNING] = {"failover_running",
                                   "A failover is under way: acting now would disturb it."},
    [WITHHELD_EMPTY_PRIMARY] = {"empty_primary", "This primary has replicas but no persistence: "
                                                 "started empty, it would wipe them. Fail over "
                                                 "to a replica first."},
    [WITHHELD_RESTART_USELESS] = {"restart_useless", "A restart would not help with this cause."},
    [WITHHELD_RESTART_HARMFUL] = {"restart_harmful", "A restart would do harm with this cause."},
};
static_assert(ARRAY_LENGTH(withheld_rows) == WITHHELD_COUNT, "a text for every reason");

static const char *const skip_texts[] = {
    [SKIP_NO_RELOAD] = "the unit cannot reload",
    [SKIP_ALREADY_ACTIVE] = "a start does nothing for a unit that is active",
    [SKIP_START_LIMIT] = "systemd refuses starts until its limit's window has passed",
    [SKIP_NOTHING_TO_KILL] = "no script was running by then",
    [SKIP_REFUSED] = "the host refuses it",
    [SKIP_PROCESS_STOPPED] = "a process that a signal stopped cannot reload",
};
static_assert(ARRAY_LENGTH(skip_texts) == SKIP_REASON_COUNT, "a text for every skip");

static const char *const end_words[] = {
    [END_SUCCESS] = "success",     [END_FAILED] = "failed",     [END_SUPERSEDED] = "superseded",
    [END_BY_ITSELF] = "by_itself", [END_HUMAN] = "needs_human",
};
static_assert(ARRAY_LENGTH(end_words) == RECOVERY_END_COUNT, "a word for every end");

const char *recovery_level_word(enum recovery_level level)
{
    return level_words[level];
}

const char *recovery_action_word(enum recovery_action action)
{
    return action_words[action];
}

const char *recovery_phase_word(enum recovery_phase phase)
{
    return phase_words[phase];
}

const char *withheld_code(enum withheld reason)
{
    return withheld_rows[reason].code;
}

const char *withheld_text(enum withheld reason)
{
    return withheld_rows[reason].text;
}

const char *withheld_and_paused_text(enum withheld reason)
{
    switch (reason) {
    case WITHHELD_BREAKER_OPEN:
        return "The circuit breaker is open (too many recoveries in a short time), and automatic "
               "recovery is paused as well. Find the root cause, then run: resus recovery reset, "
               "and resus resume.";
    case WITHHELD_ATTEMPTS_EXHAUSTED:
        return "All automatic attempts were used up, and automatic recovery is paused as well. "
               "Find the root cause, then run: resus recovery reset, and resus resume.";
    case WITHHELD_DISABLED:
        return "Automatic recovery is switched off, and paused as well: resus recovery enable, and "
               "resus resume.";
    default:
        return withheld_text(reason);
    }
}

const char *skip_text(enum skip_reason reason)
{
    return skip_texts[reason];
}

const char *recovery_end_word(enum recovery_end end)
{
    return end_words[end];
}
