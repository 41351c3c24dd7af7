#include "host/ssh_login.h"

#include <errno.h>
#include <stdbool.h>

#include "host/keyfile.h"
#include "io/trust.h"

/* As for the kept sessions: no exchange that takes long. */
#define KEY_EXCHANGES                                                                              \
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"        \
    "ecdh-sha2-nistp521"

static bool set_options(ssh_session session, const struct ssh_settings *s)
{
    int no = 0;
    int yes = 1;
    long seconds = SSH_LOGIN_SECONDS;
    unsigned port = (unsigned)s->port;
    return ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_HOST, s->host) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_USER, s->user) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, s->known_hosts) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_STRICTHOSTKEYCHECK, &yes) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, KEY_EXCHANGES) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds) == SSH_OK;
}

static int check_host(ssh_session session, const struct ssh_settings *s, struct error *err)
{
    switch (ssh_session_is_known_server(session)) {
    case SSH_KNOWN_HOSTS_OK:
        return 0;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return error_set(err, -EKEYREJECTED,
                         "%s: the host key CHANGED, it is not the one in %s: the host was rebuilt, "
                         "or an attacker is in between. Nothing was sent",
                         s->host, s->known_hosts);
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
        return error_set(err, -ENOKEY,
                         "%s is not in %s: compare its key on the host, then ssh-keyscan -p %d %s "
                         ">> %s",
                         s->host, s->known_hosts, s->port, s->host, s->known_hosts);
    default:
        return error_set(err, -EIO, "%s: cannot check the host key against %s: %s", s->host,
                         s->known_hosts, ssh_get_error(session));
    }
}

static int log_in(ssh_session session, const struct ssh_settings *s, struct error *err)
{
    ssh_key key = NULL;
    int r = keyfile_load(s->key, &key, err);
    if (r < 0)
        return r;
    int answer = ssh_userauth_publickey(session, NULL, key);
    ssh_key_free(key);
    if (answer == SSH_AUTH_SUCCESS)
        return 0;
    return error_set(err, -EACCES,
                     "%s refuses the key %s for %s: put its public half into authorized_keys there "
                     "(ssh-keygen -y -f %s prints it)",
                     s->host, s->key, s->user, s->key);
}

int ssh_login(const struct ssh_settings *ssh, ssh_session *ret, struct error *err)
{
    /* Whoever can write it says which host is believed. */
    int r = trust_check(ssh->known_hosts, NULL, err);
    if (r < 0)
        return r;
    ssh_session session = ssh_new();
    if (session == NULL || !set_options(session, ssh))
        r = error_set(err, -EINVAL, "%s: libssh refuses the settings", ssh->host);
    else if (ssh_connect(session) != SSH_OK)
        r = error_set(err, -EHOSTUNREACH, "cannot connect to %s:%d: %s", ssh->host, ssh->port,
                      ssh_get_error(session));
    if (r == 0)
        r = check_host(session, ssh, err);
    if (r == 0)
        r = log_in(session, ssh, err);
    if (r == 0) {
        *ret = session;
        return 0;
    }
    if (session != NULL) {
        ssh_disconnect(session);
        ssh_free(session);
    }
    return r;
}
