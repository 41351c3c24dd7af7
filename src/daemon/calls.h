/* From the control socket to the handlers and back. */
#ifndef RESUS_DAEMON_CALLS_H
#define RESUS_DAEMON_CALLS_H

#include "daemon/control.h"
#include "handlers/handlers.h"

/* A control_handler; `context` is the struct handlers. */
void calls_take(void *context, struct control_call *control);

#endif
