/* May the call be: service, role, second factor, scope of the token, fields, room in the audit log.
 */
#ifndef RESUS_HANDLERS_DOOR_H
#define RESUS_HANDLERS_DOOR_H

#include "handlers/inside.h"

/* Fills call->service; `service` NULL: the only one. False: the call was refused, and answered. */
bool door_lets_in(struct handlers *h, struct call *call, const char *service) ATTR_MUST_USE;

#endif
