/* From a row of the table of operations to what it does. */
#ifndef RESUS_HANDLERS_HANDLERS_H
#define RESUS_HANDLERS_HANDLERS_H

#include "api/call.h"
#include "base/error.h"
#include "doctor/facts.h"
#include "engine/engine.h"
#include "host/controller.h"
#include "redis/client.h"
#include "store/audit.h"
#include "store/past_events.h"
#include "store/series_store.h"
#include "store/store.h"

struct accounts;
struct alerts;
struct backups;
struct maintenance;
struct fleet;
struct restores;
struct procedures;
struct sshkeys;

/* What handlers need besides the engine; answers come back through handlers_*_ended() with the id,
 * which is a ticket of TICKET_HANDLERS (base/ticket.h). */

struct handlers_ports {
    void *context;
    struct now (*now)(void *context);
    void (*host)(void *context, int service, const struct host_request *request);
    void (*redis)(void *context, int service, uint64_t id, enum redis_request request,
                  const char *const *args, bool fresh, mono_ms deadline);
    /* PING from the Redis host itself, as in engine/port.h */
    void (*witness)(void *context, int service, uint64_t id, int port, mono_ms deadline);
    void (*later)(void *context,
                  mono_ms at); /* handlers_later() at that time; replaces the one before */
    void (*self)(void *context, struct doctor_self *ret);
    void (*audit_look)(void *context, struct audit_state *ret);
    /* audit_rekey(); answered by handlers_audited() */
    void (*audit_rekey)(void *context, uint64_t id, const uint8_t *key,
                        const struct audit_line *line);
    struct store *store;
    struct series_store *series;     /* NULL: no history of figures is kept */
    uv_loop_t *loop;                 /* for work that may take long, beside the loop */
    struct accounts *accounts;       /* NULL: nobody can log in */
    struct sshkeys *keys;            /* NULL: SSH keys are not exchanged */
    struct alerts *alerts;           /* NULL: nobody is told anything */
    struct backups *backups;         /* NULL: there are no backups */
    struct restores *restores;       /* NULL: nothing is restored */
    struct procedures *procedures;   /* NULL: there are none */
    struct fleet *fleet;             /* NULL: this engine is alone */
    struct maintenance *maintenance; /* NULL: there are no maintenance windows */
};

struct handlers;
/* The web process is started once more: for /metrics. */
void handlers_web_restarted(struct handlers *h);
int handlers_new(struct engine *engine, const struct handlers_ports *ports, struct handlers **ret,
                 struct error *err) ATTR_MUST_USE;
void handlers_free(struct handlers *h); /* calls that wait are dropped; takes NULL */

/* Checks fields, service and role, then hands the call to its handler. `service` NULL: the only
 * one. */
void handlers_dispatch(struct handlers *h, struct call *call, const char *service);
/* The asker of a call went away. */
void handlers_gone(struct handlers *h, struct call *call);

/* A write of an account (TICKET_ACCOUNTS), or of a record that a call waits for, has ended. */
void handlers_saved(struct handlers *h, uint64_t id, enum store_outcome outcome,
                    const struct error *error);
void handlers_audited(struct handlers *h, uint64_t id, enum audit_outcome outcome,
                      const struct error *error);
void handlers_rows(struct handlers *h, uint64_t id, json_t *rows, const struct error *error);
void handlers_host_ended(struct handlers *h, int service, uint64_t id,
                         const struct host_result *result);
void handlers_redis_ended(struct handlers *h, int service, const struct redis_answer *answer);
void handlers_witness_ended(struct handlers *h, int service, uint64_t id,
                            const struct witness_facts *facts);
void handlers_later(struct handlers *h);
/* The connections of a service were opened again (a reload). Requests on the old ones get no reply
 * now, so the calls that wait for them are answered here. */
void handlers_reopened(struct handlers *h, int service);
/* {"status", "health", "events"} of a service as an admin sees them, for the web process
 * (api/link.h, op "snapshot"); a status with "error" is answered with 503. New reference. */
json_t *handlers_snapshot(struct handlers *h, int service);
/* The list as admins see it: the web process keeps one copy, and shows each role its part. */
json_t *handlers_service_list(struct handlers *h);
/* A message of alerts has got an answer. */
void handlers_message_answered(struct handlers *h);
/* An event was published: to whoever follows. */
void handlers_event(struct handlers *h, int service, const json_t *event);

#endif
