/* A crash that nothing else befalls is cured, and no human is called for it. A stretch begins with
 * the death of a process that was well, on a host that works, with nobody who withholds recovery;
 * it ends with the next doing of anybody, or when Redis serves again and recovery is at rest. What
 * the engine thinks is only read to know whether a stretch may begin. */
#include "sim.h"

#include "engine/service.h"

#define QUIET_MS 60000    /* since a reason for self-doubt */
#define BREAKER_MS 310000 /* the window of the breaker, and what the clocks drift */
#define LOAD_MS 60000     /* well below TimeoutStartSec */
/* To notice it without a pulse, to look three times, to read the log, to act and to verify. */
#define CURED_MS 60000
/* The same of a hang, once something is done: a soft recovery may come first, and be verified. */
#define HANG_CURED_MS 110000
#define PROBED_MS 7000     /* three probes, half a second apart, with a deadline of five */
#define BUSY_MARGIN_MS 500 /* the engine's, for a BUSY that is on its way */
#define BLIND_MS 30000     /* silence without evidence */
#define SLACK_MS 3000
#define SETTLED_ROUND_MS 5000 /* engine/watch.c SLOW_ROUND_MS */
#define HISTORY_MS 30000      /* noticed at once by the end of its connection; the log is read */

static bool process_well(const struct sim *s, const struct unit *u)
{
    bool few_starts = u->starts[1] == 0 || s->now - u->starts[1] > u->limit_window_ms;
    return u->process == PROCESS_UP && u->active == UNIT_ACTIVE && u->job_count == 0 &&
           !u->frozen && !process_works(s, u) && !u->local && !u->local_next && !u->stuck &&
           u->relapse_ms == 0 && !u->bad_start && !u->save_fails && !u->load_stalls && !u->full &&
           !u->door_shut && !u->failover && !u->foreign && u->kept_down_until <= s->now &&
           few_starts && u->load_ms <= LOAD_MS;
}

static bool world_well(const struct sim *s, const struct service_world *w)
{
    return w->redis_way == WAY_OPEN && w->ssh_way == WAY_OPEN && w->door == WAY_OPEN && !w->cuts &&
           w->loss_percent == 0 && w->line_ms == 0 && w->late_ms == 0 && !w->muddled &&
           s->now - w->reloaded > 1000 && s->disk.store == DISK_WELL &&
           s->disk.audit == DISK_WELL && s->crash_at <= s->calls && daemon_alive(s) &&
           s->now - s->jolted > QUIET_MS &&
           s->now - s->clock_set > 2 * BREAKER_MS; /* which reckons in wall time */
}

static bool nobody_withholds(struct sim *s, int service)
{
    const struct service *inside = &s->engine->services[service];
    const struct witness *w = &s->worlds[service].witness;
    const struct recovery *r = &inside->recovery;
    bool known_well =
        inside->judged && (inside->cause == CAUSE_OK || inside->cause == CAUSE_REPLICA_LINK_DOWN);
    /* INFO came, CONFIG with the save points not: it may come back empty. */
    bool perhaps_empty =
        inside->saved.empty_primary && inside->observations.info.save_points == TRI_UNKNOWN;
    bool may_start = !w->known_empty && !perhaps_empty && !w->should_be_stopped &&
                     !inside->saved.stopped_on_purpose && inside->saved.paused_until.ms == 0 &&
                     inside->recovery_policy.enabled && !w->told.failover &&
                     !operation_running(inside) && w->told.unit.control_reached == TRI_YES;
    bool first = r->breaker.times[0].ms == WALL_NONE.ms ||
                 (w->ended[0] > 0 && s->now - w->ended[0] > BREAKER_MS);
    bool calm = r->phase == PHASE_IDLE && r->attempts == 0 && !r->open && !r->breaker.open &&
                !r->needs_human && first;
    return known_well && may_start && calm && inside->observations.ever_answered &&
           w->alerted[0] == '\0' && w->outstanding == 0;
}

static bool may_be_cured(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    return process_well(s, &w->unit) && world_well(s, w) && nobody_withholds(s, service);
}

void cure_crash(struct sim *s, int service)
{
    if (!may_be_cured(s, service))
        return;
    struct service_world *w = &s->worlds[service];
    const struct service_settings *set = &s->services[service];
    bool counted = set->commands_extended; /* NRestarts */
    w->crashed = s->now;
    /* The one before is told by now, and has been seen: it is in the history as well. */
    bool explained = !s->engine->services[service].other_restart.open &&
                     w->witness.told.unit.main_pid == w->unit.pid;
    w->healing = w->unit.restarts && counted && explained ? s->now : 0;
    w->healed = w->chronicle.by_systemd;
    s->cures++;
}

/* How long a hang may last until something is done: until it is noticed, until three probes have
 * failed, until no script can be hidden, and 30 s where its process cannot be looked at. */
static int64_t hang_limit(const struct sim *s, int service, bool stopped)
{
    const struct unit *u = &s->worlds[service].unit;
    const struct watch_policy *p = &s->services[service].watch;
    bool local = s->services[service].control != CONTROL_SSH;
    bool shown = s->services[service].commands_extended || local;
    bool asked = !s->no_witness && (local || !s->worlds[service].tunnel_forbidden) &&
                 s->engine->services[service].observations.witness_proven;
    int64_t noticed = p->pulse_interval_ms == 1000 ? 2000
                      : p->pulse_interval_ms > 0   ? p->pulse_interval_ms + p->timeout_ms
                                                   : p->interval_ms + p->timeout_ms;
    int64_t confirmed = PROBED_MS;
    if (!stopped && u->script_shows_ms + BUSY_MARGIN_MS > confirmed)
        confirmed = u->script_shows_ms + BUSY_MARGIN_MS;
    /* Probing that has lasted has fewer rounds: each of the probes comes that much later. */
    bool settled = s->engine->services[service].observations.probing_since.ms != MONO_NEVER.ms;
    if (settled)
        confirmed += p->failure_threshold * SETTLED_ROUND_MS;
    bool evident = shown && (asked || stopped);
    return noticed + (evident ? confirmed : confirmed + BLIND_MS) + SLACK_MS;
}

void cure_hang(struct sim *s, int service, bool stopped)
{
    struct service_world *w = &s->worlds[service];
    /* A start does nothing to a unit that runs. */
    if (!may_be_cured(s, service) || w->unit.refused == HOST_RESTART)
        return;
    w->hung = s->now;
    w->hang_limit = hang_limit(s, service, stopped);
    s->hangs++;
}

void cure_disturbed(struct sim *s, int service)
{
    for (int i = 0; i < s->count; i++)
        if (service < 0 || service == i)
            s->worlds[i].crashed = s->worlds[i].hung = s->worlds[i].healing = 0;
}

static void hang_step(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    const struct unit *u = &w->unit;
    const struct service *inside = &s->engine->services[service];
    const struct recovery *r = &inside->recovery;
    /* With a child at work, the unit's processor time makes a hang look like a long command; only
     * the process itself could distinguish them. */
    bool shown =
        s->services[service].commands_extended || s->services[service].control != CONTROL_SSH;
    if (!shown && u->child_until > s->now)
        w->hung = 0;
    /* The first attempt at a hang is a reload: a policy of one attempt has it not cured. */
    if (inside->recovery_policy.max_attempts < 2)
        w->hung = 0;
    if (w->hung == 0)
        return;
    bool called = w->witness.alerted[0] != '\0' || r->needs_human;
    if (called && w->witness.told.reply_asked < w->hung) {
        w->hung = 0; /* for what was there before: Redis was not asked since it hangs */
        return;
    }
    if (called)
        sim_broken(s, service, "a human is called for a hang that a restart cures");
    bool treated = w->witness.acted >= w->hung;
    if (!treated && s->now - w->hung > w->hang_limit)
        sim_broken(s, service, "nothing is done for a hang after %lld ms (%s)",
                   (long long)(s->now - w->hung), cause_row(inside->cause)->code);
    bool serves = u->process == PROCESS_UP && u->active == UNIT_ACTIVE && !u->frozen;
    bool rests = r->phase == PHASE_IDLE || r->phase == PHASE_STABLE;
    int64_t limit = w->hang_limit + HANG_CURED_MS + inside->watch_policy.interval_ms +
                    2 * u->load_ms + u->exit_ms;
    if (treated && serves && rests && inside->cause != CAUSE_HUNG)
        w->hung = 0;
    else if (s->now - w->hung > limit)
        sim_broken(s, service, "a hang is not cured after %lld ms: unit %s/%s, recovery %s",
                   (long long)(s->now - w->hung), unit_active_word(u->active), u->sub,
                   recovery_phase_word(r->phase));
}

/* What systemd heals by itself is in the history, once. */
static void history_step(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    const struct recovery *r = &s->engine->services[service].recovery;
    if (w->healing == 0)
        return;
    /* MASTERDOWN is no answer that the outage ends with: it is waited for, two minutes at most. */
    const struct unit *u = &w->unit;
    if (u->role == ROLE_REPLICA && !u->link_up && !u->answers_stale)
        w->healing = s->now;
    uint64_t written = w->chronicle.by_systemd - w->healed;
    bool recovers =
        r->phase == PHASE_INTENT || r->phase == PHASE_ACTING || r->phase == PHASE_VERIFYING;
    bool late = s->now - w->healing > HISTORY_MS + 2 * w->unit.load_ms;
    if (!recovers && written > 1)
        sim_broken(s, service, "one restart by systemd is in the history %d times", (int)written);
    else if (!recovers && late && written == 0)
        sim_broken(s, service, "a crash that systemd healed is not in the history");
    else if (recovers || late)
        w->healing = 0;
}

void cure_step(struct sim *s, int service)
{
    hang_step(s, service);
    history_step(s, service);
    struct service_world *w = &s->worlds[service];
    const struct unit *u = &w->unit;
    const struct service *inside = &s->engine->services[service];
    const struct recovery *r = &inside->recovery;
    if (w->crashed == 0)
        return;
    if (w->witness.alerted[0] != '\0' || r->needs_human)
        sim_broken(s, service, "a human is called for a crash that a start cures");
    bool serves = u->process == PROCESS_UP && u->active == UNIT_ACTIVE;
    bool rests = r->phase == PHASE_IDLE || r->phase == PHASE_STABLE;
    int64_t limit = CURED_MS + inside->watch_policy.interval_ms + 2 * u->load_ms;
    if (serves && rests && inside->cause != CAUSE_CRASHED)
        w->crashed = 0;
    else if (s->now - w->crashed > limit)
        sim_broken(s, service, "a crash is not cured after %lld ms: unit %s/%s, recovery %s",
                   (long long)(s->now - w->crashed), unit_active_word(u->active), u->sub,
                   recovery_phase_word(r->phase));
}
