/* What the JSON of a service is made of, shared by the files that say it. */
#ifndef RESUS_ENGINE_SNAPSHOT_H
#define RESUS_ENGINE_SNAPSHOT_H

#include "engine/service.h"

/* null below 0 */
void snapshot_put_int(json_t *object, const char *key, int64_t value);
/* Nothing for "" */
void snapshot_add_text(json_t *array, const char *text);

/* health_json.c */
json_t *snapshot_cause_json(const struct service *s, struct now now);

#endif
