/* Is there a host key to compare the host's with? Without one every session is refused. */
#ifndef RESUS_HOST_KNOWN_HOSTS_H
#define RESUS_HOST_KNOWN_HOSTS_H

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

/* Reads the file alone, asks no host. An error names the command that adds the key. */
int known_hosts_check(const struct ssh_settings *ssh, struct error *err) ATTR_MUST_USE;

#endif
