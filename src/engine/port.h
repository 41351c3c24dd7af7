/* What the engine needs of the world, as tables of functions, so that the simulator can stand in
 * for it. The engine reads no clock and does no I/O: every entry point of engine.h is handed `now`,
 * every request goes out through here, and its answer comes back through one of the
 * engine_*_ended() calls: exactly once for each id, never on the caller's stack. */
#ifndef RESUS_ENGINE_PORT_H
#define RESUS_ENGINE_PORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "host/command.h"
#include "host/controller.h"
#include "host/host_refusal.h"
#include "redis/client.h"
#include "store/audit.h"
#include "store/past_events.h"
#include "store/series_store.h"
#include "store/service_state.h"

/* The engine's own turn (tilt) beside the services' indices. */
#define ENGINE_SELF (-1)

struct engine_ports {
    void *context;
    /* engine_wake(service) at `at`; replaces the wake-up asked for before; MONO_NEVER = none. */
    void (*wake_at)(void *context, int service, mono_ms at);
    /* -> engine_redis_ended. Requests of one service on the kept connection are answered in order.
     */
    void (*redis)(void *context, int service, uint64_t id, enum redis_request request, bool fresh,
                  mono_ms deadline);
    /* -> engine_host_ended */
    void (*host)(void *context, int service, const struct host_request *request);
    /* PING from the Redis host itself: to its loopback at `port`, then to the configured address
     * -> engine_witness_ended. NULL: no such way, nothing is asked. */
    void (*witness)(void *context, int service, uint64_t id, int port, mono_ms deadline);
    /* Asks a dependent service's address whether it is well -> engine_probe_ended */
    void (*probe)(void *context, int service, uint64_t id, const char *url);
    /* -> engine_save_ended when id != 0 */
    void (*save)(void *context, int service, uint64_t id, enum store_class class,
                 const struct service_state *state);
    void (*record)(void *context, const struct recovery_record *record);
    /* -> engine_audit_ended when id != 0 */
    void (*audit)(void *context, int service, uint64_t id, const struct audit_line *line,
                  bool durable);
    /* An event for every reader; `body` is borrowed, complete with type, service, timestamp and
     * seq. */
    void (*publish)(void *context, int service, uint64_t seq, const char *type, json_t *body,
                    wall_ms at);
    /* Only the numbers, types and messages of events are read: what describes the state of a
     * service is published empty, and no event has its frame (the simulator, in most seeds). */
    bool terse_events;
    /* This process is root: on this machine it needs no sudo. */
    bool root;
    /* A step of 30 s of a service, and an outage that has ended. */
    void (*sample)(void *context, const struct series_sample *sample);
    void (*outage)(void *context, const struct outage_record *outage);
    /* A line of the recording of incident `number` (engine/recording.h), without its newline; NULL
     * = none, it only ends. `last`: nothing more comes of that number. May be NULL: no recording.
     */
    void (*incident)(void *context, int service, uint64_t number, const char *line, bool last);
    /* There is a new verdict, or the same again: alerts look at the service. NULL: there are none.
     * Must not call the engine back. */
    void (*judged)(void *context, int service);
    /* Something worth a line in the program's own log. */
    void (*log)(void *context, int service, bool warning, const char *text);
    /* 64 random bits: ids, jitter. */
    uint64_t (*random)(void *context);
};

/* The result of a host command, with its output already read: the parsers are host/'s, the facts
 * are core's. */
struct host_outcome {
    uint64_t id;
    enum host_command command;
    enum host_end end;
    int exit_code;
    int64_t duration_ms;
    struct unit_facts unit;       /* HOST_STATUS, HOST_SHOW, HOST_IS_ACTIVE that reached the host */
    struct process_facts process; /* HOST_PROCESS */
    struct log_facts log;         /* HOST_JOURNAL, HOST_LOG_TAIL */
    struct log_facts saving;      /* HOST_JOURNAL, HOST_LOG_TAIL */
    struct restart_facts restart; /* HOST_JOURNAL */
    bool log_empty;            /* no line could be read: try with sudo, or the log is elsewhere */
    bool not_applicable;       /* the unit has no reload */
    bool job_cancelled;        /* another stop took the place of the command's job */
    enum host_refusal refusal; /* nothing was done */
    char error[FACT_TEXT_MAX]; /* first line of stderr, or why the host was not reached */
    const char *out;           /* raw output for evidence, may be NULL; valid during the call */
    size_t out_length;
};

/* The answer to ports.witness. */
struct witness_outcome {
    uint64_t id;
    struct witness_facts facts;
};

/* The result of a look at a dependent service. */
struct probe_outcome {
    uint64_t id;
    bool ok;
    int http_status;           /* 0 = there was no answer */
    char error[FACT_TEXT_MAX]; /* why it is not ok */
};

#endif
