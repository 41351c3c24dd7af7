/* What a role may see of a status, health or event object. */
#ifndef RESUS_API_VISIBLE_H
#define RESUS_API_VISIBLE_H

#include <jansson.h>

#include "api/operations.h"

/* New references, read by their holder and never written. Who did something, and why, is for
 * operators and admins: others read "another user" and no reason. */
json_t *visible_people(const json_t *whole, enum access access);
/* Anonymous: status, overall_status, last_check, the names of affected services. */
json_t *visible_status(const json_t *whole, enum access access);
/* Of the list of services; anonymous: id, name, status, overall_status and last_check
 * of those that are public. */
json_t *visible_services(const json_t *whole, enum access access);
/* Of an object with a `cause`: evidence that was taken from logs is for admins only. */
json_t *visible_cause(const json_t *whole, enum access access);
/* anonymous: overall_status, last_check and the three checks' statuses; others as
 * visible_cause(). */
json_t *visible_health(const json_t *whole, enum access access);
/* One of those that are pushed as they happen. */
json_t *visible_event(const json_t *event, enum access access);

#endif
