#include "core/ownership.h"

#include <assert.h>
#include <string.h>

/* FNV-1a, then a finaliser, because names of engines often differ in their last letter only. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * HASH_PRIME;
    return hash * HASH_PRIME; /* a zero byte: "ab" + "c" is not "a" + "bc" */
}

static uint64_t weight(const char *service, const char *engine)
{
    uint64_t h = hash_text(hash_text(HASH_START, engine), service);
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

size_t ownership_rank(const char *service, const char *engine, const char *const *members,
                      size_t count)
{
    uint64_t own = weight(service, engine);
    size_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t other = weight(service, members[i]);
        int order = strcmp(members[i], engine);
        if (order != 0 && (other > own || (other == own && order < 0)))
            rank++;
    }
    return rank;
}

static mono_ms claim_at(const struct ownership_facts *f)
{
    int64_t wait = f->rank < OWNERSHIP_WAIT_MAX_MS / OWNERSHIP_SECOND_MS
                       ? (int64_t)f->rank * OWNERSHIP_SECOND_MS
                       : OWNERSHIP_WAIT_MAX_MS;
    return mono_add(f->since, wait);
}

static bool wanted(const struct ownership_facts *f)
{
    return f->able && !f->drained;
}

static bool better_elsewhere(const struct ownership_facts *f)
{
    return !f->able || f->drained || (f->rank > 0 && f->settled);
}

/* What the view calls for, the time aside. */
static enum ownership_act aim(const struct ownership_facts *f)
{
    switch (f->shown) {
    case OWNERSHIP_NOBODY:
        return wanted(f) ? OWNERSHIP_CLAIM : OWNERSHIP_NO_ACT;
    case OWNERSHIP_OURS:
        return better_elsewhere(f) && !f->busy ? OWNERSHIP_RELEASE : OWNERSHIP_NO_ACT;
    default:
        return OWNERSHIP_NO_ACT;
    }
}

static mono_ms aim_at(const struct ownership_facts *f, enum ownership_act act)
{
    mono_ms at = act == OWNERSHIP_CLAIM ? claim_at(f) : f->since;
    return f->asked.ms == MONO_NEVER.ms ? at : mono_max(at, mono_add(f->asked, OWNERSHIP_RETRY_MS));
}

enum ownership_act ownership_act(const struct ownership_facts *f, const struct tenure *t,
                                 mono_ms now)
{
    enum ownership_act act = aim(f);
    if (act == OWNERSHIP_NO_ACT || !tenure_holds(t, now) || !mono_reached(now, aim_at(f, act)))
        return OWNERSHIP_NO_ACT;
    return act;
}

mono_ms ownership_due(const struct ownership_facts *f, const struct tenure *t, mono_ms now)
{
    enum ownership_act act = aim(f);
    return act == OWNERSHIP_NO_ACT || !tenure_holds(t, now) ? MONO_NEVER : aim_at(f, act);
}

enum ownership_right ownership_right(enum ownership_shown shown, const struct tenure *t,
                                     mono_ms now)
{
    if (shown == OWNERSHIP_UNKNOWN)
        return OWNERSHIP_UNSURE;
    if (shown != OWNERSHIP_OURS)
        return OWNERSHIP_NOT_OWNER;
    if (!tenure_holds(t, now))
        return OWNERSHIP_UNSURE;
    return tenure_may_act(t, now) ? OWNERSHIP_RIGHT : OWNERSHIP_RENEW_FIRST;
}

enum permit_state ownership_permit(bool same, enum ownership_shown shown, const struct tenure *t,
                                   mono_ms now)
{
    bool ours = shown == OWNERSHIP_OURS || shown == OWNERSHIP_UNKNOWN;
    if (!same || !ours || !tenure_holds(t, now))
        return PERMIT_OVER;
    return shown == OWNERSHIP_OURS && tenure_may_act(t, now) ? PERMIT_GOOD : PERMIT_WAIT;
}

/* Whatever does not fit the phase is hands off: a command too few is repaired by the next look. */
static const struct fence_step fence[FENCE_PHASE_COUNT][FENCE_EVENT_COUNT] = {
    [FENCE_LOOKING] =
        {
            [FENCE_ENOUGH] = {FENCE_WRITING, FENCE_WRITE},
            [FENCE_TOO_LATE] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_WRITTEN] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},
        },
    [FENCE_WRITING] =
        {
            [FENCE_ENOUGH] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_TOO_LATE] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_WRITTEN] = {FENCE_RENEWING, FENCE_RENEW},
            [FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},
        },
    [FENCE_RENEWING] =
        {
            [FENCE_ENOUGH] = {FENCE_LOOKING, FENCE_SEND},
            [FENCE_TOO_LATE] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_WRITTEN] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_REFUSED] = {FENCE_LOOKING, FENCE_HANDS_OFF},
            [FENCE_UNKNOWN] = {FENCE_LOOKING, FENCE_HANDS_OFF},
        },
};

struct fence_step fence_step(enum fence_phase phase, enum fence_event event)
{
    return fence[phase][event];
}
