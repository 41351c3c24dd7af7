/* What the process does with its time: commands that run long, hangs, signals, debuggers and disks
 * that hold it, and what the kernel and systemd's accounting show of that. */
#include "sim.h"

#define BURST_GAP_MS 100    /* between two commands of a burst: the others are served */
#define BURST_MOST_MS 20000 /* of one command of a burst */
#define TRACER_PID 4242

static struct unit *unit_of(struct sim *s, int service)
{
    return &s->worlds[service].unit;
}

bool process_works(const struct sim *s, const struct unit *u)
{
    bool asked = u->work_until > s->now || u->script_until > s->now;
    return u->process == PROCESS_UP && !u->frozen && asked;
}

/* ── processor time ── */

static int rate_of(const struct sim *s, const struct unit *u)
{
    if (u->process == PROCESS_NONE || u->frozen)
        return 0;
    if (u->process == PROCESS_LOADING)
        return u->load_stalls ? 0 : 95;
    if (u->process == PROCESS_ENDING)
        return u->persists ? 80 : 1;
    return process_works(s, u) ? u->work_percent : 1;
}

void process_clock(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    int64_t passed = s->now - u->clocked;
    u->cpu += passed * u->rate;
    u->unit_cpu += passed * u->unit_rate;
    u->clocked = s->now;
    u->rate = rate_of(s, u);
    u->unit_rate = u->rate + (u->child_until > s->now ? 80 : 0);
}

int64_t process_unit_ms(const struct sim *s, const struct unit *u)
{
    if (!u->accounts || u->process == PROCESS_NONE)
        return FACT_UNKNOWN;
    return (u->unit_cpu + (s->now - u->clocked) * u->unit_rate) / 100;
}

/* One that works is seen in S or D between two slices of its time, too. */
static enum task_state state_of(struct sim *s, const struct unit *u)
{
    if (u->frozen && u->held == TASK_TRACED && chance_percent(&s->chance, 30))
        return TASK_SLEEPING; /* attached, and not stopped at this moment */
    if (u->frozen)
        return u->held;
    if (rate_of(s, u) <= 1)
        return TASK_SLEEPING;
    if (process_works(s, u) && u->starved)
        return TASK_RUNNING; /* it would run, and gets no turn */
    if (chance_percent(&s->chance, rate_of(s, u)))
        return TASK_RUNNING;
    return chance_percent(&s->chance, 70) ? TASK_SLEEPING : TASK_BLOCKED;
}

static void another_process(struct sim *s, int64_t pid, struct process_facts *ret)
{
    static const enum task_state states[] = {TASK_STOPPED, TASK_SLEEPING, TASK_RUNNING};
    *ret = (struct process_facts){
        .pid = pid + 1, .state = states[chance_between(&s->chance, 0, 2)], .cpu_ms = 1000};
}

void process_facts(struct sim *s, int service, int64_t pid, struct process_facts *ret)
{
    const struct unit *u = unit_of(s, service);
    *ret = (struct process_facts){.cpu_ms = FACT_UNKNOWN, .tracer_pid = FACT_UNKNOWN};
    bool muddled = s->worlds[service].muddled;
    if (muddled && chance_percent(&s->chance, 25)) {
        another_process(s, pid, ret);
    } else if (u->pid == pid && u->process != PROCESS_NONE) {
        process_clock(s, service);
        ret->pid = pid;
        ret->state = state_of(s, u);
        ret->cpu_ms = u->cpu / 1000 * 10; /* the kernel counts in ticks */
        ret->tracer_pid = u->frozen && u->held == TASK_TRACED ? TRACER_PID : 0;
    } else if (muddled) { /* the number was given to another one */
        another_process(s, pid - 1, ret);
    }
}

/* ── commands ── */

static void work_ends(struct sim *s, int service, uint64_t generation);

static void begin_work(struct sim *s, int service, int64_t ms)
{
    struct unit *u = unit_of(s, service);
    u->work_since = s->now;
    u->work_until = s->now + ms;
    process_clock(s, service);
    sim_say(s, service, "a command runs for %lld ms", (long long)ms);
    sim_at(s, u->work_until, work_ends, service, u->generation);
}

static void works_again(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->process != PROCESS_UP || u->frozen || u->stuck ||
        u->work_until > s->now || u->active != UNIT_ACTIVE)
        return;
    u->work_left--;
    begin_work(s, service, chance_between(&s->chance, 500, BURST_MOST_MS));
}

static void work_ends(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->work_until == 0 || u->work_until > s->now)
        return;
    u->work_until = 0;
    u->served_since = s->now;
    process_clock(s, service);
    sim_say(s, service, "the command has ended");
    if (u->work_left > 0)
        sim_at(s, s->now + chance_between(&s->chance, 1, BURST_GAP_MS), works_again, service,
               generation);
    server_changed(s, service);
    unit_resume_exit(s, service);
}

void process_work(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP || u->frozen || u->stuck || process_works(s, u) ||
        u->role == ROLE_SENTINEL)
        return;
    u->starved = chance_percent(&s->chance, 25); /* others have the processors */
    u->work_percent =
        (int)(u->starved ? chance_between(&s->chance, 4, 19) : chance_between(&s->chance, 30, 100));
    u->work_left = chance_percent(&s->chance, 30) ? (int)chance_between(&s->chance, 1, 5) : 0;
    int64_t ms = u->work_left > 0 ? chance_between(&s->chance, 500, BURST_MOST_MS)
                                  : 500 + trouble_duration(s);
    begin_work(s, service, ms);
}

static void child_ends(struct sim *s, int service, uint64_t id)
{
    (void)id;
    process_clock(s, service);
}

void process_child(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP || u->child_until > s->now)
        return;
    u->child_until = s->now + trouble_duration(s);
    process_clock(s, service);
    sim_at(s, u->child_until, child_ends, service, 0);
}

/* ── what holds it ── */

static void hold(struct sim *s, int service, enum task_state state)
{
    static const char *const words[TASK_STATE_COUNT] = {[TASK_SLEEPING] = "hangs",
                                                        [TASK_STOPPED] = "is stopped by a signal",
                                                        [TASK_BLOCKED] = "waits for a disk",
                                                        [TASK_TRACED] = "is traced"};
    struct unit *u = unit_of(s, service);
    sim_say(s, service, "the process %s", words[state]);
    if (u->work_until > s->now)
        u->work_rest = u->work_until - s->now;
    u->work_until = 0;
    u->frozen = true;
    u->freezer = false;
    u->held_since = s->now;
    u->held = state;
    bool killed_in_time = u->timeout_stop_ms != SIM_NEVER;
    u->deaf = state == TASK_SLEEPING && chance_percent(&s->chance, killed_in_time ? 40 : 5);
    process_clock(s, service);
}

void process_release(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (!u->frozen)
        return;
    u->frozen = u->freezer = u->deaf = false;
    u->held = TASK_UNKNOWN;
    u->served_since = s->now;
    process_clock(s, service);
    if (u->work_rest > 0)
        begin_work(s, service, u->work_rest);
    u->work_rest = 0;
    server_changed(s, service);
    unit_resume_exit(s, service);
}

static void goes_on(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || !u->frozen)
        return;
    sim_say(s, service, "the process goes on");
    cure_disturbed(s, service); /* also one that was held earlier, and let go by something else */
    process_release(s, service);
}

void process_hang(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process == PROCESS_UP && !u->stuck && !u->frozen)
        hold(s, service, TASK_SLEEPING);
}

void process_stop(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process == PROCESS_UP && !u->stuck && !u->frozen)
        hold(s, service, TASK_STOPPED);
}

void process_freeze(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP || u->stuck || u->frozen)
        return;
    bool stopped = chance_percent(&s->chance, 50);
    bool passes = chance_percent(&s->chance, 60);
    if (!passes)
        cure_hang(s, service, stopped);
    hold(s, service, stopped ? TASK_STOPPED : TASK_SLEEPING);
    if (passes)
        sim_at(s, s->now + trouble_duration(s), goes_on, service, u->generation);
    else if (u->deaf)
        cure_disturbed(s, service);
}

/* Nobody but a human can end these: most often one does. */
void process_hold(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP || u->stuck || u->frozen)
        return;
    static const enum task_state states[] = {TASK_BLOCKED, TASK_TRACED, TASK_SLEEPING};
    enum task_state state = states[chance_between(&s->chance, 0, 2)];
    hold(s, service, state);
    u->freezer = state == TASK_SLEEPING;
    if (u->freezer)
        sim_say(s, service, "its unit is frozen");
    if (chance_percent(&s->chance, 85))
        sim_at(s, s->now + trouble_duration(s), goes_on, service, u->generation);
}

/* An operator or a failover makes writes wait: PING and reads are answered. */
void process_pause_writes(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->process != PROCESS_UP)
        return;
    u->reports_pauses = chance_percent(&s->chance, 50);
    u->writes_wait_until = s->now + trouble_duration(s);
    sim_say(s, service, "writes wait for %lld ms", (long long)(u->writes_wait_until - s->now));
}
