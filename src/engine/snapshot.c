/* What the engine says of a service, as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "core/evidence.h"
#include "engine/snapshot.h"
#include "engine/stops.h"

/* ── words ── */

const char *snapshot_status(const struct service *s)
{
    if (!s->judged)
        return "unknown";
    switch (s->cause) {
    case CAUSE_LOADING:
        return "starting";
    case CAUSE_DOWN_UNCONTROLLED:
    case CAUSE_HOST_UNREACHABLE:
    case CAUSE_SELF_DOUBT:
    case CAUSE_MISCONFIGURED:
    case CAUSE_NONE:
        return "unknown";
    case CAUSE_CONTROL_LOST:
        return "running";
    default:
        break;
    }
    switch (s->sight.unit.active) {
    case UNIT_ACTIVE:
    case UNIT_RELOADING:
        return "running";
    case UNIT_INACTIVE:
        return "stopped";
    case UNIT_FAILED:
    case UNIT_NOT_FOUND:
        return "failed";
    case UNIT_ACTIVATING:
        return "starting";
    case UNIT_DEACTIVATING:
        return "stopping";
    default:
        return "unknown";
    }
}

enum overall snapshot_overall(const struct service *s)
{
    if (!s->judged)
        return OVERALL_UNKNOWN;
    enum overall overall = cause_row(s->cause)->overall;
    return overall == OVERALL_HEALTHY && s->unproven ? OVERALL_UNKNOWN : overall;
}

void snapshot_put_int(json_t *object, const char *key, int64_t value)
{
    if (value < 0)
        (void)json_put_null(object, key);
    else
        (void)json_put_int(object, key, value);
}

static void put_mb(json_t *object, const char *key, int64_t bytes)
{
    (void)json_put(object, key, bytes < 0 ? json_null() : json_rounded((double)bytes / MIB, 1));
}

void snapshot_add_text(json_t *array, const char *text)
{
    if (text[0] != '\0')
        (void)json_array_append_new(array, json_string(text));
}

/* ── status ── */

static json_t *operation_json(const struct service *s)
{
    const struct operation *o = &s->operation;
    if (!operation_running(s))
        return NULL;
    json_t *body = json_object();
    (void)json_put_text(body, "id", o->id);
    (void)json_put_text(body, "operation", engine_operation_word(o->request.operation));
    (void)json_put_text(body, "user", o->request.user.email);
    (void)json_put_wall(body, "since", o->since);
    (void)json_put_text(body, "phase", operation_phase_word(o->phase));
    if (s->sight.info.loading == TRI_YES && s->sight.info.loading_percent >= 0) {
        (void)json_put(body, "percent", json_rounded(s->sight.info.loading_percent, 1));
        snapshot_put_int(body, "eta_seconds", s->sight.info.loading_eta_seconds);
    }
    return body;
}

static void put_role(json_t *body, const struct info_facts *i)
{
    char primary[96];
    if (!i->known || (i->role != ROLE_PRIMARY && i->role != ROLE_REPLICA))
        return;
    (void)json_put_text(body, "role", i->role == ROLE_PRIMARY ? "primary" : "replica");
    if (i->role == ROLE_PRIMARY || i->master_host[0] == '\0')
        return;
    (void)str_format(primary, sizeof primary, "%s:%lld", i->master_host, (long long)i->master_port);
    (void)json_put_text(body, "primary", primary);
}

json_t *engine_status_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct info_facts *i = &s->sight.info;
    bool up = current_figures(s, now);
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "name", s->settings->name);
    (void)json_put_text(body, "status", snapshot_status(s));
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s)));
    (void)json_put(body, "not_guarded", guard_json(s, now));
    snapshot_put_int(body, "pid",
                     s->sight.unit.main_pid > 0 ? s->sight.unit.main_pid
                     : up                       ? i->process_id
                                                : FACT_UNKNOWN);
    int64_t uptime = up && i->uptime_seconds >= 0
                         ? i->uptime_seconds + mono_since(now.mono, i->at) / 1000
                         : FACT_UNKNOWN;
    snapshot_put_int(body, "uptime_seconds", uptime);
    put_mb(body, "memory_mb", up ? i->used_memory : FACT_UNKNOWN);
    snapshot_put_int(body, "connections", up ? i->connected_clients : FACT_UNKNOWN);
    snapshot_put_int(body, "commands_processed", up ? i->commands_processed : FACT_UNKNOWN);
    if (up)
        put_role(body, i);
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    json_t *vm = json_object();
    const char *host = s->settings->control == CONTROL_SSH ? s->settings->ssh.host : "localhost";
    (void)json_put_text(vm, "host", host);
    (void)json_put_text(vm, "name", s->settings->vm_name);
    if (s->settings->control != CONTROL_SSH || s->sight.unit.control_reached == TRI_UNKNOWN)
        (void)json_put_null(vm, "ssh_accessible");
    else
        (void)json_put_bool(vm, "ssh_accessible", s->sight.unit.control_reached == TRI_YES);
    (void)json_put(body, "vm_info", vm);
    json_t *operation = operation_json(s);
    if (operation != NULL)
        (void)json_put(body, "operation", operation);
    if (s->after.count > 0)
        (void)json_put(body, "affected_services", after_json(s));
    json_t *notices = notice_json(e, service, now);
    if (json_array_size(notices) > 0)
        (void)json_put(body, "notices", notices);
    else
        json_decref(notices);
    if (s->saved.stopped_on_purpose) {
        (void)json_put_text(body, "stopped_by", s->saved.stopped_by);
        (void)json_put_wall(body, "stopped_at", s->saved.stopped_at);
        if (s->saved.stopped_reason[0] != '\0')
            (void)json_put_text(body, "stop_reason", s->saved.stopped_reason);
    }
    return body;
}

json_t *engine_services_json(const struct engine *e, struct now now)
{
    json_t *items = json_array();
    for (int i = 0; i < e->count; i++) {
        const struct service *s = &e->services[i];
        json_t *item = json_object();
        (void)json_put_text(item, "id", s->settings->id);
        (void)json_put_text(item, "name", s->settings->name);
        (void)json_put_text(item, "status", snapshot_status(s));
        (void)json_put_text(item, "overall_status", overall_word(snapshot_overall(s)));
        (void)json_put_wall(item, "last_check", s->watch.last_check);
        (void)json_put_text(item, "cause", cause_row(s->cause)->code);
        (void)json_put(item, "not_guarded", guard_json(s, now));
        (void)json_array_append_new(items, item);
    }
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    (void)json_put_null(body, "next_cursor");
    return body;
}

/* ── recovery ── */

static const char *recovery_state(const struct service *s, const struct recovery_facts *f)
{
    const struct recovery *r = &s->recovery;
    switch (r->phase) {
    case PHASE_EXHAUSTED:
        return "failed";
    case PHASE_INTENT:
    case PHASE_ACTING:
    case PHASE_VERIFYING:
        return "recovering";
    case PHASE_GRACE:
    case PHASE_WINDOW:
    case PHASE_BACKOFF:
        return "waiting";
    case PHASE_STABLE:
        return "succeeded";
    default:
        break;
    }
    if (!s->recovery_policy.enabled)
        return "disabled";
    if (f->paused)
        return "paused";
    if (r->needs_human)
        return "failed";
    return s->verdict.confirmed ? "monitoring" : "confirming";
}

static int recoveries_since(const struct service *s, wall_ms since)
{
    int n = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(s->recovery_times); i++)
        n += s->recovery_times[i].ms != 0 && s->recovery_times[i].ms >= since.ms;
    return n;
}

enum withheld snapshot_withheld(const struct service *s, const struct recovery_facts *f)
{
    enum withheld reason = recovery_withheld(&s->recovery, &s->recovery_policy, f);
    bool about_the_cause = reason >= WITHHELD_RESTART_USELESS;
    return about_the_cause && cause_row(s->cause)->overall == OVERALL_HEALTHY ? WITHHELD_NOT
                                                                              : reason;
}

static void put_next_step(json_t *body, const struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX];
    stops_wait_text(s, now, text, sizeof text);
    (void)json_put_int(body, "next_step_in_seconds", stops_wait_seconds(s, now));
    (void)json_put_wall(body, "next_step_at",
                        wall_add(now.wall, mono_since(s->recovery.deadline, now.mono)));
    (void)json_put_text(body, "next_step", text);
}

json_t *engine_recovery_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct recovery *r = &s->recovery;
    struct recovery_facts f;
    judge_facts(s, now, &f);
    json_t *body = json_object();
    (void)json_put_bool(body, "enabled", s->recovery_policy.enabled && r->phase != PHASE_EXHAUSTED);
    (void)json_put_text(body, "state", recovery_state(s, &f));
    (void)json_put_int(body, "recent_recoveries",
                       recoveries_since(s, wall_add(now.wall, -86400000)));
    (void)json_put_wall(body, "last_recovery",
                        s->last_recovery.any ? s->last_recovery.at : WALL_NONE);
    bool any = s->last_recovery.any;
    bool success = s->last_recovery.end == END_SUCCESS || s->last_recovery.end == END_BY_ITSELF;
    (void)json_put_text(body, "recovery_status", any ? (success ? "success" : "failed") : NULL);
    enum recovery_level level = r->open ? r->level : s->last_recovery.level;
    (void)json_put_text(body, "recovery_level", any || r->open ? recovery_level_word(level) : NULL);
    (void)json_put(body, "duration_seconds",
                   any && s->last_recovery.duration_seconds >= 0
                       ? json_rounded(s->last_recovery.duration_seconds, 3)
                       : json_null());
    (void)json_put_int(body, "attempts", r->attempts);
    (void)json_put_int(body, "max_attempts", s->recovery_policy.max_attempts);
    (void)json_put_bool(body, "requires_manual_intervention", r->needs_human);
    json_t *breaker = json_object();
    (void)json_put_text(breaker, "state", r->breaker.open ? "open" : "closed");
    (void)json_put_int(breaker, "recoveries_in_window",
                       breaker_in_window(&r->breaker, &s->recovery_policy, now.wall));
    (void)json_put_int(breaker, "window_seconds", s->recovery_policy.breaker_window_ms / 1000);
    (void)json_put_wall(breaker, "opened_at", r->breaker.open ? r->breaker.opened_at : WALL_NONE);
    (void)json_put(body, "circuit_breaker", breaker);
    (void)json_put(body, "withheld", guard_withheld_json(s, snapshot_withheld(s, &f)));
    (void)json_put_text(body, "phase", recovery_phase_word(r->phase));
    if (stops_waits(s, now))
        put_next_step(body, s, now);
    if (f.paused)
        (void)json_put_wall(body, "paused_until", s->saved.paused_until);
    json_t *policy = json_object();
    (void)json_put_int(policy, "retry_delay_seconds", s->recovery_policy.retry_delay_ms / 1000);
    (void)json_put_real(policy, "backoff_multiplier", s->recovery_policy.backoff_multiplier);
    (void)json_put_int(policy, "failure_threshold", s->watch_policy.failure_threshold);
    (void)json_put_text(policy, "external_stop",
                        s->recovery_policy.external_stop == EXTERNAL_STOP_RESPECT ? "respect"
                                                                                  : "recover");
    (void)json_put_int(policy, "external_stop_grace_seconds",
                       s->recovery_policy.external_stop_grace_ms / 1000);
    (void)json_put(body, "policy", policy);
    return body;
}

/* An answer of before says nothing while the next one is waited for. */
static const char *newest_word(const struct probe_facts *p, bool waits)
{
    return waits && reply_answered(p->reply) ? "waiting" : reply_class_word(p->reply);
}

/* What the unit is may have changed since it was looked at: Redis began to fail afterwards, or the
 * looks have stopped. */
static bool unit_is_old(const struct service *s, struct now now)
{
    const struct sight *t = &s->sight;
    if (t->unit.asked.ms == 0)
        return false;
    return (watch_in_doubt(s) && t->unit.asked.ms < t->doubt_since.ms) ||
           mono_since(now.mono, t->unit.asked) > 2 * s->watch_policy.systemd_interval_ms;
}

static json_t *facts_json(const struct service *s, struct now now)
{
    const struct sight *t = &s->sight;
    json_t *facts = json_object();
    bool waits = current_silence_ms(s, now) >= 0;
    (void)json_put_text(facts, "kept_connection", newest_word(&t->kept, waits));
    (void)json_put_text(facts, "fresh_connection", newest_word(&t->fresh, waits));
    (void)json_put_int(facts, "failed_probes", t->failed_probes);
    (void)json_put_int(facts, "silent_for_ms", mono_since(now.mono, t->last_answer));
    (void)json_put_text(facts, "unit", unit_active_word(t->unit.active));
    (void)json_put_text(facts, "unit_sub", t->unit.sub);
    (void)json_put_text(facts, "unit_result", unit_result_word(t->unit.result));
    snapshot_put_int(facts, "unit_pid", t->unit.main_pid);
    snapshot_put_int(facts, "unit_age_ms",
                     t->unit.asked.ms == 0 ? FACT_UNKNOWN : mono_since(now.mono, t->unit.asked));
    (void)json_put_bool(facts, "unit_is_old", unit_is_old(s, now));
    (void)json_put_text(facts, "process", evidence_activity_word(evidence_activity(t, now.mono)));
    (void)json_put_text(facts, "on_its_host", evidence_there_word(evidence_there(t, now.mono)));
    (void)json_put_text(facts, "log", log_class_word(t->log.class));
    (void)json_put_bool(facts, "confirmed", s->verdict.confirmed);
    (void)json_put_bool(facts, "in_doubt", t->doubt_since.ms != MONO_NEVER.ms);
    (void)json_put_bool(facts, "empty_primary", judge_empty_primary(s));
    (void)json_put_bool(facts, "stopped_on_purpose", s->saved.stopped_on_purpose);
    (void)json_put_int(facts, "attempts", s->recovery.attempts);
    (void)json_put_bool(facts, "breaker_open", s->recovery.breaker.open);
    return facts;
}

static void add_old_look(const struct service *s, struct now now, json_t *reasons)
{
    char text[FACT_TEXT_MAX];
    if (!unit_is_old(s, now))
        return;
    (void)str_format(text, sizeof text,
                     "The unit was last looked at %.1f s ago: what it is now is not known.",
                     (double)mono_since(now.mono, s->sight.unit.asked) / 1000.0);
    snapshot_add_text(reasons, text);
}

json_t *engine_explain_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    struct recovery_facts f;
    judge_facts(s, now, &f);
    enum recovery_level level = LEVEL_HUMAN;
    enum withheld reason = snapshot_withheld(s, &f);
    const struct cause_row *row = cause_row(f.verdict.cause);
    enum recovery_action action =
        f.verdict.confirmed ? recovery_plan(&s->recovery, &f, &level) : ACTION_NONE;
    /* It was tried: whoever can end the script knows. */
    bool endless = recovery_gave_up(&s->recovery, &f);
    if (endless)
        action = ACTION_NONE;
    bool waits = action != ACTION_NONE && reason == WITHHELD_NOT && stops_waits(s, now);
    bool would = action != ACTION_NONE && reason == WITHHELD_NOT && !waits;
    char text[CAUSE_WORDS_MAX + 32];
    json_t *body = json_object();
    (void)json_put_bool(body, "would_act", would);
    (void)json_put_text(body, "action",
                        action == ACTION_NONE ? NULL : recovery_action_word(action));
    (void)json_put_text(body, "level", action == ACTION_NONE ? NULL : recovery_level_word(level));
    json_t *cause = snapshot_cause_json(s, now);
    (void)json_put(body, "cause", cause);
    (void)json_put(body, "facts", facts_json(s, now));
    json_t *reasons = json_array();
    char words[CAUSE_WORDS_MAX], held[FACT_TEXT_MAX];
    const char *plain = guard_summary(s, f.verdict.cause, words);
    bool probing = !f.verdict.confirmed && current_silence_ms(s, now) >= 0;
    (void)str_format(text, sizeof text, "%s%s", f.verdict.confirmed ? "" : "Not certain yet: ",
                     probing ? json_text_or(cause, "summary", plain) : plain);
    snapshot_add_text(reasons, text);
    static const char *const verdicts[] = {
        [RESTART_UNNEEDED] = "Nothing needs a restart.",
        [RESTART_HELPS] = "A restart helps against this cause.",
        [RESTART_USELESS] = "A restart is useless against this cause.",
        [RESTART_HARMFUL] = "A restart would do harm.",
    };
    snapshot_add_text(reasons, probing ? "Whether a restart would help is not known yet."
                                       : verdicts[row->restart]);
    add_old_look(s, now, reasons);
    if (endless)
        snapshot_add_text(reasons, "Resus could not end the script and has called a human.");
    bool said = reason == WITHHELD_RESTART_USELESS || reason == WITHHELD_RESTART_HARMFUL;
    if (reason != WITHHELD_NOT && !said)
        snapshot_add_text(reasons, guard_withheld_text(s, reason, held));
    if (waits) {
        stops_wait_text(s, now, text, sizeof text);
        snapshot_add_text(reasons, text);
    }
    if (s->recovery.phase != PHASE_IDLE) {
        (void)str_format(text, sizeof text, "Recovery is in phase %s, attempt %d of %lld.",
                         recovery_phase_word(s->recovery.phase), s->recovery.attempts,
                         (long long)s->recovery_policy.max_attempts);
        snapshot_add_text(reasons, text);
    }
    (void)json_put(body, "reasons", reasons);
    (void)json_put(body, "withheld", guard_withheld_json(s, reason));
    return body;
}

/* ── pre-flight ── */

void snapshot_preflight(const struct service *s, enum engine_operation operation, struct now now,
                        struct preflight *ret)
{
    enum preflight_operation kind = operation == OPERATION_STOP    ? PREFLIGHT_STOP
                                    : operation == OPERATION_START ? PREFLIGHT_START
                                                                   : PREFLIGHT_RESTART;
    struct recovery_facts f;
    judge_facts(s, now, &f);
    struct preflight_facts facts = {
        .cause = s->cause,
        .info = &s->sight.info,
        .figures = current_figures(s, now),
        .unit = &s->sight.unit,
        .now = now.wall,
        .start_seconds = s->saved.start_seconds,
        .empty_primary = f.empty_primary,
        .failover_running = f.failover_running,
    };
    preflight_judge(kind, &facts, ret);
}

static void put_tri(json_t *body, const char *key, enum tri value)
{
    if (value == TRI_UNKNOWN)
        (void)json_put_null(body, key);
    else
        (void)json_put_bool(body, key, value == TRI_YES);
}

json_t *engine_preflight_json(const struct engine *e, int service, enum engine_operation operation,
                              struct now now)
{
    const struct service *s = &e->services[service];
    const char *unit = s->settings->unit;
    char text[PREFLIGHT_TEXT_MAX];
    struct preflight p;
    snapshot_preflight(s, operation, now, &p);
    json_t *body = json_object();
    json_t *warnings = json_array();
    json_t *blockers = json_array();
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        if (p.warnings[i])
            snapshot_add_text(warnings,
                              preflight_warning_text((enum preflight_warning)i, unit, text));
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        if (p.blockers[i])
            snapshot_add_text(blockers,
                              preflight_blocker_text((enum preflight_blocker)i, unit, text));
    (void)json_put_text(body, "operation", engine_operation_word(operation));
    (void)json_put_bool(body, "allowed", p.allowed);
    (void)json_put(body, "warnings", warnings);
    snapshot_put_int(body, "connections", p.connections);
    snapshot_put_int(body, "unsaved_changes", p.unsaved_changes);
    (void)json_put_bool(body, "saves_first", p.should_save && cause_proven_well(&s->sight));
    put_tri(body, "saved_since_start", p.saved_since_start);
    snapshot_put_int(body, "last_save_age_seconds", p.last_save_age_seconds);
    put_tri(body, "last_save_ok", p.last_save_ok);
    put_tri(body, "aof_enabled", p.aof_enabled);
    snapshot_put_int(body, "replicas", p.replicas);
    (void)json_put(body, "expected_downtime_seconds",
                   p.expected_downtime_seconds <= 0 ? json_null()
                                                    : json_rounded(p.expected_downtime_seconds, 1));
    (void)json_put(body, "blockers", blockers);
    return body;
}
