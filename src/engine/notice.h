/* Banners for the users of a service: for those who are there now and for those who come within the
 * next half hour. */
#ifndef RESUS_ENGINE_NOTICE_H
#define RESUS_ENGINE_NOTICE_H

#include <jansson.h>

#include "base/time.h"
#include "engine/commands.h"

struct service;

struct notice {
    int service; /* -1 = all */
    wall_ms at;
    char text[512 * 4], user[256];
};

struct notices {
    struct notice list[ENGINE_NOTICES_MAX];
    unsigned next;
};

/* Keeps it, newest first; the result is valid until the next one is kept. */
const struct notice *notice_keep(struct engine *e, int service, const struct engine_user *user,
                                 const char *message, struct now now);
void notice_publish(struct service *s, const struct notice *n, struct now now);
/* The banners that are shown now, newest first; a new reference. */
json_t *notice_json(const struct engine *e, int service, struct now now);

#endif
