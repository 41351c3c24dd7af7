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

/* notice.c: the banners that are shown now, newest first */
json_t *notice_json(const struct engine *e, int service, struct now now);

/* advice.c */
#define SNAPSHOT_INFO_REFUSED                                                                      \
    "INFO is not allowed to our user: memory, limits, saves and replication are not watched"
json_t *advice_json(const struct service *s, struct now now);

#endif
