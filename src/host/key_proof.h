/* Does a host accept this SSH key? A login of its own, with the host's key checked as always, that
 * runs commands of the whitelist which only read. The sessions in use are left alone. */
#ifndef RESUS_HOST_KEY_PROOF_H
#define RESUS_HOST_KEY_PROOF_H

#include <uv.h>

#include "base/error.h"
#include "host/controller.h"
#include "settings/settings.h"

#define KEY_PROOF_STEP_MS 12000 /* a dial takes up to 10 s */

enum key_verdict {
    KEY_PROVED,  /* logged in, and the commands ran */
    KEY_REFUSED, /* the host was reached and does not accept the key */
    KEY_UNKNOWN  /* neither: `why` says what was in the way */
};

enum key_proof_depth {
    KEY_PROOF_WORKS, /* everything that the service needs; ends at the first that fails */
    KEY_PROOF_LOGIN  /* the login alone; the verdict is KEY_PROVED as soon as one host accepts it,
                        and KEY_REFUSED when all refuse it */
};

/* `place` is "user@host:port" of the host that decided; "" = all of them. */
typedef void key_proof_done(void *context, enum key_verdict verdict, const char *place,
                            const struct error *why);

struct key_proof_order {
    uv_loop_t *loop;
    struct ssh_pool *pool;
    const struct service_settings *const *services; /* copied */
    size_t count;
    const char *key; /* in place of their own */
    enum key_proof_depth depth;
    key_proof_done *done;
    void *context;
};

struct key_proof;
/* For every one of the services in turn. `done` comes exactly once, on a later turn of the loop,
 * unless the proof is dropped. */
int key_proof_start(const struct key_proof_order *order, struct key_proof **ret,
                    struct error *err) ATTR_MUST_USE;
void key_proof_drop(struct key_proof *p); /* takes NULL */

#endif
