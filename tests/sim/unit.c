/* systemd as it was measured: jobs one after the other, Restart=, the start limit,
 * timeouts, stops that hang, and the process that it looks after. */
#include "base/str.h"
#include "sim.h"

#include <string.h>

#define LIMIT_WINDOW_MS 10000
#define LONG_WINDOW_MS 3600000 /* an admin who wants to be asked */
#define RESTART_SEC_MS 100
#define START_PRE_MS 2000 /* what an ExecStartPre= may take */
#define LOAD_TICK_MS 1000

static struct unit *unit_of(struct sim *s, int service)
{
    return &s->worlds[service].unit;
}

static void set_state(struct sim *s, int service, enum unit_active active, const char *sub)
{
    struct unit *u = unit_of(s, service);
    if (u->active != active)
        u->since = s->now;
    u->active = active;
    u->sub = sub;
    sim_say(s, service, "unit %s/%s", unit_active_word(active), sub);
}

void unit_init(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    struct chance *c = &s->chance;
    *u = (struct unit){
        .restarts = chance_percent(c, 50),
        .timeout_stop_ms = chance_percent(c, 50) ? SIM_NEVER : chance_between(c, 5000, 90000),
        .timeout_start_ms = 90000,
        .can_reload = chance_percent(c, 20),
        .reload_heals = chance_percent(c, 50),
        .limit_window_ms = chance_percent(c, 85) ? LIMIT_WINDOW_MS : LONG_WINDOW_MS,
        .script_shows_ms = chance_percent(c, 75) ? 5000 : chance_between(c, 10, 40) * 1000,
        .boot_ms = chance_between(c, 20, 300),
        .load_ms = chance_percent(c, 50) ? 0 : chance_between(c, 100, 40000),
        .exit_ms = chance_between(c, 20, 3000),
        .persists = chance_percent(c, 85),
        .primary_with_replicas = chance_percent(c, 25),
        .accounts = chance_percent(c, 60),
        .active = UNIT_ACTIVE,
        .sub = "running",
        .result = RESULT_SUCCESS,
        .notice = NOTICE_READY,
        .process = PROCESS_UP,
    };
    if (chance_percent(c, 10))
        u->load_ms = chance_between(c, 60000, 600000);
    u->start_pre = s->seed % 5 == 2;
    if (u->start_pre)
        u->boot_ms += START_PRE_MS;
    u->generation = ++s->serials;
    u->pid = (int64_t)++s->pids;
    u->child = !u->restarts && s->seed % 3 == 0;
    u->refused = s->seed % 13 == 3   ? HOST_RESTART
                 : s->seed % 13 == 7 ? HOST_START
                                     : HOST_COMMAND_COUNT;
}

/* ── jobs ── */

static void begin_job(struct sim *s, int service);

static void end_job(struct sim *s, int service, bool ok)
{
    struct unit *u = unit_of(s, service);
    if (u->job_count == 0)
        return;
    uint64_t serial = u->jobs[0].serial;
    u->job_count--;
    memmove(&u->jobs[0], &u->jobs[1], u->job_count * sizeof u->jobs[0]);
    u->job_stopping = false;
    shell_job_ended(s, service, serial, ok);
    begin_job(s, service);
}

static void fail_unit(struct sim *s, int service)
{
    set_state(s, service, UNIT_FAILED, "failed");
    end_job(s, service, false);
}

/* ── the process ── */

static void loading_done(struct sim *s, int service, uint64_t generation);
static void load_tick(struct sim *s, int service, uint64_t generation);
static void spawn(struct sim *s, int service);

static void hangs_again(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->process != PROCESS_UP || u->stuck || s->calm)
        return;
    process_hang(s, service);
}

static void ready(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    u->process = PROCESS_UP;
    u->notice = NOTICE_READY;
    u->result = RESULT_SUCCESS;
    u->words = LOG_NONE;
    process_clock(s, service);
    set_state(s, service, UNIT_ACTIVE, "running");
    replication_loaded(s, service);
    server_changed(s, service);
    if (u->relapse_ms > 0)
        sim_at(s, s->now + u->relapse_ms, hangs_again, service, u->generation);
    bool starting = u->job_count > 0 && u->jobs[0].kind != JOB_STOP && !u->job_stopping;
    if (starting)
        end_job(s, service, true);
}

static void end_told(struct sim *s, int service, uint64_t id)
{
    (void)id;
    engine_process_ended(s->engine, service, clocks_now(s));
}

static void gone(struct sim *s, int service, enum unit_result result)
{
    struct unit *u = unit_of(s, service);
    u->process = PROCESS_NONE;
    u->generation = ++s->serials;
    u->pid = 0;
    u->frozen = u->freezer = u->deaf = u->kill_waits = u->local = false;
    u->held = TASK_UNKNOWN;
    u->work_until = u->work_rest = u->child_until = 0;
    u->writes_wait_until = 0;
    process_clock(s, service);
    u->cpu = u->unit_cpu = 0;
    u->script_until = 0;
    u->stuck = false;
    u->notice = NOTICE_NONE;
    u->result = result;
    replication_changed(s);
    server_died(s, service);
    if (u->child)
        sim_input(s, s->now + 1, end_told, service, 0);
}

static void auto_restart(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->process != PROCESS_NONE)
        return;
    u->restarts_count++;
    spawn(s, service);
}

/* The process has ended without being asked to. */
static void ended(struct sim *s, int service, enum unit_result result)
{
    struct unit *u = unit_of(s, service);
    bool starting = u->job_count > 0 && u->jobs[0].kind != JOB_STOP;
    gone(s, service, result);
    if (u->restarts) {
        set_state(s, service, UNIT_ACTIVATING, "auto-restart");
        sim_at(s, s->now + RESTART_SEC_MS, auto_restart, service, u->generation);
        if (starting)
            end_job(s, service, false);
        return;
    }
    if (result == RESULT_SUCCESS) {
        set_state(s, service, UNIT_INACTIVE, "dead");
        end_job(s, service, false);
        return;
    }
    fail_unit(s, service);
}

static void booted(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation)
        return;
    if (u->bad_start || u->foreign) {
        u->words = u->foreign ? LOG_PORT_IN_USE : u->bad_words;
        ended(s, service, RESULT_EXIT_CODE);
        return;
    }
    u->began = s->now;
    u->local = u->local_next;
    if (u->load_ms == 0) {
        ready(s, service);
        return;
    }
    u->notice = NOTICE_LOADING;
    unit_load(s, service);
}

void unit_load(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    u->load_done_ms = 0;
    u->process = PROCESS_LOADING;
    process_clock(s, service);
    u->load_tick = s->now;
    server_changed(s, service);
    sim_at(s, s->now + LOAD_TICK_MS, load_tick, service, u->generation);
}

static void load_tick(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->process != PROCESS_LOADING)
        return;
    if (!u->load_stalls && !u->frozen)
        u->load_done_ms += s->now - u->load_tick;
    u->load_tick = s->now;
    int64_t rest = u->load_ms - u->load_done_ms;
    if (rest <= 0)
        loading_done(s, service, generation);
    else
        sim_at(s, s->now + (rest < LOAD_TICK_MS ? rest : LOAD_TICK_MS), load_tick, service,
               generation);
}

static void loading_done(struct sim *s, int service, uint64_t generation)
{
    if (unit_of(s, service)->generation == generation)
        ready(s, service);
}

static void start_timed_out(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->active != UNIT_ACTIVATING)
        return;
    u->words = LOG_START_TIMEOUT;
    ended(s, service, RESULT_TIMEOUT);
}

static bool too_often(struct sim *s, struct unit *u)
{
    if (u->starts[SIM_STARTS_MAX - 1] > 0 &&
        s->now - u->starts[SIM_STARTS_MAX - 1] < u->limit_window_ms)
        return true;
    memmove(&u->starts[1], &u->starts[0], sizeof u->starts - sizeof u->starts[0]);
    u->starts[0] = s->now;
    return false;
}

static void spawn(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (too_often(s, u)) {
        u->too_quickly = true;
        fail_unit(s, service);
        return;
    }
    u->too_quickly = false;
    u->generation = ++s->serials;
    u->pid = (int64_t)++s->pids;
    u->process = PROCESS_BOOT;
    u->notice = NOTICE_NONE;
    set_state(s, service, UNIT_ACTIVATING, "start");
    sim_at(s, s->now + u->boot_ms, booted, service, u->generation);
    sim_at(s, s->now + u->timeout_start_ms, start_timed_out, service, u->generation);
}

/* ── stops ── */

static void stopped(struct sim *s, int service, enum unit_result result)
{
    struct unit *u = unit_of(s, service);
    gone(s, service, result);
    if (result == RESULT_SUCCESS)
        set_state(s, service, UNIT_INACTIVE, "dead");
    else
        set_state(s, service, UNIT_FAILED, "failed");
    if (u->job_count > 0 && u->jobs[0].kind == JOB_RESTART) {
        u->job_stopping = false;
        spawn(s, service);
        return;
    }
    end_job(s, service, true);
}

static void exit_done(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->process != PROCESS_ENDING)
        return;
    if (u->save_fails && u->persists) {
        u->stuck = true; /* it goes on serving, and the job waits forever */
        u->notice = NOTICE_CANNOT_EXIT;
        u->words = LOG_CANNOT_EXIT;
        u->process = PROCESS_UP;
        process_clock(s, service);
        server_changed(s, service);
        return;
    }
    stopped(s, service, RESULT_SUCCESS);
}

static void begin_exit(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    bool sleeps = u->held == TASK_SLEEPING && !u->deaf && !u->freezer;
    bool obeys = u->held == TASK_STOPPED || sleeps;
    if (u->frozen && obeys) { /* systemd sends SIGCONT after SIGTERM */
        u->frozen = false;
        u->held = TASK_UNKNOWN;
        u->served_since = s->now;
        u->work_rest = 0;
    }
    if (u->frozen || u->script_until > s->now || u->work_until > s->now)
        return; /* the signal waits for what holds the process, or for the command */
    u->process = PROCESS_ENDING;
    u->notice = u->persists ? NOTICE_SAVING : NOTICE_NONE;
    process_clock(s, service);
    server_changed(s, service);
    sim_at(s, s->now + u->exit_ms, exit_done, service, u->generation);
}

static void stop_timed_out(struct sim *s, int service, uint64_t generation)
{
    struct unit *u = unit_of(s, service);
    if (u->generation != generation || u->active != UNIT_DEACTIVATING)
        return;
    if (u->held == TASK_BLOCKED) {
        u->kill_waits = true; /* not even SIGKILL ends it */
        return;
    }
    u->words = LOG_STOP_TIMEOUT;
    stopped(s, service, RESULT_TIMEOUT);
}

void unit_resume_exit(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->kill_waits && u->active != UNIT_DEACTIVATING) {
        unit_kill(s, service, RESULT_SIGNAL);
        return;
    }
    if (u->kill_waits)
        stopped(s, service, RESULT_TIMEOUT);
    else if (u->active == UNIT_DEACTIVATING && u->process == PROCESS_UP && !u->stuck)
        begin_exit(s, service);
}

static void begin_stop(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    u->job_stopping = true;
    if (u->process == PROCESS_NONE) {
        u->generation = ++s->serials; /* systemd no longer restarts it by itself */
        if (u->active != UNIT_FAILED)
            set_state(s, service, UNIT_INACTIVE, "dead");
        if (u->jobs[0].kind == JOB_RESTART) {
            u->job_stopping = false;
            spawn(s, service);
            return;
        }
        end_job(s, service, true);
        return;
    }
    if (u->active == UNIT_DEACTIVATING)
        return;                                       /* SIGTERM is not sent again */
    if (u->process == PROCESS_BOOT && u->start_pre) { /* the command is no server: it is killed */
        u->words = LOG_NONE;
        set_state(s, service, UNIT_DEACTIVATING, "final-sigterm");
        stopped(s, service, RESULT_SIGNAL);
        return;
    }
    if (u->process == PROCESS_BOOT || u->process == PROCESS_LOADING) {
        set_state(s, service, UNIT_DEACTIVATING, "stop-sigterm");
        stopped(s, service, RESULT_SUCCESS);
        return;
    }
    set_state(s, service, UNIT_DEACTIVATING, "stop-sigterm");
    if (u->timeout_stop_ms != SIM_NEVER)
        sim_at(s, s->now + u->timeout_stop_ms, stop_timed_out, service, u->generation);
    begin_exit(s, service);
}

static void begin_job(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->job_count == 0)
        return;
    if (u->jobs[0].kind != JOB_START) {
        begin_stop(s, service);
        return;
    }
    if (u->active == UNIT_ACTIVE) {
        end_job(s, service, true);
        return;
    }
    if (u->process == PROCESS_NONE)
        spawn(s, service);
}

uint64_t unit_job(struct sim *s, int service, enum job_kind kind)
{
    struct unit *u = unit_of(s, service);
    uint64_t serial = ++s->serials;
    if (u->job_count == SIM_JOBS_MAX)
        return serial; /* never ends, as behind a hanging job */
    u->jobs[u->job_count++] = (struct job){kind, serial};
    /* systemd replaces a start that still runs by a stop. */
    bool starting = u->jobs[0].kind == JOB_START ||
                    (u->jobs[0].kind == JOB_RESTART && !u->job_stopping && kind == JOB_STOP);
    bool cancels =
        u->job_count == 2 && starting && kind != JOB_START && u->active == UNIT_ACTIVATING;
    if (cancels) {
        if (kind == JOB_STOP)
            shell_job_cancelled(s, service, u->jobs[0].serial);
        end_job(s, service, false);
    } else if (u->job_count == 1) {
        begin_job(s, service);
    }
    return serial;
}

void unit_kill(struct sim *s, int service, enum unit_result result)
{
    struct unit *u = unit_of(s, service);
    if (u->process == PROCESS_NONE)
        return;
    if (u->held == TASK_BLOCKED) {
        u->kill_waits = true;
        return;
    }
    sim_say(s, service, "the process dies: %s", unit_result_word(result));
    if (u->active == UNIT_DEACTIVATING) {
        stopped(s, service, result);
        return;
    }
    u->words = result == RESULT_OOM_KILL ? LOG_OOM_KILL : LOG_NONE;
    ended(s, service, result);
}

void unit_exit(struct sim *s, int service)
{
    if (unit_of(s, service)->process != PROCESS_NONE)
        unit_kill(s, service, RESULT_SUCCESS);
}

bool unit_reset_failed(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    memset(u->starts, 0, sizeof u->starts);
    u->too_quickly = false;
    if (u->active == UNIT_FAILED)
        set_state(s, service, UNIT_INACTIVE, "dead");
    return true;
}

void unit_facts(const struct sim *s, int service, bool extended, struct unit_facts *ret)
{
    const struct unit *u = &s->worlds[service].unit;
    facts_unit_reset(ret);
    ret->active = u->active;
    bool ended = u->active == UNIT_FAILED || strcmp(u->sub, "auto-restart") == 0;
    ret->result = ended ? u->result : RESULT_SUCCESS;
    ret->notice = u->notice;
    ret->repeated_too_quickly = u->too_quickly;
    ret->control_reached = TRI_YES;
    ret->main_pid = u->pid;
    ret->frozen = u->freezer;
    ret->cpu_ms = process_unit_ms(s, u);
    ret->restarts = extended ? u->restarts_count : FACT_UNKNOWN;
    ret->can_reload = !extended ? TRI_UNKNOWN : u->can_reload ? TRI_YES : TRI_NO;
    ret->since = (wall_ms){1760000000000LL + u->since / 1000 * 1000};
    (void)str_copy(ret->sub, sizeof ret->sub, u->sub);
}
