/* Prometheus' text format: Resus' own figures, and those of each Redis under redis_exporter's names,
 * as they were last read (half a minute old at most, and not at all while the service is down). It
 * is written from memory: a scrape causes no traffic to Redis or the host. A thousand services are a
 * few MB, so the text comes in pieces. */
#ifndef RESUS_REPORT_EXPOSITION_TEXT_H
#define RESUS_REPORT_EXPOSITION_TEXT_H

#include "api/call.h"
#include "base/attr.h"
#include "engine/engine.h"
#include "store/audit.h"
#include "store/series_store.h"
#include "store/store.h"

struct alerts;
struct backups;
struct exposition_text;

struct fleet;

struct exposition_sources {
    struct engine *engine;
    struct store *store;
    struct series_store *series; /* NULL: no history of figures is kept */
    struct alerts *alerts;       /* NULL: there are none */
    struct backups *backups;     /* likewise */
    const struct fleet *fleet;   /* likewise */
    void (*audit_look)(void *context, struct audit_state *ret);
    void *audit_context;
    wall_ms started;
    uint64_t web_restarts;
    const struct call *call; /* its scope cuts the services; borrowed */
    int only;                /* the one service that is asked for, -1 = all */
};

int exposition_text_new(const struct exposition_sources *from,
                        struct exposition_text **ret) ATTR_MUST_USE; /* -ENOMEM */
void exposition_text_free(struct exposition_text *x);                /* takes NULL */
/* The next piece, borrowed until the next call: 1 when more follow, 0 for the last one, -ENOMEM. */
int exposition_text_piece(struct exposition_text *x, struct now now, const char **ret,
                          size_t *ret_length) ATTR_MUST_USE;

#endif
