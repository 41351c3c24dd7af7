/* Guided procedures in the daemon: an update of Redis, a change of one of its settings. What comes
 * next is core/procedure.h's; here are the checks, the safety backup, the rehearsal, CONFIG SET and
 * REWRITE, the verification and the watch, and the record of each in the state database. On the
 * loop's thread. */
#ifndef RESUS_PROCEDURES_PROCEDURES_H
#define RESUS_PROCEDURES_PROCEDURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "api/user.h"
#include "backups/backups.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/permit.h"
#include "base/time.h"
#include "core/procedure.h"
#include "redis/client.h"
#include "settings/settings.h"
#include "store/audit.h"
#include "store/store.h"

#define PROCEDURES_KEPT_MAX 200  /* of all services; those that are not over stay */
#define PROCEDURES_VALUE_MAX 512 /* bytes of a value, with its NUL */

struct procedures;

struct procedures_ports {
    void *context;
    uv_loop_t *loop;
    struct backups *backups; /* outlives the procedures, like the store */
    struct store *store;
    struct now (*now)(void *context);
    const struct settings *(*settings)(void *context);
    const struct redis_tunnel *(*tunnel)(void *context, int service);
    /* Why nothing should be changed now, in a few words; NULL = it may. */
    const char *(*busy)(void *context, int service);
    /* The right to change the service; `what` names the change. */
    void (*permit)(void *context, int service, const char *what, permit_done *done,
                   void *done_context);
    /* What is wrong with the service, as a sentence; NULL = it is well. */
    const char *(*unwell)(void *context, int service, char *to, size_t size);
    void (*audit)(void *context, const struct audit_line *line);
    /* Takes `body`: an event `service_event` of the service. */
    void (*publish)(void *context, int service, json_t *body);
};

int procedures_open(const struct procedures_ports *ports, struct procedures **ret,
                    struct error *err) ATTR_MUST_USE;
/* What was under way goes on. */
void procedures_start(struct procedures *p);
/* Ends what runs; before the backups are closed. The loop must run until it is empty and the store be
 * closed before procedures_free(). Both take NULL. */
void procedures_close(struct procedures *p);
void procedures_free(struct procedures *p);

struct procedures_wish {
    enum procedure_kind kind;
    const char *name, *value; /* CONFIG: of a setting */
    const char *reason;       /* NULL = none */
    const struct engine_user *user;
    const char *request_id;
};
/* The number, or -EBUSY (another one of the service is not over), -EINVAL, -EPERM (that setting is not
 * changed from here; `err` says why), -ENOMEM. */
int64_t procedures_begin(struct procedures *p, int service, const struct procedures_wish *wish,
                         struct error *err) ATTR_MUST_USE;
struct procedures_order {
    enum procedure_event event; /* GO and what follows it in the table */
    const struct engine_user *user;
    const char *reason; /* NULL = none */
    const char *request_id;
};
/* -ENOENT; -EBUSY: not in this phase, not now, or another one of the service is not over. */
int procedures_order(struct procedures *p, int service, int64_t number,
                     const struct procedures_order *order, struct error *err) ATTR_MUST_USE;
/* Ticks an item of the checklist. -ENOENT, -EINVAL. */
int procedures_mark(struct procedures *p, int service, int64_t number, size_t item, bool done,
                    const struct engine_user *user, const char *note,
                    struct error *err) ATTR_MUST_USE;

/* New references; NULL on lack of memory, and procedures_one() when there is none. */
json_t *procedures_list(const struct procedures *p, int service); /* {"items"}, newest first */
json_t *procedures_one(const struct procedures *p, int service, int64_t number);
/* Does Resus work on it? False also when there is none. */
bool procedures_working(const struct procedures *p, int service, int64_t number);

#endif
