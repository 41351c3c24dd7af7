#include "daemon/intents.h"

#include "base/json.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"

#define INTENTS_LOOKED_AT 2000 /* lines of the audit file */
static void note_intent(void *context, const json_t *line)
{
    json_t *open = context; /* request_id -> intent line */
    const char *id = json_text_or(line, "request_id", NULL);
    if (id == NULL)
        return;
    if (str_equal(json_text_or(line, "event_type", ""), "intent"))
        (void)json_object_set(open, id, (json_t *)line);
    else
        (void)json_object_del(open, id);
}

/* An intent without an outcome: Resus was ended in between. It says so instead of guessing. */
void intents_close(const char *file, struct audit *audit)
{
    JSON_CLEANUP json_t *open = json_object();
    struct error err = {0};
    if (audit_tail(file, INTENTS_LOOKED_AT, note_intent, open, &err) < 0) {
        log_warning("audit", "%s", err.text);
        return;
    }
    const char *id;
    json_t *intent;
    json_object_foreach(open, id, intent) {
        const json_t *user = json_object_get(intent, "user");
        const char *what = json_text_or(intent, "operation", "");
        bool automatic = str_equal(json_text_or(user, "id", ""), "system");
        struct audit_line line = {
            .event = automatic                     ? AUDIT_AUTO_RECOVERY
                     : str_starts(what, "restore") ? AUDIT_BACKUP
                                                   : AUDIT_SERVICE_OPERATION,
            .at = clock_wall(),
            .has_result = true,
            .duration_seconds = -1,
            .risk = AUDIT_RISK_MODERATE,
            .ssh_key_used = -1,
        };
        (void)str_copy(line.service, sizeof line.service, json_text_or(intent, "service", ""));
        (void)str_copy(line.operation, sizeof line.operation, what);
        (void)str_copy(line.user_id, sizeof line.user_id, json_text_or(user, "id", ""));
        (void)str_copy(line.user_email, sizeof line.user_email, json_text_or(user, "email", ""));
        (void)str_copy(line.user_role, sizeof line.user_role, json_text_or(user, "role", ""));
        (void)str_copy(line.source_ip, sizeof line.source_ip,
                       json_text_or(intent, "source_ip", ""));
        (void)str_copy(line.request_id, sizeof line.request_id, id);
        (void)str_copy(line.recovery_level, sizeof line.recovery_level,
                       json_text_or(intent, "recovery_level", ""));
        (void)str_copy(line.error, sizeof line.error,
                       "Resus ended between intent and outcome: the result is not known");
        log_warning(line.service, "the outcome of %s (%s) is not known: Resus ended in between",
                    line.operation, id);
        audit_append(audit, 0, &line, false);
    }
}
