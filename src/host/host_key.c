#include "host/host_key.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <string.h>

#include "base/str.h"

static bool configure(ssh_session session, const struct ssh_settings *ssh)
{
    unsigned port = (unsigned)ssh->port;
    long seconds = HOST_KEY_SECONDS_MAX;
    int no = 0;
    return ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_HOST, ssh->host) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_PORT, &port) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_USER, ssh->user) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, ssh->known_hosts) == SSH_OK &&
           ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == SSH_OK;
}

static bool describe(ssh_session session, struct host_key *ret)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t length = 0;
    char *print = NULL, *entry = NULL;
    bool good = ssh_get_server_publickey(session, &key) == SSH_OK &&
                ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK;
    if (good) {
        print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
        good = print != NULL && str_copy(ret->fingerprint, sizeof ret->fingerprint, print) &&
               str_copy(ret->type, sizeof ret->type, ssh_key_type_to_char(ssh_key_type(key))) &&
               ssh_session_export_known_hosts_entry(session, &entry) == SSH_OK &&
               str_copy(ret->entry, sizeof ret->entry, entry);
    }
    ret->entry[strcspn(ret->entry, "\r\n")] = '\0';
    ssh_string_free_char(entry);
    ssh_string_free_char(print);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
    return good;
}

static int state_of(ssh_session session, enum host_key_state *ret)
{
    switch (ssh_session_is_known_server(session)) {
    case SSH_KNOWN_HOSTS_OK:
        *ret = HOST_KEY_KNOWN;
        return 0;
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
        *ret = HOST_KEY_NEW;
        return 0;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        *ret = HOST_KEY_DIFFERENT;
        return 0;
    case SSH_KNOWN_HOSTS_ERROR:
        break;
    }
    return -EIO;
}

int host_key_fetch(const struct ssh_settings *ssh, struct host_key *ret, struct error *err)
{
    struct host_key key = {0};
    ssh_session session = ssh_new();
    if (session == NULL)
        return error_set(err, -ENOMEM, "ssh: out of memory");
    int r = 0;
    if (!configure(session, ssh))
        r = error_set(err, -EINVAL, "ssh %s: %s", ssh->host, ssh_get_error(session));
    else if (ssh_connect(session) != SSH_OK)
        r = error_set(err, -EHOSTUNREACH,
                      "cannot reach %s port %d over SSH: %s. Check the name, the port and sshd on "
                      "that host",
                      ssh->host, ssh->port, ssh_get_error(session));
    else if (!describe(session, &key))
        r = error_set(err, -EHOSTUNREACH, "ssh %s port %d shows no usable host key", ssh->host,
                      ssh->port);
    else if (state_of(session, &key.state) < 0)
        r = error_set(err, -EIO, "cannot compare the host key with %s: %s", ssh->known_hosts,
                      ssh_get_error(session));
    ssh_disconnect(session);
    ssh_free(session);
    if (r == 0)
        *ret = key;
    return r;
}
