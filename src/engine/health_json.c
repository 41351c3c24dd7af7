/* What the engine says about the health of a service, as JSON. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/current.h"
#include "engine/evidence.h"
#include "engine/latency.h"
#include "engine/queries.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/stops.h"
#include "engine/words.h"

#define SILENCE_ADVICE "Wait some seconds: Resus names the cause as soon as it is certain."

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

/* Redis was asked and has not answered yet: for how long, and what follows. */
static void silence_text(const struct service *s, int64_t silent_ms, char *text, size_t size)
{
    const char *next = s->verdict.confirmed && cause_row(s->cause)->overall == OVERALL_CRITICAL
                           ? ""
                           : ". Resus is finding out whether it hangs, is busy or is cut off";
    char of[32] = ""; /* more than are needed fail while the evidence is looked for */
    if (s->observations.failed_probes <= s->observations.failure_threshold)
        (void)str_format(of, sizeof of, " of %lld", (long long)s->observations.failure_threshold);
    (void)str_format(text, size, "Redis has not answered for %.1f s (%lld%s probes failed)%s",
                     (double)silent_ms / 1000.0, (long long)s->observations.failed_probes, of,
                     next);
}

static json_t *failed_json(const struct service *s, const struct probe_facts *p, const char *what)
{
    char text[FACT_TEXT_MAX + 64];
    (void)str_format(text, sizeof text, "%s: %s", what,
                     p->text[0] != '\0' ? p->text : reply_class_word(p->reply));
    bool refused_us = cause_row(s->cause)->overall == OVERALL_UNKNOWN;
    double took = (double)mono_since(p->at, p->asked);
    json_t *body = check(refused_us ? "unknown" : "fail", took < 0 ? -1 : took, text);
    (void)json_put_text(body, "error", reply_class_word(p->reply));
    return body;
}

static json_t *answered_json(const struct service *s, const struct probe_facts *p, struct now now)
{
    char text[FACT_TEXT_MAX] = "PING successful";
    char certificate[160];
    bool warn = current_certificate_text(s, now, certificate, sizeof certificate);
    if (warn)
        (void)str_append(text, sizeof text, "; %s", certificate);
    return check(warn ? "warning" : "pass", (double)p->latency_us / 1000.0, text);
}

/* What a new client meets, and what the open connection does. */
static json_t *ping_json(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    const struct probe_facts *p = cause_probe(t);
    int64_t silent_ms = current_silence_ms(s, now);
    char text[FACT_TEXT_MAX];
    if (p->reply == REPLY_NONE)
        return check("unknown", -1, "Not asked yet");
    if (silent_ms >= 0 && reply_answered(p->reply)) {
        silence_text(s, silent_ms, text, sizeof text);
        return check("warning", -1, text);
    }
    if (cause_shut_out(t))
        return failed_json(s, &t->fresh, "New connections fail, while the open one is answered");
    bool judging = !s->verdict.confirmed && cause_row(s->cause)->overall != OVERALL_CRITICAL;
    if (p->reply == REPLY_SILENT && silent_ms >= 0 && judging) {
        json_t *body = failed_json(s, p, "");
        silence_text(s, silent_ms, text, sizeof text);
        (void)json_put_text(body, "message", text);
        return body;
    }
    if (p->reply != REPLY_PONG)
        return failed_json(s, p, "PING failed");
    if (t->shut_out > 0) {
        (void)str_format(text, sizeof text, "PING successful, but a new connection failed: %s",
                         t->fresh.text);
        return check("warning", (double)p->latency_us / 1000.0, text);
    }
    return answered_json(s, p, now);
}

static json_t *connectivity_json(const struct service *s, struct now now)
{
    json_t *body = ping_json(s, now);
    if (s->watch.certificate_ends.ms == 0)
        return body;
    json_t *details = json_object();
    (void)json_put_wall(details, "certificate_ends", s->watch.certificate_ends);
    (void)json_put(body, "details", details);
    return body;
}

/* The canary's own figure: it moves no other status. */
static json_t *canary_json(const struct service *s, struct now now)
{
    const struct canary_facts *c = canary_newest(s, now);
    char text[FACT_TEXT_MAX + 32];
    if (s->observations.info.known && s->observations.info.role != ROLE_PRIMARY)
        return check("unknown", -1, "Not written: this is not a primary");
    if (canary_redirected(s))
        return check("unknown", -1, "Not written: another node of the cluster holds the key");
    if (c == NULL)
        return check("unknown", -1, "Not written yet");
    if (c->reply == REPLY_PONG)
        return check("pass", (double)c->latency_us / 1000.0, "SET, GET and DEL successful");
    (void)str_format(text, sizeof text, "%s failed: %s", c->step, c->text);
    json_t *body = check("fail", -1, text);
    (void)json_put_text(body, "error", reply_class_word(c->reply));
    return body;
}

bool snapshot_warning(const struct service *s, struct now now, char *text, size_t size)
{
    const struct canary_facts *c = canary_newest(s, now);
    bool pings = cause_probe(&s->observations)->reply == REPLY_PONG &&
                 current_silence_ms(s, now) < 0 && s->observations.shut_out == 0 &&
                 current_certificate_days(s, now) == FACT_UNKNOWN;
    bool writes = c == NULL || c->reply == REPLY_PONG;
    if (!pings) {
        JSON_CLEANUP json_t *ping = ping_json(s, now);
        (void)str_copy(text, size, json_text_or(ping, "message", ""));
        pings = str_equal(json_text_or(ping, "status", ""), "pass");
    }
    if (pings && !writes) {
        JSON_CLEANUP json_t *canary = canary_json(s, now);
        (void)str_format(text, size, "applications cannot write: canary %s",
                         json_text_or(canary, "message", ""));
        writes = !str_equal(json_text_or(canary, "status", ""), "fail");
    }
    return !pings || !writes;
}

static json_t *systemd_json(const struct service *s)
{
    const struct unit_facts *u = &s->observations.unit;
    char text[FACT_TEXT_MAX + 32];
    double took = (double)s->watch.unit_ms;
    if (u->asked.ms == 0)
        return check("unknown", -1, "Not asked yet");
    if (u->control_reached == TRI_NO) {
        json_t *body = check("unknown", took, "The host could not be asked");
        (void)json_put_text(body, "error", u->text);
        return body;
    }
    if (u->active == UNIT_UNKNOWN) {
        json_t *body = check("unknown", took, "systemd was asked and did not say how the unit is");
        (void)json_put_text(body, "error", u->text);
        return body;
    }
    if (unit_runs(u->active))
        return check("pass", took, "Service active and running");
    (void)str_format(text, sizeof text, "Service %s (%s, %s)", unit_active_word(u->active), u->sub,
                     unit_result_word(u->result));
    bool wait = u->active == UNIT_ACTIVATING || u->active == UNIT_DEACTIVATING;
    return check(wait ? "warning" : "fail", took, text);
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

/* The same figures as plain numbers, for clients that look for those; one that is not known is left
 * out. */
static void put_flat(json_t *metrics, const char *key, double value)
{
    if (value >= 0)
        (void)json_put(metrics, key, json_rounded(value, 2));
}

/* Why there are no figures. */
static json_t *no_figures_json(const struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX * 2];
    int64_t silent_ms = current_silence_ms(s, now);
    enum unit_active unit = s->observations.unit.active;
    if (s->watch.info_refused[0] != '\0') {
        (void)str_format(text, sizeof text, "%s (%s)", advice_info_refused(s),
                         s->watch.info_refused);
        return check("warning", -1, text);
    }
    if (silent_ms >= 0) {
        (void)str_format(text, sizeof text, "No current figures: Redis has not answered for %.1f s",
                         (double)silent_ms / 1000.0);
        return check("unknown", -1, text);
    }
    if (cause_probe(&s->observations)->reply == REPLY_NONE)
        return check("unknown", -1, "Not asked yet");
    if (cause_probe(&s->observations)->reply != REPLY_PONG)
        return check("unknown", -1, "No current figures: PING fails");
    if (s->cause == CAUSE_WRONG_INSTANCE)
        return check("unknown", -1, "No figures: what answers is not the unit's process");
    if (!unit_runs(unit) && s->cause != CAUSE_CONTROL_LOST)
        return check("unknown", -1, "No figures: the unit is not known to be active");
    return check("unknown", -1, "No figures yet: INFO has not been answered by this process");
}

static json_t *performance_json(const struct service *s, struct now now)
{
    const struct health_levels *l = &s->health.levels;
    const struct info_facts *i = &s->observations.info;
    if (!current_figures(s, now))
        return no_figures_json(s, now);
    enum level_of worst = health_worst(l);
    json_t *body = check(check_word(worst), (double)s->watch.performance_ms,
                         worst == LEVEL_OK ? "All metrics within normal ranges"
                                           : "Metrics outside their normal ranges");
    json_t *metrics = json_object();
    double memory_limit =
        i->maxmemory > 0 ? (double)i->maxmemory / MIB : l->gauges[GAUGE_MEMORY].critical;
    put_gauge(metrics, "memory_mb", &l->gauges[GAUGE_MEMORY], memory_limit);
    put_gauge(metrics, "cpu_percent", &l->gauges[GAUGE_CPU], 100);
    put_gauge(metrics, "connections", &l->gauges[GAUGE_CONNECTIONS], (double)i->maxclients);
    put_gauge(metrics, "response_time_ms", &l->gauges[GAUGE_LATENCY], 0);
    put_gauge(metrics, "commands_per_second", &l->gauges[GAUGE_LOAD], 0);
    put_gauge(metrics, "errors_per_hour", &l->gauges[GAUGE_ERRORS], 0);
    put_flat(metrics, "memory_usage_mb", (double)i->used_memory / MIB);
    put_flat(metrics, "memory_limit_mb", memory_limit);
    put_flat(metrics, "cpu_usage_percent", l->gauges[GAUGE_CPU].value);
    put_flat(metrics, "max_connections", (double)i->maxclients);
    (void)json_put(body, "metrics", metrics);
    return body;
}

static void add_replication(const struct service *s, struct now now, json_t *array)
{
    const struct info_facts *i = &s->observations.info;
    int64_t since_info = mono_since(now.mono, i->at) / 1000;
    char text[FACT_TEXT_MAX + 64];
    if (!i->known || i->role != ROLE_REPLICA || i->master_host[0] == '\0')
        return;
    (void)str_format(text, sizeof text, "replication: primary %s:%lld, link %s", i->master_host,
                     (long long)i->master_port, i->master_link_up == TRI_YES ? "up" : "down");
    if (i->master_link_up != TRI_YES && i->master_link_down_seconds >= 0)
        (void)str_append(text, sizeof text, " for %lld s",
                         (long long)i->master_link_down_seconds + (long long)since_info);
    else if (i->master_link_up != TRI_YES)
        (void)str_append(text, sizeof text, ", never up since Redis began %lld s ago",
                         (long long)i->uptime_seconds + (long long)since_info);
    if (i->master_sync == TRI_YES)
        (void)str_append(text, sizeof text, ", synchronising");
    if (i->master_sync == TRI_YES && i->master_sync_left_bytes >= 0)
        (void)str_append(text, sizeof text, " (%lld bytes left)",
                         (long long)i->master_sync_left_bytes);
    snapshot_add_text(array, text);
}

static json_t *evidence_json(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    json_t *array = json_array();
    char text[FACT_TEXT_MAX * 2 + 16];
    const struct probe_facts *p = cause_probe(t);
    if (s->misconfigured != NULL) { /* what was seen before is no evidence of it */
        snapshot_add_text(array, s->misconfigured);
        return array;
    }
    int64_t silent_ms = current_silence_ms(s, now);
    if (silent_ms >= 0 && reply_answered(p->reply)) {
        (void)str_format(text, sizeof text, "PING: no answer for %.1f s",
                         (double)silent_ms / 1000.0);
        snapshot_add_text(array, text);
    } else if (p->reply != REPLY_NONE) {
        (void)str_format(text, sizeof text, "PING: %s%s%s", reply_class_word(p->reply),
                         p->text[0] != '\0' ? " - " : "", p->text);
        snapshot_add_text(array, text);
    }
    if (t->unit.text[0] != '\0') {
        (void)str_format(text, sizeof text, "%s: %s",
                         t->unit.control_reached == TRI_NO ? "host" : "unit", t->unit.text);
        snapshot_add_text(array, text);
    }
    evidence_texts(s, now, array);
    /* It is the log of an end, and no evidence against a process that runs. */
    if (t->log.class != LOG_NONE && t->unit.active != UNIT_ACTIVE) {
        (void)str_format(text, sizeof text, CAUSE_LOG_EVIDENCE "%s", t->log.line);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_UNIT_STOPPED) {
        stops_loss_text(s, text, sizeof text);
        snapshot_add_text(array, text);
    }
    if (s->guard.command_failed[0] != '\0') {
        (void)str_format(text, sizeof text, "command: %s", s->guard.command_failed);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_PERSISTENCE_FAILING && t->saving_log.class != LOG_NONE) {
        (void)str_format(text, sizeof text, CAUSE_LOG_EVIDENCE "%s", t->saving_log.line);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_WRITES_PAUSED) {
        (void)str_format(text, sizeof text, "writes: %s", t->pause.text);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_REPLICA_LINK_DOWN || t->role_changed)
        add_replication(s, now, array);
    if (s->cause == CAUSE_LOADING && t->info.loading_percent >= 0) {
        (void)str_format(text, sizeof text, "loading: %.1f %%, %lld s to go",
                         t->info.loading_percent, (long long)t->info.loading_eta_seconds);
        snapshot_add_text(array, text);
    }
    words_refusals(s, array);
    return array;
}

/* The texts of a cause would be untrue of a Redis that is silent since it was found. */
static bool silent_since(const struct service *s, struct now now)
{
    enum overall overall = cause_row(s->cause)->overall;
    bool fine = overall == OVERALL_HEALTHY || overall == OVERALL_DEGRADED;
    return fine && !s->verdict.confirmed && current_silence_ms(s, now) >= 0;
}

static void summary_text(const struct service *s, struct now now, char ret[CAUSE_WORDS_MAX])
{
    char words[CAUSE_WORDS_MAX];
    if (s->owned.elsewhere)
        (void)str_copy(ret, CAUSE_WORDS_MAX, s->misconfigured);
    else if (s->misconfigured != NULL)
        (void)str_format(ret, CAUSE_WORDS_MAX, "misconfigured: %s", s->misconfigured);
    else if (silent_since(s, now))
        silence_text(s, current_silence_ms(s, now), ret, CAUSE_WORDS_MAX);
    else
        (void)str_copy(ret, CAUSE_WORDS_MAX, words_summary(s, s->cause, words));
}

json_t *snapshot_cause_json(const struct service *s, struct now now)
{
    const struct cause_row *row = cause_row(s->cause);
    char summary[CAUSE_WORDS_MAX], words[CAUSE_WORDS_MAX], advice[CAUSE_WORDS_MAX];
    summary_text(s, now, summary);
    stops_advice_text(s, silent_since(s, now) ? SILENCE_ADVICE : words_advice(s, s->cause, words),
                      advice, sizeof advice);
    json_t *body = json_object();
    (void)json_put_text(body, "code", row->code);
    (void)json_put_text(body, "summary", summary);
    (void)json_put_wall(body, "since", s->cause_since);
    (void)json_put(body, "evidence", evidence_json(s, now));
    (void)json_put_text(body, "restart", restart_word(row->restart));
    (void)json_put_text(body, "advice", advice);
    return body;
}

static bool runs(const struct service *s, struct now now)
{
    const struct unit_facts *u = &s->observations.unit;
    if (u->control_reached == TRI_NO || u->active == UNIT_UNKNOWN)
        return reply_answered(cause_probe(&s->observations)->reply) &&
               current_silence_ms(s, now) < 0;
    return unit_runs(u->active);
}

json_t *engine_health_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct probe_facts *p = cause_probe(&s->observations);
    bool answers = reply_answered(p->reply) && current_silence_ms(s, now) < 0;
    bool figures = current_figures(s, now);
    double latency = answers ? latency_last_ms(s) : -1; /* a silent Redis has none */
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s, now)));
    owned_put(s, body);
    (void)json_put_bool(body, "service_running", runs(s, now));
    (void)json_put_bool(body, "connectivity",
                        answers && p->reply == REPLY_PONG && !cause_shut_out(&s->observations));
    (void)json_put(body, "response_time_ms", latency < 0 ? json_null() : json_rounded(latency, 2));
    (void)json_put_wall(body, "last_successful_command", s->watch.last_command);
    snapshot_put_int(body, "error_count_last_hour",
                     figures ? health_errors_last_hour(&s->health) : FACT_UNKNOWN);
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    json_t *checks = json_object();
    (void)json_put(checks, "connectivity", connectivity_json(s, now));
    (void)json_put(checks, "systemd", systemd_json(s));
    (void)json_put(checks, "performance", performance_json(s, now));
    if (s->watch_policy.canary)
        (void)json_put(checks, "canary", canary_json(s, now));
    (void)json_put(body, "health_checks", checks);
    (void)json_put(body, "cause", snapshot_cause_json(s, now));
    (void)json_put(body, "recommendations", advice_json(s, now));
    (void)json_put(body, "auto_recovery", engine_recovery_json(e, service, now));
    return body;
}
