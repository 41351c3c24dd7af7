/* What becomes of an operation: the answer to who asked for it, the line in the audit log, the
 * event, and the end. */
#include "engine/operation_result.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/refusal.h"
#include "engine/service.h"
#include "engine/state.h"

/* ── answers ── */

void operation_answer(struct service *s, int status, json_t *body)
{
    struct operation *o = &s->operation;
    engine_answer *tell = o->request.answer;
    o->request.answer = NULL;
    if (tell != NULL)
        tell(o->request.context, status, body);
    else
        json_decref(body);
}

void operation_forsake(struct service *s)
{
    operation_answer(s, 503, NULL);
}

const char *operation_done_message(enum engine_operation operation)
{
    switch (operation) {
    case OPERATION_START:
        return "Redis service started successfully";
    case OPERATION_STOP:
        return "Redis service stopped";
    case OPERATION_RESTART:
        return "Redis service restarted successfully";
    default:
        return "Redis service reloaded";
    }
}

/* Of the process that was ended. How many clients it had, only if it was asked for this. */
static void put_before(json_t *body, const struct operation *o)
{
    const struct info_facts *i = &o->before;
    if (i->uptime_seconds >= 0)
        (void)json_put_int(body, "previous_uptime_seconds",
                           i->uptime_seconds + mono_since(o->core.command_sent, i->at) / 1000);
    if (i->connected_clients >= 0 && i->at.ms >= o->core.began.ms)
        (void)json_put_int(body, "connections_terminated", i->connected_clients);
}

json_t *operation_result(struct service *s, bool success, const char *message,
                         const char *new_status, struct now now)
{
    const struct operation *o = &s->operation;
    json_t *body = json_object();
    (void)json_put_bool(body, "success", success);
    (void)json_put_text(body, "operation", engine_operation_word(o->request.operation));
    (void)json_put_text(body, "message", message);
    (void)json_put(body, "duration_seconds",
                   json_rounded((double)mono_since(now.mono, o->core.began) / 1000.0, 3));
    (void)json_put_wall(body, "timestamp", now.wall);
    (void)json_put_text(body, "new_status", new_status);
    (void)json_put_text(body, "operation_id", o->id);
    if (o->request.operation == OPERATION_RESTART && o->before.known)
        put_before(body, o);
    if (o->request.operation == OPERATION_STOP)
        (void)json_put_text(
            body, "warning",
            "Dependent services are affected until Redis is started again: resus start.");
    return body;
}

/* ── the record ── */

void operation_write_line(struct service *s, enum audit_event event, uint64_t id, bool success,
                          const char *error, struct now now)
{
    const struct operation *o = &s->operation;
    struct audit_line line;
    record_line_init(s, &line, event, engine_operation_word(o->request.operation), &o->request.user,
                     now);
    line.command_validated = true;
    line.has_command_validated = true;
    line.ssh_key_used = s->settings->control == CONTROL_SSH;
    (void)str_copy(line.request_id, sizeof line.request_id, o->id);
    (void)str_copy(line.reason, sizeof line.reason, o->request.reason);
    line.step = o->request.of_restore;
    if (o->request.emergency)
        line.risk = AUDIT_RISK_CRITICAL;
    if (event != AUDIT_INTENT) {
        line.has_result = true;
        line.success = success;
        line.duration_seconds = (double)mono_since(now.mono, o->core.began) / 1000.0;
        line.has_exit_code = o->exit_code >= 0;
        line.exit_code = o->exit_code;
        (void)str_copy(line.error, sizeof line.error, error);
    }
    s->engine->ports.audit(s->engine->ports.context, s->index, id, &line, id != 0);
}

/* The one way an operation ends. */
void operation_finish(struct service *s, int status, json_t *body, bool success,
                      const char *message, struct now now)
{
    struct operation *o = &s->operation;
    double seconds = (double)mono_since(now.mono, o->core.began) / 1000.0;
    operation_write_line(s, AUDIT_SERVICE_OPERATION, 0, success, success ? "" : message, now);
    event_operation(s, engine_operation_word(o->request.operation), &o->request.user,
                    success ? "success" : "failure", message, seconds, now);
    service_log(s, !success, "%s by %s: %s (%.3f s)", engine_operation_word(o->request.operation),
                o->request.user.id, message, seconds);
    bool acted = o->core.command_ended.ms != 0;
    if (acted)
        follow_up_operation(s, success, body, now);
    operation_answer(s, status, body);
    enum engine_operation operation = o->request.operation;
    bool starts = operation == OPERATION_START || operation == OPERATION_RESTART;
    if (success && starts && acted)
        state_note_start(s, seconds);
    struct operate_effects none = {0};
    operate_step(&o->core, &(struct operate_input){.event = OPERATE_TOLD}, now.mono, &none);
    recover_event(s, EVENT_OPERATION_ENDED, 0, ACTION_DONE, now);
    publish_status(s, now);
}

void operation_fail(struct service *s, int status, const char *title, const char *code,
                    const char *message, struct now now)
{
    struct operation *o = &s->operation;
    json_t *body = refusal_body(title, message, code, now);
    json_t *details = json_object();
    if (o->exit_code >= 0)
        (void)json_put_int(details, "exit_code", o->exit_code);
    if (o->error[0] != '\0')
        (void)json_put_text(details, status == 503 ? "error" : "stderr", o->error);
    if (status == 503)
        (void)json_put_text(details, "host", s->settings->ssh.host);
    (void)json_put_text(details, "command", engine_operation_word(o->request.operation));
    (void)json_put(body, "details", details);
    operation_finish(s, status, body, false, message, now);
}
