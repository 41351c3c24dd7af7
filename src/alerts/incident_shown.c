/* Incidents as people see them, and the post-mortem. */
#include <inttypes.h>
#include <stdlib.h>

#include "alerts/incidents.h"
#include "alerts/inside.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

#define POSTMORTEM_MAX ((size_t)256 * 1024)

static bool put_time(json_t *o, const char *key, const json_t *r, const char *from)
{
    return json_put_wall(o, key, (wall_ms){json_int_or(r, from, 0)});
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static bool put_texts(json_t *o, const json_t *texts)
{
    static const char *const names[] = {"title",      "impact",     "summary",
                                        "root_cause", "resolution", "preventive_measures"};
    const char *window = json_text_or(texts, "window", NULL);
    bool good = window == NULL ? json_put_null(o, "window")
                               : json_put_int(o, "window", strtoll(window, NULL, 10));
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        good = good && json_put_text(o, names[i], json_text_or(texts, names[i], NULL));
    return good;
}

static bool put_head(json_t *o, int64_t number, const json_t *r)
{
    const char *subject = json_text_or(r, "service", "");
    bool host = json_bool_or(r, "host", false);
    const char *cause = json_text_or(r, "cause", "unknown");
    return json_put_int(o, "id", number) &&
           json_put_text(o, "service", host ? NULL : or_null(subject)) &&
           json_put_text(o, "host", host ? or_null(subject) : NULL) &&
           json_put_text(o, "status", json_text_or(r, "status", "investigating")) &&
           json_put_text(o, "severity", json_text_or(r, "severity", "none")) &&
           json_put_text(o, "worst_severity", json_text_or(r, "worst", "none")) &&
           json_put_text(o, "cause",
                         str_equal(cause, "unknown") || str_equal(cause, "ok") ? NULL : cause) &&
           json_put_text(o, "commander", or_null(json_text_or(r, "commander", ""))) &&
           json_put_text(o, "acknowledged_by", or_null(json_text_or(r, "acknowledged_by", ""))) &&
           json_put_text(o, "escalation",
                         json_text_or(json_object_get(r, "escalation"), "state", "off")) &&
           put_time(o, "opened_at", r, "opened") &&
           put_time(o, "mitigated_at", r, "mitigated_at") &&
           put_time(o, "resolved_at", r, "resolved_wall") &&
           put_time(o, "closed_at", r, "closed_at") &&
           put_time(o, "update_due_at", r, "update_due");
}

/* A target is missed when what it asks for came later, or has not come yet. */
static bool put_target(json_t *o, const char *due_key, const char *missed_key, wall_ms due,
                       wall_ms came)
{
    return json_put_wall(o, due_key, due) &&
           json_put_bool(o, missed_key, due.ms != 0 && came.ms > due.ms);
}

/* By the worst severity that it had. An end without any person is an answer, too. */
static bool put_targets(json_t *o, const json_t *r, wall_ms now)
{
    enum severity worst = severity_by_word(json_text_or(r, "worst", ""));
    wall_ms opened = {json_int_or(r, "opened", 0)}, over = {json_int_or(r, "resolved_wall", 0)};
    wall_ms answered = {json_int_or(r, "responded", 0)};
    int64_t respond = incident_respond_within_ms(worst), solve = incident_solve_within_ms(worst);
    wall_ms end = over.ms != 0 ? over : now;
    return put_target(o, "response_due_at", "response_missed",
                      respond == 0 ? WALL_NONE : wall_add(opened, respond),
                      answered.ms != 0 ? answered : end) &&
           json_put_wall(o, "responded_at", answered) &&
           put_target(o, "resolution_due_at", "resolution_missed",
                      solve == 0 ? WALL_NONE : wall_add(opened, solve), end);
}

static const char *war_room_of(const struct alerts *a, const json_t *r)
{
    const char *own = json_text_or(json_object_get(r, "texts"), "war_room", "");
    return own[0] != '\0' ? own : a->settings->escalation.war_room;
}

json_t *incidents_record_json(const struct alerts *a, int64_t number, const json_t *record,
                              bool whole)
{
    json_t *o = json_object();
    bool good = put_head(o, number, record) && put_targets(o, record, alerts_now(a).wall) &&
                json_put_text(o, "war_room", or_null(war_room_of(a, record))) &&
                put_texts(o, json_object_get(record, "texts"));
    if (whole)
        good = good && json_put_int(o, "entries_left_out", json_int_or(record, "left_out", 0)) &&
               json_put(o, "timeline", json_deep_copy(json_object_get(record, "timeline")));
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *case_json(struct alerts *a, struct case_entry *c, bool whole)
{
    JSON_CLEANUP json_t *record = case_record(c, a->plan, alerts_now(a));
    return incidents_record_json(a, c->number, record, whole);
}

json_t *incidents_json(struct alerts *a, const char *service, bool open)
{
    json_t *list = json_array();
    for (struct case_entry *c = a->cases.first; c != NULL; c = c->next)
        if ((service == NULL || str_equal(c->subject, service)) &&
            (!open || incident_open(&c->incident)))
            (void)json_array_append_new(list, case_json(a, c, false));
    return list;
}

json_t *incidents_one_json(struct alerts *a, int64_t number)
{
    struct case_entry *c = case_by_number(&a->cases, number);
    return c == NULL ? NULL : case_json(a, c, true);
}

/* ── the post-mortem ── */

static int section(struct buf *b, const char *heading, const char *text)
{
    return buf_printf(b, "## %s\n\n%s\n\n", heading,
                      text == NULL || text[0] == '\0' ? "not known yet" : text);
}

static int timeline(struct buf *b, const json_t *entries, int64_t left_out)
{
    size_t i;
    const json_t *e;
    int r = buf_printf(b, "## Timeline\n\n| time | what | who | |\n|---|---|---|---|\n");
    json_array_foreach(entries, i, e) {
        char text[1024];
        (void)str_copy(text, sizeof text, json_text_or(e, "text", ""));
        for (char *c = text; *c != '\0'; c++)
            *c = *c == '\n' || *c == '|' ? ' ' : *c; /* a cell is one line */
        if (r == 0)
            r = buf_printf(b, "| %s | %s | %s | %s |\n", json_text_or(e, "at", ""),
                           json_text_or(e, "kind", ""), json_text_or(e, "actor", "Resus"), text);
    }
    if (r == 0 && left_out > 0)
        r = buf_printf(b, "\n%" PRId64 " older entries were left out.\n", left_out);
    return r == 0 ? buf_printf(b, "\n") : r;
}

json_t *incidents_postmortem(const json_t *o)
{
    struct buf b = BUF_LIMIT(POSTMORTEM_MAX);
    const char *subject = json_text_or(o, "service", json_text_or(o, "host", "no service"));
    int r = buf_printf(&b,
                       "# Incident %" PRId64 ": %s\n\n- Service: %s\n- Severity: %s (worst: %s)\n"
                       "- Status: %s\n- Commander: %s\n- Opened: %s\n- Mitigated: %s\n"
                       "- Resolved: %s\n- Cause: %s\n- Answered: %s%s\n- Resolution target: "
                       "%s%s\n\n",
                       json_int_or(o, "id", 0), json_text_or(o, "title", ""), subject,
                       json_text_or(o, "severity", ""), json_text_or(o, "worst_severity", ""),
                       json_text_or(o, "status", ""), json_text_or(o, "commander", "nobody"),
                       json_text_or(o, "opened_at", ""), json_text_or(o, "mitigated_at", "-"),
                       json_text_or(o, "resolved_at", "-"), json_text_or(o, "cause", "-"),
                       json_text_or(o, "responded_at", "-"),
                       json_bool_or(o, "response_missed", false) ? " (target missed)" : "",
                       json_text_or(o, "resolution_due_at", "-"),
                       json_bool_or(o, "resolution_missed", false) ? " (missed)" : "");
    static const char *const sections[][2] = {{"Summary", "summary"},
                                              {"Impact", "impact"},
                                              {"Root cause", "root_cause"},
                                              {"Resolution", "resolution"},
                                              {"Preventive measures", "preventive_measures"}};
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(sections); i++)
        r = section(&b, sections[i][0], json_text_or(o, sections[i][1], NULL));
    if (r == 0)
        r = timeline(&b, json_object_get(o, "timeline"), json_int_or(o, "entries_left_out", 0));
    json_t *text = r == 0 ? json_stringn(buf_text(&b), b.length) : NULL;
    buf_free(&b);
    return text;
}
