/* What the engine says of a service, as JSON (contract sections 4 and 8). */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

#define MIB (1024.0 * 1024.0)

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

static void put_int(json_t *object, const char *key, int64_t value)
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

static bool serves(const struct service *s)
{
    return s->judged && s->sight.info.known &&
           (s->sight.unit.active == UNIT_ACTIVE || s->cause == CAUSE_CONTROL_LOST);
}

/* ── status ── */

json_t *snapshot_operation(const struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    if (!operation_running(s))
        return NULL;
    (void)now;
    json_t *body = json_object();
    (void)json_put_text(body, "id", o->id);
    (void)json_put_text(body, "operation", engine_operation_word(o->request.operation));
    (void)json_put_text(body, "user", o->request.user.email);
    (void)json_put_wall(body, "since", o->since);
    (void)json_put_text(body, "phase", operation_phase_word(o->phase));
    if (s->sight.info.loading == TRI_YES && s->sight.info.loading_percent >= 0) {
        (void)json_put(body, "percent", json_rounded(s->sight.info.loading_percent, 1));
        put_int(body, "eta_seconds", s->sight.info.loading_eta_seconds);
    }
    return body;
}

json_t *engine_status_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct info_facts *i = &s->sight.info;
    bool up = serves(s);
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "name", s->settings->name);
    (void)json_put_text(body, "status", snapshot_status(s));
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s)));
    (void)json_put(body, "not_guarded", guard_json(s, now));
    put_int(body, "pid",
            s->sight.unit.main_pid > 0 ? s->sight.unit.main_pid
            : up                       ? i->process_id
                                       : FACT_UNKNOWN);
    int64_t uptime = up && i->uptime_seconds >= 0
                         ? i->uptime_seconds + mono_since(now.mono, i->at) / 1000
                         : FACT_UNKNOWN;
    put_int(body, "uptime_seconds", uptime);
    put_mb(body, "memory_mb", up ? i->used_memory : FACT_UNKNOWN);
    put_int(body, "connections", up ? i->connected_clients : FACT_UNKNOWN);
    put_int(body, "commands_processed", up ? i->commands_processed : FACT_UNKNOWN);
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
    json_t *operation = snapshot_operation(s, now);
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

/* ── health ── */

static const char *check_word(enum level_of level)
{
    return level == LEVEL_CRITICAL ? "fail" : level == LEVEL_WARNING ? "warning" : "pass";
}

static json_t *check(const char *status, double duration_ms, const char *message)
{
    json_t *body = json_object();
    (void)json_put_text(body, "status", status);
    (void)json_put(body, "duration_ms",
                   duration_ms < 0 ? json_null() : json_rounded(duration_ms, 2));
    (void)json_put_text(body, "message", message);
    return body;
}

static json_t *connectivity_json(const struct service *s)
{
    const struct probe_facts *p = cause_probe(&s->sight);
    char text[FACT_TEXT_MAX + 32];
    if (p->reply == REPLY_NONE)
        return check("unknown", -1, "Not asked yet");
    if (p->reply == REPLY_PONG)
        return check("pass", (double)p->latency_us / 1000.0, "PING successful");
    (void)str_format(text, sizeof text, "PING failed: %s",
                     p->text[0] != '\0' ? p->text : reply_class_word(p->reply));
    bool refused_us = cause_row(s->cause)->overall == OVERALL_UNKNOWN;
    json_t *body = check(refused_us ? "unknown" : "fail", -1, text);
    (void)json_put_text(body, "error", reply_class_word(p->reply));
    return body;
}

static json_t *systemd_json(const struct service *s)
{
    const struct unit_facts *u = &s->sight.unit;
    char text[FACT_TEXT_MAX + 32];
    double took = (double)s->watch.unit_ms;
    if (u->asked.ms == 0)
        return check("unknown", -1, "Not asked yet");
    if (u->control_reached == TRI_NO) {
        json_t *body = check("unknown", took, "The host could not be asked");
        (void)json_put_text(body, "error", u->text);
        return body;
    }
    if (u->active == UNIT_ACTIVE || u->active == UNIT_RELOADING)
        return check("pass", took, "Service active and running");
    (void)str_format(text, sizeof text, "Service %s (%s, %s)", unit_active_word(u->active), u->sub,
                     unit_result_word(u->result));
    bool wait = u->active == UNIT_ACTIVATING || u->active == UNIT_DEACTIVATING;
    return check(wait ? "warning" : u->active == UNIT_UNKNOWN ? "unknown" : "fail", took, text);
}

/* `max` <= 0: there is none. */
static void put_gauge(json_t *metrics, const char *key, const struct gauge_reading *g, double max)
{
    json_t *m = json_object();
    (void)json_put(m, "value", g->value < 0 ? json_null() : json_rounded(g->value, 2));
    (void)json_put(m, "warning", json_rounded(g->warning, 2));
    (void)json_put(m, "critical", json_rounded(g->critical, 2));
    if (max > 0)
        (void)json_put(m, "max", json_rounded(max, 2));
    (void)json_put_text(m, "status", g->value < 0 ? "unknown" : check_word(g->level));
    (void)json_put(metrics, key, m);
}

static json_t *performance_json(const struct service *s)
{
    const struct health_levels *l = &s->health.levels;
    const struct info_facts *i = &s->sight.info;
    if (!serves(s))
        return check("unknown", -1, "No figures: Redis does not answer");
    enum level_of worst = health_worst(l);
    json_t *body = check(check_word(worst), (double)s->watch.performance_ms,
                         worst == LEVEL_OK ? "All metrics within normal ranges"
                                           : "Metrics outside their normal ranges");
    json_t *metrics = json_object();
    put_gauge(metrics, "memory_mb", &l->gauges[GAUGE_MEMORY],
              i->maxmemory > 0 ? (double)i->maxmemory / MIB : l->gauges[GAUGE_MEMORY].critical);
    put_gauge(metrics, "cpu_percent", &l->gauges[GAUGE_CPU], 100);
    put_gauge(metrics, "connections", &l->gauges[GAUGE_CONNECTIONS], (double)i->maxclients);
    put_gauge(metrics, "response_time_ms", &l->gauges[GAUGE_LATENCY], 0);
    put_gauge(metrics, "commands_per_second", &l->gauges[GAUGE_LOAD], 0);
    put_gauge(metrics, "errors_per_hour", &l->gauges[GAUGE_ERRORS], 0);
    (void)json_put(body, "metrics", metrics);
    return body;
}

static void add_text(json_t *array, const char *text)
{
    if (text[0] != '\0')
        (void)json_array_append_new(array, json_string(text));
}

static json_t *evidence_json(const struct service *s)
{
    const struct sight *t = &s->sight;
    json_t *array = json_array();
    char text[FACT_TEXT_MAX + 64];
    const struct probe_facts *p = cause_probe(t);
    if (p->reply != REPLY_NONE) {
        (void)str_format(text, sizeof text, "PING: %s%s%s", reply_class_word(p->reply),
                         p->text[0] != '\0' ? " - " : "", p->text);
        add_text(array, text);
    }
    if (t->unit.text[0] != '\0') {
        (void)str_format(text, sizeof text, "%s: %s",
                         t->unit.control_reached == TRI_NO ? "host" : "unit", t->unit.text);
        add_text(array, text);
    }
    if (t->log.class != LOG_NONE) {
        (void)str_format(text, sizeof text, CAUSE_LOG_EVIDENCE "%s", t->log.line);
        add_text(array, text);
    }
    if (s->cause == CAUSE_LOADING && t->info.loading_percent >= 0) {
        (void)str_format(text, sizeof text, "loading: %.1f %%, %lld s to go",
                         t->info.loading_percent, (long long)t->info.loading_eta_seconds);
        add_text(array, text);
    }
    guard_evidence(s, array);
    return array;
}

static json_t *cause_json(const struct service *s)
{
    const struct cause_row *row = cause_row(s->cause);
    json_t *body = json_object();
    (void)json_put_text(body, "code", row->code);
    char words[CAUSE_WORDS_MAX];
    (void)json_put_text(body, "summary", guard_summary(s, s->cause, words));
    (void)json_put_wall(body, "since", s->cause_since);
    (void)json_put(body, "evidence", evidence_json(s));
    (void)json_put_text(body, "restart", restart_word(row->restart));
    (void)json_put_text(body, "advice", guard_advice(s, s->cause, words));
    return body;
}

json_t *engine_health_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s)));
    (void)json_put_bool(body, "service_running", serves(s));
    (void)json_put_bool(body, "connectivity", cause_probe(&s->sight)->reply == REPLY_PONG);
    bool answers = reply_answered(cause_probe(&s->sight)->reply);
    double latency = answers ? latency_last_ms(s) : -1; /* a silent Redis has none */
    (void)json_put(body, "response_time_ms", latency < 0 ? json_null() : json_rounded(latency, 2));
    (void)json_put_wall(body, "last_successful_command", s->watch.last_command);
    put_int(body, "error_count_last_hour", health_errors_last_hour(&s->health));
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    json_t *checks = json_object();
    (void)json_put(checks, "connectivity", connectivity_json(s));
    (void)json_put(checks, "systemd", systemd_json(s));
    (void)json_put(checks, "performance", performance_json(s));
    (void)json_put(body, "health_checks", checks);
    (void)json_put(body, "cause", cause_json(s));
    (void)json_put(body, "recommendations", serves(s) ? advice_json(s) : json_array());
    (void)json_put(body, "auto_recovery", engine_recovery_json(e, service, now));
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

static json_t *withheld_json(const struct service *s, enum withheld reason)
{
    if (reason == WITHHELD_NOT)
        return json_null();
    json_t *body = json_object();
    (void)json_put_text(body, "reason_code", withheld_code(reason));
    (void)json_put_text(body, "text", guard_withheld_text(s, reason));
    return body;
}

enum withheld snapshot_withheld(const struct service *s, const struct recovery_facts *f)
{
    enum withheld reason = recovery_withheld(&s->recovery, &s->recovery_policy, f);
    bool about_the_cause = reason >= WITHHELD_RESTART_USELESS;
    return about_the_cause && cause_row(s->cause)->overall == OVERALL_HEALTHY ? WITHHELD_NOT
                                                                              : reason;
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
    (void)json_put_text(body, "recovery_level",
                        any ? recovery_level_word(s->last_recovery.level) : NULL);
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
    (void)json_put(body, "withheld", withheld_json(s, snapshot_withheld(s, &f)));
    (void)json_put_text(body, "phase", recovery_phase_word(r->phase));
    if (r->phase == PHASE_GRACE || r->phase == PHASE_BACKOFF || r->phase == PHASE_WINDOW)
        (void)json_put_int(body, "next_step_in_seconds",
                           (mono_since(r->deadline, now.mono) + 999) / 1000);
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

static json_t *facts_json(const struct service *s, struct now now)
{
    const struct sight *t = &s->sight;
    json_t *facts = json_object();
    (void)json_put_text(facts, "kept_connection", reply_class_word(t->kept.reply));
    (void)json_put_text(facts, "fresh_connection", reply_class_word(t->fresh.reply));
    (void)json_put_int(facts, "failed_probes", t->failed_probes);
    (void)json_put_int(facts, "silent_for_ms", mono_since(now.mono, t->last_answer));
    (void)json_put_text(facts, "unit", unit_active_word(t->unit.active));
    (void)json_put_text(facts, "unit_sub", t->unit.sub);
    (void)json_put_text(facts, "unit_result", unit_result_word(t->unit.result));
    put_int(facts, "unit_pid", t->unit.main_pid);
    put_int(facts, "unit_age_ms",
            t->unit.asked.ms == 0 ? FACT_UNKNOWN : mono_since(now.mono, t->unit.asked));
    (void)json_put_text(facts, "log", log_class_word(t->log.class));
    (void)json_put_bool(facts, "confirmed", s->verdict.confirmed);
    (void)json_put_bool(facts, "in_doubt", t->doubt_since.ms != MONO_NEVER.ms);
    (void)json_put_bool(facts, "empty_primary", judge_empty_primary(s));
    (void)json_put_bool(facts, "stopped_on_purpose", s->saved.stopped_on_purpose);
    (void)json_put_int(facts, "attempts", s->recovery.attempts);
    (void)json_put_bool(facts, "breaker_open", s->recovery.breaker.open);
    return facts;
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
    bool would = action != ACTION_NONE && reason == WITHHELD_NOT;
    char text[CAUSE_WORDS_MAX + 32];
    json_t *body = json_object();
    (void)json_put_bool(body, "would_act", would);
    (void)json_put_text(body, "action",
                        action == ACTION_NONE ? NULL : recovery_action_word(action));
    (void)json_put_text(body, "level", action == ACTION_NONE ? NULL : recovery_level_word(level));
    (void)json_put(body, "cause", cause_json(s));
    (void)json_put(body, "facts", facts_json(s, now));
    json_t *reasons = json_array();
    char words[CAUSE_WORDS_MAX];
    (void)str_format(text, sizeof text, "%s%s", f.verdict.confirmed ? "" : "Not certain yet: ",
                     guard_summary(s, f.verdict.cause, words));
    add_text(reasons, text);
    static const char *const verdicts[] = {
        [RESTART_UNNEEDED] = "Nothing needs a restart.",
        [RESTART_HELPS] = "A restart helps against this cause.",
        [RESTART_USELESS] = "A restart is useless against this cause.",
        [RESTART_HARMFUL] = "A restart would do harm.",
    };
    add_text(reasons, verdicts[row->restart]);
    if (reason != WITHHELD_NOT)
        add_text(reasons, guard_withheld_text(s, reason));
    if (s->recovery.phase != PHASE_IDLE) {
        (void)str_format(text, sizeof text, "Recovery is in phase %s, attempt %d of %lld.",
                         recovery_phase_word(s->recovery.phase), s->recovery.attempts,
                         (long long)s->recovery_policy.max_attempts);
        add_text(reasons, text);
    }
    (void)json_put(body, "reasons", reasons);
    (void)json_put(body, "withheld", withheld_json(s, reason));
    return body;
}

/* ── pre-flight ── */

void snapshot_preflight(const struct service *s, enum engine_operation operation, struct now now,
                        struct preflight *ret)
{
    enum preflight_operation kind =
        operation == OPERATION_STOP ? PREFLIGHT_STOP : PREFLIGHT_RESTART;
    preflight_judge(kind, s->cause, &s->sight.info, now.wall, s->saved.start_seconds, ret);
    if (kind == PREFLIGHT_RESTART && judge_empty_primary(s)) {
        /* Known from a daemon before this one, too. */
        ret->blockers[BLOCKER_EMPTY_PRIMARY] = true;
        ret->allowed = false;
    }
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
    struct preflight p;
    snapshot_preflight(s, operation, now, &p);
    json_t *body = json_object();
    json_t *warnings = json_array();
    json_t *blockers = json_array();
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        if (p.warnings[i])
            add_text(warnings, preflight_warning_text((enum preflight_warning)i));
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        if (p.blockers[i])
            add_text(blockers, preflight_blocker_text((enum preflight_blocker)i));
    (void)json_put_text(body, "operation", engine_operation_word(operation));
    (void)json_put_bool(body, "allowed", p.allowed);
    (void)json_put(body, "warnings", warnings);
    put_int(body, "connections", p.connections);
    put_int(body, "unsaved_changes", p.unsaved_changes);
    put_int(body, "last_save_age_seconds", p.last_save_age_seconds);
    put_tri(body, "last_save_ok", p.last_save_ok);
    put_tri(body, "aof_enabled", p.aof_enabled);
    put_int(body, "replicas", p.replicas);
    (void)json_put(body, "expected_downtime_seconds",
                   p.expected_downtime_seconds <= 0 ? json_null()
                                                    : json_rounded(p.expected_downtime_seconds, 1));
    (void)json_put(body, "blockers", blockers);
    return body;
}
