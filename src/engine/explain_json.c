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

struct plan {
    struct verdict verdict;
    enum recovery_action action; /* ACTION_NONE: none helps, or none is sure to */
    enum recovery_level level;
    enum withheld reason;
    bool endless; /* it was tried: whoever can end the script knows */
    bool rests;   /* between two tries to save */
    bool waits;
};

static struct plan plan_now(const struct service *s, struct now now)
{
    const struct recovery *r = &s->recovery;
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    /* What Resus does itself makes Redis look otherwise for a moment. */
    if (r->phase == PHASE_INTENT || r->phase == PHASE_ACTING)
        return (struct plan){.verdict = {.cause = r->cause, .confirmed = true},
                             .action = r->action,
                             .level = r->level,
                             .reason = WITHHELD_NOT};
    struct plan p = {
        .verdict = f.verdict, .level = LEVEL_HUMAN, .reason = snapshot_withheld(s, &f)};
    p.endless = recovery_gave_up(r, &f);
    p.action = f.verdict.confirmed && !p.endless ? recovery_plan(r, &f, &p.level) : ACTION_NONE;
    p.rests = p.action == ACTION_BGSAVE && !mono_reached(now.mono, r->bgsave_at);
    p.waits =
        p.action != ACTION_NONE && p.reason == WITHHELD_NOT && (p.rests || stops_waits(s, now));
    return p;
}

static void wait_text(const struct service *s, bool rests, struct now now, char *text, size_t size)
{
    if (rests)
        (void)str_format(text, size, "Resus tries BGSAVE again in %lld s.",
                         (long long)(mono_since(s->recovery.bgsave_at, now.mono) + 999) / 1000);
    else
        stops_wait_text(s, now, text, size);
}

json_t *engine_explain_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    struct plan p = plan_now(s, now);
    const struct cause_row *row = cause_row(p.verdict.cause);
    bool would = p.action != ACTION_NONE && p.reason == WITHHELD_NOT && !p.waits;
    char text[CAUSE_WORDS_MAX + 32];
    json_t *body = json_object();
    (void)json_put_bool(body, "would_act", would);
    (void)json_put_text(body, "action",
                        p.action == ACTION_NONE ? NULL : recovery_action_word(p.action));
    (void)json_put_text(body, "level",
                        p.action == ACTION_NONE ? NULL : recovery_level_word(p.level));
    json_t *cause = snapshot_cause_json(s, now);
    (void)json_put(body, "cause", cause);
    (void)json_put(body, "facts", facts_json(s, now));
    json_t *reasons = json_array();
    char words[CAUSE_WORDS_MAX], held[FACT_TEXT_MAX];
    const char *plain = words_summary(s, p.verdict.cause, words);
    bool probing = !p.verdict.confirmed && current_silence_ms(s, now) >= 0;
    (void)str_format(text, sizeof text, "%s%s", p.verdict.confirmed ? "" : "Not certain yet: ",
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
    if (p.endless)
        snapshot_add_text(reasons, "Resus could not end the script and has called a human.");
    bool said = p.reason == WITHHELD_RESTART_USELESS || p.reason == WITHHELD_RESTART_HARMFUL;
    if (p.reason != WITHHELD_NOT && !said)
        snapshot_add_text(reasons, withheld_words(s, p.reason, held));
    if (p.waits) {
        wait_text(s, p.rests, now, text, sizeof text);
        snapshot_add_text(reasons, text);
    }
    if (s->recovery.phase != PHASE_IDLE) {
        (void)str_format(text, sizeof text, "Recovery is in phase %s, attempt %d of %lld.",
                         recovery_phase_word(s->recovery.phase), s->recovery.attempts,
                         (long long)s->recovery_policy.max_attempts);
        snapshot_add_text(reasons, text);
    }
    (void)json_put(body, "reasons", reasons);
    (void)json_put(body, "withheld", withheld_json(s, p.reason));
    return body;
}
