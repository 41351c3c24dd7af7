/* What recovery would do now and why, as JSON. */
#include "base/json.h"
#include "base/str.h"
#include "core/evidence.h"
#include "engine/current.h"
#include "engine/queries.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/stops.h"
#include "engine/withheld.h"
#include "engine/words.h"

/* An answer of before says nothing while the next one is waited for. */
static const char *newest_word(const struct probe_facts *p, bool waits)
{
    return waits && reply_answered(p->reply) ? "waiting" : reply_class_word(p->reply);
}

/* What the unit is may have changed since it was looked at: Redis began to fail afterwards, or the
 * looks have stopped. */
static bool unit_is_old(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    if (t->unit.asked.ms == 0)
        return false;
    return (watch_is_probing(s) && t->unit.asked.ms < t->probing_since.ms) ||
           mono_since(now.mono, t->unit.asked) > 2 * s->watch_policy.systemd_interval_ms;
}

static json_t *facts_json(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    json_t *facts = json_object();
    bool waits = current_silence_ms(s, now) >= 0;
    (void)json_put_text(facts, "kept_connection", newest_word(&t->kept, waits));
    (void)json_put_text(facts, "fresh_connection", newest_word(&t->fresh, waits));
    (void)json_put_int(facts, "failed_probes", t->failed_probes);
    (void)json_put_int(facts, "silent_for_ms", mono_since(now.mono, t->last_answer));
    (void)json_put_text(facts, "unit", unit_active_word(t->unit.active));
    (void)json_put_text(facts, "unit_sub", t->unit.sub);
    (void)json_put_text(facts, "unit_result", unit_result_word(t->unit.result));
    snapshot_put_int(facts, "unit_pid", t->unit.main_pid);
    snapshot_put_int(facts, "unit_age_ms",
                     t->unit.asked.ms == 0 ? FACT_UNKNOWN : mono_since(now.mono, t->unit.asked));
    (void)json_put_bool(facts, "unit_is_old", unit_is_old(s, now));
    (void)json_put_text(facts, "process", evidence_activity_word(evidence_activity(t, now.mono)));
    (void)json_put_text(facts, "on_its_host", evidence_there_word(evidence_there(t, now.mono)));
    (void)json_put_text(facts, "log", log_class_word(t->log.class));
    (void)json_put_bool(facts, "confirmed", s->verdict.confirmed);
    (void)json_put_bool(facts, "in_doubt", t->probing_since.ms != MONO_NEVER.ms);
    (void)json_put_bool(facts, "empty_primary", recovery_facts_empty_primary(s));
    (void)json_put_bool(facts, "stopped_on_purpose", s->saved.stopped_on_purpose);
    (void)json_put_int(facts, "attempts", s->recovery.attempts);
    (void)json_put_bool(facts, "breaker_open", s->recovery.breaker.open);
    return facts;
}

static void add_old_look(const struct service *s, struct now now, json_t *reasons)
{
    char text[FACT_TEXT_MAX];
    if (!unit_is_old(s, now))
        return;
    (void)str_format(text, sizeof text,
                     "The unit was last looked at %.1f s ago: what it is now is not known.",
                     (double)mono_since(now.mono, s->observations.unit.asked) / 1000.0);
    snapshot_add_text(reasons, text);
}

json_t *engine_explain_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    enum recovery_level level = LEVEL_HUMAN;
    enum withheld reason = snapshot_withheld(s, &f);
    const struct cause_row *row = cause_row(f.verdict.cause);
    enum recovery_action action =
        f.verdict.confirmed ? recovery_plan(&s->recovery, &f, &level) : ACTION_NONE;
    /* It was tried: whoever can end the script knows. */
    bool endless = recovery_gave_up(&s->recovery, &f);
    if (endless)
        action = ACTION_NONE;
    bool waits = action != ACTION_NONE && reason == WITHHELD_NOT && stops_waits(s, now);
    bool would = action != ACTION_NONE && reason == WITHHELD_NOT && !waits;
    char text[CAUSE_WORDS_MAX + 32];
    json_t *body = json_object();
    (void)json_put_bool(body, "would_act", would);
    (void)json_put_text(body, "action",
                        action == ACTION_NONE ? NULL : recovery_action_word(action));
    (void)json_put_text(body, "level", action == ACTION_NONE ? NULL : recovery_level_word(level));
    json_t *cause = snapshot_cause_json(s, now);
    (void)json_put(body, "cause", cause);
    (void)json_put(body, "facts", facts_json(s, now));
    json_t *reasons = json_array();
    char words[CAUSE_WORDS_MAX], held[FACT_TEXT_MAX];
    const char *plain = words_summary(s, f.verdict.cause, words);
    bool probing = !f.verdict.confirmed && current_silence_ms(s, now) >= 0;
    (void)str_format(text, sizeof text, "%s%s", f.verdict.confirmed ? "" : "Not certain yet: ",
                     probing ? json_text_or(cause, "summary", plain) : plain);
    snapshot_add_text(reasons, text);
    static const char *const verdicts[] = {
        [RESTART_UNNEEDED] = "Nothing needs a restart.",
        [RESTART_HELPS] = "A restart helps against this cause.",
        [RESTART_USELESS] = "A restart is useless against this cause.",
        [RESTART_HARMFUL] = "A restart would do harm.",
    };
    snapshot_add_text(reasons, probing ? "Whether a restart would help is not known yet."
                                       : verdicts[row->restart]);
    add_old_look(s, now, reasons);
    if (endless)
        snapshot_add_text(reasons, "Resus could not end the script and has called a human.");
    bool said = reason == WITHHELD_RESTART_USELESS || reason == WITHHELD_RESTART_HARMFUL;
    if (reason != WITHHELD_NOT && !said)
        snapshot_add_text(reasons, withheld_words(s, reason, held));
    if (waits) {
        stops_wait_text(s, now, text, sizeof text);
        snapshot_add_text(reasons, text);
    }
    if (s->recovery.phase != PHASE_IDLE) {
        (void)str_format(text, sizeof text, "Recovery is in phase %s, attempt %d of %lld.",
                         recovery_phase_word(s->recovery.phase), s->recovery.attempts,
                         (long long)s->recovery_policy.max_attempts);
        snapshot_add_text(reasons, text);
    }
    (void)json_put(body, "reasons", reasons);
    (void)json_put(body, "withheld", withheld_json(s, reason));
    return body;
}
