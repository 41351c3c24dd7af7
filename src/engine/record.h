/* Audit lines about a service. */
#ifndef RESUS_ENGINE_RECORD_H
#define RESUS_ENGINE_RECORD_H

#include "base/time.h"
#include "engine/commands.h"
#include "store/audit.h"

struct service;

/* Fills in what every line has. `user` NULL: Resus itself. */
void record_line_init(const struct service *s, struct audit_line *line, enum audit_event event,
                      const char *operation, const struct engine_user *user, struct now now);
/* Writes a line about a setting that has changed, without waiting. */
void record_setting(struct service *s, const char *operation, const struct engine_user *user,
                    const char *reason, struct now now);

#endif
