/* Publishes the status and health of a service: on every change, and again at an interval. */
#include "engine/publish.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/current.h"
#include "engine/event.h"
#include "engine/queries.h"
#include "engine/service.h"
#include "engine/snapshot.h"

#define INTERVAL_MS 30000
#define SHOWN_AFTER_MS 2000 /* a silence this long is published at once */

/* What describes the state of a service is costly, and not always read. */
static json_t *unread(const struct service *s)
{
    return s->engine->ports.terse_events ? json_object() : NULL;
}

static json_t *status_body(const struct service *s, struct now now)
{
    JSON_CLEANUP json_t *status = engine_status_json(s->engine, s->index, now);
    json_t *body = json_object();
    json_t *details = json_object();
    static const char *const shown[] = {"pid", "connections", "memory_mb", "uptime_seconds"};
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
        json_t *value = json_object_get(status, shown[i]);
        (void)json_object_set(details, shown[i], value == NULL ? json_null() : value);
    }
    (void)json_put_text(body, "status", snapshot_status(s));
    (void)json_put_text(body, "overall_status", overall_word(snapshot_overall(s, now)));
    (void)json_put_wall(body, "last_check", s->watch.last_check);
    (void)json_put_int(body, "stale_after_seconds", 2 * s->watch_policy.interval_ms / 1000);
    (void)json_put(body, "details", details);
    return body;
}

void publish_status(struct service *s, struct now now)
{
    (void)str_copy(s->publishing.status, sizeof s->publishing.status, snapshot_status(s));
    (void)str_copy(s->publishing.overall, sizeof s->publishing.overall,
                   overall_word(snapshot_overall(s, now)));
    json_t *body = unread(s);
    if (body == NULL)
        body = status_body(s, now);
    event_publish(s, "service_status", body, now);
}

void publish_health(struct service *s, struct now now)
{
    json_t *body = unread(s);
    if (body == NULL)
        body = engine_health_json(s->engine, s->index, now);
    event_publish(s, "service_health", body, now);
}

/* As event_publish() would publish it, under the number that was given out last. */
static json_t *state_event(const struct service *s, const char *type, json_t *body, struct now now)
{
    json_t *event = json_object();
    (void)json_put_text(event, "type", type);
    (void)json_put_text(event, "service", s->settings->id);
    (void)json_put_wall(event, "timestamp", now.wall);
    (void)json_put_int(event, "seq", (int64_t)s->event_seq);
    (void)json_object_update_missing(event, body);
    json_decref(body);
    return event;
}

json_t *engine_state_events(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    json_t *events = json_array();
    (void)json_array_append_new(events, state_event(s, "service_status", status_body(s, now), now));
    (void)json_array_append_new(
        events, state_event(s, "service_health", engine_health_json(e, service, now), now));
    return events;
}

void publish_changes(struct service *s, struct now now)
{
    if (!s->judged)
        return;
    bool silent = current_silence_ms(s, now) >= SHOWN_AFTER_MS;
    bool figures = current_figures(s, now);
    bool changed = silent != s->publishing.silence || (figures && !s->publishing.figures);
    s->publishing.silence = silent;
    s->publishing.figures = figures;
    if (!changed)
        return;
    publish_status(s, now);
    publish_health(s, now);
}

/* What was published as healthy is no longer proven: whoever reads it would believe it until the next
 * verdict. */
static bool faded(const struct service *s, struct now now)
{
    return str_equal(s->publishing.overall, overall_word(OVERALL_HEALTHY)) &&
           cause_row(s->cause)->overall == OVERALL_HEALTHY && !current_proof(s, now);
}

void publish_judged(struct service *s, struct now now)
{
    bool new = !str_equal(s->publishing.status, snapshot_status(s)) ||
               !str_equal(s->publishing.overall, overall_word(snapshot_overall(s, now)));
    if (faded(s, now)) {
        publish_status(s, now);
        publish_health(s, now);
        return;
    }
    /* A unit that has just failed under a health of before would be published as failed and healthy. */
    if (s->judged && s->verdict.confirmed && new)
        publish_status(s, now);
}

/* ── at an interval ── */

/* Spread over the interval: a thousand snapshots at once held the loop for 0.1 s. */
void publish_start(struct service *s, struct now now)
{
    s->publishing.due =
        mono_add(now.mono, INTERVAL_MS * (int64_t)(s->index + 1) / s->engine->count);
}

mono_ms publish_next(const struct service *s)
{
    return s->publishing.due.ms == 0 ? MONO_NEVER : s->publishing.due;
}

bool publish_turn(struct service *s, struct now now)
{
    if (!mono_reached(now.mono, s->publishing.due))
        return false;
    s->publishing.due = mono_add(now.mono, INTERVAL_MS);
    if (!s->judged)
        return false;
    publish_status(s, now);
    publish_health(s, now);
    return false;
}
