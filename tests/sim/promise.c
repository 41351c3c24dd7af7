/* The promises. Each is checked against what the simulator itself knows and what it told the
 * daemon; the engine's own view is looked at only for what it claims. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/recovery.h"
#include "engine/service.h"
#include "engine/snapshot.h"

#define LONG_AGO (-SIM_NEVER / 4)
#define BREAKER_MS 299000      /* a second less than the window: the clocks drift */
#define SETTLED_MS 200         /* a store that is well has written everything by then */
#define RETRIED_MS 1500        /* ... and what it could not write before it was well */
#define FAILOVER_MS 179000     /* as long as what Redis said of a failover is believed */
#define SHORTEST_DELAY_MS 4900 /* people_tweak()'s shortest, less what the clocks drift */
#define FORGIVEN_MS 120000 /* a minute of health forgets the attempts; all looks see it by then */
/* Probing that lasts has a round every five seconds. The look is from after Redis' last answer
 * (see below), so the failure is at most one such round younger than it. */
#define LOG_MISSES_ALLOWED 3 /* after so many failed readings of the log it is done without */
#define SLOW_LOOK_MS 6000
#define STOP_LASTS_MS 1000 /* the next look ends it */
#define PUBLISHED_MS 1000 /* after the loop was held up the next round publishes what has changed */
#define DOOR_MS 5000      /* to find out that new connections fail */
#define SELF_DOUBT_MS 29000 /* self-doubt lasts 30 s */

static struct witness *witness_of(struct sim *s, int service)
{
    return &s->worlds[service].witness;
}

static void code_of(const char *reason, char *ret, size_t size)
{
    const char *end = strchr(reason, ':');
    (void)str_copy_n(ret, size, reason, end == NULL ? strlen(reason) : (size_t)(end - reason));
}

/* ── intent, action, outcome ── */

static void strike_at_intent(struct sim *s, int service, uint64_t id)
{
    (void)id;
    trouble_at_intent(s, service);
}

void promise_intent(struct sim *s, int service, const struct audit_line *line)
{
    struct witness *w = witness_of(s, service);
    if (w->intent.open)
        sim_broken(s, service, "an intent (%s) before the outcome of the last one (%s)",
                   line->request_id, w->intent.request_id);
    bool automatic = str_equal(line->user_id, "system");
    bool loads = w->asked_during_load || witness_loads(s, service);
    if (w->outstanding > 0 && !automatic && loads)
        shell_supersede(s, service); /* a start that goes on by itself may be interfered with */
    w->intent =
        (struct intent){.open = true,
                        .allowed = s->engine->services[service].recovery_policy.max_attempts,
                        .automatic = automatic,
                        .told = s->now,
                        .life = s->life};
    (void)str_copy(w->intent.request_id, sizeof w->intent.request_id, line->request_id);
    (void)str_copy(w->intent.operation, sizeof w->intent.operation, line->operation);
    code_of(line->reason, w->intent.cause, sizeof w->intent.cause);
    if (automatic && s->malice && chance_percent(&s->chance, 25))
        sim_at(s, s->now + chance_between(&s->chance, 0, 3), strike_at_intent, service, 0);
    sim_say(s, service, "intent %s %s (%s)", line->request_id, line->operation, w->intent.cause);
}

void promise_intent_durable(struct sim *s, int service, const char *request_id, bool durable)
{
    struct intent *i = &witness_of(s, service)->intent;
    if (!str_equal(i->request_id, request_id))
        return;
    i->durable = durable;
    i->failed = !durable;
}

/* Success is told of what was seen after the command, not before. */
static void check_success(struct sim *s, int service, const struct intent *i)
{
    const struct witness *w = witness_of(s, service);
    const struct told *told = &w->told;
    bool starting = str_equal(i->operation, "start") || str_equal(i->operation, "restart") ||
                    str_equal(i->operation, "reset-failed-start");
    if (!starting || !i->ran)
        return;
    if (told->pong_asked < w->acted_end || told->unit_asked < w->acted_end ||
        told->unit.active != UNIT_ACTIVE)
        sim_broken(s, service, "%s is told to be a success, but nobody has looked since",
                   i->operation);
    if (i->pid > 0 && told->unit.main_pid == i->pid)
        sim_broken(s, service, "%s is told to be a success, but the process is the same",
                   i->operation);
}

/* A process that has ended since cannot answer, and not every part learns of it at once. */
static bool ended_since_reply(const struct told *told)
{
    return told->unit_asked > told->reply_asked && told->unit_asked >= told->answered &&
           (told->unit.active == UNIT_FAILED || told->unit.active == UNIT_INACTIVE);
}

/* A load that moves is no failure: it is waited for as long as it takes. It moves when it is
 * farther than ever since the action: one that begins again and again is as good as one that
 * stands. One whose unit was then seen to have ended is over: TimeoutStartSec or a stop ended it. */
static void check_failure(struct sim *s, int service, const struct intent *i)
{
    struct witness *w = witness_of(s, service);
    bool orphan = w->told.reply == REPLY_MASTERDOWN && w->told.reply_asked > w->acted_end &&
                  w->told.unit_asked > w->acted_end && w->told.unit.active == UNIT_ACTIVE;
    if (orphan && !operation_running(&s->engine->services[service]))
        sim_broken(s, service, "%s is told to have failed, but only its primary is missing",
                   i->operation);
    bool moves = w->told.reply == REPLY_LOADING && !ended_since_reply(&w->told) &&
                 s->now - w->told.load_moved < 10000 && s->now - w->acted_end > 10000;
    w->failed_end = s->now;
    if (moves && !operation_running(&s->engine->services[service]) &&
        !str_equal(i->operation, "reload"))
        sim_broken(s, service, "%s is told to have failed while Redis loads", i->operation);
}

void promise_outcome(struct sim *s, int service, const char *request_id, bool success)
{
    struct witness *w = witness_of(s, service);
    struct intent *i = &w->intent;
    if (!str_equal(i->request_id, request_id))
        return; /* an operation that was refused before it had an intent, or a skip */
    if (!i->open)
        return;
    i->open = false;
    if (success)
        check_success(s, service, i);
    else if (i->automatic && i->ran && !str_equal(i->operation, "bgsave"))
        check_failure(s, service, i);
}

static bool starts(const char *word)
{
    return str_equal(word, "start") || str_equal(word, "restart") || str_equal(word, "reload");
}

static void check_withheld(struct sim *s, int service, const char *word)
{
    const struct witness *w = witness_of(s, service);
    const struct service *inside = &s->engine->services[service];
    struct now now = clocks_now(s);
    if (w->paused && wall_since(w->paused_until, now.wall) > 0)
        sim_broken(s, service, "%s while it is paused", word);
    if (!inside->recovery_policy.enabled)
        sim_broken(s, service, "%s while recovery is disabled", word);
    if (w->should_be_stopped && starts(word))
        sim_broken(s, service, "%s of a service that was stopped on purpose", word);
    if (operation_running(inside))
        sim_broken(s, service, "%s while a person's operation runs", word);
    if (s->now >= s->jolted && s->now < s->jolted + SELF_DOUBT_MS)
        sim_broken(s, service, "%s %lld ms after a reason for self-doubt", word,
                   (long long)(s->now - s->jolted));
    if (w->told.unit.control_reached == TRI_NO)
        sim_broken(s, service, "%s although the host was not reached", word);
    if (w->told.failover && s->now - w->told.info_at < FAILOVER_MS)
        sim_broken(s, service, "%s while a failover runs", word);
    if (w->known_empty && starts(word) && !str_equal(word, "reload"))
        sim_broken(s, service, "%s of a primary that would come back empty", word);
}

/* Silence is a fact only after as many probes as the policy says, and when no script could explain
 * it: one that runs shows itself after five seconds. */
static void check_hung(struct sim *s, int service, const char *word)
{
    const struct told *told = &witness_of(s, service)->told;
    const struct service *inside = &s->engine->services[service];
    if (told->silences < inside->watch_policy.failure_threshold)
        sim_broken(s, service, "%s after %d failed probes", word, (int)told->silences);
    if (told->unit_asked < told->failing)
        sim_broken(s, service, "%s of a unit that was not looked at since a probe failed", word);
    bool silent = told->reply == REPLY_SILENT || told->reply == REPLY_NO_CONNECT;
    bool stopped = witness_stopped(told) && told->state_asked >= told->answered; /* at rest */
    if (silent && !stopped && s->now - told->answered < told->script_shows_ms)
        sim_broken(s, service, "%s %lld ms after the last answer: a script may run", word,
                   (long long)(s->now - told->answered));
}

/* A process that ended by itself said why; who can never be heard is helped without. */
static void check_exit_log(struct sim *s, int service, const char *word)
{
    const struct told *told = &witness_of(s, service)->told;
    if (told->unit.active != UNIT_FAILED || told->failed == SIM_NEVER)
        return;
    if (told->log_at < told->failed && told->log_misses < LOG_MISSES_ALLOWED)
        sim_broken(s, service, "%s before its exit log was read", word);
    if (told->log_at < told->failed)
        return; /* what they are cannot be known */
    /* Who held the port is gone when it refuses: that is worth one start. */
    bool port_free = told->reply == REPLY_REFUSED && told->reply_asked >= told->failed_asked &&
                     witness_of(s, service)->effective == 0;
    bool hopeless = told->log == LOG_CONFIG_ERROR || (told->log == LOG_PORT_IN_USE && !port_free) ||
                    told->log == LOG_DATA_CORRUPT || told->log == LOG_PERMISSION_DENIED ||
                    told->log == LOG_DISK_FULL || told->log == LOG_MODULE_MISSING;
    if (hopeless)
        sim_broken(s, service, "%s although it said why it cannot start: %s", word,
                   log_class_word(told->log));
}

/* What others stopped is started only when that was announced, and then not at once. */
static void check_grace(struct sim *s, int service, const char *word)
{
    const struct told *told = &witness_of(s, service)->told;
    int64_t grace = s->engine->services[service].recovery_policy.external_stop_grace_ms - 100;
    if (s->now - told->announced < grace)
        sim_broken(s, service, "%s of a stopped unit %lld ms after it was announced", word,
                   (long long)(s->now - told->announced));
    if (told->stopped != SIM_NEVER && s->now - told->stopped < grace)
        sim_broken(s, service, "%s of a unit that was stopped %lld ms ago", word,
                   (long long)(s->now - told->stopped));
}

/* A stop that systemd cut short is a stop all the same. */
static void check_cut_stop(struct sim *s, int service, const char *word, enum cause cause)
{
    const struct told *told = &witness_of(s, service)->told;
    if (told->cancelled && told->unit.active == UNIT_FAILED && cause != CAUSE_UNIT_STOPPED)
        sim_broken(s, service, "%s of a unit whose start was stopped by others, without the grace",
                   word);
    bool cut = told->stop_begun && told->unit.active == UNIT_FAILED &&
               told->unit.result == RESULT_TIMEOUT && told->log != LOG_START_TIMEOUT;
    if (cut && cause_row(cause)->remedy == REMEDY_RESTART)
        sim_broken(s, service, "%s of a unit whose stop was cut, without the grace", word);
}

/* A unit that ran was no reason to probe: what was seen of it before Redis failed is no news. Only
 * self-doubt looks at units that are well. */
static bool looked_while_it_ran(const struct sim *s, const struct witness *w)
{
    bool ran = w->told.unit.active == UNIT_ACTIVE || w->told.unit.active == UNIT_RELOADING;
    return ran && s->now - s->jolted > SELF_DOUBT_MS + SLOW_LOOK_MS;
}

/* Would a person who sees what the daemon was told do this? */
static void check_sense(struct sim *s, int service, const char *word)
{
    const struct witness *w = witness_of(s, service);
    enum cause cause = cause_by_code(w->intent.cause);
    const struct cause_row *row = cause_row(cause);
    enum reply_class reply = w->told.reply;
    if (starts(word)) {
        check_cut_stop(s, service, word, cause);
        if (row->restart != RESTART_HELPS)
            sim_broken(s, service, "%s for %s, for which a restart is %s", word, row->code,
                       restart_word(row->restart));
        int64_t before = looked_while_it_ran(s, w) ? 0 : SLOW_LOOK_MS;
        if (w->told.trouble != SIM_NEVER && w->told.trouble - w->told.unit_asked > before)
            sim_broken(s, service, "%s with what was known of the unit before it failed", word);
        if (w->told.unit_asked < w->told.answered)
            sim_broken(s, service, "%s with what was known of the unit before Redis last answered",
                       word);
        bool answers = reply == REPLY_PONG || reply == REPLY_LOADING || reply == REPLY_MISCONF ||
                       reply == REPLY_BUSY || reply == REPLY_MASTERDOWN;
        if (answers && !ended_since_reply(&w->told))
            sim_broken(s, service, "%s although the newest answer was %s", word,
                       reply_class_word(reply));
    }
    if (starts(word) && cause == CAUSE_HUNG)
        check_hung(s, service, word);
    if (starts(word) && cause == CAUSE_UNIT_FAILED)
        check_exit_log(s, service, word);
    if (starts(word) && cause == CAUSE_UNIT_STOPPED)
        check_grace(s, service, word);
    if (str_equal(word, "script-kill") && row->remedy != REMEDY_KILL_SCRIPT)
        sim_broken(s, service, "a script is killed for %s", row->code);
    if (str_equal(word, "bgsave") && row->remedy != REMEDY_BGSAVE)
        sim_broken(s, service, "BGSAVE for %s", row->code);
}

static void check_counts(struct sim *s, int service, const char *word)
{
    struct witness *w = witness_of(s, service);
    if (w->ended[0] - w->ended[2] < BREAKER_MS && w->ended[2] > LONG_AGO / 2 &&
        s->clock_set < w->ended[2])
        sim_broken(s, service, "%s although three recoveries ended within five minutes", word);
    if (str_equal(word, "bgsave"))
        return;
    /* A setting may have made the delay shorter, to five seconds. */
    if (w->effective > 0 && s->now - w->failed_end < SHORTEST_DELAY_MS)
        sim_broken(s, service, "%s %lld ms after the attempt before it had failed", word,
                   (long long)(s->now - w->failed_end));
    w->effective++;
    w->recovery_steps++;
    if (w->effective > w->intent.allowed)
        sim_broken(s, service, "%s is action %d of one failure, allowed are %d", word, w->effective,
                   (int)w->intent.allowed);
}

/* What a person asked for: the desired state is on the disk first, and what would wipe replicas needs force.
 */
static void check_person(struct sim *s, int service, const char *word)
{
    const struct witness *w = witness_of(s, service);
    const struct operation *o = &s->engine->services[service].operation;
    bool stop = str_equal(word, "stop");
    if (!operation_running(&s->engine->services[service]))
        sim_broken(s, service, "a person's %s although nobody asks for it", word);
    if (!str_equal(word, "reload") && s->disk.durable[service].stopped_on_purpose != stop)
        sim_broken(s, service, "%s before the desired state was on the disk", word);
    bool starts_it = str_equal(word, "start") && w->told.unit.active != UNIT_ACTIVE &&
                     w->told.unit.active != UNIT_RELOADING;
    if ((str_equal(word, "restart") || starts_it) && w->known_empty && !o->request.force)
        sim_broken(s, service, "a person's %s of a primary that would come back empty", word);
}

void promise_action(struct sim *s, int service, const char *word, bool *ret_automatic)
{
    struct witness *w = witness_of(s, service);
    struct intent *i = &w->intent;
    *ret_automatic = i->automatic;
    if (!i->open || i->life != s->life) {
        sim_broken(s, service, "%s without an intent", word);
        return;
    }
    bool told = i->durable || (i->automatic && (i->failed || s->now - i->told >= 250));
    if (!told)
        sim_broken(s, service, "%s before its intent was durable", word);
    if (w->outstanding > 0)
        sim_broken(s, service, "%s while another action runs", word);
    bool second_half = i->ran && i->automatic;
    i->ran = true;
    if (!i->automatic)
        check_person(s, service, word);
    if (!i->automatic && str_equal(word, "restart"))
        i->pid = w->told.unit.main_pid;
    if (!i->automatic || second_half)
        return;
    s->actions++;
    w->acted = s->now;
    check_withheld(s, service, word);
    check_sense(s, service, word);
    promise_alive(s, service, word);
    check_counts(s, service, word);
}

/* ── what is stored and told ── */

void promise_state(struct sim *s, int service, const struct service_state *state)
{
    struct witness *w = witness_of(s, service);
    const struct recovery *r = &s->engine->services[service].recovery;
    if (state->exhausted != (r->phase == PHASE_EXHAUSTED) || state->attempts != r->attempts ||
        state->breaker_open != r->breaker.open)
        sim_broken(s, service, "the disk is told something else than what is so");
    bool forgotten = w->attempts > 1 && state->attempts == 0 && w->reset != s->now;
    if (forgotten && s->now - w->told.unwell < 55000)
        sim_broken(s, service, "%d attempts are forgotten %lld ms after a failure", w->attempts,
                   (long long)(s->now - w->told.unwell));
    if (state->attempts == 0)
        w->effective = 0;
    else if (state->attempts < w->attempts)
        w->effective -= w->attempts - state->attempts; /* without effect: taken back */
    if (state->attempts < w->attempts) {
        int back = w->attempts - state->attempts;
        w->recovery_steps = back < w->recovery_steps ? w->recovery_steps - back : 0;
        w->failed_end = LONG_AGO; /* nothing to wait for */
    }
    w->attempts = state->attempts;
}

void promise_record(struct sim *s, int service, const struct recovery_record *record)
{
    struct witness *w = witness_of(s, service);
    sim_say(s, service, "recovery %s: %s (%s)", record->id, record->result, record->cause);
    w->ended_for_human = str_equal(record->result, "needs_human");
    if (str_equal(record->result, "running") || w->recovery_steps == 0)
        return;
    w->recovery_steps = 0;
    if (w->effective == 0 && w->attempts == 0)
        return;
    w->ended[2] = w->ended[1];
    w->ended[1] = w->ended[0];
    w->ended[0] = s->now;
}

void promise_event(struct sim *s, int service, uint64_t seq, const char *type, json_t *body)
{
    struct witness *w = witness_of(s, service);
    bool excused =
        w->seq_uncertain && s->clock_set > 0; /* nothing was left to know the numbers by */
    if (w->seq_life == s->life && seq != w->last_seq + 1)
        sim_broken(s, service, "event %llu (%s) does not follow event %llu",
                   (unsigned long long)seq, type, (unsigned long long)w->last_seq);
    w->seq_life = s->life;
    if (seq <= w->last_seq && !excused)
        sim_broken(s, service, "event %llu (%s) after event %llu", (unsigned long long)seq, type,
                   (unsigned long long)w->last_seq);
    w->last_seq = seq;
    const char *message = json_string_value(json_object_get(body, "message"));
    if (message != NULL && str_starts(message, "The cause that needed a human is gone")) {
        w->alerted[0] = '\0';
        w->needed = s->engine->services[service].recovery.phase == PHASE_EXHAUSTED;
    }
}

void promise_info(struct sim *s, int service, const struct info_facts *info)
{
    struct witness *w = witness_of(s, service);
    const struct unit *u = &s->worlds[service].unit;
    w->told.failover = info->failover == FAILOVER_RUNNING;
    w->told.info_at = s->now;
    if (u->foreign)
        return;
    bool empty = info->role == ROLE_PRIMARY && info->connected_replicas > 0 && !u->persists;
    if (empty && !w->known_empty)
        w->empty_told = s->now;
    if (empty || info->loading != TRI_YES) /* while it loads its replicas wait to come back */
        w->known_empty = empty;
}

void promise_alert(struct sim *s, int service, const char *reason)
{
    struct witness *w = witness_of(s, service);
    char code[40];
    code_of(reason, code, sizeof code);
    sim_say(s, service, "a human is called: %s", code);
    if (str_equal(w->alerted, code))
        sim_broken(s, service, "a human is called a second time for %s", code);
    (void)str_copy(w->alerted, sizeof w->alerted, code);
    s->alerts++;
}

/* Only what was seen stopped can have been started by others. */
void promise_stop_ended(struct sim *s, int service)
{
    struct witness *w = witness_of(s, service);
    if (!w->told.stop_seen)
        sim_broken(s, service, "a stop is taken back that has never been seen to take place");
    if (s->worlds[service].unit.process != PROCESS_NONE)
        w->should_be_stopped =
            false; /* it may have been started just before the stop was answered */
}

void promise_announced(struct sim *s, int service)
{
    witness_of(s, service)->told.announced = s->now;
}

/* ── deaths ── */

/* What is on the disk is what a start goes on with, exactly. */
void promise_started(struct sim *s)
{
    for (int i = 0; i < s->count; i++) {
        const struct service *inside = &s->engine->services[i];
        const struct service_state *durable = &s->disk.durable[i];
        const struct recovery *r = &inside->recovery;
        if (r->attempts != durable->attempts)
            sim_broken(s, i, "%d attempts are remembered, the disk has %d", r->attempts,
                       durable->attempts);
        if (r->breaker.open != durable->breaker_open ||
            memcmp(r->breaker.times, durable->recoveries_at, sizeof r->breaker.times) != 0)
            sim_broken(s, i, "the breaker is not as it was");
        if ((r->phase == PHASE_EXHAUSTED) != (durable->exhausted || durable->breaker_open))
            sim_broken(s, i, "that recovery has given up is not remembered");
        if (inside->saved.stopped_on_purpose != durable->stopped_on_purpose ||
            inside->saved.paused_until.ms != durable->paused_until.ms ||
            inside->saved.stop_seen != durable->stop_seen ||
            inside->saved.empty_primary != durable->empty_primary ||
            inside->observations.start_cancelled != durable->start_cancelled)
            sim_broken(s, i, "the desired state is not remembered");
        if (durable->recovery_set &&
            inside->recovery_policy.max_attempts != durable->recovery.max_attempts)
            sim_broken(s, i, "a setting is not remembered");
    }
}

void promise_killed(struct sim *s)
{
    s->crashes++;
    for (int i = 0; i < s->count; i++) {
        struct witness *w = witness_of(s, i);
        const struct service_state *durable = &s->disk.durable[i];
        bool settled = s->disk.store == DISK_WELL && s->now - s->disk_sick > RETRIED_MS &&
                       s->now - w->acted > SETTLED_MS;
        if (settled && durable->attempts < w->effective)
            sim_broken(s, i, "%d actions were taken, but the disk knows of %d", w->effective,
                       durable->attempts);
        if (settled && w->should_be_stopped && !durable->stopped_on_purpose)
            sim_broken(s, i, "the disk does not know that it was stopped on purpose");
        if (s->now - w->ended[0] <= SETTLED_MS) {
            /* It had ended, and that was on its way to the disk. Recovery does not wait for it:
             * nothing is done after an end, and one end forgotten is one recovery more before the
             * breaker opens. What is done next has its attempt on the disk before. */
            w->ended[0] = w->ended[1];
            w->ended[1] = w->ended[2];
            w->ended[2] = LONG_AGO;
        }
        if (!settled) {
            /* What the disk could not take is forgotten: that much is no promise. */
            w->effective = durable->attempts;
            w->ended[0] = w->ended[1] = w->ended[2] = LONG_AGO;
        }
        if (!settled || s->now - w->empty_told <= SETTLED_MS)
            w->known_empty = w->known_empty && durable->empty_primary;
        w->attempts = durable->attempts;
        w->should_be_stopped = w->should_be_stopped && durable->stopped_on_purpose;
        w->paused = w->paused && durable->paused_until.ms == w->paused_until.ms;
        w->recovery_steps = 0;
        w->alerted[0] = '\0';
        w->ended_for_human = false; /* it died before the call: the failure is treated again */
        w->needed = durable->exhausted || durable->breaker_open;
        int64_t proof = w->told.proof;
        bool cancelled = w->told.cancelled;
        if (settled && cancelled && s->now - w->told.cancelled_at > SETTLED_MS &&
            !durable->start_cancelled)
            sim_broken(s, i, "the disk does not know that a stop has ended our start");
        bool stop_seen = w->told.stop_seen && durable->stop_seen != STOP_UNSEEN;
        w->told = witness_told_nothing();
        w->told.proof = proof;
        w->told.stop_seen = stop_seen;
        w->told.cancelled = cancelled && durable->start_cancelled;
        w->failed_end = LONG_AGO;
        w->well_since = SIM_NEVER;
        if (w->intent.open && w->intent.ran && !w->intent.durable && !w->intent.failed &&
            s->now - w->intent.told < 250)
            sim_broken(s, i, "an action ran without any trace of its intent");
        if (w->intent.open && !w->intent.durable)
            w->intent.open = false; /* its line is gone with the daemon */
    }
}

/* ── at every step ── */

/* Who would connect now gets no answer: that is not health, although the open connection has one.
 */
static void check_door(struct sim *s, int service, int64_t limit)
{
    const struct service_world *w = &s->worlds[service];
    int64_t most = limit + 4 * s->engine->services[service].watch_policy.timeout_ms + DOOR_MS;
    /* After a silence that the door did not cause, it is the next full check that finds it shut. */
    const int64_t begins[] = {w->door_since,        w->unit.served_since, w->redis_since,
                              w->unit.script_until, s->deaf_until,        s->jolted,
                              w->reloaded};
    int64_t since = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(begins); i++)
        since = begins[i] > since ? begins[i] : since;
    if (w->door != WAY_OPEN && s->now - since > most)
        sim_broken(s, service, "healthy is claimed, but no new connection got in for %lld ms",
                   (long long)(s->now - since));
}

static void check_claim(struct sim *s, int service, bool healthy)
{
    const struct service *inside = &s->engine->services[service];
    const struct witness *w = witness_of(s, service);
    int64_t limit = 2 * inside->watch_policy.interval_ms;
    int64_t age = s->now - w->told.proof;
    if (age > limit && s->now - s->deaf_until > PUBLISHED_MS &&
        str_equal(inside->publishing.overall, overall_word(OVERALL_HEALTHY)))
        sim_broken(s, service, "health stays published with a proof that is %lld ms old",
                   (long long)age);
    if (healthy) {
        if (age > limit)
            sim_broken(s, service, "healthy is claimed with a proof that is %lld ms old",
                       (long long)age);
        check_door(s, service, limit);
    }
    if (s->now - w->asked > limit && s->now - s->deaf_until > limit)
        sim_broken(s, service, "Redis was not asked for %lld ms", (long long)(s->now - w->asked));
}

/* "A human is needed" and a call for one go together. A start finds the former on the disk: the
 * call is repeated as soon as the failure is seen again. */
static void check_human(struct sim *s, int service)
{
    const struct recovery *r = &s->engine->services[service].recovery;
    struct witness *w = witness_of(s, service);
    if (r->needs_human && !w->needed && w->alerted[0] == '\0')
        sim_broken(s, service, "a human is needed (%s), but was not called",
                   recovery_phase_word(r->phase));
    if (!r->needs_human && w->alerted[0] != '\0')
        sim_broken(s, service, "a human was called for %s, but is not said to be needed",
                   w->alerted);
    w->needed = r->needs_human;
    if (w->ended_for_human && w->alerted[0] == '\0')
        sim_broken(s, service, "a recovery has ended for a human, who was not called");
    w->ended_for_human = false;
}

/* In a phase in which nothing is done everything was told, and health forgives. */
static void check_quiet(struct sim *s, int service, bool healthy)
{
    const struct service *inside = &s->engine->services[service];
    const struct recovery *r = &inside->recovery;
    struct witness *w = witness_of(s, service);
    bool quiet = r->phase == PHASE_IDLE || r->phase == PHASE_STABLE || r->phase == PHASE_EXHAUSTED;
    if (quiet && !operation_running(inside) && w->intent.open && w->intent.life == s->life)
        sim_broken(s, service, "%s has an intent and no outcome", w->intent.operation);
    const struct verdict *v = &inside->verdict;
    enum remedy remedy = cause_row(v->cause)->remedy;
    /* A look that has just begun distrusts the answer, but has not judged again yet. */
    bool answered = cause_probe(&inside->observations)->reply == REPLY_PONG &&
                    inside->observations.unit.active == UNIT_ACTIVE;
    if (v->confirmed && !answered && remedy != REMEDY_NONE && remedy != REMEDY_WAIT &&
        remedy != REMEDY_PATIENCE && remedy != REMEDY_OBSERVE)
        w->told.unwell = s->now;
    if (w->should_be_stopped && inside->saved.stopped_on_purpose && v->confirmed &&
        v->cause == CAUSE_UNIT_STOPPED)
        sim_broken(s, service, "others are said to have stopped what was stopped on purpose");
    /* Health is still claimed while a silence or a refusal is looked into, and forgives nothing then. */
    bool pong = cause_probe(&inside->observations)->reply == REPLY_PONG;
    if (!healthy || !pong || r->phase != PHASE_IDLE)
        w->well_since = SIM_NEVER;
    else if (w->well_since == SIM_NEVER)
        w->well_since = s->now;
    bool forgiven = w->well_since != SIM_NEVER && w->told.proof - w->well_since > FORGIVEN_MS &&
                    s->now - s->deaf_until > FORGIVEN_MS;
    if (forgiven && r->attempts > 0)
        sim_broken(s, service, "%d attempts are remembered after two minutes of health",
                   r->attempts);
}

/* A stop through Resus is over when Redis serves again, also for a daemon that only the disk has
 * told of it. */
static void check_stop_over(struct sim *s, int service, bool healthy)
{
    const struct service *inside = &s->engine->services[service];
    const struct service_state *durable = &s->disk.durable[service];
    struct witness *w = witness_of(s, service);
    bool lasts =
        healthy && inside->saved.stopped_on_purpose && durable->stopped_on_purpose &&
        durable->stop_seen != STOP_UNSEEN && !operation_running(inside) &&
        cause_serves(&inside->observations) &&    /* while that is being probed nothing is ended */
        inside->saved.stop_seen != STOP_UNSEEN && /* else a newer one never took place */
        s->worlds[service].clear_since != SIM_NEVER; /* or its answers take their time */
    if (!lasts)
        w->stop_lasts = SIM_NEVER;
    else if (w->stop_lasts == SIM_NEVER)
        w->stop_lasts = s->now;
    else if (s->now - w->stop_lasts > STOP_LASTS_MS)
        sim_broken(s, service, "a stop through Resus goes on although Redis serves again");
}

void promise_step(struct sim *s)
{
    if (!daemon_alive(s))
        return;
    for (int i = 0; i < s->count; i++) {
        const struct service *inside = &s->engine->services[i];
        struct witness *w = witness_of(s, i);
        check_human(s, i);
        bool healthy = snapshot_overall(inside, clocks_read(s)) == OVERALL_HEALTHY;
        check_quiet(s, i, healthy);
        check_stop_over(s, i, healthy);
        if (inside->saved.paused_until.ms != 0)
            w->paused_seen = s->now;
        if (w->paused && inside->saved.paused_until.ms == 0)
            w->paused = false; /* it was over before the clock was set back */
        check_claim(s, i, healthy);
        cure_step(s, i);
    }
}
