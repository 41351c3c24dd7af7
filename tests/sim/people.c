/* People: those who ask Resus for something, and those who do it on the host themselves. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/service.h"

static const struct engine_user user = {"ann", "ann@example.org", "admin", "10.0.0.1"};

/* A call that waits for its answer. The engine runs no completion when it is dropped, so the list
 * of those that are open is the simulator's. */
struct call {
    struct call *next, *previous;
    struct sim *sim;
    int service;
    enum engine_operation operation;
    bool was_stopped;
    int64_t asked;
    bool refresh;
};

static struct call *call_new(struct sim *s, int service)
{
    struct call *c = calloc(1, sizeof *c);
    if (c == NULL)
        abort();
    *c = (struct call){.sim = s, .service = service, .asked = s->now, .next = s->calls_open};
    if (c->next != NULL)
        c->next->previous = c;
    s->calls_open = c;
    return c;
}

static void call_free(struct call *c)
{
    if (c->next != NULL)
        c->next->previous = c->previous;
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        c->sim->calls_open = c->next;
    free(c);
}

void people_forget(struct sim *s)
{
    while (s->calls_open != NULL)
        call_free(s->calls_open);
}

static void answered(void *context, int status, json_t *body)
{
    struct call *c = context;
    struct sim *s = c->sim;
    struct witness *w = &s->worlds[c->service].witness;
    const struct service *inside = &s->engine->services[c->service];
    json_decref(body);
    if (s->dying) {
        call_free(c);
        return;
    }
    if (!c->refresh) {
        sim_say(s, c->service, "%s is answered %d", engine_operation_word(c->operation), status);
        bool ran = w->intent.open && !w->intent.automatic && w->intent.ran;
        bool refused = status >= 400 && !ran && w->intent.told < c->asked;
        if (refused && c->operation == OPERATION_STOP && status != 409 && status != 400 &&
            inside->saved.stopped_on_purpose && !c->was_stopped)
            sim_broken(s, c->service, "a refused stop (%d) left the desired state at stopped",
                       status);
        if (c->operation == OPERATION_STOP && status == 200) {
            w->should_be_stopped = w->others_started < c->asked; /* not what was undone meanwhile */
        }
    }
    call_free(c);
}

void people_operate(struct sim *s, int service)
{
    static const enum engine_operation choices[] = {OPERATION_START, OPERATION_STOP,
                                                    OPERATION_RESTART, OPERATION_RELOAD};
    if (!daemon_alive(s))
        return;
    struct engine_request request = {
        .operation = choices[chance_between(&s->chance, 0, 3)],
        .user = user,
        .force = chance_percent(&s->chance, 20),
        .confirmation = true,
        .answer = answered,
    };
    struct call *c = call_new(s, service);
    c->operation = request.operation;
    c->was_stopped = s->engine->services[service].saved.stopped_on_purpose;
    request.context = c;
    (void)str_copy(request.reason, sizeof request.reason, "because");
    sim_say(s, service, "a person asks for %s%s", engine_operation_word(request.operation),
            request.force ? " by force" : "");
    if (request.operation != OPERATION_STOP && request.operation != OPERATION_RELOAD)
        s->worlds[service].witness.should_be_stopped = false;
    s->operations++;
    s->worlds[service].witness.asked_during_load = witness_loads(s, service);
    engine_operate(s->engine, service, &request, clocks_now(s));
}

static void set_something(struct sim *s, int service)
{
    static const char *const pairs[][2] = {
        {"enabled", "false"},       {"enabled", "true"},          {"enabled", "true"},
        {"max_attempts", "1"},      {"max_attempts", "5"},        {"retry_delay_seconds", "5"},
        {"failure_threshold", "2"}, {"external_stop", "respect"}, {"external_stop", "recover"},
    };
    int64_t i = chance_between(&s->chance, 0, (int64_t)ARRAY_LENGTH(pairs) - 1);
    struct error err = {0};
    sim_say(s, service, "a person sets %s=%s", pairs[i][0], pairs[i][1]);
    const struct engine_setting setting = {pairs[i][0], pairs[i][1]};
    if (engine_recovery_set(s->engine, service, &setting, 1, &user, NULL, clocks_now(s), &err) < 0)
        sim_broken(s, service, "a setting is refused: %s", err.text);
}

void people_tweak(struct sim *s, int service)
{
    struct witness *w = &s->worlds[service].witness;
    if (!daemon_alive(s))
        return;
    struct now now = clocks_now(s);
    switch (chance_between(&s->chance, 0, 5)) {
    case 0: {
        int64_t ms = chance_between(&s->chance, 1000, 1200000);
        sim_say(s, service, "a person pauses it for %lld ms", (long long)ms);
        engine_pause(s->engine, service, ms, &user, "work", NULL, now);
        if (!s->dying) {
            w->paused = true;
            w->paused_until = wall_add(now.wall, ms);
        }
        return;
    }
    case 1:
        sim_say(s, service, "a person resumes it");
        w->paused = false;
        engine_resume(s->engine, service, &user, "done", NULL, now);
        return;
    case 2:
    case 3:
        sim_say(s, service, "a person resets recovery");
        w->attempts = 0;
        w->reset = s->now;
        w->ended[0] = w->ended[1] = w->ended[2] = -SIM_NEVER / 2;
        w->effective = 0; /* the one under way is counted when it runs */
        w->alerted[0] = '\0';
        w->recovery_steps = 0;
        engine_recovery_reset(s->engine, service, &user, "looked", NULL, now);
        return;
    case 4:
        set_something(s, service);
        return;
    default: {
        struct call *c = call_new(s, service);
        c->refresh = true;
        engine_refresh(s->engine, service, answered, c, now);
        return;
    }
    }
}

void people_outside(struct sim *s, int service)
{
    struct witness *w = &s->worlds[service].witness;
    struct unit *u = &s->worlds[service].unit;
    switch (chance_between(&s->chance, 0, 4)) {
    case 0:
    case 1:
        sim_say(s, service, "an operator stops the unit");
        (void)unit_job(s, service, JOB_STOP);
        return;
    case 2:
        sim_say(s, service, "an operator starts the unit");
        w->should_be_stopped = false;
        w->others_started = s->now;
        (void)unit_job(s, service, JOB_START);
        return;
    case 3:
        sim_say(s, service, "an operator restarts the unit");
        w->should_be_stopped = false;
        w->others_started = s->now;
        (void)unit_job(s, service, JOB_RESTART);
        return;
    default:
        sim_say(s, service, "a client sends SHUTDOWN");
        if (u->process == PROCESS_UP)
            unit_exit(s, service);
        return;
    }
}
