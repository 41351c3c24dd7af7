/* A person's operation on one service: one at a time, pre-flight, save, intent, command,
 * verification (operation_verify.c), and a watch of 15 minutes after it. The steps wait for facts
 * and answers; operation_turn() looks whether they are enough. */
#include "engine/operation.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/current.h"
#include "engine/desired.h"
#include "engine/event.h"
#include "engine/operation_result.h"
#include "engine/refusal.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/state.h"

#define CHECK_LIMIT_MS 7000 /* a look at the service before: PING 5 s and the unit */
#define SAVE_LIMIT_MS 60000
#define COMMAND_LIMIT_MS 90000
#define AUDIT_LIMIT_MS 5000

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
        .id = request_begin_action(s, PART_OPERATE, OPERATE_COMMAND, now.mono, s->operation.serial),
        .command = commands[s->operation.request.operation],
        .deadline = mono_add(now.mono, COMMAND_LIMIT_MS),
    };
    struct operation *o = &s->operation;
    const struct unit_facts *unit = &s->sight.unit;
    o->process = unit->main_pid > 0 ? unit->main_pid : 0;
    o->unit_before = unit->active;
    o->unit_since_before = unit->since;
    o->unsaved = current_process_info(s) ? s->sight.info.unsaved_changes : FACT_UNKNOWN;
    o->command_sent = now.mono;
    operation_enter(s, OP_PHASE_RUNNING, mono_add(now.mono, COMMAND_LIMIT_MS + 5000));
    s->engine->ports.host(s->engine->ports.context, s->index, &request);
}

static void write_intent(struct service *s, struct now now)
{
    operation_enter(s, OP_PHASE_INTENT, mono_add(now.mono, AUDIT_LIMIT_MS));
    operation_write_line(
        s, AUDIT_INTENT,
        request_begin_action(s, PART_OPERATE, OPERATE_INTENT, now.mono, s->operation.serial), false,
        "", now);
}

/* What the service shall be is on the disk before anything is done. */
static void decide(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    bool stop = o->request.operation == OPERATION_STOP;
    bool changes = o->request.operation != OPERATION_RELOAD &&
                   (stop || s->saved.stopped_on_purpose || s->desired_unsaved);
    recover_event(s, EVENT_OPERATION_BEGAN, 0, ACTION_DONE, now);
    if (!changes) {
        write_intent(s, now);
        return;
    }
    o->desired_changed = true;
    state_keep_desired(s, &o->desired_before);
    if (stop)
        state_desire_stop(s, o->request.user.email, o->request.reason, now.wall);
    else
        state_desire_run(s);
    operation_enter(s, OP_PHASE_DECIDING, mono_add(now.mono, AUDIT_LIMIT_MS));
    state_store(
        s, request_begin_action(s, PART_OPERATE, OPERATE_DESIRED, now.mono, s->operation.serial),
        STORE_FULL);
}

static void begin_save(struct service *s, struct now now)
{
    operation_enter(s, OP_PHASE_SAVING, mono_add(now.mono, SAVE_LIMIT_MS));
    s->engine->ports.redis(
        s->engine->ports.context, s->index,
        request_begin_action(s, PART_OPERATE, OPERATE_SAVE, now.mono, s->operation.serial),
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
    char text[PREFLIGHT_TEXT_MAX * 2] = "", words[PREFLIGHT_TEXT_MAX];
    json_t *blockers = json_array();
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++) {
        if (!p->blockers[i])
            continue;
        const char *blocker =
            preflight_blocker_text((enum preflight_blocker)i, s->settings->unit, words);
        (void)str_append(text, sizeof text, "%s%s", text[0] != '\0' ? " " : "", blocker);
        (void)json_array_append_new(blockers, json_string(blocker));
    }
    fail_blocked(s, text, blockers, now);
}

/* False: it was refused. */
static bool pass_preflight(struct service *s, struct now now, struct preflight *ret)
{
    struct operation *o = &s->operation;
    snapshot_preflight(s, o->request.operation, now, ret);
    facts_info_reset(&o->before);
    if (current_process_info(s))
        o->before = s->sight.info;
    if (ret->allowed || o->request.force)
        return true;
    refuse_blocked(s, ret, now);
    return false;
}

static void checked_start(struct service *s, struct now now)
{
    struct preflight p;
    if (pass_preflight(s, now, &p))
        decide(s, now);
}

static void checked_stop_or_restart(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    struct preflight p;
    if (!pass_preflight(s, now, &p))
        return;
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
        checked_start(s, now);
        return;
    case OPERATION_STOP:
        /* Only what was seen since counts: it may have been started meanwhile. */
        if ((unit == UNIT_INACTIVE || unit == UNIT_FAILED) && s->saved.stopped_on_purpose &&
            !desired_ran_since(s) && s->sight.unit.asked.ms >= o->began.ms) {
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

static void desired_stored(struct service *s, enum store_outcome outcome, struct now now)
{
    if (s->operation.phase != OP_PHASE_DECIDING)
        return;
    if (outcome == STORE_DURABLE) {
        state_desired_is_saved(s);
        write_intent(s, now);
        return;
    }
    operation_take_back(s, now);
    operation_fail(
        s, 500, "Operation failed", "state_not_saved",
        "The desired state could not be stored (is the disk of the state folder full?), so nothing "
        "was done.",
        now);
}

static void intent_written(struct service *s, enum audit_outcome outcome, struct now now)
{
    if (s->operation.phase != OP_PHASE_INTENT)
        return;
    if (outcome == AUDIT_DURABLE) {
        run_command(s, now);
        return;
    }
    operation_take_back(s, now);
    operation_fail(s, 500, "Operation failed", "audit_unwritable",
                   "The audit log cannot be written, so nothing was done: free its disk or fix its "
                   "permissions.",
                   now);
}

void operation_judged(struct service *s, struct now now)
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
            desired_stored(s, STORE_FAILED, now);
        return;
    case OP_PHASE_INTENT:
        if (late)
            intent_written(s, AUDIT_FAILED, now);
        return;
    case OP_PHASE_RUNNING:
        if (late) {
            o->end = ACTION_UNKNOWN;
            operation_begin_verifying(s, now);
        }
        return;
    case OP_PHASE_VERIFYING:
        operation_verify(s, now);
        return;
    case OP_PHASE_NONE:
    case OP_PHASE_COUNT:
        return;
    }
}

/* ── answers to the steps ── */

/* Only writes since this save are at stake now; but the final save takes as long again. */
static void saved_first(struct service *s, const struct redis_answer *a, struct now now)
{
    struct preflight p;
    if (a->info.last_save_seconds >= 0)
        s->sight.info.last_save_seconds = a->info.last_save_seconds;
    if (pass_preflight(s, now, &p))
        decide(s, now);
}

static void save_answered(struct service *s, const struct pending *p, const struct redis_answer *a,
                          struct now now)
{
    struct operation *o = &s->operation;
    if (o->phase != OP_PHASE_SAVING)
        return;
    if (request_is(p, PART_OPERATE, OPERATE_SAVE)) {
        if (!saving_begun(a))
            operation_fail(
                s, 422, "Operation blocked", "blocked",
                "Redis cannot save, so it was not stopped: unsaved changes would be lost. With "
                "--force it is stopped "
                "without saving.",
                now);
        else
            saving_follow(s, PART_OPERATE, OPERATE_SAVED, s->operation.serial, now);
        return;
    }
    enum save_end saving = saving_of(a);
    if (saving == SAVING_FAILED)
        operation_fail(
            s, 422, "Operation blocked", "blocked",
            "The save failed, so Redis was not stopped: unsaved changes would be lost. Mend the "
            "disk first.",
            now);
    else if (saving == SAVING_DONE)
        saved_first(s, a, now);
    else
        saving_follow_on(s, now);
}

static void command_ended(struct service *s, const struct host_outcome *out, struct now now)
{
    struct operation *o = &s->operation;
    if (o->phase != OP_PHASE_RUNNING)
        return;
    o->end = recover_end_of(out);
    o->exit_code = out->end == HOST_EXITED ? out->exit_code : -1;
    (void)str_copy(o->error, sizeof o->error,
                   out->end == HOST_EXITED && out->exit_code == 0 ? "" : out->error);
    recover_note_command(s, engine_operation_word(o->request.operation), out);
    if (o->end == ACTION_NOT_REACHED) {
        operation_take_back(s, now);
        char text[FACT_TEXT_MAX + 64];
        (void)str_format(text, sizeof text,
                         "Resus has no control over the host, so nothing was done: %s", out->error);
        operation_fail(s, 503, "Host unreachable", "host_unreachable", text, now);
        return;
    }
    if (o->end == ACTION_REFUSED) {
        char text[GUARD_TEXT_MAX + 64];
        (void)str_format(text, sizeof text, "%s Nothing was done.", s->guard.refused);
        operation_take_back(s, now);
        operation_fail(s, 500, "Operation failed", "command_failed", text, now);
        return;
    }
    if (o->end == ACTION_NO_EFFECT) {
        s->sight.unit.can_reload = TRI_NO;
        fail_reload(s, now);
        return;
    }
    operation_begin_verifying(s, now);
}

int operation_init(struct service *s, struct now now)
{
    (void)now;
    s->operation.deadline = MONO_NEVER;
    return 0;
}

void operation_begin(struct service *s, const struct engine_request *request, struct now now)
{
    const struct engine_ports *ports = &s->engine->ports;
    struct operation *o = &s->operation;
    *o = (struct operation){.serial = o->serial + 1,
                            .request = *request,
                            .began = now.mono,
                            .since = now.wall,
                            .exit_code = -1};
    (void)str_format(o->id, sizeof o->id, "o-%016" PRIx64, ports->random(ports->context));
    operation_enter(s, OP_PHASE_CHECKING, mono_add(now.mono, CHECK_LIMIT_MS));
    event_operation(s, engine_operation_word(request->operation), &request->user, "started",
                    request->reason, -1, now);
    if (s->judged)
        publish_status(s, now);
    if (!request_pending(s, PART_WATCH, WATCH_INFO) ||
        request_asked(s, PART_WATCH, WATCH_INFO).ms < now.mono.ms)
        ports->redis(ports->context, s->index, request_begin(s, PART_WATCH, WATCH_INFO, now.mono),
                     REDIS_INFO, false, mono_add(now.mono, 5000));
    watch_look(s, now);
}

/* ── the part ── */

bool operation_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                        struct now now)
{
    if (p->purpose == OPERATE_COMMAND)
        guard_refused(s, a->host, now);
    if (p->action_id != s->operation.serial)
        return false; /* the operation that asked is over, and another one has begun */
    switch ((enum operate_purpose)p->purpose) {
    case OPERATE_SAVE:
    case OPERATE_SAVED:
        save_answered(s, p, a->redis, now);
        break;
    case OPERATE_DESIRED:
        desired_stored(s, a->stored, now);
        break;
    case OPERATE_INTENT:
        intent_written(s, a->audited, now);
        break;
    case OPERATE_COMMAND:
        command_ended(s, a->host, now);
        break;
    case OPERATE_LOG:
        operation_log(s, a->host, now);
        break;
    }
    return false;
}

bool operation_turn(struct service *s, struct now now)
{
    if (!operation_running(s))
        return false;
    operation_judged(s, now);
    return !operation_running(s); /* what it held back counts from here on */
}
