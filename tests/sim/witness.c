/* What the daemon was told, and when: an action is judged by that and by nothing the simulator
 * alone can know. */
#include "engine/service.h"
#include "sim.h"

#define LONG_AGO (-SIM_NEVER / 4)
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
    };
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
    if (a->request != REDIS_PING)
        return;
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
        told->pong_asked = a->asked; /* it serves, but for what only its primary can mend */
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

void witness_unit(struct sim *s, int service, int64_t began, const struct unit_facts *unit)
{
    struct told *told = &s->worlds[service].witness.told;
    if (began < told->unit_asked)
        return;
    told->unit = *unit;
    told->unit_asked = began;
    if (unit->control_reached == TRI_NO)
        return;
    told->stop_seen |= unit->active == UNIT_FAILED || unit->active == UNIT_INACTIVE;
    const struct witness *w = &s->worlds[service].witness;
    bool ours = w->intent.open || operation_running(&s->engine->services[service]);
    if (unit->active == UNIT_DEACTIVATING && unit->result == RESULT_SUCCESS && !ours)
        told->stop_begun = true;
    else if (unit->active != UNIT_DEACTIVATING && unit->active != UNIT_FAILED)
        told->stop_begun = false;
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
