/* Restarts that Resus did not cause: systemd healed a crash by itself, or an operator restarted the
 * unit. What systemd healed belongs into the history and the service levels as a failure; it is no
 * attempt of Resus. */
#include "engine/other_restart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/event.h"
#include "engine/service.h"

enum { LOG, COUNT }; /* what its requests are for */

#define LINES 50
/* So long the unit's log and the first answer of the new process are waited for. */
#define EXPLAIN_LIMIT_MS 120000
/* ... and so long the loss of the old process, when a look at the unit came first. */
#define SETTLE_MS 5000

/* A command of Resus, or of an operator through Resus, has been at work since then. */
static bool ours(const struct service *s, mono_ms since)
{
    const struct recovery *r = &s->recovery;
    bool under_way = r->phase == PHASE_INTENT || r->phase == PHASE_ACTING ||
                     r->phase == PHASE_VERIFYING || operation_running(s);
    bool recovery = r->action_began.ms != 0 && r->action_ended.ms >= since.ms;
    bool operation =
        s->operation.core.command_ended.ms != 0 && s->operation.core.command_ended.ms >= since.ms;
    return under_way || recovery || operation;
}

/* A look without the count leaves the one before as it was. */
static void count(struct other_restart *o, int64_t restarts)
{
    if (restarts < 0)
        return;
    if (o->open && o->restarts_before >= 0 && restarts > o->restarts_before)
        o->systemd = true;
    o->restarts = restarts;
}

static void begin(struct service *s, struct now now)
{
    struct other_restart *o = &s->other_restart;
    bool auto_restart =
        s->watch.auto_restart_at.ms != 0 && s->watch.auto_restart_at.ms >= o->seen.ms;
    o->systemd = o->systemd || auto_restart;
    if (!o->open) { /* a second one while the first is explained belongs to it */
        o->since = o->seen;
        o->restarts_before = o->restarts;
    }
    o->open = true;
    o->noticed = now.mono;
    o->due = mono_add(now.mono, SETTLE_MS);
    o->log_asked = o->log_read = o->other_way = false;
    o->log = (struct restart_facts){0};
}

int other_restart_init(struct service *s, struct now now)
{
    (void)now;
    s->other_restart.restarts = FACT_UNKNOWN;
    s->other_restart.due = MONO_NEVER;
    return 0;
}

void other_restart_unit(struct service *s, const struct unit_facts *new, struct now now)
{
    struct other_restart *o = &s->other_restart;
    if (new->control_reached != TRI_YES)
        return;
    o->unrecorded = o->unrecorded || cause_stop_unrecorded(new);
    if (str_equal(new->sub, "auto-restart") && new->result != RESULT_UNKNOWN)
        o->result = new->result;
    if (new->main_pid <= 0 || !unit_runs(new->active))
        return;
    if (o->process > 0 && o->process != new->main_pid && !ours(s, o->seen))
        begin(s, now);
    count(o, new->restarts);
    o->process = new->main_pid;
    o->seen = new->asked;
    if (!o->open) {
        o->result = RESULT_UNKNOWN;
        o->unrecorded = false;
    }
}

bool other_restart_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                            struct now now)
{
    struct other_restart *o = &s->other_restart;
    const struct host_outcome *h = a->host;
    if (p->purpose == COUNT) {
        count(o, h->unit.restarts);
        return true;
    }
    if (h->log_empty && h->end == HOST_EXITED && !o->other_way) {
        o->other_way = true; /* once without sudo, or with it */
        request_host(s, PART_OTHER_RESTART, LOG, HOST_JOURNAL, LINES, !s->watch.journal_sudo, now);
        return true;
    }
    o->log = h->restart;
    o->log_read = true;
    return true;
}

static enum cause cause_of(const struct other_restart *o)
{
    const char *ended = o->log.ended;
    if (o->log.out_of_memory || o->result == RESULT_OOM_KILL)
        return CAUSE_OOM_KILLED;
    if (str_find(ended, sizeof o->log.ended, "code=killed") != NULL ||
        str_find(ended, sizeof o->log.ended, "code=dumped") != NULL || o->result == RESULT_SIGNAL ||
        o->result == RESULT_CORE_DUMP)
        return CAUSE_CRASHED;
    if (str_find(ended, sizeof o->log.ended, "status=0/SUCCESS") != NULL ||
        o->result == RESULT_SUCCESS)
        return CAUSE_UNIT_STOPPED;
    return CAUSE_UNIT_FAILED;
}

/* The table's sentence, where it is true of a unit that runs again. */
static const char *what_happened(enum cause cause)
{
    switch (cause) {
    case CAUSE_UNIT_STOPPED:
        return "Redis was shut down, and not through systemd.";
    case CAUSE_UNIT_FAILED:
        return "The Redis process ended.";
    default:
        return cause_row(cause)->summary;
    }
}

static char *evidence_text(const struct other_restart *o)
{
    char line[FACT_TEXT_MAX + 64];
    JSON_CLEANUP json_t *evidence = json_array();
    if (o->restarts >= 0) {
        (void)snprintf(line, sizeof line,
                       "unit: systemd restarted it, NRestarts %" PRId64 " -> %" PRId64,
                       o->restarts_before, o->restarts);
        (void)json_array_append_new(evidence, json_string(line));
    }
    if (o->log.ended[0] != '\0') {
        (void)str_format(line, sizeof line, CAUSE_LOG_EVIDENCE "%s", o->log.ended);
        (void)json_array_append_new(evidence, json_string(line));
    }
    if (json_array_size(evidence) == 0)
        (void)json_array_append_new(evidence, json_string("unit: seen as auto-restart"));
    return json_dumps(evidence, JSON_COMPACT);
}

static void write_history(struct service *s, enum cause cause, const char *message, struct now now)
{
    const struct other_restart *o = &s->other_restart;
    struct recovery_record record = {
        .started_at = now.wall, .duration_seconds = -1, .evidence = evidence_text(o)};
    if (sample_last_outage(s, o->since, &record.started_at, &record.duration_seconds))
        sample_name_outage(s, cause, "systemd");
    (void)str_copy(record.service, sizeof record.service, s->settings->id);
    (void)str_format(record.id, sizeof record.id, "s-%s-%" PRIx64, s->settings->id,
                     (uint64_t)now.wall.ms);
    (void)str_copy(record.cause, sizeof record.cause, cause_row(cause)->code);
    (void)str_copy(record.result, sizeof record.result, HISTORY_BY_SYSTEMD);
    (void)str_copy(record.message, sizeof record.message, message);
    s->engine->ports.record(s->engine->ports.context, &record);
    free(record.evidence);
}

static void report(struct service *s, struct now now)
{
    const struct other_restart *o = &s->other_restart;
    char text[FACT_TEXT_MAX * 2];
    if (o->systemd || o->log.by_systemd) {
        enum cause cause = cause_of(o);
        (void)str_format(text, sizeof text,
                         "%s Redis was restarted by systemd (process %" PRId64 ").",
                         what_happened(cause), o->process);
        write_history(s, cause, text, now);
        service_log(s, true, "%s", text);
    } else {
        (void)str_format(
            text, sizeof text, "Redis was %s, and not through Resus (process %" PRId64 ").",
            o->unrecorded ? "started again, with its host or by an operator" : "restarted",
            o->process);
    }
    event_notice(s, text, now);
}

void other_restart_judged(struct service *s, struct now now)
{
    struct other_restart *o = &s->other_restart;
    if (!o->open)
        return;
    if (!o->log_asked) {
        o->log_asked = true;
        request_host(s, PART_OTHER_RESTART, LOG, HOST_JOURNAL, LINES, s->watch.journal_sudo, now);
        /* The look that saw the new process may have been one without the count. */
        if (!o->systemd && o->restarts_before >= 0 && s->settings->commands_extended)
            request_host(s, PART_OTHER_RESTART, COUNT, HOST_SHOW, 0, false, now);
    }
    bool late = mono_since(now.mono, o->noticed) >= EXPLAIN_LIMIT_MS;
    bool known = (o->log_read || !request_pending(s, PART_OTHER_RESTART, LOG)) &&
                 !request_pending(s, PART_OTHER_RESTART, COUNT);
    wall_ms began;
    double seconds;
    bool settled = sample_last_outage(s, o->since, &began, &seconds) ||
                   mono_since(now.mono, o->noticed) >= SETTLE_MS;
    if (!late && (!known || !settled || s->sampler.state != SAMPLE_UP))
        return;
    if (!ours(s, o->since))
        report(s, now);
    o->open = o->systemd = o->unrecorded = false;
    o->due = MONO_NEVER;
    o->result = RESULT_UNKNOWN;
}

bool other_restart_turn(struct service *s, struct now now)
{
    struct other_restart *o = &s->other_restart;
    if (now.mono.ms < o->due.ms)
        return false;
    mono_ms last = mono_add(o->noticed, EXPLAIN_LIMIT_MS);
    o->due = o->due.ms < last.ms ? last : MONO_NEVER;
    return true;
}

mono_ms other_restart_next(const struct service *s)
{
    return s->other_restart.due;
}
