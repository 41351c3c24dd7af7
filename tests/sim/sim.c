/* One seed: a world is set up, troubled, left in peace, and looked at. */
#include "sim.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "engine/service.h"
#include "engine/snapshot.h"

#define MINUTE_MS 60000
#define TURNS_MAX 20000                  /* at one moment */
#define CALM_MS (40LL * MINUTE_MS)       /* at most; every wait of the engine has ended by then */
#define PEACE_LEAST_MS (4LL * MINUTE_MS) /* and at least, when all is well */

void sim_say(struct sim *s, int service, const char *format, ...)
{
    if (!s->trace)
        return;
    va_list args;
    va_start(args, format);
    (void)printf("%10.3f %s%s", (double)s->now / 1000, service < 0 ? "-" : s->services[service].id,
                 s->engine == NULL ? " (down) " : " ");
    (void)vprintf(format, args);
    (void)printf("\n");
    va_end(args);
}

void sim_broken(struct sim *s, int service, const char *format, ...)
{
    char text[400];
    if (s->failed)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->failed = true;
    (void)snprintf(s->failure, sizeof s->failure, "%s: %s (at %.3f s)",
                   service < 0 ? "-" : s->services[service].id, text, (double)s->now / 1000);
    sim_say(s, service, "BROKEN: %s", text);
}

void sim_at(struct sim *s, int64_t at, agenda_act *act, int service, uint64_t id)
{
    if (at == SIM_NEVER)
        return;
    agenda_add(&s->agenda, (struct appointment){.at = at > s->now ? at : s->now,
                                                .rank = AGENDA_WORLD,
                                                .act = act,
                                                .service = service,
                                                .id = id});
}

void sim_input(struct sim *s, int64_t at, agenda_act *act, int service, uint64_t id)
{
    agenda_add(&s->agenda, (struct appointment){.at = at,
                                                .rank = AGENDA_INPUT,
                                                .act = act,
                                                .service = service,
                                                .id = id,
                                                .life = s->life});
}

static void set_up_service(struct sim *s, int service)
{
    struct service_settings *set = &s->services[service];
    struct chance *c = &s->chance;
    static const int64_t pulses[] = {1000, 1000, 5000, 0};
    *set = (struct service_settings){
        .control = chance_percent(c, 70) ? CONTROL_SSH : CONTROL_SYSTEMD,
        .commands_extended = chance_percent(c, 50),
        .watch = watch_policy_default(),
        .recovery = recovery_policy_default(),
    };
    (void)snprintf(set->id, sizeof set->id, "%c", 'a' + service);
    (void)str_copy(set->name, sizeof set->name, set->id);
    (void)str_copy(set->unit, sizeof set->unit, "redis-server");
    (void)str_copy(set->redis.host, sizeof set->redis.host, "10.0.0.2");
    set->redis.port = 6379;
    if (service == 0) {
        static struct affected_service dependents[] = {{"page", "http://10.0.0.9/health"},
                                                       {"nobody asks", ""}};
        set->affected = dependents;
        set->affected_count = ARRAY_LENGTH(dependents);
    }
    set->watch.pulse_interval_ms = pulses[chance_between(c, 0, 3)];
    if (chance_percent(c, 15))
        set->recovery.external_stop = EXTERNAL_STOP_RESPECT;
    s->worlds[service].tunnel_forbidden = chance_percent(c, 25);
    unit_init(s, service);
    replication_init(s, service);
    struct witness *w = &s->worlds[service].witness;
    w->ended[0] = w->ended[1] = w->ended[2] = -SIM_NEVER / 4;
    w->acted = w->acted_end = w->failed_end = -SIM_NEVER / 4;
    w->well_since = SIM_NEVER;
    w->stop_lasts = SIM_NEVER;
    w->told = witness_told_nothing();
    (void)str_copy(s->disk.durable[service].id, sizeof s->disk.durable[service].id, set->id);
}

static void minute(struct sim *s, int service, uint64_t id)
{
    (void)service;
    (void)id;
    promise_minute(s);
    sim_at(s, s->now + MINUTE_MS, minute, -1, 0);
}

static void set_up(struct sim *s, uint64_t seed, bool trace)
{
    memset(s, 0, offsetof(struct sim, agenda));
    agenda_clear(&s->agenda);
    s->seed = seed;
    s->trace = trace;
    s->chance.state = seed;
    s->chance.state = chance_draw(&s->chance); /* or the next seed draws the same, one later */
    s->jolted = s->clock_set = s->disk_sick = -SIM_NEVER / 4;
    s->mono_offset = 1000 + chance_between(&s->chance, 0, 1000000);
    s->boot_offset = s->mono_offset + chance_between(&s->chance, 0, 1000000);
    s->pids = 100; /* 1 is a container's own numbering */
    s->no_witness = chance_percent(&s->chance, 10);
    s->drift_ppm = chance_between(&s->chance, -200, 200);
    static const int counts[] = {1, 1, 1, 1, 2, 2, 2, 3};
    s->count = counts[chance_between(&s->chance, 0, (int64_t)ARRAY_LENGTH(counts) - 1)];
    s->services = s->banks[0];
    s->settings.services = s->services;
    s->settings.service_count = (size_t)s->count;
    for (int i = 0; i < s->count; i++)
        set_up_service(s, i);
    /* Many short worlds find more than few long ones; some things take hours to meet. */
    sim_at(s, MINUTE_MS, minute, -1, 0);
    bool is_long = chance_percent(&s->chance, 5);
    s->end = chance_between(&s->chance, 4 * MINUTE_MS, is_long ? 180 * MINUTE_MS : 25 * MINUTE_MS);
    s->calm_end = s->end + CALM_MS;
}

/* Is there nothing more to come? All serve, are said to be well, and have been forgiven. */
static bool settled(const struct sim *s)
{
    if (s->engine == NULL || s->now < s->deaf_until)
        return false;
    for (int i = 0; i < s->count; i++) {
        const struct service *inside = &s->engine->services[i];
        const struct unit *u = &s->worlds[i].unit;
        if (u->process != PROCESS_UP || u->active != UNIT_ACTIVE || u->frozen ||
            process_works(s, u) || snapshot_overall(inside, clocks_read(s)) != OVERALL_HEALTHY ||
            inside->recovery.phase != PHASE_IDLE || inside->recovery.attempts > 0 ||
            operation_running(inside))
            return false;
    }
    return true;
}

static void ends(struct sim *s, int service, uint64_t id)
{
    (void)service;
    (void)id;
    s->over = settled(s);
    sim_at(s, s->now + MINUTE_MS, ends, -1, 0);
}

static void peace(struct sim *s, int service, uint64_t id)
{
    (void)service;
    (void)id;
    s->calm = true;
    trouble_end(s);
    sim_at(s, s->now + PEACE_LEAST_MS, ends, -1, 0);
}

/* The daemon hears nothing while it is down, and later while it is held up. */
static bool meant_for_now(struct sim *s, struct appointment *item)
{
    if (item->rank == AGENDA_WORLD)
        return true;
    if (s->engine == NULL || item->life != s->life)
        return false;
    if (s->now >= s->deaf_until)
        return true;
    item->at = s->deaf_until;
    agenda_put_back(&s->agenda, *item);
    return false;
}

/* A loop that asks for its next turn at once, again and again, stops time. */
static void spins(struct sim *s, int64_t at)
{
    s->turns = at == s->now ? s->turns + 1 : 0;
    if (s->turns > TURNS_MAX)
        sim_broken(s, -1, "%d steps within a millisecond", TURNS_MAX);
}

bool sim_run(uint64_t seed, bool trace, struct sim *s)
{
    struct appointment item;
    set_up(s, seed, trace);
    replication_plan(s);
    trouble_plan(s);
    sim_at(s, s->end, peace, -1, 0);
    daemon_start(s);
    while (!s->failed && !s->over && agenda_take(&s->agenda, &item)) {
        if (item.at > s->calm_end)
            break;
        spins(s, item.at);
        s->now = item.at;
        if (!meant_for_now(s, &item))
            continue;
        s->steps++;
        item.act(s, item.service, item.id);
        if (s->dying)
            daemon_kill(s, chance_between(&s->chance, 0, 60000));
        if (s->entered)
            promise_step(s); /* what it said before it could hear of the world is no claim */
        s->entered = false;
    }
    if (!s->failed)
        promise_live(s);
    daemon_stop(s);
    return !s->failed;
}
