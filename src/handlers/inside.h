/* Shared by the files of handlers/, and by nobody else. */
#ifndef RESUS_HANDLERS_INSIDE_H
#define RESUS_HANDLERS_INSIDE_H

#include "handlers/handlers.h"
#include "report/audit_readers.h"

#define HANDLERS_FOLLOWERS_MAX 64

struct handling;

struct handlers {
    struct engine *engine;
    wall_ms started;
    uint64_t web_restarts;
    struct audit_readers audits;
    struct handlers_ports ports;
    const struct handling *handlings[OPERATION_COUNT];
    bool there[OPERATION_COUNT]; /* what it needs is part of this daemon */
    uint64_t last_id;
    struct call *waiting;   /* for a store query, a host command or a Redis reply, by call->ask */
    struct call *followers; /* of events */
    json_t *openapi;        /* made when it is first asked for */
    struct call *sleepers;  /* follows of logs, until their deadline */
};

static inline struct now handlers_now(const struct handlers *h)
{
    return h->ports.now(h->ports.context);
}

/* What an errno value means to who asked. */
struct refusal {
    int error; /* negative */
    int status;
    const char *title, *code;
};
void handlers_refuse(struct handlers *h, struct call *call, int status, const char *title,
                     const char *text, const char *code);
/* Refuses with `text`: by a row of `own` (`count`, may be NULL), else by the usual one: not found,
 * something else runs, bad input, out of memory; else 500 with `otherwise` as its code. */
void handlers_refuse_error(struct handlers *h, struct call *call, int error, const char *text,
                           const struct refusal *own, size_t count, const char *otherwise);
/* Takes `body`, NULL = no memory; people's names are cut to what the role may see. */
void handlers_answer_seen(struct handlers *h, struct call *call, int status, json_t *body);
/* 400: the operation needs `confirmation`, and `text` says why. */
void handlers_unconfirmed(struct handlers *h, struct call *call, const char *text);
/* False: refused, because no history of figures is kept. */
bool handlers_has_history(struct handlers *h, struct call *call) ATTR_MUST_USE;
/* Takes `items`: {items, next_cursor}. */
void handlers_answer_list(struct call *call, json_t *items);
json_t *handlers_success(void); /* {"success": true} */
/* The service that `service` of the arguments names, -1 = none named; false: refused, because there is
 * none of that name. */
bool handlers_named_service(struct handlers *h, struct call *call, int *ret) ATTR_MUST_USE;
/* An answer that is held back while `works`, at most `most_ms` since call->seen: true when it sleeps. */
bool handlers_hold(struct handlers *h, struct call *call, bool works, int64_t most_ms);
/* The call no longer waits for the answer that it was parked for. */
void handlers_unwait(struct handlers *h, struct call *call);

/* Answers of the store: what lists share. */
json_t *rows_list(json_t *rows); /* {items, next_cursor}; NULL without memory */
void rows_refuse(struct handlers *h, struct call *call, const struct error *error);

#endif
