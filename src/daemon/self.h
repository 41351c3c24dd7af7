/* What the daemon knows about itself, for `resus doctor`: its audit file, disk and groups. */
#ifndef RESUS_DAEMON_SELF_H
#define RESUS_DAEMON_SELF_H

#include "handlers/handlers.h"

void self_look(const struct settings *settings, struct audit *audit, struct doctor_self *ret);

#endif
