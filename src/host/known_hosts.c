#include "host/known_hosts.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <string.h>
#include <unistd.h>

int known_hosts_check(const struct ssh_settings *ssh, struct error *err)
{
    unsigned port = (unsigned)ssh->port;
    int no = 0;
    if (access(ssh->known_hosts, R_OK) < 0)
        return error_set(err, -errno,
                         "cannot read %s (%s); to make it, run: ssh-keyscan -p %d %s >> %s, and "
                         "compare the fingerprint",
                         ssh->known_hosts, strerrordesc_np(errno), ssh->port, ssh->host,
                         ssh->known_hosts);
    ssh_session session = ssh_new();
    if (session == NULL)
        return error_set(err, -ENOMEM, "ssh: out of memory");
    enum ssh_known_hosts_e known = SSH_KNOWN_HOSTS_ERROR;
    if (ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK &&
        ssh_options_set(session, SSH_OPTIONS_HOST, ssh->host) == SSH_OK &&
        ssh_options_set(session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
        ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, ssh->known_hosts) == SSH_OK &&
        ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK)
        known = ssh_session_has_known_hosts_entry(session);
    ssh_free(session);
    if (known == SSH_KNOWN_HOSTS_OK)
        return 0;
    return error_set(err, -ENOENT,
                     "%s has no key of %s port %d, so every session to it is refused; run: "
                     "ssh-keyscan -p %d %s >> %s, and compare the fingerprint",
                     ssh->known_hosts, ssh->host, ssh->port, ssh->port, ssh->host,
                     ssh->known_hosts);
}
