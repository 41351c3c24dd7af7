/* Why Resus does not act on a service, in words and as JSON. */
#include "engine/withheld.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"

/* Everybody may read it who may see the service: it names no person. */
const char *withheld_words(const struct service *s, enum withheld reason, char *ret)
{
    char at[WALL_TEXT_SIZE];
    bool paused = s->saved.paused_until.ms != 0; /* that is said, too */
    if (reason == WITHHELD_PAUSED && paused) {
        (void)str_format(ret, FACT_TEXT_MAX, "Automatic recovery is paused until %s: resus resume.",
                         wall_text(s->saved.paused_until, at));
        return ret;
    }
    if (reason == WITHHELD_OPERATION_RUNNING && operation_running(s) && !paused) {
        (void)str_format(ret, FACT_TEXT_MAX, "A %s that a person ordered is running.",
                         engine_operation_word(s->operation.request.operation));
        return ret;
    }
    if (reason == WITHHELD_MAINTENANCE && s->maintained.held && !paused) {
        maintained_words(s, ret, FACT_TEXT_MAX);
        return ret;
    }
    bool by_restore = reason == WITHHELD_BACKUP_RUNNING || reason == WITHHELD_STOPPED_ON_PURPOSE;
    if (by_restore && restoring_withholds(s) && !paused)
        return s->restoring.restore.text;
    if (reason != WITHHELD_CANNOT_ACT)
        return paused ? withheld_and_paused_text(reason) : withheld_text(reason);
    bool script = cause_row(s->verdict.cause)->remedy == REMEDY_KILL_SCRIPT;
    if (script && s->guard.script[0] != '\0')
        return s->guard.script;
    return s->guard.refused[0] != '\0'  ? s->guard.refused
           : s->guard.unit[0] != '\0'   ? s->guard.unit
           : s->guard.listed[0] != '\0' ? s->guard.listed
                                        : withheld_text(reason);
}

enum withheld withheld_always(const struct service *s, struct now now)
{
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    switch (recovery_withheld(&s->recovery, &s->recovery_policy, &f)) {
    case WITHHELD_BREAKER_OPEN:
        return WITHHELD_BREAKER_OPEN;
    case WITHHELD_ATTEMPTS_EXHAUSTED:
        return WITHHELD_ATTEMPTS_EXHAUSTED;
    case WITHHELD_DISABLED:
        return WITHHELD_DISABLED;
    case WITHHELD_PAUSED:
        return WITHHELD_PAUSED;
    case WITHHELD_MAINTENANCE:
        return WITHHELD_MAINTENANCE;
    case WITHHELD_BACKUP_RUNNING:
        return WITHHELD_BACKUP_RUNNING;
    case WITHHELD_STOPPED_ON_PURPOSE: /* by the restore itself */
        return restoring_withholds(s) ? WITHHELD_BACKUP_RUNNING : WITHHELD_NOT;
    case WITHHELD_CANNOT_ACT:
        return WITHHELD_CANNOT_ACT;
    default:
        return WITHHELD_NOT;
    }
}

json_t *withheld_json(const struct service *s, enum withheld reason)
{
    if (reason == WITHHELD_NOT)
        return json_null();
    json_t *body = json_object();
    (void)json_put_text(body, "reason_code", withheld_code(reason));
    char text[FACT_TEXT_MAX];
    (void)json_put_text(body, "text", withheld_words(s, reason, text));
    return body;
}

json_t *withheld_always_json(const struct service *s, struct now now)
{
    return withheld_json(s, withheld_always(s, now));
}

const char *withheld_breaker_words(const struct service *s, struct now now)
{
    bool healed = s->recovering.last.any && s->recovering.last.end == END_SUCCESS &&
                  s->recovering.last.at.ms == now.wall.ms;
    return healed ? "Redis runs again, but the circuit breaker is open: Resus does not treat the "
                    "next failure. The cause of the last one:"
                  : "The circuit breaker is open, so a human is needed:";
}
