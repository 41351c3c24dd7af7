/* What Redis answers, and how its connections end. A request waits here until
 * the server's state settles it or its deadline comes. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define RESEND_MS 200         /* TCP's shortest wait for an acknowledgement, */
#define CONNECT_AGAIN_MS 1000 /* and that of a SYN */

static struct service_world *world_of(struct sim *s, int service)
{
    return &s->worlds[service];
}

/* A name for a request that is never used twice, though its slot is. */
static uint64_t ticket_of(const struct service_world *w, const struct ask *a)
{
    return a->serial * SIM_ASKS_MAX + (uint64_t)(a - w->asks);
}

static struct ask *ask_of(struct sim *s, int service, uint64_t ticket)
{
    struct ask *a = &world_of(s, service)->asks[ticket % SIM_ASKS_MAX];
    return a->used && a->serial == ticket / SIM_ASKS_MAX ? a : NULL;
}

int64_t server_load_progress(const struct sim *s, int service)
{
    const struct unit *u = &s->worlds[service].unit;
    return u->load_ms == 0 ? 10000 : u->load_done_ms * 10000 / u->load_ms;
}

static void deliver(struct sim *s, int service, uint64_t ticket)
{
    struct ask *a = ask_of(s, service, ticket);
    if (a == NULL)
        return;
    a->used = false;
    struct redis_answer answer = a->answer;
    bool ping = a->request == REDIS_PING;
    witness_probe(s, service, a);
    witness_info(s, service, a);
    if (a->request == REDIS_SCRIPT_KILL || a->request == REDIS_FUNCTION_KILL)
        world_of(s, service)->witness.acted_end = s->now;
    if (answer.info.known && a->request == REDIS_INFO)
        promise_info(s, service, &answer.info);
    if (answer.probe.reply != REPLY_PONG || !ping)
        sim_say(s, service, "answer %s %s to #%llu", a->fresh ? "fresh" : "kept",
                reply_class_word(answer.probe.reply), (unsigned long long)a->id);
    engine_redis_ended(s->engine, service, &answer, clocks_now(s));
}

static bool loses(struct sim *s, int service)
{
    int percent = world_of(s, service)->loss_percent;
    return percent > 0 && chance_percent(&s->chance, percent);
}

static void settle(struct sim *s, int service, struct ask *a, enum reply_class reply,
                   int64_t delay_ms)
{
    a->settled = true;
    a->answer.id = a->id;
    a->answer.request = a->request;
    a->answer.probe.reply = reply;
    a->answer.probe.latency_us = reply_answered(reply) ? 1000 : FACT_UNKNOWN;
    (void)str_copy(a->answer.probe.text, sizeof a->answer.probe.text, reply_class_word(reply));
    struct service_world *w = world_of(s, service);
    /* Only a Sentinel changes roles in this world. */
    static const char sentinel[] = "id=7 addr=10.0.0.9:50000 name=sentinel-1f2e3d4c-cmd\n";
    static const char waiting[] = "id=7 addr=10.0.0.9:50000 name=sentinel-1f2e3d4c-cmd\n"
                                  "id=8 addr=10.0.0.7:5123 idle=4 flags=b cmd=set\n";
    if (a->request == REDIS_CLIENT_LIST && reply == REPLY_OTHER) {
        const char *clients = w->unit.writes_wait_until > s->now ? waiting : sentinel;
        a->answer.text = clients;
        a->answer.text_length = strlen(clients);
    }
    int64_t at = s->now + delay_ms;
    if (!a->fresh) {
        if (at < w->kept_delivers)
            at = w->kept_delivers; /* replies of one connection keep their order */
        w->kept_delivers = at;
    }
    sim_input(s, at, deliver, service, ticket_of(w, a));
}

/* ── INFO ── */

static void fill_info(const struct sim *s, int service, struct info_facts *i)
{
    const struct unit *u = &s->worlds[service].unit;
    facts_info_reset(i);
    i->known = true;
    i->process_id = u->foreign ? SIM_FOREIGN_PID : u->pid;
    i->uptime_seconds = (s->now - u->began) / 1000;
    (void)snprintf(i->run_id, sizeof i->run_id, "%llu", (unsigned long long)u->generation);
    i->connected_clients = 10;
    i->maxclients = 10000;
    bool writes_wait = u->writes_wait_until > s->now;
    i->blocked_clients = writes_wait ? 1 : 0;
    if (u->reports_pauses) {
        i->paused = writes_wait ? TRI_YES : TRI_NO;
        i->pause_left_ms = writes_wait ? u->writes_wait_until - s->now : 0;
    }
    i->role = u->role;
    if (u->role == ROLE_SENTINEL)
        return; /* nothing of memory, persistence, replication or keys */
    i->used_memory = 1 << 20;
    bool loading = u->process == PROCESS_LOADING; /* it refuses its replicas until it has loaded */
    i->connected_replicas = loading ? 0 : replication_replicas(s, service);
    if (u->role == ROLE_REPLICA)
        i->master_link_up = u->link_up ? TRI_YES : TRI_NO;
    i->aof_enabled = TRI_NO;
    i->last_save_ok = u->save_fails && u->persists ? TRI_NO : TRI_YES;
    i->save_running = TRI_NO;
    i->loading = loading ? TRI_YES : TRI_NO;
    i->unsaved_changes = u->persists ? 7 : 0;
    i->failover = u->failover ? FAILOVER_RUNNING : FAILOVER_NONE;
    if (i->loading == TRI_YES) {
        i->loading_percent = (double)server_load_progress(s, service) / 100;
        i->loading_eta_seconds = (u->load_ms - u->load_done_ms) / 1000;
    }
}

static void fill_config(const struct unit *u, struct info_facts *i)
{
    facts_info_reset(i);
    i->save_points = u->persists ? TRI_YES : TRI_NO;
    i->busy_threshold_ms = u->script_shows_ms;
    i->maxclients = 10000;
}

/* ── the reply of a server that is there ── */

static enum reply_class reply_to_kill(struct sim *s, int service, const struct ask *a)
{
    struct unit *u = &world_of(s, service)->unit;
    bool function = a->request == REDIS_FUNCTION_KILL;
    if (u->script_until <= s->now || u->script_function != function)
        return REPLY_NOTBUSY;
    if (u->script_wrote)
        return REPLY_UNKILLABLE;
    u->script_until = 0;
    process_clock(s, service);
    sim_say(s, service, "the script is killed");
    return REPLY_OTHER;
}

static enum reply_class reply_of(struct sim *s, int service, struct ask *a)
{
    struct unit *u = &world_of(s, service)->unit;
    bool busy = u->script_until > s->now;
    /* Before BUSY and LOADING. */
    bool no_primary = u->role == ROLE_REPLICA && !u->link_up && !u->answers_stale;
    if (u->role == ROLE_SENTINEL && a->request != REDIS_PING && a->request != REDIS_INFO)
        return REPLY_ERROR;
    if (a->request == REDIS_PING && no_primary && !(u->save_fails && u->persists))
        return REPLY_MASTERDOWN;
    if (a->request == REDIS_SCRIPT_KILL || a->request == REDIS_FUNCTION_KILL)
        return reply_to_kill(s, service, a);
    if (busy)
        return REPLY_BUSY;
    switch (a->request) {
    case REDIS_PING:
        if (u->process == PROCESS_LOADING)
            return REPLY_LOADING;
        return u->save_fails && u->persists ? REPLY_MISCONF : REPLY_PONG;
    case REDIS_INFO:
    case REDIS_LASTSAVE_INFO:
        fill_info(s, service, &a->answer.info);
        return REPLY_OTHER;
    case REDIS_CONFIG:
        if (u->process == PROCESS_LOADING)
            return REPLY_LOADING;
        fill_config(u, &a->answer.info);
        return REPLY_OTHER;
    case REDIS_BGSAVE:
        if (u->process == PROCESS_LOADING)
            return REPLY_LOADING;
        return REPLY_OTHER;
    default:
        return REPLY_OTHER;
    }
}

/* Is there a process that would ever answer? */
static bool listens(const struct unit *u)
{
    return u->foreign || u->process == PROCESS_LOADING || u->process == PROCESS_UP ||
           u->process == PROCESS_ENDING;
}

static bool speaks(const struct sim *s, const struct unit *u)
{
    if (u->foreign)
        return true;
    bool hidden_script = u->script_until > s->now && s->now - u->script_since < u->script_shows_ms;
    bool busy = hidden_script || u->work_until > s->now;
    return !u->frozen && u->process != PROCESS_ENDING && !busy;
}

/* Opens the way of a request to the process, or settles it at the door. */
static bool connects(struct sim *s, int service, struct ask *a)
{
    struct service_world *w = world_of(s, service);
    struct unit *u = &w->unit;
    if (!a->fresh && w->kept_up) {
        if (w->kept_generation != u->generation) {
            /* The reset of a peer that died while the way was cut comes now. */
            w->kept_up = false;
            settle(s, service, a, REPLY_CLOSED, 1);
            return false;
        }
        a->generation = u->generation;
        return true;
    }
    if (w->door == WAY_SILENT)
        return false;
    if (!listens(u) || u->local || w->door == WAY_REJECTED) {
        settle(s, service, a, REPLY_REFUSED, 1);
        return false;
    }
    if (w->door == WAY_RESET) {
        settle(s, service, a, REPLY_CLOSED, 1);
        return false;
    }
    if (u->frozen && a->fresh && chance_percent(&s->chance, 20))
        return false; /* the backlog is full */
    bool door = u->full || u->door_shut;
    if (door && speaks(s, u)) {
        settle(s, service, a, u->full ? REPLY_MAXCLIENTS : REPLY_WRONGPASS, 2);
        return false;
    }
    a->generation = u->generation;
    if (!a->fresh) {
        w->kept_up = true;
        w->kept_generation = u->generation;
    }
    return true;
}

/* What Redis has to say sets out for here. It may not get here, or not at the first time. */
static void reply_leaves(struct sim *s, int service, struct ask *a, enum reply_class reply)
{
    int64_t wait = RESEND_MS;
    int64_t late = chance_between(&s->chance, 1, 4) + world_of(s, service)->line_ms / 2;
    for (; loses(s, service); wait *= 2) {
        late += wait;
        a->lost = chance_percent(&s->chance, 50) || clocks_mono(s) + late >= a->deadline;
        if (a->lost)
            return;
    }
    settle(s, service, a, reply, late);
}

/* What a client hears on a way that is broken for it alone. */
static void broken_way(struct sim *s, int service, struct ask *a)
{
    enum way way = world_of(s, service)->redis_way;
    if (way == WAY_REJECTED)
        settle(s, service, a, a->generation == 0 ? REPLY_REFUSED : REPLY_CLOSED, 1);
    else if (way == WAY_RESET)
        settle(s, service, a, REPLY_CLOSED, 1);
    else if (way == WAY_UNREACHABLE && a->generation == 0)
        settle(s, service, a, REPLY_UNREACHABLE, 1);
}

static void attempt(struct sim *s, int service, struct ask *a)
{
    struct service_world *w = world_of(s, service);
    if (!a->used || a->settled || a->lost || w->redis_way == WAY_SILENT)
        return;
    if (w->redis_way != WAY_OPEN) {
        broken_way(s, service, a);
        return;
    }
    if (a->generation == 0 && !connects(s, service, a))
        return;
    if (a->generation != w->unit.generation) {
        settle(s, service, a, REPLY_CLOSED, 1);
        return;
    }
    if (!speaks(s, &w->unit))
        return;
    reply_leaves(s, service, a, reply_of(s, service, a));
}

static void arrives(struct sim *s, int service, uint64_t ticket)
{
    struct ask *a = ask_of(s, service, ticket);
    if (a == NULL)
        return;
    if (!loses(s, service))
        attempt(s, service, a);
    else if (chance_percent(&s->chance, 50))
        a->lost = true;
    else
        sim_at(s, s->now + (a->fresh ? CONNECT_AGAIN_MS : RESEND_MS), arrives, service, ticket);
}

void server_changed(struct sim *s, int service)
{
    for (int i = 0; i < SIM_ASKS_MAX; i++)
        attempt(s, service, &world_of(s, service)->asks[i]);
}

static void deadlines(struct sim *s, int service, uint64_t at);

/* One appointment for all that wait: it looks who waited too long, and makes the next. */
static void plan_deadline(struct sim *s, int service, int64_t deadline)
{
    struct service_world *w = world_of(s, service);
    int64_t at = clocks_world_of(s, deadline);
    if (w->asks_looked != 0 && w->asks_looked <= at)
        return;
    w->asks_looked = at;
    sim_at(s, at, deadlines, service, (uint64_t)at);
}

static void deadlines(struct sim *s, int service, uint64_t at)
{
    struct service_world *w = world_of(s, service);
    if (w->asks_looked != (int64_t)at)
        return;
    w->asks_looked = 0;
    for (int i = 0; i < SIM_ASKS_MAX; i++) {
        struct ask *a = &w->asks[i];
        if (!a->used || a->settled)
            continue;
        if (clocks_mono(s) < a->deadline) {
            plan_deadline(s, service, a->deadline);
            continue;
        }
        if (a->request != REDIS_PING)
            facts_info_reset(&a->answer.info); /* what a lost reply would have told */
        settle(s, service, a, a->generation == 0 ? REPLY_NO_CONNECT : REPLY_SILENT, 0);
    }
}

void server_ask(struct sim *s, int service, uint64_t id, enum redis_request request, bool fresh,
                int64_t until)
{
    struct service_world *w = world_of(s, service);
    w->witness.asked = s->now;
    for (uint64_t i = 0; i < SIM_ASKS_MAX; i++) {
        struct ask *a = &w->asks[i];
        if (a->used)
            continue;
        *a = (struct ask){.used = true,
                          .id = id,
                          .serial = ++s->serials,
                          .request = request,
                          .fresh = fresh,
                          .asked = s->now,
                          .deadline = until};
        if (request != REDIS_PING)
            facts_info_reset(&a->answer.info);
        uint64_t ticket = ticket_of(w, a);
        bool opens = fresh || !w->kept_up;
        int64_t trips = opens ? 3 : 1; /* half ones: a connection begins with a whole one */
        int64_t at = s->now + chance_between(&s->chance, 0, 2) + w->line_ms / 2 * trips;
        if (!fresh) {
            if (at < w->kept_arrives)
                at = w->kept_arrives;
            w->kept_arrives = at;
        }
        sim_at(s, at, arrives, service, ticket);
        plan_deadline(s, service, until);
        return;
    }
    sim_broken(s, service, "more than %d requests to one Redis are under way", SIM_ASKS_MAX);
}

/* ── the end of connections ── */

static void tell_lost(struct sim *s, int service, uint64_t generation)
{
    struct service_world *w = world_of(s, service);
    if (!w->kept_up || w->kept_generation != generation)
        return;
    w->kept_up = false;
    engine_redis_lost(s->engine, service, "the connection was closed", clocks_now(s));
}

/* The end of a connection comes after what was said on it. */
static void end_follows(struct sim *s, int service, uint64_t generation)
{
    struct service_world *w = world_of(s, service);
    int64_t at = s->now + 1;
    if (at < w->kept_delivers)
        at = w->kept_delivers;
    w->kept_delivers = at;
    sim_input(s, at, tell_lost, service, generation);
}

void server_died(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    if (w->redis_way != WAY_OPEN)
        return; /* nobody hears of it */
    uint64_t generation = w->kept_generation;
    server_changed(s, service); /* those who wait are closed first */
    if (w->kept_up)
        end_follows(s, service, generation);
}

void server_cut(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    w->kept_up = false;
    for (int i = 0; i < SIM_ASKS_MAX; i++) {
        struct ask *a = &w->asks[i];
        if (!a->used)
            continue;
        facts_info_reset(&a->answer.info);
        if (!a->settled)
            settle(s, service, a, REPLY_NONE, 0);
        a->answer.probe.reply = REPLY_NONE;
        a->answer.probe.latency_us = FACT_UNKNOWN;
        sim_input(s, s->now, deliver, service, ticket_of(w, a)); /* before what was on its way */
    }
}

/* A way that ends connections takes the kept one along. */
void server_way_changed(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    bool ends = w->redis_way == WAY_REJECTED || w->redis_way == WAY_RESET;
    server_changed(s, service);
    if (ends && w->kept_up && daemon_alive(s))
        end_follows(s, service, w->kept_generation);
}

enum reply_class server_on_host(struct sim *s, int service)
{
    struct unit *u = &world_of(s, service)->unit;
    struct ask ping = {.request = REDIS_PING};
    if (!listens(u))
        return REPLY_REFUSED;
    if (!speaks(s, u))
        return REPLY_NONE;
    if (u->full || u->door_shut)
        return u->full ? REPLY_MAXCLIENTS : REPLY_WRONGPASS;
    return reply_of(s, service, &ping);
}

void server_forget(struct sim *s, int service)
{
    struct service_world *w = world_of(s, service);
    memset(w->asks, 0, sizeof w->asks);
    w->kept_up = false;
}
