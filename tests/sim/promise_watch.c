/* The promises that nothing in the engine waits for what never comes, and that the history has each
 * recovery once. They are looked at once a minute. */
#include "sim.h"

#include <string.h>

#include "base/str.h"
#include "engine/service.h"

#define ANSWERED_MS 1200000 /* the longest wait for an answer, with the longest stall in it */
#define MOVES_MS 1800000    /* the longest action or operation, with stalls in it */

/* ── history ── */

static bool over(const struct recovery_record *record)
{
    return !str_equal(record->result, "running");
}

void promise_written(struct sim *s, int service, const struct recovery_record *record)
{
    struct chronicle *c = &s->worlds[service].chronicle;
    if (c->life != s->life) {
        c->life = s->life;
        c->ended = 0;
    }
    bool by_systemd =
        str_starts(record->id, "s-"); /* no recovery of ours, but in it once as well */
    c->ended += over(record) && !by_systemd;
    c->by_systemd += by_systemd;
    for (size_t i = 0; i < SIM_RECORDS_MAX; i++) {
        if (!str_equal(c->ids[i], record->id))
            continue;
        if (c->over[i])
            sim_broken(s, service, "recovery %s is written again (%s) after its end", record->id,
                       record->result);
        c->over[i] = over(record);
        return;
    }
    size_t at = c->next++ % SIM_RECORDS_MAX;
    (void)str_copy(c->ids[at], sizeof c->ids[at], record->id);
    c->over[at] = over(record);
}

static void check_history(struct sim *s, int service)
{
    const struct engine_counters *counters = &s->engine->services[service].counters;
    const struct chronicle *c = &s->worlds[service].chronicle;
    uint64_t told = 0;
    for (int level = 0; level < RECOVERY_LEVEL_COUNT; level++)
        for (int end = 0; end < RECOVERY_END_COUNT; end++)
            told += counters->recoveries[level][end];
    uint64_t written = c->life == s->life ? c->ended : 0;
    if (told != written)
        sim_broken(s, service, "%d recoveries have ended, the history has %d", (int)told,
                   (int)written);
}

/* ── waits ── */

static void check_requests(struct sim *s, int service)
{
    const struct service *inside = &s->engine->services[service];
    int64_t mono = clocks_mono(s);
    for (int i = 0; i < REQUESTS_MAX; i++) {
        const struct pending *p = &inside->requests.pending[i];
        bool disk = p->part == PART_STATE || p->part == PART_ORDERS ||
                    request_is(p, PART_RECOVER, RECOVER_INTENT) ||
                    request_is(p, PART_OPERATE, OPERATION_FOR_INTENT) ||
                    request_is(p, PART_OPERATE, OPERATION_FOR_DESIRED);
        if (p->id != 0 && !disk && mono - p->asked.ms > ANSWERED_MS)
            sim_broken(s, service, "request %d of part %d has had no answer for %lld s", p->purpose,
                       (int)p->part, (long long)(mono - p->asked.ms) / 1000);
    }
}

static void check_moves(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    const struct service *inside = &s->engine->services[service];
    const struct recovery *r = &inside->recovery;
    int64_t mono = clocks_mono(s); /* which stands still while the machine sleeps */
    bool recovers = r->phase == PHASE_ACTING || r->phase == PHASE_INTENT;
    bool operates = operation_running(inside);
    uint64_t serial = recovers ? r->action_id : operates ? inside->operation.serial : 0;
    if (serial == 0 || serial != w->stuck.serial)
        w->stuck.since = mono;
    w->stuck.serial = serial;
    if (mono - w->stuck.since > MOVES_MS)
        sim_broken(s, service, "%s has not moved on for %lld s",
                   recovers ? recovery_phase_word(r->phase) : "an operation",
                   (long long)(mono - w->stuck.since) / 1000);
}

void promise_minute(struct sim *s)
{
    if (!daemon_alive(s))
        return;
    for (int i = 0; i < s->count; i++) {
        check_history(s, i);
        check_requests(s, i);
        check_moves(s, i);
    }
}
