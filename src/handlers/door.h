/* May the call be: service, role, second factor, scope of the token, fields, room in the audit log.
 */
#ifndef RESUS_HANDLERS_DOOR_H
#define RESUS_HANDLERS_DOOR_H

#include "handlers/inside.h"

/* Fills call->service; `service` NULL: the only one. False: the call was refused, and answered. */
bool door_lets_in(struct handlers *h, struct call *call, const char *service) ATTR_MUST_USE;

/* What the call would make holds until `ends`, longer than the grant that its role comes from: refused,
 * and answered. */
bool door_outlasts_grant(struct handlers *h, struct call *call, wall_ms ends) ATTR_MUST_USE;

#endif
