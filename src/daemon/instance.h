/* One daemon for one state folder and one control socket. */
#ifndef RESUS_DAEMON_INSTANCE_H
#define RESUS_DAEMON_INSTANCE_H

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

/* The lock of this daemon, held until the descriptor is closed, or -EADDRINUSE with the process
 * that runs already, before anything else is looked at: advice about keys and owners would be
 * meant for that one's account. */
int instance_lock(const struct server_settings *server, struct error *err) ATTR_MUST_USE;

#endif
