#include "engine/owned.h"

#include "base/json.h"
#include "engine/refusal.h"
#include "engine/service.h"

json_t *owned_refusal(const struct service *s, struct now now)
{
    json_t *body = refusal_body("Not the owner", s->misconfigured, "not_owner", now);
    owned_put(s, body);
    return body;
}

void owned_put(const struct service *s, json_t *body)
{
    if (!s->owned.fleet)
        return;
    (void)json_put_text(body, "owner", s->owned.owner[0] == '\0' ? NULL : s->owned.owner);
    (void)json_put_int(body, "fence", s->owned.fence);
}
