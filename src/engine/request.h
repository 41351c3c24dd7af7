/* The requests of a service that have not been answered yet. Each has an id that is never used
 * twice; its answer comes back under that id. */
#ifndef RESUS_ENGINE_REQUEST_H
#define RESUS_ENGINE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "host/command.h"
#include "redis/client.h"

struct service;

#define REQUESTS_MAX 64             /* probes overlap, checks do not */
#define REQUEST_HOST_LIMIT_MS 10000 /* then the host does not answer */

/* What an answer is for. */
enum purpose {
    FOR_NOTHING,
    FOR_PULSE,   /* PING on the kept connection */
    FOR_PROBE,   /* PING on a connection of its own */
    FOR_UNIT,    /* systemctl status / show */
    FOR_PROCESS, /* what the kernel says about the main process */
    FOR_WITNESS, /* PING from the Redis host itself */
    FOR_INFO,
    FOR_CONFIG,
    FOR_JOURNAL,
    FOR_LOG_FILE,
    FOR_ROLE_CLIENTS, /* CLIENT LIST after a change of the role */
    FOR_SAVING_LOG,   /* ... while Redis cannot save */
    FOR_RESTART_LOG,  /* the journal after a restart that was not ours */
    FOR_STOP_LOG,     /* ... and after one of recovery: how did the process before end? */
    FOR_ACTION,       /* recovery's host command or script kill */
    FOR_ACTION_2,     /* its second half: FUNCTION KILL, start after reset-failed */
    FOR_ACTION_SAVED, /* INFO persistence while its BGSAVE runs */
    FOR_INTENT,       /* recovery's intent line */
    FOR_SLOWLOG,      /* what kept Redis busy, when that is over */
    FOR_EVIDENCE,     /* INFO, SLOWLOG, CLIENT LIST before an action */
    FOR_OP_SAVE,      /* a person's operation: BGSAVE, */
    FOR_OP_SAVED,     /* INFO persistence while it saves, */
    FOR_OP_INTENT,
    FOR_OP_DESIRED,
    FOR_OP_COMMAND,
    FOR_OP_LOG,    /* the journal: how did the stop end? */
    FOR_SAMPLE,    /* INFO for the series */
    FOR_DEPENDENT, /* after it: is who depends on the service well again? */
    FOR_RIGHTS,    /* sudo -n -l */
    FOR_WISH,      /* what it shall be, when nobody waits for that to be on the disk */
};

struct pending {
    uint64_t id; /* 0 = the place is free */
    enum purpose purpose;
    mono_ms asked;
    uint64_t action_id; /* the action or operation that it belongs to, 0 = none */
};

struct requests {
    struct pending pending[REQUESTS_MAX];
    int used; /* all places from here on are free */
    uint64_t last_id;
};

/* Returns the id for the request that the caller is about to send. When all places are taken, the
 * oldest request that belongs to no action or operation is given up. */
uint64_t request_begin(struct service *s, enum purpose purpose, mono_ms asked);
uint64_t request_begin_action(struct service *s, enum purpose purpose, mono_ms asked,
                              uint64_t action_id);
/* Takes the request out; all zero when the id is not known. */
struct pending request_end(struct service *s, uint64_t id);
bool request_pending(const struct service *s, enum purpose purpose);
mono_ms request_asked(const struct service *s, enum purpose purpose); /* newest; MONO_NEVER none */

/* A command that only reads; number: lines of a log, a process, else 0. */
void request_host(struct service *s, enum purpose purpose, enum host_command command, int number,
                  bool with_sudo, struct now now);
void request_host_of(struct service *s, enum purpose purpose, enum host_command command, int number,
                     bool with_sudo, uint64_t action_id, struct now now);

#endif
