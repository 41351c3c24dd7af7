/* PING from the Redis host itself: over the session to it, through a channel that sshd may not
 * permit, to loopback. What is broken between here and Redis' port is not on this way. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define LOOK_AGAIN_MS 50

static struct service_world *world_of(struct sim *s, int service)
{
    return &s->worlds[service];
}

static uint64_t ticket_of(const struct service_world *w, const struct peek *p)
{
    return p->serial * SIM_PEEKS_MAX + (uint64_t)(p - w->peeks);
}

static struct peek *peek_of(struct sim *s, int service, uint64_t ticket)
{
    struct peek *p = &world_of(s, service)->peeks[ticket % SIM_PEEKS_MAX];
    return p->used && p->serial == ticket / SIM_PEEKS_MAX ? p : NULL;
}

static void deliver(struct sim *s, int service, uint64_t ticket)
{
    struct peek *p = peek_of(s, service, ticket);
    if (p == NULL)
        return;
    struct witness_outcome outcome = {.id = p->id, .facts = p->facts};
    p->used = false;
    witness_peek(s, service, p->asked, &outcome.facts);
    sim_say(s, service, "on the host: %s",
            outcome.facts.possible ? reply_class_word(outcome.facts.reply) : "-");
    engine_witness_ended(s->engine, service, &outcome, clocks_now(s));
}

static void settle(struct sim *s, int service, struct peek *p, enum reply_class reply,
                   int64_t delay_ms)
{
    if (p->settled)
        return;
    p->settled = true;
    p->facts.possible = reply != REPLY_NONE;
    p->facts.reply = reply;
    (void)str_copy(p->facts.text, sizeof p->facts.text,
                   reply == REPLY_NONE ? "the host cannot be asked" : reply_class_word(reply));
    sim_input(s, s->now + delay_ms, deliver, service, ticket_of(world_of(s, service), p));
}

static bool through_ssh(const struct sim *s, int service)
{
    return s->services[service].control == CONTROL_SSH;
}

static bool overdue(struct sim *s, int service, struct peek *p, enum reply_class reply)
{
    if (clocks_mono(s) < p->deadline)
        return false;
    settle(s, service, p, reply, 0);
    return true;
}

/* At the host: who is silent may answer before the deadline. */
static void waits(struct sim *s, int service, uint64_t ticket)
{
    struct peek *p = peek_of(s, service, ticket);
    struct service_world *w = world_of(s, service);
    if (p == NULL || p->settled || overdue(s, service, p, REPLY_SILENT))
        return;
    enum reply_class reply = server_on_host(s, service);
    if (p->generation != 0 && p->generation != w->unit.generation)
        reply = REPLY_CLOSED;
    if (reply != REPLY_REFUSED && p->generation == 0)
        p->generation = w->unit.generation;
    bool lost = through_ssh(s, service) && w->ssh_way != WAY_OPEN;
    if (reply != REPLY_NONE && !lost) {
        int64_t late = w->late_ms > 0 ? chance_between(&s->chance, 0, w->late_ms) : 0;
        settle(s, service, p, reply, 2 + w->line_ms / 2 + late);
        return;
    }
    sim_at(s, s->now + LOOK_AGAIN_MS, waits, service, ticket);
}

static void gives_up(struct sim *s, int service, uint64_t ticket)
{
    struct peek *p = peek_of(s, service, ticket);
    if (p != NULL)
        settle(s, service, p, REPLY_NONE, 0);
}

static void arrives(struct sim *s, int service, uint64_t ticket)
{
    struct peek *p = peek_of(s, service, ticket);
    struct service_world *w = world_of(s, service);
    if (p == NULL || p->settled)
        return;
    if (!through_ssh(s, service)) {
        waits(s, service, ticket);
        return;
    }
    bool lost = w->loss_percent > 0 && chance_percent(&s->chance, w->loss_percent);
    if (w->ssh_way == WAY_SILENT || lost)
        sim_at(s, clocks_world_of(s, p->deadline), gives_up, service, ticket);
    else if (w->ssh_way != WAY_OPEN || w->tunnel_forbidden)
        settle(s, service, p, REPLY_NONE, 5);
    else
        waits(s, service, ticket);
}

void on_host_ask(struct sim *s, int service, uint64_t id, int port, int64_t deadline)
{
    struct service_world *w = world_of(s, service);
    for (int i = 0; i < SIM_PEEKS_MAX; i++) {
        struct peek *p = &w->peeks[i];
        if (p->used)
            continue;
        *p = (struct peek){
            .used = true, .id = id, .serial = ++s->serials, .asked = s->now, .deadline = deadline};
        (void)snprintf(p->facts.address, sizeof p->facts.address, "127.0.0.1:%d", port);
        int64_t way = through_ssh(s, service) ? w->line_ms + w->line_ms / 2 : 0;
        uint64_t ticket = ticket_of(w, p);
        int64_t late = clocks_world_of(s, p->deadline);
        int64_t at = s->now + way + chance_between(&s->chance, 1, 5);
        sim_at(s, at < late ? at : late, at < late ? arrives : gives_up, service, ticket);
        return;
    }
    sim_broken(s, service, "more than %d PINGs from one host are under way", SIM_PEEKS_MAX);
}

/* Our end of the session is closed: each of them ends, and nothing is known. */
void on_host_cut(struct sim *s, int service)
{
    for (int i = 0; i < SIM_PEEKS_MAX; i++) {
        struct peek *p = &world_of(s, service)->peeks[i];
        if (!p->used)
            continue;
        p->facts.possible = false;
        p->facts.reply = REPLY_NONE;
        settle(s, service, p, REPLY_NONE, 0);
        sim_input(s, s->now, deliver, service, ticket_of(world_of(s, service), p));
    }
}

void on_host_forget(struct sim *s, int service)
{
    memset(world_of(s, service)->peeks, 0, sizeof world_of(s, service)->peeks);
}
