/* The rotation of SSH keys: one at a time, whoever asks for it. Files are a worker's, logins the
 * SSH thread's; the loop waits for neither. */
#ifndef RESUS_SSHKEYS_SSHKEYS_H
#define RESUS_SSHKEYS_SSHKEYS_H

#include <uv.h>

#include "api/call.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "host/keypair.h"
#include "settings/settings.h"
#include "store/audit.h"

struct sshkeys;
struct ssh_pool;

struct sshkeys_ports {
    void *context;
    struct now (*now)(void *context);
    const struct settings *(*settings)(void *context); /* as they are now */
    void (*audit)(void *context, const struct audit_line *line);
    /* An event for the administrators of a service. */
    void (*notice)(void *context, int service, const char *message);
    struct ssh_pool *ssh; /* NULL: no service is reached by SSH */
    uv_loop_t *loop;
};

/* Reads what is under way, and finishes or cleans up what a kill left. Waits for the disk: before
 * the loop runs. */
int sshkeys_open(const struct sshkeys_ports *ports, const char *state_dir, struct sshkeys **ret,
                 struct error *err) ATTR_MUST_USE;
/* A call that waits is answered with 503; run the loop once more. Before the SSH thread ends. Takes
 * NULL. */
void sshkeys_close(struct sshkeys *k);

/* The settings are others: a proof that is under way holds no longer. */
void sshkeys_reloaded(struct sshkeys *k);

/* What a person should know about the key of a service. */
enum sshkeys_state {
    SSHKEYS_QUIET,
    SSHKEYS_NEW_WAITS,   /* a new key waits for its line on the hosts */
    SSHKEYS_OLD_KEPT,    /* the key before is kept; its line should go */
    SSHKEYS_OLD_ACCEPTED /* the time is over, and a host still accepts it */
};
struct sshkeys_note {
    enum sshkeys_state state;
    char text[SETTINGS_PATH_MAX + 512];
    char fix[6 * SETTINGS_PATH_MAX + 64];
};
/* `k` NULL: quiet. */
void sshkeys_look(const struct sshkeys *k, const struct service_settings *service,
                  struct sshkeys_note *ret);

/* ── the order of a person ── */
enum sshkeys_ready { SSHKEYS_READY, SSHKEYS_RUNNING, SSHKEYS_BROKEN };
/* Can an order be taken now? `ret_why` says why not; "" = it can. */
enum sshkeys_ready sshkeys_ready(const struct sshkeys *k, char *ret_why, size_t size);

struct sshkeys_order {
    struct call *call; /* answered when the step has ended */
    bool goes_on;      /* the second step: prove the new key and go over to it */
    enum keypair_kind kind;
};
/* Once ready: begins the rotation of the key of `service`. -ENOMEM: the call is not answered. */
int sshkeys_order(struct sshkeys *k, const struct service_settings *service,
                  const struct sshkeys_order *order, struct error *err) ATTR_MUST_USE;
const struct settings *sshkeys_settings(const struct sshkeys *k); /* as they are now */
/* A service whose key is meant by `target`, its id or its SSH host; NULL target: by the only key there is.
 * NULL: none, or `several` keys. */
const struct service_settings *sshkeys_target(const struct sshkeys *k, const char *target,
                                              bool *several);
/* Does the service log in with this key? */
bool key_is_of(const struct service_settings *s, const char *key);

#endif
