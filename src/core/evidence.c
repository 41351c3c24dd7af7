#include "core/evidence.h"

#include <assert.h>

#include "base/attr.h"

#define RISING_PERCENT 20
#define STILL_PERCENT 2
#define STOPPED_MS 2500 /* whoever stopped a process by a signal may let it go on at any time */
#define SLOW_TIMES 4    /* a look that took so many times the usual is slow ... */
#define SLOW_SHARE 5    /* ... if it took at least this part of a probe's deadline; */
#define FAR_SHARE 2     /* one that took this part of it is slow however usual it is */

static const char *const activity_words[] = {
    [ACTIVITY_UNKNOWN] = "unknown", [ACTIVITY_STILL] = "still",     [ACTIVITY_WORKING] = "working",
    [ACTIVITY_BLOCKED] = "blocked", [ACTIVITY_STOPPED] = "stopped", [ACTIVITY_TRACED] = "traced",
    [ACTIVITY_ENDED] = "ended",
};
static_assert(ARRAY_LENGTH(activity_words) == ACTIVITY_COUNT, "a word for every activity");

static const char *const there_words[] = {
    [THERE_UNKNOWN] = "unknown",
    [THERE_ANSWERS] = "answers",
    [THERE_SILENT] = "silent",
    [THERE_REFUSED] = "refused",
};
static_assert(ARRAY_LENGTH(there_words) == THERE_COUNT, "a word for every place");

const char *evidence_activity_word(enum activity activity)
{
    return activity_words[activity];
}

const char *evidence_there_word(enum there there)
{
    return there_words[there];
}

mono_ms evidence_silent_since(const struct observations *s)
{
    return s->probing_since.ms == MONO_NEVER.ms ? s->last_answer
                                                : mono_max(s->last_answer, s->probing_since);
}

static bool counts(const struct observations *s, mono_ms asked)
{
    bool probing = s->probing_since.ms != MONO_NEVER.ms;
    return asked.ms != 0 && probing && asked.ms >= s->probing_since.ms &&
           asked.ms >= s->last_answer.ms;
}

static bool about_the_unit(const struct observations *s, const struct process_facts *p)
{
    return p->pid > 0 && p->pid == s->unit.main_pid && counts(s, p->asked);
}

bool evidence_not_main(const struct observations *s)
{
    const struct info_facts *i = &s->info;
    bool own_numbers = i->known && i->process_id == 1 && s->unit.main_pid > 1;
    return own_numbers || cause_beside_main(s);
}

/* What the program that runs the container does says nothing about the Redis in it. */
static bool about_redis(const struct observations *s, const struct process_facts *p)
{
    return about_the_unit(s, p) && !evidence_not_main(s);
}

static bool fresh_enough(mono_ms at, mono_ms now)
{
    return mono_since(now, at) <= EVIDENCE_LASTS_MS;
}

enum work evidence_work(const struct process_facts *before, const struct process_facts *now)
{
    /* Where in a look the time was read is not known: from the shortest time between, so that an
     * error makes the process look busy. */
    int64_t apart = mono_since(now->asked, before->at);
    if (before->pid <= 0 || before->pid != now->pid || before->cpu_ms < 0 || now->cpu_ms < 0 ||
        now->cpu_ms < before->cpu_ms || apart < EVIDENCE_APART_MS)
        return WORK_UNKNOWN;
    int64_t percent = (now->cpu_ms - before->cpu_ms) * 100 / apart;
    return percent >= RISING_PERCENT  ? WORK_RISING
           : percent >= STILL_PERCENT ? WORK_SOME
                                      : WORK_STILL;
}

static bool rises(const struct observations *s, const struct process_facts *before,
                  const struct process_facts *now)
{
    return about_the_unit(s, before) && about_the_unit(s, now) &&
           evidence_work(before, now) == WORK_RISING;
}

mono_ms evidence_stirred(const struct observations *s)
{
    const struct process_facts *p = &s->process;
    mono_ms never = {0};
    mono_ms group = rises(s, &s->group_before, &s->group) ? s->group.at : never;
    if (!about_redis(s, p) || mono_since(s->group.at, p->at) > EVIDENCE_LASTS_MS)
        return group;
    bool held = p->tracer_pid > 0 || p->state == TASK_TRACED || p->state == TASK_BLOCKED;
    bool stirs = held || p->state == TASK_RUNNING || rises(s, &s->process_before, p);
    return stirs ? p->at : never;
}

void evidence_take(struct process_facts *before, struct process_facts *now,
                   const struct process_facts *look)
{
    bool too_far = mono_since(look->asked, now->at) > EVIDENCE_APART_MAX_MS;
    if (look->pid != now->pid || too_far) {
        *before = (struct process_facts){0};
        *now = *look;
    } else if (mono_since(look->asked, now->at) >= EVIDENCE_APART_MS) {
        *before = *now;
        *now = *look;
    }
}

void evidence_take_process(struct observations *s, const struct process_facts *look)
{
    /* Another process' would take the place of the look to compare with. */
    if (look->pid == s->unit.main_pid)
        evidence_take(&s->process_before, &s->process, look);
}

static enum activity activity_of_group(const struct observations *s, mono_ms now)
{
    /* Standing still is no evidence of a hang without the process' state: it may be blocked. Some
     * work is enough to be at work: a busy host gives it little of its time. */
    enum work work = about_the_unit(s, &s->group_before) && about_the_unit(s, &s->group)
                         ? evidence_work(&s->group_before, &s->group)
                         : WORK_UNKNOWN;
    bool works = (work == WORK_RISING || work == WORK_SOME) && fresh_enough(s->group.at, now);
    return works ? ACTIVITY_WORKING : ACTIVITY_UNKNOWN;
}

enum activity evidence_activity(const struct observations *s, mono_ms now)
{
    const struct process_facts *p = &s->process;
    const struct process_facts *b = &s->process_before;
    if (!about_redis(s, p) || !fresh_enough(p->at, now))
        return activity_of_group(s, now);
    if (p->tracer_pid > 0 || p->state == TASK_TRACED)
        return ACTIVITY_TRACED;
    if (!about_the_unit(s, b))
        return ACTIVITY_UNKNOWN;    /* one look is no comparison */
    if (p->state == TASK_STOPPED) { /* whoever sent the signal may send SIGCONT a moment later */
        bool still = b->state == TASK_STOPPED && mono_since(now, p->at) <= STOPPED_MS;
        return still ? ACTIVITY_STOPPED : ACTIVITY_UNKNOWN;
    }
    enum work work = evidence_work(b, p);
    bool runs = p->state == TASK_RUNNING || b->state == TASK_RUNNING;
    bool always_runs = p->state == TASK_RUNNING && b->state == TASK_RUNNING;
    if (work == WORK_RISING)
        return ACTIVITY_WORKING;
    if (p->state == TASK_ENDED)
        return ACTIVITY_ENDED;
    if (p->state == TASK_BLOCKED || b->state == TASK_BLOCKED)
        return ACTIVITY_BLOCKED;
    if (always_runs || (runs && work == WORK_SOME)) /* the host may give it little of its time */
        return ACTIVITY_WORKING;
    bool sleeps = p->state == TASK_SLEEPING && b->state == TASK_SLEEPING;
    bool stirred = s->stirred.ms != 0 && mono_since(now, s->stirred) < EVIDENCE_STILL_MS;
    return sleeps && work == WORK_STILL && !stirred ? ACTIVITY_STILL : ACTIVITY_UNKNOWN;
}

bool evidence_one_look(const struct observations *s, mono_ms now)
{
    const struct process_facts *p = &s->process;
    return about_redis(s, p) && fresh_enough(p->at, now) && !about_the_unit(s, &s->process_before);
}

static bool witness_heard(const struct observations *s, mono_ms now)
{
    return counts(s, s->witness.asked) && fresh_enough(s->witness.at, now);
}

bool evidence_untold(const struct observations *s, mono_ms now)
{
    return witness_heard(s, now) && evidence_there(s, now) == THERE_UNKNOWN;
}

enum there evidence_there(const struct observations *s, mono_ms now)
{
    const struct witness_facts *w = &s->witness;
    if (!witness_heard(s, now))
        return THERE_UNKNOWN;
    /* From here, but to a command that needs no turn: it answers, and what waits is held back. */
    if (!w->possible)
        return reply_answered(w->reply) && cause_probe(s)->reply == REPLY_SILENT ? THERE_ANSWERS
                                                                                 : THERE_UNKNOWN;
    if (reply_answered(w->reply))
        return THERE_ANSWERS;
    switch (w->reply) {
    case REPLY_TLS_FAILED: /* a process that hangs refuses no handshake */
        return THERE_ANSWERS;
    /* Redis may listen at an address that the witness does not try. */
    case REPLY_SILENT:
    case REPLY_NO_CONNECT:
        return s->witness_proven ? THERE_SILENT : THERE_UNKNOWN;
    case REPLY_REFUSED:
        return s->witness_proven ? THERE_REFUSED : THERE_UNKNOWN;
    default:
        return THERE_UNKNOWN;
    }
}

bool evidence_second_fact(enum there there, enum activity activity)
{
    return there == THERE_REFUSED || activity == ACTIVITY_STOPPED || activity == ACTIVITY_WORKING ||
           (there == THERE_SILENT && activity == ACTIVITY_STILL);
}

bool evidence_witness_answered(const struct witness_facts *w)
{
    return w->possible && (reply_answered(w->reply) || w->reply == REPLY_TLS_FAILED);
}

bool evidence_slow_look(int64_t took_ms, int64_t usual_ms, int64_t timeout_ms)
{
    if (took_ms >= timeout_ms / FAR_SHARE)
        return true;
    return usual_ms >= 0 && took_ms >= timeout_ms / SLOW_SHARE && took_ms >= usual_ms * SLOW_TIMES;
}

bool evidence_waited(const struct observations *s, mono_ms now)
{
    mono_ms since = mono_max(evidence_silent_since(s), s->unit_same_since);
    return mono_since(now, mono_max(since, s->stirred)) >= s->blind_hang_ms;
}

bool evidence_blind_over(const struct observations *s, mono_ms now)
{
    bool refused = s->refused.ms != 0 && mono_since(now, s->refused) < s->blind_hang_ms;
    return !refused && evidence_waited(s, now);
}
