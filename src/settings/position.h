/* Where a key stands in the file: for problems that are found outside it (a missing file, a wrong
 * owner) long after it was read. */
#ifndef RESUS_SETTINGS_POSITION_H
#define RESUS_SETTINGS_POSITION_H

#include <stddef.h>

#include "settings/settings.h"

/* "file:line:column" of a key such as "services.cache.ssh.key", or of the nearest one above it that
 * is there; the file's name alone when it cannot be read any longer. */
void settings_position(const struct settings *settings, const char *key, char *ret, size_t size);

#endif
