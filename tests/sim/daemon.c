/* The daemon: the engine behind fake ports, with its starts, deaths, stalls and suspends. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define BOOT_MS 50

/* A daemon that is being killed does nothing more, even in the middle of a turn. */
static bool dead_now(struct sim *s)
{
    if (!s->dying && ++s->calls == s->crash_at)
        s->dying = true;
    return s->dying;
}

/* The same program gives the same fingerprint for a seed, whatever was made faster meanwhile. */
static void mark(struct sim *s, int service, uint64_t what, uint64_t id)
{
    uint64_t parts[] = {(uint64_t)s->now, (uint64_t)service, what, id};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        s->decisions = (s->decisions ^ parts[i]) * 0x100000001B3ULL; /* FNV-1a's prime */
}

static uint64_t letters(const char *text)
{
    uint64_t sum = 0;
    while (*text != '\0')
        sum = sum * 131 + (unsigned char)*text++;
    return sum;
}

static struct timer *timer_of(struct sim *s, int service)
{
    return service == ENGINE_SELF ? &s->self_timer : &s->worlds[service].timer;
}

static void timer_fires(struct sim *s, int service, uint64_t serial);

/* One appointment at most is looked at: one that comes too early makes the next. */
static void plan_timer(struct sim *s, int service)
{
    struct timer *t = timer_of(s, service);
    int64_t at = clocks_world_of(s, t->due);
    if (t->due == SIM_NEVER || (t->planned != SIM_NEVER && t->planned <= at))
        return;
    t->planned = at;
    agenda_add(&s->agenda, (struct appointment){.at = at,
                                                .rank = AGENDA_TIMER,
                                                .act = timer_fires,
                                                .service = service,
                                                .id = ++t->serial,
                                                .life = s->life});
}

static void timer_fires(struct sim *s, int service, uint64_t serial)
{
    struct timer *t = timer_of(s, service);
    if (serial != t->serial)
        return;
    t->planned = SIM_NEVER;
    if (t->due == SIM_NEVER)
        return;
    if (clocks_mono(s) < t->due) {
        plan_timer(s, service); /* it was put off, or a suspend has stopped the monotonic clock */
        return;
    }
    t->due = SIM_NEVER;
    engine_wake(s->engine, service, clocks_now(s));
}

static void port_wake_at(void *context, int service, mono_ms at)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, service, 1, (uint64_t)at.ms);
    timer_of(s, service)->due = at.ms;
    plan_timer(s, service);
}

static void port_redis(void *context, int service, uint64_t id, enum redis_request request,
                       bool fresh, mono_ms deadline)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, service, 2 + (uint64_t)request * 16, id);
    bool automatic = true;
    struct intent *intent = &s->worlds[service].witness.intent;
    if (request == REDIS_SCRIPT_KILL || request == REDIS_FUNCTION_KILL)
        promise_action(s, service, "script-kill", &automatic);
    else if (request == REDIS_BGSAVE && intent->open && !intent->ran &&
             str_equal(intent->operation, "bgsave"))
        promise_action(s, service, "bgsave", &automatic);
    server_ask(s, service, id, request, fresh, deadline.ms);
}

static void port_witness(void *context, int service, uint64_t id, int port, mono_ms deadline)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, service, 8, id);
    on_host_ask(s, service, id, port, deadline.ms);
}

static void port_host(void *context, int service, const struct host_request *request)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, service, 5 + (uint64_t)request->command * 16, request->id);
    shell_run(s, service, request);
}

/* A dependent service that is well three times of four, and sometimes slow to say so; not by the
 * world's chance, so that the runs of a seed stay as they are without dependents. */
static void probe_answers(struct sim *s, int service, uint64_t id)
{
    struct probe_outcome o = {.id = id, .ok = (s->seed + id) % 4 != 0, .http_status = 200};
    if (!o.ok) {
        o.http_status = 503;
        (void)str_copy(o.error, sizeof o.error, "HTTP status 503");
    }
    engine_probe_ended(s->engine, service, &o, clocks_now(s));
}

static void port_probe(void *context, int service, uint64_t id, const char *url)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    if (url[0] == '\0')
        sim_broken(s, service, "a dependent service without an address is asked");
    sim_input(s, s->now + 5 + (int64_t)(id * 7919 % 10000), probe_answers, service, id);
}

static void port_save(void *context, int service, uint64_t id, enum store_class class,
                      const struct service_state *state)
{
    struct sim *s = context;
    (void)class;
    if (dead_now(s))
        return;
    mark(s, service, 3 + (uint64_t)state->attempts * 16, id);
    promise_state(s, service, state);
    disk_save(s, service, id, state);
}

static void port_record(void *context, const struct recovery_record *record)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, 0, 4, letters(record->result));
    for (int i = 0; i < s->count; i++)
        if (str_equal(s->services[i].id, record->service)) {
            promise_record(s, i, record);
            promise_written(s, i, record);
        }
}

static void port_audit(void *context, int service, uint64_t id, const struct audit_line *line,
                       bool durable)
{
    struct sim *s = context;
    if (dead_now(s))
        return;
    mark(s, service, 6, letters(line->operation) + letters(line->reason));
    disk_audit(s, service, id, line, durable);
}

static void port_publish(void *context, int service, uint64_t seq, const char *type, json_t *body,
                         wall_ms at)
{
    struct sim *s = context;
    (void)at;
    if (dead_now(s))
        return;
    mark(s, service, 7 + seq * 16, letters(type));
    promise_event(s, service, seq, type, body);
}

/* History, not state: nothing that is promised rests on it. */
static void port_sample(void *context, const struct series_sample *sample)
{
    struct sim *s = context;
    for (int i = 0; i < SERIES_STATE_COUNT; i++)
        if (sample->state_ms[i] < 0)
            sim_broken(s, -1, "a step of the series has a negative time");
}

static void port_outage(void *context, const struct outage_record *outage)
{
    struct sim *s = context;
    if (outage->ended.ms < outage->began.ms)
        sim_broken(s, -1, "an outage ended before it began");
}

static void port_incident(void *context, int service, uint64_t number, const char *line, bool last)
{
    struct sim *s = context;
    if (!s->dying)
        incident_line(s, service, number, line, last);
}

static void port_log(void *context, int service, bool warning, const char *text)
{
    struct sim *s = context;
    if (!s->dying)
        sim_say(s, service, "%s %s", warning ? "WARN" : "info", text);
}

static uint64_t port_random(void *context)
{
    struct sim *s = context;
    return chance_draw(&s->chance);
}

void daemon_start(struct sim *s)
{
    static const struct engine_ports table = {
        .wake_at = port_wake_at,
        .redis = port_redis,
        .host = port_host,
        .witness = port_witness,
        .probe = port_probe,
        .save = port_save,
        .record = port_record,
        .audit = port_audit,
        .publish = port_publish,
        .sample = port_sample,
        .outage = port_outage,
        .incident = port_incident,
        .log = port_log,
        .random = port_random,
    };
    struct engine_ports ports = table;
    struct error err = {0};
    ports.context = s;
    /* Writing and reading a line, or an event's JSON, costs more than the step that it tells of:
     * some seeds are enough. */
    bool some = s->seed % SIM_PLAYED_OF == 0;
    ports.terse_events = !some;
    if (s->recordings == RECORDINGS_NONE || (s->recordings == RECORDINGS_PLAYED && !some))
        ports.incident = NULL;
    if (s->no_witness)
        ports.witness = NULL;
    s->life++;
    s->dying = false;
    s->self_timer = (struct timer){SIM_NEVER, SIM_NEVER, s->self_timer.serial};
    for (int i = 0; i < s->count; i++)
        s->worlds[i].timer = (struct timer){SIM_NEVER, SIM_NEVER, s->worlds[i].timer.serial};
    for (int i = 0; i < s->count; i++)
        s->worlds[i].witness.asked = s->now; /* the watch begins again */
    disk_load(s);
    if (engine_new(&s->settings, &ports, s->disk.durable, clocks_now(s), &s->engine, &err) < 0) {
        sim_broken(s, -1, "the engine does not start: %s", err.text);
        return;
    }
    s->jolted = -SIM_NEVER / 4; /* a new process has seen no clock yet */
    promise_started(s);
    sim_say(s, -1, "the daemon starts, life %llu", (unsigned long long)s->life);
    disk_close_intents(s);
    engine_start(s->engine, clocks_now(s));
}

static void boots(struct sim *s, int service, uint64_t id)
{
    (void)service;
    (void)id;
    if (s->engine == NULL)
        daemon_start(s);
}

void daemon_stop(struct sim *s)
{
    engine_free(s->engine);
    s->engine = NULL;
    incident_forget(s);
    people_forget(s);
}

void daemon_kill(struct sim *s, int64_t down_ms)
{
    if (s->engine == NULL)
        return;
    sim_say(s, -1, "the daemon is killed, down for %lld ms", (long long)down_ms);
    promise_killed(s);
    daemon_stop(s);
    for (int i = 0; i < s->count; i++) {
        server_forget(s, i);
        shell_forget(s, i);
        on_host_forget(s, i);
    }
    disk_crash(s);
    s->dying = false;
    if (s->asleep_until > s->now)
        s->mono_offset += s->asleep_until - s->now; /* the machine wakes for it */
    s->deaf_until = s->asleep_until = 0;
    sim_at(s, s->now + down_ms + BOOT_MS, boots, -1, 0);
}

void daemon_stall(struct sim *s, int64_t ms)
{
    sim_say(s, -1, "the loop is held up for %lld ms", (long long)ms);
    if (s->deaf_until < s->now + ms)
        s->deaf_until = s->now + ms;
    if (ms > 2600 && s->jolted < s->deaf_until)
        s->jolted = s->deaf_until;
}

void daemon_suspend(struct sim *s, int64_t ms)
{
    if (s->engine == NULL || s->deaf_until > s->now)
        return;
    sim_say(s, -1, "the machine sleeps for %lld ms", (long long)ms);
    s->deaf_until = s->asleep_until = s->now + ms;
    s->mono_offset -= ms;
    if (ms > 2100)
        s->jolted = s->deaf_until;
}

bool daemon_alive(const struct sim *s)
{
    return s->engine != NULL && s->now >= s->deaf_until;
}
