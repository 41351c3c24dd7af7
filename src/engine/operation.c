/* A person's operation on one service (rows A1-A11): one at a time, pre-flight, save, intent,
 * command, verification, and a watch of 15 minutes after it. The steps wait for facts and answers;
 * operation_turn() looks whether they are enough. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/operation_result.h"
#include "engine/refusal.h"
#include "engine/service.h"

#define CHECK_LIMIT_MS 7000 /* a look at the service before: PING 5 s and the unit */
#define SAVE_LIMIT_MS 60000 /* row A3 */
#define COMMAND_LIMIT_MS 90000
#define VERIFY_LIMIT_MS 30000 /* then 202 while it loads */
#define LOAD_STALL_MS 120000
#define AUDIT_LIMIT_MS 5000

static const char *const phase_words[] = {
    [OP_PHASE_NONE] = "none",           [OP_PHASE_CHECKING] = "checking",
    [OP_PHASE_SAVING] = "saving",       [OP_PHASE_DECIDING] = "saving",
    [OP_PHASE_INTENT] = "writing",      [OP_PHASE_RUNNING] = "running",
    [OP_PHASE_VERIFYING] = "verifying",
};
static_assert(ARRAY_LENGTH(phase_words) == OP_PHASE_COUNT, "a word for every phase");

const char *operation_phase_word(enum operation_phase phase)
{
    return phase_words[phase];
}

bool operation_running(const struct service *s)
{
    return s->operation.phase != OP_PHASE_NONE;
}

mono_ms operation_next(const struct service *s)
{
    return operation_running(s) ? s->operation.deadline : MONO_NEVER;
}

/* ── the steps ── */

static void run_command(struct service *s, struct now now)
{
    static const enum host_command commands[] = {
        [OPERATION_START] = HOST_START,
        [OPERATION_STOP] = HOST_STOP,
        [OPERATION_RESTART] = HOST_RESTART,
        [OPERATION_RELOAD] = HOST_RELOAD,
    };
    struct host_request request = {
        .id = request_begin_action(s, FOR_OP_COMMAND, now.mono, s->operation.serial),
        .command = commands[s->operation.request.operation],
        .deadline = mono_add(now.mono, COMMAND_LIMIT_MS),
    };
    s->operation.process = s->sight.unit.main_pid > 0 ? s->sight.unit.main_pid : 0;
    operation_enter(s, OP_PHASE_RUNNING, mono_add(now.mono, COMMAND_LIMIT_MS + 5000));
    s->engine->ports.host(s->engine->ports.context, s->index, &request);
}

static void write_intent(struct service *s, struct now now)
{
    operation_enter(s, OP_PHASE_INTENT, mono_add(now.mono, AUDIT_LIMIT_MS));
    operation_write_line(s, AUDIT_INTENT,
                         request_begin_action(s, FOR_OP_INTENT, now.mono, s->operation.serial),
                         false, "", now);
}

/* Nothing was done: the service shall be what it was to be before. The store may still write the
 * wish that it was late with, so the old one is given to it again. */
static void take_back_wish(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    if (!o->wish_changed)
        return;
    s->saved.stopped_on_purpose = o->wish_before.stopped_on_purpose;
    s->saved.stopped_at = o->wish_before.stopped_at;
    (void)str_copy(s->saved.stopped_by, sizeof s->saved.stopped_by, o->wish_before.stopped_by);
    record_wish(s, now);
}

/* What the service shall be is on the disk before anything is done (row A7). */
static void decide(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    bool stop = o->request.operation == OPERATION_STOP;
    bool changes = o->request.operation != OPERATION_RELOAD &&
                   (stop || s->saved.stopped_on_purpose || s->wish_unsaved);
    recover_event(s, EVENT_OPERATION_BEGAN, 0, ACTION_DONE, now);
    if (!changes) {
        write_intent(s, now);
        return;
    }
    o->wish_changed = true;
    o->wish_before.stopped_on_purpose = s->saved.stopped_on_purpose;
    o->wish_before.stopped_at = s->saved.stopped_at;
    (void)str_copy(o->wish_before.stopped_by, sizeof o->wish_before.stopped_by,
                   s->saved.stopped_by);
    s->saved.stopped_on_purpose = stop;
    s->saved.stopped_at = stop ? now.wall : WALL_NONE;
    (void)str_copy(s->saved.stopped_by, sizeof s->saved.stopped_by,
                   stop ? o->request.user.email : "");
    operation_enter(s, OP_PHASE_DECIDING, mono_add(now.mono, AUDIT_LIMIT_MS));
    record_state(s, request_begin_action(s, FOR_OP_DESIRED, now.mono, s->operation.serial),
                 STORE_FULL);
}

static void begin_save(struct service *s, struct now now)
{
    operation_enter(s, OP_PHASE_SAVING, mono_add(now.mono, SAVE_LIMIT_MS));
    s->operation.last_save_before = s->operation.before.last_save_unix;
    s->engine->ports.redis(s->engine->ports.context, s->index,
                           request_begin_action(s, FOR_OP_SAVE, now.mono, s->operation.serial),
                           REDIS_BGSAVE, false, mono_add(now.mono, 5000));
}

static void fail_blocked(struct service *s, const char *text, json_t *blockers, struct now now)
{
    json_t *body = refusal_body("Operation blocked", text, "blocked", now);
    json_t *details = json_object();
    (void)json_put(details, "blockers", blockers);
    (void)json_put(body, "details", details);
    operation_finish(s, 422, body, false, text, now);
}

static void fail_reload(struct service *s, struct now now)
{
    const char *text = s->settings->control == CONTROL_PROCESS
                           ? "A Redis that Resus runs itself cannot reload. Use CONFIG SET for "
                             "what Redis can change at run time, or restart it."
                           : "This unit cannot reload: it has no ExecReload. Use CONFIG SET for "
                             "what Redis can change at run time, or restart it.";
    fail_blocked(s, text, json_pack("[s]", text), now);
}

static void refuse_blocked(struct service *s, const struct preflight *p, struct now now)
{
    char text[FACT_TEXT_MAX * 2] = "";
    json_t *blockers = json_array();
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        if (p->blockers[i]) {
            (void)str_append(text, sizeof text, "%s%s", text[0] != '\0' ? " " : "",
                             preflight_blocker_text((enum preflight_blocker)i));
            (void)json_array_append_new(
                blockers, json_string(preflight_blocker_text((enum preflight_blocker)i)));
        }
    fail_blocked(s, text, blockers, now);
}

static void checked_stop_or_restart(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    struct preflight p;
    snapshot_preflight(s, o->request.operation, now, &p);
    if (s->sight.info.known)
        o->before = s->sight.info;
    if (!p.allowed && !o->request.force) {
        refuse_blocked(s, &p, now);
        return;
    }
    bool redis_answers = cause_proven_well(&s->sight);
    if (p.should_save && redis_answers && !o->request.force)
        begin_save(s, now);
    else
        decide(s, now);
}

/* The look before is over: what is there to do? */
static void checked(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    o->was_well = cause_serves(&s->sight);
    if (s->sight.unit.control_reached == TRI_NO) {
        (void)str_copy(o->error, sizeof o->error, s->sight.unit.text);
        operation_fail(s, 503, "Host unreachable", "host_unreachable",
                       "The host cannot be reached, so nothing was done. Check SSH: resus doctor.",
                       now);
        return;
    }
    enum unit_active unit = s->sight.unit.active;
    switch (o->request.operation) {
    case OPERATION_START:
        if (o->was_well && !s->saved.stopped_on_purpose) {
            operation_finish(
                s, 200,
                operation_result(s, true, "Redis service is already running", "running", now), true,
                "already running", now);
            return;
        }
        decide(s, now);
        return;
    case OPERATION_STOP:
        /* Only what was seen since counts: somebody may have started it (simulator seed 40335). */
        if ((unit == UNIT_INACTIVE || unit == UNIT_FAILED) && s->saved.stopped_on_purpose &&
            s->sight.unit.asked.ms >= o->began.ms) {
            operation_finish(
                s, 200,
                operation_result(s, true, "Redis service is already stopped", "stopped", now), true,
                "already stopped", now);
            return;
        }
        checked_stop_or_restart(s, now);
        return;
    case OPERATION_RESTART:
        checked_stop_or_restart(s, now);
        return;
    default:
        if (s->sight.unit.can_reload == TRI_NO) {
            fail_reload(s, now);
            return;
        }
        decide(s, now);
        return;
    }
}

static void verified(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    const char *status = o->request.operation == OPERATION_STOP ? "stopped" : "running";
    operation_finish(
        s, 200,
        operation_result(s, true, operation_done_message(o->request.operation), status, now), true,
        operation_done_message(o->request.operation), now);
}

/* What was to be restarted is the process that was there before: that it answers is no success. */
static bool same_process(const struct service *s)
{
    const struct operation *o = &s->operation;
    return o->request.operation == OPERATION_RESTART && o->process > 0 &&
           s->sight.unit.main_pid == o->process;
}

static bool is_done(const struct service *s)
{
    const struct operation *o = &s->operation;
    if (s->sight.unit.asked.ms < o->command_ended.ms || same_process(s))
        return false;
    if (o->request.operation == OPERATION_STOP)
        return s->sight.unit.active == UNIT_INACTIVE || s->sight.unit.active == UNIT_FAILED;
    enum reply_class reply = s->sight.fresh.reply;
    return cause_serves(&s->sight) && s->sight.fresh.asked.ms >= o->command_ended.ms &&
           (reply == REPLY_PONG || reply == REPLY_MASTERDOWN);
}

static void failed_for_cause(struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX * 3];
    const struct cause_row *row = cause_row(s->cause);
    (void)str_format(text, sizeof text, "%s failed: %s %s%s%s",
                     engine_operation_word(s->operation.request.operation), row->summary,
                     row->advice, s->sight.log.line[0] != '\0' ? " Log: " : "", s->sight.log.line);
    operation_fail(s, 500, "Operation failed", row->code, text, now);
}

/* sudo refuses it, a job cannot be queued: the command ended, and all is as it was. */
static bool nothing_was_done(const struct service *s)
{
    const struct operation *o = &s->operation;
    if (o->end != ACTION_FAILED || s->sight.unit.asked.ms < o->command_ended.ms)
        return false;
    return o->request.operation == OPERATION_RELOAD || same_process(s);
}

static void failed_without_effect(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    char text[FACT_TEXT_MAX + 200];
    char ended[64] = "how the command ended is not known";
    if (o->exit_code >= 0)
        (void)str_format(ended, sizeof ended, "the command ended with status %d", o->exit_code);
    (void)str_format(text, sizeof text,
                     "%s failed: %s, and nothing has changed: %s. Whether it is allowed at all is "
                     "told by resus doctor.",
                     engine_operation_word(o->request.operation), ended,
                     o->error[0] != '\0' ? o->error : "it said nothing");
    operation_fail(s, 500, "Operation failed", "command_failed", text, now);
}

static void verify(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    if (nothing_was_done(s)) {
        failed_without_effect(s, now);
        return;
    }
    if (is_done(s)) {
        verified(s, now);
        return;
    }
    bool loading = s->verdict.confirmed &&
                   (s->cause == CAUSE_LOADING || s->cause == CAUSE_SYSTEMD_RESTARTING) &&
                   o->request.operation != OPERATION_STOP;
    bool told = s->verdict.confirmed &&
                mono_min(s->sight.fresh.asked, s->sight.unit.asked).ms >= o->command_ended.ms;
    enum remedy remedy = cause_row(s->cause)->remedy;
    bool hopeless = told && o->end == ACTION_FAILED && o->request.operation != OPERATION_STOP &&
                    (remedy == REMEDY_HUMAN || remedy == REMEDY_RESTART || remedy == REMEDY_WINDOW);
    if (hopeless) {
        failed_for_cause(s, now);
        return;
    }
    if (!mono_reached(now.mono, o->deadline))
        return;
    if (loading) {
        if (!o->answered) {
            o->answered = true;
            operation_answer(
                s, 202,
                operation_result(s, true,
                                 "Redis is starting: it loads its data set. The operation goes on.",
                                 "starting", now));
        }
        o->deadline = mono_add(now.mono, LOAD_STALL_MS);
        return;
    }
    if (same_process(s) && s->cause == CAUSE_OK)
        failed_without_effect(s, now);
    else
        failed_for_cause(s, now);
}

void operation_turn(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    bool late = mono_reached(now.mono, o->deadline);
    switch (o->phase) {
    case OP_PHASE_CHECKING: {
        bool told = s->sight.unit.asked.ms >= o->began.ms &&
                    s->sight.fresh.asked.ms >= o->began.ms &&
                    (!s->sight.info.known || s->sight.info.at.ms >= o->began.ms ||
                     !cause_proven_well(&s->sight));
        if (told || late)
            checked(s, now);
        return;
    }
    case OP_PHASE_SAVING:
        if (late)
            operation_fail(
                s, 422, "Operation blocked", "blocked",
                "Redis did not finish saving within 60 s, so it was not stopped. With --force it "
                "is stopped without.",
                now);
        return;
    case OP_PHASE_DECIDING:
        if (late)
            operation_saved(s, STORE_FAILED, now);
        return;
    case OP_PHASE_INTENT:
        if (late)
            operation_audited(s, AUDIT_FAILED, now);
        return;
    case OP_PHASE_RUNNING:
        if (late) {
            o->end = ACTION_UNKNOWN;
            o->command_ended = now.mono;
            operation_enter(s, OP_PHASE_VERIFYING, mono_add(now.mono, VERIFY_LIMIT_MS));
            watch_look(s, now);
        }
        return;
    case OP_PHASE_VERIFYING:
        verify(s, now);
        return;
    case OP_PHASE_NONE:
    case OP_PHASE_COUNT:
        return;
    }
}

/* ── answers to the steps ── */

void operation_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                     struct now now)
{
    struct operation *o = &s->operation;
    if (o->phase != OP_PHASE_SAVING)
        return;
    if (p->purpose == FOR_OP_SAVE) {
        if (!saving_begun(a))
            operation_fail(
                s, 422, "Operation blocked", "blocked",
                "Redis cannot save, so it was not stopped: unsaved changes would be lost. With "
                "--force it is stopped "
                "without saving.",
                now);
        else
            saving_follow(s, FOR_OP_SAVED, s->operation.serial, now);
        return;
    }
    enum saving saving = saving_of(a);
    if (saving == SAVING_FAILED)
        operation_fail(
            s, 422, "Operation blocked", "blocked",
            "The save failed, so Redis was not stopped: unsaved changes would be lost. Mend the "
            "disk first.",
            now);
    else if (saving == SAVING_DONE)
        decide(s, now);
    else
        saving_follow_on(s, now);
}

void operation_saved(struct service *s, enum store_outcome outcome, struct now now)
{
    if (s->operation.phase != OP_PHASE_DECIDING)
        return;
    if (outcome == STORE_DURABLE) {
        s->wish_unsaved = false;
        write_intent(s, now);
        return;
    }
    take_back_wish(s, now);
    operation_fail(
        s, 500, "Operation failed", "state_not_saved",
        "The wish could not be stored (is the disk of the state folder full?), so nothing was "
        "done.",
        now);
}

void operation_audited(struct service *s, enum audit_outcome outcome, struct now now)
{
    if (s->operation.phase != OP_PHASE_INTENT)
        return;
    if (outcome == AUDIT_DURABLE) {
        run_command(s, now);
        return;
    }
    take_back_wish(s, now);
    operation_fail(
        s, 500, "Operation failed", "audit_unwritable",
        "The audit log cannot be written, so nothing was done: free its disk or mend its "
        "permissions.",
        now);
}

void operation_host(struct service *s, const struct host_outcome *out, struct now now)
{
    struct operation *o = &s->operation;
    if (o->phase != OP_PHASE_RUNNING)
        return;
    o->end = recover_end_of(out);
    o->exit_code = out->end == HOST_EXITED ? out->exit_code : -1;
    (void)str_copy(o->error, sizeof o->error,
                   out->end == HOST_EXITED && out->exit_code == 0 ? "" : out->error);
    if (o->end == ACTION_NOT_REACHED) {
        take_back_wish(s, now);
        char text[FACT_TEXT_MAX + 64];
        (void)str_format(text, sizeof text,
                         "Resus has no control over the host, so nothing was done: %s", out->error);
        operation_fail(s, 503, "Host unreachable", "host_unreachable", text, now);
        return;
    }
    if (o->end == ACTION_REFUSED) {
        char text[FACT_TEXT_MAX + 64];
        (void)str_format(text, sizeof text, "%s Nothing was done.", s->guard.refused);
        take_back_wish(s, now);
        operation_fail(s, 500, "Operation failed", "command_failed", text, now);
        return;
    }
    if (o->end == ACTION_NO_EFFECT) {
        s->sight.unit.can_reload = TRI_NO;
        fail_reload(s, now);
        return;
    }
    o->command_ended = now.mono;
    operation_enter(s, OP_PHASE_VERIFYING, mono_add(now.mono, VERIFY_LIMIT_MS));
    watch_look(s, now);
}

/* ── the door ── */

static void refuse(const struct engine_request *request, int status, json_t *body)
{
    request->answer(request->context, status, body);
}

void engine_operate(struct engine *e, int service, const struct engine_request *request,
                    struct now now)
{
    struct service *s = &e->services[service];
    struct operation *o = &s->operation;
    struct recovery_facts facts;
    engine_look_at_clocks(e, now);
    judge_facts(s, now, &facts);
    if (request->operation == OPERATION_STOP && !request->confirmation) {
        refuse(request, 400, refusal_unconfirmed(s, now));
        return;
    }
    if (operation_running(s)) {
        refuse(request, 409,
               refusal_busy(s, o->request.user.email, engine_operation_word(o->request.operation),
                            o->since, now));
        return;
    }
    if (recovery_holds(&s->recovery, &facts)) {
        refuse(request, 409,
               refusal_busy(s, "system", "automatic recovery", s->action_began_wall, now));
        return;
    }
    *o = (struct operation){.serial = o->serial + 1,
                            .request = *request,
                            .began = now.mono,
                            .since = now.wall,
                            .exit_code = -1};
    (void)str_format(o->id, sizeof o->id, "o-%016" PRIx64, e->ports.random(e->ports.context));
    operation_enter(s, OP_PHASE_CHECKING, mono_add(now.mono, CHECK_LIMIT_MS));
    record_service_event(s, engine_operation_word(request->operation), request->user.email,
                         "started", request->reason, -1, now);
    if (s->judged)
        record_status(s, now);
    if (!request_pending(s, FOR_INFO) || request_asked(s, FOR_INFO).ms < now.mono.ms)
        e->ports.redis(e->ports.context, s->index, request_begin(s, FOR_INFO, now.mono), REDIS_INFO,
                       false, mono_add(now.mono, 5000));
    watch_look(s, now);
    service_schedule(s);
}
