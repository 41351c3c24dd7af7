/* The world behind the engine's port tables: real clocks, timers, Redis connections, hosts, the
 * store and the audit file. It translates and forwards; it decides nothing. */
#ifndef RESUS_DAEMON_WORLD_H
#define RESUS_DAEMON_WORLD_H

#include <uv.h>

#include "base/error.h"
#include "engine/engine.h"
#include "handlers/handlers.h"
#include "settings/settings.h"

struct world;

/* Opens everything the settings name: store, audit file, keys, passwords. An error names the
 * service and the remedy. */
int world_open(uv_loop_t *loop, const struct settings *settings, struct world **ret,
               struct error *err) ATTR_MUST_USE;
/* The first checks go out. */
void world_start(struct world *w);
struct handlers *world_handlers(struct world *w);
struct engine *world_engine(struct world *w);
/* `heard` is called with every event that is published; `event` is borrowed. */
void world_listen(struct world *w, void (*heard)(void *context, int service, const json_t *event),
                  void *context);
struct accounts *world_accounts(struct world *w);
/* New settings of a reload; the engine takes policies over, connections are reopened where their
 * settings changed. */
int world_reconfigure(struct world *w, const struct settings *settings,
                      struct error *err) ATTR_MUST_USE;
/* Services came, went or changed places (settings_regrouped()): may the world be closed and opened
 * again with these settings? -EBUSY: not now. */
int world_check_regrouped(const struct world *w, const struct settings *settings,
                          struct error *err) ATTR_MUST_USE;
/* A reload was refused, and the settings from before hold (NULL: the last one was taken over): the
 * doctor and `systemctl status resus` say so. */
void world_note_reload(struct world *w, const struct error *refused);
/* logrotate and SIGHUP: opens the audit file again. */
void world_reopen_audit(struct world *w);
/* Writes what is queued and closes. The loop must be run until it is empty; then world_free(). */
void world_close(struct world *w);
void world_free(struct world *w); /* takes NULL */

#endif
