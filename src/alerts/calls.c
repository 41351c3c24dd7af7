/* Messages about an incident, and who is called. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/incident_inside.h"
#include "base/json.h"
#include "base/str.h"
#include "io/log.h"

/* ── the subject ── */

const struct book_entry *moment_worst_alert(const struct moment *m)
{
    const struct alerts *a = m->a;
    const struct case_entry *c = m->c;
    const struct book_entry *worst = NULL;
    for (const struct book_entry *e = book_first(&a->book, c->service); e != NULL; e = e->next)
        if (str_equal(e->key.subject, c->subject) && alert_counts_as(&e->alert) != SEVERITY_NONE &&
            (worst == NULL || alert_counts_as(&e->alert) > alert_counts_as(&worst->alert)))
            worst = e;
    return worst;
}

bool moment_held(const struct moment *m)
{
    const struct alerts_ports *ports = &m->a->ports;
    return ports->held != NULL && ports->held(ports->context, m->c->service);
}

static bool data_at_risk(const struct alerts *a, const struct case_entry *c)
{
    for (const struct book_entry *e = book_first(&a->book, c->service); e != NULL; e = e->next)
        if (alert_counts_as(&e->alert) != SEVERITY_NONE &&
            (e->alert.cause == CAUSE_PERSISTENCE_FAILING || e->alert.cause == CAUSE_DATA_CORRUPT))
            return true;
    return false;
}

static channel_set failing(const struct alerts *a)
{
    channel_set set = 0;
    for (size_t i = 0; i < a->plan->count; i++) {
        struct outbox_channel_state state;
        outbox_look_channel(a->outbox, (int)i, &state);
        set |= state.failing ? CHANNEL_BIT(i) : 0;
    }
    return set;
}

channel_set moment_readers(const struct moment *m)
{
    const struct plan *plan = m->a->plan;
    const struct route_set *routes = m->c->service < 0 ? &m->a->own : &m->a->routes[m->c->service];
    return routes->by_severity[m->c->incident.worst] & ~(plan->routes.pagers | plan->boards);
}

const char *moment_title(const struct moment *m)
{
    return json_text_or(m->c->texts, "title", "");
}

/* ── messages ── */

struct saying {
    enum lane_kind lane;
    enum message_kind kind;
    channel_set channels;
    const char *key; /* NULL = of no alert */
    uint32_t generation;
    char text[MESSAGE_TEXT_MAX];
};

static json_t *facts_of(const struct moment *m, const struct saying *s)
{
    const struct book_entry *alert = moment_worst_alert(m);
    json_t *facts = alert == NULL ? NULL : json_deep_copy(alert->facts);
    char severity[8], title[256];
    if (facts == NULL)
        facts = json_object();
    (void)str_format(severity, sizeof severity, "P%d",
                     (int)SEVERITY_P1 - (int)m->c->incident.severity + 1);
    (void)str_format(title, sizeof title, "Incident %" PRId64 " (%s): %s", m->c->number,
                     incident_status_word(m->c->incident.status), moment_title(m));
    if (s->kind == MESSAGE_ANNOUNCE || s->kind == MESSAGE_REMINDER)
        (void)json_object_del(facts, "summary"); /* the title says it: the news comes first */
    (void)json_object_del(facts, "key");
    (void)json_object_del(facts, "ended_at");
    (void)(json_put_text(facts, "kind", message_kind_word(s->kind)) &&
           json_put_text(facts, "severity", severity) && json_put_text(facts, "title", title) &&
           json_put_text(facts, "text", s->text) &&
           json_put_text(facts, "instance", m->a->settings->server.name) &&
           json_put_wall(facts, "began_at", m->c->incident.opened) &&
           json_put_int(facts, "incident", m->c->number) &&
           json_put_int(facts, "posted_at", m->now.wall.ms));
    if (s->key != NULL)
        (void)json_put_text(facts, "key", s->key);
    if (m->person != NULL)
        (void)json_put_text(facts, "author", m->person);
    if (m->c->service >= 0) {
        const struct service_settings *settings = &m->a->settings->services[m->c->service];
        (void)(json_put_text(facts, "service", settings->id) &&
               json_put_text(facts, "service_name", settings->name));
    }
    return facts;
}

static void say(const struct moment *m, const struct saying *s)
{
    struct error err = {0};
    if (s->channels == 0)
        return;
    JSON_CLEANUP json_t *facts = facts_of(m, s);
    JSON_CLEANUP json_t *record = case_record(m->c, m->a->plan, m->now);
    const struct record_change change = {
        .kind = RECORD_INCIDENT, .number = m->c->number, .body = record};
    const struct outbox_post post = {
        .kind = s->lane,
        .severity = (int)SEVERITY_P1 - (int)m->c->incident.severity + 1,
        .thread = s->key,
        .service = m->c->subject[0] == '\0' ? NULL : m->c->subject,
        .channels = s->channels,
        .generation = s->generation,
        .facts = facts,
        .with = &change,
        .with_count = record == NULL ? 0 : 1,
    };
    if (outbox_post(m->a->outbox, &post, &err) < 0)
        log_error("alerts", "incident %" PRId64 ": a message is not sent: %s", m->c->number,
                  err.text);
}

void moment_say(const struct moment *m, enum lane_kind lane, enum message_kind kind,
                channel_set channels, const char *text)
{
    struct saying s = {.lane = lane, .kind = kind, .channels = channels};
    (void)str_copy(s.text, sizeof s.text, text);
    say(m, &s);
}

/* "resus/INSTANCE/SUBJECT/incident/NUMBER.CALL": a key of its own, because a pager does not call
 * again for one that is open. */
static void call_key(const struct moment *m, int64_t call, char ret[ALERT_KEY_TEXT_SIZE])
{
    (void)str_format(ret, ALERT_KEY_TEXT_SIZE, "resus/%.*s/%s/incident/%" PRId64 ".%" PRId64,
                     ALERT_INSTANCE_MAX, m->a->settings->server.name,
                     m->c->subject[0] == '\0' ? "-" : m->c->subject, m->c->number, call);
}

bool incidents_stale(struct alerts *a, const char *thread, uint32_t generation)
{
    const char *number = strstr(thread, "/incident/");
    if (number == NULL)
        return false;
    const struct case_entry *c =
        case_by_number(&a->cases, strtoll(number + strlen("/incident/"), NULL, 10));
    return c == NULL || !escalation_current(&c->escalation, (uint64_t)generation - 1);
}

static void remember_call(const struct moment *m, const char *key, channel_set channels)
{
    json_t *call = json_object();
    if (json_array_size(m->c->calls) >= CASE_CALLS_MAX)
        (void)json_array_remove(m->c->calls, 0);
    (void)(json_put_text(call, "key", key) &&
           json_put(call, "channels", plan_names(m->a->plan, channels)));
    (void)json_array_append_new(m->c->calls, call);
}

void moment_end_calls(const struct moment *m, const char *why)
{
    JSON_CLEANUP json_t *calls = m->c->calls;
    size_t i;
    const json_t *call;
    m->c->calls = json_array();
    json_array_foreach(calls, i, call) {
        struct saying s = {.lane = LANE_RESOLVE,
                           .kind = MESSAGE_RESOLVE,
                           .channels = plan_set(m->a->plan, json_object_get(call, "channels")),
                           .key = json_text_or(call, "key", NULL)};
        s.channels &= ~m->a->plan->unresolved;
        (void)str_copy(s.text, sizeof s.text, why);
        if (s.key != NULL)
            say(m, &s);
    }
}

/* ── escalation ── */

static const char *const call_texts[ESCALATION_WHY_COUNT] = {
    [ESCALATION_WHY_OPENED] = "The incident has opened.",
    [ESCALATION_WHY_UNACKED] = "Nobody has acknowledged it.",
    [ESCALATION_WHY_UNRESOLVED] = "It is not resolved yet.",
    [ESCALATION_WHY_WORSE] = "It became worse.",
    [ESCALATION_WHY_RECURS] = "It is the third incident of this cause within 7 days.",
    [ESCALATION_WHY_DATA] = "Data may be lost.",
    [ESCALATION_WHY_BREACH] = "It may be a breach.",
    [ESCALATION_WHY_NO_UPDATE] = "Reminders of the status update were not answered.",
    [ESCALATION_WHY_ASKED] = "", /* in the person's own words */
};

/* At the opening those need no second message that have the alert's own. */
static channel_set have_alert(const struct moment *m)
{
    channel_set set = 0;
    for (const struct book_entry *e = book_first(&m->a->book, m->c->service); e != NULL;
         e = e->next)
        if (str_equal(e->key.subject, m->c->subject))
            set |= e->alert.notified;
    return set;
}

static void call(const struct moment *m, const struct escalation_effect *e)
{
    char key[ALERT_KEY_TEXT_SIZE], text[MESSAGE_TEXT_MAX];
    bool asked = e->why == ESCALATION_WHY_ASKED;
    const char *name = m->c->escalation.policy.levels[e->level].name;
    channel_set channels = e->channels & ~m->a->plan->boards;
    (void)str_format(text, sizeof text, "Level %d (%s) is called. %s", e->level + 1, name,
                     asked ? m->text : call_texts[e->why]);
    case_note(m->c, m->now, "call", asked ? m->person : NULL, text);
    if (e->why == ESCALATION_WHY_OPENED)
        channels &= ~have_alert(m);
    call_key(m, ++m->c->call_last, key);
    struct saying s = {.lane = LANE_TRIGGER,
                       .kind = MESSAGE_TRIGGER,
                       .channels = channels,
                       .key = key,
                       /* An acknowledgement does not take back what a person asks for. */
                       .generation = asked ? 0 : (uint32_t)e->generation + 1};
    (void)str_format(s.text, sizeof s.text, "%s Acknowledge: resus incident ack %" PRId64, text,
                     m->c->number);
    if ((channels & m->a->plan->routes.pagers) != 0)
        remember_call(m, key, channels & m->a->plan->routes.pagers);
    say(m, &s);
}

static channel_set first_level(const struct case_entry *c)
{
    return c->escalation.policy.count == 0 ? 0 : c->escalation.policy.levels[0].channels;
}

static void report_unreached(const struct moment *m)
{
    char text[200];
    (void)str_format(text, sizeof text,
                     "Incident %" PRId64 ": no level of the escalation is left that can be called.",
                     m->c->number);
    alerts_report(m->a, &(struct alert_report){.key = {.class = CLASS_SELF, .detail = "escalation"},
                                               .event = ALERT_BAD,
                                               .over = true,
                                               .severity = SEVERITY_P2,
                                               .summary = text});
}

static void carry_out_escalation(struct moment *m, const struct escalation_effect *e)
{
    channel_set chats = first_level(m->c) & ~(m->a->plan->routes.pagers | m->a->plan->boards);
    char text[256];
    m->changed = true;
    switch (e->kind) {
    case ESCALATION_CALL:
        call(m, e);
        break;
    case ESCALATION_SKIPPED:
        (void)str_format(text, sizeof text, "Level %d has no contact that can be reached.",
                         e->level + 1);
        case_note(m->c, m->now, "skip", NULL, text);
        break;
    case ESCALATION_UNREACHED:
        case_note(m->c, m->now, "skip", NULL, "No level is left that can be called.");
        report_unreached(m);
        break;
    case ESCALATION_ACKED:
        (void)str_copy(m->c->acknowledged_by, sizeof m->c->acknowledged_by, m->person);
        case_note(m->c, m->now, "acknowledge", m->person, m->text == NULL ? "" : m->text);
        moment_end_calls(m, "It is acknowledged.");
        break;
    case ESCALATION_ACK_WARN:
        moment_say(m, LANE_REMINDER, MESSAGE_REMINDER, chats,
                   "The acknowledgement ends in 5 minutes: give a status update, or resolve it.");
        break;
    case ESCALATION_ACK_ENDED:
        m->c->acknowledged_by[0] = '\0';
        case_note(m->c, m->now, "acknowledge", NULL, "The acknowledgement has ended.");
        moment_say(m, LANE_REMINDER, MESSAGE_REMINDER, chats,
                   "The acknowledgement has ended without a status update: the calls go on.");
        break;
    default:
        break;
    }
}

void moment_escalate(struct moment *m, enum escalation_event event)
{
    struct case_entry *c = m->c;
    struct escalation_effects out;
    const struct escalation_input in = {
        .event = event,
        .policy = &m->a->plan->levels,
        .severity = c->incident.severity,
        .recurs = case_recurs(&m->a->cases, c, m->now.wall),
        .data_at_risk = data_at_risk(m->a, c),
        .held = moment_held(m),
        .dead = failing(m->a),
        .level = m->level,
    };
    if (event == ESCALATION_BEGIN && m->a->plan->levels.count == 0)
        return; /* nobody is to be called */
    escalation_step(&c->escalation, &in, m->now.mono, &out);
    for (size_t i = 0; i < out.count; i++)
        carry_out_escalation(m, &out.items[i]);
    c->wake = mono_min(c->wake, out.wake);
}
