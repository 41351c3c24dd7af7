/* Findings about the fleet and its etcd. */
#ifndef RESUS_DOCTOR_JUDGE_FLEET_H
#define RESUS_DOCTOR_JUDGE_FLEET_H

#include <jansson.h>

#include "engine/engine.h"
#include "fleet/fleet.h"

/* Appends to the doctor's items. */
void doctor_judge_fleet(struct fleet *fleet, struct engine *engine, int service, struct now now,
                        json_t *items);

#endif
