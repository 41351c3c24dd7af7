/* What the engine gives up at its start, so that no other process reads its memory or gets a
 * descriptor that it did not ask for. */
#ifndef RESUS_DAEMON_HARDENING_H
#define RESUS_DAEMON_HARDENING_H

#include "base/attr.h"
#include "base/error.h"

/* Closes what the caller of the program left open beyond standard error, so that it reaches neither
 * Redis nor the web process. First of all. */
void hardening_close_inherited(void);
/* No core file, and no other process of this account may trace the engine or read its memory, which
 * holds keys. Does nothing in a build with a sanitizer: LeakSanitizer traces its own process. */
int hardening_hide_memory(struct error *err) ATTR_MUST_USE;

#endif
