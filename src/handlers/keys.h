/* The rotation of SSH keys: one at a time, whoever asks for it. Files are a worker's, logins the
 * SSH thread's; the loop waits for neither. */
#ifndef RESUS_HANDLERS_KEYS_H
#define RESUS_HANDLERS_KEYS_H

#include <uv.h>

#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"
#include "store/audit.h"

struct keys;
struct ssh_pool;

struct keys_ports {
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
int keys_open(const struct keys_ports *ports, const char *state_dir, struct keys **ret,
              struct error *err) ATTR_MUST_USE;
/* A call that waits is answered with 503; run the loop once more. Before the SSH thread ends. Takes
 * NULL. */
void keys_close(struct keys *k);

/* The settings are others: a proof that is under way holds no longer. */
void keys_reloaded(struct keys *k);

/* What a person should know about the key of a service. */
enum keys_state {
    KEYS_QUIET,
    KEYS_NEW_WAITS,   /* a new key waits for its line on the hosts */
    KEYS_OLD_KEPT,    /* the key before is kept; its line should go */
    KEYS_OLD_ACCEPTED /* the time is over, and a host still accepts it */
};
struct keys_note {
    enum keys_state state;
    char text[SETTINGS_PATH_MAX + 512];
    char fix[6 * SETTINGS_PATH_MAX + 64];
};
/* `k` NULL: quiet. */
void keys_look(const struct keys *k, const struct service_settings *service, struct keys_note *ret);

#endif
