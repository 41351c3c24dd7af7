/* The ends of an operation, in words: for the caller, the audit log and the event. */
#include "engine/operation_end.h"

#include <assert.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/operation_result.h"
#include "engine/refusal.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/words.h"

/* ── refusals ── */

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
    s->observations.unit.can_reload = TRI_NO; /* also when the command was the first to say so */
    const char *text = s->settings->control == CONTROL_PROCESS
                           ? "A Redis that Resus runs itself cannot reload. Use CONFIG SET for "
                             "what Redis can change at run time, or restart it."
                           : "This unit cannot reload: it has no ExecReload. Use CONFIG SET for "
                             "what Redis can change at run time, or restart it.";
    fail_blocked(s, text, json_pack("[s]", text), now);
}

static void refuse_blocked(struct service *s, struct now now)
{
    struct preflight p;
    char text[PREFLIGHT_TEXT_MAX * 2] = "", words[PREFLIGHT_TEXT_MAX];
    json_t *blockers = json_array();
    snapshot_preflight(s, s->operation.request.operation, now, &p);
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++) {
        if (!p.blockers[i])
            continue;
        const char *blocker =
            preflight_blocker_text((enum preflight_blocker)i, s->settings->unit, words);
        (void)str_append(text, sizeof text, "%s%s", text[0] != '\0' ? " " : "", blocker);
        (void)json_array_append_new(blockers, json_string(blocker));
    }
    fail_blocked(s, text, blockers, now);
}

static void fail_save_late(struct service *s, struct now now)
{
    operation_fail(s, 422, "Operation blocked", "blocked",
                   "Redis did not finish saving within 60 s, so it was not stopped. With --force "
                   "it is stopped without.",
                   now);
}

static void fail_save_refused(struct service *s, struct now now)
{
    operation_fail(s, 422, "Operation blocked", "blocked",
                   "Redis cannot save, so it was not stopped: unsaved changes would be lost. With "
                   "--force it is stopped without saving.",
                   now);
}

static void fail_save_failed(struct service *s, struct now now)
{
    operation_fail(s, 422, "Operation blocked", "blocked",
                   "The save failed, so Redis was not stopped: unsaved changes would be lost. Fix "
                   "the disk first.",
                   now);
}

/* ── nothing was done ── */

static void succeed_at_once(struct service *s, const char *message, const char *status,
                            const char *word, struct now now)
{
    operation_finish(s, 200, operation_result(s, true, message, status, now), true, word, now);
}

static void already_running(struct service *s, struct now now)
{
    succeed_at_once(s, "Redis service is already running", "running", "already running", now);
}

static void already_stopped(struct service *s, struct now now)
{
    succeed_at_once(s, "Redis service is already stopped", "stopped", "already stopped", now);
}

static void fail_unreachable(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    (void)str_copy(o->error, sizeof o->error, s->observations.unit.text);
    operation_fail(s, 503, "Host unreachable", "host_unreachable",
                   "The host cannot be reached, so nothing was done. Check SSH: resus doctor.",
                   now);
}

static void fail_not_stored(struct service *s, struct now now)
{
    if (s->operation.away) {
        operation_fail(s, 503, "etcd does not answer", "store_away",
                       "etcd did not confirm what is desired now, so another engine of the fleet "
                       "could not know it, and nothing was done. See resus doctor.",
                       now);
        return;
    }
    operation_fail(
        s, 500, "Operation failed", "state_not_saved",
        "The desired state could not be stored (is the disk of the state folder full?), so nothing "
        "was done.",
        now);
}

static void fail_not_written(struct service *s, struct now now)
{
    operation_fail(s, 500, "Operation failed", "audit_unwritable",
                   "The audit log cannot be written, so nothing was done: free its disk or fix its "
                   "permissions.",
                   now);
}

static void fail_not_reached(struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX + 64];
    (void)str_format(text, sizeof text,
                     "Resus has no control over the host, so nothing was done: %s",
                     s->operation.error);
    operation_fail(s, 503, "Host unreachable", "host_unreachable", text, now);
}

static void fail_refused(struct service *s, struct now now)
{
    char text[GUARD_TEXT_MAX + 64];
    (void)str_format(text, sizeof text, "%s Nothing was done.", s->guard.refused);
    operation_fail(s, 500, "Operation failed", "command_failed", text, now);
}

static void failed_without_effect(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    char text[FACT_TEXT_MAX + 200];
    char ended[64] = "how the command ended is not known";
    if (o->exit_code >= 0)
        (void)str_format(ended, sizeof ended, "the command ended with status %d", o->exit_code);
    (void)str_format(text, sizeof text,
                     "%s failed: %s, and nothing has changed: %s. See whether Resus may do it at "
                     "all: resus doctor.",
                     engine_operation_word(o->request.operation), ended,
                     o->error[0] != '\0' ? o->error : "it said nothing");
    operation_fail(s, 500, "Operation failed", "command_failed", text, now);
}

/* ── the command has done something ── */

static void done(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    const char *message = operation_done_message(o->request.operation);
    const char *status = o->request.operation == OPERATION_STOP ? "stopped" : "running";
    json_t *body = operation_result(s, true, message, status, now);
    bool unknown = o->core.log_asked.ms != 0 && o->core.stop_end == STOP_END_UNKNOWN;
    if (unknown && operation_final_save_matters(s))
        (void)json_put_text(body, "warning",
                            "The stop took long, and the journal cannot be read: whether the final "
                            "save was done is not known. See systemctl status and resus doctor.");
    operation_finish(s, 200, body, true, message, now);
}

static void failed_save_cut(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    char text[FACT_TEXT_MAX * 3];
    char lost[96] = "what was written after the last save is lost";
    bool stop = o->request.operation == OPERATION_STOP;
    if (o->before.known && o->unsaved > 0)
        (void)str_format(lost, sizeof lost,
                         "what was written after the last save is lost, at least %" PRId64
                         " changes",
                         o->unsaved);
    (void)str_format(text, sizeof text,
                     "%s, but its process was killed before its final save was done: %s. Raise "
                     "TimeoutStopSec above the duration of a save (systemctl edit %s).",
                     stop ? "Redis is stopped" : "Redis runs again", lost, s->settings->unit);
    operation_fail(s, 500, "Data lost", "save_cut", text, now);
}

static void failed_for_cause(struct service *s, struct now now)
{
    const struct operation *o = &s->operation;
    char text[CAUSE_WORDS_MAX * 3];
    const struct cause_row *row = cause_row(s->cause);
    char summary[CAUSE_WORDS_MAX], advice[CAUSE_WORDS_MAX];
    (void)str_format(text, sizeof text, "%s failed: %s %s",
                     engine_operation_word(o->request.operation),
                     words_summary(s, s->cause, summary), words_advice(s, s->cause, advice));
    if (o->error[0] != '\0')
        (void)str_append(text, sizeof text, " The command said: %s", o->error);
    if (s->observations.log.line[0] != '\0')
        (void)str_append(text, sizeof text, " Log: %s", s->observations.log.line);
    operation_fail(s, 500, "Operation failed", row->code, text, now);
}

void operation_end(struct service *s, enum operate_end end, struct now now)
{
    static void (*const ends[])(struct service * s, struct now now) = {
        [OPERATE_DONE] = done,
        [OPERATE_ALREADY_RUNNING] = already_running,
        [OPERATE_ALREADY_STOPPED] = already_stopped,
        [OPERATE_BLOCKED] = refuse_blocked,
        [OPERATE_CANNOT_RELOAD] = fail_reload,
        [OPERATE_HOST_UNREACHABLE] = fail_unreachable,
        [OPERATE_END_SAVE_LATE] = fail_save_late,
        [OPERATE_END_SAVE_REFUSED] = fail_save_refused,
        [OPERATE_END_SAVE_FAILED] = fail_save_failed,
        [OPERATE_END_NOT_STORED] = fail_not_stored,
        [OPERATE_END_NOT_WRITTEN] = fail_not_written,
        [OPERATE_NOT_REACHED] = fail_not_reached,
        [OPERATE_REFUSED] = fail_refused,
        [OPERATE_WITHOUT_EFFECT] = failed_without_effect,
        [OPERATE_DATA_LOST] = failed_save_cut,
        [OPERATE_FAILED] = failed_for_cause,
    };
    static_assert(ARRAY_LENGTH(ends) == OPERATE_END_COUNT, "words for every end");
    ends[end](s, now);
}
