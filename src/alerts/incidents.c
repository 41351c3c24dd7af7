#include "alerts/incidents.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/incident_inside.h"
#include "base/json.h"
#include "base/str.h"
#include "io/log.h"
#include "store/record.h"

static bool held(const struct alerts *a, int service)
{
    return a->ports.held != NULL && a->ports.held(a->ports.context, service);
}

/* ── incidents ── */

static void note_status(const struct moment *m, const struct incident_effect *e)
{
    char text[64];
    (void)str_format(text, sizeof text, "Status: %s", incident_status_word(e->status));
    case_note(m->c, m->now, "status", m->person, text);
    if (e->status == INCIDENT_MITIGATED || e->status == INCIDENT_RESOLVED)
        moment_end_calls(m, e->status == INCIDENT_MITIGATED ? "The alerts are over."
                                                            : "The incident is resolved.");
}

static void opened(const struct moment *m)
{
    const struct book_entry *alert = moment_worst_alert(m);
    const char *summary = alert == NULL ? "" : json_text_or(alert->facts, "summary", "");
    if (alert != NULL)
        m->c->cause = alert->alert.cause;
    if (moment_title(m)[0] == '\0')
        (void)json_put_text(m->c->texts, "title",
                            summary[0] != '\0' ? summary : cause_row(m->c->cause)->summary);
    m->c->number = record_next(m->a->ports.store, RECORD_INCIDENT);
    case_note(m->c, m->now, "open", m->person, moment_title(m));
    case_note_opening(&m->a->cases, m->c);
    log_info("alerts", "incident %" PRId64 " of %s is open (%s)", m->c->number,
             m->c->subject[0] == '\0' ? "no service" : m->c->subject,
             severity_word(m->c->incident.severity));
    if (m->person != NULL)
        moment_say(m, LANE_ANNOUNCE, MESSAGE_ANNOUNCE, moment_readers(m), "It was opened by hand.");
}

/* A line of its own for a text that a person has set. */
static void add_text(const struct moment *m, const char *label, const char *key, char *to,
                     size_t size)
{
    const char *text = json_text_or(m->c->texts, key, "");
    if (text[0] != '\0')
        (void)str_append(to, size, "\n%s: %s", label, text);
}

static void resolution(const struct moment *m)
{
    char text[MESSAGE_TEXT_MAX], length[DURATION_TEXT_SIZE];
    (void)str_format(text, sizeof text, "Resolved after %s.",
                     duration_text(wall_since(m->now.wall, m->c->incident.opened), length));
    add_text(m, "Summary", "summary", text, sizeof text);
    add_text(m, "Impact", "impact", text, sizeof text);
    (void)str_append(text, sizeof text, "\nRoot cause: %s\nResolution: %s",
                     json_text_or(m->c->texts, "root_cause", "not known yet"),
                     json_text_or(m->c->texts, "resolution", "not known yet"));
    add_text(m, "Preventive measures", "preventive_measures", text, sizeof text);
    (void)str_append(text, sizeof text, "\nPost-mortem: resus incident postmortem %" PRId64,
                     m->c->number);
    if (m->c->incident.worst >= SEVERITY_P2)
        moment_say(m, LANE_ANNOUNCE, MESSAGE_ANNOUNCE, moment_readers(m), text);
}

/* What the runbook's update has beside the person's words: whoever reads it asks for these next. */
static void update(const struct moment *m, const struct incident_effect *e)
{
    const struct incident *i = &m->c->incident;
    char text[MESSAGE_TEXT_MAX], due[WALL_TEXT_SIZE];
    (void)str_format(text, sizeof text, "Status: %s. %s", incident_status_word(e->status), m->text);
    add_text(m, "Impact", "impact", text, sizeof text);
    if (i->commander[0] != '\0')
        (void)str_append(text, sizeof text, "\nIncident commander: %s", i->commander);
    if (i->update_due.ms != MONO_NEVER.ms && i->update_due.ms > m->now.mono.ms) {
        (void)wall_text(wall_add(m->now.wall, mono_since(i->update_due, m->now.mono)), due);
        (void)str_append(text, sizeof text, "\nNext update: %.10s %.5s UTC", due, due + 11);
    }
    moment_say(m, LANE_ANNOUNCE, MESSAGE_ANNOUNCE, moment_readers(m), text);
}

static void carry_out(struct moment *m, const struct incident_effect *e)
{
    char text[MESSAGE_TEXT_MAX];
    m->changed = true;
    switch (e->kind) {
    case INCIDENT_OPENED:
        opened(m);
        break;
    case INCIDENT_REOPENED:
        case_note(m->c, m->now, "reopen", NULL, "It is bad again.");
        break;
    case INCIDENT_STATUS:
        note_status(m, e);
        break;
    case INCIDENT_RATED:
        (void)str_format(text, sizeof text, "Severity: %s", severity_word(e->severity));
        case_note(m->c, m->now, "severity", m->person, text);
        break;
    case INCIDENT_COMMAND:
        case_note(m->c, m->now, "command", m->person, "Takes command.");
        break;
    case INCIDENT_UPDATED:
        case_note(m->c, m->now, "update", m->person, m->text);
        update(m, e);
        break;
    case INCIDENT_REMINDER:
        (void)str_format(text, sizeof text,
                         "A status update is due: resus incident update %" PRId64 " TEXT",
                         m->c->number);
        moment_say(m, LANE_REMINDER, MESSAGE_REMINDER, moment_readers(m), text);
        break;
    case INCIDENT_UNANSWERED:
        case_note(m->c, m->now, "reminder", NULL,
                  "Reminders of the status update were not answered.");
        break;
    case INCIDENT_ASK_OVER:
        (void)str_format(text, sizeof text,
                         "All is well: is it over? resus incident resolve %" PRId64, m->c->number);
        moment_say(m, LANE_REMINDER, MESSAGE_REMINDER, moment_readers(m), text);
        break;
    case INCIDENT_RESOLUTION:
        resolution(m);
        break;
    default:
        break;
    }
}

/* True: another incident has to be opened for this. */
static bool respond(struct moment *m, const struct incident_input *in,
                    enum incident_refusal *ret_refusal)
{
    struct incident_effects out;
    incident_step(&m->c->incident, in, m->now, &out);
    if (out.count > 0 && out.items[0].kind == INCIDENT_ANOTHER)
        return true;
    for (size_t i = 0; i < out.count; i++) {
        enum escalation_event event;
        if (out.items[i].kind == INCIDENT_REFUSED) {
            *ret_refusal = out.items[i].refusal;
            continue;
        }
        carry_out(m, &out.items[i]);
        if (escalation_event_of(&out.items[i], m->c->escalation.state, &event))
            moment_escalate(m, event);
    }
    m->c->wake = mono_min(m->c->wake, out.wake);
    return false;
}

/* ── the record, and those who watch ── */

static void finish(struct moment *m, uint64_t save)
{
    if (!m->changed && save == 0)
        return;
    JSON_CLEANUP json_t *record = case_record(m->c, m->a->plan, m->now);
    const struct record_change change = {
        .kind = RECORD_INCIDENT, .number = m->c->number, .body = record};
    record_write(m->a->ports.store,
                 &(struct record_write){.changes = &change, .count = 1, .full = true, .id = save});
    if (m->c->service >= 0) {
        json_t *body = json_object();
        (void)json_put(body, "incident", incidents_record_json(m->a, m->c->number, record, false));
        (void)json_put_text(body, "message", moment_title(m));
        engine_tell(m->a->ports.engine, m->c->service, "incident", body, m->now);
    }
    if (m->c->incident.status == INCIDENT_CLOSED)
        m->c->wake = m->now.mono; /* leaves memory then */
}

static void wake(struct moment *m)
{
    enum incident_refusal ignored;
    const struct incident_input in = {.event = INCIDENT_WAKE, .held = moment_held(m)};
    m->c->wake = MONO_NEVER;
    (void)respond(m, &in, &ignored);
    moment_escalate(m, ESCALATION_WAKE);
}

static enum severity worst_of(const struct alerts *a, int service, const char *subject)
{
    enum severity worst = SEVERITY_NONE;
    for (const struct book_entry *e = book_first(&a->book, service); e != NULL; e = e->next)
        if (str_equal(e->key.subject, subject) && alert_counts_as(&e->alert) > worst)
            worst = alert_counts_as(&e->alert);
    return worst;
}

void incidents_look(struct alerts *a, int service, const char *subject, struct now now)
{
    struct moment m = {.a = a, .c = case_of(&a->cases, subject), .now = now};
    enum severity worst = worst_of(a, service, subject);
    enum incident_refusal ignored;
    const struct incident_input in = {
        .event = INCIDENT_ALERTS, .severity = worst, .held = held(a, service)};
    if (m.c == NULL && worst == SEVERITY_NONE)
        return;
    if (m.c != NULL && m.c->incident.alerts == worst && worst != SEVERITY_NONE &&
        incident_open(&m.c->incident))
        return; /* nothing new */
    if (m.c == NULL && (m.c = case_add(&a->cases, subject, service)) == NULL)
        return;
    if (respond(&m, &in, &ignored)) {
        if ((m.c = case_add(&a->cases, subject, service)) == NULL)
            return;
        (void)respond(&m, &in, &ignored);
    }
    finish(&m, 0);
}

void incidents_acted(struct alerts *a, int service, const char *person, const char *text)
{
    struct moment m = {
        .a = a, .c = case_of(&a->cases, a->settings->services[service].id), .now = alerts_now(a)};
    if (m.c == NULL || !incident_open(&m.c->incident))
        return;
    case_note(m.c, m.now, "action", person, text);
    m.changed = true;
    finish(&m, 0);
}

void incidents_window(struct alerts *a, int64_t window, const char *text)
{
    char number[24];
    (void)str_format(number, sizeof number, "%" PRId64, window);
    for (struct case_entry *c = a->cases.first; c != NULL; c = c->next) {
        if (!str_equal(json_text_or(c->texts, "window", ""), number))
            continue;
        struct moment m = {.a = a, .c = c, .now = alerts_now(a), .changed = true};
        case_note(c, m.now, "action", NULL, text);
        finish(&m, 0);
    }
}

void incidents_turn(struct alerts *a, struct now now)
{
    for (struct case_entry *c = a->cases.first, *next; c != NULL; c = next) {
        next = c->next;
        if (!mono_reached(now.mono, c->wake))
            continue;
        if (c->incident.status == INCIDENT_CLOSED) {
            case_drop(&a->cases, c);
            continue;
        }
        struct moment m = {.a = a, .c = c, .now = now};
        wake(&m);
        finish(&m, 0);
    }
}

mono_ms incidents_wake(const struct alerts *a)
{
    mono_ms at = MONO_NEVER;
    for (const struct case_entry *c = a->cases.first; c != NULL; c = c->next)
        at = mono_min(at, c->wake);
    return at;
}

bool incidents_overdue(const struct alerts *a)
{
    for (const struct case_entry *c = a->cases.first; c != NULL; c = c->next)
        if (escalation_overdue(&c->escalation, alerts_now(a).mono))
            return true;
    return false;
}

void incidents_moved(struct alerts *a, const int8_t to[ROUTE_CHANNELS_MAX])
{
    for (struct case_entry *c = a->cases.first; c != NULL; c = c->next)
        escalation_channels_moved(&c->escalation, to);
}

static void load_one(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct alerts *a = context;
    struct case_entry read;
    struct error err = {0};
    (void)kind;
    if (case_read(body, a->plan, alerts_now(a), &read, &err) < 0) {
        log_error("alerts", "incident %" PRId64 " cannot be read: %s", number, err.text);
        return;
    }
    case_note_opening(&a->cases, &read);
    struct case_entry *c = NULL;
    if (read.incident.status != INCIDENT_CLOSED)
        c = case_add(&a->cases, read.subject, engine_service_index(a->ports.engine, read.subject));
    if (c == NULL) {
        json_decref(read.timeline);
        json_decref(read.texts);
        json_decref(read.calls);
        return;
    }
    json_decref(c->timeline);
    json_decref(c->texts);
    json_decref(c->calls);
    read.next = c->next;
    read.service = c->service;
    read.number = number;
    *c = read;
}

int incidents_load(struct alerts *a, struct error *err)
{
    return record_load(a->ports.store, RECORD_INCIDENT, NULL, load_one, a, err);
}

/* ── people ── */

static int refused(enum incident_refusal refusal, struct error *err)
{
    return error_set(err, -EPERM, "%s", incident_refusal_text(refusal));
}

static bool accepted(enum incident_refusal refusal)
{
    return refusal == INCIDENT_REFUSE_NOT;
}

static void set_texts(struct moment *m, const json_t *texts)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)texts, key, value) /* the iterator is not const */
    {
        char text[96];
        (void)json_object_set(m->c->texts, key, value);
        (void)str_format(text, sizeof text, "Sets %s.", key);
        case_note(m->c, m->now, "set", m->person, text);
        m->changed = true;
    }
}

static enum incident_refusal set(struct moment *m, const struct incident_order *o)
{
    enum incident_refusal refusal = INCIDENT_REFUSE_NOT;
    struct incident_input in = {.person = o->person, .held = moment_held(m)};
    set_texts(m, o->texts);
    if (o->severity != SEVERITY_NONE) {
        in.event = INCIDENT_SEVERITY;
        in.severity = o->severity;
        (void)respond(m, &in, &refusal);
    }
    if (o->status == NULL || !accepted(refusal))
        return refusal;
    in.event = str_equal(o->status, "mitigated")  ? INCIDENT_MITIGATE
               : str_equal(o->status, "resolved") ? INCIDENT_RESOLVE
                                                  : INCIDENT_CLOSE;
    in.postmortem = POSTMORTEM_KEPT;
    (void)respond(m, &in, &refusal);
    return refusal;
}

static enum incident_refusal escalate(struct moment *m)
{
    const struct escalation *e = &m->c->escalation;
    if (!incident_open(&m->c->incident))
        return INCIDENT_REFUSE_NOT_OPEN;
    if (e->state == ESCALATION_OFF || m->level > (int)e->policy.count)
        return INCIDENT_REFUSE_LEVEL;
    moment_escalate(m, ESCALATION_ASK);
    return INCIDENT_REFUSE_NOT;
}

static enum incident_refusal obey(struct moment *m, const struct incident_order *o)
{
    enum incident_refusal refusal = INCIDENT_REFUSE_NOT;
    struct incident_input in = {.person = o->person, .next_ms = o->next_ms, .held = moment_held(m)};
    switch (o->kind) {
    case ORDER_TAKE:
        in.event = INCIDENT_TAKE;
        (void)respond(m, &in, &refusal);
        break;
    case ORDER_UPDATE:
        in.event = INCIDENT_UPDATE;
        (void)respond(m, &in, &refusal);
        break;
    case ORDER_NOTE:
        case_note(m->c, m->now, "note", o->person, o->text);
        m->changed = true;
        break;
    case ORDER_ACKNOWLEDGE:
        if (!incident_open(&m->c->incident))
            return INCIDENT_REFUSE_NOT_OPEN;
        moment_escalate(m, ESCALATION_ACK);
        if (m->c->escalation.state == ESCALATION_OFF) { /* nobody is called: said all the same */
            (void)str_copy(m->c->acknowledged_by, sizeof m->c->acknowledged_by, o->person);
            case_note(m->c, m->now, "acknowledge", o->person, o->text == NULL ? "" : o->text);
        }
        m->changed = true;
        break;
    case ORDER_ESCALATE:
        return escalate(m);
    case ORDER_SET:
        return set(m, o);
    case ORDER_KIND_COUNT:
        break;
    }
    return refusal;
}

int incidents_order(struct alerts *a, int64_t number, const struct incident_order *order,
                    struct error *err)
{
    struct moment m = {.a = a,
                       .c = case_by_number(&a->cases, number),
                       .now = alerts_now(a),
                       .person = order->person,
                       .text = order->text,
                       .level = order->level};
    if (m.c == NULL)
        return error_set(
            err, -ENOENT,
            "There is no such incident, or it is closed: resus incident list all shows them.");
    enum incident_refusal refusal = obey(&m, order);
    if (accepted(refusal) && order->kind != ORDER_SET && m.c->responded.ms == 0)
        m.c->responded = m.now.wall;
    finish(&m, accepted(refusal) ? order->save : 0);
    alerts_arm(a);
    return accepted(refusal) ? 0 : refused(refusal, err);
}

int64_t incidents_open_by_hand(struct alerts *a, int service, enum severity severity,
                               const char *title, const char *person, uint64_t save,
                               struct error *err)
{
    const char *subject = service < 0 ? "" : a->settings->services[service].id;
    struct moment m = {
        .a = a, .c = case_of(&a->cases, subject), .now = alerts_now(a), .person = person};
    const struct incident_input in = {
        .event = INCIDENT_OPEN, .severity = severity, .person = person, .held = held(a, service)};
    enum incident_refusal refusal = INCIDENT_REFUSE_NOT;
    if (m.c != NULL && incident_open(&m.c->incident))
        return refused(INCIDENT_REFUSE_OPEN, err);
    if ((m.c = case_add(&a->cases, subject, service)) == NULL)
        return error_set(err, -EPERM, "There is no room for another incident: close some.");
    (void)json_put_text(m.c->texts, "title", title);
    m.c->responded = m.now.wall;
    (void)respond(&m, &in, &refusal);
    if (!accepted(refusal)) {
        case_drop(&a->cases, m.c);
        return refused(refusal, err);
    }
    int64_t number = m.c->number;
    finish(&m, save);
    alerts_arm(a);
    return number;
}

int incidents_acknowledge_alert(struct alerts *a, int64_t alert, const char *person,
                                const char *text, uint64_t save, struct error *err)
{
    struct book_entry *e = book_by_number(&a->book, alert);
    if (e == NULL || !alert_open(&e->alert))
        return error_set(
            err, -ENOENT,
            "There is no such alert, or it is over: resus alert list shows those that are open.");
    e->acknowledged_at = alerts_now(a).wall;
    (void)str_copy(e->acknowledged_by, sizeof e->acknowledged_by, person);
    const struct case_entry *c = case_of(&a->cases, e->key.subject);
    const struct incident_order order = {.kind = ORDER_ACKNOWLEDGE, .person = person, .text = text};
    if (c != NULL && incident_open(&c->incident) && incidents_order(a, c->number, &order, err) < 0)
        return err->code;
    alerts_store(a, e, save);
    return 0;
}

size_t incidents_open_count(const struct alerts *a, enum severity severity)
{
    size_t count = 0;
    for (const struct case_entry *c = a->cases.first; c != NULL; c = c->next)
        count += incident_open(&c->incident) && c->incident.severity == severity;
    return count;
}

json_t *incidents_texts(const json_t *args)
{
    static const char *const names[] = {"title",      "impact",     "summary",
                                        "root_cause", "resolution", "preventive_measures",
                                        "war_room"};
    json_t *texts = json_object();
    int64_t window = json_int_or(args, "window", -1);
    char number[24];
    (void)str_format(number, sizeof number, "%lld", (long long)window);
    if (window == 0) /* it is no longer tied to one */
        (void)json_put_null(texts, "window");
    else if (window > 0)
        (void)json_put_text(texts, "window", number);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *text = json_text_or(args, names[i], NULL);
        if (text != NULL)
            (void)json_put_text(texts, names[i], text);
    }
    return texts;
}
