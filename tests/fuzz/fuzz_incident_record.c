/* A row of the database as an incident with its calls: what is taken is written again as the same, time
 * calls no level that there is not, and people can end it. */
#include "alerts/cases.h"
#include "base/json.h"
#include "support.h"

#define WAKES 64 /* more than all levels have calls */

static const struct now now = {.mono = {INT64_C(1) << 40}, .wall = {INT64_C(1796522400000)}};

static void let_go(struct case_entry *c)
{
    json_decref(c->timeline);
    json_decref(c->texts);
    json_decref(c->calls);
}

static void check_round(const json_t *body, const struct plan *plan)
{
    json_t *before JSON_CLEANUP = json_incref((json_t *)body);
    for (int i = 0; i < 3; i++) {
        struct case_entry c;
        PROMISE(case_read(before, plan, now, &c, NULL) == 0);
        json_t *after = case_record(&c, plan, now);
        PROMISE(after != NULL);
        PROMISE(i < 2 || json_equal(before, after));
        json_decref(before);
        before = after;
        let_go(&c);
    }
}

static void check_calls(struct case_entry *c)
{
    const struct escalation_input wake = {.event = ESCALATION_WAKE,
                                          .severity = c->incident.severity};
    struct escalation_effects out;
    mono_ms at = now.mono;
    for (int i = 0; i < WAKES; i++) {
        escalation_step(&c->escalation, &wake, at, &out);
        for (size_t e = 0; e < out.count; e++)
            PROMISE(out.items[e].kind != ESCALATION_CALL ||
                    (out.items[e].level >= 0 &&
                     (size_t)out.items[e].level < c->escalation.policy.count));
        if (out.wake.ms == MONO_NEVER.ms)
            return;
        PROMISE(out.wake.ms >= at.ms);
        at = mono_add(out.wake, 1);
    }
}

static void check_end(struct incident *i)
{
    static const enum incident_event events[] = {INCIDENT_ALERTS, INCIDENT_WAKE, INCIDENT_RESOLVE,
                                                 INCIDENT_CLOSE};
    struct incident_effects out;
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++) {
        const struct incident_input in = {.event = events[e],
                                          .person = events[e] == INCIDENT_WAKE ? NULL : "alice",
                                          .postmortem = POSTMORTEM_WAIVED};
        incident_step(i, &in, now, &out);
    }
    PROMISE(i->status == INCIDENT_CLOSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plan plan = {.channels = {{.name = "mail"}, {.name = "pager"}}, .count = 2};
    json_t *body JSON_CLEANUP = json_loadb((const char *)data, size, JSON_READ_FLAGS, NULL);
    struct case_entry c;
    struct error err = {0};
    if (!json_is_object(body))
        return 0;
    if (case_read(body, &plan, now, &c, &err) < 0) {
        PROMISE(err.text[0] != '\0');
        return 0;
    }
    check_round(body, &plan);
    check_calls(&c);
    check_end(&c.incident);
    let_go(&c);
    return 0;
}
