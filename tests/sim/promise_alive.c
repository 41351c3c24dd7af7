/* The promises that a Redis which works, or which others reach, is left alone, and that nothing is
 * done without a second fact. What is so is compared with what the daemon could know in time. */
#include "sim.h"

#include "base/str.h"
#include "core/cause.h"
#include "engine/service.h"

#define SEEN_MS 8000      /* an action may rest on looks of a round that is as old as this */
#define BLIND_MS 29000    /* silence without evidence is a hang after 30 s */
#define RISES_MS 3000     /* so long a rise shows, however the looks fall */
#define SLOW_LINE_MS 3000 /* no look at the host takes as long in its usual time */
#define RELOADED_MS 5000  /* new settings have taken what was asked for */

/* Could the daemon have asked the host, for so long that an answer is there? */
static bool host_answers(const struct sim *s, int service)
{
    const struct service_world *w = &s->worlds[service];
    return w->clear_since != SIM_NEVER && s->now - w->clear_since > SEEN_MS &&
           s->now - s->jolted > SEEN_MS && s->now - s->deaf_until > SEEN_MS &&
           s->now - w->reloaded > RELOADED_MS;
}

static bool witness_answers(const struct sim *s, int service)
{
    const struct service_world *w = &s->worlds[service];
    bool through_ssh = s->services[service].control == CONTROL_SSH;
    return !s->no_witness && host_answers(s, service) &&
           !(through_ssh && (w->tunnel_forbidden || s->now - w->tunnel_since < SEEN_MS));
}

static bool process_shown(const struct sim *s, int service)
{
    const struct service_settings *set = &s->services[service];
    return host_answers(s, service) && (set->commands_extended || set->control != CONTROL_SSH);
}

/* How long the newest look at the host took, or takes. */
static int64_t look_takes(const struct sim *s, const struct service_world *w)
{
    int64_t ms = w->witness.told.look_ms;
    for (int i = 0; i < SIM_ERRANDS_MAX; i++) {
        const struct errand *e = &w->errands[i];
        bool look = e->used && (e->command == HOST_STATUS || e->command == HOST_SHOW);
        if (look && s->now - e->began > ms)
            ms = s->now - e->began;
    }
    return ms;
}

/* What is so, as far as it could be known. */
static void check_truth(struct sim *s, int service, const char *word)
{
    const struct service_world *w = &s->worlds[service];
    const struct unit *u = &w->unit;
    if (u->process != PROCESS_UP || u->foreign || u->stuck)
        return;
    int64_t holds = s->now - u->held_since;
    bool accounted = u->accounts && host_answers(s, service);
    bool shown = process_shown(s, service) || accounted;
    if (u->work_until > s->now && s->now - u->work_since > SEEN_MS && shown)
        sim_broken(s, service, "%s of a Redis that has worked on a command for %lld ms", word,
                   (long long)(s->now - u->work_since));
    if (u->frozen && u->held == TASK_BLOCKED && holds > SEEN_MS && process_shown(s, service))
        sim_broken(s, service, "%s of a process that has waited for a disk for %lld ms", word,
                   (long long)holds);
    if (u->freezer && holds > SEEN_MS && host_answers(s, service))
        sim_broken(s, service, "%s of a unit that has been frozen for %lld ms", word,
                   (long long)holds);
    if (u->frozen && u->held == TASK_TRACED && holds > SEEN_MS && process_shown(s, service))
        sim_broken(s, service, "%s of a process that has been traced for %lld ms", word,
                   (long long)holds);
    bool serves = !u->frozen && !process_works(s, u) && s->now - u->began > SEEN_MS &&
                  s->now - u->served_since > SEEN_MS;
    if (serves && witness_answers(s, service))
        sim_broken(s, service, "%s of a Redis that answers on its host", word);
    if (serves && w->witness.told.reply == REPLY_REFUSED)
        sim_broken(s, service, "%s of a Redis that serves, and is only refused from here", word);
    int64_t shut = s->now - w->door_since;
    bool open_one = w->kept_up && w->kept_generation == u->generation && w->redis_way == WAY_OPEN &&
                    s->now - w->redis_since > SEEN_MS;
    if (serves && w->door != WAY_OPEN && shut > SEEN_MS && open_one && host_answers(s, service))
        sim_broken(s, service, "%s of a Redis to which only new connections fail", word);
    enum reply_class reply = w->witness.told.reply;
    bool late = reply == REPLY_SILENT || reply == REPLY_NO_CONNECT;
    int64_t look_ms = look_takes(s, w);
    if (serves && late && w->line_ms > 0 && look_ms >= SLOW_LINE_MS)
        sim_broken(s, service, "%s of a Redis on a slow line, where SSH took %lld ms", word,
                   (long long)look_ms);
}

/* Evidence counts when it was asked for in this silence, and for as long as silence without any
 * would have to last. */
static bool counts(const struct sim *s, const struct told *told, int64_t asked)
{
    return asked >= told->answered && s->now - asked < BLIND_MS;
}

static bool of_this(const struct sim *s, const struct told *told, const struct cpu_seen *seen)
{
    return seen->pid == told->unit.main_pid && counts(s, told, seen->compared);
}

static bool rises(const struct sim *s, const struct told *told, const struct cpu_seen *seen)
{
    return of_this(s, told, seen) && seen->rises_since != SIM_NEVER &&
           seen->mark_asked - seen->rises_since > RISES_MS;
}

static void check_seen(struct sim *s, int service, const char *word)
{
    const struct told *told = &s->worlds[service].witness.told;
    bool shown = counts(s, told, told->state_asked) && told->process.pid == told->unit.main_pid;
    bool stopped = shown && witness_stopped(told);
    bool standing = of_this(s, told, &told->process) && told->process.percent <= SIM_RISE_PERCENT;
    bool group_rises = !standing && rises(s, told, &told->accounted); /* or a child of it does */
    if (!stopped && (rises(s, told, &told->process) || group_rises))
        sim_broken(s, service, "%s although its processor time was seen to rise", word);
    if (shown && told->state == TASK_BLOCKED && standing)
        sim_broken(s, service, "%s although it was seen in state D", word);
    if (shown && (told->state == TASK_TRACED || told->tracer > 0))
        sim_broken(s, service, "%s although it was seen to be traced", word);
    if (told->unit.frozen && counts(s, told, told->unit_asked))
        sim_broken(s, service, "%s of a unit that was seen frozen", word);
    bool asked_there = told->peek_possible && counts(s, told, told->peek_asked);
    bool stopped_since = stopped && told->state_asked >= told->peek_asked;
    if (asked_there && !stopped_since && reply_answered(told->peek_reply))
        sim_broken(s, service, "%s although it was answered on the host: %s", word,
                   reply_class_word(told->peek_reply));
    bool silent = told->reply == REPLY_SILENT || told->reply == REPLY_NO_CONNECT;
    bool second_fact = stopped || (silent ? standing : asked_there);
    if (!second_fact && s->now - told->answered < BLIND_MS)
        sim_broken(s, service, "%s without evidence after %lld ms of silence (%s)", word,
                   (long long)(s->now - told->answered), reply_class_word(told->reply));
}

void promise_alive(struct sim *s, int service, const char *word)
{
    const struct witness *w = &s->worlds[service].witness;
    bool runs = w->told.unit.active == UNIT_ACTIVE || w->told.unit.active == UNIT_RELOADING;
    if (!runs || str_equal(word, "bgsave") || str_equal(word, "script-kill"))
        return;
    check_truth(s, service, word);
    check_seen(s, service, word);
}
