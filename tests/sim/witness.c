/* What the daemon was told, and when: an action is judged by that and by nothing the simulator
 * alone can know. */
#include "engine/service.h"
#include "sim.h"

#define LONG_AGO (-SIM_NEVER / 4)
#define CPU_APART_MS 990
#define APART_MS 490 /* confirm_interval, less what the clocks drift */

struct told witness_told_nothing(void)
{
    return (struct told){
        .reply_asked = LONG_AGO,
        .proof = LONG_AGO,
        .pong_asked = LONG_AGO,
        .silence_asked = LONG_AGO,
        .answered = LONG_AGO,
        .unit_asked = LONG_AGO,
        .failed = SIM_NEVER,
        .stopped = SIM_NEVER,
        .log_at = LONG_AGO,
        .announced = LONG_AGO,
        .info_at = LONG_AGO,
        .trouble = SIM_NEVER,
        .unwell = LONG_AGO,
        .script_shows_ms = 5000,
        .load_moved = LONG_AGO,
        .load_percent = -1,
        .process = {.asked = LONG_AGO, .compared = LONG_AGO},
        .accounted = {.asked = LONG_AGO, .compared = LONG_AGO},
        .state_asked = LONG_AGO,
        .peek_asked = LONG_AGO,
    };
}

/* At two looks, a second apart. */
bool witness_stopped(const struct told *told)
{
    return told->state == TASK_STOPPED && told->state_pid == told->unit.main_pid &&
           told->state_asked - told->state_first >= CPU_APART_MS;
}

/* Failed probes that are nearer to each other than half a second are one opinion. */
static void count_silence(struct told *told, const struct ask *a, int64_t now)
{
    if (!a->fresh || a->asked - told->silence_asked < APART_MS)
        return;
    told->silence_asked = a->asked;
    if (told->silences++ == 0)
        told->failing = now;
}

void witness_probe(struct sim *s, int service, const struct ask *a)
{
    struct told *told = &s->worlds[service].witness.told;
    enum reply_class reply = a->answer.probe.reply;
    if (a->request != REDIS_PING || reply == REPLY_NONE)
        return; /* our own end was closed: that says nothing */
    if (a->asked >= told->reply_asked || reply_answered(reply)) {
        told->reply = reply;
        told->reply_asked = a->asked;
    }
    if (reply_answered(reply)) {
        told->answered = s->now;
        told->silences = 0;
        told->silence_asked = LONG_AGO; /* what failed before is another matter */
    } else {
        count_silence(told, a, s->now);
    }
    if (reply == REPLY_MASTERDOWN && a->asked > told->pong_asked)
        told->pong_asked = a->asked; /* it serves, except for what only its primary can fix */
    if (reply != REPLY_PONG && told->trouble == SIM_NEVER)
        told->trouble = a->asked;
    if (reply != REPLY_PONG)
        return;
    if (a->fresh)
        told->trouble = SIM_NEVER;
    told->proof = s->now;
    if (a->asked > told->pong_asked)
        told->pong_asked = a->asked;
}

/* A start that goes on by itself, as far as the daemon knows. */
bool witness_loads(const struct sim *s, int service)
{
    const struct told *told = &s->worlds[service].witness.told;
    return told->unit.active == UNIT_ACTIVATING || told->reply == REPLY_LOADING;
}

static void note_since(int64_t *since, bool holds, int64_t now)
{
    if (!holds)
        *since = SIM_NEVER;
    else if (*since == SIM_NEVER)
        *since = now;
}

/* Two looks at one process say something when they are a second apart. The daemon compares others
 * than these: time that rises is plain to it when it does so for a while. */
static void note_cpu(struct cpu_seen *seen, int64_t pid, int64_t cpu_ms, int64_t asked)
{
    if (asked < seen->asked)
        return;
    if (seen->pid != pid)
        *seen = (struct cpu_seen){.pid = pid,
                                  .mark_asked = asked,
                                  .mark_ms = cpu_ms,
                                  .compared = LONG_AGO,
                                  .rises_since = SIM_NEVER};
    seen->asked = asked;
    int64_t apart = asked - seen->mark_asked;
    if (apart < CPU_APART_MS)
        return;
    seen->percent = (cpu_ms - seen->mark_ms) * 100 / apart;
    seen->compared = seen->mark_asked;
    bool rises = seen->percent > SIM_RISE_PERCENT + 2;
    if (!rises)
        seen->rises_since = SIM_NEVER;
    else if (seen->rises_since == SIM_NEVER)
        seen->rises_since = seen->mark_asked;
    seen->mark_asked = asked;
    seen->mark_ms = cpu_ms;
}

void witness_process(struct sim *s, int service, int64_t began, const struct process_facts *p)
{
    struct told *told = &s->worlds[service].witness.told;
    if (p->pid <= 0 || p->pid != told->unit.main_pid)
        return;
    if (p->cpu_ms >= 0)
        note_cpu(&told->process, p->pid, p->cpu_ms, began);
    if (began < told->state_asked)
        return;
    if (told->state != p->state || told->state_pid != p->pid)
        told->state_first = began;
    told->state_asked = began;
    told->state_pid = p->pid;
    told->state = p->state;
    told->tracer = p->tracer_pid;
}

void witness_peek(struct sim *s, int service, int64_t asked, const struct witness_facts *facts)
{
    struct told *told = &s->worlds[service].witness.told;
    if (asked < told->peek_asked)
        return;
    told->peek_asked = asked;
    told->peek_possible = facts->possible;
    told->peek_reply = facts->reply;
}

void witness_unit(struct sim *s, int service, int64_t began, const struct unit_facts *unit)
{
    struct told *told = &s->worlds[service].witness.told;
    if (began < told->unit_asked)
        return;
    told->unit = *unit;
    told->unit_asked = began;
    if (unit->control_reached == TRI_NO)
        return;
    if (unit->main_pid > 0 && unit->cpu_ms >= 0)
        note_cpu(&told->accounted, unit->main_pid, unit->cpu_ms, began);
    told->stop_seen |= unit->active == UNIT_FAILED || unit->active == UNIT_INACTIVE;
    const struct witness *w = &s->worlds[service].witness;
    bool ours = w->intent.open || operation_running(&s->engine->services[service]);
    if (unit->active == UNIT_DEACTIVATING && unit->result == RESULT_SUCCESS && !ours)
        told->stop_begun = true;
    else if (unit->active != UNIT_DEACTIVATING && unit->active != UNIT_FAILED)
        told->stop_begun = false;
    if (unit->active != UNIT_FAILED && unit->active != UNIT_DEACTIVATING &&
        began >= told->cancelled_at)
        told->cancelled = false;
    if (unit->active == UNIT_FAILED && unit->since.ms != told->failed_of.ms) {
        told->failed = SIM_NEVER; /* another failure has words of its own */
        told->failed_of = unit->since;
    }
    if (unit->active == UNIT_FAILED && told->failed == SIM_NEVER)
        told->failed_asked = began;
    note_since(&told->failed, unit->active == UNIT_FAILED, s->now);
    if (unit->active != UNIT_FAILED)
        told->log_misses = 0;
    note_since(&told->stopped, unit->active == UNIT_INACTIVE, s->now);
}

void witness_info(struct sim *s, int service, const struct ask *a)
{
    struct told *told = &s->worlds[service].witness.told;
    const struct info_facts *i = &a->answer.info;
    if (a->request == REDIS_CONFIG && i->busy_threshold_ms >= 0)
        told->script_shows_ms = i->busy_threshold_ms;
    if (a->request != REDIS_INFO || !i->known)
        return;
    if (i->loading != TRI_YES || i->loading_percent <= told->load_percent)
        return;
    told->load_moved = s->now;
    told->load_percent = i->loading_percent;
}

void witness_log(struct sim *s, int service, const struct log_facts *log)
{
    struct told *told = &s->worlds[service].witness.told;
    told->log = log->class;
    told->log_at = s->now;
}
