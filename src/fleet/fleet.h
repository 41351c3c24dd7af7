/* Several engines that share their services through etcd: the lease of this engine, which services
 * it owns, and the right to act, asked for before each command. core/tenure, core/ownership decide;
 * here is what is sent and what comes back. Keys, below the prefix of the settings:
 *
 *     member/ENGINE   with the lease: this engine lives
 *     engines/ENGINE  known engines; `drained`
 *     owner/SERVICE   with the lease of its owner; the revision of its creation is the fence
 *     state/SERVICE   struct service_state as JSON, written by the owner alone
 *     intent/SERVICE  an action is under way
 *
 * Times are of the boot clock. One thread; ports are called from the loop, never from within a call
 * of fleet.h. */
#ifndef RESUS_FLEET_FLEET_H
#define RESUS_FLEET_FLEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/permit.h"
#include "base/time.h"
#include "settings/settings.h"
#include "store/service_state.h"

#define FLEET_MEMBERS_MAX 32 /* engines; more are not looked at, and said so */
#define FLEET_CLAIMS_MAX 32  /* under way at a time */
#define FLEET_SAVES_MAX 64   /* of a service, that wait for etcd: the engine has no more requests */
#define FLEET_FENCE_MS                                                                             \
    2000 /* for each request between the decision for an action and its command */
#define FLEET_REQUEST_MS 5000 /* for every other request */

struct fleet;

struct fleet_ports {
    void *context;
    struct now (*now)(void *context);
    /* The service is ours: watch it. `state` NULL = the store has none. Also when it was ours before
     * and comes again under another fence. */
    void (*own)(void *context, int service, const struct service_state *state, int64_t fence);
    /* It is another engine's, or has no owner ("") yet. */
    void (*elsewhere)(void *context, int service, const char *owner, int64_t fence);
    /* It was ours, and whether it still is, is not known; or it is certain again. */
    void (*unsure)(void *context, int service, bool unsure);
    /* Is something under way on it that should not change hands? */
    bool (*busy)(void *context, int service);
    /* The end of a fleet_save() with an id. */
    void (*saved)(void *context, int service, uint64_t id, bool good);
};

int fleet_open(uv_loop_t *loop, const struct settings *settings, const struct fleet_ports *ports,
               struct fleet **ret, struct error *err) ATTR_MUST_USE;
void fleet_start(struct fleet *f);
/* The engine ends: what waits for a right or for the end of an order is refused, on the caller's stack,
 * and so is what comes after it. */
void fleet_stop(struct fleet *f);
/* Gives the lease back, so that others need not wait for its end. No port is called after it; memory
 * goes as the loop runs. Takes NULL. */
void fleet_close(struct fleet *f);
/* Settings of a reload, with the same services in the same order. */
void fleet_reconfigure(struct fleet *f, const struct settings *settings);

/* Stores the state with the others; the newest of several counts. id 0: no answer. */
void fleet_save(struct fleet *f, int service, uint64_t id, const struct service_state *state);

/* May the service be changed? Runs later, in the loop, once; or on the stack of fleet_stop(). `right`
 * is the number of the right that was given, 0 = it may not, and `why` is for people. One right of a
 * service at a time. */
typedef void fleet_may(void *context, int service, uint64_t right, const char *why);
void fleet_guard(struct fleet *f, int service, const char *what, fleet_may *done, void *context);
/* While the change is under way: before each write. */
enum permit_state fleet_right(const struct fleet *f, int service, uint64_t right);
/* The change that was let through has ended. `arrived`: nothing of it is on its way now; else the
 * service is kept until nothing can be. A right that has ended before is not looked at. */
void fleet_acted(struct fleet *f, int service, uint64_t right, bool arrived);

/* ── for people ── */

json_t *fleet_status_json(const struct fleet *f, bool services);
json_t *fleet_diff_json(const struct fleet *f);

/* Where people and programs reach the owner of the service; NULL: no owner, this engine is it, or it
 * has not said. Borrowed until the next turn. */
const char *fleet_owner_url(const struct fleet *f, int service);

/* What the doctor looks at, and metrics. */
struct fleet_facts {
    const char *engine;
    const char *phase; /* "held" */
    bool sure;         /* the lease is known to live, and the view of the store is current */
    bool drained;
    size_t members, owned, elsewhere, unowned;
    int64_t renewal_ms;         /* the slowest of the last 100; -1 = none yet */
    int64_t lost;               /* how often the lease ended under us */
    int64_t watch_age_ms;       /* since anything was heard of the store; -1 = never */
    char problem[256];          /* why the store cannot be asked; "" = it can */
    const char *other_settings; /* a live engine with other settings; NULL = none */
    const char *alarm;          /* of etcd, such as NOSPACE; "" = none */
    size_t voters;              /* nodes of etcd that vote; 0 = not known */
};
void fleet_look(const struct fleet *f, struct fleet_facts *ret);

/* A node of etcd as it answered last; borrowed until the next turn. */
struct fleet_node {
    const char *url, *version, *text; /* why it does not answer */
    bool asked, answers, leads;
    int64_t bytes; /* of its database */
};
size_t fleet_node_count(const struct fleet *f);
void fleet_node(const struct fleet *f, size_t index, struct fleet_node *ret);

enum fleet_order { FLEET_DRAIN, FLEET_UNDRAIN, FLEET_REMOVE };
/* Runs later in the loop, once. 0, -ENOENT no such engine, -EBUSY it lives, -EIO not stored. */
typedef void fleet_ordered(void *context, int result, const char *why);
void fleet_order(struct fleet *f, enum fleet_order order, const char *engine, fleet_ordered *done,
                 void *context);

#endif
