/* What lies outside the settings file and keeps the daemon, or the watch of one service, from
 * working: files, keys, folders. Looks and changes nothing; as the account that calls it. */
#ifndef RESUS_DAEMON_CHECK_H
#define RESUS_DAEMON_CHECK_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

/* May other accounts change the settings file? Before it is read. */
int check_settings_file(const char *path, struct error *err) ATTR_MUST_USE;
/* The same for what the settings name: files and folders of the daemon itself (`service` NULL), or
 * of one service. */
int check_trust(const struct settings *settings, const struct service_settings *service,
                struct error *err) ATTR_MUST_USE;
/* "file:line:column: service X: ..." of the first thing without which `serve` does not watch the
 * service. */
int check_service(const struct settings *settings, const struct service_settings *service,
                  struct error *err) ATTR_MUST_USE;
/* Its SSH key alone, for a daemon that runs as `owner`: root looks at it beforehand. */
int check_key(const struct settings *settings, const struct service_settings *service, uid_t owner,
              struct error *err) ATTR_MUST_USE;
/* Without it the service is watched, and not acted on. */
int check_known_host(const struct settings *settings, const struct service_settings *service,
                     struct error *err) ATTR_MUST_USE;
/* The first thing without which `serve` does not start. */
int check_server(const struct settings *settings, struct error *err) ATTR_MUST_USE;

#endif
