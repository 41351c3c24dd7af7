/* What goes wrong: each seed switches a random part of this list on, each kind as often as it
 * likes (swarm testing). Everything heals by itself after its time or at the end of the faults. */
#include "sim.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000

static struct unit *unit_of(struct sim *s, int service)
{
    return &s->worlds[service].unit;
}

int64_t trouble_duration(struct sim *s)
{
    static const int64_t most[] = {300, 3000, 20000, 120000, 900000};
    return chance_between(&s->chance, 50, most[chance_between(&s->chance, 0, 4)]);
}

/* ── kinds ── */

static void kill_process(struct sim *s, int service)
{
    static const enum unit_result results[] = {RESULT_SIGNAL, RESULT_SIGNAL, RESULT_OOM_KILL,
                                               RESULT_CORE_DUMP, RESULT_EXIT_CODE};
    cure_crash(s, service);
    unit_kill(s, service, results[chance_between(&s->chance, 0, 4)]);
}

static void relapse_ends(struct sim *s, int service, uint64_t id)
{
    (void)id;
    unit_of(s, service)->relapse_ms = 0;
}

/* What makes it hang is still there after a restart. */
static void relapse(struct sim *s, int service)
{
    unit_of(s, service)->relapse_ms = chance_between(&s->chance, 20, 20000);
    sim_say(s, service, "it will hang %lld ms after each start",
            (long long)unit_of(s, service)->relapse_ms);
    process_hang(s, service);
    sim_at(s, s->now + 4 * trouble_duration(s), relapse_ends, service, 0);
}

static void script_shows(struct sim *s, int service, uint64_t generation)
{
    if (unit_of(s, service)->generation == generation)
        server_changed(s, service);
}

static void script_ends(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation)
        return;
    u->script_until = 0;
    u->served_since = s->now;
    process_clock(s, service);
    server_changed(s, service);
    unit_resume_exit(s, service);
}

static void script(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP || u->script_until > s->now || u->work_until > s->now ||
        u->role == ROLE_SENTINEL)
        return;
    int64_t ms = trouble_duration(s);
    u->script_since = s->now;
    u->script_until = s->now + ms;
    u->work_percent = (int)chance_between(&s->chance, 30, 100);
    process_clock(s, service);
    u->script_wrote = chance_percent(&s->chance, 30);
    u->script_function = chance_percent(&s->chance, 30);
    sim_say(s, service, "a script runs for %lld ms%s", (long long)ms,
            u->script_wrote ? " and writes" : "");
    sim_at(s, s->now + u->script_shows_ms, script_shows, service, u->generation);
    sim_at(s, u->script_until, script_ends, service, u->generation);
}

static void start_mended(struct sim *s, int service, uint64_t id)
{
    (void)id;
    sim_say(s, service, "what kept it from starting is fixed");
    unit_of(s, service)->bad_start = false;
}

static void start_broken(struct sim *s, int service)
{
    static const enum log_class words[] = {
        LOG_CONFIG_ERROR,   LOG_DATA_CORRUPT, LOG_DISK_FULL, LOG_PERMISSION_DENIED,
        LOG_MODULE_MISSING, LOG_NONE,         LOG_NONE,      LOG_CRASH};
    struct unit *u = unit_of(s, service);
    u->bad_start = true;
    u->bad_words = words[chance_between(&s->chance, 0, 7)];
    sim_say(s, service, "it would no longer start: %s", log_class_word(u->bad_words));
    sim_at(s, s->now + trouble_duration(s), start_mended, service, 0);
    if (chance_percent(&s->chance, 50))
        unit_kill(s, service, RESULT_SIGNAL);
}

static void save_mended(struct sim *s, int service, uint64_t id)
{
    struct unit *u = unit_of(s, service);
    (void)id;
    u->save_fails = false;
    sim_say(s, service, "it can save again");
    if (u->stuck) {
        u->stuck = false; /* a client sends SHUTDOWN NOSAVE */
        unit_kill(s, service, RESULT_SUCCESS);
    }
    server_changed(s, service);
}

static void save_broken(struct sim *s, int service)
{
    unit_of(s, service)->save_fails = true;
    sim_say(s, service, "it can no longer save");
    sim_at(s, s->now + trouble_duration(s), save_mended, service, 0);
}

static void flag_ends(struct sim *s, int service, uint64_t which)
{
    struct unit *u = unit_of(s, service);
    bool *const flags[] = {&u->full, &u->door_shut, &u->failover, &u->load_stalls};
    *flags[which] = false;
    process_clock(s, service);
    server_changed(s, service);
}

static void flag(struct sim *s, int service)
{
    static const char *const words[] = {"clients are exhausted", "the credential is refused",
                                        "a failover runs", "loads stall"};
    struct unit *u = unit_of(s, service);
    bool *const flags[] = {&u->full, &u->door_shut, &u->failover, &u->load_stalls};
    int64_t which = chance_between(&s->chance, 0, 3);
    *flags[which] = true;
    process_clock(s, service);
    sim_say(s, service, "%s", words[which]);
    sim_at(s, s->now + trouble_duration(s), flag_ends, service, (uint64_t)which);
}

static void foreign_ends(struct sim *s, int service, uint64_t id)
{
    struct unit *u = unit_of(s, service);
    (void)id;
    if (!u->foreign)
        return;
    u->foreign = false;
    u->generation = ++s->serials;
    server_died(s, service);
}

static void foreign(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_NONE || u->active == UNIT_ACTIVATING)
        return;
    sim_say(s, service, "a foreign Redis takes the port");
    u->foreign = true;
    sim_at(s, s->now + trouble_duration(s), foreign_ends, service, 0);
}

/* Since when everything that is asked of the host can be answered, at once and in order. */
static void host_way_changed(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    bool clear = w->ssh_way == WAY_OPEN && !w->cuts && w->loss_percent == 0 && w->line_ms == 0 &&
                 w->late_ms == 0 && !w->muddled;
    if (!clear)
        w->clear_since = SIM_NEVER;
    else if (w->clear_since == SIM_NEVER)
        w->clear_since = s->now;
}

static void path_whole(struct sim *s, int service, uint64_t id)
{
    (void)id;
    s->worlds[service].redis_way = WAY_OPEN;
    s->worlds[service].redis_since = s->now;
    sim_say(s, service, "the path to Redis is whole again");
    server_changed(s, service);
}

/* What only our clients meet: a proxy that dies, a rule of a firewall, a route that is gone. */
static void path_broken(struct sim *s, int service)
{
    static const enum way ways[] = {WAY_SILENT, WAY_UNREACHABLE, WAY_REJECTED, WAY_REJECTED,
                                    WAY_RESET};
    static const char *const words[] = {[WAY_SILENT] = "silent",
                                        [WAY_UNREACHABLE] = "without a route",
                                        [WAY_REJECTED] = "refused",
                                        [WAY_RESET] = "reset"};
    struct service_world *w = &s->worlds[service];
    w->redis_way = ways[chance_between(&s->chance, 0, 4)];
    sim_say(s, service, "the path to Redis is %s", words[w->redis_way]);
    server_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), path_whole, service, 0);
}

static void door_opens(struct sim *s, int service, uint64_t id)
{
    struct service_world *w = &s->worlds[service];
    (void)id;
    w->door = WAY_OPEN;
    w->door_since = s->now;
    sim_say(s, service, "new connections get in again");
    server_changed(s, service);
}

/* A rule of a firewall for new connections, or a proxy that takes no more of them. */
static void door_shut(struct sim *s, int service)
{
    static const enum way ways[] = {WAY_SILENT, WAY_REJECTED, WAY_RESET};
    struct service_world *w = &s->worlds[service];
    w->door = ways[chance_between(&s->chance, 0, 2)];
    w->door_since = s->now;
    sim_say(s, service, "new connections fail (%d)", (int)w->door);
    sim_at(s, s->now + trouble_duration(s), door_opens, service, 0);
}

static void bound_again(struct sim *s, int service, uint64_t id)
{
    struct unit *u = unit_of(s, service);
    (void)id;
    u->local_next = false;
    if (!u->local)
        return;
    sim_say(s, service, "an admin lets it listen everywhere again");
    u->local = false; /* CONFIG SET bind */
    server_changed(s, service);
}

/* Its configuration binds it to loopback: its clients find that out after the next start. */
static void bound_locally(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    u->local_next = true;
    sim_say(s, service, "from its next start on it listens on loopback only");
    if (chance_percent(&s->chance, 70) && u->active == UNIT_ACTIVE)
        (void)unit_job(s, service, JOB_RESTART);
    sim_at(s, s->now + 2 * trouble_duration(s), bound_again, service, 0);
}

static void line_fast(struct sim *s, int service, uint64_t id)
{
    (void)id;
    s->worlds[service].line_ms = 0;
    s->worlds[service].loss_percent = 0;
    sim_say(s, service, "the line is fast again");
    host_way_changed(s, service);
}

/* The line to the host: SSH on it is as slow as Redis. */
static void line_slows(struct sim *s, int service, uint64_t id)
{
    struct service_world *w = &s->worlds[service];
    (void)id;
    if (s->calm)
        return;
    cure_disturbed(s, service);
    w->line_ms = chance_between(&s->chance, 200, 7000);
    w->loss_percent = (int)chance_between(&s->chance, 0, 25);
    sim_say(s, service, "a slow line: %lld ms, %d %% are lost", (long long)w->line_ms,
            w->loss_percent);
    host_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), line_fast, service, 0);
}

/* It may begin in a silence of another reason, at any moment until that would be a hang. */
static void line_slow(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    if (chance_percent(&s->chance, 60) || w->redis_way != WAY_OPEN) {
        line_slows(s, service, 0);
        return;
    }
    w->redis_way = WAY_SILENT;
    sim_say(s, service, "the path to Redis is silent, before its line is slow");
    server_way_changed(s, service);
    sim_at(s, s->now + chance_between(&s->chance, 15000, 33000), line_slows, service, 0);
    sim_at(s, s->now + 15000 + trouble_duration(s), path_whole, service, 0);
}

static void muddle_ends(struct sim *s, int service, uint64_t id)
{
    (void)id;
    s->worlds[service].late_ms = 0;
    s->worlds[service].muddled = false;
    host_way_changed(s, service);
}

/* Answers of the host come late and in any order, and speak of another process. */
static void muddle(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    w->late_ms = chance_between(&s->chance, 100, 6000);
    w->muddled = chance_percent(&s->chance, 50);
    sim_say(s, service, "answers of the host are up to %lld ms late", (long long)w->late_ms);
    host_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), muddle_ends, service, 0);
}

static void host_rests(struct sim *s, int service, uint64_t id)
{
    path_whole(s, service, id);
    muddle_ends(s, service, id);
}

static void path_rejects(struct sim *s, int service, uint64_t id)
{
    struct service_world *w = &s->worlds[service];
    (void)id;
    if (s->calm)
        return;
    cure_disturbed(s, service);
    w->redis_way = chance_percent(&s->chance, 70) ? WAY_REJECTED : WAY_SILENT;
    sim_say(s, service, "the path to Redis is broken");
    server_way_changed(s, service);
    sim_at(s, s->now + chance_between(&s->chance, 2000, 20000), host_rests, service, 0);
}

static void goes_on(struct sim *s, int service, uint64_t generation)
{
    cure_disturbed(s, service);
    if (unit_of(s, service)->generation == generation)
        process_release(s, service);
    sim_at(s, s->now + chance_between(&s->chance, 10, 3000), path_rejects, service, 0);
}

/* A process that was stopped for a moment, on a host that answers late, and then something else:
 * what was seen of the one is no evidence of the other. */
static void stutter(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    w->late_ms = chance_between(&s->chance, 500, 6000);
    host_way_changed(s, service);
    process_stop(s, service);
    sim_at(s, s->now + chance_between(&s->chance, 1000, 8000), goes_on, service,
           unit_of(s, service)->generation);
}

static void tunnel_again(struct sim *s, int service, uint64_t was)
{
    s->worlds[service].tunnel_forbidden = was != 0;
    s->worlds[service].tunnel_since = s->now;
}

static void tunnel_refused(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    sim_at(s, s->now + trouble_duration(s), tunnel_again, service, w->tunnel_forbidden);
    w->tunnel_forbidden = !w->tunnel_forbidden;
    w->tunnel_since = s->now;
    sim_say(s, service, "forwarding is %s", w->tunnel_forbidden ? "refused" : "permitted");
}

static void ways_open(struct sim *s, int service, uint64_t which)
{
    struct service_world *w = &s->worlds[service];
    if ((which & 1) != 0) {
        w->redis_way = WAY_OPEN;
        w->redis_since = s->now;
    }
    if ((which & 2) != 0)
        w->ssh_way = WAY_OPEN;
    host_way_changed(s, service);
    sim_say(s, service, "the ways are open again (%d)", (int)which);
    server_changed(s, service);
}

static void ways_shut(struct sim *s, int service)
{
    struct service_world *w = &s->worlds[service];
    enum way way = chance_percent(&s->chance, 60) ? WAY_SILENT : WAY_UNREACHABLE;
    uint64_t which = (uint64_t)chance_between(&s->chance, 1, 3);
    sim_say(s, service, "ways are %s (%d)", way == WAY_SILENT ? "silent" : "unreachable",
            (int)which);
    if ((which & 1) != 0)
        w->redis_way = way;
    if ((which & 2) != 0)
        w->ssh_way = way;
    shell_way_changed(s, service);
    host_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), ways_open, service, which);
}

static void link_mended(struct sim *s, int service, uint64_t id)
{
    (void)id;
    unit_of(s, service)->link_cut = false;
    replication_changed(s);
}

/* A replica loses its primary, and nothing else. */
static void link_lost(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->role != ROLE_REPLICA)
        return;
    u->link_cut = true;
    replication_changed(s);
    sim_at(s, s->now + trouble_duration(s), link_mended, service, 0);
}

/* A configuration management that wants the unit stopped, and looks after that. */
static void keeper_looks(struct sim *s, int service, uint64_t until)
{
    struct unit *u = unit_of(s, service);
    if (s->now >= (int64_t)until || s->calm)
        return;
    if (u->active == UNIT_ACTIVE || u->active == UNIT_ACTIVATING) {
        sim_say(s, service, "an automation stops the unit");
        (void)unit_job(s, service, JOB_STOP);
    }
    sim_at(s, s->now + chance_between(&s->chance, 1000, 40000), keeper_looks, service, until);
}

static void keeper(struct sim *s, int service)
{
    int64_t until = s->now + 4 * trouble_duration(s);
    struct unit *u = unit_of(s, service);
    u->kept_down_until = until > u->kept_down_until ? until : u->kept_down_until;
    keeper_looks(s, service, (uint64_t)until);
}

static void cuts_end(struct sim *s, int service, uint64_t id)
{
    (void)id;
    s->worlds[service].cuts = false;
    host_way_changed(s, service);
}

static void cuts(struct sim *s, int service)
{
    s->worlds[service].cuts = true;
    host_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), cuts_end, service, 0);
}

static void loss_ends(struct sim *s, int service, uint64_t id)
{
    (void)id;
    s->worlds[service].loss_percent = 0;
    host_way_changed(s, service);
}

static void loss(struct sim *s, int service)
{
    s->worlds[service].loss_percent = (int)chance_between(&s->chance, 1, 70);
    sim_say(s, service, "%d %% of requests and of answers are lost or late",
            s->worlds[service].loss_percent);
    host_way_changed(s, service);
    sim_at(s, s->now + trouble_duration(s), loss_ends, service, 0);
}

static void disk_heals(struct sim *s, int service, uint64_t which)
{
    (void)service;
    if (which == 0) {
        s->disk.store = DISK_WELL;
        s->disk_sick = s->now; /* until now: what it is owed comes later */
    } else {
        s->disk.audit = DISK_WELL;
    }
    sim_say(s, -1, "the %s is well again", which == 0 ? "store" : "audit log");
    disk_mood_changed(s);
}

static void disk_sick(struct sim *s, int service)
{
    (void)service;
    enum disk_mood mood = chance_percent(&s->chance, 50) ? DISK_FULL : DISK_HANGS;
    uint64_t which = (uint64_t)chance_between(&s->chance, 0, 1);
    sim_say(s, -1, "the %s %s", which == 0 ? "store" : "audit log",
            mood == DISK_FULL ? "is full" : "hangs");
    if (which == 0)
        s->disk.store = mood;
    else
        s->disk.audit = mood;
    disk_mood_changed(s);
    sim_at(s, s->now + trouble_duration(s), disk_heals, -1, which);
}

static void crash_soon(struct sim *s, int service)
{
    (void)service;
    s->crash_at = s->calls + (uint64_t)chance_between(&s->chance, 1, 40);
}

static void clock_set(struct sim *s, int service)
{
    (void)service;
    int64_t ms = chance_between(&s->chance, -trouble_duration(s), trouble_duration(s));
    s->wall_offset += ms;
    s->clock_set = s->now;
    sim_say(s, -1, "the wall clock is set by %lld ms", (long long)ms);
}

static void stall(struct sim *s, int service)
{
    (void)service;
    daemon_stall(s, trouble_duration(s) / 10);
}

static void suspend(struct sim *s, int service)
{
    (void)service;
    daemon_suspend(s, trouble_duration(s));
}

struct kind {
    const char *name;
    void (*strike)(struct sim *s, int service);
    int64_t mean_ms;
    bool world; /* not of one service */
};

static const struct kind kinds[] = {
    {"kill", kill_process, 4 * MINUTE_MS, false},
    {"freeze", process_freeze, 8 * MINUTE_MS, false},
    {"relapse", relapse, 15 * MINUTE_MS, false},
    {"keeper", keeper, 15 * MINUTE_MS, false},
    {"script", script, 8 * MINUTE_MS, false},
    {"start", start_broken, 12 * MINUTE_MS, false},
    {"save", save_broken, 12 * MINUTE_MS, false},
    {"flag", flag, 10 * MINUTE_MS, false},
    {"foreign", foreign, 4 * MINUTE_MS, false},
    {"ways", ways_shut, 6 * MINUTE_MS, false},
    {"link", link_lost, 5 * MINUTE_MS, false},
    {"loss", loss, 8 * MINUTE_MS, false},
    {"cuts", cuts, 6 * MINUTE_MS, false},
    {"disk", disk_sick, 6 * MINUTE_MS, true},
    {"crash", crash_soon, 8 * MINUTE_MS, true},
    {"clock", clock_set, 15 * MINUTE_MS, true},
    {"stall", stall, 10 * MINUTE_MS, true},
    {"suspend", suspend, 15 * MINUTE_MS, true},
    {"operate", people_operate, 5 * MINUTE_MS, false},
    {"tweak", people_tweak, 6 * MINUTE_MS, false},
    {"work", process_work, 6 * MINUTE_MS, false},
    {"held", process_hold, 8 * MINUTE_MS, false},
    {"child", process_child, 8 * MINUTE_MS, false},
    {"pause", process_pause_writes, 8 * MINUTE_MS, false},
    {"path", path_broken, 6 * MINUTE_MS, false},
    {"local", bound_locally, 12 * MINUTE_MS, false},
    {"door", door_shut, 8 * MINUTE_MS, false},
    {"stutter", stutter, 8 * MINUTE_MS, false},
    {"line", line_slow, 8 * MINUTE_MS, false},
    {"muddle", muddle, 8 * MINUTE_MS, false},
    {"tunnel", tunnel_refused, 10 * MINUTE_MS, false},
    {"reload", reload_settings, 6 * MINUTE_MS, false},
    {"outside", people_outside, 6 * MINUTE_MS, false},
};
static_assert(ARRAY_LENGTH(kinds) <= SIM_TROUBLES_MAX, "room for all");

static void strike(struct sim *s, int service, uint64_t kind)
{
    if (s->now >= s->end)
        return;
    s->faults++;
    cure_disturbed(s, kinds[kind].world ? -1 : service);
    kinds[kind].strike(s, service);
    sim_at(s, s->now + chance_wait(&s->chance, s->trouble_ms[kind]), strike, service, kind);
}

/* The moment between the decision and the action is short, and all that can happen happens in it
 * in the field. */
void trouble_at_intent(struct sim *s, int service)
{
    static void (*const strikes[])(struct sim *, int) = {
        people_tweak, people_operate, people_outside, clock_set,       stall,
        crash_soon,   flag,           ways_shut,      reload_settings, process_work};
    int64_t which = chance_between(&s->chance, 0, (int64_t)ARRAY_LENGTH(strikes) - 1);
    cure_disturbed(s, -1);
    if (s->now < s->end)
        strikes[which](s, service);
}

void trouble_plan(struct sim *s)
{
    s->malice = chance_percent(&s->chance, 35);
    for (uint64_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        if (!chance_percent(&s->chance, 35))
            continue;
        static const int64_t parts[] = {1, 2, 4, 8};
        s->trouble_ms[k] = kinds[k].mean_ms / parts[chance_between(&s->chance, 0, 3)];
        sim_say(s, -1, "trouble: %s every %lld s", kinds[k].name,
                (long long)s->trouble_ms[k] / 1000);
        for (int i = 0; i < (kinds[k].world ? 1 : s->count); i++)
            sim_at(s, s->now + chance_wait(&s->chance, s->trouble_ms[k]), strike, i, k);
    }
}

/* The faults are over: what is left is what they have done. */
void trouble_end(struct sim *s)
{
    sim_say(s, -1, "all faults end");
    s->crash_at = 0;
    s->disk.store = DISK_WELL;
    s->disk.audit = DISK_WELL;
    disk_mood_changed(s);
    for (int i = 0; i < s->count; i++) {
        struct unit *u = unit_of(s, i);
        struct service_world *w = &s->worlds[i];
        w->redis_way = WAY_OPEN;
        w->ssh_way = w->door = WAY_OPEN;
        w->door_since = w->redis_since = s->now;
        w->cuts = false;
        w->loss_percent = 0;
        w->line_ms = w->late_ms = 0;
        w->muddled = false;
        host_way_changed(s, i);
        bound_again(s, i, 0);
        u->relapse_ms = 0;
        u->writes_wait_until = 0;
        u->full = u->door_shut = u->failover = u->load_stalls = u->bad_start = false;
        link_mended(s, i, 0);
        foreign_ends(s, i, 0);
        save_mended(s, i, 0);
        server_changed(s, i);
    }
}
