/* Which step would be taken, and why none may be: the part of recovery that only reads. */
#include "base/attr.h"
#include "core/recovery.h"

static bool treats_without_start(enum remedy remedy)
{
    return remedy == REMEDY_KILL_SCRIPT || remedy == REMEDY_BGSAVE;
}

bool recovery_refused(const struct recovery *r, const struct recovery_facts *f,
                      enum recovery_action action)
{
    return ((r->refused | f->refused) & RECOVERY_BIT(action)) != 0;
}

/* What sudo is said to allow is only a forecast: an action is withheld when the host itself has
 * refused it. While nothing is wrong the forecast is what there is. */
static bool cannot_act(const struct recovery *r, const struct recovery_facts *f)
{
    enum recovery_level level;
    if (cause_row(f->verdict.cause)->remedy == REMEDY_KILL_SCRIPT)
        return (r->refused & RECOVERY_BIT(ACTION_KILL_SCRIPT)) != 0;
    switch (cause_row(f->verdict.cause)->restart) {
    case RESTART_HELPS:
        return (r->refused & RECOVERY_BIT(recovery_plan(r, f, &level))) != 0;
    case RESTART_UNNEEDED:
        return recovery_refused(r, f, ACTION_START) || recovery_refused(r, f, ACTION_RESTART);
    default:
        return false;
    }
}

enum withheld recovery_withheld(const struct recovery *r, const struct recovery_policy *policy,
                                const struct recovery_facts *f)
{
    const struct cause_row *row = cause_row(f->verdict.cause);
    bool respected = f->verdict.cause == CAUSE_UNIT_STOPPED && !f->never_started &&
                     policy->external_stop == EXTERNAL_STOP_RESPECT;
    bool starts = !treats_without_start(row->remedy);
    const struct {
        bool holds;
        enum withheld reason;
    } rules[] = {
        {r->breaker.open, WITHHELD_BREAKER_OPEN},
        {r->phase == PHASE_EXHAUSTED, WITHHELD_ATTEMPTS_EXHAUSTED},
        {!policy->enabled, WITHHELD_DISABLED},
        {f->paused, WITHHELD_PAUSED},
        {f->maintenance, WITHHELD_MAINTENANCE},
        {f->stopped_on_purpose || respected, WITHHELD_STOPPED_ON_PURPOSE},
        {f->operation_running, WITHHELD_OPERATION_RUNNING},
        {f->backup_running, WITHHELD_BACKUP_RUNNING},
        {f->tilt || f->verdict.cause == CAUSE_SELF_DOUBT, WITHHELD_SELF_DOUBT},
        {f->ownership_unsure, WITHHELD_OWNERSHIP_UNSURE},
        {f->host_unreachable || f->verdict.cause == CAUSE_HOST_UNREACHABLE,
         WITHHELD_HOST_UNREACHABLE},
        {cannot_act(r, f), WITHHELD_CANNOT_ACT},
        {f->failover_running, WITHHELD_FAILOVER_RUNNING},
        {f->empty_primary && starts && row->restart == RESTART_HELPS, WITHHELD_EMPTY_PRIMARY},
        {starts && row->restart == RESTART_USELESS, WITHHELD_RESTART_USELESS},
        {starts && row->restart == RESTART_HARMFUL, WITHHELD_RESTART_HARMFUL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
        if (rules[i].holds)
            return rules[i].reason;
    return WITHHELD_NOT;
}

static bool reload_useless(const struct recovery *r, const struct recovery_facts *f)
{
    return f->can_reload == TRI_NO || r->attempted_useless_reload || f->stopped ||
           recovery_refused(r, f, ACTION_RELOAD);
}

/* To a unit that does not run, start and restart are the same, and sudo may allow only one. */
static enum recovery_action allowed(const struct recovery *r, const struct recovery_facts *f,
                                    enum recovery_action action)
{
    enum recovery_action other = action == ACTION_START ? ACTION_RESTART : ACTION_START;
    bool ended = f->unit == UNIT_FAILED || f->unit == UNIT_INACTIVE;
    if (!ended || !recovery_refused(r, f, action))
        return action;
    if (!recovery_refused(r, f, other))
        return other;
    /* Neither is listed: what the host itself has not refused yet is worth a try. */
    return (r->refused & RECOVERY_BIT(action)) != 0 ? other : action;
}

enum recovery_action recovery_plan(const struct recovery *r, const struct recovery_facts *f,
                                   enum recovery_level *ret_level)
{
    switch (cause_row(f->verdict.cause)->remedy) {
    case REMEDY_KILL_SCRIPT:
        *ret_level = LEVEL_SOFT;
        return ACTION_KILL_SCRIPT;
    case REMEDY_BGSAVE:
        *ret_level = LEVEL_SOFT;
        return ACTION_BGSAVE;
    case REMEDY_LADDER:
        if (r->floor <= LEVEL_SOFT && !reload_useless(r, f)) {
            *ret_level = LEVEL_SOFT;
            return ACTION_RELOAD;
        }
        *ret_level = LEVEL_HARD; /* standard is a start, and the unit is active: it cannot help */
        return ACTION_RESTART;
    case REMEDY_START:
        *ret_level = r->floor <= LEVEL_STANDARD ? LEVEL_STANDARD : LEVEL_HARD;
        return allowed(r, f, *ret_level == LEVEL_STANDARD ? ACTION_START : ACTION_RESTART);
    case REMEDY_RESTART:
        *ret_level = LEVEL_HARD;
        return allowed(r, f, ACTION_RESTART);
    case REMEDY_WINDOW:
        *ret_level = LEVEL_STANDARD;
        return f->may_reset_failed && !recovery_refused(r, f, ACTION_RESET_FAILED_START)
                   ? ACTION_RESET_FAILED_START
                   : allowed(r, f, ACTION_START);
    default:
        *ret_level = LEVEL_HUMAN;
        return ACTION_NONE;
    }
}

bool recovery_attempted(enum action_end end)
{
    switch (end) {
    case ACTION_NO_EFFECT:
    case ACTION_UNKILLABLE:
    case ACTION_NOT_REACHED:
    case ACTION_REFUSED:
        return false;
    default:
        return true;
    }
}

bool recovery_gave_up(const struct recovery *r, const struct recovery_facts *f)
{
    return cause_row(f->verdict.cause)->remedy == REMEDY_KILL_SCRIPT &&
           r->alerted == f->verdict.cause && r->action == ACTION_KILL_SCRIPT &&
           r->action_end == ACTION_UNKILLABLE;
}

bool recovery_holds(const struct recovery *r, const struct recovery_facts *facts)
{
    /* One that is being stopped was loading: systemd is at work on it, for us or for others. */
    bool watches_a_load =
        facts->unit == UNIT_ACTIVATING ||
        (facts->verdict.cause == CAUSE_LOADING && facts->unit != UNIT_DEACTIVATING);
    bool saves = r->action == ACTION_BGSAVE; /* it may take minutes, and touches no process */
    return r->phase == PHASE_ACTING && !watches_a_load && !saves;
}
