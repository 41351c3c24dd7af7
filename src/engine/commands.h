/* What people ask of the engine. */
#ifndef RESUS_ENGINE_COMMANDS_H
#define RESUS_ENGINE_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/user.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "store/audit.h"

struct engine;

enum engine_operation {
    OPERATION_START,
    OPERATION_STOP,
    OPERATION_RESTART,
    OPERATION_RELOAD,
    ENGINE_OPERATION_COUNT
};
const char *engine_operation_word(enum engine_operation operation);

/* Answers exactly once: an HTTP status and a body (a new reference that the callee owns). Never on
 * the caller's stack, except engine_refuse()'s. */
typedef void engine_answer(void *context, int status, json_t *body);

struct engine_request {
    enum engine_operation operation;
    struct engine_user user;
    bool force, confirmation, emergency;
    bool of_restore; /* a step of the restore that holds the service */
    char reason[AUDIT_REASON_MAX * 4];
    char message[512];
    engine_answer *answer;
    void *context;
};
void engine_operate(struct engine *e, int service, const struct engine_request *request,
                    struct now now);
/* One full check now; answers with {status: ..., health: ...}. Calls at the same time share one. */
void engine_refresh(struct engine *e, int service, engine_answer *answer, void *context,
                    struct now now);

/* Orders hold in memory at once. `order` is answered when they are on the disk: 200 without a body,
 * else 503 `not_stored`, and storing is tried again. NULL: no caller waits for that. It may be
 * answered on the caller's stack, as the last thing, when too many wait. */
struct engine_order {
    engine_answer *answer;
    void *context;
};
struct engine_setting {
    const char *key, *value;
};
/* Settings at run time: audited, persisted, published. All or none: a negative error for a bad
 * value, and then `order` is not answered. */
int engine_recovery_set(struct engine *e, int service, const struct engine_setting *settings,
                        size_t count, const struct engine_user *user,
                        const struct engine_order *order, struct now now,
                        struct error *err) ATTR_MUST_USE;
void engine_recovery_reset(struct engine *e, int service, const struct engine_user *user,
                           const char *reason, const struct engine_order *order, struct now now);
void engine_pause(struct engine *e, int service, int64_t for_ms, const struct engine_user *user,
                  const char *reason, const struct engine_order *order, struct now now);
void engine_resume(struct engine *e, int service, const struct engine_user *user,
                   const char *reason, const struct engine_order *order, struct now now);

/* The maintenance window that holds a service. */
struct engine_window {
    int64_t number;
    char title[128];
    const char *impact; /* of window_impact_words[] */
    wall_ms ends;
    bool verifying; /* the work is done, the check after it runs */
};
/* Automatic recovery of the service is withheld while a window holds it; NULL: none does now.
 * Not stored: whoever keeps the windows says it again after engine_start(). */
void engine_maintain(struct engine *e, int service, const struct engine_window *window,
                     struct now now);

/* The restore that works on a service, or waits for a person. */
struct engine_restore {
    char text[256]; /* why recovery is withheld, as a sentence; names no person */
    char user[256]; /* who ordered it */
    wall_ms since;
    bool acts;      /* operations of others are refused now */
    bool withholds; /* recovery is withheld now */
};
/* A restore holds the service; NULL: none does now. Not
 * stored: the owner of the restores reports it again after engine_start(). */
void engine_restoring(struct engine *e, int service, const struct engine_restore *restore,
                      struct now now);
/* After how long systemd ends a start of the unit; 0 = never, or not known. */
int64_t engine_start_timeout_ms(const struct engine *e, int service);

/* A banner that is no service's own doing (`notice`): `kind` is a word such as
 * "security"; roles below `least_role` are not shown it. */
void engine_notice(struct engine *e, int service, const char *kind, const char *least_role,
                   const char *message, struct now now);

/* Tells the users of a service (-1 = of all) something: an event `notice`, an audit line, and shown
 * in the status for half an hour. Returns the number of services. */
#define ENGINE_NOTICES_MAX 16 /* the newest */
int engine_notify(struct engine *e, int service, const struct engine_user *user,
                  const char *message, struct now now);

#endif
