/* What is kept of each step of 30 s: where its time went, how fast Redis answered, its figures. */
#ifndef RESUS_ENGINE_SAMPLE_H
#define RESUS_ENGINE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/cause.h"
#include "engine/port.h"

struct service;

enum sample_state {
    SAMPLE_UP,
    SAMPLE_DOWN,
    SAMPLE_PLANNED,
    SAMPLE_CANNOT_SAY,
    SAMPLE_PENDING /* silent, and not known yet why */
};

#define SAMPLE_LATENCIES 128 /* newest PINGs of a step */

/* The step of the series that is under way. */
struct sampler {
    mono_ms due;
    int64_t phase_ms; /* its place in the step */
    enum sample_state state;
    mono_ms accounted; /* until when time is booked */
    int64_t state_ms[SERIES_STATE_COUNT];
    int64_t latency_us[SAMPLE_LATENCIES], worst_us;
    unsigned latency_next, latency_count;
    int64_t pings, fast_pings;
    struct info_facts figures, before; /* newest, and of the step before */
    bool outage, outage_confirmed;
    mono_ms outage_began;
    enum cause outage_cause;
    mono_ms last_outage_ended; /* 0 = none yet */
    struct outage_record last_outage;
};

int sample_init(struct service *s, struct now now);
void sample_account(struct service *s, struct now now); /* books the time until now */
void sample_ping(struct service *s, int64_t us);
void sample_figures(struct service *s, const struct redis_answer *a, struct now now);
bool sample_turn(struct service *s, struct now now); /* ends the step when it is due */
mono_ms sample_next(const struct service *s);
/* The newest outage, when it ended after `since`. */
bool sample_last_outage(const struct service *s, mono_ms since, wall_ms *ret_began,
                        double *ret_seconds);
/* The newest outage was this, whatever it was recorded as; a short one counts then, too. */
void sample_name_outage(struct service *s, enum cause cause, const char *ended_by);

#endif
