/* What the engine says of a service, as JSON. */
#include "engine/snapshot.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/current.h"
#include "engine/queries.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine/withheld.h"

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
    case CAUSE_WATCHED_ELSEWHERE:
    case CAUSE_NONE:
        return "unknown";
    case CAUSE_CONTROL_LOST:
        return "running";
    default:
        break;
    }
    switch (s->observations.unit.active) {
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

enum overall snapshot_overall(const struct service *s, struct now now)
{
    if (!s->judged)
        return OVERALL_UNKNOWN;
    enum overall overall = cause_row(s->cause)->overall;
    return overall == OVERALL_HEALTHY && !current_proof(s, now) ? OVERALL_UNKNOWN : overall;
}

void snapshot_put_int(json_t *object, const char *key, int64_t value)
{
    if (value < 0)
        (void)json_put_null(object, key);
    else
        (void)json_put_int(object, key, value);
}

void snapshot_put_mb(json_t *object, const char *key, int64_t bytes)
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
    (void)json_put_text(body, "phase", operate_phase_word(o->core.phase));
    if (s->observations.info.loading == TRI_YES && s->observations.info.loading_percent >= 0) {
        (void)json_put(body, "percent", json_rounded(s->observations.info.loading_percent, 1));
        snapshot_put_int(body, "eta_seconds", s->observations.info.loading_eta_seconds);
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

void snapshot_put_stop(json_t *body, const struct service *s)
{
    if (!s->saved.stopped_on_purpose)
        return;
    (void)json_put_text(body, "stopped_by", s->saved.stopped_by);
    (void)json_put_wall(body, "stopped_at", s->saved.stopped_at);
    if (s->saved.stopped_reason[0] != '\0')
        (void)json_put_text(body, "stop_reason", s->saved.stopped_reason);
}

void snapshot_put_labels(json_t *body, const struct service_settings *settings)
{
    if (settings->group[0] != '\0')
        (void)json_put_text(body, "group", settings->group);
    if (settings->tags.count == 0)
        return;
    json_t *tags = json_array();
    for (size_t i = 0; i < settings->tags.count; i++)
        snapshot_add_text(tags, settings->tags.tags[i]);
    (void)json_put(body, "tags", tags);
}

json_t *engine_status_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct info_facts *i = &s->observations.info;
    bool up = current_figures(s, now);
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "name", s->settings->name);
    (void)json_put_text(body, "status", snapshot_status(s));
    owned_put(s, body);
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s, now)));
    (void)json_put(body, "not_guarded", withheld_always_json(s, now));
    snapshot_put_int(body, "pid",
                     s->observations.unit.main_pid > 0 ? s->observations.unit.main_pid
                     : up                              ? i->process_id
                                                       : FACT_UNKNOWN);
    int64_t uptime = up && i->uptime_seconds >= 0
                         ? i->uptime_seconds + mono_since(now.mono, i->at) / 1000
                         : FACT_UNKNOWN;
    snapshot_put_int(body, "uptime_seconds", uptime);
    snapshot_put_mb(body, "memory_mb", up ? i->used_memory : FACT_UNKNOWN);
    snapshot_put_int(body, "connections", up ? i->connected_clients : FACT_UNKNOWN);
    snapshot_put_int(body, "commands_processed", up ? i->commands_processed : FACT_UNKNOWN);
    if (up)
        put_role(body, i);
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    json_t *vm = json_object();
    const char *host = s->settings->control == CONTROL_SSH ? s->settings->ssh.host : "localhost";
    (void)json_put_text(vm, "host", host);
    (void)json_put_text(vm, "name", s->settings->vm_name);
    if (s->settings->control != CONTROL_SSH || s->observations.unit.control_reached == TRI_UNKNOWN)
        (void)json_put_null(vm, "ssh_accessible");
    else
        (void)json_put_bool(vm, "ssh_accessible", s->observations.unit.control_reached == TRI_YES);
    (void)json_put(body, "vm_info", vm);
    snapshot_put_labels(body, s->settings);
    json_t *operation = operation_json(s);
    if (operation != NULL)
        (void)json_put(body, "operation", operation);
    if (s->follow_up.count > 0)
        (void)json_put(body, "affected_services", follow_up_json(s));
    if (s->maintained.held)
        (void)json_put(body, "maintenance", maintained_json(s));
    json_t *notices = notice_json(e, service, now);
    if (json_array_size(notices) > 0)
        (void)json_put(body, "notices", notices);
    else
        json_decref(notices);
    snapshot_put_stop(body, s);
    return body;
}

enum withheld snapshot_withheld(const struct service *s, const struct recovery_facts *f)
{
    /* What is not certain, or what an action of ours makes Redis look like, is not shown: the
     * reason is about the cause beside it. */
    struct recovery_facts shown = *f;
    shown.verdict.cause = s->cause;
    enum withheld reason = recovery_withheld(&s->recovery, &s->recovery_policy, &shown);
    bool about_the_cause = reason >= WITHHELD_RESTART_USELESS;
    return about_the_cause && cause_row(s->cause)->overall == OVERALL_HEALTHY ? WITHHELD_NOT
                                                                              : reason;
}

/* ── pre-flight ── */

void snapshot_preflight(const struct service *s, enum engine_operation operation, struct now now,
                        struct preflight *ret)
{
    enum preflight_operation kind = operation == OPERATION_STOP    ? PREFLIGHT_STOP
                                    : operation == OPERATION_START ? PREFLIGHT_START
                                                                   : PREFLIGHT_RESTART;
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    /* A start leaves alone what runs, if that was seen since the start was asked for. */
    struct unit_facts unit = s->observations.unit;
    bool unseen = operation_running(s) && unit.asked.ms < s->operation.core.began.ms;
    if (kind == PREFLIGHT_START && unseen)
        unit.active = UNIT_UNKNOWN;
    struct preflight_facts facts = {
        .cause = s->cause,
        .info = &s->observations.info,
        .figures = current_figures(s, now),
        .unit = &unit,
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
    (void)json_put_bool(body, "saves_first", p.should_save && cause_proven_well(&s->observations));
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
