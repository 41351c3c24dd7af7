#include "core/tenure.h"

#include <assert.h>

static_assert(TENURE_TTL_MIN_MS - TENURE_MARGIN_MS - TENURE_RENEW_MS >= TENURE_ACT_MS,
              "just before a renewal there is time for an act");

/* Rows are complete: a cell that is not named would be TENURE_NONE and no act, which the unit test
 * finds. */
static const struct tenure_step table[TENURE_PHASE_COUNT][TENURE_EVENT_COUNT] = {
    [TENURE_NONE] =
        {
            [TENURE_DUE] = {TENURE_ASKING, TENURE_ASK},
            [TENURE_GRANTED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_JOINED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_LAPSED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_NO_ACT},
        },
    [TENURE_ASKING] =
        {
            [TENURE_DUE] = {TENURE_ASKING, TENURE_NO_ACT},
            [TENURE_GRANTED] = {TENURE_JOINING, TENURE_JOIN},
            [TENURE_JOINED] = {TENURE_ASKING, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_ASKING, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_NONE, TENURE_NO_ACT},
            [TENURE_LAPSED] = {TENURE_ASKING, TENURE_NO_ACT},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_NO_ACT},
        },
    /* Whether the key was written, only the store's own view tells: until then it is written
     * again, which changes nothing. The lease is not renewed meanwhile. */
    [TENURE_JOINING] =
        {
            [TENURE_DUE] = {TENURE_JOINING, TENURE_JOIN},
            [TENURE_GRANTED] = {TENURE_JOINING, TENURE_NO_ACT},
            [TENURE_JOINED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_JOINING, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_JOINING, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_NONE, TENURE_FORGET},
            [TENURE_LAPSED] = {TENURE_NONE, TENURE_FORGET},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_REVOKE},
        },
    [TENURE_HELD] =
        {
            [TENURE_DUE] = {TENURE_HELD, TENURE_RENEW},
            [TENURE_GRANTED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_JOINED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_NONE, TENURE_FORGET},
            [TENURE_LAPSED] = {TENURE_UNSURE, TENURE_NO_ACT},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_REVOKE},
        },
    /* A store without a majority freezes leases: the same one may be good again, with all its
     * keys. */
    [TENURE_UNSURE] =
        {
            [TENURE_DUE] = {TENURE_UNSURE, TENURE_RENEW},
            [TENURE_GRANTED] = {TENURE_UNSURE, TENURE_NO_ACT},
            [TENURE_JOINED] = {TENURE_UNSURE, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_HELD, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_UNSURE, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_NONE, TENURE_FORGET},
            [TENURE_LAPSED] = {TENURE_UNSURE, TENURE_NO_ACT},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_REVOKE},
        },
    /* Once given back it is never taken again; what the store did not hear ends with the lease. */
    [TENURE_LEAVING] =
        {
            [TENURE_DUE] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_GRANTED] = {TENURE_LEAVING, TENURE_REVOKE},
            [TENURE_JOINED] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_RENEWED] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_FAILED] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_GONE] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_LAPSED] = {TENURE_LEAVING, TENURE_NO_ACT},
            [TENURE_LEAVE] = {TENURE_LEAVING, TENURE_NO_ACT},
        },
};

const char *tenure_phase_word(enum tenure_phase phase)
{
    static const char *const words[] = {
        [TENURE_NONE] = "none", [TENURE_ASKING] = "asking", [TENURE_JOINING] = "joining",
        [TENURE_HELD] = "held", [TENURE_UNSURE] = "unsure", [TENURE_LEAVING] = "leaving",
    };
    static_assert(ARRAY_LENGTH(words) == TENURE_PHASE_COUNT, "a word for every phase");
    return words[phase];
}

struct tenure_step tenure_cell(enum tenure_phase phase, enum tenure_event event)
{
    return table[phase][event];
}

void tenure_begin(struct tenure *t)
{
    *t = (struct tenure){.phase = TENURE_NONE, .until = TENURE_TIME_UNKNOWN};
}

enum tenure_event tenure_judge(const struct tenure *t, const struct tenure_answer *answer)
{
    if (!answer->understood || (answer->term != 0 && answer->term < t->term))
        return TENURE_FAILED;
    return answer->ttl_ms > 0 ? TENURE_RENEWED : TENURE_GONE;
}

static void note_good(struct tenure *t, const struct tenure_answer *answer)
{
    t->until = mono_max(t->until, mono_add(answer->asked, answer->ttl_ms - TENURE_MARGIN_MS));
    if (answer->term > t->term)
        t->term = answer->term;
}

/* When the next request is due after this event, in the phase that it led to. */
static mono_ms next_due(const struct tenure *t, enum tenure_event event, enum tenure_act act,
                        mono_ms now)
{
    if (t->phase == TENURE_LEAVING)
        return MONO_NEVER;
    if (act == TENURE_ASK || act == TENURE_JOIN || act == TENURE_RENEW)
        return MONO_NEVER; /* it is out */
    switch (event) {
    case TENURE_JOINED:
    case TENURE_RENEWED:
        return mono_add(now, TENURE_RENEW_MS);
    case TENURE_FAILED:
        return mono_add(now, TENURE_RETRY_MS);
    case TENURE_GONE:
        return now; /* a new lease at once: the services may still be free */
    default:
        return act == TENURE_FORGET ? now : t->due;
    }
}

enum tenure_act tenure_take(struct tenure *t, enum tenure_event event,
                            const struct tenure_answer *answer, mono_ms now)
{
    struct tenure_step step = tenure_cell(t->phase, event);
    enum tenure_phase before = t->phase;
    t->phase = step.next;
    if ((event == TENURE_GRANTED && before == TENURE_ASKING) ||
        (event == TENURE_RENEWED && (before == TENURE_HELD || before == TENURE_UNSURE)))
        note_good(t, answer);
    if (step.act == TENURE_FORGET || t->phase == TENURE_LEAVING)
        t->until = TENURE_TIME_UNKNOWN;
    /* An answer that comes too late to be worth anything. */
    if (t->phase == TENURE_HELD && mono_reached(now, t->until))
        t->phase = TENURE_UNSURE;
    t->due = next_due(t, event, step.act, now);
    return step.act;
}

mono_ms tenure_due(const struct tenure *t)
{
    bool lapses = t->phase == TENURE_HELD || t->phase == TENURE_JOINING;
    return lapses ? mono_min(t->due, t->until) : t->due;
}

bool tenure_holds(const struct tenure *t, mono_ms now)
{
    return t->phase == TENURE_HELD && !mono_reached(now, t->until);
}

bool tenure_may_act(const struct tenure *t, mono_ms now)
{
    return t->phase == TENURE_HELD && t->until.ms - now.ms >= TENURE_ACT_MS;
}
