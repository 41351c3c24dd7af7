/* Identity: users, sessions, API tokens and temporary grants. Kept in memory
 * and written through to the store (STORE_FULL); nothing here waits for a disk or for argon2id.
 *
 * A cookie's unsafe requests need the CSRF token: base64url(HMAC-SHA256(secret of the daemon,
 * jti)), given by login and `me`. */
#ifndef RESUS_ACCOUNTS_ACCOUNTS_H
#define RESUS_ACCOUNTS_ACCOUNTS_H

#include <jansson.h>
#include <uv.h>

#include "api/call.h"
#include "api/operations.h"
#include "api/token.h"
#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"
#include "store/audit.h"
#include "store/store.h"

struct accounts;

struct accounts_ports {
    void *context;
    struct now (*now)(void *context);
    void (*audit)(void *context, const struct audit_line *line);
    /* An event `notice` of kind `security` or `access` for admins, on one service (its id) or all
     * (NULL). */
    void (*notice)(void *context, const char *service, const char *kind, const char *message);
    /* A person asks for a higher role: who, for what, and the request's number. NULL: unwanted. */
    void (*asked)(void *context, const char *email, const char *text, int64_t number);
    /* A finding of the security watch; `service` NULL = of none. NULL: unwanted. */
    void (*finding)(void *context, const char *service, const char *rule, const char *message);
    const struct settings *(*settings)(void *context); /* as they are now */
    struct store *store;
    uv_loop_t *loop;
};

/* Reads accounts and keys; makes the keys at the first start. */
int accounts_open(const struct accounts_ports *ports, const char *state_dir, struct accounts **ret,
                  struct error *err) ATTR_MUST_USE;
/* Calls that wait for a password are answered with 503; run the loop once more. Takes NULL. */
void accounts_close(struct accounts *a);
/* A write that an account asked for has ended (TICKET_ACCOUNTS). */
void accounts_saved(struct accounts *a, uint64_t id, enum store_outcome outcome);
/* A line that another part writes to the audit log: the security watch looks at it. Takes
 * NULL. */
void accounts_see(struct accounts *a, const struct audit_line *line);
/* Does what is due by itself (grants that end, keys that change) on the next turn of the loop. */
void accounts_look(struct accounts *a);
/* The settings are others: takes business hours and time zone over. */
int accounts_reconfigure(struct accounts *a, struct error *err) ATTR_MUST_USE;
/* Before the loop runs: a user of that address with that password. */
int accounts_ensure(struct accounts *a, const char *email, enum access role, const char *password,
                    struct error *err) ATTR_MUST_USE;

/* The key of the links in messages; it stays the same for as long as login-keys.json is there. */
#define ACCOUNTS_LINK_KEY_SIZE 32
void accounts_link_key(const struct accounts *a, uint8_t ret[ACCOUNTS_LINK_KEY_SIZE]);

struct credential {
    const char *token; /* NULL = none; a JWT of ours or of a trusted server, or an API token */
    bool cookie;       /* it came as a cookie: unsafe methods need `csrf` */
    const char *csrf;  /* NULL = none */
};

/* Fills user, access, user_number, session and services of the call (operation is set already).
 * No credential is anonymous. A bad one is refused, never taken for anonymous: 401 with
 * `invalid_token` or `token_expired`, 403 with `csrf_required` or `no_role`; 0 when it is good.
 * `ret_code` and `ret_message` are static texts. */
int accounts_identify(struct accounts *a, const struct credential *credential,
                      const char *source_ip, struct call *call, const char **ret_code,
                      const char **ret_message) ATTR_MUST_USE;

/* For the web process (api/link.h): the values of "users", "revoked" and of setup's "token_keys";
 * new references. `changed` is called, on the loop, whenever one of them is another. */
json_t *accounts_users_map(const struct accounts *a);
json_t *accounts_revoked(const struct accounts *a);
json_t *accounts_token_keys(const struct accounts *a);
/* The web process answered a caller of that session (token_session()) by itself. */
void accounts_used(struct accounts *a, const char *session);
void accounts_watch(struct accounts *a, void (*changed)(void *context), void *context);

#endif
