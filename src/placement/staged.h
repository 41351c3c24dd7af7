/* The name of a staged backup. */
#ifndef RESUS_PLACEMENT_STAGED_H
#define RESUS_PLACEMENT_STAGED_H

#include <stdbool.h>

#define STAGED_PREFIX "resus-staged-"
#define STAGED_NAME_SIZE 64

void staged_name(const char *id, bool part, char to[STAGED_NAME_SIZE]);

#endif
