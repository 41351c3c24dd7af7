#include "engine_fixture.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

static int64_t slept_ms;

struct now fixture_at(int64_t ms)
{
    return (struct now){.mono = {ms}, .boot = {ms + slept_ms}, .wall = {1000000 + ms + slept_ms}};
}

void fixture_sleep(int64_t ms)
{
    slept_ms += ms;
}

static void wake_at(void *context, int service, mono_ms due)
{
    struct fixture *f = context;
    *(service == ENGINE_SELF ? &f->self_due : &f->due) = due;
}

static void keep_redis(void *context, int service, uint64_t id, enum redis_request request,
                       bool fresh, mono_ms deadline)
{
    struct fixture *f = context;
    (void)service, (void)deadline;
    f->redis[f->redis_count++ % FIXTURE_ASKED_MAX] =
        (struct asked){.id = id, .request = request, .fresh = fresh};
}

static void keep_host(void *context, int service, const struct host_request *request)
{
    struct fixture *f = context;
    (void)service;
    f->host[f->host_count++ % FIXTURE_ASKED_MAX] =
        (struct asked){.id = request->id, .command = request->command, .number = request->number};
}

static void keep_witness(void *context, int service, uint64_t id, int port, mono_ms deadline)
{
    struct fixture *f = context;
    (void)service, (void)deadline;
    f->witnesses[f->witness_count++ % FIXTURE_ASKED_MAX] = (struct asked){.id = id, .number = port};
}

static void keep_probe(void *context, int service, uint64_t id, const char *url)
{
    struct fixture *f = context;
    (void)service;
    f->probes[f->probe_count++ % FIXTURE_ASKED_MAX] = (struct asked){.id = id, .url = url};
}

static void keep_save(void *context, int service, uint64_t id, enum store_class class,
                      const struct service_state *state)
{
    struct fixture *f = context;
    f->saves++;
    (void)service, (void)class, (void)state;
    if (id != 0)
        f->save = id;
}

static void keep_record(void *context, const struct recovery_record *record)
{
    struct fixture *f = context;
    f->record = *record;
    f->record.evidence = NULL; /* the engine's */
    f->record_count++;
}

static void keep_audit(void *context, int service, uint64_t id, const struct audit_line *line,
                       bool durable)
{
    struct fixture *f = context;
    (void)service;
    if (durable)
        f->intent = id;
    else if (line->has_result) {
        f->outcome = *line;
        f->outcome_count++;
    } else if (line->event == AUDIT_INCIDENT) {
        f->told = *line;
        f->refused_count += strstr(line->reason, ": no attempt, refused") != NULL;
    }
}

static void keep_notice(void *context, int service, uint64_t seq, const char *type, json_t *body,
                        wall_ms at)
{
    struct fixture *f = context;
    (void)service, (void)seq, (void)at;
    f->status_count += str_equal(type, "service_status");
    if (!str_equal(type, "notice"))
        return;
    f->notice_count++;
    (void)str_copy(f->notice, sizeof f->notice, json_text_or(body, "message", ""));
}

static void keep_sample(void *context, const struct series_sample *sample)
{
    struct fixture *f = context;
    f->samples[f->sample_count++ % FIXTURE_SAMPLES_MAX] = *sample;
}

static void keep_outage(void *context, const struct outage_record *outage)
{
    struct fixture *f = context;
    f->outages[f->outage_count++ % FIXTURE_SAMPLES_MAX] = *outage;
}

static void drop_log(void *context, int service, bool warning, const char *text)
{
    (void)context, (void)service, (void)warning, (void)text;
}

static void drop_incident(void *context, int service, uint64_t number, const char *line, bool last)
{
    (void)context, (void)service, (void)number, (void)line, (void)last;
}

static uint64_t same_random(void *context)
{
    const struct fixture *f = context;
    return f->random;
}

int fixture_restart(struct fixture *f)
{
    struct engine_ports ports = {.context = f,
                                 .wake_at = wake_at,
                                 .redis = keep_redis,
                                 .host = keep_host,
                                 .witness = keep_witness,
                                 .probe = keep_probe,
                                 .save = keep_save,
                                 .record = keep_record,
                                 .audit = keep_audit,
                                 .publish = keep_notice,
                                 .sample = keep_sample,
                                 .outage = keep_outage,
                                 .log = drop_log,
                                 .incident = drop_incident,
                                 .random = same_random};
    struct error err = {0};
    f->self_due = f->due = MONO_NEVER;
    f->redis_count = f->host_count = f->probe_count = f->witness_count = 0;
    f->intent = f->save = 0;
    if (engine_new(&f->settings, &ports, &f->saved, fixture_at(1000), &f->engine, &err) < 0)
        return -1;
    engine_start(f->engine, fixture_at(1000));
    return 0;
}

int fixture_set_up(void **state)
{
    static struct fixture f;
    slept_ms = 0;
    f = (struct fixture){.settings.service_count = 1, .self_due = MONO_NEVER, .due = MONO_NEVER};
    f.service.watch = watch_policy_default();
    f.service.recovery = recovery_policy_default();
    (void)str_copy(f.service.id, sizeof f.service.id, "redis");
    (void)str_copy(f.service.redis.host, sizeof f.service.redis.host, "127.0.0.1");
    f.settings.services = &f.service;
    *state = &f;
    return fixture_restart(&f);
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    engine_free(f->engine);
    return 0;
}

int64_t fixture_wake_late(struct fixture *f, int64_t late_ms)
{
    int64_t now = f->due.ms + late_ms;
    while (f->self_due.ms <= now)
        engine_wake(f->engine, ENGINE_SELF, fixture_at(f->self_due.ms));
    engine_wake(f->engine, 0, fixture_at(now));
    return now;
}
