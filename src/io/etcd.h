/* A client of etcd's JSON gateway, in a libuv loop: requests that go on to the next endpoint when one
 * does not answer, and watches that come back by themselves. HTTP/1.1, so that each watch has a
 * connection of its own and holds up nothing. One thread, as io/transfers.h. */
#ifndef RESUS_IO_ETCD_H
#define RESUS_IO_ETCD_H

#include <uv.h>

#include "io/etcd_json.h"

#define ETCD_ENDPOINTS_MAX 9
#define ETCD_URL_MAX 256
#define ETCD_CALLS_MAX 512      /* requests at a time; more are refused */
#define ETCD_TRY_MS 1000        /* of one endpoint, while there is another to ask */
#define ETCD_WATCH_OPEN_MS 2000 /* until a watch has begun */
#define ETCD_WATCH_AGAIN_MS 500 /* between two tries to begin one */

struct etcd;

/* Copied. Endpoints are URLs without a path: "https://10.0.0.1:2379". */
struct etcd_place {
    const char *endpoints[ETCD_ENDPOINTS_MAX];
    size_t count;
    const char *ca_file, *certificate, *key; /* "" or NULL = none */
};

int etcd_new(uv_loop_t *loop, const struct etcd_place *place, struct etcd **ret,
             struct error *err) ATTR_MUST_USE;
/* Ends all that is under way; no callback runs after it. Watches must have been freed. Takes NULL.
 * Not from within a callback. Memory goes as the loop runs. */
void etcd_free(struct etcd *e);

/* Runs in the loop, once for each request that was begun; `answer` is the callee's until it
 * returns. An answer of another cluster than the first one, or of a leader of the past, is not
 * good. */
typedef void etcd_done(void *context, const struct etcd_answer *answer);

/* Each begins a request and gives true, or gives false and has begun nothing. Endpoints are asked
 * one after the other, the one that answered last first, until `limit_ms` is over. So a request may
 * be carried out more than once: those here are such that this changes nothing. */
bool etcd_grant(struct etcd *e, int64_t ttl_seconds, int64_t limit_ms, etcd_done *done,
                void *context) ATTR_MUST_USE;
bool etcd_keep_alive(struct etcd *e, int64_t lease, int64_t limit_ms, etcd_done *done,
                     void *context) ATTR_MUST_USE;
bool etcd_revoke(struct etcd *e, int64_t lease, int64_t limit_ms, etcd_done *done,
                 void *context) ATTR_MUST_USE;
/* At most ETCD_PAGE keys; `from` NULL = from the first on. */
bool etcd_range(struct etcd *e, const char *prefix, const char *from, int64_t revision,
                int64_t limit_ms, etcd_done *done, void *context) ATTR_MUST_USE;
bool etcd_commit(struct etcd *e, const struct etcd_txn *txn, int64_t limit_ms, etcd_done *done,
                 void *context) ATTR_MUST_USE;
/* STATUS, ALARMS or MEMBERS of this endpoint alone; -1 = of any. */
bool etcd_ask(struct etcd *e, enum etcd_call call, int endpoint, int64_t limit_ms, etcd_done *done,
              void *context) ATTR_MUST_USE;

size_t etcd_endpoint_count(const struct etcd *e);
const char *etcd_endpoint(const struct etcd *e, size_t index);

/* ── watches ── */

struct etcd_watch;

struct etcd_watcher {
    void *context;
    /* In the order of their revisions. After a new beginning one may come twice, none is left out. */
    void (*event)(void *context, const struct etcd_event *event);
    /* It has begun, or begins again after `why`. */
    void (*begun)(void *context);
    void (*lost)(void *context, const char *why);
    /* What came between is gone from the store: read the keys again, and then etcd_watch_from(). */
    void (*compacted)(void *context);
};

/* Of the keys that begin with `prefix`, from `revision` on. NULL without memory. */
struct etcd_watch *etcd_watch_new(struct etcd *e, const char *prefix, int64_t revision,
                                  const struct etcd_watcher *watcher) ATTR_MUST_USE;
/* Begins again at another endpoint, where it was: nothing comes although something should. */
void etcd_watch_again(struct etcd_watch *w, const char *why);
void etcd_watch_from(struct etcd_watch *w, int64_t revision);
/* Takes NULL; may be called from within a callback. */
void etcd_watch_free(struct etcd_watch *w);

#endif
