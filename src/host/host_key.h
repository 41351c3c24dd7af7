/* The key that a host shows before it is trusted: for its first entry in a known_hosts file. */
#ifndef RESUS_HOST_HOST_KEY_H
#define RESUS_HOST_HOST_KEY_H

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

#define HOST_KEY_SECONDS_MAX 10L /* connect and key exchange */
#define HOST_KEY_ENTRY_MAX 4096  /* an RSA key of 16384 bits takes 2.8 KB */

enum host_key_state {
    HOST_KEY_KNOWN,    /* the file has this key */
    HOST_KEY_NEW,      /* the file has no key of this host, or there is no file */
    HOST_KEY_DIFFERENT /* the file has another one */
};

struct host_key {
    enum host_key_state state;
    char type[32];                  /* "ssh-ed25519" */
    char fingerprint[96];           /* "SHA256:..." */
    char entry[HOST_KEY_ENTRY_MAX]; /* the line for known_hosts, without a newline */
};

/* Connects to `ssh->host`, exchanges keys and hangs up: no login. Blocks up to HOST_KEY_SECONDS_MAX.
 * -EHOSTUNREACH when the host shows no key. */
int host_key_fetch(const struct ssh_settings *ssh, struct host_key *ret,
                   struct error *err) ATTR_MUST_USE;

#endif
