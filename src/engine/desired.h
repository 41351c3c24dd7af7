/* Is a stop through Resus over? The desired state itself is state.h's. */
#ifndef RESUS_ENGINE_DESIRED_H
#define RESUS_ENGINE_DESIRED_H

#include <stdbool.h>

struct service;

/* Was it killed after it had been seen stopped? Then it has run in between. */
bool desired_ran_since(const struct service *s);
bool desired_stop_is_over(const struct service *s);
void desired_note_stopped(struct service *s); /* it is seen as it shall be */

#endif
