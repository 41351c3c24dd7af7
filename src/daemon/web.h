/* The web process `resus-web`: started with one socket to the engine, sent what it has to know,
 * started again when it dies (at once when it had been serving, later and later when it dies before
 * that). The engine never waits for it. */
#ifndef RESUS_DAEMON_WEB_H
#define RESUS_DAEMON_WEB_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "daemon/certificate.h"
#include "daemon/world.h"
#include "settings/settings.h"

#define WEB_RESTART_MS 100       /* after it had been serving */
#define WEB_RESTART_MS_MAX 30000 /* doubled up to here while it dies before it serves */

struct web;

/* `ready` is called each time that it serves. The certificate is read or made here: an error says
 * what is wrong with it. */
int web_open(uv_loop_t *loop, const struct settings *settings, struct world *world,
             void (*ready)(void *context), void *context, struct web **ret,
             struct error *err) ATTR_MUST_USE;
/* After a reload: the certificate is read again and installed without dropping a connection. */
int web_reconfigure(struct web *web, const struct settings *settings,
                    struct error *err) ATTR_MUST_USE;
/* Ends the process; the loop must be run until it is empty. Takes NULL. */
void web_close(struct web *web);

#endif
