/* A Redis that does not answer here, from the first missing PONG to the action or to none: what is
 * asked of its host, how long it takes, what is said meanwhile and afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/observe.h"
#include "engine/service.h"
#include "engine_fixture.h"
#include "redis/reply.h"

#define ANSWERS_MAX 128
#define DEADLINE_MS 5000
#define RESTART_MS 1000

/* A request and when its answer comes. */
struct answer {
    enum { TO_NONE, TO_REDIS, TO_HOST, TO_WITNESS } to;
    struct asked asked;
    int64_t began, due;
    enum reply_class late; /* of a witness whose answers come late: as it was when asked */
};

struct world {
    struct fixture *f;
    int64_t now;
    enum reply_class here, there;     /* REPLY_NONE there: cannot be asked */
    enum task_state state;            /* TASK_UNKNOWN: the process cannot be looked at */
    int64_t cpu_percent, cpu_ms, pid; /* of the process, while it is silent */
    int64_t tracer;
    bool contained;   /* Redis has process number 1, and port 6379, of its own container */
    int64_t look_ms;  /* a command on the host takes */
    int64_t there_ms; /* an answer of the witness comes so much later */
    bool muddled;     /* every other look at the process speaks of another one */
    bool group_told;  /* the unit's processor time is in its status */
    bool frozen;      /* the unit, as its status shows */
    bool cured_by_restart;
    struct redis_reply *slowlog;
    struct answer answers[ANSWERS_MAX];
    int looks, witnesses, slowlogs, reloads, restarts, witness_port;
    int64_t restarted_at, process_looks_most, witnesses_most;
};

static void begin(struct world *w, struct fixture *f)
{
    *w = (struct world){.f = f,
                        .now = 1000,
                        .here = REPLY_PONG,
                        .there = REPLY_PONG,
                        .state = TASK_SLEEPING,
                        .pid = 4711,
                        .look_ms = 20,
                        .cured_by_restart = true};
    f->service.commands_extended = true;
}

static int64_t cpu_now(const struct world *w)
{
    return w->cpu_ms + w->now * w->cpu_percent / 100;
}

static struct unit_facts unit_of(const struct world *w)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = UNIT_ACTIVE;
    u.main_pid = w->pid;
    u.control_reached = TRI_YES;
    u.can_reload = TRI_NO;
    u.cpu_ms = w->group_told ? cpu_now(w) : FACT_UNKNOWN;
    u.frozen = w->frozen;
    (void)str_copy(u.sub, sizeof u.sub, "running");
    return u;
}

static int64_t takes(const struct world *w, const struct answer *a)
{
    enum reply_class reply = a->to == TO_WITNESS ? w->there : w->here;
    if (a->to == TO_HOST)
        return a->asked.command == HOST_RESTART ? RESTART_MS : w->look_ms;
    int64_t late = a->to == TO_WITNESS ? w->there_ms : 0;
    return (reply == REPLY_SILENT || reply == REPLY_NO_CONNECT ? DEADLINE_MS : 1) + late;
}

static int under_way(const struct world *w, int to, enum host_command command)
{
    int n = 0;
    for (int i = 0; i < ANSWERS_MAX; i++)
        n += (int)w->answers[i].to == to &&
             (to != TO_HOST || w->answers[i].asked.command == command);
    return n;
}

static void take(struct world *w, int to, const struct asked *asked)
{
    for (int i = 0; i < ANSWERS_MAX; i++) {
        struct answer *a = &w->answers[i];
        if (a->to != TO_NONE)
            continue;
        *a = (struct answer){.asked = *asked, .began = w->now, .late = w->there};
        a->to = to == TO_REDIS ? TO_REDIS : to == TO_HOST ? TO_HOST : TO_WITNESS;
        a->due = w->now + takes(w, a);
        break;
    }
    w->looks += to == TO_HOST && asked->command == HOST_PROCESS;
    w->witnesses += to == TO_WITNESS;
    w->witness_port = to == TO_WITNESS ? asked->number : w->witness_port;
    w->slowlogs += to == TO_REDIS && asked->request == REDIS_SLOWLOG;
    w->reloads += to == TO_HOST && asked->command == HOST_RELOAD;
    w->restarts += to == TO_HOST && asked->command == HOST_RESTART;
    if (to == TO_HOST && asked->command == HOST_PROCESS)
        assert_int_equal(asked->number, w->pid);
    assert_true(under_way(w, TO_HOST, HOST_PROCESS) <= 1);
    assert_true(under_way(w, TO_WITNESS, HOST_STATUS) <= 1);
}

static void collect(struct world *w)
{
    struct fixture *f = w->f;
    for (size_t i = 0; i < f->redis_count; i++)
        take(w, TO_REDIS, &f->redis[i]);
    for (size_t i = 0; i < f->host_count; i++)
        take(w, TO_HOST, &f->host[i]);
    for (size_t i = 0; i < f->witness_count; i++)
        take(w, TO_WITNESS, &f->witnesses[i]);
    f->redis_count = f->host_count = f->witness_count = 0;
    if (f->intent != 0) {
        uint64_t id = f->intent;
        f->intent = 0;
        engine_audit_ended(f->engine, 0, id, AUDIT_DURABLE, fixture_at(w->now));
        collect(w);
    }
}

static void answer_redis(struct world *w, const struct answer *a)
{
    struct redis_answer answer = {.id = a->asked.id, .request = a->asked.request};
    enum reply_class reply = w->here;
    bool late = w->now - a->began >= DEADLINE_MS;
    answer.probe.reply = late ? REPLY_SILENT : reply;
    facts_info_reset(&answer.info);
    if (reply == REPLY_PONG && !late && a->asked.request == REDIS_INFO) {
        answer.info.known = true;
        answer.info.process_id = w->contained ? 1 : w->pid;
        answer.info.tcp_port = 6379;
    }
    if (a->asked.request == REDIS_SLOWLOG) {
        answer.probe.reply = REPLY_OTHER;
        answer.reply = w->slowlog;
    }
    engine_redis_ended(w->f->engine, 0, &answer, fixture_at(w->now));
}

static void answer_host(struct world *w, const struct answer *a)
{
    struct host_outcome o = {.id = a->asked.id,
                             .command = a->asked.command,
                             .end = HOST_EXITED,
                             .duration_ms = w->now - a->began,
                             .unit = unit_of(w)};
    if (a->asked.command == HOST_PROCESS && w->state != TASK_UNKNOWN)
        o.process = (struct process_facts){
            .pid = w->pid, .state = w->state, .cpu_ms = cpu_now(w), .tracer_pid = w->tracer};
    if (a->asked.command == HOST_PROCESS && w->muddled && w->looks % 2 == 0)
        o.process.pid++;
    if (a->asked.command == HOST_RESTART) {
        w->restarted_at = w->now;
        w->pid++;
        o.unit = unit_of(w);
        if (w->cured_by_restart)
            w->here = w->there = REPLY_PONG;
    }
    engine_host_ended(w->f->engine, 0, &o, fixture_at(w->now));
}

static void answer_witness(struct world *w, const struct answer *a)
{
    struct witness_outcome o = {.id = a->asked.id};
    o.facts.possible = w->there != REPLY_NONE;
    o.facts.reply = w->now - a->began >= DEADLINE_MS ? REPLY_SILENT
                    : w->there_ms > 0                ? a->late
                                                     : w->there;
    (void)str_copy(o.facts.address, sizeof o.facts.address, "127.0.0.1:6379");
    (void)str_copy(o.facts.text, sizeof o.facts.text, "administratively prohibited");
    engine_witness_ended(w->f->engine, 0, &o, fixture_at(w->now));
}

static struct answer *earliest(struct world *w)
{
    struct answer *first = NULL;
    for (int i = 0; i < ANSWERS_MAX; i++)
        if (w->answers[i].to != TO_NONE && (first == NULL || w->answers[i].due < first->due))
            first = &w->answers[i];
    return first;
}

static void run_until(struct world *w, int64_t until)
{
    struct fixture *f = w->f;
    for (;;) {
        collect(w);
        struct answer *a = earliest(w);
        int64_t next = f->due.ms < f->self_due.ms ? f->due.ms : f->self_due.ms;
        if (a != NULL && a->due <= next)
            next = a->due;
        if (next > until)
            break;
        w->now = next > w->now ? next : w->now;
        if (a != NULL && a->due <= w->now) {
            struct answer done = *a;
            *a = (struct answer){0};
            if (done.to == TO_REDIS)
                answer_redis(w, &done);
            else if (done.to == TO_HOST)
                answer_host(w, &done);
            else
                answer_witness(w, &done);
        } else if (f->self_due.ms <= w->now) {
            engine_wake(f->engine, ENGINE_SELF, fixture_at(w->now));
        } else {
            engine_wake(f->engine, 0, fixture_at(w->now));
        }
    }
    w->now = until;
}

/* What waits is answered when Redis works again. */
static void change(struct world *w, enum reply_class here, enum reply_class there)
{
    w->here = here;
    w->there = there;
    if (here != REPLY_PONG)
        return;
    for (int i = 0; i < ANSWERS_MAX; i++)
        if (w->answers[i].to == TO_REDIS || w->answers[i].to == TO_WITNESS)
            w->answers[i].due = w->now + 1;
}

static const struct service *service(const struct world *w)
{
    return &w->f->engine->services[0];
}

/* A healthy service at 5000 ms, silent from then on. */
static void fall_silent(struct world *w, struct fixture *f)
{
    begin(w, f);
    run_until(w, 5000);
    assert_int_equal(service(w)->cause, CAUSE_OK);
    assert_int_equal(w->looks, 0);     /* nothing is asked without probing, */
    assert_int_equal(w->witnesses, 1); /* but a witness, once, whether it finds Redis */
    change(w, REPLY_SILENT, REPLY_SILENT);
}

static const char *cause_of(const struct world *w)
{
    return cause_row(service(w)->cause)->code;
}

static void a_hang_with_evidence_is_healed_within_twelve_seconds(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    run_until(&w, 5000 + 12000);
    assert_int_equal(w.restarts, 1);
    assert_true(w.restarted_at < 5000 + 12000);
    assert_string_equal(cause_of(&w), "ok");
    assert_true(w.f->outcome.success);
    assert_string_equal(w.f->outcome.reason, "hung");
    run_until(&w, 60000);
    assert_int_equal(w.restarts, 1);
}

static void the_evidence_costs_a_real_hang_no_time(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    run_until(&w, 5000 + 12000);
    /* a second to notice, half a second between three probes, five for each, and the restart */
    assert_in_range(w.restarted_at, 5000, 5000 + 2000 + 1000 + DEADLINE_MS + RESTART_MS + 100);
}

static void a_process_that_a_signal_stopped_is_restarted_without_a_reload(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_STOPPED;
    run_until(&w, 5000 + 12000);
    assert_int_equal(w.reloads, 0);
    assert_int_equal(w.restarts, 1);
}

static void a_refused_port_that_is_refused_there_is_healed_at_once(void **state)
{
    struct world w;
    begin(&w, *state);
    run_until(&w, 20000);
    change(&w, REPLY_REFUSED, REPLY_REFUSED);
    run_until(&w, 20000 + 6000);
    assert_int_equal(w.restarts, 1);
    assert_string_equal(cause_of(&w), "ok");
}

/* Two looks are compared, also when one between them said nothing about this process. */
static void a_look_at_another_process_hides_no_work(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.muddled = true;
    w.cpu_percent = 60;
    run_until(&w, 5000 + 60000);
    assert_true(w.looks > 4);
    assert_int_equal(w.restarts, 0);
    assert_string_equal(cause_of(&w), "busy_command");
}

/* The process could not be looked at before blind_hang_seconds were almost over. */
static void a_first_look_that_comes_late_is_compared_with_a_second(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.there = REPLY_NONE;
    w.state = TASK_UNKNOWN;
    w.cpu_percent = 60;
    run_until(&w, 5000 + 29500);
    assert_int_equal(w.restarts, 0);
    w.state = TASK_SLEEPING;
    run_until(&w, 5000 + 60000);
    assert_int_equal(w.restarts, 0);
    assert_string_equal(cause_of(&w), "busy_command");
}

/* The main process, which runs the container, sleeps while Redis works in it. Another container may
 * have the port that INFO names. */
static void a_redis_in_a_container_is_not_judged_by_the_process_that_runs_it(void **state)
{
    struct world w;
    begin(&w, *state);
    w.contained = true;
    w.f->service.redis.port = 6380;
    run_until(&w, 5000);
    assert_int_equal(service(&w)->cause, CAUSE_OK);
    change(&w, REPLY_SILENT, REPLY_SILENT);
    run_until(&w, 5000 + 25000);
    assert_int_equal(w.looks, 0);
    assert_int_equal(w.restarts, 0);
    assert_int_equal(w.witness_port, 6380);
    run_until(&w, 5000 + 45000); /* the time for silence without evidence */
    assert_int_equal(w.restarts, 1);
}

/* id, time, microseconds, words, client */
static struct redis_reply *slowlog_reply(int64_t unix_seconds)
{
    static struct redis_reply id = {.type = RESP_INTEGER, .integer = 7};
    static struct redis_reply at = {.type = RESP_INTEGER};
    static struct redis_reply took = {.type = RESP_INTEGER, .integer = 59800000};
    static struct redis_reply name = {.type = RESP_BULK, .text = "hset", .length = 4};
    static struct redis_reply key = {.type = RESP_BULK, .text = "users:1", .length = 7};
    static struct redis_reply value = {.type = RESP_BULK, .text = "s3cret", .length = 6};
    static struct redis_reply client = {.type = RESP_BULK, .text = "10.0.0.7:5123", .length = 13};
    static struct redis_reply *word_items[] = {&name, &key, &value};
    static struct redis_reply words = {.type = RESP_LIST, .count = 3, .items = word_items};
    static struct redis_reply *entry_items[] = {&id, &at, &took, &words, &client};
    static struct redis_reply entry = {.type = RESP_LIST, .count = 5, .items = entry_items};
    static struct redis_reply *items[] = {&entry};
    static struct redis_reply list = {.type = RESP_LIST, .count = 1, .items = items};
    at.integer = unix_seconds;
    return &list;
}

static bool advises(const struct world *w, const char *text)
{
    JSON_CLEANUP json_t *health = engine_health_json(w->f->engine, 0, fixture_at(w->now));
    const json_t *advice = json_object_get(health, "recommendations");
    size_t i;
    const json_t *one;
    json_array_foreach(advice, i, one)
        if (strstr(json_string_value(one), text) != NULL)
            return true;
    return false;
}

static void a_long_command_is_waited_for_and_named_when_it_is_over(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_RUNNING;
    w.cpu_percent = 100;
    run_until(&w, 5000 + 10000);
    assert_string_equal(cause_of(&w), "busy_command");
    assert_false(service(&w)->recovery.needs_human);
    run_until(&w, 5000 + 36000);
    assert_true(service(&w)->recovery.needs_human);
    run_until(&w, 5000 + 60000);
    assert_string_equal(cause_of(&w), "busy_command");
    assert_int_equal(w.slowlogs, 0);
    w.slowlog = slowlog_reply((1000000 + w.now) / 1000);
    w.state = TASK_SLEEPING;
    w.cpu_ms += cpu_now(&w);
    w.cpu_percent = 0;
    change(&w, REPLY_PONG, REPLY_PONG);
    run_until(&w, 5000 + 65000);
    assert_string_equal(cause_of(&w), "ok");
    assert_int_equal(w.restarts + w.reloads, 0);
    assert_int_equal(w.slowlogs, 1);
    static const char wanted[] = "HSET users:1 from 10.0.0.7:5123 took 59.8 s";
    assert_non_null(strstr(w.f->told.reason, wanted));
    assert_string_equal(w.f->told.operation, "long-command");
    assert_true(advises(&w, wanted));
    assert_false(advises(&w, "s3cret"));
    assert_false(service(&w)->recovery.needs_human);
    run_until(&w, 5000 + 70000);
    assert_int_equal(w.slowlogs, 1);
}

static void a_long_command_without_a_name_is_announced_too(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_RUNNING;
    w.cpu_percent = 100;
    run_until(&w, 5000 + 20000);
    change(&w, REPLY_PONG, REPLY_PONG);
    run_until(&w, 5000 + 25000);
    assert_non_null(strstr(w.f->told.reason, "could not be read"));
    assert_int_equal(w.restarts, 0);
}

static void a_long_command_beyond_its_limit_is_treated_as_a_hang(void **state)
{
    struct fixture *f = *state;
    struct world w;
    f->engine->services[0].watch_policy.busy_limit_ms = 20000;
    fall_silent(&w, f);
    w.state = TASK_RUNNING;
    w.cpu_percent = 100;
    run_until(&w, 5000 + 19000);
    assert_int_equal(w.restarts, 0);
    run_until(&w, 5000 + 30000);
    assert_int_equal(w.restarts, 1);
}

static void processor_time_of_the_unit_alone_vetoes(void **state)
{
    struct fixture *f = *state;
    struct world w;
    fall_silent(&w, f);
    f->service.commands_extended = false;
    f->service.control = CONTROL_SSH;
    w.group_told = true;
    w.cpu_percent = 90;
    run_until(&w, 5000 + 60000);
    assert_string_equal(cause_of(&w), "busy_command");
    assert_int_equal(w.looks, 0);
    assert_int_equal(w.restarts, 0);
}

/* ... also when the process itself was looked at until the settings changed. */
static void a_process_that_is_no_longer_looked_at_hides_no_work(void **state)
{
    struct fixture *f = *state;
    struct world w;
    fall_silent(&w, f);
    w.group_told = true;
    while (w.looks < 3 && w.now < 5000 + 12000) /* two of them are compared: it stands still */
        run_until(&w, w.now + 100);
    assert_int_equal(w.looks, 3);
    w.cpu_ms = -w.now * 90 / 100; /* it had slept, and works from now on */
    w.cpu_percent = 90;
    f->service.commands_extended = false;
    f->service.control = CONTROL_SSH;
    engine_reconfigure(f->engine, f->engine->settings, fixture_at(w.now));
    run_until(&w, w.now + 60000);
    assert_int_equal(w.reloads + w.restarts, 0);
    assert_string_equal(cause_of(&w), "busy_command");
}

static void a_hang_without_evidence_is_believed_after_thirty_seconds(void **state)
{
    struct fixture *f = *state;
    struct world w;
    fall_silent(&w, f);
    f->service.commands_extended = false;
    f->service.control = CONTROL_SSH;
    run_until(&w, 5000 + 30000);
    assert_int_equal(w.restarts, 0);
    run_until(&w, 5000 + 40000);
    assert_int_equal(w.restarts, 1);
    assert_string_equal(cause_of(&w), "ok");
}

static void a_unit_that_thaws_has_thirty_seconds_to_answer(void **state)
{
    struct fixture *f = *state;
    struct world w;
    fall_silent(&w, f);
    f->service.commands_extended = false;
    f->service.control = CONTROL_SSH;
    w.frozen = true;
    run_until(&w, 5000 + 90000);
    assert_string_equal(cause_of(&w), "frozen");
    w.frozen = false;
    run_until(&w, 95000 + 29000);
    assert_int_equal(w.reloads + w.restarts, 0);
    run_until(&w, 95000 + 41000);
    assert_int_equal(w.restarts, 1);
}

static void a_witness_that_never_found_redis_is_none(void **state)
{
    struct world w;
    begin(&w, *state);
    w.there = REPLY_REFUSED; /* it listens at an address that the witness does not try */
    run_until(&w, 20000);
    change(&w, REPLY_REFUSED, REPLY_REFUSED);
    run_until(&w, 20000 + 29000);
    assert_int_equal(w.restarts, 0);
}

/* A proxy that dies, a firewall, a changed bind: whether Redis serves cannot be seen from here. */
static void a_refusal_that_nobody_confirms_calls_a_human_and_restarts_nothing(void **state)
{
    struct fixture *f = *state;
    struct world w;
    begin(&w, f);
    f->service.commands_extended = false;
    f->service.control = CONTROL_SSH;
    run_until(&w, 20000);
    change(&w, REPLY_REFUSED, REPLY_NONE);
    run_until(&w, 20000 + 6000);
    assert_string_equal(cause_of(&w), "connection_refused");
    assert_true(service(&w)->recovery.needs_human);
    run_until(&w, 20000 + 300000);
    change(&w, REPLY_SILENT, REPLY_NONE); /* the same path */
    run_until(&w, service(&w)->observations.refused.ms + 29900);
    assert_int_equal(w.restarts + w.reloads, 0);
    change(&w, REPLY_PONG, REPLY_PONG);
    run_until(&w, 20000 + 340000);
    assert_string_equal(cause_of(&w), "ok");
    assert_false(service(&w)->recovery.needs_human);
}

/* A host whose looks take longer than the half second between two probes: each look that comes is
 * older than the newest refusal. */
static void a_host_that_answers_slowly_hides_no_refused_port(void **state)
{
    static const int64_t looks[] = {400, 600, 1100, 1400, 2300, 3200};
    static const struct {
        enum reply_class there;
        const char *cause;
        int restarts;
    } places[] = {{REPLY_REFUSED, "ok", 1},
                  {REPLY_NONE, "connection_refused", 0},
                  {REPLY_PONG, "path_broken", 0}};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(looks); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(places); k++) {
            struct world w;
            engine_free(f->engine);
            assert_int_equal(fixture_restart(f), 0);
            begin(&w, f);
            run_until(&w, 20000);
            w.look_ms = looks[i];
            change(&w, REPLY_REFUSED, places[k].there);
            run_until(&w, 20000 + 20000);
            assert_int_equal(w.restarts, places[k].restarts);
            assert_string_equal(cause_of(&w), places[k].cause);
            assert_int_equal(service(&w)->recovery.needs_human, places[k].restarts == 0);
        }
}

static void no_witness_means_thirty_seconds_too(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.there = REPLY_NONE;
    run_until(&w, 5000 + 30000);
    assert_int_equal(w.restarts, 0);
    run_until(&w, 5000 + 40000);
    assert_int_equal(w.restarts, 1);
}

static void a_broken_path_is_named_and_nothing_is_done(void **state)
{
    static const enum reply_class heres[] = {REPLY_REFUSED, REPLY_SILENT, REPLY_NO_CONNECT,
                                             REPLY_UNREACHABLE, REPLY_CLOSED};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(heres); i++) {
        struct world w;
        engine_free(f->engine);
        assert_int_equal(fixture_restart(f), 0);
        begin(&w, f);
        run_until(&w, 5000);
        change(&w, heres[i], REPLY_PONG);
        run_until(&w, 5000 + 60000);
        assert_string_equal(cause_of(&w), "path_broken");
        assert_true(service(&w)->recovery.needs_human);
        assert_int_equal(w.restarts + w.reloads, 0);
        change(&w, REPLY_PONG, REPLY_PONG);
        run_until(&w, 5000 + 70000);
        assert_string_equal(cause_of(&w), "ok");
        assert_false(service(&w)->recovery.needs_human);
    }
}

/* Of a command that ends, the witness may hear first. */
static void a_command_that_ends_is_no_broken_path(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_RUNNING;
    w.cpu_percent = 100;
    run_until(&w, 5000 + 15000);
    assert_string_equal(cause_of(&w), "busy_command");
    assert_int_equal(under_way(&w, TO_WITNESS, HOST_STATUS), 1);
    change(&w, REPLY_PONG, REPLY_PONG);
    for (int i = 0; i < ANSWERS_MAX; i++)
        if (w.answers[i].to == TO_REDIS)
            w.answers[i].due = w.now + 100;
    for (int64_t end = w.now + 1000; w.now < end;) {
        run_until(&w, w.now + 1);
        assert_true(service(&w)->cause != CAUSE_PATH_BROKEN);
    }
    assert_string_equal(cause_of(&w), "ok");
}

/* A path that refused is whole again, and Redis hangs: what it answered on its host before, and is
 * heard only now, says nothing of the silence (simulator seed 2015647). */
static void a_hang_just_after_a_refusing_path_is_no_broken_path(void **state)
{
    struct world w;
    begin(&w, *state);
    run_until(&w, 5000);
    change(&w, REPLY_REFUSED, REPLY_PONG);
    w.look_ms = 1400; /* the host is asked when its unit is known */
    w.there_ms = 2500;
    while (under_way(&w, TO_WITNESS, HOST_STATUS) == 0)
        run_until(&w, w.now + 10);
    assert_true(w.now > service(&w)->observations.enough_asked.ms);
    w.look_ms = 20;
    change(&w, REPLY_SILENT, REPLY_SILENT);
    for (int64_t end = w.now + 30000; w.now < end && w.restarts == 0;) {
        run_until(&w, w.now + 10);
        assert_string_not_equal(cause_of(&w), "path_broken");
    }
    assert_int_equal(w.restarts, 1);
}

static void a_blocked_or_traced_process_is_left_alone(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_BLOCKED;
    run_until(&w, 5000 + 60000);
    assert_string_equal(cause_of(&w), "io_blocked");
    assert_true(service(&w)->recovery.needs_human);
    w.state = TASK_TRACED;
    w.tracer = 99;
    run_until(&w, 5000 + 120000);
    assert_string_equal(cause_of(&w), "traced");
    assert_int_equal(w.restarts, 0);
    w.state = TASK_SLEEPING; /* let go, and it hangs in earnest */
    w.tracer = 0;
    run_until(&w, 5000 + 140000);
    assert_int_equal(w.restarts, 1);
}

static void a_tracer_has_ten_minutes(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    w.state = TASK_TRACED;
    run_until(&w, 5000 + 595000);
    assert_false(service(&w)->recovery.needs_human);
    run_until(&w, 5000 + 620000);
    assert_true(service(&w)->recovery.needs_human);
    assert_int_equal(w.restarts, 0);
}

static void silence_on_a_slow_line_never_leads_to_a_restart(void **state)
{
    struct world w;
    begin(&w, *state);
    w.look_ms = 4800; /* two turns of 2.4 s */
    run_until(&w, 20000);
    change(&w, REPLY_SILENT, REPLY_SILENT);
    run_until(&w, 20000 + 300000);
    assert_int_equal(w.restarts + w.reloads, 0);
    assert_string_equal(cause_of(&w), "host_unreachable");
    w.look_ms = 20; /* the line is well again, and Redis does hang */
    run_until(&w, 20000 + 330000);
    assert_int_equal(w.restarts, 1);
}

static void a_line_that_turns_slow_is_seen_by_its_usual_time(void **state)
{
    struct world w;
    begin(&w, *state);
    run_until(&w, 130000); /* two looks at the unit in their usual time */
    w.look_ms = 1200;
    change(&w, REPLY_SILENT, REPLY_SILENT);
    run_until(&w, 130000 + 60000);
    assert_int_equal(w.restarts, 0);
}

static void a_crash_asks_for_no_evidence(void **state)
{
    struct world w;
    begin(&w, *state);
    run_until(&w, 5000);
    change(&w, REPLY_REFUSED, REPLY_REFUSED);
    engine_redis_lost(w.f->engine, 0, "closed by the peer", fixture_at(w.now));
    run_until(&w, 5000 + 190);
    assert_int_equal(w.looks, 0);
    assert_int_equal(w.witnesses, 1); /* the one that proved it */
}

static void what_is_said_before_it_is_certain_is_true(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    run_until(&w, 5000 + 5000);
    JSON_CLEANUP json_t *explain = engine_explain_json(w.f->engine, 0, fixture_at(w.now));
    char *text = json_dumps(explain, 0);
    assert_non_null(text);
    assert_false(service(&w)->verdict.confirmed);
    if (strstr(text, "Redis answers") != NULL || strstr(text, "PONG") != NULL ||
        strstr(text, "has not answered for") == NULL ||
        strstr(text, "process: 4711 sleeps (state S)") == NULL ||
        strstr(text, "A restart helps") != NULL)
        fail_msg("%s", text);
    free(text);
}

/* A probe has timed out, and it is still not certain why. */
static void a_silence_that_failed_a_probe_is_still_said_with_its_time(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    while (service(&w)->observations.fresh.reply != REPLY_SILENT && w.now < 5000 + 12000)
        run_until(&w, w.now + 100);
    assert_int_equal(service(&w)->observations.fresh.reply, REPLY_SILENT);
    assert_false(service(&w)->verdict.confirmed);
    JSON_CLEANUP json_t *health = engine_health_json(w.f->engine, 0, fixture_at(w.now));
    const json_t *ping = json_object_get(json_object_get(health, "health_checks"), "connectivity");
    assert_string_equal(json_text_or(ping, "status", ""), "fail");
    assert_non_null(strstr(json_text_or(ping, "message", ""), "has not answered for"));
}

/* Its time is over only after a newer answer: it says nothing of the silence after that. */
static void a_probe_from_before_the_newest_answer_does_not_count(void **state)
{
    struct world w;
    fall_silent(&w, *state);
    struct service *s = &w.f->engine->services[0];
    const struct redis_answer late = {.probe = {.reply = REPLY_SILENT}},
                              pong = {.probe = {.reply = REPLY_PONG}};
    struct pending pulse = {.purpose = WATCH_PULSE, .asked = {w.now - 100}},
                   probe = {.purpose = WATCH_PROBE, .asked = {w.now - 4000}};
    (void)observe_answered(s, &pulse, &(struct part_answer){.redis = &pong}, fixture_at(w.now));
    (void)observe_answered(s, &probe, &(struct part_answer){.redis = &late},
                           fixture_at(w.now + 1000));
    assert_int_equal(s->observations.failed_probes, 0);
    probe.asked.ms = w.now + 10;
    (void)observe_answered(s, &probe, &(struct part_answer){.redis = &late},
                           fixture_at(w.now + 5010));
    assert_int_equal(s->observations.failed_probes, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_silence_that_failed_a_probe_is_still_said_with_its_time),
        TEST(a_probe_from_before_the_newest_answer_does_not_count),
        TEST(a_hang_with_evidence_is_healed_within_twelve_seconds),
        TEST(the_evidence_costs_a_real_hang_no_time),
        TEST(a_process_that_a_signal_stopped_is_restarted_without_a_reload),
        TEST(a_redis_in_a_container_is_not_judged_by_the_process_that_runs_it),
        TEST(a_look_at_another_process_hides_no_work),
        TEST(a_first_look_that_comes_late_is_compared_with_a_second),
        TEST(a_refused_port_that_is_refused_there_is_healed_at_once),
        TEST(a_long_command_is_waited_for_and_named_when_it_is_over),
        TEST(a_long_command_without_a_name_is_announced_too),
        TEST(a_long_command_beyond_its_limit_is_treated_as_a_hang),
        TEST(processor_time_of_the_unit_alone_vetoes),
        TEST(a_process_that_is_no_longer_looked_at_hides_no_work),
        TEST(a_hang_without_evidence_is_believed_after_thirty_seconds),
        TEST(a_unit_that_thaws_has_thirty_seconds_to_answer),
        TEST(a_witness_that_never_found_redis_is_none),
        TEST(a_refusal_that_nobody_confirms_calls_a_human_and_restarts_nothing),
        TEST(a_host_that_answers_slowly_hides_no_refused_port),
        TEST(no_witness_means_thirty_seconds_too),
        TEST(a_broken_path_is_named_and_nothing_is_done),
        TEST(a_command_that_ends_is_no_broken_path),
        TEST(a_hang_just_after_a_refusing_path_is_no_broken_path),
        TEST(a_blocked_or_traced_process_is_left_alone),
        TEST(a_tracer_has_ten_minutes),
        TEST(silence_on_a_slow_line_never_leads_to_a_restart),
        TEST(a_line_that_turns_slow_is_seen_by_its_usual_time),
        TEST(a_crash_asks_for_no_evidence),
        TEST(what_is_said_before_it_is_certain_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
