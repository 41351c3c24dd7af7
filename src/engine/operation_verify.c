/* What a person's operation has done: the facts that are seen after its command decide. */
#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/operation_result.h"
#include "engine/service.h"
#include "engine/stops.h"
#include "engine/words.h"

#define VERIFY_LIMIT_MS 30000 /* then 202 while it loads */
#define LOAD_STALL_MS 120000
#define STOP_LOG_LIMIT_MS 5000

void operation_begin_verifying(struct service *s, struct now now)
{
    s->operation.command_ended = now.mono;
    operation_enter(s, OP_PHASE_VERIFYING, mono_add(now.mono, VERIFY_LIMIT_MS));
    watch_look(s, now);
}

/* ── how the process before has ended ── */

static bool killed(const struct unit_facts *unit)
{
    return unit->active == UNIT_FAILED &&
           (unit->result == RESULT_TIMEOUT || unit->result == RESULT_SIGNAL ||
            unit->result == RESULT_OOM_KILL || unit->result == RESULT_CORE_DUMP);
}

/* After a restart the unit's state is the new process's: only the journal knows of the old one. */
static bool journal_needed(const struct service *s)
{
    const struct operation *o = &s->operation;
    bool slow = mono_since(o->command_ended, o->command_sent) >= STOP_CUT_MIN_MS;
    return o->request.operation == OPERATION_RESTART && o->process > 0 && slow &&
           s->settings->control != CONTROL_PROCESS;
}

/* False: not known yet. */
static bool stop_end_known(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    if (o->request.operation == OPERATION_STOP && o->process > 0)
        o->stop_end = killed(&s->sight.unit) ? STOP_END_CUT : STOP_END_CLEAN;
    if (!journal_needed(s) || o->log_read)
        return true;
    if (o->log_asked.ms != 0)
        return mono_since(now.mono, o->log_asked) >= STOP_LOG_LIMIT_MS;
    o->log_asked = now.mono;
    o->deadline = mono_add(now.mono, STOP_LOG_LIMIT_MS);
    request_host_of(s, PART_OPERATE, OPERATE_LOG, HOST_JOURNAL, STOP_LOG_LINES,
                    s->watch.journal_sudo, o->serial, now);
    return false;
}

void operation_log(struct service *s, const struct host_outcome *out, struct now now)
{
    struct operation *o = &s->operation;
    if (o->phase != OP_PHASE_VERIFYING)
        return;
    o->log_read = true;
    if (out->end == HOST_EXITED && !out->log_empty)
        o->stop_end = out->log.stop_cut ? STOP_END_CUT : STOP_END_CLEAN;
    operation_verify(s, now);
}

/* Did only the final save keep the newest changes? */
static bool final_save_counts(const struct operation *o)
{
    return o->before.aof_enabled != TRI_YES && o->before.save_points != TRI_NO;
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

/* ── success ── */

static void verified(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    if (o->stop_end == STOP_END_CUT && final_save_counts(o)) {
        failed_save_cut(s, now);
        return;
    }
    const char *message = operation_done_message(o->request.operation);
    const char *status = o->request.operation == OPERATION_STOP ? "stopped" : "running";
    json_t *body = operation_result(s, true, message, status, now);
    if (o->log_asked.ms != 0 && o->stop_end == STOP_END_UNKNOWN && final_save_counts(o))
        (void)json_put_text(body, "warning",
                            "The stop took long, and the journal cannot be read: whether the final "
                            "save was done is not known. See systemctl status and resus doctor.");
    operation_finish(s, 200, body, true, message, now);
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

/* ── failure ── */

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
    if (s->sight.log.line[0] != '\0')
        (void)str_append(text, sizeof text, " Log: %s", s->sight.log.line);
    operation_fail(s, 500, "Operation failed", row->code, text, now);
}

static bool unit_unchanged(const struct service *s)
{
    const struct operation *o = &s->operation;
    const struct unit_facts *u = &s->sight.unit;
    if (u->active != o->unit_before || u->since.ms != o->unit_since_before.ms)
        return false;
    switch (u->active) {
    case UNIT_FAILED: /* it may have failed again */
        return u->since.ms != WALL_NONE.ms;
    case UNIT_INACTIVE:
    case UNIT_NOT_FOUND:
        return true;
    case UNIT_ACTIVE:
        return o->process == 0 || u->main_pid == o->process;
    default:
        return false;
    }
}

/* sudo refuses it, the unit is masked, a job cannot be queued: the command ended, and all is as it
 * was. */
static bool nothing_was_done(const struct service *s)
{
    const struct operation *o = &s->operation;
    if (o->end != ACTION_FAILED || s->sight.unit.asked.ms < o->command_ended.ms)
        return false;
    return o->request.operation == OPERATION_RELOAD || same_process(s) || unit_unchanged(s);
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
    operation_take_back(s, now);
    operation_fail(s, 500, "Operation failed", "command_failed", text, now);
}

/* ── */

static bool loads(const struct service *s)
{
    return s->verdict.confirmed &&
           (s->cause == CAUSE_LOADING || s->cause == CAUSE_SYSTEMD_RESTARTING) &&
           s->operation.request.operation != OPERATION_STOP;
}

/* A start that failed for a reason that waiting does not change. */
static bool hopeless(const struct service *s)
{
    const struct operation *o = &s->operation;
    bool seen = s->verdict.confirmed &&
                mono_min(s->sight.fresh.asked, s->sight.unit.asked).ms >= o->command_ended.ms;
    enum remedy remedy = cause_row(s->cause)->remedy;
    return seen && o->end == ACTION_FAILED && o->request.operation != OPERATION_STOP &&
           (remedy == REMEDY_HUMAN || remedy == REMEDY_RESTART || remedy == REMEDY_WINDOW);
}

/* The load goes on, and so does the operation; the caller is answered now. */
static void wait_for_load(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    if (!o->answered)
        operation_answer(
            s, 202,
            operation_result(s, true,
                             "Redis is starting: it loads its data set. The operation goes on.",
                             "starting", now));
    o->answered = true;
    o->deadline = mono_add(now.mono, LOAD_STALL_MS);
}

void operation_verify(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    if (nothing_was_done(s)) {
        failed_without_effect(s, now);
        return;
    }
    if (is_done(s)) {
        if (stop_end_known(s, now))
            verified(s, now);
        return;
    }
    if (hopeless(s)) {
        failed_for_cause(s, now);
        return;
    }
    bool moves = loads(s) && operation_load_moves(s, now);
    if (!mono_reached(now.mono, o->deadline))
        return;
    if (moves)
        wait_for_load(s, now);
    else if (same_process(s) && s->cause == CAUSE_OK)
        failed_without_effect(s, now);
    else
        failed_for_cause(s, now);
}
