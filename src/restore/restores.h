/* Restores in the daemon: the plan, what a person orders, and the journal by which a restore outlives
 * the daemon. On the loop's thread; whatever blocks is done on libuv's workers. One restore at a time;
 * one that waits for a person holds its service only. */
#ifndef RESUS_RESTORE_RESTORES_H
#define RESUS_RESTORE_RESTORES_H

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
#include "core/restore.h"
#include "core/restore_plan.h"
#include "redis/client.h"
#include "restore/files.h"
#include "restore/way_back.h"
#include "settings/settings.h"
#include "store/audit.h"
#include "store/store.h"

#define RESTORES_KEPT_MAX 200 /* restores that are remembered */
#define RESTORES_PLANS_MAX 8  /* plans that are being made */

struct restores;

enum restores_step { RESTORES_STOP, RESTORES_START };

/* The end of a step: OK, FAILED, or UNKNOWN. Once, also on the stack of `operate`. */
typedef void restores_stepped(void *context, enum restore_event outcome, const char *text);

/* What holds a service. */
struct restores_hold {
    char text[256], user[256];
    wall_ms since;
    bool acts;      /* else it waits for a person */
    bool withholds; /* a start by recovery would disturb it */
};

struct restores_ports {
    void *context;
    uv_loop_t *loop;
    struct backups *backups;
    struct store *store;
    struct now (*now)(void *context);
    const struct settings *(*settings)(void *context);
    /* For `via: ssh`; outlives the restores. */
    const struct redis_tunnel *(*tunnel)(void *context, int service);
    /* Why no restore should begin now, in a few words; NULL = it may. */
    const char *(*busy)(void *context, int service);
    /* The right to change the service; `what` names the change. */
    void (*permit)(void *context, int service, const char *what, permit_done *done,
                   void *done_context);
    /* After how long systemd ends a start of it; 0 = never, or not known. */
    int64_t (*start_timeout_ms)(void *context, int service);
    /* Stops or starts the service in the name of the person, with a line in the audit log. */
    void (*operate)(void *context, int service, enum restores_step step,
                    const struct engine_user *user, const char *reason, restores_stepped *stepped,
                    void *step_context);
    files_remote *helper;    /* of another host; called on workers, without a context */
    way_back_remote *listen; /* on another host; called on a thread, without a context */
    /* NULL: nothing holds the service. */
    void (*hold)(void *context, int service, const struct restores_hold *hold);
    void (*audit)(void *context, const struct audit_line *line);
    /* Takes `body`: an event `service_event` of the service. */
    void (*publish)(void *context, int service, json_t *body);
    /* A restore waits for a person; `text` NULL: none does. */
    void (*report)(void *context, int service, const char *text);
};

/* Reads the journal. */
int restores_open(const struct restores_ports *ports, struct restores **ret,
                  struct error *err) ATTR_MUST_USE;
/* Holds the services whose restore the last daemon did not end, and returns, or waits for a person. */
void restores_start(struct restores *r);
/* Ends what runs; the loop must run until it is empty and the store is closed before
 * restores_free(). Both take NULL. */
void restores_close(struct restores *r);
void restores_free(struct restores *r);

/* Does a restore work on the service, or wait for a person? A safety backup is part of it. */
bool restores_holds(const struct restores *r, int service);
/* The service whose restore works now, which the end of Resus would cut short; -1 = none. One that
 * waits for a person goes on waiting after it. */
int restores_at_work(const struct restores *r);

/* ── what people see; new references, NULL on lack of memory ── */

/* {"items", "next_cursor"} of the service that got the data, newest first. */
json_t *restores_list(const struct restores *r, int service);
/* NULL also when there is no such restore of this service. */
json_t *restores_one(const struct restores *r, int service, int64_t number);
/* Is an act under way? */
bool restores_runs(const struct restores *r, int service, int64_t number);

/* ── what people order ── */

#define RESTORES_METHOD_CHOSEN (-1) /* by file where that can be done and nothing speaks for keys */

struct restores_wanted {
    int source, target; /* services: whose backup, and which server gets it */
    const char *backup;
    int method; /* enum restore_method, or RESTORES_METHOD_CHOSEN */
    enum restore_mode mode;
    bool mode_given;   /* speaks for keys */
    int64_t db;        /* -1 = all */
    const char *match; /* of SCAN; "" = all */
    bool forced;       /* also a backup that was never loaded */
    bool unguarded;    /* without a safety backup */
    const struct engine_user *user;
    const char *reason, *request_id;
};

/* On the loop, once, never on the caller's stack. 0: `body` is the plan, or the restore that has
 * begun. -EPERM: something stands in the way, and `body` is the plan. Else `body` is NULL and `err`
 * says why. The callee takes `body`. */
typedef void restores_done(void *context, uint64_t ticket, int result, json_t *body,
                           const struct error *err);

/* Asks the server and reads the backup: nothing is changed. -ENOENT no such backup; -EBUSY; -EINVAL. */
int restores_plan(struct restores *r, const struct restores_wanted *wanted, restores_done *done,
                  void *context, uint64_t ticket, struct error *err) ATTR_MUST_USE;
/* The same, and begins when nothing stands in the way. */
int restores_begin(struct restores *r, const struct restores_wanted *wanted, restores_done *done,
                   void *context, uint64_t ticket, struct error *err) ATTR_MUST_USE;
/* RESTORE_RESUME, RESTORE_UNDO or RESTORE_CANCEL. -ENOENT no such restore; -EBUSY with a sentence
 * when it is refused. */
int restores_order(struct restores *r, int service, int64_t number, enum restore_event order,
                   const struct engine_user *user, const char *request_id,
                   struct error *err) ATTR_MUST_USE;

/* Takes `plan`: the refusal of a restore, with the texts of its blockers as pre-flight has them. */
json_t *restores_blocked_json(json_t *plan, wall_ms now);

#endif
