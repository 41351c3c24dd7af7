/* A service that a maintenance window holds: automatic recovery is withheld, and whoever looks at
 * the service knows why. */
#ifndef RESUS_ENGINE_MAINTAINED_H
#define RESUS_ENGINE_MAINTAINED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/commands.h"

struct service;

/* Not stored: who keeps the windows tells it again at a start. */
struct maintained {
    bool held;
    struct engine_window window;
};

/* {id, title, state, impact, ends_at}, NULL when nothing holds the service. A new reference. */
json_t *maintained_json(const struct service *s);
/* Why recovery is withheld, as a sentence. */
void maintained_words(const struct service *s, char *text, size_t size);

#endif
