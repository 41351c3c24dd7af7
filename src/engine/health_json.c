/* What the engine says about the health of a service, as JSON (contract section 8). */
#include "base/json.h"
#include "base/str.h"
#include "core/cause_words.h"
#include "engine/snapshot.h"

#define MIB (1024.0 * 1024.0)

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
    if (!snapshot_serves(s))
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

static void add_replication(const struct service *s, json_t *array)
{
    const struct info_facts *i = &s->sight.info;
    char text[FACT_TEXT_MAX + 64];
    if (!i->known || i->role != ROLE_REPLICA || i->master_host[0] == '\0')
        return;
    (void)str_format(text, sizeof text, "replication: primary %s:%lld, link %s", i->master_host,
                     (long long)i->master_port, i->master_link_up == TRI_YES ? "up" : "down");
    if (i->master_link_up != TRI_YES && i->master_link_down_seconds >= 0)
        (void)str_append(text, sizeof text, " for %lld s", (long long)i->master_link_down_seconds);
    else if (i->master_link_up != TRI_YES)
        (void)str_append(text, sizeof text, ", never up since Redis began %lld s ago",
                         (long long)i->uptime_seconds);
    if (i->master_sync == TRI_YES)
        (void)str_append(text, sizeof text, ", synchronising");
    if (i->master_sync == TRI_YES && i->master_sync_left_bytes >= 0)
        (void)str_append(text, sizeof text, " (%lld bytes left)",
                         (long long)i->master_sync_left_bytes);
    snapshot_add_text(array, text);
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
        snapshot_add_text(array, text);
    }
    if (t->unit.text[0] != '\0') {
        (void)str_format(text, sizeof text, "%s: %s",
                         t->unit.control_reached == TRI_NO ? "host" : "unit", t->unit.text);
        snapshot_add_text(array, text);
    }
    if (t->log.class != LOG_NONE) {
        (void)str_format(text, sizeof text, CAUSE_LOG_EVIDENCE "%s", t->log.line);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_PERSISTENCE_FAILING && t->saving_log.class != LOG_NONE) {
        (void)str_format(text, sizeof text, CAUSE_LOG_EVIDENCE "%s", t->saving_log.line);
        snapshot_add_text(array, text);
    }
    if (s->cause == CAUSE_REPLICA_LINK_DOWN || t->role_changed)
        add_replication(s, array);
    if (s->cause == CAUSE_LOADING && t->info.loading_percent >= 0) {
        (void)str_format(text, sizeof text, "loading: %.1f %%, %lld s to go",
                         t->info.loading_percent, (long long)t->info.loading_eta_seconds);
        snapshot_add_text(array, text);
    }
    return array;
}

json_t *snapshot_cause_json(const struct service *s)
{
    const struct cause_row *row = cause_row(s->cause);
    struct cause_words words = cause_words(s->cause, &s->sight);
    json_t *body = json_object();
    (void)json_put_text(body, "code", row->code);
    (void)json_put_text(body, "summary", words.summary);
    (void)json_put_wall(body, "since", s->cause_since);
    (void)json_put(body, "evidence", evidence_json(s));
    (void)json_put_text(body, "restart", restart_word(row->restart));
    (void)json_put_text(body, "advice", words.advice);
    return body;
}

json_t *engine_health_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    json_t *body = json_object();
    (void)json_put_text(body, "service", s->settings->id);
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s)));
    (void)json_put_bool(body, "service_running", snapshot_serves(s));
    (void)json_put_bool(body, "connectivity", cause_probe(&s->sight)->reply == REPLY_PONG);
    bool answers = reply_answered(cause_probe(&s->sight)->reply);
    double latency = answers ? latency_last_ms(s) : -1; /* a silent Redis has none */
    (void)json_put(body, "response_time_ms", latency < 0 ? json_null() : json_rounded(latency, 2));
    (void)json_put_wall(body, "last_successful_command", s->watch.last_command);
    snapshot_put_int(body, "error_count_last_hour", health_errors_last_hour(&s->health));
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    json_t *checks = json_object();
    (void)json_put(checks, "connectivity", connectivity_json(s));
    (void)json_put(checks, "systemd", systemd_json(s));
    (void)json_put(checks, "performance", performance_json(s));
    (void)json_put(body, "health_checks", checks);
    (void)json_put(body, "cause", snapshot_cause_json(s));
    (void)json_put(body, "recommendations", snapshot_serves(s) ? advice_json(s) : json_array());
    (void)json_put(body, "auto_recovery", engine_recovery_json(e, service, now));
    return body;
}
