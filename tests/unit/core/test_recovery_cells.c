/* Every phase times every event, with every cause, action, outcome, condition and policy, and long
 * random walks: recovery_model.c checks each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "recovery_model.h"

#define WALKS 300
#define WALK_STEPS 3000

/* splitmix64 (Vigna): small, and the same everywhere. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *seed, unsigned n)
{
    return (unsigned)(draw(seed) % n);
}

enum { CONDITIONS = 10 };

static void set_condition(struct recovery_facts *f, unsigned which)
{
    bool *const flags[CONDITIONS] = {
        &f->paused,
        &f->maintenance,
        &f->stopped_on_purpose,
        &f->operation_running,
        &f->backup_running,
        &f->tilt,
        &f->host_unreachable,
        &f->failover_running,
        &f->empty_primary,
        &f->ownership_unsure,
    };
    if (which < CONDITIONS)
        *flags[which] = true;
}

static struct recovery_facts facts_of(enum cause cause, bool confirmed, bool well,
                                      unsigned condition, mono_ms now)
{
    struct recovery_facts f = {
        .verdict = {cause, confirmed},
        .well = well,
        .unit = well ? UNIT_ACTIVE : UNIT_FAILED,
        .progress = FACT_UNKNOWN,
        .learned = now,
        .call_due = true,
    };
    set_condition(&f, condition);
    return f;
}

static bool can_be_under_way(enum recovery_phase phase)
{
    return phase == PHASE_INTENT || phase == PHASE_ACTING || phase == PHASE_VERIFYING;
}

/* A state that the machine can be in: phases carry what they always carry. */
static struct recovery state_of(const struct recovery_model *m, enum recovery_phase phase,
                                enum recovery_action action, int attempts, unsigned variant)
{
    struct recovery r;
    recovery_init(&r);
    r.phase = phase;
    r.action = action;
    r.action_id = 77;
    r.attempts = attempts;
    r.cause = action == ACTION_KILL_SCRIPT ? CAUSE_BUSY_SCRIPT : CAUSE_CRASHED;
    r.level = action == ACTION_RESTART ? LEVEL_HARD : LEVEL_SOFT;
    r.floor = (variant & 1) != 0 ? LEVEL_HARD : LEVEL_SOFT;
    r.last_attempt = attempts > 0 ? mono_add(m->now, -20000) : MONO_NEVER;
    r.action_began = mono_add(m->now, -1000);
    r.action_ended = mono_add(m->now, -500);
    r.action_end = (variant & 1) != 0 ? ACTION_FAILED : ACTION_DONE;
    bool waits = phase != PHASE_IDLE && phase != PHASE_EXHAUSTED;
    r.deadline = waits ? mono_add(m->now, (variant & 2) != 0 ? 5000 : 0) : MONO_NEVER;
    bool opens = phase == PHASE_BACKOFF || phase == PHASE_WINDOW ||
                 (can_be_under_way(phase) && action != ACTION_BGSAVE);
    r.open = opens;
    r.stepped = opens && phase != PHASE_INTENT;
    r.needs_human = phase == PHASE_EXHAUSTED;
    r.refused = (variant & 4) != 0 ? RECOVERY_BIT(ACTION_RESTART) : 0;
    r.refused_at = mono_add(m->now, -1000);
    if ((variant & 4) != 0) {
        r.breaker.times[0] = wall_add(m->wall, -1000);
        r.breaker.times[1] = wall_add(m->wall, -2000);
    }
    r.breaker.open = phase == PHASE_EXHAUSTED && (variant & 1) != 0;
    return r;
}

static struct recovery_policy policy_of(unsigned variant)
{
    struct recovery_policy p = recovery_policy_default();
    switch (variant) {
    case 1:
        p.enabled = false;
        break;
    case 2:
        p.max_attempts = 1;
        break;
    case 3:
        p.external_stop = EXTERNAL_STOP_RESPECT;
        break;
    default:
        break;
    }
    return p;
}

static void all_events_in(struct recovery_model *m, const struct recovery *r,
                          const struct recovery_facts *f)
{
    for (int event = 0; event < RECOVERY_EVENT_COUNT; event++)
        for (int end = 0; end < ACTION_END_COUNT; end++)
            for (int stale = 0; stale < 2; stale++) {
                bool has_end = event == EVENT_ACTION_ENDED;
                bool has_id = has_end || event == EVENT_INTENT_ENDED;
                if ((!has_end && end != 0) || (!has_id && stale != 0))
                    continue;
                model_adopt(m, r);
                model_step(m, event, stale != 0 ? 76 : 77, end, f);
                if (stale != 0)
                    assert_int_equal(m->out.count, 0); /* an old outcome changes nothing */
            }
}

static void all_causes_in(unsigned policy, enum recovery_phase phase, enum recovery_action action,
                          unsigned variant)
{
    struct recovery_model m;
    for (int cause = CAUSE_OK; cause < CAUSE_COUNT; cause++)
        for (unsigned seen = 0; seen < 3; seen++)
            for (unsigned condition = 0; condition <= CONDITIONS; condition++) {
                /* Conditions withhold whatever the policy: once with the default is enough. */
                if (condition < CONDITIONS && (policy != 0 || seen != 1))
                    continue;
                model_init(&m);
                m.policy = policy_of(policy);
                int attempts = can_be_under_way(phase) ? 1 : (int)(variant & 1);
                struct recovery r = state_of(&m, phase, action, attempts, variant);
                struct recovery_facts f =
                    facts_of((enum cause)cause, seen > 0, seen == 2, condition, m.now);
                all_events_in(&m, &r, &f);
            }
}

static void every_cell_keeps_every_promise(void **state)
{
    (void)state;
    for (unsigned policy = 0; policy < 4; policy++)
        for (int phase = 0; phase < RECOVERY_PHASE_COUNT; phase++)
            for (int action = ACTION_RELOAD; action < RECOVERY_ACTION_COUNT; action++)
                for (unsigned variant = 0; variant < 8; variant++)
                    all_causes_in(policy, phase, action, variant);
}

static const enum recovery_event walk_events[] = {
    EVENT_FACTS,
    EVENT_FACTS,
    EVENT_FACTS,
    EVENT_FACTS,
    EVENT_WAKE,
    EVENT_WAKE,
    EVENT_INTENT_ENDED,
    EVENT_ACTION_ENDED,
    EVENT_ACTION_ENDED,
    EVENT_OPERATION_BEGAN,
    EVENT_OPERATION_ENDED,
    EVENT_RESET,
};

static const enum cause walk_causes[] = {
    CAUSE_OK,
    CAUSE_OK,
    CAUSE_CRASHED,
    CAUSE_CRASHED,
    CAUSE_HUNG,
    CAUSE_UNIT_STOPPED,
    CAUSE_BUSY_SCRIPT,
    CAUSE_START_LIMIT_HIT,
    CAUSE_LOADING,
    CAUSE_UNIT_FAILED,
    CAUSE_DISK_FULL,
    CAUSE_PERSISTENCE_FAILING,
    CAUSE_SYSTEMD_RESTARTING,
    CAUSE_BUSY_COMMAND,
    CAUSE_PATH_BROKEN,
};

static void one_step(struct recovery_model *m, uint64_t *seed, enum cause *cause)
{
    static const int64_t jumps[] = {0, 1, 10, 250, 500, 2000, 10000, 30000, 95000};
    int64_t jump = jumps[below(seed, ARRAY_LENGTH(jumps))];
    if (below(seed, 3) == 0 && m->r.deadline.ms != MONO_NEVER.ms && m->r.deadline.ms > m->now.ms)
        jump = mono_since(m->r.deadline, m->now);
    m->now = mono_add(m->now, jump);
    m->wall = wall_add(m->wall, jump);
    if (below(seed, 4) == 0)
        *cause = walk_causes[below(seed, ARRAY_LENGTH(walk_causes))];
    if (below(seed, 200) == 0)
        *cause = (enum cause)(1 + below(seed, CAUSE_COUNT - 1));
    bool well = *cause == CAUSE_OK;
    struct recovery_facts f =
        facts_of(*cause, below(seed, 5) != 0, well,
                 below(seed, 12) == 0 ? below(seed, CONDITIONS) : CONDITIONS, m->now);
    f.well = well && f.verdict.confirmed && !f.tilt;
    f.can_reload = (enum tri)below(seed, 3);
    f.may_reset_failed = below(seed, 2) == 0;
    f.refused = below(seed, 6) == 0 ? (int)below(seed, 1U << RECOVERY_ACTION_COUNT) : 0;
    f.rights_back = below(seed, 40) == 0 ? m->now : (mono_ms){0};
    f.needs_person = below(seed, 60) == 0;
    f.unit = well ? UNIT_ACTIVE : (enum unit_active)below(seed, UNIT_ACTIVE_COUNT);
    f.call_due = below(seed, 3) != 0;
    f.stopped = below(seed, 8) == 0;
    f.progress = below(seed, 3) == 0 ? (int64_t)below(seed, 10000) : FACT_UNKNOWN;
    enum recovery_event event = walk_events[below(seed, ARRAY_LENGTH(walk_events))];
    if (event == EVENT_RESET && below(seed, 20) != 0)
        event = EVENT_FACTS;
    uint64_t id = below(seed, 10) == 0 ? m->r.action_id - 1 : m->r.action_id;
    model_step(m, event, id, (enum action_end)below(seed, ACTION_END_COUNT), &f);
}

static void random_walks_keep_every_promise(void **state)
{
    (void)state;
    int runs = 0;
    int breakers = 0;
    for (uint64_t walk = 0; walk < WALKS; walk++) {
        struct recovery_model m;
        uint64_t seed = walk;
        enum cause cause = CAUSE_OK;
        model_init(&m);
        m.policy.max_attempts = 1 + (int64_t)below(&seed, 4);
        m.policy.external_stop_grace_ms = below(&seed, 2) == 0 ? 0 : 90000;
        m.policy.breaker_recoveries = 1 + below(&seed, 8);
        for (int i = 0; i < WALK_STEPS; i++)
            one_step(&m, &seed, &cause);
        runs += m.runs;
        breakers += m.breakers;
    }
    assert_true(runs > WALKS); /* the walks do reach what they are meant to check */
    assert_true(breakers > WALKS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_keeps_every_promise),
        cmocka_unit_test(random_walks_keep_every_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
