#include "engine/restoring.h"

#include "base/str.h"
#include "engine/publish.h"
#include "engine/recover.h"
#include "engine/refusal.h"
#include "engine/service.h"

bool restoring_withholds(const struct service *s)
{
    return s->restoring.held && s->restoring.restore.withholds;
}

bool restoring_refuses(const struct service *s, const struct engine_request *request,
                       struct now now)
{
    const struct engine_restore *r = &s->restoring.restore;
    if (!s->restoring.held || !r->acts || request->of_restore)
        return false;
    request->answer(request->context, 409, refusal_busy(s, r->user, "a restore", r->since, now));
    return true;
}

static bool same(const struct restoring *r, const struct engine_restore *restore)
{
    if (restore == NULL || !r->held)
        return restore == NULL && !r->held;
    return r->restore.acts == restore->acts && r->restore.withholds == restore->withholds &&
           str_equal(r->restore.text, restore->text);
}

void engine_restoring(struct engine *e, int service, const struct engine_restore *restore,
                      struct now now)
{
    struct service *s = &e->services[service];
    if (same(&s->restoring, restore))
        return;
    engine_look_at_clocks(e, now);
    s->restoring.held = restore != NULL;
    if (restore != NULL)
        s->restoring.restore = *restore;
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    if (s->judged) {
        publish_status(s, now);
        publish_health(s, now);
    }
    service_schedule(s);
}
