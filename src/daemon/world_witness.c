/* The Redis host's own view: PING from there. Where the port refuses, the title of the unit's
 * process says where Redis listens now: after a change of `port` neither INFO nor the settings know
 * it, and a Redis that serves elsewhere would look like one that does not listen. */
#include <string.h>

#include "base/str.h"
#include "base/ticket.h"
#include "daemon/world_inside.h"
#include "host/systemctl.h"
#include "io/clock.h"

static void open_way(void *context, const char *host, int port, mono_ms deadline,
                     void (*done)(void *done_context, int fd, const struct error *error),
                     void *done_context)
{
    struct place *p = context;
    ssh_tunnel_try(p->world->ssh, &p->world->settings->services[p->index].ssh, host, port, deadline,
                   done, done_context);
}

static void forget_way(void *context, const void *done_context)
{
    const struct place *p = context;
    ssh_tunnel_forget(p->world->ssh, done_context);
}

static void tell_engine(struct place *p, uint64_t id, const struct witness_facts *facts)
{
    struct witness_outcome o = {.id = id, .facts = *facts};
    p->question.id = 0;
    if (facts->paused) /* the faulty command */
        engine_own_errors(p->world->engine, p->index, 1);
    engine_witness_ended(p->world->engine, p->index, &o, clock_now());
}

/* Of the look at the title, for the question `id`. */
static uint64_t title_ticket(uint64_t id)
{
    struct ticket t = ticket_read(id);
    t.owner = TICKET_TITLE;
    return ticket_pack(t);
}

/* A process that Resus runs itself listens where its settings say. */
static bool title_helps(const struct place *p, uint64_t id, const struct witness_facts *facts)
{
    const struct witness_question *q = &p->question;
    return q->id == id && !q->titled && facts->possible && facts->reply == REPLY_REFUSED &&
           p->controller != NULL &&
           p->world->settings->services[p->index].control != CONTROL_PROCESS;
}

static void on_witness(void *context, uint64_t id, const struct witness_facts *facts)
{
    struct place *p = context;
    if (ticket_is_of(id, TICKET_HANDLERS)) {
        handlers_witness_ended(p->world->handlers, p->index, id, facts);
        return;
    }
    if (!title_helps(p, id, facts)) {
        tell_engine(p, id, facts);
        return;
    }
    p->question.titled = true;
    p->question.refused = *facts;
    const struct host_request look = {
        .id = title_ticket(id), .command = HOST_STATUS, .deadline = p->question.deadline};
    world_command(p->world, p->index, &look);
}

void witness_title_ended(struct place *p, uint64_t id, const struct host_result *r)
{
    struct witness_question *q = &p->question;
    if (title_ticket(q->id) != id) /* given up meanwhile */
        return;
    int port = r->end == HOST_EXITED ? systemctl_listening_port(r->out, r->out_length) : 0;
    if (port > 0 && port != q->port && p->witness != NULL)
        witness_ask(p->witness, q->id, port, q->deadline);
    else
        tell_engine(p, q->id, &q->refused);
}

void witness_lost(struct place *p, uint64_t id, const char *why)
{
    struct witness_facts facts = {.possible = false};
    (void)str_copy_clean(facts.text, sizeof facts.text, why, strlen(why));
    on_witness(p, id, &facts);
}

void world_witness(void *context, int service, uint64_t id, int port, mono_ms deadline)
{
    struct world *w = context;
    struct place *p = &w->places[service];
    if (ticket_is_of(id, TICKET_ENGINE))
        p->question = (struct witness_question){.id = id, .port = port, .deadline = deadline};
    if (p->witness != NULL) {
        witness_ask(p->witness, id, port, deadline);
        return;
    }
    ledger_redis(&p->asked, id, REDIS_REQUEST_COUNT, clock_mono()); /* stands for the witness */
    world_refuse_soon(w);
}

int place_open_witness(struct world *w, int index, const struct service_settings *s,
                       struct ends *ret, struct error *err)
{
    struct place *p = &w->places[index];
    const struct witness_way way = {.context = p, .open = open_way, .forget = forget_way};
    return witness_new(w->loop, s->control == CONTROL_SSH ? &way : NULL, s, on_witness, p,
                       &ret->witness, err);
}
