/* From what is seen to what is called by name, and on to recovery: the meeting of the watch and
 * core. */
#include <stdio.h>

#include "base/str.h"
#include "core/evidence.h"
#include "core/silence.h"
#include "engine/service.h"

#define FAILOVER_LIMIT_MS 180000 /* sentinel.conf's failover-timeout */

/* How far the process before the action had come is no mark for the one after it: a load would seem
 * to stand until it has passed that. */
static int64_t load_progress(const struct service *s)
{
    const struct info_facts *i = &s->sight.info;
    if (s->watch.info_asked.ms < s->recovery.action_ended.ms)
        return FACT_UNKNOWN;
    if (i->known && i->loading == TRI_YES && i->loading_percent >= 0)
        return (int64_t)(i->loading_percent * 100);
    return FACT_UNKNOWN;
}

/* Redis said so when it was last asked. One that has been silent since cannot tell the end. */
static bool failover_running(const struct service *s, struct now now)
{
    const struct info_facts *i = &s->sight.info;
    return i->failover == FAILOVER_RUNNING && mono_since(now.mono, i->at) < FAILOVER_LIMIT_MS;
}

bool judge_empty_primary(const struct service *s)
{
    return s->saved.empty_primary || cause_empty_primary(&s->sight.info);
}

static bool host_unreachable(const struct service *s)
{
    return s->sight.unit.control_reached == TRI_NO;
}

/* Nothing has ended yet, as far as anybody knows. */
static bool never_started(const struct service *s)
{
    const struct unit_facts *u = &s->sight.unit;
    return s->settings->control == CONTROL_PROCESS && !s->sight.ever_answered &&
           u->active == UNIT_INACTIVE && u->exit_status < 0 && u->exit_signal < 0;
}

/* A command of recovery that a person took over from may still be at work on the host. */
static bool command_left_behind(const struct service *s)
{
    return s->recovery.phase != PHASE_ACTING &&
           (request_pending(s, FOR_ACTION) || request_pending(s, FOR_ACTION_2));
}

void judge_facts(const struct service *s, struct now now, struct recovery_facts *f)
{
    const struct sight *sight = &s->sight;
    mono_ms probed = mono_max(sight->kept.asked, sight->fresh.asked);
    *f = (struct recovery_facts){
        .verdict = s->verdict,
        .well = s->verdict.confirmed && cause_serves(sight),
        .unit = sight->unit.active,
        .unit_since = sight->unit.since,
        .can_reload = sight->unit.can_reload,
        .never_started = never_started(s),
        .may_reset_failed =
            s->settings->commands_extended || s->settings->control == CONTROL_SYSTEMD,
        .progress = load_progress(s),
        .learned = mono_min(probed, sight->unit.asked),
        .needs_person =
            s->verdict.cause == CAUSE_ACCESS_REFUSED && cause_certificate_expired(sight),
        .call_due = silence_call_due(sight, s->verdict.cause, now.mono),
        .stopped = evidence_activity(sight, now.mono) == ACTIVITY_STOPPED,
        .paused = s->saved.paused_until.ms != 0 && wall_since(s->saved.paused_until, now.wall) > 0,
        .stopped_on_purpose = s->saved.stopped_on_purpose,
        .operation_running = operation_running(s) || command_left_behind(s),
        .tilt = sight->tilt,
        .host_unreachable = host_unreachable(s),
        .failover_running = failover_running(s, now),
        .empty_primary = judge_empty_primary(s),
    };
    guard_facts(s, f);
}

/* A command of ours that moves the unit has a line of its own: it did not befall Redis. */
static void log_change(struct service *s, const struct cause_row *row)
{
    bool ours = operation_running(s) && s->cause == CAUSE_SYSTEMD_RESTARTING;
    if (ours || s->cause == s->cause_logged)
        return;
    char words[CAUSE_WORDS_MAX];
    service_log(s, row->overall != OVERALL_HEALTHY, "%s -> %s: %s",
                cause_row(s->cause_logged)->code, row->code, guard_summary(s, s->cause, words));
    s->cause_logged = s->cause;
}

static void tell_change(struct service *s, struct now now)
{
    const struct cause_row *row = cause_row(s->cause);
    bool worse = row->overall != OVERALL_HEALTHY && s->cause != CAUSE_STOPPED_ON_PURPOSE;
    log_change(s, row);
    if (mono_reached(s->watch_after_until, now.mono) && s->watch_after_until.ms != 0 && worse &&
        !s->watch_after_told && s->operation.phase == OP_PHASE_NONE) {
        char text[CAUSE_WORDS_MAX + 64], words[CAUSE_WORDS_MAX];
        (void)snprintf(text, sizeof text, "Degraded within 15 minutes after an operation: %s",
                       guard_summary(s, s->cause, words));
        s->watch_after_told = true;
        record_notice(s, text, now);
    }
}

/* An operator who starts by hand what was stopped through Resus wants it to run: a crash is treated
 * again. */
static void end_stop(struct service *s, struct now now)
{
    desired_run(&s->saved);
    s->sight.stopped_on_purpose = false;
    record_wish(s, now);
    record_setting(s, "stop-ended", NULL, "Redis was started, and not through Resus.", now);
    record_notice(s, "Redis was started, and not through Resus: the stop through Resus is over.",
                  now);
}

/* Health is not claimed with a proof older than two intervals. A doubt may last longer: a script
 * may hide for as long as the server allows, and the count begins again when the host is back.
 * Meanwhile it is judged every confirm_interval, which has to come in time. */
static int64_t proof_lasts_ms(const struct watch_policy *p)
{
    int64_t early = p->interval_ms / 2;
    return 2 * p->interval_ms - (p->confirm_interval_ms < early ? p->confirm_interval_ms : early);
}

/* A connection that closes while our own command stops the process says nothing of access, though
 * the unit, looked at a moment before, still ran. */
static bool closed_by_us(const struct service *s)
{
    bool at_work = s->recovery.phase == PHASE_ACTING || s->operation.phase == OP_PHASE_RUNNING;
    return at_work && s->verdict.cause == CAUSE_ACCESS_REFUSED &&
           cause_probe(&s->sight)->reply == REPLY_CLOSED;
}

void judge(struct service *s, struct now now)
{
    struct sight *sight = &s->sight;
    sight->tilt = tilt_active(&s->engine->tilt, now.mono);
    sight->stopped_on_purpose = s->saved.stopped_on_purpose;
    sight->levels = s->health.levels;
    sight->start_tried = s->recovery.attempts > 0 && s->recovery.phase != PHASE_INTENT &&
                         s->recovery.phase != PHASE_ACTING;
    sight->failure_threshold = s->watch_policy.failure_threshold;
    sight->confirm_interval_ms = s->watch_policy.confirm_interval_ms;
    sight->probe_timeout_ms = s->watch_policy.timeout_ms;
    sight->blind_hang_ms = s->watch_policy.blind_hang_ms;
    sight->busy_alert_ms = s->watch_policy.busy_alert_ms;
    sight->busy_limit_ms = s->watch_policy.busy_limit_ms;
    if (watch_in_doubt(s))
        evidence_overdue(s, now);
    s->verdict = s->misconfigured != NULL ? (struct verdict){CAUSE_MISCONFIGURED, true}
                                          : cause_judge(sight, now.mono);
    if (s->verdict.cause == CAUSE_START_TIMEOUT && sight->unit.active == UNIT_ACTIVATING)
        sight->never_ready = true; /* for the next one that counts it is the same failure */
    recording_judged(s);
    s->unproven = mono_since(now.mono, s->watch.proven) >= proof_lasts_ms(&s->watch_policy);
    if (s->verdict.confirmed && s->verdict.cause != CAUSE_NONE && !closed_by_us(s)) {
        if (s->cause != s->verdict.cause || !s->judged) {
            s->cause = s->verdict.cause;
            s->cause_since = now.wall;
            bool first = !s->judged;
            s->judged = true;
            if (!first || s->cause != CAUSE_OK)
                tell_change(s, now);
            else
                s->cause_logged = s->cause;
            record_health(s, now);
        }
        if (desired_stop_is_over(s))
            end_stop(s, now);
        else
            desired_note_stopped(s);
        if (cause_proven_well(sight)) {
            evidence_prove(s, now);
            s->command_failed[0] = '\0';
            guard_redis_refused(s, "");
        }
        if (cause_proven_well(sight) && sight->doubt_since.ms != MONO_NEVER.ms) {
            sight->doubt_since = MONO_NEVER;
            s->watch.performance_due = now.mono; /* a new process has new figures */
        }
    }
    long_command_judged(s, now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    operation_turn(s, now);
    sample_account(s, now);
    other_restart_turn(s, now);
    saving_log_turn(s, now);
    bool status_changed = !str_equal(s->status_shown, snapshot_status(s)) ||
                          !str_equal(s->overall_shown, overall_word(snapshot_overall(s)));
    /* A unit that has just failed under a health of before would be told as failed and healthy. */
    if (s->judged && s->verdict.confirmed && status_changed)
        record_status(s, now);
    if (s->engine->ports.judged != NULL)
        s->engine->ports.judged(s->engine->ports.context, s->index);
}
