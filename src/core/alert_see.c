/* What facts say about an alert, and the words of alerts. */
#include <assert.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/alert.h"

/* How far the judgement came. cause_judge() looks at these in this order and names the first that
 * is bad: what stands before it is well, what stands after it was not looked at. */
enum depth {
    DEPTH_HOST,
    DEPTH_AVAILABILITY,
    DEPTH_WRITES,
    DEPTH_LINK,
    DEPTH_CONTROL,
    DEPTH_FIGURES
};

static enum depth depth_of_class(enum alert_class class)
{
    switch (class) {
    case CLASS_HOST:
        return DEPTH_HOST;
    case CLASS_AVAILABILITY:
        return DEPTH_AVAILABILITY;
    case CLASS_WRITES:
        return DEPTH_WRITES;
    case CLASS_ACCESS:
        return DEPTH_CONTROL;
    default:
        return DEPTH_FIGURES;
    }
}

static enum depth depth_of(enum cause cause)
{
    return cause == CAUSE_REPLICA_LINK_DOWN ? DEPTH_LINK
                                            : depth_of_class(cause_row(cause)->alert_class);
}

static const struct alert_sight unknown = {.event = ALERT_UNKNOWN};
static const struct alert_sight well = {.event = ALERT_WELL};

static struct alert_sight bad(enum cause cause, enum severity severity)
{
    return (struct alert_sight){ALERT_BAD, severity, cause};
}

static bool is_of(enum cause cause, const struct alert_key *key)
{
    const struct cause_row *row = cause_row(cause);
    return row->alert_class == key->class &&
           (key->class != CLASS_PERFORMANCE || str_equal(row->code, key->detail));
}

/* It answers, and yet it needs people. */
static struct alert_sight see_unstable(const struct alert_facts *f)
{
    if (f->breaker_open || f->recoveries >= ALERT_RECOVERIES)
        return bad(CAUSE_OK, SEVERITY_P2);
    return well;
}

/* Figures are all read at once: each has its own level. */
static struct alert_sight see_figure(const struct alert_facts *f, enum cause cause)
{
    if (f->levels == NULL)
        return unknown;
    return cause_figure_bad(f->levels, cause) ? bad(cause, cause_row(cause)->severity) : well;
}

struct alert_sight alert_see(const struct alert_facts *f, const struct alert_key *key)
{
    enum cause cause = f->verdict.cause;
    const struct cause_row *row = cause_row(cause);
    if (!f->verdict.confirmed)
        return unknown;
    /* One that is watched elsewhere is alerted on elsewhere. */
    if (cause == CAUSE_STOPPED_ON_PURPOSE || cause == CAUSE_WATCHED_ELSEWHERE)
        return well;
    enum cause asked = key->class == CLASS_PERFORMANCE ? cause_by_code(key->detail) : CAUSE_NONE;
    bool figure = key->class == CLASS_PERFORMANCE && asked != CAUSE_REPLICA_LINK_DOWN;
    if (is_of(cause, key) && !figure) {
        bool urgent = f->needs_human && key->class == CLASS_AVAILABILITY;
        return bad(cause, urgent ? SEVERITY_P1 : row->severity);
    }
    if (row->overall == OVERALL_UNKNOWN)
        return unknown;
    if (figure)
        return depth_of(cause) > DEPTH_WRITES || cause == CAUSE_OK ? see_figure(f, asked) : unknown;
    if (cause != CAUSE_OK &&
        depth_of(cause) <=
            (key->class == CLASS_PERFORMANCE ? DEPTH_LINK : depth_of_class(key->class)))
        return unknown;
    return key->class == CLASS_AVAILABILITY ? see_unstable(f) : well;
}

struct alert_sight alert_see_host(const struct verdict *verdicts, size_t count)
{
    const struct alert_key key = {.class = CLASS_HOST};
    struct alert_sight seen = unknown;
    for (size_t i = 0; i < count; i++) {
        const struct alert_facts facts = {.verdict = verdicts[i]};
        struct alert_sight one = alert_see(&facts, &key);
        if (one.event == ALERT_BAD)
            return one;
        if (one.event == ALERT_WELL)
            seen = one;
    }
    return seen;
}

/* Nothing is done, and yet it may pass: a load, systemd's own work, a long command. */
static bool passes(enum remedy remedy)
{
    return remedy == REMEDY_WAIT || remedy == REMEDY_PATIENCE;
}

static bool treated(enum remedy remedy)
{
    return remedy == REMEDY_KILL_SCRIPT || remedy == REMEDY_LADDER || remedy == REMEDY_START ||
           remedy == REMEDY_RESTART || remedy == REMEDY_WINDOW;
}

bool alert_may_heal(const struct recovery *r, const struct recovery_policy *policy,
                    const struct recovery_facts *f)
{
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    bool lasts = remedy == REMEDY_PATIENCE && f->call_due; /* of other causes it is always due */
    if (r->needs_human || f->needs_person || lasts)
        return false;
    if (passes(remedy))
        return true;
    switch (recovery_withheld(r, policy, f)) {
    case WITHHELD_OPERATION_RUNNING:
    case WITHHELD_BACKUP_RUNNING:
    case WITHHELD_SELF_DOUBT:
    case WITHHELD_FAILOVER_RUNNING:
        return true;
    case WITHHELD_NOT:
        return treated(remedy);
    default:
        return false;
    }
}

char *alert_key_text(const char *instance, const struct alert_key *key, uint64_t episode,
                     char ret[ALERT_KEY_TEXT_SIZE])
{
    (void)str_format(ret, ALERT_KEY_TEXT_SIZE, "resus/%.*s/%s/%s%s%s/%llu", ALERT_INSTANCE_MAX,
                     instance, key->subject[0] == '\0' ? "-" : key->subject,
                     alert_class_word(key->class), key->detail[0] == '\0' ? "" : ":", key->detail,
                     (unsigned long long)episode);
    return ret;
}

static const char *const state_words[] = {
    [ALERT_RESOLVED] = "resolved", [ALERT_PENDING] = "pending",   [ALERT_FIRING] = "firing",
    [ALERT_CLEARING] = "clearing", [ALERT_FLAPPING] = "flapping",
};
static_assert(ARRAY_LENGTH(state_words) == ALERT_STATE_COUNT, "a word for every state");

const char *alert_state_word(enum alert_state state)
{
    assert(state < ALERT_STATE_COUNT);
    return state_words[state];
}

enum alert_state alert_state_by_word(const char *word)
{
    int i = str_index(state_words, ALERT_STATE_COUNT, word);
    return i < 0 ? ALERT_RESOLVED : (enum alert_state)i;
}

const char *alert_why_word(enum alert_why why)
{
    static const char *const words[] = {
        [ALERT_WHY_NEW] = "new",           [ALERT_WHY_WINDOW] = "window",
        [ALERT_WHY_WORSE] = "worse",       [ALERT_WHY_MILDER] = "milder",
        [ALERT_WHY_CAUSE] = "cause",       [ALERT_WHY_MEMBERS] = "members",
        [ALERT_WHY_FLAPPING] = "flapping", [ALERT_WHY_WELL] = "well",
        [ALERT_WHY_GONE] = "gone",
    };
    static_assert(ARRAY_LENGTH(words) == ALERT_WHY_COUNT, "a word for every reason");
    assert(why < ALERT_WHY_COUNT);
    return words[why];
}
