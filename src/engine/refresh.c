#include "engine/refresh.h"

#include "base/json.h"
#include "engine/queries.h"
#include "engine/service.h"

#define LIMIT_MS 15000

bool refresh_begin(struct service *s, engine_answer *answer, void *context, struct now now)
{
    struct refresh *r = &s->refresh;
    if (r->count == REFRESH_WAITERS_MAX) {
        json_t *body = json_object();
        (void)json_put_text(body, "error", "Too many callers");
        (void)json_put_text(body, "message",
                            "A refresh with as many waiters as can be is under way. Try again.");
        (void)json_put_text(body, "code", "busy");
        answer(context, 503, body);
        return false;
    }
    r->waiters[r->count].answer = answer;
    r->waiters[r->count++].context = context;
    if (r->count == 1) {
        r->deadline = mono_add(now.mono, LIMIT_MS);
        watch_refresh(s, now);
        guard_look(s, now);
    }
    return true;
}

void refresh_answer(struct service *s, struct now now)
{
    struct refresh *r = &s->refresh;
    if (r->count == 0)
        return;
    bool done = !request_pending(s, PART_WATCH, WATCH_PROBE) &&
                !request_pending(s, PART_WATCH, WATCH_UNIT) &&
                !request_pending(s, PART_WATCH, WATCH_INFO);
    if (!done && !mono_reached(now.mono, r->deadline))
        return;
    int count = r->count;
    r->count = 0;
    for (int i = 0; i < count; i++) {
        json_t *body = json_object();
        (void)json_put(body, "status", engine_status_json(s->engine, s->index, now));
        (void)json_put(body, "health", engine_health_json(s->engine, s->index, now));
        r->waiters[i].answer(r->waiters[i].context, 200, body);
    }
}

void refresh_forsake(struct service *s)
{
    struct refresh *r = &s->refresh;
    int count = r->count;
    r->count = 0;
    for (int i = 0; i < count; i++)
        r->waiters[i].answer(r->waiters[i].context, 503, NULL);
}
