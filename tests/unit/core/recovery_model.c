#include "recovery_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What the running step is, for the message of a failed promise. */
static char step_text[256];

#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s | %s", #condition, step_text);                                            \
    } while (0)

static void describe(const struct recovery_model *m, enum recovery_event event, enum action_end end,
                     const struct recovery_facts *f)
{
    (void)snprintf(
        step_text, sizeof step_text,
        "phase %s action %s attempts %d/%d event %d end %d cause %s confirmed %d well %d "
        "withheld %s",
        recovery_phase_word(m->r.phase), recovery_action_word(m->r.action), m->r.attempts,
        (int)m->policy.max_attempts, (int)event, (int)end, cause_row(f->verdict.cause)->code,
        f->verdict.confirmed, f->well, withheld_code(recovery_withheld(&m->r, &m->policy, f)));
}

void model_init(struct recovery_model *m)
{
    *m = (struct recovery_model){.policy = recovery_policy_default(),
                                 .now = {1000000},
                                 .wall = {1760000000000LL},
                                 .intent_closed = true};
    recovery_init(&m->r);
}

void model_adopt(struct recovery_model *m, const struct recovery *r)
{
    m->r = *r;
    m->open = r->open;
    m->acted = r->stepped;
    m->effective = false;
    m->effective_runs = 0;
    bool told = r->phase == PHASE_INTENT || r->phase == PHASE_ACTING || r->phase == PHASE_VERIFYING;
    m->intent = told ? r->action_id : 0;
    m->intent_closed = !told;
    m->ran = told && r->phase != PHASE_INTENT;
    m->announced = r->cause == CAUSE_UNIT_STOPPED || r->phase == PHASE_GRACE;
    m->announced_at = mono_add(m->now, -m->policy.external_stop_grace_ms);
}

int model_count(const struct recovery_model *m, enum effect_kind kind)
{
    int n = 0;
    for (size_t i = 0; i < m->out.count; i++)
        n += m->out.items[i].kind == kind;
    return n;
}

static bool starts(enum recovery_action action)
{
    return action == ACTION_RELOAD || action == ACTION_START || action == ACTION_RESTART ||
           action == ACTION_RESET_FAILED_START;
}

static void check_intent(struct recovery_model *m, const struct recovery *before,
                         const struct effect *e)
{
    PROMISE(m->intent_closed); /* one thing at a time */
    PROMISE(e->action_id > before->action_id && e->action_id > m->intent);
    PROMISE(!(before->breaker.open));
    bool counts = e->action != ACTION_BGSAVE;
    if (counts && m->effective && m->r.attempts > 1)
        PROMISE(mono_since(m->now, m->last_effective) >= m->policy.retry_delay_ms);
    if (counts)
        PROMISE(m->r.attempts <= m->policy.max_attempts);
    m->intent = e->action_id;
    m->intent_closed = false;
    m->ran = false;
}

static void check_run(struct recovery_model *m, const struct recovery *before,
                      const struct recovery_facts *facts, const struct effect *e)
{
    PROMISE(e->action_id == m->intent);
    PROMISE(!(m->intent_closed));
    PROMISE(!(m->ran));
    PROMISE(before->phase == PHASE_INTENT); /* the intent was told in an earlier step */
    PROMISE(recovery_withheld(before, &m->policy, facts) == WITHHELD_NOT);
    PROMISE(!(facts->well));
    PROMISE((m->r.refused & RECOVERY_BIT(e->action)) == 0);
    PROMISE(facts->verdict.confirmed);
    const struct cause_row *row = cause_row(facts->verdict.cause);
    if (starts(e->action)) {
        PROMISE(row->restart == RESTART_HELPS);
        PROMISE(!(facts->stopped_on_purpose || facts->empty_primary));
    }
    if (row->remedy == REMEDY_START) {
        PROMISE(m->announced);
        PROMISE(mono_since(m->now, m->announced_at) >= m->policy.external_stop_grace_ms);
    }
    if (e->action == ACTION_KILL_SCRIPT)
        PROMISE(row->remedy == REMEDY_KILL_SCRIPT);
    if (e->action == ACTION_BGSAVE)
        PROMISE(row->remedy == REMEDY_BGSAVE);
    PROMISE(!(before->breaker.open));
    m->ran = true;
    m->runs++;
}

/* Nothing was done: refused, never sent, or there was nothing to do. */
static bool was_no_attempt(enum action_end end)
{
    return end == ACTION_NO_EFFECT || end == ACTION_NOT_REACHED || end == ACTION_REFUSED ||
           end == ACTION_UNKILLABLE;
}

static void check_outcome(struct recovery_model *m, const struct effect *e)
{
    PROMISE(e->action_id == m->intent);
    PROMISE(!(m->intent_closed));
    PROMISE(!(e->success && !m->ran));
    m->intent_closed = true;
    if (m->ran && e->action != ACTION_BGSAVE && !was_no_attempt(e->action_end)) {
        m->effective = true;
        m->acted = true;
        m->last_effective = m->now;
        m->effective_runs++;
        PROMISE(m->effective_runs <= m->policy.max_attempts);
    }
}

static void check_effect(struct recovery_model *m, const struct recovery *before,
                         const struct recovery_facts *facts, const struct effect *e)
{
    switch (e->kind) {
    case EFFECT_OPEN:
        PROMISE(!(m->open));
        m->open = true;
        break;
    case EFFECT_ENDED:
        PROMISE(m->open);
        /* What was refused counts for nothing, in the breaker neither. */
        bool counted =
            memcmp(m->r.breaker.times, before->breaker.times, sizeof before->breaker.times) != 0;
        bool nothing_to_kill =
            m->r.action == ACTION_KILL_SCRIPT && m->r.action_end == ACTION_NO_EFFECT;
        PROMISE(m->reset || counted == (m->acted || nothing_to_kill));
        m->open = m->acted = false;
        m->announced = false;
        break;
    case EFFECT_ANNOUNCE:
        m->announced = true;
        m->announced_at = m->now;
        PROMISE(mono_since(e->at, m->now) >= m->policy.external_stop_grace_ms);
        break;
    case EFFECT_INTENT:
        check_intent(m, before, e);
        break;
    case EFFECT_RUN:
        check_run(m, before, facts, e);
        break;
    case EFFECT_OUTCOME:
        check_outcome(m, e);
        break;
    case EFFECT_BREAKER:
        PROMISE(m->r.breaker.open && !before->breaker.open);
        m->breakers++;
        break;
    case EFFECT_HUMAN:
        PROMISE(before->alerted != e->cause || model_count(m, EFFECT_HUMAN_OVER) > 0);
        m->humans++;
        break;
    default:
        break;
    }
}

/* Who is said to be needed was called, once. */
static void check_human(const struct recovery_model *m, const struct recovery *before)
{
    int calls = model_count(m, EFFECT_HUMAN);
    PROMISE(calls <= 1);
    PROMISE(!m->r.needs_human || before->needs_human || calls == 1);
    PROMISE(calls == 0 || m->r.needs_human);
    PROMISE(m->r.alerted == CAUSE_NONE || m->r.needs_human);
    for (size_t i = 0; i < m->out.count; i++) {
        const struct effect *e = &m->out.items[i];
        bool for_human = e->kind == EFFECT_ENDED && (e->end == END_HUMAN || e->end == END_FAILED);
        if (for_human)
            PROMISE(calls == 1 || (before->needs_human && before->alerted != CAUSE_NONE));
    }
}

static void check_rest(const struct recovery_model *m, enum recovery_event event)
{
    const struct recovery *r = &m->r;
    bool under_way =
        r->phase == PHASE_INTENT || r->phase == PHASE_ACTING || r->phase == PHASE_VERIFYING;
    PROMISE(under_way == !m->intent_closed);
    PROMISE(m->open == r->open);
    PROMISE(m->out.wake.ms == r->deadline.ms);
    bool waits = r->phase != PHASE_IDLE && r->phase != PHASE_EXHAUSTED;
    assert_int_equal(waits, r->deadline.ms != MONO_NEVER.ms); /* nothing waits forever */
    if (r->phase == PHASE_IDLE || r->phase == PHASE_EXHAUSTED || r->phase == PHASE_STABLE)
        PROMISE(!(r->open));
    if (r->phase == PHASE_EXHAUSTED)
        PROMISE(r->needs_human || event == EVENT_RESET);
    if (r->breaker.open)
        PROMISE(r->phase == PHASE_EXHAUSTED);
    PROMISE(r->attempts >= 0);
}

void model_step(struct recovery_model *m, enum recovery_event event, uint64_t action_id,
                enum action_end end, const struct recovery_facts *facts)
{
    struct recovery before = m->r;
    describe(m, event, end, facts);
    m->reset = event == EVENT_RESET;
    struct recovery_input input = {
        .event = event, .action_id = action_id, .end = end, .wall = m->wall, .facts = *facts};
    recovery_step(&m->r, &m->policy, &input, m->now, &m->out);
    PROMISE(m->out.count <= RECOVERY_EFFECTS_MAX);
    for (size_t i = 0; i < m->out.count; i++)
        check_effect(m, &before, facts, &m->out.items[i]);
    bool refused = event == EVENT_ACTION_ENDED && end == ACTION_REFUSED &&
                   before.phase == PHASE_ACTING && action_id == before.action_id &&
                   before.action != ACTION_BGSAVE;
    if (refused) { /* it is no attempt, and no other is made by the same way */
        PROMISE(m->r.attempts == before.attempts - 1 || before.attempts == 0);
        PROMISE((m->r.refused & RECOVERY_BIT(before.action)) != 0);
        PROMISE(model_count(m, EFFECT_FAILED) == 0 && model_count(m, EFFECT_BREAKER) == 0);
        PROMISE(m->r.phase == PHASE_BACKOFF);
    }
    bool forgiven =
        m->r.attempts == 0 && before.attempts > 0 && model_count(m, EFFECT_OUTCOME) == 0;
    if (forgiven || event == EVENT_RESET)
        m->effective_runs = 0; /* the one under way is the first of the new ones */
    PROMISE(m->r.action_id >= before.action_id);
    if (before.phase == PHASE_EXHAUSTED && event != EVENT_RESET)
        PROMISE(m->r.phase == PHASE_EXHAUSTED);
    check_human(m, &before);
    check_rest(m, event);
}
