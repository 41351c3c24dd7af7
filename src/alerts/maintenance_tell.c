/* What people are told of a maintenance window, and what the audit log is. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/maintenance_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "notify/message.h"

#define SERVICES_TEXT_SIZE 256
#define SHOWN_MAX 12 /* services that a summary names */

static void services_text(const struct occurrence *o, char text[SERVICES_TEXT_SIZE])
{
    const struct service_patterns *p = &o->record.services;
    text[0] = '\0';
    for (size_t i = 0; i < p->count; i++) {
        if (str_equal(p->patterns[i], "*"))
            break;
        bool fits = strlen(text) + strlen(p->patterns[i]) + 16 < SERVICES_TEXT_SIZE;
        (void)str_append(text, SERVICES_TEXT_SIZE, "%s%s", i == 0 ? "" : ", ",
                         fits ? p->patterns[i] : "...");
        if (!fits)
            return;
    }
    if (p->count == 0 || str_equal(p->patterns[0], "*"))
        (void)str_copy(text, SERVICES_TEXT_SIZE, "all services");
}

static const char *notice_word(const struct window_effect *e)
{
    static const char *const words[WINDOW_NOTICE_COUNT] = {
        [WINDOW_NOTICE_FIRST] = "Announced",
        [WINDOW_NOTICE_REMINDER] = "Reminder",
        [WINDOW_NOTICE_CHANGED] = "Changed",
        [WINDOW_NOTICE_CANCELLED] = "Cancelled",
    };
    return words[e->notice];
}

/* "2026-12-06 02:00 UTC" */
static void people_time(wall_ms when, char to[WALL_TEXT_SIZE])
{
    char text[WALL_TEXT_SIZE];
    (void)wall_text(when, text);
    (void)str_format(to, WALL_TEXT_SIZE, "%.10s %.5s UTC", text, text + 11);
}

static void text_of(const struct occurrence *o, enum maintenance_news_kind kind,
                    const struct window_effect *e, char *text, size_t size)
{
    const struct window_record *r = &o->record;
    char from[WALL_TEXT_SIZE];
    char until[WALL_TEXT_SIZE];
    char services[SERVICES_TEXT_SIZE];
    people_time(r->state.starts, from);
    people_time(r->state.ends, until);
    services_text(o, services);
    switch (kind) {
    case MAINTENANCE_ANNOUNCED:
        (void)str_format(text, size, "%s: maintenance \"%s\" of %s from %s until %s (%s).",
                         notice_word(e), r->title, services, from, until,
                         window_impact_words[r->impact]);
        break;
    case MAINTENANCE_BEGINS:
        (void)str_format(text, size,
                         "Maintenance \"%s\" of %s has begun, until %s. Automatic recovery is "
                         "withheld.",
                         r->title, services, until);
        break;
    case MAINTENANCE_ASKS:
        (void)str_format(text, size,
                         "Maintenance \"%s\" of %s ends at %s. If that is too soon: resus "
                         "maintenance extend %" PRId64 " MINUTES.",
                         r->title, services, until, o->number);
        break;
    case MAINTENANCE_MISSED:
        (void)str_format(text, size,
                         "Maintenance \"%s\" of %s (%s until %s) was not opened: Resus did not "
                         "run.",
                         r->title, services, from, until);
        break;
    default:
        (void)str_copy(text, size, o->summary == NULL ? "" : o->summary);
        break;
    }
}

void maintenance_tell(struct maintenance *m, const struct occurrence *o,
                      enum maintenance_news_kind kind, const struct window_effect *effect)
{
    char text[MAINTENANCE_TEXT_SIZE];
    struct buf calendar = BUF_LIMIT(MESSAGE_CALENDAR_MAX - 1);
    bool dated = kind == MAINTENANCE_ANNOUNCED && maintenance_calendar_of(m, o, &calendar) == 0;
    JSON_CLEANUP json_t *facts = maintenance_show(m, o->number, NULL);
    JSON_CLEANUP json_t *body = occurrence_body(o);
    text_of(o, kind, effect, text, sizeof text);
    const struct maintenance_news news = {
        .kind = kind,
        .notice = effect == NULL ? WINDOW_NOTICE_FIRST : effect->notice,
        .hours = effect == NULL ? 0 : effect->hours,
        .number = o->number,
        .window = &o->record,
        .text = text,
        .calendar = dated ? buf_text(&calendar) : NULL,
        .facts = facts,
        .row = {.kind = RECORD_MAINTENANCE, .number = o->number, .body = body},
    };
    m->ports.announce(m->ports.context, &news);
    buf_free(&calendar);
}

void maintenance_audit(struct maintenance *m, const struct occurrence *o, const char *operation,
                       bool success, const char *text)
{
    struct audit_line line = {
        .event = AUDIT_MAINTENANCE,
        .at = maintenance_now(m).wall,
        .has_result = true,
        .success = success,
        .ssh_key_used = -1,
        .risk = AUDIT_RISK_LOW,
    };
    (void)str_copy(line.operation, sizeof line.operation, operation);
    (void)str_copy(line.user_id, sizeof line.user_id, "system");
    (void)str_copy(line.user_email, sizeof line.user_email, "system");
    (void)str_copy(line.user_role, sizeof line.user_role, "system");
    (void)str_copy(line.source_ip, sizeof line.source_ip, "local");
    (void)str_format(line.request_id, sizeof line.request_id, "m-%016" PRIx64,
                     m->ports.random(m->ports.context));
    if (!success)
        (void)str_copy(line.error, sizeof line.error, text == NULL ? "" : text);
    (void)str_format(line.reason, sizeof line.reason, "window %" PRId64 ": %s", o->number,
                     text == NULL ? "" : text);
    m->ports.audit(m->ports.context, &line);
}

/* ── the summary ── */

/* "redis: healthy, was critical (process_crashed), smoke test passed" */
static void service_line(const struct occurrence *o, const char *service, const json_t *now,
                         char *text, size_t size)
{
    const json_t *before = json_object_get(o->before, service);
    const char *was = json_text_or(before, "overall_status", "unknown");
    const char *is = json_text_or(now, "overall_status", "unknown");
    const char *cause = json_text_or(now, "cause", "");
    const char *smoke = json_text_or(now, "smoke", "off");
    (void)str_append(text, size, " %s: %s", service, is);
    if (!str_equal(is, "healthy") && cause[0] != '\0')
        (void)str_append(text, size, " (%s)", cause);
    if (!str_equal(was, "unknown") && !str_equal(was, is))
        (void)str_append(text, size, ", was %s", was);
    if (str_equal(smoke, smoke_result_word(SMOKE_FAILED)))
        (void)str_append(text, size, ", smoke test failed at %s",
                         json_text_or(now, "smoke_failed_at", "?"));
    else if (str_equal(smoke, smoke_result_word(SMOKE_PASSED)))
        (void)str_append(text, size, ", smoke test passed");
    (void)str_append(text, size, ".");
}

static bool changed(const struct occurrence *o, const char *service, const json_t *now)
{
    const json_t *before = json_object_get(o->before, service);
    const char *was = json_text_or(before, "overall_status", "unknown");
    return !json_bool_or(now, "well", false) ||
           (!str_equal(was, "unknown") &&
            !str_equal(was, json_text_or(now, "overall_status", "unknown")));
}

void maintenance_summarise(struct occurrence *o)
{
    static const char *const ends[] = {[WINDOW_UNVERIFIED] = "The services were not verified.",
                                       [WINDOW_WELL] = "All services are well.",
                                       [WINDOW_NOT_WELL] = "Not all services are well."};
    const char *service;
    json_t *now;
    size_t shown = 0;
    size_t same = 0;
    if (o->summary == NULL)
        o->summary = mem_calloc(1, MAINTENANCE_TEXT_SIZE);
    if (o->summary == NULL)
        return;
    (void)str_format(o->summary, MAINTENANCE_TEXT_SIZE, "Maintenance \"%s\" has ended. %s",
                     o->record.title, ends[o->record.state.verified]);
    json_object_foreach(o->after, service, now) {
        bool single = json_object_size(o->after) == 1;
        if ((changed(o, service, now) || single) && shown < SHOWN_MAX) {
            service_line(o, service, now, o->summary, MAINTENANCE_TEXT_SIZE);
            shown++;
        } else {
            same++;
        }
    }
    if (same > 0)
        (void)str_append(o->summary, MAINTENANCE_TEXT_SIZE, " %zu %s%s.", same,
                         shown < SHOWN_MAX ? "unchanged" : "more",
                         same == 1 ? " service" : " services");
    size_t left = o->record.checklist == NULL || !checklist_in_use(o->record.checklist)
                      ? 0
                      : checklist_left(o->record.checklist, CHECKLIST_BEFORE) +
                            checklist_left(o->record.checklist, CHECKLIST_DURING) +
                            checklist_left(o->record.checklist, CHECKLIST_AFTER);
    if (left > 0)
        (void)str_append(o->summary, MAINTENANCE_TEXT_SIZE,
                         left == 1 ? " %zu item of the checklist is not done."
                                   : " %zu items of the checklist are not done.",
                         left);
}
