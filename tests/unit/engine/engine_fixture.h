/* An engine of one service whose world does nothing by itself: what it asks for is kept, and the
 * test answers. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "engine/engine.h"

#define FIXTURE_SAMPLES_MAX 64
#define FIXTURE_ASKED_MAX 256

struct asked {
    uint64_t id;
    enum redis_request request; /* of Redis */
    bool fresh;                 /* ... on a connection of its own */
    enum host_command command;  /* of the host */
    int number;                 /* its process; of a witness: the port */
    const char *url;            /* of a dependent service */
};

struct fixture {
    struct settings settings;
    struct service_settings service;
    struct service_state saved;
    struct engine *engine;
    mono_ms due, self_due; /* the wake-ups asked for */
    struct asked redis[FIXTURE_ASKED_MAX], host[FIXTURE_ASKED_MAX];
    size_t redis_count, host_count, probe_count;
    struct asked probes[FIXTURE_ASKED_MAX], witnesses[FIXTURE_ASKED_MAX];
    size_t witness_count;
    size_t notice_count, status_count; /* events published */
    char notice[256];                  /* the newest */
    uint64_t intent;                   /* the newest durable audit line, 0 = none */
    size_t saves;                      /* how often the state was saved */
    uint64_t save;                     /* the newest save whose end is awaited, 0 = none */
    struct audit_line outcome;         /* the newest with a result */
    struct audit_line told;            /* the newest of an incident */
    size_t outcome_count, refused_count;
    struct series_sample samples[FIXTURE_SAMPLES_MAX];
    int sample_count;
    struct outage_record outages[FIXTURE_SAMPLES_MAX];
    int outage_count;
    struct recovery_record record; /* the newest, without evidence */
    int record_count;
    uint64_t random; /* what the engine's port gives out */
};

/* cmocka's: the engine has started at 1000 ms. */
int fixture_set_up(void **state);
/* After fixture_tear_down(): another engine begins, with `saved`. */
int fixture_restart(struct fixture *f);
int fixture_tear_down(void **state);
struct now fixture_at(int64_t ms);
void fixture_sleep(int64_t ms); /* the machine has slept so long, whatever is asked for next */
/* Wakes the service so late after the time it asked for; the engine's own turns come as asked, so
 * that it does not doubt itself. Returns that time. */
int64_t fixture_wake_late(struct fixture *f, int64_t late_ms);

#endif
