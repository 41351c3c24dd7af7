#include "core/silence.h"

#include "core/evidence.h"

static struct verdict certain_if(bool confirmed, enum cause cause)
{
    return (struct verdict){cause, confirmed};
}

static int64_t busy_threshold_ms(const struct observations *s)
{
    return s->info.busy_threshold_ms >= 0 ? s->info.busy_threshold_ms : CAUSE_BUSY_THRESHOLD_MS;
}

/* A script must have had the time to show itself by BUSY. */
static bool script_shown(const struct observations *s, mono_ms now)
{
    int64_t wait_ms = busy_threshold_ms(s) + CAUSE_BUSY_MARGIN_MS;
    return mono_reached(now, mono_add(s->last_answer, wait_ms));
}

/* A process that ends closes its connections and refuses new ones, too. */
static bool unit_has_last_word(const struct observations *s, const struct probe_facts *p)
{
    bool ends = p->reply == REPLY_CLOSED || p->reply == REPLY_REFUSED;
    return !ends || s->unit.at.ms >= p->at.ms;
}

/* Nothing was heard from the Redis host itself: what is seen from here has to do. */
static struct verdict judge_unwitnessed(const struct observations *s, const struct probe_facts *p,
                                        bool enough, mono_ms now)
{
    if (p->reply == REPLY_UNREACHABLE)
        return certain_if(enough, CAUSE_HOST_UNREACHABLE);
    if (p->reply == REPLY_CLOSED)
        return certain_if(enough && unit_has_last_word(s, p), CAUSE_ACCESS_REFUSED);
    if (!s->ever_answered)
        return certain_if(enough, CAUSE_ACCESS_REFUSED);
    /* TLS, or another server: what answers is not taken for a Redis that hangs. */
    if (p->reply == REPLY_GARBAGE)
        return certain_if(enough, CAUSE_ACCESS_REFUSED);
    /* The kernel of a host that can be reached completes a connect even for a Redis that hangs,
     * until the backlog is full; but then the kept connection is still there, in silence. If that
     * one has timed out too, the path to the port is cut and nothing is known of Redis. */
    if (p->reply == REPLY_NO_CONNECT && s->kept.reply != REPLY_SILENT)
        return certain_if(enough && script_shown(s, now), CAUSE_ACCESS_REFUSED);
    return (struct verdict){CAUSE_NONE, false};
}

/* Redis works as long as it uses the processor; how long it may is the operator's to say. */
static struct verdict judge_working(const struct observations *s, bool certain, mono_ms now)
{
    int64_t silent_ms = mono_since(now, evidence_silent_since(s));
    bool too_long = s->busy_limit_ms > 0 && silent_ms >= s->busy_limit_ms;
    return certain_if(certain, too_long ? CAUSE_HUNG : CAUSE_BUSY_COMMAND);
}

bool silence_call_due(const struct observations *s, enum cause cause, mono_ms now)
{
    int64_t silent_ms = mono_since(now, evidence_silent_since(s));
    switch (cause) {
    case CAUSE_BUSY_COMMAND:
        return silent_ms >= s->busy_alert_ms;
    case CAUSE_TRACED:
        return silent_ms >= SILENCE_TRACED_MS;
    default:
        return true;
    }
}

/* Two facts are needed: it does not answer, and its process does nothing that explains it. */
static struct verdict judge_process(const struct observations *s, const struct probe_facts *p,
                                    enum there there, bool deaf, bool enough, mono_ms now)
{
    enum activity activity = evidence_activity(s, now);
    if (activity == ACTIVITY_TRACED)
        return certain_if(enough, CAUSE_TRACED);
    if (activity == ACTIVITY_STOPPED)
        return certain_if(enough, CAUSE_HUNG);
    bool blind_over = evidence_blind_over(s, now);
    /* Where the host itself answers late, silence may be the line's. */
    bool slow_line =
        s->slow_look.ms != 0 && mono_since(now, s->slow_look) < 2 * s->probe_timeout_ms;
    if (slow_line && !deaf)
        return certain_if(enough && blind_over, CAUSE_HOST_UNREACHABLE);
    bool certain = enough && (deaf || script_shown(s, now));
    if (activity == ACTIVITY_WORKING)
        return judge_working(s, certain, now);
    if (activity == ACTIVITY_BLOCKED)
        return certain_if(certain, CAUSE_IO_BLOCKED);
    bool agreed = evidence_second_fact(there, activity);
    /* Who can be looked at is looked at twice, however long it has been silent. */
    bool blind = blind_over && !evidence_one_look(s, now);
    bool hung = certain && (agreed || blind);
    /* Silence there and a refusal here contradict each other: a human finds out which one lies. */
    bool torn =
        !hung && there == THERE_SILENT && p->reply == REPLY_REFUSED && evidence_waited(s, now);
    return torn ? certain_if(enough, CAUSE_CONNECTION_REFUSED) : certain_if(hung, CAUSE_HUNG);
}

/* Refused here, and not looked at there: that is one fact. Redis that runs and does not listen
 * is rare, and so are processes that say it; a proxy, firewall or `bind` is not. */
static struct verdict judge_refused(const struct observations *s, bool enough, mono_ms now)
{
    switch (evidence_activity(s, now)) {
    case ACTIVITY_STOPPED:
        return certain_if(enough, CAUSE_HUNG);
    case ACTIVITY_ENDED: /* its unit is about to say so */
        return certain_if(enough && evidence_waited(s, now), CAUSE_HUNG);
    default:
        return certain_if(enough && (evidence_untold(s, now) || evidence_waited(s, now)),
                          CAUSE_CONNECTION_REFUSED);
    }
}

enum blind silence_blind(const struct observations *s, mono_ms now)
{
    enum activity activity = evidence_activity(s, now);
    enum there there = evidence_there(s, now);
    if (evidence_second_fact(there, activity) || activity == ACTIVITY_ENDED)
        return BLIND_NOT;
    if (there == THERE_SILENT)
        return BLIND_PROCESS;
    return activity == ACTIVITY_STILL ? BLIND_WITNESS : BLIND_BOTH;
}

struct verdict silence_judge(const struct observations *s, const struct probe_facts *p, mono_ms now)
{
    /* Probes that wait while a process ends fail all at once; its unit may have been looked at only
     * before. */
    bool enough =
        s->unit.asked.ms >= s->failing_since.ms && s->failed_probes >= s->failure_threshold;
    enum there there = evidence_there(s, now);
    if (there == THERE_ANSWERS) {
        /* It may have ended since it answered there: it has to outlive the failures here. */
        bool outlived = s->witness.asked.ms >= s->enough_asked.ms;
        /* A command that has just ended kept our probes waiting, but not the witness. */
        bool still_fails = p->asked.ms >= s->witness_answers_since.ms;
        bool ran = p->reply != REPLY_REFUSED || s->unit.asked.ms >= s->refusing_since.ms;
        return certain_if(enough && outlived && still_fails && ran && unit_has_last_word(s, p),
                          CAUSE_PATH_BROKEN);
    }
    /* The process sleeps and stands still, as one that hangs. */
    if (s->unit.frozen)
        return certain_if(enough, CAUSE_FROZEN);
    if (there == THERE_UNKNOWN || !s->ever_answered) {
        struct verdict v = judge_unwitnessed(s, p, enough, now);
        if (v.cause != CAUSE_NONE)
            return v;
    }
    /* It runs, but does not listen. */
    bool refused_here = there == THERE_UNKNOWN && p->reply == REPLY_REFUSED;
    bool deaf = there == THERE_REFUSED || refused_here;
    /* A process that has ended since its unit was looked at refuses connections, too. One refusal
     * from before the look is enough: where looks take long, newer ones come all the time. */
    mono_ms refused = there == THERE_REFUSED ? s->witness_refuses_since : s->refusing_since;
    enough = enough && (!deaf || s->unit.asked.ms >= refused.ms);
    if (deaf && mono_since(now, s->unit_same_since) < SILENCE_YOUNG_MS)
        return certain_if(enough && there == THERE_REFUSED, CAUSE_SYSTEMD_RESTARTING);
    return refused_here ? judge_refused(s, enough, now)
                        : judge_process(s, p, there, deaf, enough, now);
}
