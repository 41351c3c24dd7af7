/* From what is seen to what is called by name, and on to recovery: the meeting of the watch and
 * core. */
#include "engine/judge.h"

#include <stdio.h>

#include "base/str.h"
#include "core/evidence.h"
#include "core/silence.h"
#include "engine/desired.h"
#include "engine/event.h"
#include "engine/evidence.h"
#include "engine/record.h"
#include "engine/service.h"
#include "engine/state.h"
#include "engine/words.h"

#define FAILOVER_LIMIT_MS 180000 /* sentinel.conf's failover-timeout */

/* A command of ours that moves the unit has a line of its own: it did not befall Redis. */
static void log_change(struct service *s, const struct cause_row *row)
{
    bool ours = operation_running(s) && s->cause == CAUSE_SYSTEMD_RESTARTING;
    if (s->owned.elsewhere || ours || s->cause == s->cause_logged)
        return;
    char words[CAUSE_WORDS_MAX];
    service_log(s, row->overall != OVERALL_HEALTHY, "%s -> %s: %s",
                cause_row(s->cause_logged)->code, row->code, words_summary(s, s->cause, words));
    s->cause_logged = s->cause;
}

static void tell_change(struct service *s, struct now now)
{
    const struct cause_row *row = cause_row(s->cause);
    bool worse = row->overall != OVERALL_HEALTHY && s->cause != CAUSE_STOPPED_ON_PURPOSE;
    log_change(s, row);
    if (mono_reached(s->follow_up.watch_until, now.mono) && s->follow_up.watch_until.ms != 0 &&
        worse && !s->follow_up.watch_told && !operation_running(s)) {
        char text[CAUSE_WORDS_MAX + 64], words[CAUSE_WORDS_MAX];
        (void)snprintf(text, sizeof text, "Degraded within 15 minutes after an operation: %s",
                       words_summary(s, s->cause, words));
        s->follow_up.watch_told = true;
        event_notice(s, text, now);
    }
}

/* An operator who starts by hand what was stopped through Resus wants it to run: a crash is treated
 * again. */
static void end_stop(struct service *s, struct now now)
{
    state_desire_run(s);
    s->observations.stopped_on_purpose = false;
    state_store_desired(s, now);
    record_setting(s, "stop-ended", NULL, "Redis was started, and not through Resus.", now);
    event_notice(s, "Redis was started, and not through Resus: the stop through Resus is over.",
                 now);
}

/* A connection that closes while our own command stops the process says nothing of access, though
 * the unit, looked at a moment before, still ran. */
static bool closed_by_us(const struct service *s)
{
    bool at_work = s->recovery.phase == PHASE_ACTING || s->operation.core.phase == OPERATE_RUNNING;
    return at_work && s->verdict.cause == CAUSE_ACCESS_REFUSED &&
           cause_probe(&s->observations)->reply == REPLY_CLOSED;
}

/* Until the start that a person ordered shows, what was stopped on purpose is still that: it was not shut
 * down outside of Resus, and no one is called. */
static bool is_being_started(const struct service *s)
{
    const struct operation *o = &s->operation;
    return operation_running(s) && o->request.operation != OPERATION_STOP &&
           o->desired_before.stopped_on_purpose && s->observations.unit.active == UNIT_INACTIVE;
}

void judge(struct service *s, struct now now)
{
    struct observations *observations = &s->observations;
    observations->tilt = tilt_active(&s->engine->tilt, now.mono);
    observations->stopped_on_purpose = s->saved.stopped_on_purpose;
    if (is_being_started(s))
        observations->stopped_on_purpose = true;
    observations->levels = s->health.levels;
    observations->start_tried = s->recovery.attempts > 0 && s->recovery.phase != PHASE_INTENT &&
                                s->recovery.phase != PHASE_ACTING;
    observations->failure_threshold = s->watch_policy.failure_threshold;
    observations->confirm_interval_ms = s->watch_policy.confirm_interval_ms;
    observations->probe_timeout_ms = s->watch_policy.timeout_ms;
    observations->blind_hang_ms = s->watch_policy.blind_hang_ms;
    observations->busy_alert_ms = s->watch_policy.busy_alert_ms;
    observations->busy_limit_ms = s->watch_policy.busy_limit_ms;
    if (watch_is_probing(s))
        evidence_overdue(s, now);
    s->verdict = s->owned.elsewhere         ? (struct verdict){CAUSE_WATCHED_ELSEWHERE, true}
                 : s->misconfigured != NULL ? (struct verdict){CAUSE_MISCONFIGURED, true}
                                            : cause_judge(observations, now.mono);
    if (s->verdict.cause == CAUSE_START_TIMEOUT && observations->unit.active == UNIT_ACTIVATING)
        observations->never_ready = true; /* for the next one that counts it is the same failure */
    recording_judged(s);
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
            publish_health(s, now);
        }
        if (desired_stop_is_over(s))
            end_stop(s, now);
        else
            desired_note_stopped(s);
        if (cause_proven_well(observations)) {
            evidence_prove(s, now);
            s->guard.command_failed[0] = '\0';
            guard_redis_refused(s, "");
        }
        if (cause_proven_well(observations) && observations->probing_since.ms != MONO_NEVER.ms) {
            observations->probing_since = MONO_NEVER;
            s->watch.performance_due = now.mono; /* a new process has new figures */
        }
    }
}
