/* What the answers to the watch say: they become observations (core/cause.h), and are judged. */
#include "engine/observe.h"

#include <string.h>

#include "base/str.h"
#include "engine/current.h"
#include "engine/event.h"
#include "engine/evidence.h"
#include "engine/exit_log.h"
#include "engine/latency.h"
#include "engine/service.h"
#include "engine/state.h"
#include "redis/reply.h"

/* Errors rise as long as the last refused write is no older: writers pause, too. */
#define OOM_RISING_MS 60000

/* ── answers of Redis ── */

/* Counts things that must be seen several times, at least confirm_interval apart (a quick round is
 * no second opinion). */
static void count_apart(struct service *s, bool seen, mono_ms asked, int64_t *count,
                        mono_ms *counted)
{
    if (!seen) {
        *count = 0;
        counted->ms = 0;
        return;
    }
    if (counted->ms != 0 && mono_since(asked, *counted) < s->watch_policy.confirm_interval_ms)
        return;
    *counted = asked;
    (*count)++;
}

/* What was refused before and waits now is another failure: an answer that the host gave before the
 * first that waits says nothing of it. */
static void note_silence(struct service *s, enum reply_class reply, mono_ms asked)
{
    struct observations *observations = &s->observations;
    bool silent = reply == REPLY_SILENT || reply == REPLY_NO_CONNECT;
    if (silent && !s->watch.failed_silent)
        observations->enough_asked = mono_max(observations->enough_asked, asked);
    s->watch.failed_silent = silent;
}

static void count_failure(struct service *s, enum reply_class reply, mono_ms asked, struct now now)
{
    struct observations *observations = &s->observations;
    int64_t before = observations->failed_probes;
    bool failed = !reply_answered(reply);
    count_apart(s, failed, asked, &observations->failed_probes, &s->watch.counted_failure);
    if (observations->failed_probes > before) {
        if (before == 0)
            observations->failing_since = now.mono;
        if (before < s->watch_policy.failure_threshold)
            observations->enough_asked = asked;
    }
    note_silence(s, reply, asked);
}

/* Waits for the ready message, and not for a command of ExecStartPost=. */
static bool starting(const struct unit_facts *unit)
{
    return unit->active == UNIT_ACTIVATING && str_equal(unit->sub, "start");
}

/* Answers of a Redis that takes new connections as well: with them, too, the open connection shows
 * the door. */
static bool shows_door(enum reply_class reply)
{
    return reply == REPLY_PONG || reply == REPLY_MISCONF || reply == REPLY_MASTERDOWN ||
           reply == REPLY_LOADING;
}

/* Counts new connections that fail while the open one is answered: it must have answered a PING
 * that was asked after the failure counted before. One that fails while the open one is silent
 * shows nothing of the door; only one that gets in does away with those before. */
static void note_door(struct service *s, const struct probe_facts *p, mono_ms asked, struct now now)
{
    struct observations *observations = &s->observations;
    if (reply_answered(p->reply) || p->reply == REPLY_TLS_FAILED) {
        observations->shut_out = 0;
        return;
    }
    if (!shows_door(observations->kept.reply)) {
        if (observations->failed_probes > 0) /* it may have loaded since, or INFO has opened it */
            watch_ask_again(s, now);
        return;
    }
    if (observations->shut_out > 0 && observations->kept.asked.ms < s->watch.shut_counted.ms)
        return;
    if (observations->shut_out++ == 0)
        s->watch.performance_due = now.mono; /* is it full of clients? */
    s->watch.shut_counted = asked;
    watch_ask_again(s, now);
}

/* A new handshake knows more than that of the open connection. */
static void note_certificate(struct service *s, const struct probe_facts *p, bool fresh)
{
    if (p->certificate_ends.ms != 0 && (fresh || s->watch.certificate_ends.ms == 0))
        s->watch.certificate_ends = p->certificate_ends;
}

/* Heard, not asked: a connection that waited while a process ended was asked for before that. */
static void note_refusal(struct service *s, const struct probe_facts *p, bool newest,
                         struct now now)
{
    struct observations *observations = &s->observations;
    if (p->reply == REPLY_REFUSED) {
        observations->refused = now.mono;
        if (observations->refusing_since.ms == 0)
            observations->refusing_since = now.mono;
    } else if (newest || reply_answered(p->reply)) {
        observations->refusing_since.ms = 0;
    }
}

static void note_probe(struct service *s, const struct probe_facts *p, mono_ms asked, bool fresh,
                       struct now now)
{
    struct observations *observations = &s->observations;
    struct watch *w = &s->watch;
    if (p->reply == REPLY_NONE)
        return;
    struct probe_facts *slot = fresh ? &observations->fresh : &observations->kept;
    /* Overlapping probes can end out of order: the one asked later knows more, unless it only timed
     * out. */
    s->counters.checks++;
    s->counters.failed_checks += p->reply != REPLY_PONG;
    w->last_check = now.wall; /* a look that found nothing is a look, too */
    bool newer = asked.ms >= slot->asked.ms || reply_answered(p->reply);
    if (newer) {
        *slot = *p;
        slot->asked = asked;
        slot->at = now.mono;
    }
    if (reply_answered(p->reply))
        w->answered = observations->last_answer = now.mono;
    note_refusal(s, p, fresh && newer, now);
    note_certificate(s, p, fresh);
    if (fresh)
        note_door(s, p, asked, now);
    if (fresh || p->reply == REPLY_BUSY)
        count_apart(s, p->reply == REPLY_BUSY, now.mono, &observations->busy_replies,
                    &w->counted_busy);
    /* A probe that was asked before the newest answer says nothing about the silence after it. */
    bool counts = fresh && asked.ms >= w->answered.ms;
    if (counts || reply_answered(p->reply))
        count_failure(s, p->reply, asked, now);
    if (fresh) {
        enum unit_active unit = observations->unit.active;
        bool odd = (reply_answered(p->reply) || p->reply == REPLY_GARBAGE) &&
                   observations->unit.control_reached == TRI_YES && unit != UNIT_ACTIVE &&
                   unit != UNIT_RELOADING && unit != UNIT_ACTIVATING;
        bool foreign =
            p->reply == REPLY_PONG && unit == UNIT_ACTIVE && cause_other_process(observations);
        count_apart(s, odd || foreign, asked, &observations->mismatches, &w->counted_mismatch);
    }
    if (p->reply == REPLY_LOADING)
        observations->loading_seen = true;
    if (p->reply != REPLY_PONG)
        observations->unready_since = (mono_ms){0};
    else if (observations->unready_since.ms == 0 && starting(&observations->unit))
        observations->unready_since = now.mono;
    if (p->reply == REPLY_PONG) {
        w->proven = now.boot;
        latency_note(s, p->latency_us);
        sample_ping(s, p->latency_us);
        w->last_command = now.wall;
        current_want_figures(s, now);
        if (!observations->ever_answered) {
            observations->ever_answered = true;
            state_store(s, 0, STORE_NORMAL);
        }
    }
    if (p->reply != REPLY_PONG)
        watch_start_probing(s, p->text[0] != '\0' ? p->text : reply_class_word(p->reply), now);
}

/* Did the process that INFO speaks of start while an action or operation of ours ran? A second each
 * way, because uptime is in whole seconds. */
static bool started_by_us(const struct service *s, const struct info_facts *info, struct now now)
{
    mono_ms started = mono_add(now.mono, -info->uptime_seconds * 1000);
    const struct recovery *r = &s->recovery;
    const struct operation *o = &s->operation;
    /* Redis can answer before the command that started it has ended. */
    bool runs = r->phase == PHASE_ACTING || request_pending(s, PART_RECOVER, RECOVER_ACTION) ||
                request_pending(s, PART_RECOVER, RECOVER_ACTION_2);
    mono_ms ended = runs ? now.mono : r->action_ended;
    bool by_recovery = r->action_began.ms != 0 && started.ms >= r->action_began.ms - 1000 &&
                       started.ms <= ended.ms + 1000;
    bool by_operation = o->core.command_ended.ms != 0 && started.ms >= o->core.began.ms - 1000 &&
                        started.ms <= o->core.command_ended.ms + 1000;
    return by_recovery || by_operation;
}

/* Has the unit's main process started the one that answers? */
static void note_group(struct service *s)
{
    s->observations.in_group =
        facts_unit_has(&s->observations.unit, s->observations.info.process_id);
}

/* `show` lists no processes. */
static void ask_group(struct service *s, struct now now)
{
    if (s->settings->commands_extended && cause_other_process(&s->observations))
        watch_ask_unit(s, now);
}

/* Values that only CONFIG GET reports stay over an INFO of the same server. */
static void note_info(struct service *s, const struct redis_answer *a, mono_ms asked,
                      struct now now)
{
    struct info_facts *old = &s->observations.info;
    struct info_facts new = a->info;
    bool same = old->known && str_equal(old->run_id, new.run_id);
    bool restarted = old->known && !same;
    /* Also before the first INFO: CONFIG may have been answered when INFO was not. */
    new.save_points = old->save_points;
    new.busy_threshold_ms = old->busy_threshold_ms;
    if (new.maxclients < 0)
        new.maxclients = old->maxclients;
    if (new.slowlog_length < 0)
        new.slowlog_length = old->slowlog_length;
    mono_ms known_at = old->at;
    new.asked = asked;
    new.at = now.mono;
    new.at_wall = now.wall;
    if (same && new.errors_oom > old->errors_oom)
        s->watch.oom_rose = now.mono;
    else if (!same)
        s->watch.oom_rose = (mono_ms){0};
    s->observations.oom_errors_rising =
        s->watch.oom_rose.ms != 0 && mono_since(now.mono, s->watch.oom_rose) < OOM_RISING_MS;
    health_update(&s->health, &s->watch_policy.thresholds, &new, latency_of_redis_ms(s, 95));
    bool down = new.role == ROLE_REPLICA &&new.master_link_up == TRI_NO;
    new.sync_seen = down && (new.master_sync == TRI_YES || (same && old->sync_seen));
    if (s->health.levels.gauges[GAUGE_CPU].level != LEVEL_OK)
        s->watch.performance_due =
            mono_min(s->watch.performance_due, mono_add(now.mono, HEALTH_CPU_AGAIN_MS));
    *old = new;
    note_group(s);
    s->watch.last_command = now.wall;
    if (new.loading == TRI_NO)
        s->observations.loading_seen = false;
    /* Where the unit's process is known, a change of it is reported with its reason instead. */
    bool unit_known =
        s->observations.unit.control_reached == TRI_YES && s->observations.unit.main_pid > 0;
    if (restarted && !unit_known && !operation_running(s) && !started_by_us(s, &new, now)) {
        char text[FACT_TEXT_MAX];
        (void)str_format(text, sizeof text, "Redis was restarted%s (process %lld, up %lld s).",
                         s->watch.auto_restart_at.ms > known_at.ms ? " by systemd"
                                                                   : ", and not through Resus",
                         (long long)new.process_id, (long long)new.uptime_seconds);
        event_notice(s, text, now);
    }
}

/* What a start would cost is on the disk: after our own death, a Redis that is down can no longer
 * be asked. While CONFIG has not reported save points there may be none. */
static void note_empty_primary(struct service *s)
{
    const struct info_facts *i = &s->observations.info;
    const struct unit_facts *u = &s->observations.unit;
    bool empty = cause_empty_primary(i);
    bool same = u->main_pid <= 0 || i->process_id <= 1 || u->main_pid == i->process_id ||
                s->observations.in_group;
    bool ours = u->active == UNIT_ACTIVE && same;
    bool ended = u->active == UNIT_INACTIVE || u->active == UNIT_FAILED;
    /* The worse news is believed unless another Redis is known to report it: the host may be out of
     * reach, a stop may hang. */
    bool may_be_ours = same && !ended;
    bool believed = empty ? may_be_ours : ours;
    if (!i->known || i->loading == TRI_YES || !believed || empty == s->saved.empty_primary)
        return;
    state_note_empty_primary(s, empty);
}

static void note_config(struct service *s, const struct redis_answer *a)
{
    const struct info_facts *c = &a->info;
    struct info_facts *i = &s->observations.info;
    if (a->probe.reply == REPLY_NOPERM || a->probe.reply == REPLY_ERROR) {
        s->watch.config_refused = true;
        return;
    }
    if (c->save_points != TRI_UNKNOWN)
        i->save_points = c->save_points;
    if (c->busy_threshold_ms >= 0)
        i->busy_threshold_ms = c->busy_threshold_ms;
    if (c->maxclients >= 0)
        i->maxclients = c->maxclients;
}

/* INFO was answered, or refused: an ACL may keep it from our user, rename-command from everybody. */
static void note_figures(struct service *s, const struct redis_answer *a, mono_ms asked,
                         struct now now)
{
    bool refused = a->probe.reply == REPLY_NOPERM || a->probe.reply == REPLY_ERROR;
    const char *words = a->probe.text[0] != '\0' ? a->probe.text : reply_class_word(a->probe.reply);
    if (refused || a->info.known)
        (void)str_copy(s->watch.info_refused, sizeof s->watch.info_refused, refused ? words : "");
    if (a->info.known)
        note_info(s, a, asked, now);
    if (a->info.known && s->observations.unit.group_count == 0)
        ask_group(s, now);
    note_empty_primary(s);
}

/* ── answers of the host ── */

/* That Redis did not answer before `asked` says nothing of it now: its unit did not run, or the
 * host could not be reached. Silence is counted again, by later probes. */
static void count_silence_anew(struct service *s, mono_ms asked)
{
    s->observations.failed_probes = 0;
    s->observations.last_answer = mono_max(s->observations.last_answer, asked);
    s->watch.counted_failure = asked;
}

/* A stop begins with a unit that has not failed; after a crash systemd stops what is left of it. */
static void note_stop(struct service *s, const struct unit_facts *unit)
{
    bool ours = operation_running(s) || watch_at_work(s);
    if (unit->active == UNIT_DEACTIVATING && unit->result == RESULT_SUCCESS && !ours)
        s->observations.stop_begun = true;
    else if (unit->active == UNIT_ACTIVE || unit->active == UNIT_RELOADING ||
             unit->active == UNIT_ACTIVATING || unit->active == UNIT_INACTIVE)
        s->observations.stop_begun = false;
}

/* A stop that ends a start in ExecStartPre= leaves the unit as failed: it was stopped all the same,
 * until it is seen to run or to be started again. */
static void note_cancelled(struct service *s, const struct unit_facts *unit)
{
    bool since = unit->asked.ms >= s->watch.cancelled.ms;
    if (since && (unit_runs(unit->active) || unit->active == UNIT_ACTIVATING ||
                  unit->active == UNIT_INACTIVE))
        state_note_start_cancelled(s, false);
}

void observe_command(struct service *s, const struct host_outcome *o, struct now now)
{
    bool starts = o->command == HOST_START || o->command == HOST_RESTART;
    if (o->job_cancelled) {
        state_note_start_cancelled(s, true);
        s->watch.cancelled = now.mono;
    } else if (starts && o->end == HOST_EXITED && o->refusal == HOST_NOT_REFUSED) {
        state_note_start_cancelled(s, false); /* what has failed since is this start */
    }
}

/* Others have started it between two looks, and it has ended again. Only of a unit that has ended do
 * `show` and `status` agree on the time. */
static bool ended_again(const struct unit_facts *old, const struct unit_facts *new)
{
    bool ended = new->active == UNIT_FAILED || new->active == UNIT_INACTIVE;
    return ended && new->active == old->active &&new->since.ms != old->since.ms;
}

static void look_failed(const struct host_outcome *o, char *text, size_t size)
{
    if (o->end == HOST_TIMED_OUT)
        (void)str_format(text, size, "systemctl %s: %s", host_command_name(o->command), o->error);
    else
        (void)str_copy(text, size, o->error);
}

static void note_unit(struct service *s, const struct host_outcome *o, mono_ms asked,
                      struct now now)
{
    struct observations *observations = &s->observations;
    struct unit_facts *old = &observations->unit;
    struct unit_facts new = o->unit;
    new.asked = asked;
    new.at = now.mono;
    if (new.can_reload == TRI_UNKNOWN)
        new.can_reload = old->can_reload;
    if (new.control_reached == TRI_NO && o->end != HOST_EXITED && o->error[0] != '\0')
        look_failed(o, new.text, sizeof new.text);
    if (new.group_count == 0 && new.main_pid == old->main_pid) {
        new.group_count = old->group_count;
        memcpy(new.group, old->group, sizeof new.group);
    }
    bool ran = unit_runs(old->active);
    bool now_runs = unit_runs(new.active);
    bool back = old->control_reached == TRI_NO && new.control_reached == TRI_YES;
    bool other_pid = new.main_pid > 0 && old->main_pid > 0 && new.main_pid != old->main_pid;
    bool same = new.active == old->active &&new.frozen == old->frozen && !other_pid;
    same = same && str_equal(new.sub, old->sub);
    if (!same || old->asked.ms == 0)
        observations->unit_same_since = asked;
    if (other_pid ||
        ended_again(old, &new)) /* what was asked while we looked may be about the one before */
        observations->unit_same_since = now.mono;
    if (new.notice == NOTICE_LOADING)
        observations->loading_seen = true;
    note_stop(s, &new);
    note_cancelled(s, &new);
    if (str_equal(new.sub, "auto-restart")) {
        observations->systemd_restarts = true;
        s->watch.auto_restart_at = now.mono;
    }
    observations->look_cut = o->end == HOST_CUT_OFF && old->control_reached == TRI_YES;
    s->watch.unit_ms = o->duration_ms;
    other_restart_unit(s, &new, now);
    if (!starting(&new))
        observations->unready_since = (mono_ms){0};
    if (now_runs || new.active == UNIT_INACTIVE)
        observations->never_ready = false;
    if (ran && !now_runs && new.control_reached == TRI_YES)
        s->watch.process_ended = now.mono;
    if (other_pid && observations->info.process_id != new.main_pid &&
        observations->info.process_id > 1)
        current_forget_figures(s, now.mono);
    *old = new;
    note_group(s);
    evidence_unit(s, o, asked, now);
    if (back || (now_runs && !ran))
        count_silence_anew(s, asked);
    guard_control(s, new.control_reached, now);
    guard_unit(s, now);
    if (back && watch_is_probing(s)) {
        /* A reply of Redis stays true. */
        if (!reply_answered(cause_probe(observations)->reply))
            observations->probing_since = asked;
        s->watch.quick_rounds = 0;
        watch_begin_round(s, now);
    }
    if (new.active == UNIT_FAILED)
        exit_log_ask(s, now);
    else if (new.active != UNIT_UNKNOWN)
        exit_log_forget(s);
    if (!now_runs)
        watch_start_probing(s,
                            new.control_reached == TRI_NO ? "the host cannot be controlled"
                                                          : "the unit is not active",
                            now);
}

/* ── what the watch hears ── */

/* False: it says nothing of the host, and the unit is asked for again. */
static bool note_look(struct service *s, const struct pending *p, const struct host_outcome *o,
                      struct now now)
{
    if (o->end == HOST_CANCELLED)
        return false;
    note_unit(s, o, p->asked, now);
    if (o->command == HOST_SHOW)
        ask_group(s, now);
    note_empty_primary(s);
    role_watch(s, now); /* INFO may have come before the unit was known */
    return true;
}

bool observe_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                      struct now now)
{
    switch ((enum watch_purpose)p->purpose) {
    case WATCH_PULSE:
    case WATCH_PROBE:
        note_probe(s, &a->redis->probe, p->asked, p->purpose == WATCH_PROBE, now);
        canary_note(s, a->redis, now);
        return true;
    case WATCH_UNIT:
        return note_look(s, p, a->host, now);
    case WATCH_INFO:
        sample_figures(s, a->redis, now);
        reported_note(s, a->redis, p->asked, now);
        s->watch.performance_ms = mono_since(now.mono, p->asked);
        note_figures(s, a->redis, p->asked, now);
        config_watch(s, now);
        if (a->redis->info.known) {
            role_watch(s, now);
            paused_writes_watch(s, now);
        }
        return true;
    case WATCH_SAMPLE: /* as true as the answer to a check */
        sample_figures(s, a->redis, now);
        reported_note(s, a->redis, p->asked, now);
        note_figures(s, a->redis, p->asked, now);
        if (a->redis->info.known) {
            role_watch(s, now);
            paused_writes_watch(s, now);
        }
        return true;
    case WATCH_CONFIG:
        note_config(s, a->redis);
        note_empty_primary(s);
        config_watch(s, now);
        return true;
    }
    return false;
}

/* The witness says nothing that is shown. */
void observe_after_answer(struct service *s, const struct pending *p, struct now now)
{
    if (!request_is(p, PART_EVIDENCE, EVIDENCE_WITNESS))
        publish_changes(s, now);
    watch_plan_round(s, now);
}

/* ── news without a request ── */

void observe_redis_lost(struct service *s, const char *why, struct now now)
{
    s->observations.kept.reply = REPLY_NONE;
    s->observations.shut_out = 0;
    s->observations.pause.writes_wait = false;
    current_forget_figures(s, now.mono);
    watch_start_probing(s, why, now);
    sample_account(s, now);
}

void observe_process_ended(struct service *s, struct now now)
{
    /* The kernel closes a process's connections before it is gone: the look that the closing caused
     * may have come too early, and the next would be 10 ms later. */
    bool looking = watch_is_probing(s);
    watch_start_probing(s, "the process ended", now);
    if (looking)
        s->watch.round_due = now.mono;
}
