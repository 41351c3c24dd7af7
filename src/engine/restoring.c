#include "engine/restoring.h"

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
