/* What the Redis host shows about a Redis that does not answer here: does its process work, and
 * does it answer on its own host? Evidence belongs to one process and to this silence: what was
 * asked before the last answer, or before probing began, does not count. */
#ifndef RESUS_CORE_EVIDENCE_H
#define RESUS_CORE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cause.h"

/* Two looks that are compared are at least this far apart, and at most so far: a share of a longer
 * time would hide a command that has worked for seconds. */
#define EVIDENCE_APART_MS 1000
#define EVIDENCE_APART_MAX_MS 15000
/* An older look says nothing about now: rounds come every 5 s at least. */
#define EVIDENCE_LASTS_MS 12000
/* A process that was seen at work or blocked has to be still for so long before it counts as
 * hanging: long commands pause. */
#define EVIDENCE_STILL_MS 3000

/* Processor time between two looks at one process. */
enum work {
    WORK_UNKNOWN,
    WORK_STILL,  /* below 2 % of a core */
    WORK_SOME,   /* between the two */
    WORK_RISING, /* 20 % of a core or more */
};
enum work evidence_work(const struct process_facts *before, const struct process_facts *now);

enum activity {
    ACTIVITY_UNKNOWN, /* no evidence, or it contradicts itself */
    ACTIVITY_STILL,   /* sleeps and uses no processor time */
    ACTIVITY_WORKING,
    ACTIVITY_BLOCKED, /* in state D, and uses little processor time */
    ACTIVITY_STOPPED, /* by a signal, at two looks */
    ACTIVITY_TRACED,
    ACTIVITY_ENDED,
    ACTIVITY_COUNT
};
const char *evidence_activity_word(enum activity activity);
enum activity evidence_activity(const struct observations *observations, mono_ms now);

/* Was the process looked at in this silence, and not yet again, so that nothing can be compared? */
bool evidence_one_look(const struct observations *observations, mono_ms now);

/* Is Redis another process than the unit's main process: behind a wrapper, or with a process number
 * of its own (docker run, podman)? Then the main process shows nothing about it, and its port may be another one. */
bool evidence_not_main(const struct observations *observations);

/* What a PING from the Redis host itself found. */
enum there {
    THERE_UNKNOWN, /* the host could not be asked, or its answer proves nothing */
    THERE_ANSWERS,
    THERE_SILENT,
    THERE_REFUSED,
    THERE_COUNT
};
const char *evidence_there_word(enum there there);
enum there evidence_there(const struct observations *observations, mono_ms now);

/* Was the host asked in this silence, and does its answer not show whether Redis serves? */
bool evidence_untold(const struct observations *observations, mono_ms now);

/* Is there a second fact beside the silence? */
bool evidence_second_fact(enum there there, enum activity activity);

bool evidence_witness_answered(const struct witness_facts *witness);

/* Takes in a new look at a process: `now` becomes `before` when they are far enough apart. A look
 * that came too soon after the newest is dropped. */
void evidence_take(struct process_facts *before, struct process_facts *now,
                   const struct process_facts *look);
/* ... at the unit's main process. One that speaks of another is dropped. */
void evidence_take_process(struct observations *observations, const struct process_facts *look);
/* When was the newest look, if it shows a process that does something, waits for a disk or is held
 * by a tracer? 0 = it shows none of these. */
mono_ms evidence_stirred(const struct observations *observations);

/* Did a command on the host take so long that silence from here may be the line's? `usual_ms` is
 * FACT_UNKNOWN before the first. */
bool evidence_slow_look(int64_t took_ms, int64_t usual_ms, int64_t timeout_ms);

/* Since when Redis owes an answer. */
mono_ms evidence_silent_since(const struct observations *observations);

/* Is the time over in which Redis may be silent, or refuse, until a second fact is known? */
bool evidence_waited(const struct observations *observations, mono_ms now);

/* ... and in which it may be silent without evidence that it hangs? What is silent after a refusal
 * may still be the path that refused. */
bool evidence_blind_over(const struct observations *observations, mono_ms now);

#endif
