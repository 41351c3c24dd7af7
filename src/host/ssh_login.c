#include "host/ssh_login.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "host/keyfile.h"
#include "io/clock.h"
#include "io/trust.h"

/* As for the kept sessions: no exchange that takes long. */
#define KEY_EXCHANGES                                                                              \
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"        \
    "ecdh-sha2-nistp521"

#define LOOK_MS 20

/* A login that does not block: between two answers of libssh. */
struct progress {
    ssh_session session;
    const char *host;
    const atomic_bool *stop;
    mono_ms deadline;
};

static int wait_for(const struct progress *p, struct error *err)
{
    struct pollfd one = {.fd = ssh_get_fd(p->session), .events = POLLIN};
    if ((ssh_get_poll_flags(p->session) & SSH_WRITE_PENDING) != 0)
        one.events |= POLLOUT;
    if (p->stop != NULL && atomic_load(p->stop))
        return error_set(err, -EINTR, "not logged in to %s: it was to end before that", p->host);
    if (mono_reached(clock_mono(), p->deadline))
        return error_set(err, -EHOSTUNREACH, "no answer of %s within %ld s", p->host,
                         SSH_LOGIN_SECONDS);
    (void)poll(&one, 1, LOOK_MS);
    return 0;
}

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

static int log_in(const struct progress *p, const struct ssh_settings *s, struct error *err)
{
    ssh_key key = NULL;
    int answer = SSH_AUTH_AGAIN;
    int r = keyfile_load(s->key, &key, err);
    while (r == 0 && answer == SSH_AUTH_AGAIN) {
        answer = ssh_userauth_publickey(p->session, NULL, key);
        if (answer == SSH_AUTH_AGAIN)
            r = wait_for(p, err);
    }
    ssh_key_free(key);
    if (r < 0 || answer == SSH_AUTH_SUCCESS)
        return r;
    return error_set(err, -EACCES,
                     "%s refuses the key %s for %s: put its public half into authorized_keys there "
                     "(ssh-keygen -y -f %s prints it)",
                     s->host, s->key, s->user, s->key);
}

static int connect_to(const struct progress *p, const struct ssh_settings *s, struct error *err)
{
    int answer = SSH_AGAIN;
    int r = 0;
    while (r == 0 && answer == SSH_AGAIN) {
        answer = ssh_connect(p->session);
        if (answer == SSH_AGAIN)
            r = wait_for(p, err);
    }
    if (r < 0 || answer == SSH_OK)
        return r;
    return error_set(err, -EHOSTUNREACH, "cannot connect to %s:%d: %s", s->host, s->port,
                     ssh_get_error(p->session));
}

int ssh_login(const struct ssh_settings *ssh, const atomic_bool *stop, ssh_session *ret,
              struct error *err)
{
    /* Whoever can write it says which host is believed. */
    int r = trust_check(ssh->known_hosts, NULL, err);
    if (r < 0)
        return r;
    struct progress p = {.session = ssh_new(),
                         .host = ssh->host,
                         .stop = stop,
                         .deadline = mono_add(clock_mono(), SSH_LOGIN_SECONDS * 1000)};
    if (p.session == NULL || !set_options(p.session, ssh))
        r = error_set(err, -EINVAL, "%s: libssh refuses the settings", ssh->host);
    if (r == 0) {
        ssh_set_blocking(p.session, 0);
        r = connect_to(&p, ssh, err);
    }
    if (r == 0)
        r = check_host(p.session, ssh, err);
    if (r == 0) {
        p.deadline = mono_add(clock_mono(), SSH_LOGIN_SECONDS * 1000);
        r = log_in(&p, ssh, err);
    }
    if (r == 0) {
        ssh_set_blocking(p.session, 1);
        *ret = p.session;
        return 0;
    }
    if (p.session != NULL) {
        ssh_disconnect(p.session);
        ssh_free(p.session);
    }
    return r;
}
