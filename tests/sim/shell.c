/* Commands on a host: over a session that can be refused, silent, or cut while a command runs, so
 * that its effect is there and its answer is not. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define CONNECT_MS 3000 /* what a silent host costs before the session is given up */

static struct service_world *world_of(struct sim *s, int service)
{
    return &s->worlds[service];
}

static uint64_t ticket_of(const struct service_world *w, const struct errand *e)
{
    return e->serial * SIM_ERRANDS_MAX + (uint64_t)(e - w->errands);
}

static struct errand *errand_of(struct sim *s, int service, uint64_t ticket)
{
    struct errand *e = &world_of(s, service)->errands[ticket % SIM_ERRANDS_MAX];
    return e->used && e->serial == ticket / SIM_ERRANDS_MAX ? e : NULL;
}

/* A command whose end is not heard within its limit is over for recovery. */
static int64_t heard_end(const struct witness *w, enum host_end end, int64_t now)
{
    int64_t limit = w->acted + RECOVERY_ACTION_LIMIT_MS;
    return end == HOST_TIMED_OUT && w->intent.automatic && limit < now ? limit : now;
}

static void deliver(struct sim *s, int service, uint64_t ticket)
{
    struct errand *e = errand_of(s, service, ticket);
    struct witness *w = &world_of(s, service)->witness;
    if (e == NULL)
        return;
    struct host_outcome o = e->outcome;
    char text[sizeof e->text];
    memcpy(text, e->text, sizeof text);
    o.out = text;
    int64_t began = e->began;
    e->used = false;
    if (e->acts && !e->over && w->outstanding > 0)
        w->outstanding--;
    if (e->acts) {
        w->acted_end = heard_end(w, o.end, s->now);
        w->told.load_percent = -1;
        w->told.cancelled = o.job_cancelled;
        w->told.cancelled_at = s->now;
    }
    if (e->command == HOST_PROCESS) {
        witness_process(s, service, began, &o.process);
        sim_say(s, service, "process %lld: state %d, %lld ms, tracer %lld",
                (long long)o.process.pid, (int)o.process.state, (long long)o.process.cpu_ms,
                (long long)o.process.tracer_pid);
    }
    if (o.command == HOST_STATUS || o.command == HOST_SHOW)
        w->told.look_ms = s->now - began;
    bool unit_told = e->command == HOST_STATUS || e->command == HOST_SHOW;
    if (unit_told && o.end != HOST_CANCELLED)
        witness_unit(s, service, began, &o.unit);
    if ((e->command == HOST_JOURNAL || e->command == HOST_LOG_TAIL) && o.end == HOST_EXITED)
        witness_log(s, service, &o.log);
    else if (e->command == HOST_JOURNAL)
        w->told.log_misses++;
    sim_say(s, service, "%s ended: %d, exit %d, %lld ms%s%s", host_command_name(o.command),
            (int)o.end, o.exit_code, (long long)o.unit.cpu_ms, unit_told ? ", unit " : "",
            unit_told ? unit_active_word(o.unit.active) : "");
    engine_host_ended(s->engine, service, &o, clocks_now(s));
}

/* Nothing is known of what the command did or read. */
static void lose(struct host_outcome *o, enum host_end end)
{
    o->end = end;
    facts_unit_reset(&o->unit);
    o->unit.control_reached = TRI_NO;
    o->process = (struct process_facts){.cpu_ms = FACT_UNKNOWN};
    o->log = (struct log_facts){0};
    o->not_applicable = o->job_cancelled = false;
    o->refusal = HOST_NOT_REFUSED;
    o->out_length = 0;
    (void)snprintf(o->error, sizeof o->error, "the host was not reached (%d)", (int)end);
}

static void settle(struct sim *s, int service, struct errand *e, enum host_end end, int exit_code,
                   int64_t delay_ms)
{
    if (e->settled)
        return;
    e->settled = true;
    struct host_outcome *o = &e->outcome;
    o->id = e->id;
    o->command = e->command;
    o->end = end;
    o->exit_code = exit_code;
    o->duration_ms = s->now - e->began;
    if (end != HOST_EXITED)
        lose(o, end);
    sim_input(s, s->now + delay_ms, deliver, service, ticket_of(world_of(s, service), e));
}

static void read_log(const struct unit *u, struct host_outcome *o)
{
    o->log.class = u->words != LOG_NONE ? u->words : u->too_quickly ? LOG_START_LIMIT : LOG_NONE;
    (void)snprintf(o->log.line, sizeof o->log.line, "log: %s", log_class_word(o->log.class));
}

/* The command's session may not survive until its answer: then nobody knows whether it was carried
 * out. */
static bool cut(struct sim *s, int service, struct errand *e, bool *ret_done)
{
    *ret_done = true;
    if (!world_of(s, service)->cuts || !chance_percent(&s->chance, 30))
        return false;
    *ret_done = chance_percent(&s->chance, 60);
    settle(s, service, e, HOST_CUT_OFF, 0, chance_between(&s->chance, 1, 200));
    return true;
}

static bool loses(struct sim *s, int service)
{
    int percent = world_of(s, service)->loss_percent;
    return percent > 0 && chance_percent(&s->chance, percent);
}

/* The command has ended, and says so: if that is lost, its deadline is all that comes. It may still
 * be heard of when the way opens in time, but it is no longer at work. */
static void answer(struct sim *s, int service, struct errand *e, int exit_code, int64_t delay_ms)
{
    struct service_world *w = world_of(s, service);
    if (w->ssh_way == WAY_OPEN && !loses(s, service)) {
        settle(s, service, e, HOST_EXITED, exit_code, delay_ms);
        return;
    }
    if (e->acts && !e->over && w->witness.outstanding > 0)
        w->witness.outstanding--;
    e->over = true;
}

/* sudo -n -l */
static void list_rights(struct sim *s, int service, struct errand *e)
{
    const char *unit = s->services[service].unit;
    enum host_command refused = world_of(s, service)->unit.refused;
    static const enum host_command listed[] = {HOST_START, HOST_RESTART, HOST_RELOAD};
    e->text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(listed); i++)
        if (listed[i] != refused)
            (void)str_append(e->text, sizeof e->text, "    (root) NOPASSWD: /bin/systemctl %s %s\n",
                             host_command_name(listed[i]), unit);
    e->outcome.out_length = strlen(e->text);
}

/* What the way back adds, and the muddle of answers. */
static int64_t late(struct sim *s, int service)
{
    const struct service_world *w = world_of(s, service);
    return w->line_ms / 2 + (w->late_ms > 0 ? chance_between(&s->chance, 0, w->late_ms) : 0);
}

static void begin(struct sim *s, int service, struct errand *e)
{
    struct unit *u = &world_of(s, service)->unit;
    int64_t delay = chance_between(&s->chance, 3, 30) + late(s, service);
    if (e->command == u->refused) {
        e->outcome.refusal = HOST_REFUSED_SUDO;
        answer(s, service, e, 1, delay);
        return;
    }
    switch (e->command) {
    case HOST_STATUS:
    case HOST_SHOW:
        unit_facts(s, service, e->command == HOST_SHOW, &e->outcome.unit);
        answer(s, service, e, u->active == UNIT_ACTIVE ? 0 : 3, delay);
        return;
    case HOST_JOURNAL:
    case HOST_LOG_TAIL:
        read_log(u, &e->outcome);
        answer(s, service, e, 0, delay);
        return;
    case HOST_SUDO_LIST:
        list_rights(s, service, e);
        answer(s, service, e, 0, delay);
        return;
    case HOST_PROCESS:
        if (world_of(s, service)->muddled && chance_percent(&s->chance, 30))
            return; /* it is never heard of again */
        process_facts(s, service, e->number, &e->outcome.process);
        answer(s, service, e, e->outcome.process.pid == 0 ? 1 : 0, delay);
        return;
    case HOST_RELOAD:
        e->outcome.not_applicable = !u->can_reload;
        if (u->can_reload && u->reload_heals && u->frozen && !u->freezer) {
            process_release(s, service);
        }
        answer(s, service, e, u->can_reload && u->active == UNIT_ACTIVE ? 0 : 1, delay);
        return;
    case HOST_RESET_FAILED:
        (void)unit_reset_failed(s, service);
        answer(s, service, e, 0, delay);
        return;
    default:
        break;
    }
    bool done;
    bool was_cut = cut(s, service, e, &done);
    if (!done)
        return;
    enum job_kind kind = e->command == HOST_START  ? JOB_START
                         : e->command == HOST_STOP ? JOB_STOP
                                                   : JOB_RESTART;
    /* The job may end at once: its number has to be known before. */
    e->job = s->serials + 1;
    uint64_t job = unit_job(s, service, kind);
    if (!was_cut && e->job != job)
        sim_broken(s, service, "the simulator lost the number of a job");
}

void shell_job_cancelled(struct sim *s, int service, uint64_t serial)
{
    for (int i = 0; i < SIM_ERRANDS_MAX; i++) {
        struct errand *e = &world_of(s, service)->errands[i];
        if (e->used && !e->settled && e->job == serial)
            e->outcome.job_cancelled = true;
    }
}

void shell_job_ended(struct sim *s, int service, uint64_t serial, bool ok)
{
    for (int i = 0; i < SIM_ERRANDS_MAX; i++) {
        struct errand *e = &world_of(s, service)->errands[i];
        if (e->used && !e->settled && e->job == serial)
            answer(s, service, e, ok ? 0 : 1, chance_between(&s->chance, 3, 20) + late(s, service));
    }
}

static void arrives(struct sim *s, int service, uint64_t ticket)
{
    struct errand *e = errand_of(s, service, ticket);
    struct service_world *w = world_of(s, service);
    if (e == NULL || e->settled || e->reached)
        return;
    if (w->ssh_way == WAY_UNREACHABLE) {
        settle(s, service, e, HOST_NOT_REACHED, 0, 5);
        return;
    }
    if (w->ssh_way == WAY_SILENT) {
        settle(s, service, e, HOST_NOT_REACHED, 0, CONNECT_MS);
        return;
    }
    e->reached = true;
    if (loses(s, service))
        return; /* the session stands, but the command does not get there */
    begin(s, service, e);
}

static void deadlines(struct sim *s, int service, uint64_t at);

/* One appointment for all that wait: it looks who waited too long, and makes the next. */
static void plan_deadline(struct sim *s, int service, int64_t deadline)
{
    struct service_world *w = world_of(s, service);
    int64_t at = clocks_world_of(s, deadline);
    if (w->errands_looked != 0 && w->errands_looked <= at)
        return;
    w->errands_looked = at;
    sim_at(s, at, deadlines, service, (uint64_t)at);
}

static void deadlines(struct sim *s, int service, uint64_t at)
{
    struct service_world *w = world_of(s, service);
    if (w->errands_looked != (int64_t)at)
        return;
    w->errands_looked = 0;
    for (int i = 0; i < SIM_ERRANDS_MAX; i++) {
        struct errand *e = &w->errands[i];
        if (!e->used || e->settled)
            continue;
        if (clocks_mono(s) < e->deadline)
            plan_deadline(s, service, e->deadline);
        else
            settle(s, service, e, e->reached ? HOST_TIMED_OUT : HOST_NOT_REACHED, 0, 0);
    }
}

static bool acts(enum host_command command)
{
    return host_command_acts(command);
}

void shell_run(struct sim *s, int service, const struct host_request *request)
{
    struct service_world *w = world_of(s, service);
    bool automatic = false;
    if (host_command_extended(request->command) && s->services[service].control == CONTROL_SSH &&
        !s->services[service].commands_extended)
        sim_broken(s, service, "%s is not among the commands that the host permits",
                   host_command_name(request->command));
    if (acts(request->command))
        promise_action(s, service, host_command_name(request->command), &automatic);
    for (uint64_t i = 0; i < SIM_ERRANDS_MAX; i++) {
        struct errand *e = &w->errands[i];
        if (e->used)
            continue;
        *e = (struct errand){.used = true,
                             .id = request->id,
                             .serial = ++s->serials,
                             .command = request->command,
                             .began = s->now,
                             .deadline = request->deadline.ms,
                             .number = request->number,
                             .acts = acts(request->command)};
        facts_unit_reset(&e->outcome.unit);
        if (e->acts) {
            w->witness.outstanding++;
            sim_say(s, service, "%s runs %s", automatic ? "recovery" : "a person",
                    host_command_name(request->command));
        }
        uint64_t ticket = ticket_of(w, e);
        int64_t way = w->line_ms + w->line_ms / 2; /* a channel is opened, then used */
        sim_at(s, s->now + chance_between(&s->chance, 2, 10) + way, arrives, service, ticket);
        plan_deadline(s, service, e->deadline);
        return;
    }
    sim_broken(s, service, "more than %d commands on one host are under way", SIM_ERRANDS_MAX);
}

/* A session that breaks takes the commands on it along. */
void shell_way_changed(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    if (w->ssh_way != WAY_UNREACHABLE)
        return;
    for (int i = 0; i < SIM_ERRANDS_MAX; i++)
        if (w->errands[i].used && !w->errands[i].settled && w->errands[i].reached)
            settle(s, service, &w->errands[i], HOST_CUT_OFF, 0, 1);
}

void shell_cut(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    for (int i = 0; i < SIM_ERRANDS_MAX; i++) {
        struct errand *e = &w->errands[i];
        if (!e->used)
            continue;
        enum host_end end = e->reached ? HOST_CUT_OFF : HOST_CANCELLED;
        if (!e->settled)
            settle(s, service, e, end, 0, 0);
        lose(&e->outcome, end);
        sim_input(s, s->now, deliver, service, ticket_of(w, e)); /* before what was on its way */
    }
}

void shell_supersede(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    for (int i = 0; i < SIM_ERRANDS_MAX; i++)
        w->errands[i].acts = false;
    w->witness.outstanding = 0;
}

void shell_forget(struct sim *s, int service)
{
    memset(world_of(s, service)->errands, 0, sizeof world_of(s, service)->errands);
    world_of(s, service)->witness.outstanding = 0;
}
