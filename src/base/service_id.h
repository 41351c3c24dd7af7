/* What a service may be called in configuration, paths and file names. */
#ifndef RESUS_BASE_SERVICE_ID_H
#define RESUS_BASE_SERVICE_ID_H

#include <stdbool.h>

#define SERVICE_ID_SIZE 64 /* at most 63 characters and the NUL */

/* 1 to 63 of a-z, 0-9, "_" and "-", with a letter or digit in front. NULL is none. */
bool service_id_good(const char *text);

#endif
