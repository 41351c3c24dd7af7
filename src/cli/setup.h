/* What `resus setup` writes, as a plan that is shown before anything happens: the settings, the SSH key and the entry of
 * known_hosts. Either all three are there afterwards or none that was not there before. */
#ifndef RESUS_CLI_SETUP_H
#define RESUS_CLI_SETUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "host/host_key.h"
#include "host/keypair.h"
#include "settings/settings.h"

#define SETUP_TEXT_MAX ((size_t)64 * 1024) /* of the settings, and of the script for the host */
#define SETUP_NAME_MAX 64                  /* of an account or unit, with the NUL */
#define SETUP_KNOWN_HOSTS_MAX ((size_t)1024 * 1024)

struct setup_answers {
    char host[SETTINGS_HOST_MAX];
    int port;
    char user[SETUP_NAME_MAX];
    char unit[SETUP_NAME_MAX];
    uid_t owner; /* of the daemon: the SSH key's */
    gid_t group; /* of the daemon: may read the settings */
};

struct setup {
    char config[SETTINGS_PATH_MAX];
    struct buf text;                        /* of the settings file */
    struct settings *settings;              /* the same, as read */
    const struct service_settings *service; /* its only one */
    uid_t owner;                            /* as in the answers */
    gid_t group;
    bool key_is_there;
    struct host_key host;
};

/* "USER@HOST", "HOST:PORT", "[ADDRESS]:PORT": fills what is named and leaves the rest. */
int setup_read_place(const char *text, struct setup_answers *ret, struct error *err) ATTR_MUST_USE;
/* The account that the daemon runs as: `resus` when root asks, else the caller's. -ENOENT when there
 * is none. */
int setup_find_daemon(struct setup_answers *ret, struct error *err) ATTR_MUST_USE;
/* Asks no host and writes nothing. -EEXIST when there are settings. */
int setup_plan(const char *config, const struct setup_answers *answers, struct setup *ret,
               struct error *err) ATTR_MUST_USE;
/* The host's key, into the plan. -EKEYREJECTED when known_hosts has another one. */
int setup_ask_host(struct setup *s, struct error *err) ATTR_MUST_USE;
/* Writes; on failure everything is as it was. */
int setup_apply(const struct setup *s, struct keypair_public *ret, struct error *err) ATTR_MUST_USE;
/* Appends the commands that the host's administrator runs: account, authorized_keys, sudoers. */
int setup_host_script(const struct setup *s, const struct keypair_public *key, struct buf *out,
                      struct error *err) ATTR_MUST_USE;
/* Appends the line of authorized_keys, without a newline. */
int setup_authorized_line(const struct keypair_public *key, struct buf *out) ATTR_MUST_USE;
int setup_sudoers(const struct setup *s, struct buf *out) ATTR_MUST_USE;
void setup_free(struct setup *s);

#endif
