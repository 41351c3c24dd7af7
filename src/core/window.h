/* One occurrence of a maintenance window, as a table of phase and event:
 *
 *     planned ──▶ announced ──▶ open ──▶ verifying ──▶ ended
 *        │            │           ▲
 *        │            ├───────────┘ at its start, or begun by hand
 *        ▼            ▼
 *          cancelled
 *
 * A phase is never left for an earlier one. A window that was not announced in time is announced
 * once, as it opens. While it is open or verifying, recovery is withheld and pages are held. It
 * ends by itself: by the wall clock or by the time elapsed, whichever comes first.
 *
 * window_event() takes what people order and what a check found, window_tick() what the clock
 * brings. Both answer with effects, which the caller carries out in order. While the clock is not
 * trusted (core/tilt.h) the caller does not tick. */
#ifndef RESUS_CORE_WINDOW_H
#define RESUS_CORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/window_policy.h"

#define WINDOW_LENGTH_MAX_MS (INT64_C(24) * 3600 * 1000)
#define WINDOW_ASK_BEFORE_MS (INT64_C(10) * 60 * 1000)
#define WINDOW_VERIFY_MAX_MS (INT64_C(5) * 60 * 1000)
#define WINDOW_EXTENDED_TIMES 2 /* with extensions it lasts at most so many times its length */

enum window_phase {
    WINDOW_PLANNED,
    WINDOW_ANNOUNCED,
    WINDOW_OPEN,
    WINDOW_VERIFYING, /* a fresh check and the smoke test run */
    WINDOW_ENDED,
    WINDOW_CANCELLED,
    WINDOW_PHASE_COUNT
};
const char *window_phase_word(enum window_phase phase); /* "planned" */

enum window_event {
    WINDOW_BEGIN,    /* an order of a person: open it now, for its planned length */
    WINDOW_EXTEND,   /* ... by `extend_ms` */
    WINDOW_FINISH,   /* ... the work is done */
    WINDOW_CHANGE,   /* ... other times: `starts`, `ends` */
    WINDOW_CANCEL,   /* ... */
    WINDOW_VERIFIED, /* the check after it has ended: `verified` */
    /* from the clock */
    WINDOW_NOTICE_DUE,
    WINDOW_START_DUE,
    WINDOW_PASSED, /* it would be over, and was never open: no daemon ran */
    WINDOW_ASK_DUE,
    WINDOW_END_DUE,
    WINDOW_VERIFY_LATE,
    WINDOW_EVENT_COUNT
};

enum window_verified { WINDOW_UNVERIFIED, WINDOW_WELL, WINDOW_NOT_WELL };

#define WINDOW_UNNOTICED (WINDOW_NOTICE_HOURS_MAX + 1)

struct window {
    /* To be kept on disk. */
    enum window_phase phase;
    wall_ms starts, ends;   /* as announced last; an early end is not entered here */
    int64_t length_ms;      /* without extensions */
    int noticed_hours;      /* notice announced last, 0 = at the start or later; WINDOW_UNNOTICED */
    int sequence;           /* of the announced times: 0, and 1 more after each change */
    wall_ms ask_at;         /* when to ask whether the time is enough; WALL_NONE = not */
    wall_ms opened, closed; /* WALL_NONE = not yet; closed: when verifying began */
    enum window_verified verified;
    /* Not kept: window_resume() sets them. */
    mono_ms end_by;    /* OPEN */
    mono_ms verify_by; /* VERIFYING */
};

struct window_input {
    enum window_event event;
    int64_t extend_ms;             /* EXTEND */
    wall_ms starts, ends;          /* CHANGE */
    enum window_verified verified; /* VERIFIED */
};

enum window_notice {
    WINDOW_NOTICE_FIRST,
    WINDOW_NOTICE_REMINDER,
    WINDOW_NOTICE_CHANGED, /* the times differ from those announced before */
    WINDOW_NOTICE_CANCELLED,
    WINDOW_NOTICE_COUNT
};

enum window_refusal {
    WINDOW_NOT_REFUSED,
    WINDOW_REFUSED_NOT_OPEN,
    WINDOW_REFUSED_OPEN,
    WINDOW_REFUSED_OVER,      /* verifying or ended */
    WINDOW_REFUSED_CANCELLED, /* it is cancelled */
    WINDOW_REFUSED_TOO_LONG,  /* an extension beyond WINDOW_EXTENDED_TIMES its length */
    WINDOW_REFUSED_TIMES,     /* ends before it starts or in the past, or lasts over a day */
    WINDOW_REFUSAL_COUNT
};
const char *window_refusal_text(enum window_refusal refusal); /* a sentence */

enum window_effect_kind {
    WINDOW_SAVE,       /* the window changed: on disk before the effects that follow */
    WINDOW_ANNOUNCE,   /* `notice`; `hours` as `noticed_hours` */
    WINDOW_BANNER_ON,  /* and withhold recovery, hold pages (window_holds) */
    WINDOW_ASK,        /* is the time enough? 10 minutes are left */
    WINDOW_VERIFY,     /* check the services, run the smoke test, then WINDOW_VERIFIED */
    WINDOW_BANNER_OFF, /* unless another window holds the service */
    WINDOW_SUMMARY,    /* one message: what changed since it opened; `verified` */
    WINDOW_MISSED,     /* it passed without a daemon that could have opened it */
    WINDOW_REFUSE,     /* `refusal`: the order changed nothing */
    WINDOW_EFFECT_KIND_COUNT
};

struct window_effect {
    enum window_effect_kind kind;
    enum window_notice notice;
    int hours;
    enum window_refusal refusal;
    enum window_verified verified;
};

/* The most of a call: saved, announced, banner. The test asserts it. */
#define WINDOW_EFFECTS_MAX 3
#define WINDOW_NO_WAKE (-1)
struct window_effects {
    struct window_effect items[WINDOW_EFFECTS_MAX];
    size_t count;
    int64_t wake_ms; /* from now until window_tick() has work; WINDOW_NO_WAKE = never */
};

void window_init(struct window *w, wall_ms starts, wall_ms ends);
/* May a window have these times? */
bool window_times_valid(wall_ms starts, wall_ms ends);

void window_event(struct window *w, const struct window_policy *policy,
                  const struct window_input *input, const struct now *now,
                  struct window_effects *out);
void window_tick(struct window *w, const struct window_policy *policy, const struct now *now,
                 struct window_effects *out);
/* After the window was read from disk; window_tick() comes next. */
void window_resume(struct window *w, const struct now *now, struct window_effects *out);

/* Does it withhold recovery and hold pages now? */
bool window_holds(const struct window *w);
/* How many of these do; a service is released when none of those that cover it does. */
size_t window_count_holding(const struct window *const windows[], size_t count);

#endif
