/* One request of a person or a program, from the control socket or from the web process. A handler
 * answers it exactly once, now or later. */
#ifndef RESUS_API_CALL_H
#define RESUS_API_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/operations.h"
#include "api/user.h"
#include "base/time.h"

struct call {
    const struct operation *operation;
    int service;        /* index, -1 when the operation is on none */
    const json_t *args; /* checked against the table; borrowed; never NULL */
    struct engine_user user;
    enum access access;
    bool needs_factor;      /* may only set up a second factor */
    wall_ms granted_until;  /* the role is that of a grant, and ends with it; WALL_NONE = its own */
    char answerable[256];   /* e-mail of the person behind it: an API token's maker; "" = unknown */
    int64_t user_number;    /* the user's row; 0 = Unix name, API token or nobody */
    char session[48];       /* the session's jti, "" = none */
    char request_id[48];    /* X-Request-Id, "" = none */
    const json_t *services; /* ids that an API token is scoped to; NULL = all; borrowed */
    /* Takes the reference of `body`; afterwards the call is gone. */
    void (*answer)(struct call *call, int status, json_t *body);
    void (*push)(struct call *call, json_t *line); /* of a follow; takes the reference */
    void *owner;
    /* the handler's own, between its steps */
    uint64_t ask; /* the request under way that this call waits for */
    bool gone;    /* the asker went away: answer soon, to be freed */
    json_t *kept;
    wall_ms seen;
    int64_t number;
    mono_ms deadline;
    void *data;
    void (*free_data)(struct call *call); /* of `data`, when the call is answered */
    struct call *next;
};

/* Overwrites the FIELD_SECRET values of `args`: for the owner of the call, once it is answered. */
void call_wipe_secrets(const struct call *call);

/* Is the service among those that the call's API token is for? */
bool call_sees(const struct call *call, const char *id);

/* Answers with error_body(). */
void call_refuse(struct call *call, int status, const char *title, const char *message,
                 const char *code, wall_ms now);

#endif
