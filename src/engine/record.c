#include "engine/record.h"

#include <inttypes.h>

#include "base/str.h"
#include "engine/service.h"

static enum audit_risk risk_of(const char *operation)
{
    if (str_equal(operation, "stop"))
        return AUDIT_RISK_HIGH;
    if (str_equal(operation, "restart") || str_equal(operation, "start") ||
        str_equal(operation, "reload"))
        return AUDIT_RISK_MODERATE;
    return AUDIT_RISK_LOW;
}

void record_line_init(const struct service *s, struct audit_line *line, enum audit_event event,
                      const char *operation, const struct engine_user *user, struct now now)
{
    *line = (struct audit_line){
        .event = event,
        .at = now.wall,
        .duration_seconds = -1,
        .ssh_key_used = -1,
        .risk = risk_of(operation),
    };
    (void)str_copy(line->service, sizeof line->service, s->settings->id);
    (void)str_copy(line->operation, sizeof line->operation, operation);
    (void)str_copy(line->user_id, sizeof line->user_id, user != NULL ? user->id : "system");
    (void)str_copy(line->user_email, sizeof line->user_email,
                   user != NULL ? user->email : "system");
    (void)str_copy(line->user_role, sizeof line->user_role, user != NULL ? user->role : "system");
    (void)str_copy(line->source_ip, sizeof line->source_ip,
                   user != NULL ? user->source_ip : "local");
}

void record_setting(struct service *s, const char *operation, const struct engine_user *user,
                    const char *reason, struct now now)
{
    struct audit_line line;
    record_line_init(s, &line, AUDIT_CONFIGURATION, operation, user, now);
    line.has_result = true;
    line.success = true;
    line.duration_seconds = 0;
    (void)str_format(line.request_id, sizeof line.request_id, "c-%016" PRIx64,
                     s->engine->ports.random(s->engine->ports.context));
    (void)str_copy(line.reason, sizeof line.reason, reason);
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}
