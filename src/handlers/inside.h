/* Shared by the files of handlers/, and by nobody else. */
#ifndef RESUS_HANDLERS_INSIDE_H
#define RESUS_HANDLERS_INSIDE_H

#include "handlers/audits.h"
#include "handlers/handlers.h"

#define HANDLERS_FOLLOWERS_MAX 64

struct handlers {
    struct engine *engine;
    wall_ms started;
    uint64_t web_restarts;
    struct audit_jobs audits;
    struct handlers_ports ports;
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
/* Refuses with `text`: by a row of `own` (`count`, may be NULL), else by the usual one: not found,
 * something else runs, bad input, out of memory; else 500 with `otherwise` as its code. */
void handlers_refuse(struct handlers *h, struct call *call, int error, const char *text,
                     const struct refusal *own, size_t count, const char *otherwise);

/* Answers of the store: what lists share. */
json_t *rows_list(json_t *rows); /* {items, next_cursor}; NULL without memory */
void rows_refuse(struct handlers *h, struct call *call, const struct error *error);

#endif
