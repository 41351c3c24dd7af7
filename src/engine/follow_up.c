/* What follows an operation or a recovery. The service is watched for 15 minutes, and those
 * that depend on it are looked at: at once, and again later those that were not well. */
#include "engine/follow_up.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/service.h"

enum { DEPENDENT }; /* what its requests are for */

#define WATCH_AFTER_MS 900000
#define AT_ONCE_MAX 4        /* looks of one service: they share its table of requests */
#define LOOK_LIMIT_MS 180000 /* an answer that is still missing then will not come */
#define REPORTED_LATE_AFTER_LOOKS                                                                  \
    3 /* a minute: many services need some seconds to find Redis again                             \
       */

/* After the success; all within the 15 minutes. */
static const int64_t look_ms[] = {0, 10000, 60000, 300000, 840000};

static int prepare(struct service *s)
{
    struct follow_up *a = &s->follow_up;
    *a = (struct follow_up){.due = MONO_NEVER};
    if (s->settings->affected_count == 0)
        return 0;
    a->dependents = mem_calloc(s->settings->affected_count, sizeof a->dependents[0]);
    if (a->dependents == NULL)
        return -1;
    a->count = s->settings->affected_count;
    return 0;
}

int follow_up_init(struct service *s, struct now now)
{
    (void)now;
    return prepare(s);
}

void follow_up_free(struct service *s)
{
    mem_free(s->follow_up.dependents);
    s->follow_up.dependents = NULL;
    s->follow_up.count = 0;
}

static void cancel(struct follow_up *a)
{
    a->serial++; /* answers to come are not for what comes next */
    a->due = MONO_NEVER;
    a->under_way = 0;
    a->what[0] = '\0';
}

/* Other settings: other dependents. What is known of the same address stays. */
void follow_up_settings(struct service *s, const struct service_settings *old)
{
    struct follow_up before = s->follow_up;
    if (prepare(s) < 0)
        service_log(s, true, "dependent services are not looked at: out of memory");
    struct follow_up *a = &s->follow_up;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < before.count; j++)
            if (str_equal(s->settings->affected[i].name, old->affected[j].name) &&
                str_equal(s->settings->affected[i].url, old->affected[j].url)) {
                a->dependents[i] = before.dependents[j];
                a->dependents[i].asked = false;
            }
    a->serial = before.serial;
    a->watch_until = before.watch_until;
    a->watch_told = before.watch_told;
    cancel(a);
    mem_free(before.dependents);
}

mono_ms follow_up_next(const struct service *s)
{
    return s->follow_up.due;
}

/* ── looking ── */

static void tell(struct service *s, const char *words, bool well, bool last, struct now now)
{
    struct follow_up *a = &s->follow_up;
    char text[FACT_TEXT_MAX * 2];
    const char *between = "";
    (void)str_format(text, sizeof text, "Dependent services %s after the %s: ", words, a->what);
    for (size_t i = 0; i < a->count; i++) {
        const struct dependent *d = &a->dependents[i];
        if (s->settings->affected[i].url[0] == '\0' || d->well != well)
            continue;
        (void)str_append(text, sizeof text, "%s%s%s%s%s", between, s->settings->affected[i].name,
                         well ? "" : " (", well ? "" : d->error, well ? "" : ")");
        between = ", ";
    }
    service_log(s, !well, "%s", text);
    event_notice(s, text, now);
    if (!last)
        return;
    struct audit_line line;
    record_line_init(s, &line, AUDIT_SERVICE_OPERATION, "verify-dependents", NULL, now);
    line.has_result = true;
    line.success = well;
    line.duration_seconds = (double)mono_since(now.mono, a->began) / 1000.0;
    (void)str_format(line.request_id, sizeof line.request_id, "v-%s-%" PRIx64, s->settings->id,
                     (uint64_t)a->began_wall.ms);
    (void)str_copy(line.reason, sizeof line.reason, text);
    if (!well)
        (void)str_copy(line.error, sizeof line.error, text);
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

static void look_over(struct service *s, struct now now)
{
    struct follow_up *a = &s->follow_up;
    bool all = true;
    for (size_t i = 0; i < a->count; i++)
        all = all && !follow_up_to_look_at(s, i);
    bool last = a->looks == ARRAY_LENGTH(look_ms);
    if (all)
        tell(s, "have recovered", true, true, now);
    else if (last)
        tell(s, "have not recovered", false, true, now);
    else if (a->looks == REPORTED_LATE_AFTER_LOOKS)
        tell(s, "have not recovered yet", false, false, now);
    /* Not before now: the wake-up would count as a late one. */
    a->due = all || last ? MONO_NEVER : mono_max(now.mono, mono_add(a->began, look_ms[a->looks]));
    if (all || last)
        a->what[0] = '\0';
}

static void ask_more(struct service *s, struct now now)
{
    struct follow_up *a = &s->follow_up;
    while (a->under_way < AT_ONCE_MAX && a->next < a->count) {
        size_t i = a->next++;
        if (!follow_up_to_look_at(s, i))
            continue;
        a->dependents[i].asked = true;
        a->under_way++;
        uint64_t id = request_begin_action(s, PART_FOLLOW_UP, DEPENDENT, now.mono,
                                           a->serial * SETTINGS_AFFECTED_MAX + i);
        s->engine->ports.probe(s->engine->ports.context, s->index, id,
                               s->settings->affected[i].url);
    }
    if (a->under_way == 0)
        look_over(s, now);
}

static void note(struct service *s, size_t i, const struct probe_outcome *o, struct now now)
{
    struct dependent *d = &s->follow_up.dependents[i];
    d->asked = false;
    d->looked = true;
    d->well = o->ok;
    d->http_status = o->http_status;
    d->checked_at = now.wall;
    (void)str_copy(d->error, sizeof d->error, o->ok ? "" : o->error);
}

bool follow_up_answered(struct service *s, const struct pending *p,
                        const struct part_answer *answer, struct now now)
{
    struct follow_up *a = &s->follow_up;
    size_t i = (size_t)(p->action_id % SETTINGS_AFFECTED_MAX);
    if (p->action_id / SETTINGS_AFFECTED_MAX != a->serial || i >= a->count ||
        !a->dependents[i].asked)
        return false;
    note(s, i, answer->probe, now);
    a->under_way--;
    ask_more(s, now);
    return false;
}

static void give_up_waiting(struct service *s, struct now now)
{
    struct follow_up *a = &s->follow_up;
    struct probe_outcome none = {.error = "it could not be asked in time"};
    a->serial++;
    for (size_t i = 0; i < a->count; i++)
        if (a->dependents[i].asked)
            note(s, i, &none, now);
    a->under_way = 0;
    look_over(s, now);
}

bool follow_up_turn(struct service *s, struct now now)
{
    struct follow_up *a = &s->follow_up;
    if (!mono_reached(now.mono, a->due))
        return false;
    if (a->under_way > 0) {
        give_up_waiting(s, now);
        return false;
    }
    a->looks++;
    a->next = 0;
    a->due = mono_add(now.mono, LOOK_LIMIT_MS);
    ask_more(s, now);
    return false;
}

void follow_up_success(struct service *s, const char *what, struct now now)
{
    struct follow_up *a = &s->follow_up;
    bool any = false;
    cancel(a);
    for (size_t i = 0; i < a->count; i++) {
        a->dependents[i].asked = false;
        a->dependents[i].well = false;
        any = any || follow_up_to_look_at(s, i);
    }
    if (!any)
        return;
    a->looks = 0;
    a->began = now.mono;
    a->began_wall = now.wall;
    a->due = now.mono;
    (void)str_copy(a->what, sizeof a->what, what);
}

void follow_up_operation(struct service *s, bool success, json_t *body, struct now now)
{
    enum engine_operation operation = s->operation.request.operation;
    s->follow_up.watch_until = mono_add(now.mono, WATCH_AFTER_MS);
    s->follow_up.watch_told = false;
    if (operation == OPERATION_STOP)
        cancel(&s->follow_up);
    else if (success)
        follow_up_success(s, engine_operation_word(operation), now);
    if (success && s->follow_up.count > 0)
        (void)json_put(body, "affected_services", follow_up_json(s));
}
