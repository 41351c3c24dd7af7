/* Carries out what core/recovery decides: evidence, intent, action, outcome, words. */
#include "engine/recover.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/event.h"
#include "engine/evidence.h"
#include "engine/observe.h"
#include "engine/record.h"
#include "engine/recovery_facts.h"
#include "engine/restart_loss.h"
#include "engine/service.h"
#include "engine/state.h"
#include "engine/stops.h"
#include "engine/withheld.h"
#include "engine/words.h"

#define ACTION_DEADLINE_MS 90000 /* below RECOVERY_ACTION_LIMIT_MS */
#define MEDICINE_DEADLINE_MS 5000

static void action_id_text(const struct service *s, uint64_t action_id, char *text, size_t size)
{
    (void)str_format(text, size, "r-%s-%" PRIx64, s->settings->id, action_id);
}

/* ── intent, action, outcome ── */

static void write_intent(struct service *s, const struct effect *e, struct now now)
{
    struct audit_line line;
    record_line_init(s, &line, AUDIT_INTENT, recovery_action_word(e->action), NULL, now);
    line.command_validated = true;
    line.has_command_validated = true;
    line.ssh_key_used = s->settings->control == CONTROL_SSH;
    action_id_text(s, e->action_id, line.request_id, sizeof line.request_id);
    (void)str_copy(line.recovery_level, sizeof line.recovery_level, recovery_level_word(e->level));
    const char *why = e->cause == CAUSE_HUNG ? evidence_blind_text(s, now) : "";
    bool blind = why[0] != '\0';
    char words[CAUSE_WORDS_MAX];
    (void)str_format(line.reason, sizeof line.reason, "%s: %s%s%s%s", cause_row(e->cause)->code,
                     words_summary(s, e->cause, words), blind ? " (" : "", why, blind ? ")" : "");
    s->recovering.action_began = now.wall;
    s->engine->ports.audit(
        s->engine->ports.context, s->index,
        request_begin_action(s, PART_RECOVER, RECOVER_INTENT, now.mono, e->action_id), &line, true);
}

static void run(struct service *s, const struct effect *e, struct now now)
{
    const struct engine_ports *ports = &s->engine->ports;
    static const struct {
        bool on_host;
        enum host_command command;
        enum redis_request request;
    } how[] = {
        [ACTION_NONE] = {false, HOST_STATUS, REDIS_PING},
        [ACTION_RELOAD] = {true, HOST_RELOAD, REDIS_PING},
        [ACTION_START] = {true, HOST_START, REDIS_PING},
        [ACTION_RESTART] = {true, HOST_RESTART, REDIS_PING},
        [ACTION_RESET_FAILED_START] = {true, HOST_RESET_FAILED, REDIS_PING},
        [ACTION_KILL_SCRIPT] = {false, HOST_STATUS, REDIS_SCRIPT_KILL},
        [ACTION_BGSAVE] = {false, HOST_STATUS, REDIS_BGSAVE},
    };
    static_assert(ARRAY_LENGTH(how) == RECOVERY_ACTION_COUNT, "a way to do every action");
    service_log(s, true, "%s recovery: %s (%s)", recovery_level_word(e->level),
                recovery_action_word(e->action), cause_row(e->cause)->code);
    uint64_t id = request_begin_action(s, PART_RECOVER, RECOVER_ACTION, now.mono, e->action_id);
    if (e->action == ACTION_RESTART)
        restart_loss_sent(s);
    if (how[e->action].on_host) {
        struct host_request request = {.id = id,
                                       .command = how[e->action].command,
                                       .deadline = mono_add(now.mono, ACTION_DEADLINE_MS)};
        ports->host(ports->context, s->index, &request);
    } else {
        ports->redis(ports->context, s->index, id, how[e->action].request, true,
                     mono_add(now.mono, MEDICINE_DEADLINE_MS));
    }
}

/* The line after the intent. Only attempts are auto_recovery lines: reports and the runbook's
 * counts go by that word. */
static void write_outcome(struct service *s, const struct effect *e, struct now now)
{
    static const char *const end_texts[] = {
        [ACTION_DONE] = "done, but Redis did not come back in time",
        [ACTION_FAILED] = "the command failed",
        [ACTION_NO_EFFECT] = "no effect",
        [ACTION_UNKILLABLE] = "the script has written and cannot be killed",
        [ACTION_UNKNOWN] = "the outcome is not known",
        [ACTION_NOT_REACHED] = "nothing was sent",
        [ACTION_REFUSED] = "refused, and nothing was done",
    };
    static_assert(ARRAY_LENGTH(end_texts) == ACTION_END_COUNT, "a text for every end");
    struct audit_line line;
    bool attempted = recovery_attempted(e->action_end);
    record_line_init(s, &line, attempted ? AUDIT_AUTO_RECOVERY : AUDIT_INCIDENT,
                     recovery_action_word(e->action), NULL, now);
    line.has_result = attempted;
    line.success = e->success;
    s->recovering.actions += attempted && e->action != ACTION_BGSAVE; /* that has no entry */
    line.duration_seconds = (double)mono_since(now.mono, s->recovery.action_began) / 1000.0;
    line.has_exit_code = e->action_end == ACTION_DONE;
    line.command_validated = true;
    line.has_command_validated = true;
    line.ssh_key_used = s->settings->control == CONTROL_SSH;
    /* A Redis that refuses us may run well: nothing is known of it. */
    bool blind = e->action_end == ACTION_DONE && s->cause == CAUSE_ACCESS_REFUSED;
    char why[FACT_TEXT_MAX + 64] = "";
    if (!e->success)
        (void)str_format(why, sizeof why, "%s%s%s",
                         blind ? "done; Redis refuses Resus, so whether it serves is not known"
                               : end_texts[e->action_end],
                         s->recovering.action_error[0] != '\0' ? ": " : "",
                         s->recovering.action_error);
    action_id_text(s, e->action_id, line.request_id, sizeof line.request_id);
    (void)str_copy(line.recovery_level, sizeof line.recovery_level, recovery_level_word(e->level));
    (void)str_copy(line.reason, sizeof line.reason, cause_row(e->cause)->code);
    if (attempted)
        (void)str_copy(line.error, sizeof line.error, why);
    else
        (void)str_append(line.reason, sizeof line.reason, ": no attempt, %s", why);
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

/* Not as an auto_recovery line: the runbook counts attempts by that word, and a skip is none. */
static void write_skip(struct service *s, const struct effect *e, struct now now)
{
    struct audit_line line;
    char text[FACT_TEXT_MAX];
    record_line_init(s, &line, AUDIT_INCIDENT, recovery_action_word(e->action), NULL, now);
    action_id_text(s, e->action_id, line.request_id, sizeof line.request_id);
    (void)str_copy(line.recovery_level, sizeof line.recovery_level, recovery_level_word(e->level));
    (void)str_format(line.reason, sizeof line.reason, "skipped: %s", skip_text(e->skip));
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
    (void)str_format(text, sizeof text, "Skipped %s recovery: %s.", recovery_level_word(e->level),
                     skip_text(e->skip));
    event_recovery(s, e->level, "skipped", text, now);
}

/* ── history and words ── */

static void note_error(struct service *s, const char *text)
{
    (void)str_copy(s->recovering.action_error, sizeof s->recovering.action_error, text);
}

static void tell_open(struct service *s, const struct effect *e, struct now now)
{
    struct recovery_facts facts;
    char words[CAUSE_WORDS_MAX];
    recovery_facts_now(s, now, &facts);
    /* As it is seen now: when the recovery ends, the log that says so may be forgotten. */
    (void)str_copy(s->recovering.words, sizeof s->recovering.words,
                   words_summary(s, e->cause, words));
    action_id_text(s, e->action_id, s->recovering.id, sizeof s->recovering.id);
    s->recovering.actions = 0;
    s->recovering.began = now.wall;
    s->recovering.began_mono = now.mono;
    s->recovering.cause = e->cause;
    note_error(s, "");
    stops_loss_text(s, s->recovering.stop_loss, sizeof s->recovering.stop_loss);
    s->recovering.first_start = facts.never_started;
    event_recovery(s, e->level, "started",
                   s->recovering.first_start
                       ? "Resus starts Redis for the first time."
                       : "Redis service failure detected. Attempting automatic recovery...",
                   now);
}

static void tell_succeeded(struct service *s, const struct effect *e, struct now now)
{
    static const char *const titles[] = {"Soft", "Standard", "Hard", "Critical"};
    char text[FACT_TEXT_MAX * 2];
    double seconds = (double)mono_since(now.mono, s->recovering.began_mono) / 1000.0;
    (void)str_format(
        text, sizeof text,
        "Redis service recovered automatically using %s Recovery. Service is now healthy.%s%s",
        titles[e->level], s->recovering.stop_loss[0] != '\0' ? " " : "", s->recovering.stop_loss);
    service_log(s, false, "recovered by %s after %.3f s (%s)", recovery_action_word(e->action),
                seconds, cause_row(s->recovering.cause)->code);
    event_recovery(s, e->level, "success", text, now);
    follow_up_success(s, "recovery", now);
    bool starts = e->action == ACTION_START || e->action == ACTION_RESTART ||
                  e->action == ACTION_RESET_FAILED_START;
    if (starts)
        state_note_start(s, seconds);
}

static void tell_failed(struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX];
    int attempts = s->recovery.attempts;
    int relapses = s->recovery.relapses < attempts ? s->recovery.relapses : attempts;
    if (relapses > 0)
        (void)str_format(text, sizeof text,
                         "Redis failed again within a minute after %d of %d recoveries. Manual "
                         "intervention required. Please contact administrator.",
                         relapses, attempts);
    else
        (void)str_format(text, sizeof text,
                         "Automatic recovery unsuccessful after %d attempts. Manual intervention "
                         "required. Please contact administrator.",
                         attempts);
    service_log(s, true, "%s", text);
    event_recovery(s, LEVEL_HUMAN, "failed", text, now);
}

static void tell_ended(struct service *s, const struct effect *e, struct now now)
{
    double seconds = (double)mono_since(now.mono, s->recovering.began_mono) / 1000.0;
    recover_save_history(s, recovery_end_word(e->end), seconds, s->recovering.actions);
    s->counters.recoveries[e->level][e->end]++;
    if (s->recovering.actions == 0) /* the host refused: nothing was done */
        return;
    s->recovering.last.any = true;
    s->recovering.last.at = now.wall;
    s->recovering.last.duration_seconds = seconds;
    s->recovering.last.level = e->level;
    s->recovering.last.end = e->end;
    s->recovering.last.attempts = s->recovery.attempts;
    memmove(&s->recovering.times[1], &s->recovering.times[0],
            sizeof s->recovering.times - sizeof s->recovering.times[0]);
    s->recovering.times[0] = now.wall;
}

/* What reaches it and what does not, and what its process does: a person who is woken up wants to
 * know. */
static void append_seen(const struct service *s, struct now now, char *text, size_t size)
{
    JSON_CLEANUP json_t *texts = json_array();
    const struct probe_facts *p = cause_probe(&s->observations);
    size_t i;
    const json_t *one;
    evidence_texts(s, now, texts);
    if (json_array_size(texts) == 0)
        return;
    (void)str_append(text, size, " Seen: from here: %s",
                     p->text[0] != '\0' ? p->text : reply_class_word(p->reply));
    json_array_foreach(texts, i, one) {
        (void)str_append(text, size, "; %s", json_string_value(one));
    }
    (void)str_append(text, size, ".");
}

static void tell_human(struct service *s, const struct effect *e, struct now now)
{
    const struct cause_row *row = cause_row(e->cause);
    char text[CAUSE_WORDS_MAX * 2 + 128], summary_words[CAUSE_WORDS_MAX],
        advice_words[CAUSE_WORDS_MAX], held[FACT_TEXT_MAX];
    const char *advice = row->remedy == REMEDY_WAIT
                             ? "It makes no progress: see resus logs. A load longer than the "
                               "unit's TimeoutStartSec is "
                               "ended and begun again without end (systemctl edit)."
                             : words_advice(s, e->cause, advice_words);
    if (s->recovery.withheld == WITHHELD_EMPTY_PRIMARY)
        advice = withheld_text(WITHHELD_EMPTY_PRIMARY);
    const char *summary = words_summary(s, e->cause, summary_words);
    if (s->recovery.breaker.open)
        (void)str_format(text, sizeof text, "%s %s %s Then run: resus recovery reset%s.",
                         withheld_breaker_words(s, now), summary, advice,
                         s->saved.paused_until.ms != 0 ? ", and resus resume" : "");
    else if (s->recovery.withheld == WITHHELD_CANNOT_ACT)
        (void)str_format(text, sizeof text, "%s %s", withheld_words(s, WITHHELD_CANNOT_ACT, held),
                         summary);
    else
        (void)str_format(text, sizeof text, "%s %s", summary, advice);
    append_seen(s, now, text, sizeof text);
    if (s->guard.command_failed[0] != '\0')
        (void)str_append(text, sizeof text, " The last command failed: %s",
                         s->guard.command_failed);
    service_log(s, true, "a human is needed: %s", text);
    event_recovery(s, LEVEL_HUMAN, "failed", text, now);
    struct audit_line line;
    record_line_init(s, &line, AUDIT_INCIDENT, "manual-intervention-required", NULL, now);
    (void)str_format(line.reason, sizeof line.reason, "%s: %s", row->code, text);
    (void)str_format(line.request_id, sizeof line.request_id, "i-%" PRIx64,
                     s->engine->ports.random(s->engine->ports.context));
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

static void tell_announce(struct service *s, const struct effect *e, struct now now)
{
    char text[FACT_TEXT_MAX * 2];
    char loss[FACT_TEXT_MAX];
    int64_t seconds = mono_since(e->at, now.mono) / 1000;
    stops_loss_text(s, loss, sizeof loss);
    (void)str_format(text, sizeof text,
                     "%s; Resus starts it in %" PRId64
                     " s unless it is started, paused (resus pause) or stopped through Resus.%s%s",
                     s->settings->control != CONTROL_PROCESS &&
                             cause_stop_unrecorded(&s->observations.unit)
                         ? "Redis does not run, and systemd has no record of a stop"
                         : "Redis was stopped, and not through Resus",
                     seconds, loss[0] != '\0' ? " " : "", loss);
    service_log(s, true, "%s", text);
    event_notice(s, text, now);
    struct audit_line line;
    record_line_init(s, &line, AUDIT_INCIDENT, "external-stop", NULL, now);
    (void)str_copy(line.reason, sizeof line.reason, text);
    (void)str_format(line.request_id, sizeof line.request_id, "i-%" PRIx64,
                     s->engine->ports.random(s->engine->ports.context));
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

static void tell_withheld(struct service *s, const struct effect *e, struct now now)
{
    if (e->withheld == WITHHELD_OPERATION_RUNNING)
        return; /* the operation reports its own progress */
    char notice[CAUSE_WORDS_MAX * 2], words[CAUSE_WORDS_MAX], held[FACT_TEXT_MAX];
    (void)str_format(notice, sizeof notice, "No automatic action: %s %s",
                     words_summary(s, s->cause, words), withheld_words(s, e->withheld, held));
    service_log(s, true, "%s (%s)", notice, withheld_code(e->withheld));
    event_notice(s, notice, now);
}

static void tell_breaker(struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX];
    event_notice(s, withheld_words(s, WITHHELD_BREAKER_OPEN, text), now);
}

static void carry_out(struct service *s, const struct effect *e, struct now now)
{
    switch (e->kind) {
    case EFFECT_OPEN:
        tell_open(s, e, now);
        break;
    case EFFECT_SKIP:
        write_skip(s, e, now);
        break;
    case EFFECT_SAVE:
        state_store(s, 0, STORE_NORMAL);
        break;
    case EFFECT_EVIDENCE:
        recover_gather(s, now);
        /* With the one that begins: Resus may not live to write its end. */
        recover_save_history(s, "running", -1, s->recovering.actions + 1);
        break;
    case EFFECT_INTENT:
        write_intent(s, e, now);
        break;
    case EFFECT_RUN:
        run(s, e, now);
        break;
    case EFFECT_OUTCOME:
        write_outcome(s, e, now);
        break;
    case EFFECT_LOOK:
        watch_look(s, now);
        break;
    case EFFECT_SUCCEEDED:
        tell_succeeded(s, e, now);
        break;
    case EFFECT_TAKEN_BACK:
        event_notice(s, "The recovery did not last: Redis failed again within 60 s.", now);
        break;
    case EFFECT_FAILED:
        tell_failed(s, now);
        break;
    case EFFECT_ENDED:
        tell_ended(s, e, now);
        break;
    case EFFECT_BREAKER:
        tell_breaker(s, now);
        break;
    case EFFECT_HUMAN:
        tell_human(s, e, now);
        break;
    case EFFECT_HUMAN_OVER:
        event_notice(s,
                     s->recovery.phase == PHASE_EXHAUSTED
                         ? "The cause that needed a human is gone; auto-recovery stays off until "
                           "an operator runs: resus recovery reset."
                         : "The cause that needed a human is gone.",
                     now);
        break;
    case EFFECT_ANNOUNCE:
        tell_announce(s, e, now);
        break;
    case EFFECT_WITHHELD:
        tell_withheld(s, e, now);
        break;
    case EFFECT_CHANGED:
    case EFFECT_KIND_COUNT:
        break;
    }
}

int recover_init(struct service *s, struct now now)
{
    (void)now;
    recovery_init(&s->recovery);
    s->recovering.wake = MONO_NEVER;
    return 0;
}

void recover_free(struct service *s)
{
    json_decref(s->recovering.evidence);
    s->recovering.evidence = NULL;
}

void recover_event(struct service *s, enum recovery_event event, uint64_t action_id,
                   enum action_end end, struct now now)
{
    struct recovery_input input = {
        .event = event, .action_id = action_id, .end = end, .wall = now.wall};
    struct recovery_effects effects;
    recovery_facts_now(s, now, &input.facts);
    struct recovery before = s->recovery;
    recovery_step(&s->recovery, &s->recovery_policy, &input, now.mono, &effects);
    recording_step(s, &before, &input, &effects, now);
    s->recovering.wake = effects.wake;
    for (size_t i = 0; i < effects.count; i++)
        carry_out(s, &effects.items[i], now);
    if (before.phase != s->recovery.phase && s->judged)
        publish_health(s, now);
}

/* ── outcomes ── */

enum action_end recover_end_of(const struct host_outcome *o)
{
    switch (o->end) {
    case HOST_EXITED:
        if (o->exit_code == 0)
            return ACTION_DONE;
        if (o->refusal == HOST_REFUSED_LOGIN)
            return ACTION_NOT_REACHED; /* logged in, and no command is run */
        if (o->refusal != HOST_NOT_REFUSED)
            return ACTION_REFUSED;
        return o->not_applicable ? ACTION_NO_EFFECT : ACTION_FAILED;
    case HOST_NOT_REACHED:
    case HOST_CANCELLED:
        return ACTION_NOT_REACHED;
    case HOST_SIGNALLED:
    case HOST_TIMED_OUT:
    case HOST_CUT_OFF:
        break;
    }
    return ACTION_UNKNOWN;
}

static void recover_host(struct service *s, const struct pending *p, const struct host_outcome *o,
                         struct now now)
{
    if (request_is(p, PART_RECOVER, RECOVER_ACTION) && o->command == HOST_RESET_FAILED &&
        o->end == HOST_EXITED) {
        struct host_request request = {
            .id = request_begin_action(s, PART_RECOVER, RECOVER_ACTION_2, now.mono, p->action_id),
            .command = HOST_START,
            .deadline = mono_add(now.mono, ACTION_DEADLINE_MS)};
        s->engine->ports.host(s->engine->ports.context, s->index, &request);
        return;
    }
    enum action_end end = recover_end_of(o);
    note_error(s, o->error);
    guard_command_ended(s, recovery_action_word(s->recovery.action), o, end, now);
    observe_command(s, o, now);
    restart_loss_ended(s, o, now);
    if (o->not_applicable)
        s->observations.unit.can_reload = TRI_NO;
    recover_event(s, EVENT_ACTION_ENDED, p->action_id, end, now);
}

static enum action_end end_of_kill(enum reply_class reply)
{
    switch (reply) {
    case REPLY_OTHER:
        return ACTION_DONE;
    case REPLY_UNKILLABLE:
        return ACTION_UNKILLABLE;
    case REPLY_NOTBUSY:
        return ACTION_NO_EFFECT;
    default: /* an error: nothing was killed */
        return reply_answered(reply) ? ACTION_REFUSED : ACTION_UNKNOWN;
    }
}

/* "Background saving started" is a promise: done is what is on the disk. */
static void follow_save(struct service *s, const struct pending *p, const struct redis_answer *a,
                        struct now now)
{
    if (s->recovery.phase != PHASE_ACTING || s->recovery.action_id != p->action_id)
        return;
    note_error(s, "");
    if (request_is(p, PART_RECOVER, RECOVER_ACTION) && saving_begun(a)) {
        saving_follow(s, PART_RECOVER, RECOVER_SAVED, p->action_id, now);
        return;
    }
    enum action_end end = ACTION_FAILED;
    if (request_is(p, PART_RECOVER, RECOVER_ACTION)) {
        note_error(s, a->probe.text);
        end = reply_answered(a->probe.reply) ? ACTION_FAILED : ACTION_UNKNOWN;
    } else if (a->info.save_running == TRI_UNKNOWN) {
        /* It died, hangs or loads: that is what matters now. */
        note_error(s, "Redis no longer reports on the save");
        end = ACTION_UNKNOWN;
    } else if (saving_of(a) == SAVING_RUNS) {
        note_error(s, "the save still runs");
        saving_follow_on(s, now);
        return;
    } else if (saving_of(a) == SAVING_DONE) {
        end = ACTION_DONE;
    } else {
        note_error(s, "the save was begun and failed: Redis' log says why (resus logs)");
    }
    recover_event(s, EVENT_ACTION_ENDED, p->action_id, end, now);
}

static void recover_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                          struct now now)
{
    if (request_is(p, PART_RECOVER, RECOVER_EVIDENCE)) {
        recover_capture(s,
                        a->request == REDIS_INFO      ? "INFO"
                        : a->request == REDIS_SLOWLOG ? "SLOWLOG"
                                                      : "CLIENT LIST",
                        a->text, a->text_length);
        return;
    }
    if (a->request == REDIS_BGSAVE || request_is(p, PART_RECOVER, RECOVER_SAVED)) {
        follow_save(s, p, a, now);
        return;
    }
    enum action_end end = end_of_kill(a->probe.reply);
    bool maybe_function =
        a->request == REDIS_SCRIPT_KILL && (end == ACTION_NO_EFFECT || end == ACTION_REFUSED);
    if (request_is(p, PART_RECOVER, RECOVER_ACTION) && maybe_function) {
        guard_redis_refused(s, end == ACTION_REFUSED ? a->probe.text : "");
        s->engine->ports.redis(
            s->engine->ports.context, s->index,
            request_begin_action(s, PART_RECOVER, RECOVER_ACTION_2, now.mono, p->action_id),
            REDIS_FUNCTION_KILL, true, mono_add(now.mono, MEDICINE_DEADLINE_MS));
        return;
    }
    /* One that knows no functions (Redis 6) says no more than it has said of scripts. */
    bool unknown = request_is(p, PART_RECOVER, RECOVER_ACTION_2) && a->probe.reply == REPLY_ERROR;
    if (unknown && s->guard.script[0] == '\0')
        end = ACTION_NO_EFFECT;
    else if (!unknown)
        guard_redis_refused(s, end == ACTION_REFUSED ? a->probe.text : "");
    note_error(s, end == ACTION_REFUSED ? s->guard.script : "");
    recover_event(s, EVENT_ACTION_ENDED, p->action_id, end, now);
}

/* ── the part ── */

bool recover_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                      struct now now)
{
    if (p->purpose == RECOVER_INTENT)
        recover_event(s, EVENT_INTENT_ENDED, p->action_id, ACTION_DONE, now);
    else if (p->purpose == RECOVER_STOP_LOG)
        restart_loss_log(s, a->host, now);
    else if (a->host != NULL)
        recover_host(s, p, a->host, now);
    else
        recover_redis(s, p, a->redis, now);
    return false;
}

void recover_judged(struct service *s, struct now now)
{
    if (!s->owned.elsewhere) /* nothing is decided here */
        recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
}

bool recover_turn(struct service *s, struct now now)
{
    if (mono_reached(now.mono, s->recovering.wake))
        recover_event(s, EVENT_WAKE, 0, ACTION_DONE, now);
    return false;
}

mono_ms recover_next(const struct service *s)
{
    return s->recovering.wake;
}
