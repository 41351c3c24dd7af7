/* What a message says: from the engine's own words of the moment. */
#include <inttypes.h>
#include <string.h>

#include "alerts/inside.h"
#include "base/json.h"
#include "base/str.h"

void link_below(const char *base, const char *path, char *to, size_t size)
{
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    to[0] = '\0';
    if (length > 0)
        (void)str_format(to, size, "%.*s%s", (int)length, base, path);
}

void alert_link(const struct alerts *a, const char *path, char *to, size_t size)
{
    const struct settings *s = a->settings;
    link_below(s->alerts.link[0] != '\0' ? s->alerts.link : s->server.external_url, path, to, size);
}

static enum message_kind kind_of(const struct alert_effect *effect)
{
    switch (effect->kind) {
    case ALERT_TRIGGER:
        return MESSAGE_TRIGGER;
    case ALERT_RESOLVE:
        return MESSAGE_RESOLVE;
    case ALERT_HEALED:
        return MESSAGE_ANNOUNCE;
    default:
        return MESSAGE_UPDATE;
    }
}

/* ── the service ── */

/* A line that announces lines of the log ends before it does: those go to admins alone. */
static void end_before_log(char *line)
{
    char *last = strrchr(line, ';');
    if (last != NULL && line[strlen(line) - 1] == ':')
        *last = '\0';
}

static void put_evidence(struct message *m, const json_t *evidence)
{
    size_t i;
    const json_t *line;
    json_array_foreach(evidence, i, line) {
        const char *text = json_is_string(line) ? json_string_value(line) : "";
        bool log = str_starts(text, CAUSE_LOG_EVIDENCE);
        struct message_lines *lines = log ? &m->log : &m->evidence;
        size_t most = log ? MESSAGE_LOG_LINES_MAX : MESSAGE_EVIDENCE_MAX;
        if (lines->count == most)
            continue;
        (void)str_copy(lines->lines[lines->count], MESSAGE_LINE_MAX,
                       log ? text + strlen(CAUSE_LOG_EVIDENCE) : text);
        end_before_log(lines->lines[lines->count++]);
    }
}

/* What Resus did, or why it does nothing. When it is over, why it does nothing now is of no use, and
 * no further attempt is to come. Only the loss of the service is what attempts are made for. */
static void put_action(struct message *m, const struct book_entry *e, const json_t *recovery,
                       bool over)
{
    const char *withheld = json_text_or(json_object_get(recovery, "withheld"), "text", "");
    const char *step = json_text_or(recovery, "next_step", "");
    const char *level = json_text_or(recovery, "recovery_level", "unknown");
    long long attempts =
        e->key.class == CLASS_AVAILABILITY ? (long long)json_int_or(recovery, "attempts", 0) : 0;
    if (attempts > 0 && over)
        (void)str_format(m->action, sizeof m->action, "Resus made %lld attempt%s at recovery (%s).",
                         attempts, attempts == 1 ? "" : "s", level);
    else if (attempts > 0)
        (void)str_format(m->action, sizeof m->action,
                         "%lld of %lld attempts at recovery (the last one: %s), so far without "
                         "success.",
                         attempts, (long long)json_int_or(recovery, "max_attempts", 0), level);
    if (over)
        return;
    if (withheld[0] != '\0')
        (void)str_append(m->action, sizeof m->action, "%s%s", attempts > 0 ? " " : "Nothing. ",
                         withheld);
    else if (step[0] != '\0')
        (void)str_append(m->action, sizeof m->action, "%s%s", attempts > 0 ? " " : "", step);
    else if (attempts == 0)
        (void)str_copy(m->action, sizeof m->action, "Nothing yet.");
}

/* One command, the likeliest next one. */
static void put_command(struct message *m, const struct alert_look *look, const json_t *recovery)
{
    const char *why = json_text_or(json_object_get(recovery, "withheld"), "reason_code", "");
    const struct cause_row *row = cause_row(look->facts.verdict.cause);
    bool used_up = look->facts.breaker_open || str_equal(why, "attempts_exhausted");
    bool starts = row->restart == RESTART_HELPS && row->remedy != REMEDY_LADDER;
    const char *verb = used_up ? "recovery reset" : starts ? "start" : "diagnose";
    (void)str_format(m->command, sizeof m->command, "resus %s %s", verb, m->service);
}

/* Several Redis can share a host: the port says which. */
static void put_host(const struct service_settings *s, struct message *m)
{
    const char *host = s->control == CONTROL_SSH ? s->ssh.host : s->redis.host;
    bool v6 = strchr(host, ':') != NULL;
    if (host[0] == '\0' || s->redis.socket[0] != '\0')
        (void)str_copy(m->host, sizeof m->host, host);
    else
        (void)str_format(m->host, sizeof m->host, v6 ? "[%s]:%d" : "%s:%d", host, s->redis.port);
}

static void put_service(struct alerts *a, const struct book_entry *e,
                        const struct alert_effect *effect, struct now now, struct message *m)
{
    const struct service_settings *s = engine_settings(a->ports.engine, e->service);
    JSON_CLEANUP json_t *health = engine_health_json(a->ports.engine, e->service, now);
    JSON_CLEANUP json_t *status = engine_status_json(a->ports.engine, e->service, now);
    const json_t *cause = json_object_get(health, "cause");
    const json_t *recovery = json_object_get(health, "auto_recovery");
    struct alert_look look;
    engine_alert_look(a->ports.engine, e->service, now, &look);
    (void)str_copy(m->service, sizeof m->service, s->id);
    (void)str_copy(m->service_name, sizeof m->service_name, s->name);
    put_host(s, m);
    if (str_equal(json_text_or(cause, "code", ""), m->cause))
        (void)str_copy(m->summary, sizeof m->summary, json_text_or(cause, "summary", ""));
    put_evidence(m, json_object_get(cause, "evidence"));
    put_action(m, e, recovery, effect->kind == ALERT_RESOLVE);
    put_command(m, &look, recovery);
    m->connections = json_int_or(status, "connections", MESSAGE_UNKNOWN);
    m->unsaved_changes = look.unsaved_changes >= 0 ? look.unsaved_changes : MESSAGE_UNKNOWN;
    if (effect->cause == CAUSE_OK && effect->kind != ALERT_RESOLVE && effect->kind != ALERT_HEALED)
        (void)str_copy(
            m->summary, sizeof m->summary,
            look.facts.breaker_open
                ? "Redis answers, but the circuit breaker is open: the next failure will "
                  "not be treated."
                : "Redis answers, but had to be recovered three times within an hour.");
}

/* ── what is reported, not looked up: findings, backups, Resus itself ── */

/* The service's recovery has no part in it, and its figures say nothing about it. */
static void put_reported(struct alerts *a, const struct book_entry *e, struct message *m)
{
    static const char channel[] = "channel.";
    const char *detail = e->key.detail;
    m->action[0] = m->stake[0] = m->command[0] = '\0';
    m->evidence.count = m->log.count = 0;
    m->unsaved_changes = m->connections = MESSAGE_UNKNOWN;
    if (e->key.class == CLASS_SECURITY) {
        (void)str_copy(m->command, sizeof m->command, "resus audit list");
        alert_link(a, "/audit", m->link, sizeof m->link);
    } else if (e->key.class == CLASS_BACKUP) {
        (void)str_format(m->command, sizeof m->command, "resus backup list %s", m->service);
    } else if (str_starts(detail, channel)) {
        (void)str_format(m->command, sizeof m->command, "resus notify test %s",
                         detail + strlen(channel));
    } else if (e->service < 0) {
        (void)str_copy(m->command, sizeof m->command,
                       str_starts(detail, "audit") ? "resus audit verify" : "resus doctor");
    }
}

/* ── what it is about ── */

/* The end names what the first message named: readers know the alert by that. The causes that follow
 * one another while a service comes back are of no use to them. */
static void put_end(const struct book_entry *e, const struct alert_effect *effect,
                    struct message *m)
{
    static const char *const texts[ALERT_WHY_COUNT] = {
        [ALERT_WHY_WORSE] = "It became worse: a new alert takes its place.",
        [ALERT_WHY_MILDER] = "It is less severe now, and no longer of concern here.",
        [ALERT_WHY_GONE] = "It has left the settings.",
    };
    const char *text = texts[effect->why];
    (void)str_copy(m->title, sizeof m->title, json_text_or(e->facts, "summary", m->summary));
    (void)str_copy(m->cause, sizeof m->cause, json_text_or(e->facts, "cause", m->cause));
    (void)str_copy(m->summary, sizeof m->summary, text == NULL ? "All is well again." : text);
    m->ended = e->alert.ended;
    m->evidence.count = m->log.count = 0;
    m->command[0] = m->stake[0] = '\0';
    m->unsaved_changes = m->connections = MESSAGE_UNKNOWN;
}

static void put_healed(const struct book_entry *e, struct now now, struct message *m)
{
    char before[MESSAGE_LINE_MAX];
    (void)str_copy(before, sizeof before, m->summary);
    m->key[0] = '\0';
    m->severity = 0;
    m->ended = now.wall;
    m->evidence.count = m->log.count = 0;
    m->command[0] = '\0';
    m->action[0] = '\0';
    m->unsaved_changes = m->connections = MESSAGE_UNKNOWN;
    (void)str_copy(m->title, sizeof m->title, "Automatic recovery has repaired it");
    (void)str_format(m->summary, sizeof m->summary, "No action is needed. It was: %s",
                     cause_row(e->alert.cause)->summary);
}

static void put_update(const struct alert_effect *effect, const struct book_entry *e,
                       struct message *m)
{
    if (e->key.class == CLASS_SECURITY)
        return; /* each finding is sent */
    if (effect->why == ALERT_WHY_FLAPPING)
        (void)str_copy(m->text, sizeof m->text,
                       "It comes and goes: further changes are not sent. It ends after 15 minutes "
                       "without trouble.");
    else if (effect->why == ALERT_WHY_MILDER)
        (void)str_copy(m->text, sizeof m->text, "It is less severe now.");
    else if (effect->why == ALERT_WHY_MEMBERS)
        (void)str_format(m->text, sizeof m->text, "It concerns %d services now.", e->alert.members);
    else if (effect->why == ALERT_WHY_WINDOW)
        (void)str_copy(m->text, sizeof m->text,
                       "It began in a maintenance window that is over now.");
}

static bool is_reported(const struct book_entry *e)
{
    return e->key.class == CLASS_SECURITY || e->key.class == CLASS_BACKUP ||
           (e->key.class == CLASS_SELF && e->service < 0);
}

static void put_cause_link(const struct alerts *a, struct message *m)
{
    char path[sizeof ALERTS_CAUSES_PATH + sizeof m->cause];
    if (m->cause[0] == '\0')
        return;
    (void)str_format(path, sizeof path, ALERTS_CAUSES_PATH "#%s", m->cause);
    alert_link(a, path, m->cause_link, sizeof m->cause_link);
}

void alert_words(struct alerts *a, const struct book_entry *e, const struct alert_effect *effect,
                 struct now now, struct message *m)
{
    const struct cause_row *row = cause_row(effect->cause);
    char path[48];
    message_init(m, kind_of(effect));
    m->severity = (int)SEVERITY_P1 - (int)effect->severity + 1;
    (void)alert_key_text(a->settings->server.name, &e->key, effect->episode, m->key);
    (void)str_copy(m->instance, sizeof m->instance, a->settings->server.name);
    m->began = e->alert.began;
    (void)str_format(path, sizeof path, "/alerts/%" PRId64, e->number);
    alert_link(a, path, m->link, sizeof m->link);
    if (effect->cause != CAUSE_NONE && effect->cause != CAUSE_OK)
        (void)str_copy(m->cause, sizeof m->cause, row->code);
    if (e->summary[0] != '\0')
        (void)str_copy(m->summary, sizeof m->summary, e->summary);
    else
        (void)str_copy(m->summary, sizeof m->summary, row->summary);
    if (e->service >= 0)
        put_service(a, e, effect, now, m);
    else if (e->key.class == CLASS_HOST)
        (void)str_copy(m->host, sizeof m->host, e->key.subject);
    if (is_reported(e))
        put_reported(a, e, m);
    if (effect->kind == ALERT_RESOLVE)
        put_end(e, effect, m);
    else if (effect->kind == ALERT_HEALED)
        put_healed(e, now, m);
    else
        put_update(effect, e, m);
    put_cause_link(a, m);
}
